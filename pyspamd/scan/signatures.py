"""The signatures of the message being judged: verified once, however many plugins and rules ask for them."""

import asyncio
from typing import Final

from ..auth import arc, signatures
from ..auth.arc import ArcChain
from ..auth.signatures import Signatures
from ..auth.wireform import WireMessage
from ..conf.directives import Duration
from ..net.resolver import Resolver
from .scan import Scan

DKIM_TIMEOUT: Final = Duration("dkim_timeout", default=5.0, admin_only=True)


def wire_message(scan: Scan) -> WireMessage:
    """The message as its signers saw it."""
    return scan.once("wire_message", lambda: WireMessage(scan.message.full))


async def signatures_of(scan: Scan, resolver: Resolver, seconds: float | None = None) -> Signatures:
    """What the DKIM and DomainKeys signatures are worth.

    Their keys may take `seconds`, by default `dkim_timeout`; the first to ask decides.
    """
    wire = wire_message(scan)
    if not wire.has_signature():
        return Signatures()

    def start() -> asyncio.Future[Signatures]:
        deadline = scan.deadline.sooner(DKIM_TIMEOUT.of(scan.conf) if seconds is None else seconds)
        return asyncio.ensure_future(
            signatures.verify(wire, resolver, now=scan.now, deadline=deadline, truncated=scan.truncated)
        )

    # One caller's cancellation must not take the answer from the others.
    return await asyncio.shield(scan.once("signatures", start))


async def arc_chain_of(scan: Scan, resolver: Resolver) -> ArcChain:
    """What the ARC chain is worth; as `signatures_of`."""
    wire = wire_message(scan)
    if not wire.has_signature():
        return ArcChain()

    def start() -> asyncio.Future[ArcChain]:
        deadline = scan.deadline.sooner(DKIM_TIMEOUT.of(scan.conf))
        return asyncio.ensure_future(
            arc.verify(wire, resolver, now=scan.now, deadline=deadline, truncated=scan.truncated)
        )

    return await asyncio.shield(scan.once("arc_chain", start))
