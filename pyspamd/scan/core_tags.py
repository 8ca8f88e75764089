"""Tags that every message has: its senders' domains and the relays it came through.

Source: Mail::SpamAssassin::PerMsgStatus, `extract_message_metadata` and "TEMPLATE TAGS" in
Mail::SpamAssassin::Conf.
"""

from collections.abc import Mapping
from functools import partial
from typing import Final

from ..base.idn import idn_to_ascii
from ..base.ip_text import reverse_address
from .autolearn import learning_points
from .scan import Scan

_RELAYS: Final = ("Trusted", "Untrusted", "Internal", "External")
RELAY_TAGS: Final = (
    "FIRSTTRUSTEDIP",
    "FIRSTTRUSTEDREVIP",
    "LASTEXTERNALIP",
    "LASTEXTERNALREVIP",
    "LASTEXTERNALRDNS",
    "LASTEXTERNALHELO",
)


def relay_tags(scan: Scan) -> Mapping[str, str]:
    """The tags that name one relay: the first trusted and the last external one."""
    return scan.once("relay tags", lambda: _relay_tags(scan))


def _relay_tags(scan: Scan) -> Mapping[str, str]:
    trusted, external = scan.relays.trusted, scan.relays.external
    first = trusted[-1] if trusted else None
    last = external[0] if external else None
    values = (
        first.ip if first else b"",
        (reverse_address(first.ip) or b"") if first else b"",
        last.ip if last else b"",
        (reverse_address(last.ip) or b"") if last else b"",
        last.rdns if last else b"",
        last.helo if last else b"",
    )
    return {name: value.decode("latin-1") for name, value in zip(RELAY_TAGS, values, strict=True)}


def _sender_domain(scan: Scan) -> str | None:
    hosts = scan.values("EnvelopeFrom:first:addr:host")
    return idn_to_ascii(hosts[0].decode("latin-1")) if hosts else None


def _author_domain(scan: Scan) -> str | list[str] | None:
    hosts = [idn_to_ascii(host.decode("latin-1")) for host in dict.fromkeys(scan.values("From:addr:host"))]
    return (hosts if len(hosts) > 1 else hosts[0]) if hosts else None


def offer_core_tags(scan: Scan) -> None:
    """Let the scan have these tags; each is worked out when someone asks for it."""
    scan.tags.offer("SENDERDOMAIN", partial(_sender_domain, scan))
    scan.tags.offer("AUTHORDOMAIN", partial(_author_domain, scan))
    for kind in _RELAYS:
        scan.tags.offer(f"RELAYS{kind.upper()}", partial(_relays, scan, kind))
        scan.tags.offer(f"RELAYS{kind.upper()}REVIP", partial(_reversed, scan, kind))
    for name in RELAY_TAGS:
        scan.tags.offer(name, partial(_one_relay, scan, name))
    # Worth more with every hit, so it is asked anew each time.
    scan.tags.set("AUTOLEARNSCORE", lambda: f"{learning_points(scan).total:.15g}")


def _relays(scan: Scan, kind: str) -> str:
    return scan.relays.as_metadata(kind).decode("latin-1")


def _reversed(scan: Scan, kind: str) -> str | list[str] | None:
    texts = [ip.decode("latin-1") for ip in scan.relays.reversed_addresses(kind)]
    return (texts if len(texts) > 1 else texts[0]) if texts else None


def _one_relay(scan: Scan, name: str) -> str:
    return relay_tags(scan)[name]
