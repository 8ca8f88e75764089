"""ASN: the autonomous system that the message came from, by file or by DNS, for rules and templates.

    asn_lookup       asn.routeviews.example  _ASN_ _ASNCIDR_
    asn_lookup_ipv6  origin6.asn.example     _ASN_ _ASNCIDR_
    header           FROM_SYSTEM_64496       eval:check_asn('/^AS64496\\b/')
    add_header       all ASN _ASN_ _ASNCIDR_

A file (GeoLite2-ASN) is asked first; with `asn_prefer_geodb 0` the DNS as well, which alone knows `_ASNCIDR_`.
"""

import logging
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Final

from ..base.ip_text import reverse_address
from ..conf.directives import BadValue, Bool, Build, Clear, Custom, required, shorten
from ..net.geodb import GeoDb
from ..net.resolver import Answer
from ..perlre.delimited import compile_delimited
from ..perlre.regex import Regex, RegexError
from ..scan.geo import geodb_of
from ..scan.lookups import lookups_of
from ..scan.plugin import Plugin, Reads, eval_test
from ..scan.scan import Scan

logger = logging.getLogger(__name__)

_LOOKUP = re.compile(r"(\S+?)\.?(?:\s+_(\S+)_\s+_(\S+)_)?", re.ASCII)
_QUOTED = re.compile(r"(['\"])(.*)\1", re.DOTALL)
_NUMBERS = re.compile(rb"(?:(?:^|\s+)(?:AS)?\d+)+\Z", re.IGNORECASE)
_BAR = re.compile(rb"\s*\|\s*")
_UNASSIGNED = re.compile(rb"/0+\Z")
_NO_SYSTEM = (b"0", b"4294967295")


@dataclass(frozen=True, slots=True)
class AsnLookup:
    """A zone to ask, and the tags for the numbers and for the routes that it tells."""

    zone: str
    number_tag: str
    route_tag: str


def _lookup(known: list[AsnLookup], text: str, build: Build) -> list[AsnLookup]:
    found = _LOOKUP.fullmatch(required(text))
    if found is None:
        raise BadValue(f"takes a zone and perhaps two tags, not '{shorten(text)}'")
    known.append(AsnLookup(found[1], found[2] or "ASN", found[3] or "ASNCIDR"))
    return known


def _prefix(value: str, text: str, build: Build) -> str:
    quoted = _QUOTED.fullmatch(text)
    return quoted[2] if quoted else text


LOOKUPS: Final = Custom[tuple[AsnLookup, ...]](
    "asn_lookup", (), _lookup, thaw=list, freeze=tuple, privileged=True, setting="asnlookups"
)
LOOKUPS_IPV6: Final = Custom[tuple[AsnLookup, ...]](
    "asn_lookup_ipv6", (), _lookup, thaw=list, freeze=tuple, privileged=True, setting="asnlookups_ipv6"
)
PREFIX: Final = Custom[str]("asn_prefix", "AS", _prefix)
USE_GEODB: Final = Bool("asn_use_geodb", default=True, admin_only=True)
PREFER_GEODB: Final = Bool("asn_prefer_geodb", default=True, admin_only=True)
USE_DNS: Final = Bool("asn_use_dns", default=True, admin_only=True)


