"""Sets of IP networks with exclusions, in the notation of `trusted_networks` and its relatives.

Behaviour follows Mail::SpamAssassin::NetSet as it works without its optional trie: the first entry that
covers an address decides, so an exclusion must stand before the wider network it cuts a hole into.
"""

import ipaddress
import re
import socket
from collections.abc import Iterable
from dataclasses import dataclass

from .errors import PyspamdError

_ALL_BITS = (1 << 128) - 1
_MAPPED = 0xFFFF << 32  # ::ffff:0:0, where IPv4 addresses live among the IPv6 ones
_CACHE_LIMIT = 2048
_CHECKED_ENTRIES = 200

_SCOPE = re.compile(r"%[A-Za-z0-9._~-]*\Z")
_PARTIAL_IPV4 = re.compile(r"([0-9]+)(?:\.([0-9]+))?(?:\.([0-9]+))?(?:\.([0-9]+)|\.)?\Z", re.ASCII)
_LEADING_ZEROS = re.compile(r"\b0+([0-9]+)", re.ASCII)
_NUMBER = re.compile(r"[0-9]{1,3}\Z", re.ASCII)

# Names the original's address library knows. The last two never match an ordinary address, because the
# library reads them as IPv4 and the set files them as IPv6; they are accepted all the same.
_NAMED = {
    "any": (0, 0),
    "default": (0, 0),
    "broadcast": (0xFFFFFFFF, 128),
    "loopback": (0x7F000001, 104),
}


class BadNetwork(PyspamdError):  # noqa: N818 -- named as the conf room names bad values
    """A network that cannot be read; the text says which."""


@dataclass(frozen=True, slots=True)
class Network:
    """One entry of an `IPSet`: a 128-bit prefix, whether it excludes, and the text it was written as."""

    first: int
    mask: int
    exclude: bool
    text: str

    def covers(self, other: "Network") -> bool:
        """Whether every address of `other` lies in this network."""
        return self.mask & other.mask == self.mask and other.first & self.mask == self.first


def address_number(ip: str | bytes) -> int | None:
    """`ip` as a 128-bit number, IPv4 at ::ffff:0:0/96; `None` where it is no plain address."""
    text = ip.decode("latin-1") if isinstance(ip, bytes) else ip
    try:
        if ":" in text:
            return int.from_bytes(socket.inet_pton(socket.AF_INET6, text), "big")
        return _MAPPED | int.from_bytes(socket.inet_pton(socket.AF_INET, text), "big")
    except (OSError, ValueError):  # not an address; ValueError: a NUL within
        return _number_with_leading_zeros(text)


def _number_with_leading_zeros(text: str) -> int | None:
    octets = text.split(".")
    if len(octets) != 4 or not all(octet.isascii() and _NUMBER.match(octet) for octet in octets):
        return None
    numbers = [int(octet) for octet in octets]
    return None if max(numbers) > 255 else _MAPPED | int.from_bytes(bytes(numbers), "big")


def _prefix_mask(length: int) -> int:
    return _ALL_BITS ^ (_ALL_BITS >> length)


def _mask_length(text: str, bits: int) -> int | None:
    """The prefix length `text` says, a number or (IPv4 only) a dotted mask; `None` where it is neither."""
    if _NUMBER.match(text):
        length = int(text)
        return length if length <= bits else None
    if bits == 32:
        dotted = address_number(text) if "." in text else None
        if dotted is not None and dotted >> 32 == 0xFFFF:
            inverse = (dotted & 0xFFFFFFFF) ^ 0xFFFFFFFF
            if inverse & (inverse + 1) == 0:
                return 32 - inverse.bit_length()
    return None


def _read_range(text: str) -> list[str]:
    """The networks that together are the range `first-last`."""
    first, _, last = _LEADING_ZEROS.sub(r"\1", text, count=1).partition("-")
    try:
        start, end = ipaddress.ip_address(first.strip()), ipaddress.ip_address(last.strip())
        return [str(network) for network in ipaddress.summarize_address_range(start, end)]
    except (ValueError, TypeError) as error:
        raise BadNetwork(f"illegal IP range '{text}'") from error


def read_network(text: str) -> list[Network]:
    """The entries that one word of a `*_networks` line stands for; more than one only for a range.

    Understood are `[addr%scope]/len`, `addr/len`, `ipv4/mask`, IPv4 cut short after an octet (`10.1.`,
    `192.168/16`) and `first-last`, each with an optional `!` before it. Raises `BadNetwork`.
    """
    body = text.lstrip()
    exclude = body.startswith("!")
    if exclude:
        body = body[1:].lstrip()
    if "-" in body:
        return [_read_one(part, exclude, text) for part in _read_range(body)]
    return [_read_one(body, exclude, text)]


