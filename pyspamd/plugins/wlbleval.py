"""WLBLEval: welcome lists and block lists of senders, recipients and URI hosts.

welcomelist_from_rcvd *@example.com example.net
blocklist_from        *@spam.example
header   USER_IN_WELCOMELIST eval:check_from_in_welcomelist()
header   USER_IN_BLOCKLIST   eval:check_from_in_blocklist()
"""

import ipaddress
import logging
import re
from collections.abc import Iterable, Mapping, Sequence

from ..conf.address_patterns import AddressPatterns
from ..conf.core_addresses import (
    ALL_SPAM_TO,
    BLOCKLIST_FROM,
    BLOCKLIST_TO,
    DEF_WELCOMELIST_FROM_RCVD,
    MORE_SPAM_TO,
    URI_HOST_LISTS,
    WELCOMELIST_ALLOWS_RELAYS,
    WELCOMELIST_FROM,
    WELCOMELIST_FROM_RCVD,
    WELCOMELIST_TO,
)
from ..mail.relay import Relay
from ..scan.plugin import Plugin, Reads, eval_test
from ..scan.scan import Scan

logger = logging.getLogger(__name__)

_ADDRESS_LITERAL = re.compile(r"\[(.*)\](/\d{1,3})?\Z", re.DOTALL)
_QUAD = re.compile(r"\d+\.\d+\.\d+\.\d+\Z")
_CLASSFUL = re.compile(r"[\d.]+\Z")
_SENDER_DOMAIN = re.compile(rb"@([^@]+\.[^@]+)\Z")
LISTED, FORGED, UNLISTED = 1, -1, 0
MOST_PARENTS = 10


def _any_matches(patterns: AddressPatterns[None], addresses: Iterable[bytes]) -> bool:
    return any(patterns.matches(address) for address in addresses)


class _Origins:
    """The relays that the mail may be taken from, each place asked about once however many senders ask."""

    def __init__(self, relays: Sequence[Relay]) -> None:
        self.relays = relays
        names = b"\n".join(dict.fromkeys(b"." + relay.lc_rdns for relay in relays))
        self._names = names + b"\n" if relays else b""
        self._known: dict[str, bool] = {}

    def include(self, where: str) -> bool:
        """Whether one is at the given place: a domain, or an address or network in brackets."""
        known = self._known.get(where)
        if known is None:
            known = self._known[where] = self._include(where)
        return known

    def _include(self, where: str) -> bool:
        literal = _ADDRESS_LITERAL.match(where)
        if literal:
            wanted = literal.group(1) + (literal.group(2) or "")
            return any(relay.ip and _in_network(relay.ip.decode("latin-1"), wanted) for relay in self.relays)
        return b".%b\n" % where.lower().encode("latin-1", "replace") in self._names


def _in_network(ip: str, wanted: str) -> bool:
    if _QUAD.match(wanted):
        return ip == wanted
    if _CLASSFUL.match(wanted):
        return ip.startswith(wanted.rstrip(".") + ".")
    try:
        return ipaddress.ip_address(ip) in ipaddress.ip_network(wanted, strict=False)
    except ValueError:
        return False


def _origins(scan: Scan) -> _Origins:
    """The relay that handed the mail to a trusted host, or all trusted ones where there was no other."""
    relays = scan.relays
    return scan.once("origins", lambda: _Origins(relays.untrusted[:1] or relays.trusted))


def _standing(scan: Scan, patterns: AddressPatterns[tuple[str, ...]], address: bytes) -> int:
    """LISTED where a pattern matches and a relay fits it, FORGED where the pattern matches alone."""
    origins = _origins(scan)
    if not origins.relays:
        return UNLISTED
    found = UNLISTED
    for pattern in patterns.matching(address):
        for where in patterns[pattern]:
            if origins.include(where):
                return LISTED
            found = FORGED
    if found == FORGED and WELCOMELIST_ALLOWS_RELAYS.of(scan.conf).matches(address):
        return UNLISTED
    return found