class ASN(Plugin):
    """SpamAssassin's ASN."""

    eval_area = "header"

    directives = (
        LOOKUPS,
        LOOKUPS_IPV6,
        Clear("clear_asn_lookups", LOOKUPS, LOOKUPS_IPV6),
        PREFIX,
        USE_GEODB,
        PREFER_GEODB,
        USE_DNS,
    )
    features = frozenset({"has_asn_lookup_ipv6", "has_asn_geodb", "has_check_asn", "has_check_asn_tag"})

    @cached_property
    def _geodb(self) -> GeoDb | None:
        geodb = geodb_of(self.conf) if USE_GEODB.of(self.conf) else None
        return geodb if geodb is not None and geodb.knows("asn") else None

    @eval_test(reads=Reads.HEADER | Reads.NETWORK, deferred=True)
    def check_asn(self, scan: Scan) -> None:
        """`(regex [, tag])`: the tag's value, `_ASN_` by default, matches, whenever it gets one."""

    def extract_metadata(self, scan: Scan) -> None:
        conf = scan.conf
        if self._geodb is None and (scan.resolver is None or not USE_DNS.of(conf)):
            return
        for lookup in (*LOOKUPS.of(conf), *LOOKUPS_IPV6.of(conf)):
            # A template shows nothing, and no rule is woken, where the zones say nothing.
            scan.tags.offer(lookup.number_tag, str)
            scan.tags.offer(lookup.route_tag, str)
        address = _sender(scan)
        if self._geodb is None or address is None:
            return
        number, runner = self._geodb.system(address)
        if number is None:
            return
        prefix = PREFIX.of(conf)
        shown = number if number.startswith(prefix) else prefix + number
        scan.set_tag("ASN", f"{shown} {runner}" if runner else shown)
        scan.set_metadata("X-ASN", number.encode("latin-1"))

    def parsed_metadata(self, scan: Scan) -> None:
        for stage in scan.program.stages:
            for rule in stage.evals.get("header", ()):
                if rule.call.function != "check_asn":
                    continue
                if scan.network or not scan.conf.has_flag(rule.name, "net"):
                    self._watch(scan, rule.name, rule.call.args)

    @staticmethod
    def _watch(scan: Scan, rule: str, args: Sequence[str]) -> None:
        tag = args[1] if len(args) > 1 else "ASN"
        try:
            regex = compile_delimited(args[0] if args else "/")
        except RegexError as error:
            logger.warning("%s: check_asn has no usable regex: %s", scan.place_of(rule), error)
            return
        scan.tags.when([tag], partial(_judge, scan, rule, tag, regex))

    def check_dnsbl(self, scan: Scan) -> None:
        lookups = lookups_of(scan)
        address = _sender(scan)
        if lookups is None or address is None or not USE_DNS.of(scan.conf):
            return
        if PREFER_GEODB.of(scan.conf) and self._geodb is not None and "X-ASN" in scan.metadata:
            return
        turned = (reverse_address(address.encode("latin-1")) or b"").decode()
        for lookup in (LOOKUPS if "." in address and ":" not in address else LOOKUPS_IPV6).of(scan.conf):
            lookups.ask(f"{turned}.{lookup.zone}", "TXT", partial(_told, scan, lookup), zone=lookup.zone)


def _sender(scan: Scan) -> str | None:
    """The address of the host that gave the message to us, unless it is private."""
    relay = next(iter(scan.relays.external), None)
    return None if relay is None or relay.ip_private else relay.ip.decode("latin-1")


def _judge(scan: Scan, rule: str, tag: str, regex: Regex) -> None:
    value = scan.tags.text(tag)
    if value is not None and regex.matches(value.encode("latin-1", "replace")):
        scan.log(rule, f"{tag}: {value}")
        scan.hit(rule)


def parse_systems(strings: Sequence[bytes]) -> tuple[list[bytes], list[bytes]]:
    """Numbers and routes in the strings of a TXT record: in fields of their own, or parted by bars."""
    if len(strings) > 1 and b"|" not in b"".join(strings):
        items = list(strings)
        if len(items) >= 3 and b"/" not in items[1] and items[2].isdigit():
            items[1] += b"/" + items[2]
    else:
        items = _BAR.split(b" ".join(strings))
    first, second = (items[0] if items else b""), (items[1] if len(items) > 1 else b"")
    if _NUMBERS.search(first):
        return first.split(), second.split()
    if _NUMBERS.search(second):
        return second.split(), first.split()
    return [], []


def _told(scan: Scan, lookup: AsnLookup, answer: Answer) -> None:
    """Add what a zone tells to its tags."""
    prefix = PREFIX.of(scan.conf)
    before = scan.tags.text(lookup.number_tag) or ""
    if prefix:
        before = re.sub(rf"(^| ){re.escape(prefix)}(?=\d+)", r"\1", before, flags=re.ASCII)
    numbers = dict.fromkeys(filter(None, before.split(" ")))
    routes = dict.fromkeys(filter(None, (scan.tags.text(lookup.route_tag) or "").split(" ")))
    known = len(numbers), len(routes)
    for record in answer.found:
        if record.strings:
            new_numbers, new_routes = parse_systems(record.strings)
            routes.update(_texts(route for route in new_routes if not _UNASSIGNED.search(route)))
            plain = (re.sub(rb"(?i)\AAS(?=\d)", b"", number) for number in new_numbers)
            numbers.update(_texts(number for number in plain if number not in _NO_SYSTEM))
    if len(numbers) > known[0]:
        scan.set_metadata("X-ASN", " ".join(numbers).encode("latin-1"))
        _set(scan, lookup.number_tag, [f"{prefix}{number}" for number in numbers])
    if len(routes) > known[1]:
        _set(scan, lookup.route_tag, list(routes))


def _texts(values: Iterable[bytes]) -> dict[str, None]:
    return dict.fromkeys(value.decode("latin-1") for value in values)


def _set(scan: Scan, tag: str, values: list[str]) -> None:
    scan.set_tag(tag, values[0] if len(values) == 1 else values)
