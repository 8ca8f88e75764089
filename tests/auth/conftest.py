"""Keys, and signers that share no code with the verifiers: DKIM by dkimpy, DomainKeys by the RFC's words."""

import base64
import hashlib
import random
import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from dkim import DKIM

INFO = {
    "sha1": bytes.fromhex("3021300906052b0e03021a05000414"),
    "sha256": bytes.fromhex("3031300d060960864801650304020105000420"),
}


@dataclass(frozen=True)
class Key:
    """An RSA key pair, with the arithmetic of RFC 8017 done by hand so that any size will do."""

    n: int
    d: int
    pem: bytes = b""

    @property
    def public(self) -> str:
        """The key as `p=` has it."""
        key = rsa.RSAPublicNumbers(65537, self.n).public_key()
        return base64.b64encode(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()

    @property
    def bare(self) -> str:
        """The key as RFC 6376 defines `p=`: RSAPublicKey."""
        key = rsa.RSAPublicNumbers(65537, self.n).public_key()
        return base64.b64encode(key.public_bytes(Encoding.DER, PublicFormat.PKCS1)).decode()

    def sign(self, hash_name: str, data: bytes) -> bytes:
        """RSASSA-PKCS1-v1_5 over the hash of `data`."""
        size = (self.n.bit_length() + 7) // 8
        info = INFO[hash_name] + hashlib.new(hash_name, data).digest()
        padded = b"\0\1" + b"\xff" * (size - len(info) - 3) + b"\0" + info
        return pow(int.from_bytes(padded), self.d, self.n).to_bytes(size)


def new_key(bits: int) -> Key:
    private = rsa.generate_private_key(65537, bits)
    numbers = private.private_numbers()
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    return Key(numbers.public_numbers.n, numbers.d, pem)


def _prime(bits: int, dice: random.Random) -> int:
    while True:
        number = dice.getrandbits(bits) | 3 << bits - 2 | 1
        if all(number % small for small in (3, 5, 7, 11, 13, 17, 19, 23)) and all(
            pow(dice.randrange(2, number - 1), number - 1, number) == 1 for _ in range(20)
        ):
            return number


@pytest.fixture(scope="session")
def key() -> Key:
    """A key of 1,024 bits."""
    return new_key(1024)


@pytest.fixture(scope="session")
def other_key() -> Key:
    """Another key, of 2,048 bits."""
    return new_key(2048)


@pytest.fixture(scope="session")
def short_key() -> Key:
    """A key of 512 bits, which libraries no longer make."""
    dice = random.Random(4870)
    while True:
        p, q = _prime(256, dice), _prime(256, dice)
        if p != q and (p - 1) % 65537 and (q - 1) % 65537:
            return Key(p * q, pow(65537, -1, (p - 1) * (q - 1)))


DkimSigner = Callable[..., bytes]


@pytest.fixture
def dkim_sign(key: Key) -> DkimSigner:
    """Sign a message with dkimpy: the message with its DKIM-Signature on top."""

    def sign(
        message: bytes,
        *,
        domain: bytes = b"example.com",
        selector: bytes = b"s1",
        forms: tuple[bytes, bytes] = (b"relaxed", b"relaxed"),
        algorithm: bytes = b"rsa-sha256",
        headers: list[bytes] | None = None,
        identity: bytes | None = None,
        length: bool = False,
        with_key: Key | None = None,
    ) -> bytes:
        signer = DKIM(message)
        field = signer.sign(
            selector,
            domain,
            (with_key or key).pem,
            signature_algorithm=algorithm,
            identity=identity,
            canonicalize=forms,
            include_headers=headers or [b"from", b"to", b"subject", b"date"],
            length=length,
        )
        return bytes(field) + message

    return sign


def _without_empty_end(lines: list[bytes]) -> list[bytes]:
    while lines and not lines[-1]:
        lines.pop()
    return lines


@pytest.fixture
def dk_sign(key: Key) -> DkimSigner:
    """Sign a message line by line as RFC 4870 section 3.4 says; the DomainKey-Signature goes on top."""

    def sign(
        message: bytes,
        *,
        form: str = "nofws",
        domain: str = "example.com",
        selector: str = "s1",
        listed: str = "",
        tags: str = "",
        with_key: Key | None = None,
    ) -> bytes:
        head, _, body = message.partition(b"\r\n\r\n")
        fields = re.split(rb"\r\n(?![ \t])", head)
        if listed:
            names = listed.lower().split(":")
            fields = [
                field
                for name in names
                for field in fields
                if field.partition(b":")[0].strip().lower().decode() == name
            ]
        lines = body.split(b"\r\n")
        if form == "nofws":
            fields = [re.sub(rb"[ \t\r\n]", b"", field) for field in fields]
            lines = [re.sub(rb"[ \t\r\n]", b"", line) for line in lines]
        text = b"".join(line + b"\r\n" for line in _without_empty_end([*fields, b"", *lines]))
        signature = base64.b64encode((with_key or key).sign("sha1", text)).decode()
        names_tag = f" h={listed};" if listed else ""
        field = (
            f"DomainKey-Signature: a=rsa-sha1; q=dns; c={form};{names_tag}\r\n"
            f" s={selector}; d={domain};{tags}\r\n b={signature};\r\n"
        )
        return field.encode() + message

    return sign
