"""URIDNSBL: looks up the domains and addresses that a message's URIs lead to in DNS lists.

    urirhssub            ON_DOMAIN_LIST  domains.example.  A  127.0.1.2
    body                 ON_DOMAIN_LIST  eval:check_uridnsbl('ON_DOMAIN_LIST')
    tflags               ON_DOMAIN_LIST  net domains_only
    uridnssub            ON_HOST_LIST    hosts.example.    A  0x10
    body                 ON_HOST_LIST    eval:check_uridnsbl('ON_HOST_LIST')
    tflags               ON_HOST_LIST    net a
    uridnsbl_skip_domain example.com example.net

`urirhsbl` asks for the domain of a URI, `uridnsbl` for addresses, `urinsrhsbl` for the domain of its name
servers, `urifullnsrhsbl` for their full names; each has a form with a test on the answer.
"""

import random
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Final, Literal

from ..base.idn import idn_to_ascii
from ..base.ip_text import is_private, reverse_address
from ..conf.ascii import lower
from ..conf.directives import Action, BadValue, Bool, Build, Custom, Int, required, shorten
from ..conf.lists import EMPTY, RemoveWords, frozen_table
from ..mail.uris import UriDetail
from ..net.codes import CodeTest, address_value, parse_code_test
from ..net.resolver import Answer
from ..ruleset.program import Program
from ..scan.lookups import Lookups, lookups_of
from ..scan.plugin import Plugin, Reads, eval_test
from ..scan.scan import Scan
from ..scan.skip_domains import SKIP_DOMAINS

Kind = Literal["domain", "address", "ns_domain", "ns_name"]

_SIMPLE = re.compile(r"(\w+)\s+(\S+)\s+(\S+)", re.ASCII)
_WITH_TEST = re.compile(r"(\w+)\s+(\S+)\s+(\S+)\s+(.*?)\s*", re.ASCII | re.DOTALL)
_FOUR_NUMBERS = re.compile(r"[0-9]+(?:\.[0-9]+){3}")
_OCTET = r"(?:1[0-9][0-9]|2[0-4][0-9]|25[0-5]|[1-9]?[0-9])"
_IPV4 = re.compile(rf"{_OCTET}(?:\.{_OCTET}){{3}}")
_WORST_RANK = 5


@dataclass(frozen=True, slots=True)
class UriList:
    """A list that one rule asks: where, for which type of record, about what, and with what test."""

    zone: str
    type: str
    kind: Kind
    test: CodeTest | None = None

    def matches(self, data: str, value: int | None) -> bool:
        """Whether an answer counts: its text, and its value where it is an address."""
        if self.test is None:
            return value is None or data.startswith("127.")
        return self.test.text == data or self.test.matches(value or 0)


def _read_list(kind: Kind, tested: bool, table: dict[str, UriList], text: str) -> None:
    found = (_WITH_TEST if tested else _SIMPLE).fullmatch(required(text))
    if found is None:
        wanted = (
            "a rule, a zone, a type of record and a test" if tested else "a rule, a zone, a type of record"
        )
        raise BadValue(f"takes {wanted}, not '{shorten(text)}'")
    test = None
    if tested:
        test = parse_code_test(found[4], strict=True)
        if test is None:
            raise BadValue(f"cannot use the test '{shorten(found[4])}'")
    table[found[1]] = UriList(found[2].removesuffix("."), found[3].upper(), kind, test)


def _first(table: dict[str, UriList], text: str, build: Build) -> dict[str, UriList]:
    _read_list("address", False, table, text)
    return table


URI_LISTS: Final = Custom(
    "uridnsbl", EMPTY, _first, thaw=dict, freeze=frozen_table, privileged=True, setting="uridnsbls"
)
"""The lists that rules ask, by rule; lines of all the directives fill it."""


def _other(name: str, kind: Kind, *, tested: bool) -> Action:
    def act(text: str, build: Build) -> None:
        _read_list(kind, tested, build.container(URI_LISTS), text)

    return Action(name, act, privileged=True)


def _obsolete(text: str, build: Build) -> None:
    build.warn("uridnsbl_timeout is obsolete; use rbl_timeout.")


SKIP_URIBL_CHECKS: Final = Bool("skip_uribl_checks", default=False)
SKIP_MAILTO: Final = Bool("uridnsbl_skip_mailto", default=True, admin_only=True)
MOST_DOMAINS: Final = Int("uridnsbl_max_domains", 20, admin_only=True)


