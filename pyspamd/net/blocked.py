"""Zones that turned us away: left alone for a while, by every process that was forked from the first.

A list says so with an address of its own (`dns_block_rule` names the rule that sees it), and many lists with
one in 127.255.255.0/24.
"""

import mmap
import re
import struct
import time
from collections.abc import Callable, Iterable
from typing import Final

from .resolver import Answer

_MOMENT: Final = struct.Struct("d")
_REFUSAL: Final = re.compile(r"127\.255\.255\.[0-9]+")


class BlockedZones:
    """Until when each of a set of zones is not to be asked, kept in memory that forked processes share."""

    def __init__(self, zones: Iterable[str] = (), clock: Callable[[], float] = time.time) -> None:
        self._places = {zone: place * _MOMENT.size for place, zone in enumerate(sorted(set(zones)))}
        self._endings = tuple(f".{zone}" for zone in self._places)
        self._until = mmap.mmap(-1, max(_MOMENT.size * len(self._places), 1)) if self._places else None
        self._clock = clock
        self._noticed: set[str] = set()

    def above(self, name: str) -> list[str]:
        """The zones of the set that `name` is or lies in; both in lower case."""
        dotted = f".{name}"
        if not dotted.endswith(self._endings):
            return []
        return [zone for zone in self._places if dotted.endswith(f".{zone}")]

    def is_blocked(self, zone: str) -> bool:
        """Whether the zone is to be left alone now."""
        place = self._places.get(zone)
        if place is None or self._until is None:
            return False
        until: float = _MOMENT.unpack_from(self._until, place)[0]
        return self._clock() <= until

    def block(self, zone: str, seconds: float) -> bool:
        """Leave the zone alone for so long from now; false where it was blocked already."""
        if self._until is None or self.is_blocked(zone):
            return False
        _MOMENT.pack_into(self._until, self._places[zone], self._clock() + seconds)
        return True

    def notice(self, zone: str) -> bool:
        """Whether this is the first time that this process is told of `zone`."""
        if zone in self._noticed:
            return False
        self._noticed.add(zone)
        return True


def refusal(answer: Answer) -> str | None:
    """The address by which a list says that it does not answer us, if the answer has one."""
    if answer.type == "A":
        for record in answer.found:
            if _REFUSAL.fullmatch(record.data):
                return record.data
    return None
