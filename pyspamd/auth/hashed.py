"""What a signature was made over: the canonical header and body as they stand in the message now.

Source: RFC 6376 section 3.7; RFC 8617; RFC 4870.
"""

from dataclasses import dataclass

from . import arc, dkim, domainkeys
from .canonical import nofws_body, without_empty_end
from .keys import HashName, digest_of
from .pending import Refused
from .result import SignatureResult
from .signature_value import decoded
from .taglist import TagListError, names, read_tags
from .wireform import WireMessage


@dataclass(frozen=True, slots=True)
class HashedText:
    """The canonical forms that are hashed, in octets.

    `header` ends without CRLF for DKIM and ARC. A DomainKeys hash is over `header` and `body` in one. `body` is the
    whole canonical body, `None` for an ARC seal; `length` is how much of it is hashed (`l=`), `None` for all.
    `body_hash` is what `bh=` says, empty where nothing can be read there.
    """

    header: bytes
    body: bytes | None
    hash_name: HashName
    length: int | None = None
    body_hash: bytes = b""

    @property
    def covered_body(self) -> bytes:
        """The part of the body that is hashed."""
        return (self.body or b"")[: self.length]

    @property
    def body_matches(self) -> bool | None:
        """Whether the body has the hash in `bh=`; `None` where there is none to compare with."""
        if self.body is None or not self.body_hash:
            return None
        return digest_of(self.hash_name, self.covered_body) == self.body_hash


def hashed_text(message: WireMessage, result: SignatureResult) -> HashedText | None:
    """What the signature in `result` is over; `None` where it says too little, or nothing known, about that."""
    field = message.fields[result.position]
    try:
        tags = read_tags(field.value)
    except TagListError:
        return None
    if result.type == "DomainKeys":
        return _of_domainkeys(message, result, tags.get(b"h", b""))
    if result.part == "seal":
        hash_name: HashName = "sha1" if result.algorithm == "rsa-sha1" else "sha256"
        return HashedText(arc.sealed_text(arc.sets_of(message), result.instance or 0, field), None, hash_name)
    header_form, _, body_form = result.canonicalization.encode().partition(b"/")
    algorithm = dkim.ALGORITHMS.get(result.algorithm.encode("latin-1", "replace"))
    if (
        header_form not in dkim.BODY_FORMS
        or body_form not in dkim.BODY_FORMS
        or algorithm is None
        or b"h" not in tags
    ):
        return None
    signed = dkim.signed_fields(message.fields, names(tags[b"h"]))
    try:
        body_hash = decoded(tags.get(b"bh", b""), b"bh")
    except Refused:
        body_hash = b""
    return HashedText(
        dkim.signed_text(header_form, signed, field),
        dkim.BODY_FORMS[body_form](message.body),
        algorithm[1],
        result.body_length,
        body_hash,
    )


def _of_domainkeys(message: WireMessage, result: SignatureResult, listed: bytes) -> HashedText | None:
    form = result.canonicalization.encode("latin-1", "replace")
    if form not in (b"simple", b"nofws"):
        return None
    below = message.fields[result.position + 1 :]
    signed = domainkeys.signed_fields(below, names(listed) if listed else ())
    body = nofws_body(message.body) if form == b"nofws" else without_empty_end(message.body)
    whole = domainkeys.signed_text(form, signed, message.body)
    return HashedText(whole[: len(whole) - len(body)], body, "sha1")
