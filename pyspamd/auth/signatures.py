"""All signatures of a message at once: DKIM and DomainKeys in header order, their keys asked together."""

import time
from dataclasses import dataclass

from ..base.clock import Deadline
from ..net.resolver import Resolver
from . import dkim, domainkeys
from .dkim import BodyHashes
from .pending import Pending, settle_all
from .result import SignatureResult
from .truncated import beyond_checking
from .wireform import WireMessage

MOST_SIGNATURES = 51
"""How many are looked at; whoever adds more wants the verifier's time. The rest are as if not there."""


@dataclass(frozen=True, slots=True)
class Signatures:
    """What a message's DKIM and DomainKeys signatures are worth, from top to bottom."""

    results: tuple[SignatureResult, ...] = ()

    @property
    def readable(self) -> tuple[SignatureResult, ...]:
        """Those that are tag lists: what SpamAssassin counts as signatures."""
        return tuple(result for result in self.results if result.readable)

    @property
    def valid(self) -> tuple[SignatureResult, ...]:
        """Those that verify and have a selector."""
        return tuple(result for result in self.readable if result.valid and result.selector)


async def verify(
    message: bytes | WireMessage,
    resolver: Resolver,
    *,
    now: float | None = None,
    deadline: Deadline | None = None,
    truncated: bool = False,
) -> Signatures:
    """What every DKIM-Signature and DomainKey-Signature of `message` is worth; never raises.

    `now` is the time in seconds since 1970. A message without signatures asks the resolver nothing. Of a
    `truncated` message a signature is "neutral" where it fails for what is missing (`auth/truncated.py`).
    """
    wire = message if isinstance(message, WireMessage) else WireMessage(message)
    if not wire.has_signature():
        return Signatures()
    moment = time.time() if now is None else now
    hashes = BodyHashes(wire.body)
    found: list[Pending] = []
    for at, field in enumerate(wire.fields):
        if field.name == dkim.FIELD:
            found.append(dkim.prepare(wire, at, hashes, moment))
        elif field.name == domainkeys.FIELD:
            found.append(domainkeys.prepare(wire, at))
        if len(found) == MOST_SIGNATURES:
            break
    results = await settle_all(found, resolver, deadline)
    if truncated:
        results = [beyond_checking(result, wire) for result in results]
    return Signatures(tuple(results))
