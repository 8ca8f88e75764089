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


class Networks(Directive[NetworkList]):
    """IP networks, several on a line, over many lines; `!` excludes, the first that matches decides."""

    def __init__(self, name: str, default: NetworkList = NO_NETWORKS, **rest: Any) -> None:
        super().__init__(name, default, **rest)

    def add(self, container: NetworkList, text: str, build: Build) -> NetworkList:
        networks = container.set.copy()
        for word in words(required(text)):
            try:
                if not networks.add(word):
                    build.warn(f"{self.name} has '{word}', which an earlier network already covers.")
            except BadNetwork as error:
                build.refuse(f"{self.name} cannot use '{word}': {error}.")
        new = networks.networks[len(container.set.networks) :]
        places = {**container.places, **dict.fromkeys((network.text for network in new), build.location)}
        return NetworkList(networks, configured=True, places=places)
