"""Text turned into characters or UTF-8, its charset declared or guessed as SpamAssassin guesses it.

Source: `_normalize` and `detect_utf16` of Mail::SpamAssassin::Message::Node.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from .charset_decoders import find_decoder, windows_1252
from .charset_escapes import Decoder, wide_decoder
from .charset_names import LONGEST_NAME
from .utf8_strict import utf_8

_ASCII_NAME = re.compile(r"(?:US-)?ASCII\Z", re.I)
# Charsets in which bytes below 128 mean ASCII: text without others need not be decoded.
_EXTENDS_ASCII = re.compile(
    r"(?:(?:US-)?ASCII|ANSI[_ ]?X3\.4-(?:1986|1968)|ISO646-US"
    r"|ISO[ -]?8859(?:-[0-9]{1,2})?|Windows-[0-9]{4}|UTF-?8|(?:KOI8|EUC)-[A-Z]{1,2}"
    r"|Big5|GBK|GB[ -]?18030(?:-20[0-9][0-9])?)\Z",
    re.I,
)
_LATIN_1 = re.compile(r"(?:ISO-?8859-1|Windows-1252|CP1252)\Z", re.I)
_UTF_8 = re.compile(r"UTF-?8\Z", re.I)
_UTF_16 = re.compile(r"UTF[ -]?16", re.I)
_GB_18030 = re.compile(r"GB[ -]?18030(?:-20[0-9][0-9])?\Z", re.I)
_UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_DIGIT_SUMS = bytes((byte >> 4) + (byte & 15) for byte in range(256))


@dataclass(frozen=True, slots=True)
class _Plan:
    """What a declared charset name leads to."""

    extends_ascii: bool
    is_ascii: bool
    is_utf_8: bool
    is_utf_16: bool
    decoder: Decoder | None


def _plan(declared: str) -> _Plan:
    return _remembered_plan(declared[:LONGEST_NAME])


@lru_cache(maxsize=512)
def _remembered_plan(declared: str) -> _Plan:
    is_utf_16 = bool(_UTF_16.match(declared))
    is_utf_8 = bool(_UTF_8.match(declared))
    decoder: Decoder | None = None
    if _LATIN_1.match(declared):
        decoder = windows_1252
    elif is_utf_8:
        decoder = utf_8
    elif not is_utf_16:
        decoder = find_decoder(declared)
        if decoder is None and _GB_18030.match(declared):
            decoder = find_decoder("GBK")
    return _Plan(
        bool(_EXTENDS_ASCII.match(declared)), bool(_ASCII_NAME.match(declared)), is_utf_8, is_utf_16, decoder
    )


def to_text(data: bytes, declared: str) -> str | bytes:
    """`data` as characters, or unchanged bytes where it is plain ASCII that needs no decoding.

    UTF-8 is tried first whatever was declared, then the declared charset strictly, then Windows-1252.
    """
    plan = _plan(declared)
    if data.isascii():
        if plan.extends_ascii:
            return data
    else:
        text = utf_8(data, True)
        if text is not None:
            return text
    decoded = _decode(data, plan, insist=False)
    return data if decoded is None else decoded


def to_utf8(data: bytes, declared: str, *, insist: bool = False) -> bytes:
    """`data` as UTF-8, guessing as `to_text` does; with `insist` by the declared charset, holes and all."""
    plan = _plan(declared)
    if data.isascii():
        if plan.extends_ascii:
            return data
    elif not insist and utf_8(data, True) is not None:
        return data
    if plan.is_utf_16 and _decode_utf_16(data) is not None:
        # Whoever asks for UTF-8 gets detected UTF-16 back as it was: SpamAssassin does so, rules see that.
        return data
    text = _decode(data, plan, insist)
    if text is None:
        return data
    if isinstance(text, bytes):
        text = text.decode("latin-1")
    return text.encode("utf-8", "surrogatepass")


def _decode(data: bytes, plan: _Plan, insist: bool) -> str | bytes | None:
    text: str | bytes | None = None
    if plan.is_ascii and not insist:
        pass
    elif plan.is_utf_16:
        text = _decode_utf_16(data)
    elif plan.decoder and (insist or not plan.is_utf_8 or data.isascii()):
        text = plan.decoder(data, not insist)
    if text is not None or data.isascii():
        return text
    return windows_1252(data, False)


def _decode_utf_16(data: bytes) -> str | bytes | None:
    """UTF-16 without a byte order mark, its order guessed from blanks and zeros; `None` where that fails."""
    if data.startswith(_UTF_16_MARKS):
        return None
    even, odd = data[0::2], data[1::2]
    pairs = data if len(data) % 2 == 0 else data + b"\0"
    little = _aligned_count(pairs, b" \0")
    big = _aligned_count(pairs, b"\0 ")
    even_sum, odd_sum = sum(even.translate(_DIGIT_SUMS)), sum(odd.translate(_DIGIT_SUMS))
    little += even_sum > odd_sum * 4
    big += odd_sum * 4 > even_sum
    if little == big:
        return None
    return wide_decoder("utf-16-le" if little > big else "utf-16-be")(data, True)


def _aligned_count(data: bytes, pair: bytes) -> int:
    count = 0
    at = data.find(pair)
    while at >= 0:
        count += at % 2 == 0
        at = data.find(pair, at + 1)
    return count
