"""Charsets that are no table: with escape sequences, shifts or wide units, as Perl's Encode reads them."""

import binascii
import re
from collections.abc import Callable

Decoder = Callable[[bytes, bool], str | bytes | None]
"""`decode(data, strict)`: the text, `bytes` where it stayed undecoded; `None` only when strict and malformed."""
Finder = Callable[[str], Decoder | None]
"""`find_decoder`, handed in: what is here needs tables, which know of what is here."""

_HIGH = bytes(byte | 0x80 if 0x21 <= byte <= 0x7E else byte for byte in range(256))
_JIS_PART = re.compile(rb"(?:(\x1b\$\(D)|\x1b\$@|\x1b\$B|\x1b&@\x1b\$B|(\x1b\([BJ])|(\x1b\(I))([^\x1b]*)")
_KANA = re.compile(rb"([\xa1-\xdf])")
_PAIR = re.compile(rb"([\xa1-\xfe][\xa1-\xfe])")
_ASCII_RUN = re.compile(rb"[\x00-\x7f]*")
_KOREAN_DESIGNATOR = b"\x1b$)C"
# What nothing shifts back is taken too, as it is: looked for from each sign, it would cost the square of its length.
_SHIFTED = re.compile(rb"\x0e([^\x0f]*+)(\x0f?+)")
_HZ_TEXT = re.compile(rb"([\x00-\x7d\x7f]+)|(~~)|(~\n)|(~\{)")
_HZ_PAIRS = re.compile(rb"((?:[\x21-\x77][\x21-\x7e])+)|(~\})")
_UTF_7 = re.compile(rb"([^+]+)|(\+-)|\+([A-Za-z0-9+/]+)-?|(\+)")
_REPLACEMENT = "\ufffd"
_NONCHARACTER = re.compile(
    "[\ufdd0-\ufdef"
    + "".join(chr(plane << 16 | low) for plane in range(17) for low in (0xFFFE, 0xFFFF))
    + "]"
)
_ASTRAL = re.compile("[\U00010000-\U0010ffff]")


def _iso_2022_jp(find: Finder) -> Decoder:
    def decode(data: bytes, strict: bool) -> str | bytes | None:
        # Whatever follows the first byte above 127, or an escape sequence nobody knows, is lost.
        ascii_part = _ASCII_RUN.match(data)
        data = ascii_part[0] if ascii_part else b""
        data = _JIS_PART.sub(_jis_to_euc, data).partition(b"\x1b")[0]
        return _with_escapes(find("euc-jp"), data)

    return decode


def _jis_to_euc(part: re.Match[bytes]) -> bytes:
    supplement, ascii_set, kana, text = part.groups()
    if ascii_set:
        return bytes(text)
    text = text.translate(_HIGH)
    if kana:
        return _KANA.sub(b"\x8e\\1", text)
    return _PAIR.sub(b"\x8f\\1", text) if supplement else bytes(text)


def _iso_2022_kr(find: Finder) -> Decoder:
    def decode(data: bytes, strict: bool) -> str | bytes | None:
        data = data.replace(_KOREAN_DESIGNATOR, b"")
        data = _SHIFTED.sub(lambda part: part[1].translate(_HIGH) if part[2] else part[0], data)
        return _with_escapes(find("euc-kr"), data.partition(b"\x1b")[0])

    return decode


def _with_escapes(decoder: Decoder | None, data: bytes) -> str | bytes | None:
    """Decoded with bytes that mean nothing written out as `\\xHH`, so that nothing fails."""
    assert decoder is not None
    text = decoder(data, True)
    if text is not None:
        return text
    known: dict[bytes, str | bytes | None] = {}
    pieces: list[str] = []
    at = 0
    while at < len(data):
        found = _ASCII_RUN.match(data, at)
        if found and found.end() > at:
            pieces.append(found[0].decode("ascii"))
            at = found.end()
            continue
        for width in (2, 3):
            code = data[at : at + width]
            if code not in known:
                known[code] = decoder(code, True)
            text = known[code]
            if text:
                break
        if isinstance(text, str) and text:
            pieces.append(text)
            at += len(code)
        elif text is not None and at + len(code) >= len(data):
            break
        else:
            pieces.append(f"\\x{data[at]:02X}")
            at += 1
    return "".join(pieces)


def _hz(find: Finder) -> Decoder:
    def decode(data: bytes, strict: bool) -> str | bytes | None:
        gb = find("gb2312-raw")
        assert gb is not None
        pieces: list[str | bytes] = []
        at, in_text = 0, True
        while at < len(data):
            found = (_HZ_TEXT if in_text else _HZ_PAIRS).match(data, at)
            if not found:
                break
            at = found.end()
            if not in_text:
                if found[1]:
                    text = gb(found[1], strict)
                    if text is None:
                        return None
                    pieces.append(text)
                else:
                    in_text = True
            elif found[1]:
                pieces.append(found[1])
            elif found[2]:
                pieces.append(b"~")
            elif found[4]:
                in_text = False
        return join_perl(pieces)

    return decode


