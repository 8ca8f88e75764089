"""Core directives about networks, DNS and domain names.

Source: Mail::SpamAssassin::Conf, "NETWORK TEST OPTIONS" and the registry boundary settings.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from ..base.idn import idn_to_ascii
from ..base.ipset import address_number
from .ascii import head, lower, words
from .directives import (
    SECONDS,
    Action,
    BadValue,
    Bool,
    Build,
    Clear,
    Custom,
    Directive,
    Duration,
    Float,
    NoArgs,
    required,
    shorten,
)
from .lists import EMPTY, Words, frozen_table
from .networks import LOOPBACK, Networks
from .ports import LocalPorts, avoid_ports, no_ports, permit_ports

TRUSTED_NETWORKS: Final = Networks("trusted_networks", LOOPBACK)
INTERNAL_NETWORKS: Final = Networks("internal_networks", LOOPBACK)
MSA_NETWORKS: Final = Networks("msa_networks")
ORIGINATING_IP_HEADERS: Final = Words("originating_ip_headers", unique=True)
ALWAYS_TRUST_ENVELOPE_SENDER: Final = Bool("always_trust_envelope_sender", default=False)
SKIP_RBL_CHECKS: Final = Bool("skip_rbl_checks", default=False)
DNS_TEST_INTERVAL: Final = Duration("dns_test_interval", default=600.0)
DNS_BLOCK_TIME: Final = Float("dns_block_time", default=300.0, admin_only=True)

_SERVER: Final = re.compile(r"(?:\[([^\]]*)\]|([^:]*)):([0-9]+)", re.DOTALL)
_SERVER_ALONE: Final = re.compile(
    r"(?:\[([^\]]*)\]|([0-9A-F.:]+(?:%[A-Z0-9._~-]*)?))", re.IGNORECASE | re.DOTALL | re.ASCII
)
_SCOPE: Final = re.compile(r"%[A-Z0-9._~-]*\Z", re.IGNORECASE | re.ASCII)
_TEST: Final = re.compile(r"test(?::[ \t\n\r\f\v]*[^ \t\n\r\f\v][^\n]*)?")
_DOMAIN: Final = re.compile(r"[a-z0-9_.-]+")
_EDNS: Final = re.compile(r"edns0?(?:=([0-9]{1,9}))?")
_DNS_OPTION: Final = re.compile(r"(no)?(rotate|dns0x20|v4|v6)")
_TIMEOUT: Final = re.compile(
    r"(\+?[0-9]+(?:\.[0-9]*)?)([smhdw])?"
    r"(?:[ \t\n\r\f\v]+(\+?[0-9]+(?:\.[0-9]*)?)([smhdw])?)?"
    r"(?:[ \t\n\r\f\v]+([^ \t\n\r\f\v]*[a-zA-Z]))?",
    re.IGNORECASE | re.ASCII,
)


def _dns_available(value: str, text: str, build: Build) -> str:
    if text in ("yes", "1"):
        return "yes"
    if text in ("no", "0"):
        return "no"
    if _TEST.fullmatch(text):
        return text
    raise BadValue(f"takes yes, no or test, not '{shorten(text)}'")


def _dns_server(servers: list[str], text: str, build: Build) -> list[str]:
    found = _SERVER.fullmatch(text) or _SERVER_ALONE.fullmatch(text)
    if found is None:
        raise BadValue(f"takes an address, perhaps with a port, not '{shorten(text)}'")
    address = found[1] if found[1] is not None else found[2]
    port = found[3] if found.re is _SERVER else "53"
    if address_number(_SCOPE.sub("", address)) is None or len(port) > 5 or not 1 <= int(port) <= 65535:
        raise BadValue(f"takes an IP address and a port, not '{shorten(text)}'")
    servers.append(f"[{address}]:{port}")
    return servers


def _dns_options(options: dict[str, int], text: str, build: Build) -> dict[str, int]:
    for option in re.split(r"[ \t\n\r\f\v,]+", lower(text)):
        if found := _EDNS.fullmatch(option):
            options["edns"] = int(found[1] or 0) or 1220
            if options["edns"] < 512:
                raise BadValue(f"needs a size of at least 512 for edns, not {options['edns']}")
        elif found := _DNS_OPTION.fullmatch(option):
            options[found[2]] = 0 if found[1] else 1
        elif option in ("noedns", "noedns0"):
            options["edns"] = 0
        else:
            raise BadValue(f"does not know '{shorten(option)}'")
    return options


def _strip_dots(domain: str) -> str:
    return domain.removeprefix(".").removesuffix(".")


def _query_restriction(table: dict[str, bool], text: str, build: Build) -> dict[str, bool]:
    verb, rest = head(text)
    if lower(verb) not in ("allow", "deny") or not rest:
        raise BadValue("needs allow or deny, then domains")
    table.update({lower(_strip_dots(domain)): lower(verb) == "deny" for domain in words(rest)})
    return table


def _block_rule(table: dict[str, set[str]], text: str, build: Build) -> dict[str, set[str]]:
    rule, rest = head(text)
    if not rest:
        raise BadValue("needs a rule's name, then domains")
    for domain in map(_strip_dots, words(lower(rest))):
        if not _DOMAIN.fullmatch(domain):
            raise BadValue(f"cannot take the domain '{shorten(domain)}'")
        table.setdefault(rule, set()).add(domain)
    return table


DNS_AVAILABLE: Final = Custom[str]("dns_available", "yes", _dns_available)
DNS_SERVERS: Final = Custom[tuple[str, ...]](
    "dns_server", (), _dns_server, thaw=list, freeze=tuple, setting="dns_servers"
)
"""Name servers as `[address]:port`; empty for the system's."""