def _sender_standing(scan: Scan) -> int:
    welcome, relayed = WELCOMELIST_FROM.of(scan.conf), WELCOMELIST_FROM_RCVD.of(scan.conf)
    found = UNLISTED
    for address in scan.from_addresses:
        standing = LISTED if welcome.matches(address) else _standing(scan, relayed, address)
        if standing == LISTED:
            return LISTED
        found = standing or found
    return found


def _default_standing(scan: Scan) -> int:
    patterns = DEF_WELCOMELIST_FROM_RCVD.of(scan.conf)
    found = UNLISTED
    for address in scan.from_addresses:
        standing = _standing(scan, patterns, address)
        if standing == LISTED:
            return LISTED
        found = standing or found
    return found


def _listed_hosts(scan: Scan) -> Mapping[str, str]:
    """By list, a host of the message's URIs that is on it."""
    lists = URI_HOST_LISTS.of(scan.conf)
    found: dict[str, str] = {}
    seen: set[str] = set()
    if not lists:
        return found
    for uri, detail in scan.uri_details.items():
        if uri[:7].lower() == "mailto:":
            continue
        for host in detail.hosts:
            if host in seen:
                continue
            seen.add(host)
            keys = _host_keys(host)
            for name, hosts in lists.items():
                key = next((key for key in keys if key in hosts), None)
                if key is not None and hosts[key]:
                    found[name] = host if key == host else f"{host} ({key})"
    return found


def _host_keys(host: str) -> list[str]:
    if host.startswith("[") and host.endswith("]"):
        return [host[1:-1]]
    if _QUAD.match(host) or not host:
        return [host] if host else []
    labels = host.split(".")
    return [".".join(labels[start:]) for start in range(len(labels))][-MOST_PARENTS - 1 :]


