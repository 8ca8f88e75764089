"""White space, words and case as Perl sees them in byte text: only ASCII counts, whatever stands above 127.

Example::

    >>> head("FOO  net   nice")
    ('FOO', 'net   nice')
"""

import re
from typing import Final

SPACE: Final = " \t\n\r\f\v"
"""What Perl's `\\s` matches in text that holds one byte a character."""

_WORD: Final = re.compile(r"[^ \t\n\r\f\v]+")
_LOWER: Final = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}


def words(text: str) -> list[str]:
    """The words of `text`, cut at white space."""
    return _WORD.findall(text)


def head(text: str) -> tuple[str, str]:
    """The first word of `text` and what follows it, both without white space around them."""
    found = _WORD.search(text)
    if found is None:
        return "", ""
    return found[0], text[found.end() :].strip(SPACE)


def lower(text: str) -> str:
    """`text` with A to Z in lower case and every other character as it was."""
    return text.lower() if text.isascii() else text.translate(_LOWER)
