"""The local UDP ports that DNS queries may be sent from: `dns_local_ports_permit`, `_avoid` and `_none`."""

import re
from dataclasses import dataclass, field
from typing import Final

from .directives import BadValue, Build, shorten

HIGHEST: Final = 65535
_DEFAULT: Final = ((1 << (HIGHEST + 1)) - 1) ^ ((1 << 1024) - 1)
_RANGE: Final = re.compile(r"([0-9]{1,5})(?:-([0-9]{1,5}))?")


@dataclass(frozen=True, slots=True)
class LocalPorts:
    """A set of port numbers; `mask` has a bit for each, or is `None` while no line has said anything."""

    mask: int | None = field(default=None, repr=False)

    def allows(self, port: int) -> bool:
        """Whether a query may be sent from `port`; without any line, from 1024 up."""
        return bool((_DEFAULT if self.mask is None else self.mask) >> port & 1)


def _ranges(text: str, lowest: int) -> int:
    """The bits of all port ranges in `text`. Raises BadValue."""
    bits = 0
    for word in re.split(r"[ \t,]+", text):
        found = _RANGE.fullmatch(word)
        if found is None:
            raise BadValue(f"takes ports and ranges of ports, not '{shorten(word)}'")
        low, high = int(found[1]), int(found[2] or found[1])
        if not lowest <= low <= HIGHEST or not lowest <= high <= HIGHEST:
            raise BadValue(f"takes ports from {lowest} to {HIGHEST}, not '{shorten(word)}'")
        if low <= high:
            bits |= ((1 << (high - low + 1)) - 1) << low
    return bits


def permit_ports(ports: LocalPorts, text: str, build: Build) -> LocalPorts:
    """The ports after a `dns_local_ports_permit` line."""
    return LocalPorts((_DEFAULT if ports.mask is None else ports.mask) | _ranges(text, 1))


def avoid_ports(ports: LocalPorts, text: str) -> LocalPorts:
    """The ports after a `dns_local_ports_avoid` line."""
    return LocalPorts((_DEFAULT if ports.mask is None else ports.mask) & ~_ranges(text, 0))


def no_ports() -> LocalPorts:
    """The ports after `dns_local_ports_none`."""
    return LocalPorts(0)
