"""Header values turned into UTF-8: encoded words (RFC 2047, RFC 2231 section 5) and raw 8-bit text."""

import re

from .charset import to_utf8
from .transfer import decode_base64, decode_quoted_printable

_WORD = rb"=\?[A-Za-z0-9*_-]+\?[bqBQ]\?[^?]*\?="
_WORD_BEFORE_WORD = re.compile(rb"(" + _WORD + rb")\s+(?=" + _WORD + rb")")
_WORD_PARTS = re.compile(rb"=\?([A-Za-z0-9*_-]+)\?([bqBQ])\?([^?]*)\?=")
_FOLD = re.compile(rb"\n[ \t]")
_NEWLINE = re.compile(rb"\r?\n")
# Fields in which an encoded word cannot stand, so that what looks like one is left alone.
_NEVER_ENCODED = re.compile(
    rb"(?:received|(?:resent-)?(?:message-id|date)|mime-version|references|in-reply-to|list-.*)\Z",
    re.I | re.S,
)


def decode_header(value: bytes, name: bytes) -> bytes:
    """`value` of the field `name` on one line, as UTF-8 wherever its charset can be told.

    Neighbouring words in one charset are joined before they are decoded, because senders split characters
    between them.
    """
    if b"\n" in value:
        value = _NEWLINE.sub(b"", _FOLD.sub(b"\n ", value))
    if not value.isascii():
        value = to_utf8(value, "UTF-8")
    if b"=?" not in value or _NEVER_ENCODED.match(name):
        return value
    value = _WORD_BEFORE_WORD.sub(rb"\1", value)
    result: list[bytes] = []
    charset, run = "", bytearray()
    at = 0
    for word in _WORD_PARTS.finditer(value):
        if word.start() > at:
            _end_run(result, charset, run)
            charset, run = "", bytearray()
            result.append(value[at : word.start()])
        at = word.end()
        word_charset = word[1].decode("ascii").lower()
        if word_charset != charset:
            _end_run(result, charset, run)
            charset, run = word_charset, bytearray()
        if word[2] in b"bB":
            run += decode_base64(word[3])
        else:
            run += decode_quoted_printable(word[3].replace(b"_", b"=20"))
    _end_run(result, charset, run)
    result.append(value[at:])
    return b"".join(result)


def _end_run(result: list[bytes], charset: str, run: bytearray) -> None:
    charset = charset.partition("*")[0]
    if run:
        result.append(to_utf8(bytes(run), charset, insist=True) if charset else bytes(run))
