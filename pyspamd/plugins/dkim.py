"""DKIM: signatures of DKIM and DomainKeys, ARC, author domain signing practices, and welcome lists of signers.

full   DKIM_SIGNED     eval:check_dkim_signed()
full   DKIM_VALID      eval:check_dkim_valid()
full   DKIM_VALID_AU   eval:check_dkim_valid_author_sig()
header DKIM_ADSP_ALL   eval:check_dkim_adsp('A')
welcomelist_from_dkim  *@example.com  lists.example.net
adsp_override          bank.example   custom_high
"""

import asyncio
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from ..auth.arc import ArcChain
from ..auth.result import SignatureResult
from ..auth.taglist import text
from ..conf.address_patterns import AddressPatterns
from ..conf.addresses import AddressList, AddressPairs, RemovePair
from ..conf.ascii import lower
from ..conf.core_addresses import DEF_WELCOMELIST_AUTH, WELCOMELIST_AUTH
from ..conf.core_own import TRUST_TRUNCATION_MARK
from ..conf.rules import MetaTest, RuleDef
from ..net.resolver import Resolver
from ..scan.author_signatures import (
    DKIM_MINIMUM_KEY_BITS,
    AuthorSignatures,
    author_signatures,
    authors_of,
    is_within,
)
from ..scan.plugin import Plugin, Reads, eval_test
from ..scan.scan import Scan
from ..scan.signatures import DKIM_TIMEOUT, arc_chain_of, signatures_of
from ..scan.signing_practices import ADSP_OVERRIDE, ANY_PRACTICE, look_up_practices

# SpamAssassin's own rules have them, and nothing but these names says what they are for.
BROKEN, DEPENDABLE = "DKIM_INVALID", "__DKIM_DEPENDABLE"

READS = Reads.HEADER | Reads.BODY | Reads.NETWORK

WELCOMELIST_FROM_DKIM: Final = AddressPairs(
    "welcomelist_from_dkim", optional=True, aliases=("whitelist_from_dkim",)
)
DEF_WELCOMELIST_FROM_DKIM: Final = AddressPairs(
    "def_welcomelist_from_dkim", optional=True, aliases=("def_whitelist_from_dkim",)
)

_AFTER_AT = re.compile(r"@(\S+)", re.ASCII)
_LAST_AT = re.compile(r"@([^@]*)\Z")


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

    async def _signatures(self, scan: Scan) -> AuthorSignatures | None:
        """The signatures, verified once a message; `None` without network."""
        resolver = scan.resolver
        if resolver is None:
            return None
        return await asyncio.shield(
            scan.once(AuthorSignatures, lambda: asyncio.ensure_future(self._verify(scan, resolver)))
        )

    async def _verify(self, scan: Scan, resolver: Resolver) -> AuthorSignatures:
        signatures = await signatures_of(scan, resolver)
        found = author_signatures(scan, signatures)
        self._set_tags(scan, signatures.valid)
        return found

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

    # Signatures

    @eval_test(reads=READS)
    async def check_dkim_signed(self, scan: Scan, *domains: str) -> bool:
        """There is a signature, valid or not; of one of the domains, if given."""
        found = await self._signatures(scan)
        if found is None or not found.signatures:
            return False
        return not domains or found.signed_by(domains, valid=False)

    @eval_test(reads=READS)
    async def check_dkim_valid(self, scan: Scan, *domains: str) -> bool:
        """There is a valid signature; if domains are given, of one of them and with a key of fair size."""
        found = await self._signatures(scan)
        if found is None or not found.valid:
            return False
        return not domains or found.signed_by(domains, valid=True)

    @eval_test(reads=READS, area="any")
    async def check_dkim_verified(self, scan: Scan, *domains: str) -> bool:
        """Older name of `check_dkim_valid`."""
        return await self.check_dkim_valid(scan, *domains)

    @eval_test(reads=READS)
    async def check_dkim_valid_author_sig(self, scan: Scan, *domains: str) -> bool:
        """There is a valid signature of the author's own domain."""
        found = await self._signatures(scan)
        if found is None or not found.valid_by_author:
            return False
        return found.signed_by(domains, valid=True, author=True)

    @eval_test(reads=READS)
    async def check_dkim_valid_envelopefrom(self, scan: Scan) -> bool:
        """There is a valid signature of the envelope sender's domain."""
        match = _AFTER_AT.search(text(scan.get("EnvelopeFrom:addr") or b""))
        found = await self._signatures(scan) if match else None
        if match is None or found is None or not found.valid:
            return False
        return found.signed_by([match[1].lower()], valid=True)

    @eval_test(reads=READS)
    async def check_dkim_dependable(self, scan: Scan) -> bool:
        """A signature that fails does not fail for the message having been cut."""
        found = await self._signatures(scan)
        return found is not None and found.dependable

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

    async def _practices(self, scan: Scan, found: AuthorSignatures) -> dict[str, str]:
        return await asyncio.shield(
            scan.once("dkim_adsp", lambda: asyncio.ensure_future(look_up_practices(scan, found)))
        )

    @eval_test(reads=READS, area="header")
    async def check_dkim_adsp(self, scan: Scan, letters: str, *domains: str) -> bool:
        """No valid author signature, and the author domain's practices are one of the letters (`*`: of NAD123)."""
        found = await self._signatures(scan)
        if found is None:
            return False
        practices = await self._practices(scan, found)
        if letters == "*":
            letters = ANY_PRACTICE
        if not any(letter in letters for letter in practices.values()):
            return False
        return not domains or any(
            is_within(author, domain) for domain in domains for author in found.author_domains
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

    async def _welcome(self, scan: Scan, pairs: AddressPairs, plain: AddressList) -> bool:
        signers = _acceptable_signers(scan, pairs.of(scan.conf), plain.of(scan.conf))
        found = await self._signatures(scan) if any(signers) else None
        if found is None or not found.valid:
            return False
        domains, parents = signers
        return any(
            result.signer is not None and (result.signer in domains or result.signer.endswith(parents))
            for result in found.signatures
            if result.selector and result.valid and found.is_strong(result)
        )

    @eval_test(reads=READS, area="header")
    async def check_for_dkim_welcomelist_from(self, scan: Scan) -> bool:
        """The author is on `welcomelist_from_dkim` or `welcomelist_auth`, with the signature asked for."""
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


def _acceptable_signers(
    scan: Scan, signers: AddressPatterns[tuple[str, ...]], listed: AddressPatterns[None]
) -> tuple[set[str], tuple[str, ...]]:
    """The domains that the entries which match an author ask for, and with a dot in front those whose subdomains
    they ask for; an entry that names no signer asks for the author's own domain.
    """
    domains: set[str] = set()
    wanted: set[str] = set()
    for author in authors_of(scan):
        address = author.encode()
        named = {signer for pattern in signers.matching(address) for signer in signers[pattern]}
        wanted |= named
        own = _LAST_AT.search(author)
        if own is not None and ("" in named or listed.matches(address)):
            domains.add(own[1].lower())
    parents: list[str] = []
    for signer in filter(None, wanted):
        name = lower(signer.rpartition("@")[2])
        parent = name.removeprefix("*")
        if parent.startswith("."):
            parents.append(parent)
        else:
            domains.add(name)
    return domains, tuple(parents)
