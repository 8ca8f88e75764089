"""RSA and Ed25519 public keys, read and put to use: RFC 8017, RFC 8463. What a key record says beside is `keys`'s."""

from typing import Final, Literal

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key
from dkim.crypto import UnparsableKeyError, parse_public_key
from nacl.exceptions import CryptoError
from nacl.signing import VerifyKey

MOST_RSA_BITS: Final = 16384
MOST_EXPONENT_BITS: Final = 64


class UnusableKeyError(ValueError):
    """What was published is no key of its kind, or none that anybody should work with; `str()` says why."""


class RsaKey:
    """A public RSA key."""

    type: Final[Literal["rsa"]] = "rsa"

    def __init__(self, key: rsa.RSAPublicKey) -> None:
        self.bits = key.key_size
        self._key = key

    def recovered(self, signature: bytes) -> bytes | None:
        """The DigestInfo that was signed (RFC 8017 section 9.2); `None` for another key's signature."""
        try:
            return self._key.recover_data_from_signature(signature, padding.PKCS1v15(), None)
        except (InvalidSignature, ValueError, UnsupportedAlgorithm):
            return None


class Ed25519Key:
    """A public Ed25519 key."""

    type: Final[Literal["ed25519"]] = "ed25519"
    bits: Final = 256

    def __init__(self, key: VerifyKey) -> None:
        self._key = key

    def verifies(self, signature: bytes, signed: bytes) -> bool:
        """Whether the signature is this key's over `signed`."""
        try:
            self._key.verify(signed, signature)
        except (CryptoError, ValueError, TypeError):
            return False
        return True


def rsa_key(der: bytes) -> RsaKey:
    """An RSA key, as SubjectPublicKeyInfo (what all publish) or as RSAPublicKey (what RFC 6376 says).

    Raises UnusableKeyError.
    """
    try:
        key = load_der_public_key(der)
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if key is not None and not isinstance(key, rsa.RSAPublicKey):
        raise UnusableKeyError("not an RSA key")
    try:
        if key is None:
            parsed = parse_public_key(der)
            key = rsa.RSAPublicNumbers(parsed["publicExponent"], parsed["modulus"]).public_key()
        exponent = key.public_numbers().e
    except (UnparsableKeyError, ValueError, TypeError, IndexError, AssertionError, OverflowError) as error:
        raise UnusableKeyError("no RSA key in p=") from error
    # Whoever publishes the key pays nothing for its size, whoever verifies does.
    if key.key_size > MOST_RSA_BITS or (key.key_size > 3072 and exponent.bit_length() > MOST_EXPONENT_BITS):
        raise UnusableKeyError("the RSA key is too large")
    return RsaKey(key)


def ed25519_key(raw: bytes) -> Ed25519Key:
    """An Ed25519 key: 32 bytes (RFC 8463 section 4). Raises UnusableKeyError."""
    try:
        return Ed25519Key(VerifyKey(raw))
    except (CryptoError, ValueError, TypeError) as error:
        raise UnusableKeyError("no Ed25519 key in p=") from error
