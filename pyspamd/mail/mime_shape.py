"""What the MIME structure of a message is like: counts of encodings and types, ratios, oddities.

Source: Mail::SpamAssassin::Plugin::MIMEEval.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from .locales import charset_suits_locales
from .message import Message
from .part import Part

_ASCII_NAMES = re.compile(
    r"us-ascii|ansi_x3\.4-1968|iso-ir-6|ansi_x3\.4-1986|iso_646\.irv:1991|ascii|iso646-us|us|ibm367|cp367|csascii"
)
# `iso-\S+-\S+\b`, said so that it takes one pass however long the name is.
_ISO = re.compile(r"iso-\S[^\s-]*+-\S\S*?\b", re.ASCII | re.IGNORECASE)
_KNOWN_ISO = re.compile(r"iso-(?:8859-\d{1,2}|2022-(?:jp|kr))\b", re.ASCII)
_NEEDLESS = re.compile(rb"=(?:09|3[0-9ABCEF]|[2456][0-9A-F]|7[0-9A-E])")
_QUOTED_BLANKS = (b"=09", b"=20")
_LINE = re.compile(rb"[^\n]*\n|[^\n]+")
_NOT_ASCII_TEXT = re.compile(rb"[\x00\x0d\x80-\xff]")
_ENTITY = re.compile(rb"&#x[0-9A-F]{4};")
QP_LINE = 79
"""Longest line, newline included, that quoted-printable should have (RFC 5322, 2.1.1)."""


@dataclass(slots=True)
class MimeShape:
    """The facts, under the names that `check_for_mime` uses."""

    mime_base64_count: int = 0
    mime_base64_encoded_text: bool = False
    mime_body_html_count: int = 0
    mime_body_text_count: int = 0
    mime_faraway_charset: bool = False
    mime_missing_boundary: bool = False
    mime_multipart_alternative: bool = False
    mime_multipart_ratio: float = 1.0
    mime_qp_count: int = 0
    mime_qp_long_line: bool = False
    mime_qp_ratio: float = 0.0
    mime_qp_bytes: int = 0
    mime_ascii_text_illegal: int = 0
    mime_text_unicode_ratio: float = 0.0
    mime_attachment: int = 0
    mime_bad_iso_charset: bool = False
    charsets: list[str] = field(default_factory=list)

    def fact(self, name: str) -> object:
        """A fact by name; nothing for a name that is none."""
        return getattr(self, name, None) if name.startswith("mime_") else None


@dataclass(slots=True)
class _Sizes:
    qp_bytes: int = 0
    qp_needless: int = 0
    plain: int = 0
    entities: int = 0
    by_leaf: list[tuple[str, int | None]] = field(default_factory=list)


def mime_shape(message: Message, locales: Sequence[str]) -> MimeShape:
    """The shape of a message; charsets foreign to `locales` are faraway."""
    shape, sizes = MimeShape(), _Sizes()
    for part in message.find_parts():
        kind = part.content_type.type
        if kind == "multipart/alternative":
            shape.mime_multipart_alternative = True
        encoding = part.headers.last("Content-Transfer-Encoding").lower()
        disposition = part.headers.last("Content-Disposition").lower()
        _note_fields(shape, part, encoding, disposition, locales)
        if part.is_leaf:
            _measure(shape, sizes, part, encoding, disposition)
    if sizes.qp_bytes:
        shape.mime_qp_ratio = sizes.qp_needless / sizes.qp_bytes
        shape.mime_qp_count = sizes.qp_needless
        shape.mime_qp_bytes = sizes.qp_bytes
    if sizes.plain:
        shape.mime_text_unicode_ratio = sizes.entities / sizes.plain
    if shape.mime_multipart_alternative:
        text, html = _last_size(sizes, "text/plain"), _last_size(sizes, "text/html")
        if text is not None and html:
            shape.mime_multipart_ratio = text / html
    shape.mime_missing_boundary = any(message.boundary_state.values())
    return shape


def _last_size(sizes: _Sizes, kind: str) -> int | None:
    return next((size for leaf, size in reversed(sizes.by_leaf) if leaf == kind and size is not None), None)


def _note_fields(
    shape: MimeShape, part: Part, encoding: bytes, disposition: bytes, locales: Sequence[str]
) -> None:
    kind = part.content_type.type
    charset = (part.content_type.charset or "").lower()
    if kind == "text/html":
        shape.mime_body_html_count += 1
    elif kind.startswith("text"):
        shape.mime_body_text_count += 1
    if b"base64" in encoding:
        shape.mime_base64_count += 1
    elif b"quoted-printable" in encoding:
        shape.mime_qp_count += 1
    if b"attachment" in disposition:
        shape.mime_attachment += 1
    if (
        kind.startswith("text")
        and b"base64" in encoding
        and (charset in ("", "0") or _ASCII_NAMES.search(charset))
        and not disposition.startswith((b"attachment", b"inline"))
    ):
        shape.mime_base64_encoded_text = True
    if _ISO.search(charset) and not _KNOWN_ISO.search(charset):
        shape.mime_bad_iso_charset = True
    if re.search("[a-z]", charset):
        shape.charsets += charset.split()
        if "all" not in locales and not charset_suits_locales(charset, locales):
            shape.mime_faraway_charset = True


def _measure(shape: MimeShape, sizes: _Sizes, part: Part, encoding: bytes, disposition: bytes) -> None:
    kind = part.content_type.type
    raw = part.raw or b""
    attached = b"attachment" in disposition
    counted = shape.mime_multipart_alternative and not attached and kind in ("text/plain", "text/html")
    sizes.by_leaf.append((kind, None if attached else len(raw) if counted else 0))
    if encoding == b"quoted-printable":
        _measure_quoted(shape, sizes, raw)
    if kind != "text/plain":
        return
    charset = part.content_type.charset
    if (charset is None or charset.lower() == "us-ascii") and _NOT_ASCII_TEXT.search(raw):
        shape.mime_ascii_text_illegal += 1
    if encoding in (b"", b"7bit", b"8bit"):
        entities = len(_ENTITY.findall(raw)) if b"&#x" in raw else 0
        sizes.plain += len(raw) - 8 * entities
        sizes.entities += entities


def _measure_quoted(shape: MimeShape, sizes: _Sizes, raw: bytes) -> None:
    """Count the bytes that need not have been quoted; trailing white space had to be."""
    for line in _LINE.findall(raw):
        if line.startswith(b"SPAM: "):
            continue
        if len(line) > QP_LINE:
            shape.mime_qp_long_line = True
        sizes.qp_bytes += len(line)
        if b"=" in line:
            needless = len(_NEEDLESS.findall(line))
            if needless:
                sizes.qp_needless += needless - _trailing_blanks(line)


def _trailing_blanks(line: bytes) -> int:
    """How many quoted blanks end the line, not counting white space behind them."""
    line = line.rstrip()
    end = len(line)
    while line.endswith(_QUOTED_BLANKS, 0, end):
        end -= 3
    return (len(line) - end) // 3
