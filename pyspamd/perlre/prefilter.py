"""The literal prefilter: which regexes can match a piece of text at all, found in one pass over it.

A regex without a gate is always a candidate, and with `set_prefilter(False)` every regex is.
"""

from collections.abc import Sequence
from itertools import chain
from typing import Any, Final

from ahocorasick_rs import BytesAhoCorasick, Implementation, MatchKind

from .gates import SQUEEZE_DELETE, SQUEEZE_TABLE, TIERS, Gate, gate_of
from .regex import Regex

FORMAT: Final = 1
"""Rises when gates of an older version may not be used any more."""


class _Switch:
    on = True


def set_prefilter(on: bool) -> None:
    """Turn the prefilter on or off for the whole process."""
    _Switch.on = on


def prefilter_is_on() -> bool:
    """Whether candidates are narrowed down at all."""
    return _Switch.on


class _Automaton:
    """Literals found together; each knows the regexes (by number) it makes candidates."""

    def __init__(self, wanted: dict[bytes, list[int]]) -> None:
        self.owners = tuple(tuple(numbers) for numbers in wanted.values())
        self.find = BytesAhoCorasick(
            list(wanted), matchkind=MatchKind.Standard, implementation=Implementation.ContiguousNFA
        ).find_matches_as_indexes


class LiteralGate:
    """The gates of many regexes, known by their place in the sequence given."""

    def __init__(self, gates: Sequence[Gate | None]) -> None:
        self.gates = tuple(gates)
        self._all = tuple(range(len(self.gates)))
        lower: dict[bytes, list[int]] = {}
        squeezed: dict[bytes, list[int]] = {}
        always: list[int] = []
        high_only: list[int] = []
        for number, gate in enumerate(self.gates):
            if gate is None:
                always.append(number)
                continue
            if TIERS[gate.tier].ascii_only:
                high_only.append(number)
            wanted = squeezed if gate.tier.startswith("squeezed") else lower
            for literal in gate.literals:
                wanted.setdefault(literal, []).append(number)
        self._always = frozenset(always)
        self._always_on_high = frozenset(always + high_only)
        self._lower = _Automaton(lower) if lower else None
        self._squeezed = _Automaton(squeezed) if squeezed else None

    @classmethod
    def of(cls, regexes: Sequence[Regex]) -> "LiteralGate":
        """Work the gates of `regexes` out (some milliseconds each)."""
        return cls([gate_of(regex.pattern, regex.flags) for regex in regexes])

    def as_data(self) -> dict[str, Any]:
        """The gates as JSON can hold them."""
        gates = [
            None if gate is None else [gate.tier, [literal.decode("latin-1") for literal in gate.literals]]
            for gate in self.gates
        ]
        return {"format": FORMAT, "gates": gates}

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> "LiteralGate | None":
        """The gates that `as_data` wrote, or `None` if they are another version's."""
        if data.get("format") != FORMAT:
            return None
        return cls(
            [
                None if gate is None else Gate(gate[0], tuple(text.encode("latin-1") for text in gate[1]))
                for gate in data["gates"]
            ]
        )

    def candidates(self, element: bytes) -> set[int]:
        """The numbers of the regexes that may match `element`; all others do not."""
        if not _Switch.on:
            return set(self._all)
        found = set(self._always if element.isascii() else self._always_on_high)
        if self._lower is not None:
            hits = self._lower.find(element.lower(), overlapping=True)
            if hits:
                found.update(
                    chain.from_iterable(map(self._lower.owners.__getitem__, {hit[0] for hit in hits}))
                )
        if self._squeezed is not None:
            hits = self._squeezed.find(element.translate(SQUEEZE_TABLE, SQUEEZE_DELETE), overlapping=True)
            if hits:
                owners = self._squeezed.owners
                found.update(chain.from_iterable(map(owners.__getitem__, {hit[0] for hit in hits})))
        return found
