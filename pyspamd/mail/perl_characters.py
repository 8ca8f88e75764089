"""Character classes as Perl sees them in a string of characters and in a string of bytes.

SpamAssassin's texts are Perl strings of two sorts: *wide* ones hold Unicode characters (Perl's UTF-8 flag is
on), the others hold bytes. What counts as white space or as part of a word differs between them.
"""

import re
import unicodedata
from collections.abc import Callable

ASCII_SPACE = " \t\n\r\f\x0b"
WIDE_SPACE = ASCII_SPACE + (
    "\x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
)

# Alphabetic by Unicode's Other_Alphabetic property although their category is "symbol": the enclosed letters.
_ENCLOSED = ((0x24B6, 0x24E9), (0x1F130, 0x1F149), (0x1F150, 0x1F169), (0x1F170, 0x1F189))
_WORD_CATEGORIES = frozenset({"Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "Pc"})


def is_ascii_word(char: str) -> bool:
    r"""Whether `\w` matches the character in a string of bytes."""
    return char.isascii() and (char.isalnum() or char == "_")


def is_wide_word(char: str) -> bool:
    r"""Whether `\w` matches the character in a string of Unicode characters."""
    if char.isascii():
        return char.isalnum() or char == "_"
    if unicodedata.category(char) in _WORD_CATEGORIES or char in "\u200c\u200d":
        return True
    return any(first <= ord(char) <= last for first, last in _ENCLOSED)


def word_test(wide: bool) -> Callable[[str], bool]:
    r"""The test that `\w` stands for in a string of this sort."""
    return is_wide_word if wide else is_ascii_word


_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


def ascii_lower(text: str) -> str:
    """The text with A to Z, and nothing else, in lower case."""
    return text.lower() if text.isascii() else text.translate(_LOWER)


def leading_number(text: str) -> int | float:
    """What Perl makes of a string of digits used as a number: 0 where they are not ASCII's.

    Up to 18 digits stay exact; longer ones become a float, as Perl's do, infinite when they overflow.
    """
    length = 0
    for char in text[:400]:
        if not "0" <= char <= "9":
            break
        length += 1
    digits = text[:length] or "0"
    return int(digits) if length <= 18 else float(digits)


_SPACE_BEYOND_ASCII = re.compile(f"[{WIDE_SPACE[len(ASCII_SPACE) :]}]")


def count_spaces(text: str, wide: bool) -> int:
    """The number of white-space characters; in a string of bytes a form feed is none."""
    count = sum(map(text.count, " \n\t\r\x0b"))
    if wide:
        count += text.count("\f")
        if not text.isascii():
            count += len(_SPACE_BEYOND_ASCII.findall(text))
    return count


def by_space(pattern: str, flags: int = 0) -> dict[bool, re.Pattern[str]]:
    """The pattern for wide strings (under True) and for others; `SPACE` in it is either's white space."""
    return {
        wide: re.compile(pattern.replace("SPACE", re.escape(space)), flags if wide else flags | re.ASCII)
        for wide, space in ((True, WIDE_SPACE), (False, ASCII_SPACE))
    }
