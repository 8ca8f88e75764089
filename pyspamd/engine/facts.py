"""What a scan saw, for those who compare: the text views' digests, URIs and relays.

The digests are those of `score_with_spamassassin.pl`: SHA-1 over the elements joined with NUL bytes.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

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
