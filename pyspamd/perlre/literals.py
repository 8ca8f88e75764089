"""Literals of which every match of a pattern must contain one, worked out from its tree.

The result is sound by construction: a node that is not understood requires nothing, sets are only joined
where every branch has one, and case or punctuation is dropped from pattern and subject by the same map of
bytes. Which of several valid sets is taken is a matter of speed only (see `likelihood`).
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

from . import bytesets
from .likelihood import rate
from .syntax import Choice, Literal, Look, Node, OneOf, Repeat, Sequence, Unknown

Strings = frozenset[bytes]

ENTITY: Final = "&#"
"""What subjects of an `ascii_only` tier do not contain either."""

_NOTHING: Final[Strings] = frozenset({b""})
# Limits that keep the work small; beyond them less is known, which costs speed only.
_MOST_PRODUCT: Final = 512
"""Strings that joining two sets may give."""
_MOST_BYTES: Final = 20
"""Bytes of a class that still tell something."""
_MOST_LITERALS: Final = 1500
"""Literals of a set that may be the answer."""
_MOST_COUNTED: Final = 400
"""Literals of a set that may be counted."""
_LONGEST: Final = 20
"""How long strings grow before a new run is begun, with their last `_KEPT` bytes."""
_KEPT: Final = 8
_MOST_LISTED: Final = 160
"""Strings that an item repeated up to `_MOST_TIMES` times may give, each listed."""
_MOST_TIMES: Final = 3
_MOST_UNROLLED: Final = 8
"""Repeats that are written out one behind the other."""
_LEAST_COUNTED: Final = 3
"""Repeats from which on counting is worth its time."""


class Counted(NamedTuple):
    """A match contains literals of this set at no fewer than `times` places."""

    literals: Strings
    times: int


class Facts(NamedTuple):
    """What is known of the strings a node matches, after the tier's map of bytes.

    `exact` are all of them, if they are few; else `prefix` and `suffix`, one of which each match begins or
    ends with; `needed` is a set of which each match contains one, `counted` one of which it contains several.
    `None` where nothing is known.
    """

    exact: Strings | None
    prefix: Strings | None
    suffix: Strings | None
    needed: Strings | None
    counted: Counted | None = None


_UNKNOWN: Final = Facts(None, None, None, None)
_EMPTY: Final = Facts(_NOTHING, _NOTHING, _NOTHING, None)
_IMPOSSIBLE: Final = Facts(frozenset(), frozenset(), frozenset(), None)


class Tier(NamedTuple):
    """A way to simplify text before literals are looked for: each byte becomes a string, on both sides alike.

    With `ascii_only` the literals hold for subjects without high bytes and without `ENTITY` alone.
    """

    name: str
    table: tuple[bytes, ...]
    ascii_only: bool


class Requirement(NamedTuple):
    """What a subject must contain for a match: `None` is nothing known, no literals that nothing matches."""

    literals: Strings | None
    counted: Counted | None


def cost(literals: Iterable[bytes], kind: str = "text") -> float:
    """How often one of `literals` may be expected in a kilobyte, with a little for their number."""
    return sum([rate(literal, kind) + 0.0002 for literal in literals])


def required_literals(root: Node, tier: Tier, kind: str = "text") -> Requirement:
    """What each subject in which `root` matches contains, once it is simplified as `tier` says.

    The subjects' `kind` (see `likelihood`) tells which of several answers is the best.
    """
    extraction = _Extraction(tier, kind)
    facts = extraction.facts(root)
    if facts.exact is not None and not facts.exact:
        return Requirement(frozenset(), None)
    return Requirement(extraction.best_of(facts), facts.counted)


def _usable(literals: Strings | None) -> bool:
    return literals is not None and b"" not in literals and len(literals) <= _MOST_LITERALS


def _minimal(literals: Strings) -> Strings:
    """`literals` without those that contain another one."""
    kept: set[bytes] = set()
    lengths: list[int] = []
    for literal in sorted(literals, key=len):
        size = len(literal)
        if not any(literal[at : at + n] in kept for n in lengths for at in range(size - n + 1)):
            kept.add(literal)
            if size not in lengths:
                lengths.append(size)
    return frozenset(kept)


class _Extraction:
    """The work on one pattern in one tier; a `blind` one takes lookarounds for empty."""

    def __init__(self, tier: Tier, kind: str, *, blind: bool = False) -> None:
        self.tier = tier
        self.kind = kind
        self.blind = blind
        self.rates: dict[bytes, float] = {}
        self.costs: dict[Strings, float] = {}
        self.table = tier.table
        self.ascii_only = tier.ascii_only
        self.allowed = bytesets.ALL & ~bytesets.HIGH if tier.ascii_only else bytesets.ALL
        self.one_of: dict[int, Facts] = {}

    def best_of(self, facts: Facts) -> Strings | None:
        best = None
        for literals in (facts.exact, facts.prefix, facts.suffix, facts.needed):
            best = self.better(best, literals)
        return best

    def better(self, known: Strings | None, literals: Strings | None) -> Strings | None:
        if literals is None or not _usable(literals):
            return known
        if known is None:
            return _minimal(literals)
        if known is literals:
            return known
        return _minimal(literals) if self.cost(literals) < self.cost(known) else known

    def cost(self, literals: Strings) -> float:
        known = self.costs.get(literals)
        if known is None:
            rates = self.rates
            for literal in literals:
                if literal not in rates:
                    rates[literal] = cost((literal,), self.kind)
            known = self.costs[literals] = sum([rates[literal] for literal in literals])
        return known

    def facts(self, node: Node) -> Facts:
        match node:
            case Literal():
                return self._sequence(self._literal(node))
            case OneOf(mask=mask):
                return self._one_of(mask)
            case Sequence(items=items):
                return self._sequence(self._flat(items))
            case Choice(branches=branches):
                return self._choice(branches)
            case Repeat():
                return self._repeat(node)
            case Look() if self.blind:
                return _EMPTY
            case Look(item=item):
                inner = self.facts(item)
                if inner.exact is not None and not inner.exact:
                    return _IMPOSSIBLE
                return Facts(_NOTHING, _NOTHING, _NOTHING, self.best_of(inner), inner.counted)
            case Unknown():
                return _UNKNOWN

    def _flat(self, items: Iterable[Node]) -> Iterable[Facts]:
        for item in items:
            if isinstance(item, Literal):
                yield from self._literal(item)
            else:
                yield self.facts(item)

    def _literal(self, node: Literal) -> Iterable[Facts]:
        if self.ascii_only and ENTITY in node.text:
            yield _IMPOSSIBLE
            return
        raw = node.text.encode("latin-1")
        if raw.isascii():
            if node.caseless and any(
                self.table[byte] != self.table[bytesets.other_case(byte)] for byte in raw
            ):
                yield from (self._one_of(bytesets.folded(1 << byte)) for byte in raw)
                return
            text = frozenset({b"".join([self.table[byte] for byte in raw])})
            yield Facts(text, text, text, None)
            return
        for byte in raw:
            yield self._one_of(bytesets.folded(1 << byte) if node.caseless else 1 << byte)

    def _one_of(self, mask: int) -> Facts:
        known = self.one_of.get(mask)
        if known is None:
            strings = frozenset(self.table[byte] for byte in bytesets.members(mask & self.allowed))
            known = _UNKNOWN if len(strings) > _MOST_BYTES else Facts(strings, strings, strings, None)
            self.one_of[mask] = known
        return known

    def _product(self, left: Strings, right: Strings) -> Strings:
        if right == _NOTHING:
            return left
        if left == _NOTHING:
            return right
        joined = [first + second for first in left for second in right]
        return frozenset(joined)

    def _choice(self, branches: tuple[Node, ...]) -> Facts:
        parts = [facts for facts in map(self.facts, branches) if facts.exact is None or facts.exact]
        if not parts:
            return _IMPOSSIBLE
        if len(parts) == 1:
            return parts[0]
        exact = _union([part.exact for part in parts], _MOST_LITERALS)
        if exact is not None and all(part.needed is None for part in parts):
            return Facts(exact, exact, exact, None)
        prefix = _union([part.prefix for part in parts], _MOST_PRODUCT)
        suffix = _union([part.suffix for part in parts], _MOST_PRODUCT)
        needed = _union([self.best_of(part) for part in parts], _MOST_LITERALS)
        return Facts(exact, prefix, suffix, needed)

    def _repeat(self, node: Repeat) -> Facts:
        if node.high == 0:
            return _EMPTY
        inner = self.facts(node.item)
        if inner.exact == _NOTHING:
            return Facts(_NOTHING, _NOTHING, _NOTHING, inner.needed) if node.low else _EMPTY
        if inner.exact is not None and not inner.exact:
            return _EMPTY if node.low == 0 else _IMPOSSIBLE
        if node.low == 0:
            return self._few_times(inner, 0, node.high) or _UNKNOWN
        few = self._few_times(inner, node.low, node.high)
        if few is not None:
            return few
        times = min(node.low, _MOST_UNROLLED)
        unrolled = self._sequence([inner] * times)
        counted = inner.counted
        if counted is None and node.low >= _LEAST_COUNTED:
            # A lookaround may be met by the same text each time, so it does not count.
            each = self.best_of(
                inner if self.blind else _Extraction(self.tier, self.kind, blind=True).facts(node.item)
            )
            if each is not None and len(each) <= _MOST_COUNTED:
                counted = Counted(each, node.low)
        if node.low == node.high == times:
            return unrolled._replace(counted=counted)
        return Facts(None, unrolled.prefix, unrolled.suffix, self.best_of(unrolled), counted)

    def _few_times(self, inner: Facts, low: int, high: int | None) -> Facts | None:
        """The facts of `inner` repeated, if all strings that makes can be listed."""
        if (
            inner.exact is None
            or high is None
            or high > _MOST_TIMES
            or len(inner.exact) ** high > _MOST_LISTED
        ):
            return None
        strings: Strings = frozenset()
        power = _NOTHING
        for times in range(high + 1):
            if times >= low:
                strings |= power
            power = self._product(power, inner.exact)
        return Facts(strings, strings, strings, None)

    def _sequence(self, items: Iterable[Facts]) -> Facts:
        needed: Strings | None = None
        counted: Counted | None = None
        prefix: Strings | None = None  # set once the run from the start is broken
        current = _NOTHING
        for item in items:
            needed = self.better(needed, item.needed)
            counted = counted or item.counted
            if item.exact is not None:
                if not item.exact:
                    return _IMPOSSIBLE
                if len(current) * len(item.exact) <= _MOST_PRODUCT or len(current) == 1:
                    current = self._product(current, item.exact)
                    if max(map(len, current)) <= _LONGEST:
                        continue
                    kept = frozenset([string[-_KEPT:] for string in current])
                else:
                    kept = self._product(_shortened(current, _MOST_PRODUCT // len(item.exact)), item.exact)
                prefix = current if prefix is None else prefix
                needed = self.better(needed, current)
                current = kept
                continue
            if item.prefix is not None and len(current) * len(item.prefix) <= _MOST_PRODUCT:
                current = self._product(current, item.prefix)
            else:
                needed = self.better(needed, item.prefix)
            prefix = current if prefix is None else prefix
            needed = self.better(needed, current)
            current = item.suffix if item.suffix is not None else _NOTHING
        if prefix is None:
            return Facts(current, current, current, needed, counted)
        return Facts(None, prefix, current, self.better(needed, current), counted)


def _shortened(strings: Strings, most: int) -> Strings:
    """No more than `most` strings of which each of `strings` ends with one."""
    for kept in (6, 5, 4, 3, 2, 1):
        endings = frozenset([string[-kept:] for string in strings])
        if len(endings) <= most:
            return endings
    return _NOTHING


def _union(parts: list[Strings | None], most: int) -> Strings | None:
    joined: set[bytes] = set()
    for part in parts:
        if part is None:
            return None
        joined |= part
        if len(joined) > most:
            return None
    return frozenset(joined)
