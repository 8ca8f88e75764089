"""Answers remembered for as long as the DNS allows, and no more of them than fit.

Source: RFC 1035 section 3.2.1 for TTLs; RFC 2308 for answers that there is none.
"""

import time
from collections import OrderedDict

from ..base.clock import Monotonic
from .resolver import Answer

Key = tuple[str, str]


class AnswerCache:
    """The latest answers by name and type; what is oldest in use goes first when it is full."""

    def __init__(
        self, size: int = 10_000, longest: float = 3600.0, clock: Monotonic = time.monotonic
    ) -> None:
        self.size = size
        self.longest = longest
        self.clock = clock
        self._kept: OrderedDict[Key, tuple[float, Answer]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: Key) -> Answer | None:
        """The answer remembered for `key`, unless its time is over."""
        entry = self._kept.get(key)
        if entry is None:
            return None
        if entry[0] <= self.clock():
            del self._kept[key]
            return None
        self._kept.move_to_end(key)
        return entry[1]

    def put(self, key: Key, answer: Answer) -> None:
        """Remember `answer` for its TTL; an answer of the moment, or one with no TTL, is not kept."""
        ttl = min(answer.ttl, self.longest)
        if answer.passing or ttl <= 0 or self.size <= 0:
            return
        self._kept[key] = (self.clock() + ttl, answer)
        self._kept.move_to_end(key)
        while len(self._kept) > self.size:
            self._kept.popitem(last=False)

    def clear(self) -> None:
        """Forget everything."""
        self._kept.clear()
