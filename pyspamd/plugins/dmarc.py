"""DMARC: whether SPF or DKIM speaks for the author's domain, and what that domain asks for if not.

    header DMARC_PASS   eval:check_dmarc_pass()
    header DMARC_REJECT eval:check_dmarc_reject()

It needs the SPF and DKIM plugins; without one of them that half has nothing to say.
"""

import asyncio
import random
from dataclasses import dataclass, replace
from typing import Final

from ..auth.arc import ArcChain
from ..auth.dmarc import TOO_MANY, DmarcResult, SpfIdentity, evaluate
from ..auth.organizational import load, organizational_domain
from ..auth.result import SignatureResult
from ..auth.taglist import text
from ..conf.conf import Conf
from ..conf.directives import Bool
from ..net.resolver import Resolver
from ..scan.authentication_results import authentication_results
from ..scan.plugin import Plugin, Reads, eval_test
from ..scan.scan import Scan
from ..scan.sender_policy import spf_outcome
from ..scan.signatures import arc_chain_of, signatures_of

READS = Reads.HEADER | Reads.BODY | Reads.NETWORK

# Reports are what other software sends; the directive is accepted and without effect.
DMARC_SAVE_REPORTS: Final = Bool("dmarc_save_reports", default=False, admin_only=True)


@dataclass(frozen=True, slots=True)
class _Standing:
    """The result, and the policy as rules name it; `None` for "no policy"."""

    result: str
    policy: str | None


class DMARC(Plugin):
    """SpamAssassin's DMARC, test for test."""

    eval_area = "header"

    directives = (DMARC_SAVE_REPORTS,)

    def __init__(self, conf: Conf) -> None:
        super().__init__(conf)
        if not conf.dialect.local_tests_only:
            load()

    async def _standing(self, scan: Scan) -> _Standing | None:
        resolver = scan.resolver
        if resolver is None:
            return None

        def start() -> asyncio.Future[_Standing | None]:
            return asyncio.ensure_future(self._find(scan, resolver))

        return await asyncio.shield(scan.once("dmarc", start))

    async def _find(self, scan: Scan, resolver: Resolver) -> _Standing | None:
        relays = scan.relays.external
        author = text(next(iter(scan.values("From:first:addr")), b""))
        if not relays or "@" not in author:
            return None
        sender = scan.values("EnvelopeFrom:first:addr:host") or scan.values("From:first:addr:domain")
        if not sender:
            return None
        domain = text(sender[0])
        identities = await self._identities(scan, domain, text(relays[0].lc_helo))
        dkim: tuple[SignatureResult, ...] = ()
        chain = ArcChain()
        has_dkim = "DKIM" in scan.conf.plugins
        if has_dkim:
            found, chain = await asyncio.gather(signatures_of(scan, resolver), arc_chain_of(scan, resolver))
            dkim = found.readable
        die = random.random()  # noqa: S311 - a share of the mail, no secret

        async def judge() -> DmarcResult | None:
            return await evaluate(
                author,
                identities,
                dkim,
                resolver,
                organizational_domain,
                die=die,
                deadline=scan.deadline,
            )

        result = await judge()
        if result is not None and result.result != "pass" and has_dkim:
            more = _forwarded_spf(scan)
            seal = _author_seal(chain, author, domain)
            if more or seal:
                identities += more
                dkim += seal
                result = await judge()
        if result is None or (result.result == "fail" and any(signature.uncheckable for signature in dkim)):
            # Without the rest of a truncated message nobody can say that it fails.
            return None
        if result.reason == TOO_MANY and not has_dkim:
            return _Standing(result.result, None)
        if result.result == "pass":
            return _Standing("pass", result.policy.action if result.policy else None)
        return _Standing(result.result, None if result.result == "none" else result.disposition)

    @staticmethod
    async def _identities(scan: Scan, domain: str, helo: str) -> list[SpfIdentity]:
        if "SPF" not in scan.conf.plugins:
            return []
        by_sender, by_helo = await asyncio.gather(spf_outcome(scan, "mfrom"), spf_outcome(scan, "helo"))
        return [SpfIdentity("mfrom", domain, by_sender.result), SpfIdentity("helo", helo, by_helo.result)]

    # The rules

    @eval_test(reads=READS)
    async def check_dmarc_pass(self, scan: Scan) -> bool:
        """SPF or DKIM speaks for the author's domain, which has a policy."""
        standing = await self._standing(scan)
        return standing is not None and standing.result == "pass" and standing.policy is not None

    @eval_test(reads=READS)
    async def check_dmarc_reject(self, scan: Scan) -> bool:
        """Neither does, and the policy is to reject."""
        return await self._failed(scan, "reject")

    @eval_test(reads=READS)
    async def check_dmarc_quarantine(self, scan: Scan) -> bool:
        """Neither does, and the policy is to quarantine."""
        return await self._failed(scan, "quarantine")

    @eval_test(reads=READS)
    async def check_dmarc_none(self, scan: Scan) -> bool:
        """Neither does, and the policy is to do nothing."""
        return await self._failed(scan, "none")

    @eval_test(reads=READS)
    async def check_dmarc_missing(self, scan: Scan) -> bool:
        """The author's domain has no policy, or does not exist."""
        standing = await self._standing(scan)
        return standing is not None and standing.policy is None

    async def _failed(self, scan: Scan, policy: str) -> bool:
        standing = await self._standing(scan)
        return standing is not None and standing.result == "fail" and standing.policy == policy


def _forwarded_spf(scan: Scan) -> list[SpfIdentity]:
    """What ARC-Authentication-Results of our hosts say of SPF, in the order of their instances as far as that goes."""
    found: list[SpfIdentity] = []
    latest = 0
    fields = ((field.instance, result) for field in authentication_results(scan) for result in field.results)
    for instance, result in fields:
        if result.method != "spf":
            continue
        if instance is None or instance < latest:
            break
        sender = result.properties.get("smtp.mailfrom")
        if sender is not None:
            found.append(
                SpfIdentity("mfrom", sender.partition("@")[2] if "@" in sender else sender, result.result)
            )
        helo = result.properties.get("smtp.helo")
        if helo is not None:
            found.append(SpfIdentity("helo", helo, result.result))
        latest = instance
    return found


def _author_seal(chain: ArcChain, author: str, domain: str) -> tuple[SignatureResult, ...]:
    """The first ARC seal, as if it were the envelope domain's signature, where that is the author's domain too."""
    if author.rpartition("@")[2].strip().lower() != domain:
        return ()
    seals = sorted(
        (s for s in chain.signatures if s.part == "seal" and s.domain), key=lambda s: s.instance or 0
    )
    return tuple(replace(seal, domain=domain) for seal in seals[:1])
