"""DNSEval: looks up the hosts that a message passed through, and its senders' domains, in DNS lists.

    header   __IN_LIST    eval:check_rbl('mylist-lastexternal', 'list.example.')
    header   LISTED_OPEN  eval:check_rbl_sub('mylist-lastexternal', '127.0.0.2')
    tflags   __IN_LIST    net
    tflags   LISTED_OPEN  net
    header   BAD_DOMAIN   eval:check_rbl_from_domain('domains', 'domains.example.', '^127\\.0\\.1\\.')
    tflags   BAD_DOMAIN   net domains_only

A set's name says which hosts are looked up: with `-lastexternal` the one that gave the message to us, with
`-notfirsthop` all but the one it started from, with `-firsttrusted` the first that no trusted host vouches
for, with `-untrusted` all behind that; otherwise all that are not trusted.
"""

import logging
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from ..base.ip_text import is_address, reverse_address
from ..base.registry import is_fqdn_valid
from ..conf.core_network import SKIP_RBL_CHECKS
from ..conf.directives import Str
from ..mail.correspondents import all_from_domains
from ..net.listings import Subtest, SubtestError, data_of, subject_of, subtest_of
from ..net.resolver import Answer, Record
from ..ruleset.program import Program
from ..scan.listed_hosts import chosen_hosts
from ..scan.lookups import MOST_NAMES, Lookups, lookups_of
from ..scan.plugin import Plugin, Reads, eval_test
from ..scan.scan import Scan

logger = logging.getLogger(__name__)

RBL_HEADERS: Final = Str(
    "rbl_headers",
    "EnvelopeFrom,Reply-To,Disposition-Notification-To,X-WebmailclientIP,X-Source-IP",
    privileged=True,
)
READS = Reads.HEADER | Reads.NETWORK

_HOST = re.compile(rb"@([^@\s]+)")
_DOTTED_HOST = re.compile(rb"@([^@\s]+\.[^@\s]+)")
_DOTS = re.compile(rb"\.\.+")
_ACCREDITOR = re.compile(rb"[@.]a--([a-z0-9]{3,})\.", re.IGNORECASE)
_LINK = re.compile(r"(?<![<(\[])(https?://\S+)", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, slots=True)
class ListRule:
    """A rule that looks something up: its name, its eval test and the test's arguments."""

    name: str
    function: str
    args: tuple[str, ...]
    subtest: Subtest | None
    """What an answer must be; `None` where any will do."""

    def argument(self, place: int) -> str:
        """An argument, empty where it is missing."""
        return self.args[place] if place < len(self.args) else ""


@dataclass(frozen=True, slots=True)
class Plan:
    """The rules of one program that look something up, and by set what `check_rbl_sub` tells of the answers."""

    rules: tuple[ListRule, ...]
    sets: dict[str, tuple[tuple[Subtest, str], ...]]


def _text(data: bytes) -> str:
    return data.decode("latin-1")