def join_perl(pieces: list[str | bytes]) -> str | bytes:
    """The pieces joined as Perl joins strings: bytes next to characters are taken for Latin-1."""
    if any(isinstance(piece, str) for piece in pieces):
        return "".join(p if isinstance(p, str) else p.decode("latin-1") for p in pieces)
    return b"".join(p for p in pieces if isinstance(p, bytes))


def _raw_half(canonical: str) -> Callable[[Finder], Decoder]:
    """A double-byte set as it stands in 7 bits: half of the EUC charset `canonical`."""

    def make(find: Finder) -> Decoder:
        def decode(data: bytes, strict: bool) -> str | bytes | None:
            euc = find(canonical)
            assert euc is not None
            pieces: list[str] = []
            at = 0
            while at < len(data):
                code = data[at : at + 2]
                text = euc(code.translate(_HIGH), True) if _seven_bit_pair(code) else None
                if isinstance(text, str) and text:
                    pieces.append(text)
                    at += 2
                elif len(code) < 2 and 0x21 <= code[0] <= 0x7E and euc(code.translate(_HIGH), True) == "":
                    break
                elif strict:
                    return None
                else:
                    pieces.append(_REPLACEMENT)
                    at += 1
            return "".join(pieces)

        return decode

    return make


def _seven_bit_pair(code: bytes) -> bool:
    return len(code) == 2 and 0x21 <= code[0] <= 0x7E and 0x21 <= code[1] <= 0x7E


def _utf_7(find: Finder) -> Decoder:
    def decode(data: bytes, strict: bool) -> str | bytes | None:
        pieces: list[str | bytes] = []
        for found in _UTF_7.finditer(data):
            if found[1]:
                pieces.append(found[1])
            elif found[3]:
                text = found[3]
                over = len(text) % 4
                if over == 1:
                    text = text[:-1]
                elif over:
                    text += b"=" * (4 - over)
                wide = wide_decoder("utf-16-be")(binascii.a2b_base64(text), False)
                pieces.append(wide if wide is not None else "")
            else:
                pieces.append(b"+")
        return join_perl(pieces)

    return decode


def wide_decoder(codec: str, *, surrogates: bool = True) -> Decoder:
    """UTF-16, UTF-32 or UCS-2 of a known byte order (RFC 2781); no noncharacters, for UCS-2 no surrogates."""
    unit = 4 if "32" in codec else 2

    def decode(data: bytes, strict: bool) -> str | bytes | None:
        whole = data[: len(data) - len(data) % unit]
        try:
            text = whole.decode(codec)
        except UnicodeDecodeError:
            if strict:
                return None
            text = whole.decode(codec, "replace")
        if not surrogates and any(char > "\uffff" for char in text):
            text = _ASTRAL.sub("\ufffe\ufffe", text)
        if strict:
            return None if len(whole) < len(data) or _NONCHARACTER.search(text) else text
        return _NONCHARACTER.sub(_REPLACEMENT, text)

    return decode


def _wide(codec: str, *, surrogates: bool = True) -> Callable[[Finder], Decoder]:
    return lambda find: wide_decoder(codec, surrogates=surrogates)


def _with_mark(codec: str) -> Callable[[Finder], Decoder]:
    """UTF-16 or UTF-32 whose byte order its first character may tell; else the high byte comes first."""
    unit = 4 if "32" in codec else 2
    marks = {"\ufeff".encode(codec + order): codec + order for order in ("-be", "-le")}

    def make(find: Finder) -> Decoder:
        def decode(data: bytes, strict: bool) -> str | bytes | None:
            order = marks.get(data[:unit])
            return wide_decoder(order or codec + "-be")(data[unit:] if order else data, strict)

        return decode

    return make


def _null(find: Finder) -> Decoder:
    return lambda data, strict: None if strict and data else _REPLACEMENT * len(data)


ESCAPED: dict[str, Callable[[Finder], Decoder]] = {
    "7bit-jis": _iso_2022_jp,
    "iso-2022-jp": _iso_2022_jp,
    "iso-2022-jp-1": _iso_2022_jp,
    "iso-2022-kr": _iso_2022_kr,
    "hz": _hz,
    "gb2312-raw": _raw_half("euc-cn"),
    "ksc5601-raw": _raw_half("euc-kr"),
    "UTF-7": _utf_7,
    "UTF-16": _with_mark("utf-16"),
    "UTF-16BE": _wide("utf-16-be"),
    "UTF-16LE": _wide("utf-16-le"),
    "UTF-32": _with_mark("utf-32"),
    "UTF-32BE": _wide("utf-32-be"),
    "UTF-32LE": _wide("utf-32-le"),
    "UCS-2BE": _wide("utf-16-be", surrogates=False),
    "UCS-2LE": _wide("utf-16-le", surrogates=False),
    "null": _null,
}
