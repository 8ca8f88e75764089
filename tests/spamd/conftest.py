"""Servers to talk to: processes of their own on free ports, with a scorer of two rules or the real engine."""

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from servers import Server, Start, free_port, running

GTUBE_SERVER = Path(__file__).with_name("gtube_server.py")


@pytest.fixture
def port() -> int:
    """A free port."""
    return free_port()


def command(*options: str, port: int) -> list[str]:
    """The command line of a server with the scorer of two rules."""
    return [
        *(sys.executable, str(GTUBE_SERVER), "-L", "-s", "stderr"),
        *("-i", "127.0.0.1", "-p", str(port), *options),
    ]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts servers with the scorer of two rules; options are those of `pyspamd serve`."""
    with contextlib.ExitStack() as stack:

        def one(*options: str) -> Server:
            port = free_port()
            return stack.enter_context(running(tmp_path, command(*options, port=port), port))

        yield one


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server with the scorer of two rules, for tests that leave it as it is."""
    port = free_port()
    folder = tmp_path_factory.mktemp("server")
    options = ("-x", "-m", "2", "--min-children=2", "--allow-tell")
    with running(folder, command(*options, port=port), port) as one:
        yield one


@pytest.fixture(scope="module")
def stock_server(stock_rules: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with the real engine and SpamAssassin's rules."""
    port = free_port()
    folder = tmp_path_factory.mktemp("stock")
    options = ["-L", "-x", "-m", "1", "-s", "stderr", "--cache-dir=", "-i", "127.0.0.1", "-p", str(port)]
    with running(folder, [sys.executable, "-m", "pyspamd", "serve", "--stock", *options], port) as one:
        yield one


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a certificate in one file."""
    from datetime import UTC, datetime, timedelta

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mx.example.com")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + signed.public_bytes(serialization.Encoding.PEM)
    )
    return path
