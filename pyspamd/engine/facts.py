"""What a scan saw, for those who compare: the text views' digests, URIs and relays, and the relay tags.

The digests are those of `score_with_spamassassin.pl`: SHA-1 over the elements joined with NUL bytes.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

from ..base.ip_text import reverse_address
from ..mail.uris import uri_list
from ..scan.scan import Scan


def facts_of(scan: Scan) -> Mapping[str, Any]:
    """`body_sha1`, `rawbody_sha1`, `uris` (sorted) and `relays` (four X-Spam-Relays strings)."""
    message = scan.message
    return {
        "body_sha1": hashlib.sha1(b"\0".join(scan.body), usedforsecurity=False).hexdigest(),
        "rawbody_sha1": message.rawbody_sha1(),
        "uris": sorted(uri_list(scan.uri_details)),
        "relays": {
            kind.lower(): scan.relays.as_metadata(kind).decode("latin-1")
            for kind in ("Trusted", "Untrusted", "Internal", "External")
        },
    }


def relay_tags(scan: Scan) -> Mapping[str, str]:
    """The tags that name one relay: the first trusted and the last external one."""
    trusted, external = scan.relays.trusted, scan.relays.external
    first = trusted[-1] if trusted else None
    last = external[0] if external else None

    def text(value: str | bytes) -> str:
        return value.decode("latin-1") if isinstance(value, bytes) else value

    return {
        "FIRSTTRUSTEDIP": text(first.ip) if first else "",
        "FIRSTTRUSTEDREVIP": text(reverse_address(first.ip) or b"") if first else "",
        "LASTEXTERNALIP": text(last.ip) if last else "",
        "LASTEXTERNALREVIP": text(reverse_address(last.ip) or b"") if last else "",
        "LASTEXTERNALRDNS": text(last.rdns) if last else "",
        "LASTEXTERNALHELO": text(last.helo) if last else "",
    }
