"""The directive that lists IP networks, and the value it gives: the set and whether anyone filled it.

::

    OUR_NETWORKS = Networks("shout_networks")          # `shout_networks 10.0.0.0/8 !192.0.2.1`
    OUR_NETWORKS.of(conf).set.contains("10.1.2.3")
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from ..base.ipset import BadNetwork, IPSet, with_loopback
from ..base.problems import Location
from .ascii import words
from .directives import Build, Directive, required


@dataclass(frozen=True, slots=True)
class NetworkList:
    """A set of networks; `configured` tells whether a line named any."""

    set: IPSet = field(default_factory=IPSet)
    configured: bool = False
    places: Mapping[str, Location] = field(default_factory=dict, compare=False)
    """Where each network, as its text says, was named."""


NO_NETWORKS: Final = NetworkList()
LOOPBACK: Final = NetworkList(with_loopback())
"""What `trusted_networks` and `internal_networks` hold before any line: 127.0.0.0/8 and ::1."""


@dataclass(slots=True)
class _Growing:
    """A `NetworkList` while lines are read."""

    set: IPSet
    configured: bool
    places: dict[str, Location]


class Networks(Directive[NetworkList]):
    """IP networks, several on a line, over many lines; `!` excludes, the first that matches decides."""

    def __init__(self, name: str, default: NetworkList = NO_NETWORKS, **rest: Any) -> None:
        super().__init__(name, default, **rest)

    def thaw(self, value: NetworkList) -> _Growing:
        return _Growing(value.set.copy(), value.configured, dict(value.places))

    def freeze(self, container: _Growing | NetworkList) -> NetworkList:
        if isinstance(container, NetworkList):
            return container
        return NetworkList(container.set, container.configured, container.places)

    def add(self, container: _Growing | NetworkList, text: str, build: Build) -> _Growing:
        growing = self.thaw(container) if isinstance(container, NetworkList) else container
        named = words(required(text))
        growing.configured = True
        known = len(growing.set)
        for word in named:
            try:
                if not growing.set.add(word):
                    build.warn(f"{self.name} has '{word}', which an earlier network already covers.")
            except BadNetwork as error:
                build.refuse(f"{self.name} cannot use '{word}': {error}.")
        for network in growing.set.since(known):
            growing.places[network.text] = build.location
        return growing
