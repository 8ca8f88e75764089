"""Servers to talk to: processes of their own on free ports, with a scorer of two rules or the real engine."""

import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

GTUBE_SERVER = Path(__file__).with_name("gtube_server.py")
PATIENCE = 30.0


def eventually(what: Callable[[], bool], seconds: float = PATIENCE) -> bool:
    """Whether `what` comes true in time."""
    give_up = time.monotonic() + seconds
    while not what():
        if time.monotonic() > give_up:
            return False
        time.sleep(0.02)
    return True


def free_port() -> int:
    """A port nobody listens on just now, and none of those that the kernel may give to a client in a moment."""
    ports = list(range(10_240, 32_768))
    random.shuffle(ports)
    for port in ports:
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise RuntimeError("there is no free port")


@pytest.fixture
def port() -> int:
    """A free port."""
    return free_port()


@dataclass
class Server:
    """A running server."""

    process: subprocess.Popen[bytes]
    port: int
    log_file: Path

    @property
    def pid(self) -> int:
        """The master's process id."""
        return self.process.pid

    def log(self) -> str:
        """All it has logged."""
        return self.log_file.read_text("latin-1")

    def said(self, text: str, seconds: float = PATIENCE) -> bool:
        """Whether the log comes to hold `text` in time."""
        return eventually(lambda: text in self.log(), seconds)

    def workers(self) -> list[int]:
        """The workers' process ids, oldest first."""
        listing = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(self.pid)], capture_output=True, text=True
        )
        return sorted(int(word) for word in listing.stdout.split())

    def connect(self, timeout: float = PATIENCE) -> socket.socket:
        """A connection."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=timeout)

    def ask(self, data: bytes, *, half_close: bool = True, timeout: float = PATIENCE) -> bytes:
        """The whole answer to `data`; without `half_close` the server must not wait for more."""
        with self.connect(timeout) as line:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                line.sendall(data)
                if half_close:
                    line.shutdown(socket.SHUT_WR)
            return self.everything(line)

    def check(self, message: bytes, verb: str = "CHECK", head: bytes = b"", **how: bool) -> bytes:
        """The answer to a request about a message."""
        return self.ask(self.request(message, verb, head), **how)

    @staticmethod
    def request(message: bytes, verb: str = "CHECK", head: bytes = b"", version: str = "1.5") -> bytes:
        """A request about a message, with its length."""
        return b"%b SPAMC/%b\r\n%bContent-length: %d\r\n\r\n%b" % (
            verb.encode(),
            version.encode(),
            head,
            len(message),
            message,
        )

    @staticmethod
    def everything(line: socket.socket) -> bytes:
        """What comes until the other side closes."""
        chunks: list[bytes] = []
        while chunk := line.recv(1024 * 1024):
            chunks.append(chunk)
        return b"".join(chunks)

    @staticmethod
    def eventually(what: Callable[[], bool], seconds: float = PATIENCE) -> bool:
        """Whether `what` comes true in time."""
        return eventually(what, seconds)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """End it; the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(PATIENCE)


Start = Callable[..., Server]


@contextlib.contextmanager
def running(folder: Path, command: list[str], port: int) -> Iterator[Server]:
    """A server process, ready to answer, ended afterwards."""
    log_file = folder / f"log-{port}"
    with log_file.open("wb") as log:
        process = subprocess.Popen(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
    server = Server(process, port, log_file)
    try:
        ready = eventually(lambda: "spawned child" in server.log() or process.poll() is not None)
        assert ready, server.log()
        yield server
    finally:
        server.stop()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # whatever a failed test left


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


@pytest.fixture(scope="session")
def servers() -> Callable[[Path, list[str]], contextlib.AbstractContextManager[Server]]:
    """Runs any server in a folder; where to listen is added to its command."""

    def one(folder: Path, line: list[str]) -> contextlib.AbstractContextManager[Server]:
        port = free_port()
        return running(folder, [*line, "-i", "127.0.0.1", "-p", str(port)], port)

    return one


@pytest.fixture(scope="session")
def spamc() -> str:
    """The real client."""
    found = shutil.which("spamc")
    if found is None:
        pytest.skip("external: spamc is not installed")
    return found


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