def _read_one(body: str, exclude: bool, text: str) -> Network:
    address, slash, mask_text = body.partition("/")
    if address.startswith("[") and address.endswith("]") and "]" not in address[1:-1]:
        address = address[1:-1]
    address = _SCOPE.sub("", address)
    bad = BadNetwork(f"illegal IP address given: '{text}'")
    if address.lower() in _NAMED and not slash:
        first, length = _NAMED[address.lower()]
        mask = _prefix_mask(length)
        return Network(first & mask, mask, exclude, text)
    partial = _PARTIAL_IPV4.match(address)
    if partial:
        octets = [octet for octet in partial.groups() if octet is not None]
        if any(len(octet) > 20 or int(octet) > 255 for octet in octets):
            raise bad
        number = _MAPPED | int.from_bytes(bytes([*map(int, octets), *([0] * (4 - len(octets)))]), "big")
        bits, default = 32, 8 * len(octets)
    else:
        found = address_number(address) if ":" in address else None
        if found is None:
            raise bad
        number, bits, default = found, 128, 128
    length_said = _mask_length(mask_text, bits) if slash else default
    if length_said is None:
        raise bad
    mask = _prefix_mask(length_said + 128 - bits)
    return Network(number & mask, mask, exclude, text)


class IPSet:
    """Networks in the order they were given; addresses are looked up in that order.

    Not to be changed any more once it is shared: build it while the configuration loads, then only ask.
    """

    __slots__ = ("_cache", "_index", "_indexed", "_networks")

    def __init__(self, networks: Iterable[str] = ()) -> None:
        self._networks: list[Network] = []
        self._cache: dict[str | bytes, bool] = {}
        self._index: dict[int, dict[int, int]] = {}
        """By mask and first address the place of the first such entry, for as many entries as `_indexed` says."""
        self._indexed = 0
        for network in networks:
            self.add(network)

    def add(self, text: str) -> bool:
        """Append the network `text` says; False where an earlier entry already covers all of it.

        Raises `BadNetwork` and changes nothing where `text` is no network.
        """
        added = False
        for network in read_network(text):
            # Telling of needless entries is a service, not worth quadratic time for long lists.
            checked = self._networks if len(self._networks) < _CHECKED_ENTRIES else ()
            if not any(earlier.covers(network) for earlier in checked):
                self._networks.append(network)
                added = True
        self._cache.clear()
        return added

    def contains(self, ip: str | bytes) -> bool:
        """Whether the address `ip` is in the set; what is no address never is."""
        known = self._cache.get(ip)
        if known is not None:
            return known
        answer = False
        number = address_number(ip) if self._networks else None
        if number is not None:
            for network in self._networks:
                if number & network.mask == network.first:
                    answer = not network.exclude
                    break
        if len(self._cache) >= _CACHE_LIMIT:
            self._cache.clear()
        self._cache[ip] = answer
        return answer

    def contains_network(self, network: Network) -> bool:
        """Whether the first entry that covers all of `network` includes it."""
        if self._indexed != len(self._networks):
            self._index = {}
            for place, entry in enumerate(self._networks):
                self._index.setdefault(entry.mask, {}).setdefault(entry.first, place)
            self._indexed = len(self._networks)
        found = (
            places.get(network.first & mask)
            for mask, places in self._index.items()
            if mask & network.mask == mask
        )
        first = min((place for place in found if place is not None), default=None)
        return first is not None and not self._networks[first].exclude

    def outside(self, other: "IPSet") -> tuple[Network, ...]:
        """The including entries of this set which `other` does not contain."""
        return tuple(net for net in self._networks if not net.exclude and not other.contains_network(net))

    def without(self, networks: Iterable[Network]) -> "IPSet":
        """A copy of this set that lacks `networks`."""
        dropped = set(networks)
        copy = IPSet()
        copy._networks = [network for network in self._networks if network not in dropped]
        return copy

    def copy(self) -> "IPSet":
        """A set with the same entries that can be changed on its own."""
        copy = IPSet()
        copy._networks = list(self._networks)
        return copy

    def since(self, count: int) -> list[Network]:
        """The entries after the first `count`, in order."""
        return self._networks[count:]

    @property
    def networks(self) -> tuple[Network, ...]:
        """The entries, in order."""
        return tuple(self._networks)

    def __len__(self) -> int:
        return len(self._networks)

    def __contains__(self, ip: str | bytes) -> bool:
        return self.contains(ip)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, IPSet) and self._networks == other._networks

    def __hash__(self) -> int:
        return hash(tuple(self._networks))

    def __repr__(self) -> str:
        return f"IPSet({[network.text for network in self._networks]!r})"


def with_loopback() -> IPSet:
    """The set that `trusted_networks` and `internal_networks` start from: 127.0.0.0/8 and ::1."""
    return IPSet(("127.0.0.0/8", "::1"))