class DNSEval(Plugin):
    """SpamAssassin's DNSEval, test for test; `check_dnsbl` answers for all of them."""

    eval_area = "header"

    directives = (RBL_HEADERS,)
    features = frozenset({"has_tflags_domains_only", "has_tflags_ips_only"})

    _plan: tuple[Program, Plan] | None = None

    def _plan_of(self, scan: Scan) -> Plan:
        known = self._plan
        if known is None or known[0] is not scan.program:
            known = self._plan = scan.program, self._make_plan(scan)
        return known[1]

    def _make_plan(self, scan: Scan) -> Plan:
        rules: list[ListRule] = []
        sets: dict[str, list[tuple[Subtest, str]]] = {}
        own = self.eval_names()
        for stage in scan.program.stages:
            for rule in stage.evals.get("header", ()):
                if rule.call.function not in own:
                    continue
                function, args = rule.call.function, rule.call.args
                try:
                    if function == "check_rbl_sub":
                        if len(args) < 2:
                            raise SubtestError("check_rbl_sub needs a set and a subtest")
                        sets.setdefault(args[0], []).append((subtest_of(args[1]), rule.name))
                    elif function in _STARTS:
                        subtest = subtest_of(args[2]) if len(args) > 2 and args[2] else None
                        rules.append(ListRule(rule.name, function, args, subtest))
                except SubtestError as error:
                    logger.warning("%s: %s", scan.place_of(rule.name), error)
        return Plan(tuple(rules), {name: tuple(tests) for name, tests in sets.items()})

    def check_dnsbl(self, scan: Scan) -> None:
        lookups = lookups_of(scan)
        if lookups is None or SKIP_RBL_CHECKS.of(scan.conf):
            return
        plan = self._plan_of(scan)
        for rule in plan.rules:
            query = _Query(scan, lookups, rule, plan.sets.get(rule.argument(0), ()))
            _STARTS[rule.function](query)

    def check_post_dnsbl(self, scan: Scan) -> None:
        answers = _answers(scan)
        if answers:
            scan.set_tag("RBL", "\n".join(f"<{uri}> [{', '.join(data)}]" for uri, data in answers.items()))

    # What rules call; `check_dnsbl` does it

    @eval_test(reads=READS, deferred=True)
    def check_rbl(self, scan: Scan) -> None:
        """`(set, list [, subtest])`: a host's address is in the list."""

    @eval_test(reads=READS, deferred=True)
    def check_rbl_txt(self, scan: Scan) -> None:
        """`(set, list [, subtest])`: as `check_rbl`, asking for TXT records."""

    @eval_test(reads=READS, deferred=True)
    def check_rbl_sub(self, scan: Scan) -> None:
        """`(set, subtest)`: what another rule of that set asks for has an answer that passes the subtest."""

    @eval_test(reads=READS, deferred=True)
    def check_rbl_accreditor(self, scan: Scan) -> None:
        """`(set, list, subtest, accreditor)`: as `check_rbl`, if the message names the accreditor."""

    @eval_test(reads=READS, deferred=True)
    def check_rbl_from_host(self, scan: Scan) -> None:
        """`(set, list [, subtest])`: the host of a sender's address is in the list."""

    @eval_test(reads=READS, deferred=True)
    def check_rbl_from_domain(self, scan: Scan) -> None:
        """`(set, list [, subtest])`: the domain of a sender's address is in the list."""

    @eval_test(reads=READS, deferred=True)
    def check_rbl_envfrom(self, scan: Scan) -> None:
        """`(set, list [, subtest])`: the host of the envelope sender's address is in the list."""

    @eval_test(reads=READS, deferred=True)
    def check_rbl_ns_from(self, scan: Scan) -> None:
        """`(set, list [, subtest])`: the primary name server of the envelope sender's domain is in the list.

        As in the original, it is found only where the domain has no name servers of its own.
        """

    @eval_test(reads=READS, deferred=True)
    def check_rbl_rcvd(self, scan: Scan) -> None:
        """`(set, list [, subtest])`: the last untrusted relay's address or a name of it is in the list."""

    @eval_test(reads=READS, deferred=True)
    def check_rbl_headers(self, scan: Scan) -> None:
        """`(set, list [, subtest [, headers]])`: a host or address in one of the headers is in the list."""

    @eval_test(reads=READS, deferred=True)
    def check_dns_sender(self, scan: Scan) -> None:
        """Never true, and asks nothing: the original hits only on an answer that says there is none."""


def _answers(scan: Scan) -> dict[str, dict[str, None]]:
    """What lists have answered so far, by question; for the tag `RBL`."""
    return scan.once("rbl answers", dict)


