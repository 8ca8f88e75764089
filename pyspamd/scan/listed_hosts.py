"""The hosts of the message being judged that a DNS list is asked about, as the name of a rule's set chooses them.

Source: Mail::SpamAssassin::Conf on `check_rbl`; Mail::SpamAssassin::Plugin::DNSEval, which looks at them in this order.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from ..base.ip_text import IP_ADDRESS, is_private
from ..conf.core_network import ORIGINATING_IP_HEADERS
from .scan import Scan

MOST_HOSTS: Final = 9
"""How many hosts are looked up at most for one rule."""

_ADDRESSES = re.compile(IP_ADDRESS)
_CHOICE = re.compile(r"-(notfirsthop|lastexternal|firsttrusted|untrusted)\n?\Z")


@dataclass(frozen=True, slots=True)
class _Hosts:
    """The addresses of a message: of all hosts outside, of untrusted ones, and of the originating host."""

    external: tuple[bytes, ...]
    untrusted: tuple[bytes, ...]
    originating: tuple[bytes, ...]


def chosen_hosts(scan: Scan, set_name: str, *, nice: bool) -> list[bytes]:
    """The addresses to look up, the one nearest to us first unless the set's name chooses none.

    For rules that speak for a message (`nice`) trusted hosts count too.
    """
    hosts = scan.once(_Hosts, lambda: _find_hosts(scan))
    if not hosts.untrusted and not hosts.originating:
        return []
    found = _CHOICE.search(set_name)
    trusted = scan.reading.networks.trusted
    if found and found[1] in ("notfirsthop", "lastexternal"):
        ips = _public(hosts.external)
        ips = ips[:1] if found[1] == "lastexternal" else ips[: max(len(ips) - 1, 1)]
    else:
        ips = _public((*hosts.untrusted, *(ip for ip in hosts.originating if not trusted.contains(ip))))
        if found:
            ips = ips[:1] if found[1] == "firsttrusted" else ips[1:]
        else:
            ips.reverse()
    del ips[MOST_HOSTS:]
    if not nice:
        while ips and trusted.contains(ips[0]):
            del ips[0]
    return ips


def _find_hosts(scan: Scan) -> _Hosts:
    untrusted = [relay.ip for relay in scan.relays.untrusted]
    external = [relay.ip for relay in scan.relays.trusted if not relay.internal] + untrusted
    originating: list[bytes] = []
    for header in ORIGINATING_IP_HEADERS.of(scan.conf):
        originating += _ADDRESSES.findall(scan.get(header) or b"")
    return _Hosts(tuple(external), tuple(_public(untrusted)), tuple(originating))


def _public(addresses: Iterable[bytes]) -> list[bytes]:
    """Each address once, without private ones."""
    return [ip for ip in dict.fromkeys(addresses) if ip not in (b"", b"0") and not is_private(ip)]
