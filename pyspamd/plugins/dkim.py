"""DKIM: signatures of DKIM and DomainKeys, ARC, author domain signing practices, welcome lists that ask for
both.

    full   DKIM_SIGNED     eval:check_dkim_signed()
    full   DKIM_VALID      eval:check_dkim_valid()
    full   DKIM_VALID_AU   eval:check_dkim_valid_author_sig()
    header DKIM_ADSP_ALL   eval:check_dkim_adsp('A')
    welcomelist_from_dkim  *@example.com  lists.example.net
    adsp_override          bank.example   custom_high
"""

import asyncio
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from ..auth import adsp
from ..auth.arc import ArcChain
from ..auth.result import SignatureResult
from ..auth.taglist import text
from ..base.idn import idn_to_ascii
from ..conf.addresses import AddressPairs, RemovePair
from ..conf.ascii import lower
from ..conf.core_addresses import DEF_WELCOMELIST_AUTH, WELCOMELIST_AUTH
from ..conf.core_own import TRUST_TRUNCATION_MARK
from ..conf.directives import BadValue, Build, Custom, Float, required, shorten
from ..conf.lists import EMPTY, frozen_table
from ..conf.rules import MetaTest, RuleDef
from ..scan.plugin import Plugin, Reads, eval_test
from ..scan.scan import Scan
from ..scan.signatures import DKIM_TIMEOUT, arc_chain_of, signatures_of

# SpamAssassin's own rules have them, and nothing but these names says what they are for.
BROKEN, DEPENDABLE = "DKIM_INVALID", "__DKIM_DEPENDABLE"

READS = Reads.HEADER | Reads.BODY | Reads.NETWORK

WELCOMELIST_FROM_DKIM: Final = AddressPairs(
    "welcomelist_from_dkim", optional=True, aliases=("whitelist_from_dkim",)
)
DEF_WELCOMELIST_FROM_DKIM: Final = AddressPairs(
    "def_welcomelist_from_dkim", optional=True, aliases=("def_whitelist_from_dkim",)
)
DKIM_MINIMUM_KEY_BITS: Final = Float("dkim_minimum_key_bits", default=1024.0)

_OVERRIDE = re.compile(
    r"@?([*a-z0-9._-]+)(?:\s+(nxdomain|unknown|all|discardable|custom_low|custom_med|custom_high))?",
    re.IGNORECASE | re.ASCII,
)
_LETTERS: Mapping[str, str] = {
    "nxdomain": "N",
    "unknown": "U",
    "all": "A",
    "discardable": "D",
    "custom_low": "1",
    "custom_med": "2",
    "custom_high": "3",
}
ANY_PRACTICE = "NAD123"
_AUTHOR_DOMAIN = re.compile(r"@([^@]*[^@ \t]|[^@])[ \t]*\Z")
_FULL_DOMAIN = re.compile(r".\.[a-z-]{2,}\Z", re.IGNORECASE | re.DOTALL)
_AFTER_AT = re.compile(r"@(\S+)", re.ASCII)
_LAST_AT = re.compile(r"@([^@]*)\Z")


def _override(table: dict[str, str], value: str, build: Build) -> dict[str, str]:
    found = _OVERRIDE.fullmatch(required(value))
    if found is None:
        raise BadValue(f"takes a domain and a signing practice, not '{shorten(value)}'")
    table[lower(found[1])] = _LETTERS[lower(found[2] or "discardable")]
    return table


ADSP_OVERRIDE: Final = Custom[Mapping[str, str]](
    "adsp_override", EMPTY, _override, thaw=dict, freeze=frozen_table
)
"""The letter of the practice to assume, by domain; a key may start with `*.`."""


@dataclass(slots=True)
class Findings:
    """What a message's signatures come to, by author domain where that matters."""

    signatures: tuple[SignatureResult, ...] = ()
    valid: bool = False
    dependable: bool = False
    authors: tuple[str, ...] = ()
    author_domains: frozenset[str] = frozenset()
    signed_by_author: set[str] = field(default_factory=set)
    valid_by_author: set[str] = field(default_factory=set)
    too_late: set[str] = field(default_factory=set)


def _authors(scan: Scan) -> tuple[str, ...]:
    return tuple(text(address) for address in scan.values("From:addr"))


