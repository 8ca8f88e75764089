"""How many bytes a node can match, for the limits Perl sets on lookbehinds."""

from .syntax import Choice, Literal, Look, Node, OneOf, Repeat, Sequence, Unknown


def extent_of(node: Node) -> tuple[int, int | None]:
    """The fewest and the most bytes `node` can match; `None` for no limit."""
    match node:
        case Literal(text=text):
            return len(text), len(text)
        case OneOf():
            return 1, 1
        case Look():
            return 0, 0
        case Unknown():
            return 0, None
        case Sequence(items=items):
            parts = [extent_of(item) for item in items]
            return sum(low for low, _ in parts), _total([high for _, high in parts])
        case Choice(branches=branches):
            parts = [extent_of(branch) for branch in branches]
            highs = [high for _, high in parts]
            known = [high for high in highs if high is not None]
            return min(low for low, _ in parts), max(known) if len(known) == len(highs) else None
        case Repeat(item=item, low=low, high=high):
            shortest, longest = extent_of(item)
            if longest == 0 or high == 0:
                return 0, 0
            return shortest * low, None if longest is None or high is None else longest * high


def _total(parts: list[int | None]) -> int | None:
    return None if None in parts else sum(part for part in parts if part is not None)
