"""SPF of the message being judged: who is asked about, what our own hosts have found out, what the DNS says.

Worked out once a message, for the SPF plugin's tests and for DMARC.
"""

import asyncio
import re
from dataclasses import dataclass
from typing import Final, Literal

from ..auth import spf
from ..auth.taglist import text
from ..conf.core_network import ALWAYS_TRUST_ENVELOPE_SENDER
from ..conf.directives import Bool, Duration
from ..net.resolver import Resolver
from .scan import Scan

Identity = Literal["mfrom", "helo"]

SPF_TIMEOUT: Final = Duration("spf_timeout", default=5.0, admin_only=True)
IGNORE_RECEIVED_SPF: Final = Bool("ignore_received_spf_header", default=False, admin_only=True)
USE_NEWEST_RECEIVED_SPF: Final = Bool("use_newest_received_spf_header", default=False, admin_only=True)

MOST_TERMS = 20
"""RFC 7208 allows 10 terms that ask the DNS; some senders' records need more, and SpamAssassin grants it."""

_WORD = rb"pass|neutral|(?:soft)?fail|(?:temp|perm)error|none"
_RECEIVED_SPF = re.compile(rb"received-spf:", re.IGNORECASE)
_RECEIVED_RESULT = re.compile(
    rb"received-spf:\s*(" + _WORD + rb")\b(?:.*\bidentity=(\S+?);?\b)?", re.IGNORECASE
)
_RESULTS = re.compile(rb"(?:arc-)?authentication-results:.*;\s*spf\s*=\s*([^;]*)", re.IGNORECASE)
_RESULTS_WORD = re.compile(rb"(hardfail|" + _WORD + rb")(?:[^;]*?\bsmtp\.(\S+)\s*=[^;]+)?", re.IGNORECASE)
_ADDRESS_HELO = re.compile(r"[\[!]?\d+\.\d+\.\d+\.\d+[\]!]?\n?\Z", re.ASCII)
_IDENTITIES: dict[bytes, Identity] = {b"mfrom": "mfrom", b"mailfrom": "mfrom", b"helo": "helo"}


@dataclass(frozen=True, slots=True)
class SpfOutcome:
    """What SPF says of one identity: a result of RFC 7208, "" where nothing was checked.

    `explanation` is what the domain says to those that fail; `from_header` says that a host of ours checked.
    """

    result: str = ""
    explanation: str | None = None
    from_header: bool = False


UNCHECKED = SpfOutcome()


def envelope_sender(scan: Scan) -> str | None:
    """The envelope sender that SPF asks about, lower case; `None` where it is not known.

    That of the first Received line of a host outside, or, if no trusted host has relayed the message, that of
    the header.
    """
    return scan.once("spf_sender", lambda: _envelope_sender(scan))


def _envelope_sender(scan: Scan) -> str | None:
    external = scan.relays.external
    if external and external[0].envfrom is not None:
        return text(external[0].envfrom).lower()
    if scan.relays.trusted and not ALWAYS_TRUST_ENVELOPE_SENDER.of(scan.conf):
        return None
    found = scan.values("EnvelopeFrom:addr")
    return text(found[0]).lower() if found else None


def header_outcomes(scan: Scan) -> dict[Identity, SpfOutcome]:
    """What Received-SPF and Authentication-Results fields of internal hosts say, by identity."""
    return scan.once("spf_headers", lambda: _header_outcomes(scan))


def _header_outcomes(scan: Scan) -> dict[Identity, SpfOutcome]:
    found: dict[Identity, SpfOutcome] = {}
    if IGNORE_RECEIVED_SPF.of(scan.conf):
        return found
    fields = scan.values("ALL-INTERNAL")
    # The earliest field comes from the host that took the message in.
    for line in fields if USE_NEWEST_RECEIVED_SPF.of(scan.conf) else reversed(fields):
        if _RECEIVED_SPF.match(line):
            match = _RECEIVED_RESULT.match(line)
        else:
            results = _RESULTS.match(line)
            match = _RESULTS_WORD.match(results[1]) if results else None
        if match is None:
            continue
        identity = _IDENTITIES.get(match[2].lower()) if match[2] is not None else "mfrom"
        if identity is None or identity in found:
            continue
        word = match[1].lower().decode()
        found[identity] = SpfOutcome("fail" if word == "hardfail" else word, from_header=True)
        if len(found) == len(set(_IDENTITIES.values())):
            break
    return found


async def spf_outcome(scan: Scan, identity: Identity) -> SpfOutcome:
    """What SPF says of the envelope sender or of the HELO name; a host of ours that checked is believed."""
    known = header_outcomes(scan).get(identity)
    if known is not None:
        return known
    resolver = scan.resolver
    if resolver is None:
        return UNCHECKED

    def start() -> asyncio.Future[SpfOutcome]:
        return asyncio.ensure_future(_ask(scan, identity, resolver))

    return await asyncio.shield(scan.once(("spf", identity), start))


async def _ask(scan: Scan, identity: Identity, resolver: Resolver) -> SpfOutcome:
    external = scan.relays.external
    if not external:
        return UNCHECKED
    helo = text(external[0].helo)
    name = helo if identity == "helo" else envelope_sender(scan)
    if not name:
        return UNCHECKED
    if identity == "helo" and (_ADDRESS_HELO.match(helo) or "." not in helo):
        return UNCHECKED
    found = await spf.check(
        external[0].ip.decode("latin-1"),
        name,
        helo or "unknown",
        resolver,
        scope=identity,
        receiver=scan.tags.text("HOSTNAME") or "",
        most_terms=MOST_TERMS,
        now=scan.now,
        deadline=scan.deadline.sooner(SPF_TIMEOUT.of(scan.conf)),
    )
    return UNCHECKED if found.timed_out else SpfOutcome(found.result, found.explanation)
