"""Which body rules a compiled matcher takes over: those of which every reading holds a piece of fixed text.

Where rules were compiled with `sa-compile`, such rules run first in their priority, so they see the text before
anything is blanked out in it. Source: Mail::SpamAssassin::Plugin::BodyRuleBaseExtractor. It looks at a debugging
dump of the regex, which is not imitated; on the stock rules the outcome is the same for 98 in 100.
"""

import re
from functools import lru_cache
from typing import Final

from ..perlre.errors import RegexError
from ..perlre.parser import parse
from ..perlre.syntax import UNKNOWN, Choice, Flag, Literal, Node, Repeat, Sequence

_ANCHORED: Final = re.compile(r"(?:\(\?[a-z^]*\))*\(?(?:\^|\\A)")
_SHORTEST: Final = 3
_MOST_CHOICES: Final = 5


@lru_cache(maxsize=1024)
def has_base_strings(pattern: str, flags: str) -> bool:
    """Whether each way to match `pattern` needs some text of three characters, found within five choices."""
    # Perl takes the `$)` that may end an alternative for a variable, and then the rule for a broken one.
    if "$)" in pattern or _ANCHORED.match(pattern):
        return False
    try:
        tree = parse(pattern, Flag.CASELESS if "i" in flags else 0).root
        readings = _readings(_items(tree), 0)
    except (RegexError, _TooDeepError):
        return False
    return all(map(_has_text, readings))


class _TooDeepError(Exception):
    """More choices follow one another than are unrolled."""


def _items(node: Node) -> list[Node]:
    if isinstance(node, Sequence):
        return [item for member in node.items for item in _items(member)]
    return [node]


def _branches(node: Node) -> list[list[Node]] | None:
    """What may stand in the node's place; `None` where it is no choice."""
    if isinstance(node, Choice):
        return [_items(branch) for branch in node.branches]
    if not isinstance(node, Repeat):
        return None
    item = node.item
    if node.low:
        # Several in a row do not join, but each is there at least once.
        if isinstance(item, Choice):
            return [[UNKNOWN, *_items(branch), UNKNOWN] for branch in item.branches]
    elif node.high == 1 and (isinstance(item, Choice | Sequence) or _is_word(item)):
        return [_items(item), []]
    return None


def _is_word(node: Node) -> bool:
    return isinstance(node, Literal) and (len(node.text) > 1 or node.text.isalnum() or node.text == "_")


def _readings(items: list[Node], choices: int) -> list[list[Node]]:
    """Every sequence of nodes without choices that `items` stands for."""
    if choices > _MOST_CHOICES:
        raise _TooDeepError
    for place, node in enumerate(items):
        branches = _branches(node)
        if branches is not None:
            return [
                reading
                for branch in branches
                for reading in _readings(items[:place] + branch + items[place + 1 :], choices + 1)
            ]
    return [items]


def _has_text(reading: list[Node]) -> bool:
    """Whether a long enough text stands somewhere in the reading."""
    length = 0
    for node in reading:
        if isinstance(node, Literal):
            length += len(node.text)
        elif isinstance(node, Repeat) and node.low and isinstance(node.item, Literal):
            length = len(node.item.text)
        else:
            length = 0
        if length >= _SHORTEST:
            return True
    return False
