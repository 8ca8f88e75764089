"""Public keys from `selector._domainkey.domain`: RFC 6376 section 3.6.1, RFC 8463, RFC 4870 section 3.2.3.

One reader serves DKIM and DomainKeys, whose records share their tags and, in practice, their names.
"""

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ..base.remembered import remembered
from .result import TEXT_ALTERED
from .taglist import FOLDING, TagListError, read_tags, squeezed

if TYPE_CHECKING:
    from .asymmetric import Ed25519Key, RsaKey

HashName = Literal["sha1", "sha256"]
KeyType = Literal["rsa", "ed25519"]

# DigestInfo up to the digest itself (RFC 8017 section 9.2, note 1).
DIGEST_INFO: dict[str, bytes] = {
    "sha1": bytes.fromhex("3021300906052b0e03021a05000414"),
    "sha256": bytes.fromhex("3031300d060960864801650304020105000420"),
}


class KeyRecordError(ValueError):
    """The record holds no key that could be used; `str()` says why."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key record: the key itself and what its owner says of its use.

    `hashes` is empty where all are welcome. `granularity` is `g=`, "*" by default; `versioned` says whether
    the record calls itself a DKIM one, which decides what an empty `g=` means.
    """

    key: "RsaKey | Ed25519Key"
    hashes: frozenset[bytes] = frozenset()
    flags: frozenset[bytes] = frozenset()
    granularity: bytes = b"*"
    versioned: bool = False

    @property
    def type(self) -> KeyType:
        """The algorithm that signs with it."""
        return self.key.type

    @property
    def bits(self) -> int:
        """Its size."""
        return self.key.bits

    @property
    def testing(self) -> bool:
        """Whether the owner only tries signing out: flag `y`."""
        return b"y" in self.flags

    @property
    def exact_domain(self) -> bool:
        """Whether `i=` must name the very domain of `d=`: flag `s`."""
        return b"s" in self.flags

    def signed_digest(self, signature: bytes, hash_name: HashName) -> bytes | None:
        """The digest that `signature` was made of; `None` for another key's, and for Ed25519, which hides it."""
        info = None if self.key.type == "ed25519" else self.key.recovered(signature)
        if info is None:
            return None
        prefix = DIGEST_INFO[hash_name]
        return info[len(prefix) :] if info.startswith(prefix) else None

    def verify(self, signature: bytes, digest: bytes, hash_name: HashName) -> str:
        """What is wrong with `signature` over `digest`; empty where nothing is."""
        if self.key.type == "ed25519":
            # RFC 8463 section 3: the Ed25519 signature is over the SHA-256 digest.
            return "" if self.key.verifies(signature, digest) else "bad Ed25519 signature"
        signed = self.signed_digest(signature, hash_name)
        if signed is None:
            return "bad RSA signature"
        return "" if hmac.compare_digest(signed, digest) else TEXT_ALTERED


def digest_of(hash_name: HashName, data: bytes) -> bytes:
    """The digest of `data`."""
    return hashlib.new(hash_name, data, usedforsecurity=False).digest()


LONGEST_KEPT = 4096
"""Octets of a record up to which it is remembered; a key of 16,384 bits takes 2,800."""


@remembered(most=2048, longest=LONGEST_KEPT)
def read_key(record: bytes) -> PublicKey:
    """The key in the text of a TXT record; `KeyRecordError` where there is none that can be used."""
    try:
        tags = read_tags(record)
    except TagListError as error:
        raise KeyRecordError(str(error)) from error
    version = tags.get(b"v", b"")
    if version not in (b"", b"DKIM1"):
        raise KeyRecordError("unsupported version")
    kind = tags.get(b"k") or b"rsa"
    if kind not in (b"rsa", b"ed25519"):
        raise KeyRecordError("unsupported key type")
    if b"p" not in tags:
        raise KeyRecordError("missing p= tag")
    # Zone files are edited by hand: quotes between the strings of a long record are a common slip.
    data = squeezed(tags[b"p"]).replace(b'"', b"")
    if not data:
        raise KeyRecordError("revoked")
    try:
        der = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError) as error:
        raise KeyRecordError("invalid data") from error
    services = _words(tags.get(b"s", b""))
    if services and not services & {b"*", b"email"}:
        raise KeyRecordError("does not support email")
    # Cryptography takes 7 MB and a twentieth of a second to import; without network nobody needs it.
    from . import asymmetric

    try:
        key = asymmetric.ed25519_key(der) if kind == b"ed25519" else asymmetric.rsa_key(der)
    except asymmetric.UnusableKeyError as error:
        raise KeyRecordError(str(error)) from error
    return PublicKey(
        key, _words(tags.get(b"h", b"")), _words(tags.get(b"t", b"")), tags.get(b"g", b"*"), bool(version)
    )


def _words(value: bytes) -> frozenset[bytes]:
    return frozenset(filter(None, (word.strip(FOLDING) for word in value.split(b":"))))
