"""Public keys from `selector._domainkey.domain`: RFC 6376 section 3.6.1, RFC 8463, RFC 4870 section 3.2.3.

One reader serves DKIM and DomainKeys, whose records share their tags and, in practice, their names.
"""

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from typing import Literal

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key
from dkim.crypto import UnparsableKeyError, parse_public_key
from nacl.exceptions import CryptoError
from nacl.signing import VerifyKey

from ..base.remembered import remembered
from .result import TEXT_ALTERED
from .taglist import FOLDING, TagListError, read_tags, squeezed

HashName = Literal["sha1", "sha256"]
KeyType = Literal["rsa", "ed25519"]

MOST_RSA_BITS = 16384
MOST_EXPONENT_BITS = 64
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

    type: KeyType
    bits: int
    key: rsa.RSAPublicKey | VerifyKey
    hashes: frozenset[bytes] = frozenset()
    flags: frozenset[bytes] = frozenset()
    granularity: bytes = b"*"
    versioned: bool = False

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
        if isinstance(self.key, VerifyKey):
            return None
        try:
            info = self.key.recover_data_from_signature(signature, padding.PKCS1v15(), None)
        except (InvalidSignature, ValueError, UnsupportedAlgorithm):
            return None
        prefix = DIGEST_INFO[hash_name]
        return info[len(prefix) :] if info.startswith(prefix) else None

    def verify(self, signature: bytes, digest: bytes, hash_name: HashName) -> str:
        """What is wrong with `signature` over `digest`; empty where nothing is."""
        if isinstance(self.key, VerifyKey):
            # RFC 8463 section 3: the Ed25519 signature is over the SHA-256 digest.
            try:
                self.key.verify(digest, signature)
            except (CryptoError, ValueError, TypeError):
                return "bad Ed25519 signature"
            return ""
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
    key = _ed25519(der) if kind == b"ed25519" else _rsa(der)
    return PublicKey(
        "rsa" if isinstance(key, rsa.RSAPublicKey) else "ed25519",
        key.key_size if isinstance(key, rsa.RSAPublicKey) else 256,
        key,
        _words(tags.get(b"h", b"")),
        _words(tags.get(b"t", b"")),
        tags.get(b"g", b"*"),
        bool(version),
    )


def _words(value: bytes) -> frozenset[bytes]:
    return frozenset(filter(None, (word.strip(FOLDING) for word in value.split(b":"))))


def _rsa(der: bytes) -> rsa.RSAPublicKey:
    """An RSA key, as SubjectPublicKeyInfo (what all publish) or as RSAPublicKey (what RFC 6376 says)."""
    try:
        key = load_der_public_key(der)
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if key is not None and not isinstance(key, rsa.RSAPublicKey):
        raise KeyRecordError("not an RSA key")
    try:
        if key is None:
            parsed = parse_public_key(der)
            key = rsa.RSAPublicNumbers(parsed["publicExponent"], parsed["modulus"]).public_key()
        exponent = key.public_numbers().e
    except (UnparsableKeyError, ValueError, TypeError, IndexError, AssertionError, OverflowError) as error:
        raise KeyRecordError("no RSA key in p=") from error
    # Whoever publishes the key pays nothing for its size, whoever verifies does.
    if key.key_size > MOST_RSA_BITS or (key.key_size > 3072 and exponent.bit_length() > MOST_EXPONENT_BITS):
        raise KeyRecordError("the RSA key is too large")
    return key


def _ed25519(raw: bytes) -> VerifyKey:
    """An Ed25519 key: 32 bytes (RFC 8463 section 4)."""
    try:
        return VerifyKey(raw)
    except (CryptoError, ValueError, TypeError) as error:
        raise KeyRecordError("no Ed25519 key in p=") from error
