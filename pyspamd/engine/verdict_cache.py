"""The verdict cache: remembers what was derived from a body alone, never anything about a signature.

Bulk mail repeats its body, so the costly rules need not run again; but a verdict remembered whole by body hash
would say "not signed" of the copy that comes back signed. So only answers of rules that read nothing but the body
are kept, and everything else is worked out afresh for every message.

    spam_check_negative_ttl 600    # seconds to remember the body of a ham, 0 for never
    spam_check_positive_ttl 1800   # seconds to remember the body of a spam, 0 for never
"""

import hashlib
import json
import logging

from ..base.stores import Store
from ..mail.message import Message
from .body_hits import BodyHits

logger = logging.getLogger(__name__)
FORMAT = 3
MIME_FIELDS = (
    "Content-Type",
    "Content-Transfer-Encoding",
    "Content-Disposition",
    "Content-ID",
    "Content-Location",
    "MIME-Version",
)
"""Top-level fields that decide how a body is decoded (those of inner parts are in the raw body)."""


def body_key(message: Message, fingerprint: str) -> str:
    """SHA-256 (hex) over what the reading of the body depends on.

    `fingerprint` stands for rules, code and the user's preferences. Every value is length-prefixed, so that no two
    different inputs run together; repeats and their order count.
    """
    digest = hashlib.sha256(f"pyspamd body {FORMAT} {fingerprint}\n".encode())
    for name in (*MIME_FIELDS, "Subject"):
        for value in message.headers.raw(name):
            digest.update(f"{name} {len(value)}\n".encode())
            digest.update(value)
    # Whether a message ends its lines with CRLF is decided in its header, and tells how the body is read.
    digest.update(b"lines %r\n" % message.line_ending)
    digest.update(b"body %d\n" % len(message.body_bytes))
    digest.update(message.body_bytes)
    return digest.hexdigest()


class VerdictCache:
    """Body records in a store, with the two lifetimes."""

    def __init__(self, store: Store, *, negative_ttl: float = 600, positive_ttl: float = 1800) -> None:
        self.store = store
        self.negative_ttl = negative_ttl
        self.positive_ttl = positive_ttl

    @property
    def enabled(self) -> bool:
        """Whether anything is ever remembered."""
        return self.negative_ttl > 0 or self.positive_ttl > 0

    def recall(self, key: str) -> BodyHits | None:
        """The record of a body seen before, or `None`; whatever is wrong with the store is a miss."""
        data = self.store.get(key)
        if data is None:
            return None
        try:
            return BodyHits.from_record(json.loads(data))
        except (ValueError, UnicodeDecodeError):
            logger.warning("verdict cache: an entry cannot be read and is ignored")
            return None

    def remember(self, key: str, body_hits: BodyHits, *, is_spam: bool) -> None:
        """Keep a record for as long as its half of the cache says."""
        ttl = self.positive_ttl if is_spam else self.negative_ttl
        if ttl > 0:
            self.store.set(key, json.dumps(body_hits.record).encode(), ttl)

    def forget(self, key: str) -> None:
        """Drop what is known of a body, because somebody learned from the message."""
        self.store.delete(key)
