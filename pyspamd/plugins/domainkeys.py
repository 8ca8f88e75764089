"""DomainKeys: RFC 4870 signatures and sending policies, by the names of SpamAssassin 3.1's plugin.

    loadplugin Mail::SpamAssassin::Plugin::DomainKeys
    header DK_SIGNED            eval:check_domainkeys_signed()
    header DK_VERIFIED          eval:check_domainkeys_verified()
    header DK_POLICY_SIGNALL    eval:check_domainkeys_signall()
    header USER_IN_DK_WHITELIST eval:check_for_dk_whitelist_from()
    whitelist_from_dk           *@example.com
    whitelist_from_dk           bob@it.example.net  example.net

The policy is only asked for where a rule wants it and no signature verifies, as RFC 4870 section 3.6 has it.
"""

import asyncio
from typing import Final

from ..auth.domainkeys import SendingPolicy, lookup_policy, sender_domain
from ..auth.result import SignatureResult
from ..base.idn import idn_to_ascii
from ..conf.address_patterns import AddressPatterns
from ..conf.addresses import AddressList, AddressPairs, RemovePair
from ..conf.ascii import lower
from ..conf.core_addresses import DEF_WELCOMELIST_AUTH, WELCOMELIST_AUTH
from ..conf.directives import Duration
from ..scan.plugin import Plugin, Reads, eval_test
from ..scan.scan import Scan
from ..scan.signatures import signatures_of, wire_message

READS = Reads.HEADER | Reads.BODY | Reads.NETWORK


WHITELIST_FROM_DK: Final = AddressPairs("whitelist_from_dk", optional=True, aliases=("welcomelist_from_dk",))
DEF_WHITELIST_FROM_DK: Final = AddressPairs(
    "def_whitelist_from_dk", optional=True, aliases=("def_welcomelist_from_dk",)
)
DOMAINKEYS_TIMEOUT: Final = Duration("domainkeys_timeout", default=5.0, admin_only=True)


class DomainKeys(Plugin):
    """SpamAssassin 3.1's DomainKeys, test for test; of several signatures any that verifies will do."""

    directives = (
        WHITELIST_FROM_DK,
        DEF_WHITELIST_FROM_DK,
        RemovePair(
            "unwhitelist_from_dk",
            WHITELIST_FROM_DK,
            DEF_WHITELIST_FROM_DK,
            aliases=("unwelcomelist_from_dk",),
        ),
        DOMAINKEYS_TIMEOUT,
    )

    @staticmethod
    def _sender_domain(scan: Scan) -> str | None:
        return scan.once("dk_sender_domain", lambda: sender_domain(wire_message(scan)))

    async def _signatures(self, scan: Scan) -> tuple[SignatureResult, ...]:
        """The DomainKeys signatures; none without network, or where nobody says who sends."""
        if scan.resolver is None or self._sender_domain(scan) is None:
            return ()
        found = await signatures_of(scan, scan.resolver, DOMAINKEYS_TIMEOUT.of(scan.conf))
        return tuple(result for result in found.readable if result.type == "DomainKeys")

    async def _policy(self, scan: Scan) -> SendingPolicy | None:
        """The sender's policy; `None` where it is not published, not to be had, or of no concern."""
        domain = self._sender_domain(scan)
        if scan.resolver is None or domain is None:
            return None
        # A signature beyond checking is no sign of mail that should have been signed and is not.
        if any(result.valid or result.uncheckable for result in await self._signatures(scan)):
            return None
        resolver, deadline = scan.resolver, scan.deadline.sooner(DOMAINKEYS_TIMEOUT.of(scan.conf))

        def start() -> asyncio.Future[SendingPolicy]:
            name = idn_to_ascii(domain, characters=True)
            return asyncio.ensure_future(lookup_policy(name, resolver, deadline=deadline))

        policy = await asyncio.shield(scan.once("dk_policy", start))
        return policy if policy.published else None

    @eval_test(reads=READS)
    async def check_domainkeys_signed(self, scan: Scan) -> bool:
        """There is a DomainKeys signature, whatever it is worth."""
        return bool(await self._signatures(scan))

    @eval_test(reads=READS)
    async def check_domainkeys_verified(self, scan: Scan) -> bool:
        """There is a DomainKeys signature that verifies."""
        return any(result.valid for result in await self._signatures(scan))

    @eval_test(reads=READS)
    async def check_domainkeys_signsome(self, scan: Scan) -> bool:
        """Nothing verifies, and the sender's policy says that not all its mail is signed (`o=~`)."""
        policy = await self._policy(scan)
        return policy is not None and policy.signs_some

    @eval_test(reads=READS)
    async def check_domainkeys_signall(self, scan: Scan) -> bool:
        """Nothing verifies, and the sender's policy says that all its mail is signed (`o=-`)."""
        policy = await self._policy(scan)
        return policy is not None and policy.signs_all

    @eval_test(reads=READS)
    async def check_domainkeys_testing(self, scan: Scan) -> bool:
        """The key of a signature, or else the sender's policy, says `t=y`."""
        if any(result.testing for result in await self._signatures(scan)):
            return True
        policy = await self._policy(scan)
        return policy is not None and policy.testing

    @eval_test(reads=READS)
    async def check_for_dk_whitelist_from(self, scan: Scan) -> bool:
        """A sender on `whitelist_from_dk` or `welcomelist_auth`, verified for the domain asked for."""
        return await self._listed(scan, WHITELIST_FROM_DK, WELCOMELIST_AUTH)

    @eval_test(reads=READS)
    async def check_for_def_dk_whitelist_from(self, scan: Scan) -> bool:
        """As `check_for_dk_whitelist_from`, for the lists that come with the rules."""
        return await self._listed(scan, DEF_WHITELIST_FROM_DK, DEF_WELCOMELIST_AUTH)

    async def _listed(self, scan: Scan, pairs: AddressPairs, plain: AddressList) -> bool:
        signers, listed = pairs.of(scan.conf), plain.of(scan.conf)
        if not len(signers) and not len(listed):
            return False
        return any(
            _is_listed(result, signers, listed) for result in await self._signatures(scan) if result.valid
        )


def _is_listed(
    result: SignatureResult, signers: AddressPatterns[tuple[str, ...]], listed: AddressPatterns[None]
) -> bool:
    """Whether a list has the sender of a valid signature, and its signing domain is, or is below, the one listed."""
    if not result.identity or not result.domain:
        return False
    address, below = result.identity.encode(), "." + result.domain
    pairs = [(pattern, domain) for pattern in signers.matching(address) for domain in signers[pattern]]
    pairs += [(pattern, "") for pattern in listed.matching(address)]
    # Without a domain, that of the address.
    wanted = [domain or pattern.rpartition("@")[2] for pattern, domain in pairs]
    return any(below.endswith("." + lower(domain)) for domain in wanted)
