"""Keys made on the spot, their records in the DNS, and signatures of senders from outside.

DKIM is dkimpy's; DomainKeys' canonicalization `simple` is written out here after RFC 4870 section 3.4.2.1.
"""

import base64
import re
from dataclasses import dataclass

import dkim
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa


@dataclass(frozen=True)
class SigningKey:
    """A key pair under a selector of a domain."""

    domain: str
    selector: str
    private: rsa.RSAPrivateKey

    @classmethod
    def create(cls, domain: str, selector: str) -> "SigningKey":
        """A new key of 2048 bits."""
        return cls(domain, selector, rsa.generate_private_key(public_exponent=65537, key_size=2048))

    @property
    def pem(self) -> bytes:
        """The private key for OpenDKIM and dkimpy (PEM, PKCS #1)."""
        return self.private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )

    def record(self, version: str = "v=DKIM1; ") -> str:
        """The public key as a line of the zone."""
        public = self.private.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        text = f"{version}k=rsa; p={base64.b64encode(public).decode()}"
        return f"{self.selector}._domainkey.{self.domain} TXT {text}"


def sign_dkim(message: bytes, key: SigningKey) -> bytes:
    """The message with a DKIM signature on top."""
    signature = dkim.sign(message, key.selector.encode(), key.domain.encode(), key.pem)
    return bytes(signature) + message


def sign_domainkeys(message: bytes, key: SigningKey) -> bytes:
    """The message (lines ending in CRLF) with a DomainKeys signature over all that follows it."""
    signed = re.sub(rb"(?:\r\n)+\Z", b"\r\n", message)
    value = base64.b64encode(key.private.sign(signed, padding.PKCS1v15(), hashes.SHA1())).decode()
    field = f"DomainKey-Signature: a=rsa-sha1; q=dns; c=simple; s={key.selector}; d={key.domain}; b={value}"
    return field.encode() + b"\r\n" + message