DNS_OPTIONS: Final = Custom[Mapping[str, int]](
    "dns_options",
    frozen_table({"v4": 1, "v6": 1, "rotate": 0, "dns0x20": 0, "edns": 4096}),
    _dns_options,
    thaw=dict,
    freeze=frozen_table,
)
DNS_QUERY_RESTRICTION: Final = Custom[Mapping[str, bool]](
    "dns_query_restriction", EMPTY, _query_restriction, thaw=dict, freeze=frozen_table
)
"""Whether queries below a domain are denied, by domain."""

DNS_BLOCK_RULE: Final = Custom[Mapping[str, frozenset[str]]](
    "dns_block_rule",
    EMPTY,
    _block_rule,
    thaw=lambda table: {rule: set(domains) for rule, domains in table.items()},
    freeze=lambda table: frozen_table({rule: frozenset(domains) for rule, domains in table.items()}),
    admin_only=True,
)
"""The domains that are left alone for a while once the rule hits, by rule."""

LOCAL_PORTS: Final = Custom[LocalPorts](
    "dns_local_ports_permit", LocalPorts(), permit_ports, admin_only=True, setting="dns_local_ports"
)


def _avoid(text: str, build: Build) -> None:
    build.replace(LOCAL_PORTS, avoid_ports(build.container(LOCAL_PORTS), text))


def _none(build: Build) -> None:
    build.replace(LOCAL_PORTS, no_ports())


@dataclass(frozen=True, slots=True)
class LookupTimeouts:
    """How long a DNS answer is waited for, in seconds: at most, at least (`None`: not set), and by zone."""

    longest: float = 15.0
    shortest: float | None = None
    by_zone: Mapping[str, tuple[float, float | None]] = field(default_factory=dict)


def _rbl_timeout(value: LookupTimeouts, text: str, build: Build) -> LookupTimeouts:
    found = _TIMEOUT.fullmatch(required(text))
    if found is None:
        raise BadValue(f"takes one or two time spans and perhaps a zone, not '{shorten(text)}'")
    longest = float(found[1]) * SECONDS[lower(found[2] or "")]
    shortest = float(found[3]) * SECONDS[lower(found[4] or "")] if found[3] is not None else None
    if found[5] is None:
        return LookupTimeouts(longest, value.shortest if shortest is None else shortest, value.by_zone)
    zone = lower(_strip_dots(found[5]))
    before = value.by_zone.get(zone, (0.0, None))[1]
    changed = {**value.by_zone, zone: (longest, before if shortest is None else shortest)}
    return LookupTimeouts(value.longest, value.shortest, frozen_table(changed))


RBL_TIMEOUT: Final = Custom[LookupTimeouts]("rbl_timeout", LookupTimeouts(), _rbl_timeout, admin_only=True)


class _Suffixes(Custom[frozenset[str]]):
    """`util_rb_tld` and its relatives: names of a fixed number of labels."""

    def __init__(self, name: str, setting: str, labels: int) -> None:
        shape = re.compile(r"\.".join([r"[^ \t\n\r\f\v.]+"] * labels))

        def add(known: set[str], text: str, build: Build) -> set[str]:
            found = words(required(text))
            for word in found:
                if not shape.fullmatch(word):
                    raise BadValue(f"takes names of {labels} label(s), not '{shorten(word)}'")
            known.update(map(idn_to_ascii, found))
            return known

        super().__init__(name, frozenset(), add, thaw=set, freeze=frozenset, admin_only=True, setting=setting)


VALID_TLDS: Final = _Suffixes("util_rb_tld", "valid_tlds", 1)
TWO_LEVEL_DOMAINS: Final = _Suffixes("util_rb_2tld", "two_level_domains", 2)
THREE_LEVEL_DOMAINS: Final = _Suffixes("util_rb_3tld", "three_level_domains", 3)

NETWORK_DIRECTIVES: Final[tuple[Directive[Any], ...]] = (
    TRUSTED_NETWORKS,
    Clear("clear_trusted_networks", TRUSTED_NETWORKS),
    INTERNAL_NETWORKS,
    Clear("clear_internal_networks", INTERNAL_NETWORKS),
    MSA_NETWORKS,
    Clear("clear_msa_networks", MSA_NETWORKS),
    ORIGINATING_IP_HEADERS,
    Clear("clear_originating_ip_headers", ORIGINATING_IP_HEADERS),
    ALWAYS_TRUST_ENVELOPE_SENDER,
    SKIP_RBL_CHECKS,
    DNS_AVAILABLE,
    DNS_SERVERS,
    Clear("clear_dns_servers", DNS_SERVERS),
    LOCAL_PORTS,
    Action("dns_local_ports_avoid", _avoid, admin_only=True),
    NoArgs("dns_local_ports_none", _none, admin_only=True),
    DNS_TEST_INTERVAL,
    DNS_OPTIONS,
    DNS_QUERY_RESTRICTION,
    Clear("clear_dns_query_restriction", DNS_QUERY_RESTRICTION, aliases=("clear_dns_query_restrictions",)),
    DNS_BLOCK_RULE,
    DNS_BLOCK_TIME,
    RBL_TIMEOUT,
    VALID_TLDS,
    TWO_LEVEL_DOMAINS,
    THREE_LEVEL_DOMAINS,
    Clear("clear_util_rb", VALID_TLDS, TWO_LEVEL_DOMAINS, THREE_LEVEL_DOMAINS),
)