def _domains(authors: Iterable[str]) -> frozenset[str]:
    found = (_AUTHOR_DOMAIN.search(author) for author in authors)
    return frozenset(match[1].lower() for match in found if match)


def _is_strong(result: SignatureResult, least_bits: float) -> bool:
    return not least_bits or result.key_bits is None or result.key_bits >= least_bits


def _is_dependable(scan: Scan, results: tuple[SignatureResult, ...]) -> bool:
    """Whether what fails does not fail for the message having been cut: as a rule says, or as we know."""
    return not results or not (scan.has_hit("__TRUNCATED") or any(result.uncheckable for result in results))


def _fits(signer: str, wanted: str) -> bool:
    """Whether a signer is the domain wanted, or with `.domain` or `*.domain` also one below it."""
    wanted = lower(wanted)
    parent = wanted.removeprefix("*")
    if parent.startswith("."):
        return signer == parent[1:] or signer.endswith(parent)
    return signer == wanted


def _practice_domains(domain: str, longest: int) -> Iterator[str]:
    """The keys, none over `longest` but the first, under which an override for `domain` may stand, nearest first."""
    yield domain
    dot = domain.find(".", max(len(domain) + 1 - longest, 0))
    while dot >= 0:
        yield "*" + domain[dot:]
        dot = domain.find(".", dot + 1)
    yield "*"