@dataclass(frozen=True, slots=True)
class _Query:
    """One rule's look-ups for one message."""

    scan: Scan
    lookups: Lookups
    rule: ListRule
    subs: Sequence[tuple[Subtest, str]]

    @property
    def zone(self) -> str:
        """The list that is asked."""
        return self.rule.argument(1).rstrip(".")

    @property
    def flags(self) -> tuple[str, ...]:
        """The rule's tflags."""
        return self.scan.conf.tflags.get(self.rule.name, ())

    def ask(self, what: str, rdtype: str = "A") -> None:
        """Look `what` up in the list."""
        self.lookups.ask(f"{what}.{self.zone}", rdtype, self.listed, (self.rule.name,), zone=self.zone)

    # What to ask

    def hosts(self, rdtype: str = "A") -> None:
        """Look up the addresses of the hosts that the set's name chooses."""
        is_nice = "nice" in self.flags
        for ip in chosen_hosts(self.scan, self.rule.argument(0), nice=is_nice):
            turned = reverse_address(ip)
            if turned is not None:
                self.ask(_text(turned), rdtype)

    def accredited(self) -> None:
        """As `hosts`, if the message names the accreditor."""
        if self.rule.argument(3).encode("latin-1", "replace") in _accreditors(self.scan):
            self.hosts()

    def name_or_address(self, host: bytes) -> None:
        """Look up a host by its address turned round, or by its name if that may exist."""
        if is_address(host):
            turned = reverse_address(host)
            if "domains_only" not in self.flags and turned is not None:
                self.ask(_text(turned))
        elif (
            "ips_only" not in self.flags
            and is_fqdn_valid(host)
            and self.scan.reading.registry.is_domain_valid(host)
        ):
            self.ask(_text(host))

    def addresses(self, addresses: Iterable[bytes]) -> None:
        """Look up the hosts of mail addresses."""
        hosts: dict[bytes, None] = {}
        for address in addresses:
            found = _HOST.search(address)
            host = _DOTS.sub(b".", found[1].strip(b".")) if found else b""
            if b"." in host:
                hosts[host.lower()] = None
        for host in islice(hosts, MOST_NAMES):
            self.name_or_address(host)

    def relay(self) -> None:
        """Look up the names and the address of the last untrusted relay."""
        for relay in self.scan.relays.untrusted[-1:]:
            for host in dict.fromkeys((relay.ip, relay.by, relay.helo, relay.rdns)):
                host = host.removesuffix(b"\n")
                if host:
                    self.name_or_address(host if is_address(host) else host.removesuffix(b"."))

    def headers(self) -> None:
        """Look up the hosts that header fields name."""
        named = self.rule.argument(3) if len(self.rule.args) > 3 else RBL_HEADERS.of(self.scan.conf)
        for header in filter(None, named.split(",")):
            address = self.scan.get(f"{header}:addr")
            if address is not None and _HOST.search(address):
                self.addresses([address])
                continue
            lines = (self.scan.get(header) or b"").removesuffix(b"\n").split(b"\n")
            for host in islice(filter(None, lines), MOST_NAMES):
                self.name_or_address(host)

    def name_server(self) -> None:
        """Look up the primary name server of the envelope sender's domain."""
        for address in self.scan.values("EnvelopeFrom:addr"):
            found = _DOTTED_HOST.search(_DOTS.sub(b".", address))
            if found:
                self.lookups.ask(_text(found[1].lower()), "NS", self.name_server_found, (self.rule.name,))
                return

    def name_server_found(self, answer: Answer) -> None:
        """Look up the primary name server that an answer without name servers tells of."""
        for record in answer.authority:
            if record.type == "SOA":
                primary = record.data.partition(" ")[0].rstrip(".")
                if is_fqdn_valid(primary):
                    self.ask(primary)

    # What to make of the answer

    def listed(self, answer: Answer) -> None:
        """Report the rule and those of its set whose subtest an answer passes."""
        if not answer.found:
            return
        question = f"dns:{answer.name}" + ("" if answer.type == "A" else f"?type={answer.type}")
        told = _answers(self.scan).setdefault(question, {})
        subtest = self.rule.subtest
        for record in answer.found:
            data = data_of(record)
            told[_text(data)] = None
            if record.type == "A" and not data.startswith(b"127."):
                continue
            if subtest is None or subtest.matches(data):
                self.hit(self.rule.name, answer.name, record, data)
            for test, name in self.subs:
                if not self.scan.has_hit(name) and test.matches(data):
                    self.hit(name, answer.name, record, data)

    def hit(self, name: str, asked: str, record: Record, data: bytes) -> None:
        """Report a hit, and what it is about."""
        if not name.startswith("__"):
            text = _LINK.sub(r"<\1>", _text(data)) if record.type == "TXT" else subject_of(asked)
            if text:
                self.scan.log(name, text)
        if not self.scan.has_hit(name):
            self.scan.hit(name, area="RBL: ")


def _accreditors(scan: Scan) -> frozenset[bytes]:
    return scan.once("accreditors", lambda: _find_accreditors(scan))


def _find_accreditors(scan: Scan) -> frozenset[bytes]:
    """Who vouches for the sender: named in the envelope sender's host (`a--name.`) or in the field Accreditor."""
    found = _ACCREDITOR.search(scan.get("EnvelopeFrom:addr") or b"")
    names = {found[1].lower()} if found else set()
    for part in (scan.get("Accreditor") or b"").split(b","):
        names.update(word.lower() for word in part.split()[:1])
    return frozenset(names)


_STARTS: Final[dict[str, Callable[[_Query], None]]] = {
    "check_rbl": lambda query: query.hosts(),
    "check_rbl_txt": lambda query: query.hosts("TXT"),
    "check_rbl_accreditor": _Query.accredited,
    "check_rbl_from_host": lambda query: query.addresses(query.scan.from_addresses),
    "check_rbl_from_domain": lambda query: query.addresses(
        all_from_domains(query.scan.header_view, query.scan.reading.registry)
    ),
    "check_rbl_envfrom": lambda query: query.addresses(query.scan.values("EnvelopeFrom:addr")),
    "check_rbl_ns_from": _Query.name_server,
    "check_rbl_rcvd": _Query.relay,
    "check_rbl_headers": _Query.headers,
}
