"""Many regexes over the elements of a text, as SpamAssassin's body, rawbody and URI loops run them.

Each regex is asked of one element after the other and stops at its first match, or counts its matches up to a
limit; the order of the elements decides which matches come first, never whether there is one.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from . import pcre
from .prefilter import LiteralGate
from .regex import Regex

_match = pcre.match
_CONTEXT = pcre.CONTEXT
_MatchFault = pcre.MatchFault
_SEPARATOR: Final = b"\n"


@dataclass(frozen=True, slots=True)
class Entry:
    """A regex of the set, and how it is to be run.

    `limit`: matches after which it has had enough, over all elements; 0 for none (`tflags multiple` without
    `maxhits`); 1 is a plain rule. `skip_first`: not on element 0 (`tflags nosubject`: that is the subject).
    """

    regex: Regex
    limit: int = 1
    skip_first: bool = False


class PatternSet:
    """Regexes that are run over the same kind of text.

    `joined`: look for literals once in all elements put together, and try candidates on every element; better
    where elements are many and short (URIs). Otherwise each element has its own candidates.
    """

    def __init__(
        self, entries: Sequence[Entry], gate: LiteralGate | None = None, *, joined: bool = False
    ) -> None:
        self.entries = tuple(entries)
        self.gate = gate
        self.joined = joined
        self._special = frozenset(
            number for number, entry in enumerate(self.entries) if entry.limit != 1 or entry.skip_first
        )
        self._codes: list[pcre.Code | None] = [None] * len(self.entries)
        self._all = frozenset(range(len(self.entries)))

    def compile(self) -> None:
        """Compile every regex now, so that processes forked later share them."""
        self._codes = [entry.regex.code for entry in self.entries]

    def candidates(self, elements: Iterable[bytes]) -> set[int]:
        """The numbers of the entries that may match one of `elements`."""
        if self.gate is None:
            return set(self._all)
        return set().union(*map(self.gate.candidates, elements))

    def hits(self, elements: Sequence[bytes], only: Collection[int] | None = None) -> dict[int, int]:
        """By the number of each entry that matches in `elements`, how often; `only` restricts which are run."""
        todo = set(self._all if only is None else only)
        counts: dict[int, int] = {}
        if self.gate is None:
            self._joined(elements, todo, counts)
        elif self.joined:
            self._joined(elements, todo & self.gate.candidates(_SEPARATOR.join(elements)), counts)
        else:
            self._one_by_one(self.gate, elements, todo, counts)
        return counts

    def _joined(self, elements: Sequence[bytes], candidates: set[int], counts: dict[int, int]) -> None:
        special = self._special
        for number in candidates:
            if number in special:
                for place, element in enumerate(elements):
                    if self._count(number, place, element, counts):
                        break
                continue
            matches = self.entries[number].regex.matches
            for element in elements:
                if matches(element):
                    counts[number] = 1
                    break

    def _one_by_one(
        self, gate: LiteralGate, elements: Sequence[bytes], todo: set[int], counts: dict[int, int]
    ) -> None:
        codes, special = self._codes, self._special
        # One regex after the other, each over all its elements: the processor has its code at hand but once.
        for number, places in sorted(gate.spread(elements).items()):
            if number not in todo:
                continue
            if number in special:
                for place in places:
                    if self._count(number, place, elements[place], counts):
                        break
                continue
            code = codes[number]
            if code is None:
                code = codes[number] = self.entries[number].regex.code
            for place in places:
                element = elements[place]
                try:  # what `Regex.matches` does, without a call for each of hundreds of misses
                    if _match(code, element, len(element), 0, _CONTEXT)[0] is None:
                        continue
                except _MatchFault:
                    if not self.entries[number].regex.matches(element):
                        continue
                counts[number] = 1
                break

    def _count(self, number: int, place: int, element: bytes, counts: dict[int, int]) -> bool:
        """Run an entry that does more than match once; whether it has had enough."""
        entry = self.entries[number]
        if entry.skip_first and place == 0:
            return False
        so_far = counts.get(number, 0)
        new = entry.regex.count(element, entry.limit - so_far if entry.limit else 0)
        if new:
            counts[number] = so_far + new
        return bool(entry.limit) and so_far + new >= entry.limit
