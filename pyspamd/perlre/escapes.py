"""Perl's backslash escapes: what each one matches, and how PCRE2 has to be told.

Source: perlrebackslash.
`read_escape` knows the escapes that stand for characters, classes and positions; references to groups are
left to the parser. Whatever Perl only warns about is refused, because SpamAssassin refuses it.
"""

import re
import unicodedata
from typing import Final, NamedTuple

from . import bytesets
from .errors import RegexError
from .properties import property_mask, ranges, without_prefix

_SIMPLE: Final = {"a": 7, "e": 27, "f": 12, "n": 10, "r": 13, "t": 9}
_HEX: Final = re.compile(r"x(?:\{([^}]*)(\})?|([0-9A-Fa-f]{0,2}))")
_OCTAL: Final = re.compile(r"o\{([^}]*)\}")
_NAMED: Final = re.compile(r"N\{(?:U\+([0-9A-Fa-f_]+)|([A-Za-z][^{}]*))\}")
_PROPERTY: Final = re.compile(r"[pP](?:\{([^{}]+)\}|([A-Za-z]))")
_DIGITS: Final = re.compile(r"[0-7]{1,3}")
_POSITIONS: Final = "AzZGBbK"


class Escape(NamedTuple):
    """One escape: where it ends, and the character or set of bytes it is, or neither for a position.

    `rewrite` is what PCRE2 needs in its place, `None` if it reads the original as Perl does.
    """

    end: int
    char: int | None = None
    mask: int | None = None
    rewrite: str | None = None


def read_escape(text: str, start: int, *, in_class: bool, caseless: bool) -> Escape:
    """The escape whose backslash is at `start`; raises RegexError."""
    letter = text[start + 1 : start + 2]
    if not letter:
        raise RegexError("the regex ends with a backslash")
    after = start + 2
    if not (letter.isascii() and letter.isalnum()):
        return Escape(after, char=ord(letter))
    if letter in _SIMPLE:
        return Escape(after, char=_SIMPLE[letter])
    if letter in "dwshvDWSHV":
        mask = bytesets.ESCAPES[letter.lower()]
        return Escape(after, mask=mask if letter.islower() else bytesets.ALL & ~mask)
    if letter in "pP":
        return _property(text, start + 1, in_class, caseless)
    reader = _READERS.get(letter)
    if reader is not None:
        return reader(text, start + 1, in_class)
    if letter.isdigit() and letter not in "89":
        return _octal_digits(text, start + 1)
    if in_class:
        if letter == "b":
            return Escape(after, char=8)
    elif letter in _POSITIONS:
        return _position(text, start, letter)
    elif letter in "RX":
        return Escape(after)
    raise RegexError(f"'\\{letter}' is not an escape{' in a class' if in_class else ''}")


def _position(text: str, start: int, letter: str) -> Escape:
    if letter in "bB" and text.startswith("{", start + 2):
        raise RegexError(f"'\\{letter}{{' does not go with the ASCII rules that regexes here have")
    return Escape(start + 2)


def as_escape(char: int) -> str:
    """How PCRE2 is told of a single byte."""
    return f"\\x{char:02x}"


def _character(end: int, char: int, rewrite: bool) -> Escape:
    return Escape(end, char=char, rewrite=as_escape(char) if rewrite and char < 256 else None)


def _number(digits: str, base: int) -> int:
    try:
        value = int(digits.replace("_", ""), base) if digits.strip("_") else 0
    except ValueError:
        raise RegexError(f"'{digits}' is not a number in base {base}") from None
    if value > 0x7FFF_FFFF:
        raise RegexError("a character number is beyond Unicode")
    return value


def _hexadecimal(text: str, at: int, in_class: bool) -> Escape:
    found = _HEX.match(text, at)
    assert found
    if found[1] is not None:
        if not found[2]:
            raise RegexError("'\\x{' lacks its closing brace")
        return _character(found.end(), _number(found[1].strip(" \t"), 16), True)
    if len(found[3]) < 2 and found.end() < len(text):
        raise RegexError("'\\x' needs two hexadecimal digits or braces")
    return _character(found.end(), int(found[3] or "0", 16), len(found[3]) < 2)


def _octal(text: str, at: int, in_class: bool) -> Escape:
    found = _OCTAL.match(text, at)
    if not found or not found[1].strip(" \t"):
        raise RegexError("'\\o' needs an octal number in braces")
    return _character(found.end(), _number(found[1].strip(" \t"), 8), True)


def _octal_digits(text: str, at: int) -> Escape:
    found = _DIGITS.match(text, at)
    assert found
    if len(found[0]) < 3 and text[found.end() : found.end() + 1] in ("8", "9"):
        raise RegexError("an octal escape runs into a digit that is not octal")
    return _character(found.end(), int(found[0], 8), True)


def _control(text: str, at: int, in_class: bool) -> Escape:
    letter = text[at + 1 : at + 2].upper()
    if not letter or not ("?" <= letter <= "_"):
        raise RegexError("'\\c' needs a letter or one of @[\\]^_? behind it")
    return _character(at + 2, ord(letter) ^ 64, True)


def _named(text: str, at: int, in_class: bool) -> Escape:
    found = _NAMED.match(text, at)
    if found:
        if found[1]:
            return _character(found.end(), _number(found[1], 16), True)
        try:
            return _character(found.end(), ord(unicodedata.lookup(found[2].strip())), True)
        except KeyError:
            raise RegexError(f"no character is named '{found[2]}'") from None
    if in_class:
        raise RegexError("'\\N' in a class needs the name of a character in braces")
    if re.match(r"N\{(?:U\+|[^0-9, \t])", text[at : at + 4]):
        raise RegexError("'\\N{' names no character")
    return Escape(at + 1, mask=bytesets.ALL & ~(1 << 10))


def _property(text: str, at: int, in_class: bool, caseless: bool) -> Escape:
    found = _PROPERTY.match(text, at)
    if not found:
        raise RegexError(f"'\\{text[at]}' needs the name of a Unicode property")
    name = found[1] or found[2]
    mask = property_mask(name, caseless=caseless)
    if mask is None:
        return Escape(found.end(), mask=bytesets.ALL, rewrite=f"\\{text[at]}{{{without_prefix(name)}}}")
    if text[at] == "P":
        mask = bytesets.ALL & ~mask
    within = ranges(mask)
    return Escape(
        found.end(), mask=mask, rewrite=within if in_class else f"[{within}]" if mask else r"[^\x00-\xff]"
    )


_READERS: Final = {
    "x": _hexadecimal,
    "o": _octal,
    "c": _control,
    "N": _named,
}
