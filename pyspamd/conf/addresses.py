"""Directives that list mail addresses: plain lists, addresses with a relay or signer, and removal.

::

    FRIENDS = AddressList("shout_friends_from")                       # AddressPatterns[None]
    RELAYED = AddressPairs("shout_friends_from_rcvd")                 # AddressPatterns[tuple[str, ...]]
    UNFRIEND = RemoveWords("unshout_friends_from", FRIENDS, lower_case=True)
"""

from collections.abc import Iterable
from typing import Any, Final

from .address_patterns import NOBODY, AddressPatterns
from .ascii import lower, words
from .directives import BadValue, Build, Directive, required, shorten

NO_PAIRS: Final[AddressPatterns[tuple[str, ...]]] = AddressPatterns()


class AddressList(Directive[AddressPatterns[None]]):
    """Address patterns (`*` and `?` are wild), several on a line, over any number of lines."""

    def __init__(self, name: str, default: AddressPatterns[None] = NOBODY, **rest: Any) -> None:
        super().__init__(name, default, **rest)

    def add(self, container: dict[str, None], text: str, build: Build) -> dict[str, None]:
        add_addresses(container, words(required(text)))
        return container

    def freeze(self, container: dict[str, None]) -> AddressPatterns[None]:
        return AddressPatterns(container) if container else NOBODY

    def thaw(self, value: AddressPatterns[None]) -> dict[str, None]:
        return dict(value.entries)


def add_addresses(container: dict[str, None], addresses: Iterable[str]) -> None:
    """Put address patterns into an `AddressList`'s container."""
    container.update(dict.fromkeys(map(lower, addresses)))


class AddressPairs(Directive[AddressPatterns[tuple[str, ...]]]):
    """An address pattern and a domain that vouches for it, one pair a line.

    An address may have several domains. With `optional` the domain may be missing and is then empty.
    """

    def __init__(
        self,
        name: str,
        default: AddressPatterns[tuple[str, ...]] = NO_PAIRS,
        *,
        optional: bool = False,
        **rest: Any,
    ) -> None:
        super().__init__(name, default, **rest)
        self.optional = optional

    def add(self, container: dict[str, list[str]], text: str, build: Build) -> dict[str, list[str]]:
        address, domain = pair(text, optional=self.optional)
        container.setdefault(address, []).append(domain)
        return container

    def freeze(self, container: dict[str, list[str]]) -> AddressPatterns[tuple[str, ...]]:
        return AddressPatterns({key: tuple(domains) for key, domains in container.items()})

    def thaw(self, value: AddressPatterns[tuple[str, ...]]) -> dict[str, list[str]]:
        return {key: list(domains) for key, domains in value.entries.items()}


def pair(text: str, *, optional: bool = False) -> tuple[str, str]:
    """An address and its domain, in lower case. Raises BadValue."""
    found = [lower(word) for word in words(required(text))]
    if len(found) == 1 and optional:
        return found[0], ""
    if len(found) != 2:
        raise BadValue(f"takes an address and a domain, not '{shorten(text)}'")
    return found[0], found[1]


class RemovePair(Directive[None]):
    """Takes one domain from an address of `AddressPairs` settings; an address left without any goes too."""

    stores = False

    def __init__(self, name: str, *targets: AddressPairs, **rest: Any) -> None:
        super().__init__(name, None, **rest)
        self.targets = targets

    def add(self, container: Any, text: str, build: Build) -> None:
        for target in self.targets:
            address, domain = pair(text, optional=target.optional)
            table: dict[str, list[str]] = build.container(target)
            left = [known for known in table.get(address, ()) if known != domain]
            if left:
                table[address] = left
            else:
                table.pop(address, None)
