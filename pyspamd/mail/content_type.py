"""The Content-Type field taken apart as SpamAssassin does: type, boundary, charset and name.

Source: `parse_content_type` of Mail::SpamAssassin::Util.
"""

import re
from dataclasses import dataclass

from ..base.remembered import remembered

_BOUNDARY = re.compile(rb'\bboundary\s*=\s*("[^"]+|[^\s";]++(?=[\s;]|$))', re.I)
_CHARSET = re.compile(rb"\bcharset\s*=\s*[\"']?(.*?)[\"']?(?:;|$)", re.I)
_NAME = re.compile(rb"\b(?:file)?name\s*=\s*[\"']?(.*?)[\"']?(?:;|$)", re.I)
_NAME_PIECES = re.compile(rb"\b(?:file)?name\*0\s*=", re.I)
_NAME_PIECE = re.compile(rb"\b(?:file)?name\*(\d+)\s*=\s*[\"']?(.*?)[\"']?(?:;|$)", re.I)
_NAME_OF_PARAMETER = re.compile(rb"boundary|charset|name", re.I)
_TYPE = re.compile(rb"[^/]+(?:/[^/\s]*)?")
_TEXT = re.compile(rb"text\b")
_TEXT_BUT_NOT_PLAIN = re.compile(rb"text/(?:x-vcard|calendar|html)$")
_NOT_IN_TYPE = bytes((*range(0o41), *range(0o177, 256), *b'"(),:;<=>?@[\\]'))


@dataclass(frozen=True, slots=True)
class ContentType:
    """What a Content-Type value says; `type` is lower case, ASCII, and may be empty."""

    type: str
    boundary: bytes | None
    charset: str | None
    name: bytes | None
    missing: bool


# Values that name a parameter over and over, for no other reason than to make each search walk through all the
# rest, are cut to so many bytes.
_LONGEST_TEDIOUS = 16384
_TEDIOUS = 64


@remembered(most=1024, longest=1024)
def parse_content_type(value: bytes) -> ContentType:
    """The parts of a decoded, unfolded Content-Type `value` (RFC 2045 section 5); an empty one is missing.

    Every text type but vcard, calendar and HTML is text/plain. The charset is returned as written, one
    character a byte.
    """
    if len(value) > _LONGEST_TEDIOUS and len(_NAME_OF_PARAMETER.findall(value)) > _TEDIOUS:
        value = value[:_LONGEST_TEDIOUS]
    missing = value in (b"", b"0")
    if missing:
        value = b"text/plain; charset=us-ascii"
    found = _BOUNDARY.search(value)
    boundary = found[1].replace(b'"', b"") if found else None
    found = _CHARSET.search(value)
    charset = found[1].decode("latin-1") if found else None
    found = _NAME.search(value)
    name = found[1] if found else None
    if name in (None, b"", b"0") and _NAME_PIECES.search(value):
        pieces = {int(number): text for number, text in _NAME_PIECE.findall(value) if len(number) < 10}
        name = b"".join(pieces[number] for number in sorted(pieces))
    kind = value.lstrip().split(b";", 1)[0]
    found = _TYPE.match(kind)
    kind = (found[0] if found else kind).lower()
    if kind in (b"", b"0"):
        missing = True
        kind = b"text/plain"
    elif _TEXT.match(kind) and not _TEXT_BUT_NOT_PLAIN.match(kind):
        kind = b"text/plain"
    return ContentType(kind.translate(None, _NOT_IN_TYPE).decode("ascii"), boundary, charset, name, missing)
