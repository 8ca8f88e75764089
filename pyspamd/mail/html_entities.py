"""Character references in HTML, decoded as Perl's HTML::Parser decodes them.

It knows the names of HTML 4 and `apos`. Names of Latin-1 characters may stand without their semicolon, others
must have it; in text, not in attribute values, a Latin-1 name is also found at the start of a longer word.
"""

import re
from contextlib import suppress
from html.entities import name2codepoint

_LATIN = {name: chr(code) for name, code in name2codepoint.items() if code < 256} | {"apos": "'"}
_OTHER = {name: chr(code) for name, code in name2codepoint.items() if code > 255}
_LONGEST_LATIN = max(map(len, _LATIN))

# A NUL counts as the hexadecimal digit 0: the parser looks digits up in a C string, whose end it finds.
_REFERENCE = re.compile(r"&(?:#[xX]([0-9a-fA-F\0]*)|#([0-9]*)|([0-9A-Za-z_]+))?")

_LAST_CODE = 0x10FFFF


def decode(text: str, prefixes: bool, wide: bool) -> str:
    """The text with its character references decoded.

    `prefixes`: whether a known name at the start of an unknown one counts (in text, not in attributes).
    `wide`: whether the text is one of Unicode characters; otherwise it is one of bytes, which turns wide with
    the first reference to a character above U+00FF. Never raises.
    """
    if "&" not in text:
        return text
    pieces: list[str] = []
    done = 0
    pending = 0  # a high surrogate that the next reference may complete
    for match in _REFERENCE.finditer(text):
        start, end = match.span()
        hexadecimal, decimal, name = match.groups()
        if name is not None:
            found, end = _named(name, text, match.start(3), end, prefixes)
            pending = 0
        elif hexadecimal is None and decimal is None:
            found = None
            pending = 0
        else:
            number, stop = _number(hexadecimal, 16) if decimal is None else _number(decimal, 10)
            if number is None:
                found = None
                end = match.start(1 if decimal is None else 2) + stop
            elif not wide and number <= 255:
                found = chr(number)
            elif number in (0xFFFE, 0xFFFF):
                found = None
            elif 0xDC00 <= number <= 0xDFFF and pending:
                pieces.append(text[done:start])
                done = start
                _drop_replacement(pieces)
                found = chr(((pending - 0xD800) << 10) + (number - 0xDC00) + 0x10000)
                pending = 0
            elif 0xD800 <= number <= 0xDFFF:
                if number < 0xDC00:
                    pending = number
                found = "\ufffd"
            else:
                pending = 0
                invalid = 0xFDD0 <= number <= 0xFDEF or number & 0xFFFE == 0xFFFE
                found = "\ufffd" if invalid else chr(number)
        if found is None:
            continue
        if text.startswith(";", end):
            end += 1
        if pending and not text.startswith("&", end):
            pending = 0
        if not wide and found > "\xff":
            wide = True
        pieces.append(text[done:start])
        pieces.append(found)
        done = end
    if not pieces:
        return text
    pieces.append(text[done:])
    return "".join(pieces)


def _named(name: str, text: str, start: int, end: int, prefixes: bool) -> tuple[str | None, int]:
    """The character named there and where the name ends; None when there is none."""
    found = _LATIN.get(name)
    if found is None and text.startswith(";", end):
        found = _OTHER.get(name)
    if found is None and prefixes:
        for length in range(min(len(name) - 1, _LONGEST_LATIN), 0, -1):
            found = _LATIN.get(name[:length])
            if found is not None:
                return found, start + length
    return found, end


def _number(digits: str, base: int) -> tuple[int | None, int]:
    """The value, or None for nothing, zero or a number past Unicode's end; and how many digits were read."""
    value = 0
    for index, digit in enumerate(digits):
        value = value * base + (0 if digit == "\0" else int(digit, 16))
        if value > _LAST_CODE:
            return None, index
    return value or None, len(digits)


def _drop_replacement(pieces: list[str]) -> None:
    """Take three UTF-8 bytes back: mostly the replacement character that stood for the first surrogate."""
    wanted = 3
    while wanted and pieces:
        tail = pieces.pop().encode("utf-8", "surrogatepass")
        if len(tail) > wanted:
            pieces.append(tail[:-wanted].decode("utf-8", "replace"))
        wanted -= min(wanted, len(tail))


def decode_octets(text: str, prefixes: bool) -> str:
    """The same for a string of bytes meant as UTF-8, the result again a string of bytes (`utf8_mode`).

    Bytes that are not UTF-8 are taken for Latin-1 and come back as UTF-8.
    """
    if text.isascii():
        return decode(text, prefixes, wide=True).encode("utf-8", "surrogatepass").decode("latin-1")
    with suppress(UnicodeError):
        text = text.encode("latin-1").decode("utf-8", "surrogatepass")
    return decode(text, prefixes, wide=True).encode("utf-8", "surrogatepass").decode("latin-1")
