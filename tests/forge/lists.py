"""The words and shapes that forgers choose from: files in `lists/`, an item a line.

An item may be empty. `\\n`, `\\x1b`, `\\u200b` and the like stand for characters; `{name}` for what is filled in.
"""

import re
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

_ESCAPE = re.compile(r"\\(?:([nrt\\])|x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8}))")
_LETTERS = {"n": "\n", "r": "\r", "t": "\t", "\\": "\\"}
_GAP = re.compile(r"\{(\w+)\}")


def _character(found: re.Match[str]) -> str:
    letter, *codes = found.groups()
    return _LETTERS[letter] if letter else chr(int(next(filter(None, codes)), 16))


@cache
def items(name: str) -> tuple[str, ...]:
    """The items of `lists/NAME.txt`."""
    lines = (Path(__file__).parent / "lists" / f"{name}.txt").read_text("utf-8").split("\n")[:-1]
    return tuple(_ESCAPE.sub(_character, line) for line in lines)


def filled(text: str, makers: Mapping[str, Callable[[], str]]) -> str:
    """`text` with each `{name}` that has a maker replaced by what that makes, made anew each time."""
    return _GAP.sub(lambda gap: makers[gap[1]]() if gap[1] in makers else gap[0], text)