class WLBLEval(Plugin):
    """SpamAssassin's WLBLEval, test for test, under its new and its old names."""

    eval_area = "header"

    @eval_test(reads=Reads.HEADER)
    def check_from_in_blocklist(self, scan: Scan) -> bool:
        """A sender address is on `blocklist_from`."""
        return _any_matches(BLOCKLIST_FROM.of(scan.conf), scan.from_addresses)

    @eval_test(reads=Reads.HEADER)
    def check_to_in_blocklist(self, scan: Scan) -> bool:
        """A recipient is on `blocklist_to`."""
        return _any_matches(BLOCKLIST_TO.of(scan.conf), scan.to_addresses)

    @eval_test(reads=Reads.HEADER)
    def check_to_in_welcomelist(self, scan: Scan) -> bool:
        """A recipient is on `welcomelist_to`."""
        return _any_matches(WELCOMELIST_TO.of(scan.conf), scan.to_addresses)

    @eval_test(reads=Reads.HEADER)
    def check_to_in_more_spam(self, scan: Scan) -> bool:
        """A recipient is on `more_spam_to`."""
        return _any_matches(MORE_SPAM_TO.of(scan.conf), scan.to_addresses)

    @eval_test(reads=Reads.HEADER)
    def check_to_in_all_spam(self, scan: Scan) -> bool:
        """A recipient is on `all_spam_to`."""
        return _any_matches(ALL_SPAM_TO.of(scan.conf), scan.to_addresses)

    @eval_test(reads=Reads.HEADER)
    def check_from_in_list(self, scan: Scan, name: str = "") -> bool:
        """A sender address is on the named list."""
        return self._in_list(scan, name, scan.from_addresses)

    @eval_test(reads=Reads.HEADER)
    def check_to_in_list(self, scan: Scan, name: str = "") -> bool:
        """A recipient is on the named list."""
        return self._in_list(scan, name, scan.to_addresses)

    @eval_test(reads=Reads.HEADER)
    def check_replyto_in_list(self, scan: Scan, name: str = "") -> bool:
        """The Reply-To address is on the named list."""
        address = scan.get("Reply-To:addr")
        return bool(address) and self._in_list(scan, name, [address or b""])

    @staticmethod
    def _in_list(scan: Scan, name: str, addresses: Iterable[bytes]) -> bool:
        patterns = scan.conf.address_list(name)
        if patterns is None:
            logger.warning("there is no address list %s; enlist_addrlist (%s) makes one", name, name)
            return False
        return _any_matches(patterns, addresses)

    @eval_test(reads=Reads.HEADER)
    def check_from_in_welcomelist(self, scan: Scan) -> bool:
        """A sender is on `welcomelist_from`, or on `welcomelist_from_rcvd` and came by the right host."""
        return scan.once("sender standing", lambda: _sender_standing(scan)) == LISTED

    @eval_test(reads=Reads.HEADER)
    def check_forged_in_welcomelist(self, scan: Scan) -> bool:
        """A sender is on `welcomelist_from_rcvd` but came by another host, and is on no default list."""
        standing = scan.once("sender standing", lambda: _sender_standing(scan))
        return standing == FORGED and self._default(scan) == UNLISTED

    @eval_test(reads=Reads.HEADER)
    def check_from_in_default_welcomelist(self, scan: Scan) -> bool:
        """A sender is on `def_welcomelist_from_rcvd` and came by the right host."""
        return self._default(scan) == LISTED

    @eval_test(reads=Reads.HEADER)
    def check_forged_in_default_welcomelist(self, scan: Scan) -> bool:
        """A sender is on `def_welcomelist_from_rcvd` but came by another host, and is on no list of one's own."""
        own = scan.once("sender standing", lambda: _sender_standing(scan))
        return self._default(scan) == FORGED and own == UNLISTED

    @staticmethod
    def _default(scan: Scan) -> int:
        return scan.once("sender default standing", lambda: _default_standing(scan))

    @eval_test(reads=Reads.HEADER)
    def check_mailfrom_matches_rcvd(self, scan: Scan) -> bool:
        """The envelope sender's registered domain is that of a host the mail was taken from."""
        found = _SENDER_DOMAIN.search(scan.get("EnvelopeFrom:addr") or b"")
        if not found:
            return False
        registry = scan.reading.registry
        domain = registry.split_domain(found.group(1).lower())[1]
        return any(
            relay.rdns and registry.split_domain(relay.lc_rdns)[1] == domain
            for relay in _origins(scan).relays
        )

    @eval_test(reads=Reads.HEADER | Reads.BODY)
    def check_uri_host_listed(self, scan: Scan, name: str = "", *, rule: str = "") -> bool:
        """A URI's host, or a domain above it, is on the named list."""
        host = scan.once("listed URI hosts", lambda: _listed_hosts(scan)).get(name)
        if host and rule:
            scan.log(rule, f"URI: {host}")
        return bool(host)

    @eval_test(reads=Reads.HEADER | Reads.BODY, area="any")
    def check_uri_host_in_blocklist(self, scan: Scan, *, rule: str = "") -> bool:
        """A URI's host is on `blocklist_uri_host`."""
        return self.check_uri_host_listed(scan, "BLOCK", rule=rule)

    @eval_test(reads=Reads.HEADER | Reads.BODY, area="any")
    def check_uri_host_in_welcomelist(self, scan: Scan, *, rule: str = "") -> bool:
        """A URI's host is on `welcomelist_uri_host`."""
        return self.check_uri_host_listed(scan, "WELCOME", rule=rule)

    check_from_in_blacklist = check_from_in_blocklist
    check_to_in_blacklist = check_to_in_blocklist
    check_to_in_whitelist = check_to_in_welcomelist
    check_from_in_whitelist = check_from_in_welcomelist
    check_forged_in_whitelist = check_forged_in_welcomelist
    check_from_in_default_whitelist = check_from_in_default_welcomelist
    check_forged_in_default_whitelist = check_forged_in_default_welcomelist
    check_uri_host_in_blacklist = check_uri_host_in_blocklist
    check_uri_host_in_whitelist = check_uri_host_in_welcomelist