class DKIM(Plugin):
    """SpamAssassin 4.0.1's DKIM, test for test, old synonyms included."""

    eval_area = "full"
    directives = (
        WELCOMELIST_FROM_DKIM,
        DEF_WELCOMELIST_FROM_DKIM,
        RemovePair(
            "unwelcomelist_from_dkim",
            WELCOMELIST_FROM_DKIM,
            DEF_WELCOMELIST_FROM_DKIM,
            aliases=("unwhitelist_from_dkim",),
        ),
        ADSP_OVERRIDE,
        DKIM_MINIMUM_KEY_BITS,
        DKIM_TIMEOUT,
    )
    features = frozenset({"has_arc"})

    def rewrite_rules(self, rules: Mapping[str, RuleDef]) -> Mapping[str, RuleDef]:
        """With `trust_truncation_mark`, the usual rule for broken signatures asks whether they can be checked."""
        broken = rules.get(BROKEN)
        if not TRUST_TRUNCATION_MARK.of(self.conf) or DEPENDABLE not in rules or broken is None:
            return {}
        if not isinstance(broken.test, MetaTest) or DEPENDABLE in broken.test.expression:
            return {}
        return {BROKEN: replace(broken, test=MetaTest(f"({broken.test.expression}) && {DEPENDABLE}"))}

    async def _findings(self, scan: Scan) -> Findings | None:
        """The findings, worked out once a message; `None` without network."""
        if scan.resolver is None:
            return None
        return await asyncio.shield(scan.once(Findings, lambda: asyncio.ensure_future(self._find(scan))))

    async def _find(self, scan: Scan) -> Findings:
        assert scan.resolver is not None
        found = await signatures_of(scan, scan.resolver)
        least_bits = DKIM_MINIMUM_KEY_BITS.of(scan.conf)
        authors = _authors(scan)
        findings = Findings(
            found.readable,
            bool(found.valid),
            _is_dependable(scan, found.readable),
            authors,
            _domains(authors),
        )
        for result in found.readable:
            signer = result.signer
            if not result.selector or signer is None or signer not in findings.author_domains:
                continue
            findings.signed_by_author.add(signer)
            # The size is only looked at where a minimum is set, and without it nothing is an author's
            # signature.
            if result.valid and least_bits and result.key_bits and result.key_bits >= least_bits:
                findings.valid_by_author.add(signer)
            elif result.result == "temperror" and "timed out" in result.reason:
                findings.too_late.add(signer)
        self._set_tags(scan, found.valid)
        return findings

    @staticmethod
    def _set_tags(scan: Scan, valid: Iterable[SignatureResult]) -> None:
        for tag, values in (
            ("DKIMIDENTITY", [result.identity for result in valid]),
            ("DKIMDOMAIN", [result.domain for result in valid]),
            ("DKIMSELECTOR", [result.selector for result in valid]),
        ):
            if not values:
                return
            distinct = [value.encode().decode("latin-1") for value in dict.fromkeys(filter(None, values))]
            scan.set_tag(tag, distinct[0] if len(distinct) == 1 else distinct)

    def _signed_by(
        self, scan: Scan, findings: Findings, domains: Iterable[str], *, valid: bool, author: bool = False
    ) -> bool:
        least_bits = DKIM_MINIMUM_KEY_BITS.of(scan.conf)
        wanted = list(domains)
        for result in findings.signatures:
            if valid and not (result.valid and _is_strong(result, least_bits)):
                continue
            signer = result.signer
            if signer is None or (author and signer not in findings.author_domains):
                continue
            if not wanted or any(_fits(signer, domain) for domain in wanted):
                return True
        return False

    # Signatures

    @eval_test(reads=READS)
    async def check_dkim_signed(self, scan: Scan, *domains: str) -> bool:
        """There is a signature, valid or not; of one of the domains, if given."""
        findings = await self._findings(scan)
        if findings is None or not findings.signatures:
            return False
        return not domains or self._signed_by(scan, findings, domains, valid=False)

    @eval_test(reads=READS)
    async def check_dkim_valid(self, scan: Scan, *domains: str) -> bool:
        """There is a valid signature; of one of the domains and with a key of fair size, if domains are
        given.
        """
        findings = await self._findings(scan)
        if findings is None or not findings.valid:
            return False
        return not domains or self._signed_by(scan, findings, domains, valid=True)

    @eval_test(reads=READS, area="any")
    async def check_dkim_verified(self, scan: Scan, *domains: str) -> bool:
        """Older name of `check_dkim_valid`."""
        return await self.check_dkim_valid(scan, *domains)

    @eval_test(reads=READS)
    async def check_dkim_valid_author_sig(self, scan: Scan, *domains: str) -> bool:
        """There is a valid signature of the author's own domain."""
        findings = await self._findings(scan)
        if findings is None or not findings.valid_by_author:
            return False
        return self._signed_by(scan, findings, domains, valid=True, author=True)

    @eval_test(reads=READS)
    async def check_dkim_valid_envelopefrom(self, scan: Scan) -> bool:
        """There is a valid signature of the envelope sender's domain."""
        match = _AFTER_AT.search(text(scan.get("EnvelopeFrom:addr") or b""))
        findings = await self._findings(scan) if match else None
        if match is None or findings is None or not findings.valid:
            return False
        return self._signed_by(scan, findings, [match[1].lower()], valid=True)

    @eval_test(reads=READS)
    async def check_dkim_dependable(self, scan: Scan) -> bool:
        """A signature that fails does not fail for the message having been cut."""
        findings = await self._findings(scan)
        return findings is not None and findings.dependable

    @eval_test(reads=READS, area="header")
    async def check_dkim_testing(self, scan: Scan) -> bool:
        """Never true: SpamAssassin 4 has the test but no longer looks at the key's flag."""
        return False

    # ARC

    async def _chain(self, scan: Scan) -> ArcChain:
        if scan.resolver is None:
            return ArcChain()
        return await arc_chain_of(scan, scan.resolver)

    @eval_test(reads=READS)
    async def check_arc_signed(self, scan: Scan, *domains: str) -> bool:
        """There is an ARC seal or message signature; asking for a domain is never answered with yes."""
        chain = await self._chain(scan)
        return not domains and any(result.readable for result in chain.signatures)

    @eval_test(reads=READS)
    async def check_arc_valid(self, scan: Scan, *domains: str) -> bool:
        """Any ARC seal or message signature verifies, for itself."""
        chain = await self._chain(scan)
        return not domains and bool(chain.valid)

    # Author domain signing practices

    async def _practices(self, scan: Scan, findings: Findings) -> dict[str, str]:
        """The letter of the practices of each author domain that has no valid signature to show."""
        return await asyncio.shield(
            scan.once("dkim_adsp", lambda: asyncio.ensure_future(self._look_up_practices(scan, findings)))
        )

    async def _look_up_practices(self, scan: Scan, findings: Findings) -> dict[str, str]:
        table = ADSP_OVERRIDE.of(scan.conf)
        found: dict[str, str] = {}
        longest = max(map(len, table), default=0)
        for domain in sorted(filter(_FULL_DOMAIN.search, findings.author_domains)):
            if domain in findings.valid_by_author or domain in findings.too_late:
                continue
            if domain in findings.signed_by_author and not findings.dependable:
                continue
            key = next((key for key in _practice_domains(domain, longest) if key in table), None)
            if key is not None:
                found[domain] = table[key]
            elif scan.resolver is not None:
                deadline = scan.deadline.sooner(DKIM_TIMEOUT.of(scan.conf))
                name = idn_to_ascii(domain, characters=True)
                practices = await adsp.lookup(name, scan.resolver, deadline=deadline)
                found[domain] = _LETTERS[practices.practice]
        return found

    @eval_test(reads=READS, area="header")
    async def check_dkim_adsp(self, scan: Scan, letters: str, *domains: str) -> bool:
        """No valid author signature, and the author domain's practices are one of the letters (`*`: any of
        NAD123).
        """
        findings = await self._findings(scan)
        if findings is None:
            return False
        practices = await self._practices(scan, findings)
        if letters == "*":
            letters = ANY_PRACTICE
        if not any(letter in letters for letter in practices.values()):
            return False
        return not domains or any(
            _fits(author, domain) for domain in domains for author in findings.author_domains
        )

    @eval_test(reads=READS, area="any")
    async def check_dkim_signall(self, scan: Scan) -> bool:
        """Older name of `check_dkim_adsp('A')`."""
        return await self.check_dkim_adsp(scan, "A")

    @eval_test(reads=Reads.NOTHING, area="any")
    async def check_dkim_signsome(self, scan: Scan) -> bool:
        """Never true: that a domain signs some of its mail says nothing."""
        return False

    # Welcome lists

    def _acceptable(self, scan: Scan, pairs: AddressPairs, plain: Any) -> list[tuple[str, str]]:
        """Author and acceptable signer, "" for the author's own domain, for every entry that matches an
        author.
        """
        found: list[tuple[str, str]] = []
        signers, listed = pairs.of(scan.conf), plain.of(scan.conf)
        for author in _authors(scan):
            address = author.encode("latin-1", "replace") if author.isascii() else author.encode()
            found += [(author, s) for pattern in signers.matching(address) for s in signers[pattern]]
            if listed.matches(address):
                found.append((author, ""))
        return found

    async def _welcome(self, scan: Scan, pairs: AddressPairs, plain: Any) -> bool:
        acceptable = self._acceptable(scan, pairs, plain)
        findings = await self._findings(scan) if acceptable else None
        if findings is None or not findings.valid:
            return False
        least_bits = DKIM_MINIMUM_KEY_BITS.of(scan.conf)
        return any(
            _vouches(result.signer, author, signer)
            for result in findings.signatures
            if result.selector and result.valid and _is_strong(result, least_bits)
            for author, signer in acceptable
        )

    @eval_test(reads=READS, area="header")
    async def check_for_dkim_welcomelist_from(self, scan: Scan) -> bool:
        """The author is on `welcomelist_from_dkim` or `welcomelist_auth`, and the signature asked for is
        valid.
        """
        return await self._welcome(scan, WELCOMELIST_FROM_DKIM, WELCOMELIST_AUTH)

    @eval_test(reads=READS, area="header")
    async def check_for_dkim_whitelist_from(self, scan: Scan) -> bool:
        """Older name of `check_for_dkim_welcomelist_from`."""
        return await self.check_for_dkim_welcomelist_from(scan)

    @eval_test(reads=READS, area="header")
    async def check_for_def_dkim_welcomelist_from(self, scan: Scan) -> bool:
        """As `check_for_dkim_welcomelist_from`, for the lists that come with the rules."""
        return await self._welcome(scan, DEF_WELCOMELIST_FROM_DKIM, DEF_WELCOMELIST_AUTH)

    @eval_test(reads=READS, area="header")
    async def check_for_def_dkim_whitelist_from(self, scan: Scan) -> bool:
        """Older name of `check_for_def_dkim_welcomelist_from`."""
        return await self.check_for_def_dkim_welcomelist_from(scan)


def _vouches(actual: str | None, author: str, wanted: str) -> bool:
    """Whether the signer `actual` is the one that a welcome list wants for `author`."""
    if actual is None:
        return False
    if not wanted:
        match = _LAST_AT.search(author)
        return match is not None and actual == match[1].lower()
    wanted = lower(wanted.rpartition("@")[2])
    parent = wanted.removeprefix("*")
    return actual.endswith(parent) if parent.startswith(".") else actual == wanted
