"""What a parsed pattern consists of: nodes that say which bytes can match where, and edits for PCRE2.

The nodes serve the literal prefilter, so each describes *at least* everything its piece of pattern can match:
what is not understood is `UNKNOWN`, which may match anything or nothing.
"""

from dataclasses import dataclass, field
from typing import Final, NamedTuple


class Flag:
    """The bits of the modifiers in force at some place of a pattern (plain numbers, tested often)."""

    CASELESS: Final = 1
    MULTILINE: Final = 2
    DOTALL: Final = 4
    EXTENDED: Final = 8
    MORE_EXTENDED: Final = 16
    NO_CAPTURE: Final = 32
    UNICODE: Final = 64


class Literal(NamedTuple):
    """These bytes, given as Latin-1 text, in either case if `caseless`."""

    text: str
    caseless: bool


class OneOf(NamedTuple):
    """One byte whose bit is set in `mask` (cases already folded in)."""

    mask: int


class Sequence(NamedTuple):
    """One thing after the other; the empty sequence matches the empty string."""

    items: "tuple[Node, ...]"


class Choice(NamedTuple):
    """One of several."""

    branches: "tuple[Node, ...]"


class Repeat(NamedTuple):
    """`item`, at least `low` and at most `high` times (`None`: no end)."""

    item: "Node"
    low: int
    high: int | None


class Look(NamedTuple):
    """A positive lookaround: somewhere in the subject stands what `item` matches."""

    item: "Node"


class Unknown(NamedTuple):
    """Anything, or nothing."""


Node = Literal | OneOf | Sequence | Choice | Repeat | Look | Unknown
EMPTY: Final = Sequence(())
UNKNOWN: Final = Unknown()


class Span(NamedTuple):
    """A group without captures or references in it: its text, the flags around it, how often it repeats."""

    start: int
    end: int
    flags: int
    times: int


@dataclass(slots=True)
class Parsed:
    """A pattern read: its tree, its groups, and the edits that make it PCRE2's (start, end, replacement)."""

    root: Node = EMPTY
    group_count: int = 0
    names: dict[str, tuple[int, ...]] = field(default_factory=dict)
    edits: list[tuple[int, int, str]] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    folds_high: bool = False
    unicode: bool = False
    final_flags: int = 0
