"""Many regexes over the elements of a text, as SpamAssassin's body, rawbody and URI loops run them.

Each regex is asked of one element after the other and stops at its first match, or counts its matches up to a
limit; the order of the elements decides which matches come first, never whether there is one.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import repeat
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
        wanted = self._all if only is None else frozenset(only)
        gate, everywhere = self.gate, range(len(elements))
        if gate is None:
            return self._run(zip(wanted, repeat(everywhere)), elements)
        if self.joined:
            candidates = wanted & gate.candidates(_SEPARATOR.join(elements))
            return self._run(zip(candidates, repeat(everywhere)), elements)
        spread = sorted(gate.spread(elements).items())
        return self._run([each for each in spread if each[0] in wanted], elements)

    def _run(self, todo: Iterable[tuple[int, Sequence[int]]], elements: Sequence[bytes]) -> dict[int, int]:
        """Run entries, each on the elements at some places."""
        codes, special = self._codes, self._special
        counts: dict[int, int] = {}
        # One regex after the other, each over all its elements: the processor has its code at hand but once.
        for number, places in todo:
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
        return counts

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
