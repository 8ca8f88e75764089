"""URILocalBL: URIs whose hosts stand in certain countries, with certain providers, or in certain networks.

uri_block_cc       FAR_AWAY   aq bv
uri_block_cont     OVERSEAS   !eu
uri_block_isp      BAD_HOST   "Example Hosting" Otherhost
uri_block_cidr     BAD_NET    192.0.2.0/24 2001:db8::/32
uri_block_exclude  FAR_AWAY   penguins.example
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Final

from ..base.idn import idn_to_ascii
from ..base.ip_text import IP_ADDRESS, is_address
from ..base.ipset import BadNetwork, IPSet
from ..conf.ascii import lower, words
from ..conf.directives import Action, BadValue, Build, Custom, required, shorten
from ..conf.lists import EMPTY, frozen_table
from ..conf.rules import EvalCall
from ..net.geodb import GeoDb
from ..net.resolver import Answer
from ..scan.geo import geodb_of
from ..scan.lookups import lookups_of
from ..scan.plugin import Plugin, Reads, eval_test
from ..scan.scan import Scan

_RULE = re.compile(r"([_a-zA-Z][_a-zA-Z0-9]{0,127})\s+(.+?)\s*", re.ASCII | re.DOTALL)
_COUNTRY = re.compile(r"(!?)([A-Z][A-Z0-9])")
_CONTINENT = re.compile(r"(!?)([A-Z]{2})")
_PROVIDER = re.compile(r'("[^"]*"|(?<!")[^ \t\n\r\f\v]+(?!"))')
_NETWORK = re.compile(r"^" + IP_ADDRESS.decode() + r"(?:/[0-9]{1,3})?$", re.ASCII)
_SPACE = re.compile(r"\s+", re.ASCII)
PRIORITY: Final = -100


@dataclass(frozen=True, slots=True)
class Block:
    """What one rule looks for; `other_countries` and `other_continents` say that it is all but those named."""

    countries: frozenset[str] = frozenset()
    other_countries: bool = False
    continents: frozenset[str] = frozenset()
    other_continents: bool = False
    providers: frozenset[str] = frozenset()
    networks: IPSet = field(default_factory=IPSet)
    excluded: frozenset[str] = frozenset()


Change = Callable[[Block, str], Block]


def _places(
    pattern: re.Pattern[str], text: str, known: frozenset[str], other: bool
) -> tuple[frozenset[str], bool]:
    """The codes of a line joined with those before it; all or none must be negated."""
    negated = {other} if known else set()
    for word in words(text.upper()):
        found = pattern.fullmatch(word)
        if found is None:
            raise BadValue(f"takes codes of two letters, perhaps with ! before them, not '{shorten(word)}'")
        negated.add(bool(found[1]))
        known |= {found[2]}
    if len(negated) > 1:
        raise BadValue("cannot have some codes with ! and some without")
    return known, negated.pop()


def _countries(block: Block, text: str) -> Block:
    countries, other = _places(_COUNTRY, text, block.countries, block.other_countries)
    return replace(block, countries=countries, other_countries=other)


def _continents(block: Block, text: str) -> Block:
    continents, other = _places(_CONTINENT, text, block.continents, block.other_continents)
    return replace(block, continents=continents, other_continents=other)


def _provider_key(name: str) -> str:
    return _SPACE.sub("", name.upper())


def _providers(block: Block, text: str) -> Block:
    names = [name.replace('"', "") for name in _PROVIDER.findall(text)]
    if not names:
        raise BadValue(f"takes names of providers, not '{shorten(text)}'")
    return replace(block, providers=block.providers | set(map(_provider_key, names)))


def _networks(block: Block, text: str) -> Block:
    networks = block.networks.copy()
    for word in words(text):
        if not _NETWORK.match(word):
            raise BadValue(f"takes addresses and networks, not '{shorten(word)}'")
        try:
            networks.add(word)
        except BadNetwork as error:
            raise BadValue(f"takes addresses and networks: {error}") from error
    return replace(block, networks=networks)


def _excluded(block: Block, text: str) -> Block:
    return replace(block, excluded=block.excluded | set(words(lower(text))))


def _define(change: Change, table: dict[str, Block], text: str, build: Build) -> dict[str, Block]:
    found = _RULE.fullmatch(required(text))
    if found is None:
        raise BadValue(f"takes a rule and what to look for, not '{shorten(text)}'")
    table[found[1]] = change(table.get(found[1], Block()), found[2])
    build.define(found[1], "body", EvalCall("check_uri_local_bl"))
    build.priorities[found[1]] = PRIORITY
    return table


BLOCKS: Final = Custom[Mapping[str, Block]](
    "uri_block_cc",
    EMPTY,
    partial(_define, _countries),
    thaw=dict,
    freeze=frozen_table,
    privileged=True,
    setting="urilocalbl",
)
"""What each rule looks for; lines of all the directives fill it."""


def _other(name: str, change: Change) -> Action:
    def act(text: str, build: Build) -> None:
        _define(change, build.container(BLOCKS), text, build)

    return Action(name, act, privileged=True)


class URILocalBL(Plugin):
    """SpamAssassin's URILocalBL; the rules are those that its directives define."""

    directives = (
        BLOCKS,
        _other("uri_block_cont", _continents),
        _other("uri_block_isp", _providers),
        _other("uri_block_cidr", _networks),
        _other("uri_block_exclude", _excluded),
    )

    @cached_property
    def _geodb(self) -> GeoDb:
        return geodb_of(self.conf)

    @eval_test(reads=Reads.BODY | Reads.HEADER | Reads.NETWORK, deferred=True)
    def check_uri_local_bl(self, scan: Scan) -> None:
        """A URI's host stands where the rule of this name looks."""

    def check_rules_at_priority(self, scan: Scan, priority: int) -> None:
        if priority != PRIORITY or not (self._geodb.knows("country") or self._geodb.knows("isp")):
            return
        for rule, block in BLOCKS.of(scan.conf).items():
            if scan.is_active(rule) and (scan.network or not scan.conf.has_flag(rule, "net")):
                self._check(scan, rule, block)

    def _check(self, scan: Scan, rule: str, block: Block) -> None:
        hosts: dict[str, None] = {}
        for detail in scan.uri_details.values():
            if not ("a" in detail.types or "parsed" in detail.types):
                continue
            for host, domain in detail.hosts.items():
                if lower(domain) in block.excluded:
                    continue
                if not is_address(host.encode("latin-1", "replace")):
                    hosts[host] = None
                elif self._judge(scan, rule, block, host, [host]):
                    return
        lookups = lookups_of(scan)
        if lookups is None:
            return
        for host in map(idn_to_ascii, hosts):
            for rdtype in ("A", "AAAA") if self._geodb.knows("country") else ("A",):
                lookups.ask(host, rdtype, partial(self._found, scan, rule, block, host), (rule,))

    def _found(self, scan: Scan, rule: str, block: Block, host: str, answer: Answer) -> None:
        finished: set[str] = scan.once("urilocalbl", set)
        if rule not in finished and answer.records and self._judge(scan, rule, block, host, answer.records):
            finished.add(rule)

    def _judge(self, scan: Scan, rule: str, block: Block, host: str, addresses: Sequence[str]) -> bool:
        """Whether the rule has its answer: a hit, which is reported, or an address that is excluded."""
        if any(address in block.excluded for address in addresses):
            return True
        reason = self._reason(block, addresses)
        if reason is None:
            return False
        scan.log(rule, f"Host: {host} in {reason}")
        scan.hit(rule)
        return True

    def _reason(self, block: Block, addresses: Sequence[str]) -> str | None:
        for kind, wanted, other, ask in (
            ("country", block.countries, block.other_countries, self._geodb.country),
            ("continent", block.continents, block.other_continents, self._geodb.continent),
        ):
            for address in addresses if wanted else ():
                code = ask(address) or ""
                if (code in wanted) != other:
                    return f"{kind} {code}"
        for address in addresses if block.providers else ():
            provider = self._geodb.provider(address)
            if provider is not None and _provider_key(provider) in block.providers:
                return f"isp {provider}"
        if any(map(block.networks.contains, addresses)):
            return "cidr"
        return None
