"""The literal prefilter: which regexes can match a piece of text at all, found in one pass over it.

A regex without a gate is always a candidate, and with `set_prefilter(False)` every regex is.
"""

from collections import Counter
from collections.abc import Sequence
from itertools import chain
from typing import Final

from ahocorasick_rs import BytesAhoCorasick, Implementation, MatchKind

from .gates import LOWER_TABLE, SQUEEZE_DELETE, SQUEEZE_TABLE, SQUEEZED, TIERS, Gate, gate_of
from .literals import ENTITY
from .regex import Regex

_ENTITY: Final = ENTITY.encode()
_WORTH_SQUEEZING: Final = 12  # for fewer regexes a second pass over the text costs more than it saves


class _Switch:
    on = True


def set_prefilter(on: bool) -> None:
    """Turn the prefilter on or off for the whole process."""
    _Switch.on = on


def prefilter_is_on() -> bool:
    """Whether candidates are narrowed down at all."""
    return _Switch.on


class _Automaton:
    """Literals found together; each knows the regexes (by number) it makes candidates.

    Regexes in `counted` become candidates only with that many of their literals, wherever those stand.
    """

    def __init__(self, wanted: dict[bytes, list[int]], counted: dict[int, int]) -> None:
        self.owners, self.counted_owners = _owners(wanted, counted)
        self.counted = counted
        self.fewest = min(counted.values(), default=0)
        literals = list(wanted)
        self.find = (
            BytesAhoCorasick(
                literals, matchkind=MatchKind.Standard, implementation=Implementation.ContiguousNFA
            ).find_matches_as_indexes
            if literals
            else None
        )

    def add_owners(self, text: bytes, found: set[int]) -> None:
        """Add to `found` the regexes enough of whose literals stand in `text`."""
        if self.find is None or not (hits := self.find(text, overlapping=True)):
            return
        owners = self.owners
        literals = [hit[0] for hit in hits]
        for literal in set(literals):
            found.update(owners[literal])
        if self.counted and len(literals) >= self.fewest:
            places = Counter(chain.from_iterable(map(self.counted_owners.__getitem__, literals)))
            found.update([number for number, count in places.items() if count >= self.counted[number]])


_Owners = tuple[tuple[int, ...], ...]


def _owners(wanted: dict[bytes, list[int]], counted: dict[int, int]) -> tuple[_Owners, _Owners]:
    """By literal, the regexes that one occurrence makes candidates, and those that need several."""
    single, several = list[tuple[int, ...]](), list[tuple[int, ...]]()
    keys = counted.keys()
    same: dict[tuple[int, ...], tuple[int, ...]] = {}  # thousands of literals belong to the same few regexes
    for numbers in wanted.values():
        once, often = tuple(numbers), tuple[int, ...]()
        if not keys.isdisjoint(once):
            often = tuple([number for number in numbers if number in counted])
            once = tuple([number for number in numbers if number not in counted])
        single.append(same.setdefault(once, once))
        several.append(same.setdefault(often, often))
    return tuple(single), tuple(several)


class LiteralGate:
    """The gates of many regexes, known by their place in the sequence given."""

    def __init__(self, gates: Sequence[Gate | None]) -> None:
        self._all = tuple(range(len(gates)))
        lower: dict[bytes, list[int]] = {}
        squeezed: dict[bytes, list[int]] = {}
        counted: dict[int, int] = {}
        always: list[int] = []
        ascii_only: list[int] = []
        squeezing = sum(gate is not None and gate.tier.startswith(SQUEEZED.name) for gate in gates)
        for number, gate in enumerate(gates):
            if gate is None or (gate.tier.startswith(SQUEEZED.name) and squeezing < _WORTH_SQUEEZING):
                always.append(number)
                continue
            if TIERS[gate.tier].ascii_only:
                ascii_only.append(number)
            if gate.times > 1:
                counted[number] = gate.times
            wanted = squeezed if gate.tier.startswith(SQUEEZED.name) else lower
            for literal in gate.literals:
                wanted.setdefault(literal, []).append(number)
        self._always = frozenset(always)
        self._ascii_only = tuple(ascii_only)
        self._lower = _Automaton(lower, counted)
        self._squeezed = _Automaton(squeezed, {})

    @classmethod
    def of(cls, regexes: Sequence[Regex], kind: str = "text") -> "LiteralGate":
        """Work out the gates of `regexes` (milliseconds each) for a kind of text: text, uri or markup."""
        return cls([gate_of(regex.pattern, regex.flags, kind) for regex in regexes])

    def candidates(self, element: bytes) -> set[int]:
        """The numbers of the regexes that may match `element`; all others do not."""
        if not _Switch.on:
            return set(self._all)
        return self._found(element) | self._always

    def spread(self, elements: Sequence[bytes]) -> dict[int, Sequence[int]]:
        """By number, the regexes that may match any of `elements`, with the places of those, rising."""
        everywhere = range(len(elements))
        if not _Switch.on:
            return dict.fromkeys(self._all, everywhere)
        places: dict[int, list[int]] = {}
        for place, element in enumerate(elements):
            for number in self._found(element):
                places.setdefault(number, []).append(place)
        return {**places, **dict.fromkeys(self._always, everywhere)}

    def _found(self, element: bytes) -> set[int]:
        """Those of the regexes with a gate that may match."""
        found = set[int]() if element.isascii() and _ENTITY not in element else set(self._ascii_only)
        self._lower.add_owners(element.translate(LOWER_TABLE), found)
        self._squeezed.add_owners(element.translate(SQUEEZE_TABLE, SQUEEZE_DELETE), found)
        return found