@dataclass(frozen=True, slots=True)
class Target:
    """The rules that ask the same list the same thing, with their lists."""

    zone: str
    type: str
    full_name: bool
    rules: tuple[tuple[str, UriList], ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """What one program asks: about every URI's domain, about those that are addresses or names only, and so on."""

    any_host: tuple[Target, ...]
    addresses_only: tuple[Target, ...]
    names_only: tuple[Target, ...]
    host_addresses: tuple[Target, ...]
    server_domains: tuple[Target, ...]
    server_names: tuple[Target, ...]
    by_servers: bool
    """Whether any rule wants to know of name servers."""


def _grouped(rules: Iterable[tuple[str, UriList, bool]]) -> tuple[Target, ...]:
    groups: dict[tuple[str, str, bool], list[tuple[str, UriList]]] = {}
    for name, asked, full_name in rules:
        groups.setdefault((asked.zone, asked.type, full_name), []).append((name, asked))
    return tuple(Target(*key, tuple(members)) for key, members in groups.items())


class URIDNSBL(Plugin):
    """SpamAssassin's URIDNSBL; the rules are those that its directives name."""

    directives = (
        SKIP_URIBL_CHECKS,
        SKIP_MAILTO,
        MOST_DOMAINS,
        URI_LISTS,
        _other("uridnssub", "address", tested=True),
        _other("urirhsbl", "domain", tested=False),
        _other("urirhssub", "domain", tested=True),
        _other("urinsrhsbl", "ns_domain", tested=False),
        _other("urinsrhssub", "ns_domain", tested=True),
        _other("urifullnsrhsbl", "ns_name", tested=False),
        _other("urifullnsrhssub", "ns_name", tested=True),
        SKIP_DOMAINS,
        RemoveWords("clear_uridnsbl_skip_domain", SKIP_DOMAINS, lower_case=True, all_if_empty=True),
        Action("uridnsbl_timeout", _obsolete),
    )
    features = frozenset(
        {
            "has_tflags_domains_only",
            "has_subtest_for_ranges",
            "has_uridnsbl_for_a",
            "has_uridnsbl_a_ns",
            "has_tflags_notrim",
            "has_uridnsbl_skip_mailto",
        }
    )

    _plan: tuple[Program, Plan] | None = None

    @eval_test(reads=Reads.HEADER | Reads.BODY | Reads.NETWORK, deferred=True)
    def check_uridnsbl(self, scan: Scan) -> None:
        """`(rule)`: a URI leads to what the rule's list has."""

    def _plan_of(self, scan: Scan) -> Plan:
        known = self._plan
        if known is None or known[0] is not scan.program:
            known = self._plan = scan.program, _make_plan(scan)
        return known[1]

    def check_dnsbl(self, scan: Scan) -> None:
        lookups = lookups_of(scan)
        if lookups is None or SKIP_URIBL_CHECKS.of(scan.conf):
            return
        hosts = _chosen_hosts(scan)
        names, domains = sorted(hosts), sorted(set(hosts.values()))
        scan.set_tag("URIHOSTS", names[0] if len(names) == 1 else names)
        scan.set_tag("URIDOMAINS", domains[0] if len(domains) == 1 else domains)
        if hosts:
            _Asking(scan, lookups, self._plan_of(scan)).hosts(hosts)


def _make_plan(scan: Scan) -> Plan:
    kinds: dict[str, list[tuple[str, UriList, bool]]] = {}
    by_servers = False
    for name, asked in URI_LISTS.of(scan.conf).items():
        if not scan.is_active(name):
            continue
        flags = scan.conf.tflags.get(name, ())
        kind: str = asked.kind
        if kind == "domain":
            only = next((flag for flag in ("ips_only", "domains_only") if flag in flags), "")
            kinds.setdefault(f"domain {only}", []).append((name, asked, "notrim" in flags))
            continue
        by_servers |= kind != "address" or "ns" in flags or "a" not in flags
        # The addresses of name servers are looked up only for rules that want those of hosts too: a rule
        # with `ns` alone never hits, in the original as well.
        if kind != "address" or "a" in flags:
            kinds.setdefault(kind, []).append((name, asked, False))
    return Plan(
        any_host=_grouped(kinds.get("domain ", ())),
        addresses_only=_grouped(kinds.get("domain ips_only", ())),
        names_only=_grouped(kinds.get("domain domains_only", ())),
        host_addresses=_grouped(kinds.get("address", ())),
        server_domains=_grouped(kinds.get("ns_domain", ())),
        server_names=_grouped(kinds.get("ns_name", ())),
        by_servers=by_servers,
    )


def _rank(detail: UriDetail) -> int:
    """How much a URI matters where there are too many: links with a text first, empty links last."""
    types = detail.types
    if "a" in types:
        return 0 if any(detail.anchor_text) else _WORST_RANK
    if "form" in types:
        return 1
    if "img" in types:
        return 2
    return 4 if "parsed" in types and len(types) == 1 else 3


def _chosen_hosts(scan: Scan) -> dict[str, str]:
    """The hosts to ask about with their domains, as many as `uridnsbl_max_domains` allows."""
    skipped = SKIP_DOMAINS.of(scan.conf)
    skip_mailto = SKIP_MAILTO.of(scan.conf)
    by_rank: list[dict[str, str]] = [{} for _ in range(_WORST_RANK + 1)]
    for uri, detail in scan.uri_details.items():
        if not detail.hosts or (skip_mailto and lower(uri[:7]) == "mailto:"):
            continue
        usable = {h: d for h, d in detail.hosts.items() if d not in skipped and h not in skipped}
        if usable:
            by_rank[_rank(detail)].update(usable)
    chosen: dict[str, str] = {}
    most = MOST_DOMAINS.of(scan.conf)
    for hosts in by_rank:
        new = [host for host in hosts if host not in chosen]
        if len(chosen) + len(new) > most:
            # A sender must not know which ones are looked up.
            new = random.SystemRandom().sample(new, max(most - len(chosen), 0))
        chosen.update((host, hosts[host]) for host in new)
    return chosen


class _Asking:
    """One message's look-ups."""

    __slots__ = ("lookups", "plan", "scan", "seen")

    def __init__(self, scan: Scan, lookups: Lookups, plan: Plan) -> None:
        self.scan, self.lookups, self.plan = scan, lookups, plan
        self.seen: set[object] = set()

    def _first_time(self, what: object) -> bool:
        if what in self.seen:
            return False
        self.seen.add(what)
        return True

    def hosts(self, hosts: dict[str, str]) -> None:
        """Ask about each host and its domain."""
        plan = self.plan
        for host, domain in hosts.items():
            host, domain = lower(host), lower(domain)
            if _FOUR_NUMBERS.fullmatch(host) or host.startswith("["):
                if not _is_public(host):
                    continue
                targets = plan.any_host + plan.addresses_only
                domain = host
            else:
                if plan.by_servers and self._first_time(("NS", domain)):
                    self.lookups.ask(domain, "NS", self.servers_found)
                if plan.host_addresses:
                    self.addresses(host)
                targets = plan.any_host + plan.names_only
            for target in targets:
                self.single(target, host if target.full_name else domain)

    def addresses(self, host: str) -> None:
        """Ask for a host's addresses, to ask about those."""
        if self._first_time(("A", host)):
            self.lookups.ask(host, "A", partial(self.addresses_found, idn_to_ascii(host)))

    def addresses_found(self, host: str, answer: Answer) -> None:
        """Ask about a host's addresses."""
        for address in answer.records:
            for target in self.plan.host_addresses:
                self.single(target, address, host)

    def servers_found(self, answer: Answer) -> None:
        """Ask about a domain's name servers."""
        plan = self.plan
        for server in map(lower, answer.records):
            domain = server
            if _FOUR_NUMBERS.fullmatch(server) or ":" in server:
                if not _is_public(server):
                    continue
            else:
                if plan.host_addresses:
                    self.addresses(server)
                domain = self.scan.reading.registry.trim_domain(server)
            for target in plan.server_domains:
                self.single(target, domain)
            for target in plan.server_names:
                self.single(target, server)

    def single(self, target: Target, what: str, host: str | None = None) -> None:
        """Ask a list about a domain, or about an address that `host` has."""
        what = idn_to_ascii(what)
        if not self._first_time((target, what)):
            return
        turned = (reverse_address(what.encode()) or b"").decode() if _FOUR_NUMBERS.fullmatch(what) else what
        subject = what if host is None else f"{host}/{what}"
        self.lookups.ask(
            f"{turned}.{target.zone}",
            target.type,
            partial(self.listed, target, subject),
            (name for name, _ in target.rules),
            zone=target.zone,
        )

    def listed(self, target: Target, subject: str, answer: Answer) -> None:
        """Report the rules whose test an answer passes."""
        for record in answer.found:
            value = address_value(record.data) if record.type == "A" else None
            if value is None and record.type != "TXT":
                continue
            for name, asked in target.rules:
                if asked.matches(record.data, value):
                    self.scan.log(name, f"URI: {subject}")
                    self.scan.hit(name)


def _is_public(address: str) -> bool:
    return _IPV4.fullmatch(address) is not None and not is_private(address.encode("latin-1", "replace"))
