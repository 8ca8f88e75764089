"""A name server of the tests' own, and a signer that shares no code with the verifier."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from dkim import DKIM

ZONE_SERVER = Path(__file__).parents[1] / "zone_server.py"
NameServer = Callable[..., str]
Sign = Callable[..., bytes]


@pytest.fixture(scope="module")
def zone_server() -> Iterator[NameServer]:
    """Start a name server that knows the records given; the `dns_server` line for it."""
    servers: list[subprocess.Popen[str]] = []

    def start(*records: str) -> str:
        server = subprocess.Popen(
            [sys.executable, str(ZONE_SERVER), *records], stdout=subprocess.PIPE, text=True
        )
        servers.append(server)
        assert server.stdout
        return f"dns_server [127.0.0.1]:{server.stdout.readline().strip()}"

    yield start
    for server in servers:
        server.kill()
        server.wait()
        assert server.stdout
        server.stdout.close()


@pytest.fixture(scope="session")
def signing_key() -> rsa.RSAPrivateKey:
    """A key of 1,024 bits."""
    return rsa.generate_private_key(65537, 1024)


@pytest.fixture(scope="session")
def key_record(signing_key: rsa.RSAPrivateKey) -> str:
    """Its record, as selector `s` of example.com."""
    import base64

    public = signing_key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return f"s._domainkey.example.com TXT v=DKIM1; p={base64.b64encode(public).decode()}"


@pytest.fixture(scope="session")
def sign(signing_key: rsa.RSAPrivateKey) -> Sign:
    """Sign a message for example.com."""

    def signed(
        message: bytes, *, length: bool = False, forms: tuple[bytes, bytes] = (b"relaxed", b"relaxed")
    ) -> bytes:
        pem = signing_key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
        field = DKIM(message).sign(
            b"s",
            b"example.com",
            pem,
            canonicalize=forms,
            include_headers=[b"from", b"to", b"subject"],
            length=length,
        )
        return bytes(field) + message

    return signed
