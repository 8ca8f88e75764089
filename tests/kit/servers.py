"""Servers that tests talk to: processes of their own on free ports, and their clients' side of a conversation."""

import contextlib
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from processes import HOST, PATIENCE, eventually, free_ports, started


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
        return socket.create_connection((HOST, self.port), timeout=timeout)

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

    def stop(self, number: int = signal.SIGTERM) -> int:
        """End it; the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(PATIENCE)


Start = Callable[..., Server]
"""Starts a server with the scorer of two rules; the arguments are options of `pyspamd serve`."""


def free_port() -> int:
    """A port nobody listens on just now."""
    return free_ports(1)[0]


@contextlib.contextmanager
def running(folder: Path, command: list[str], port: int) -> Iterator[Server]:
    """A server process, ready to answer, ended afterwards."""
    log_file = folder / f"log-{port}"
    with started(command, folder, log_file, PATIENCE) as process:
        server = Server(process, port, log_file)
        ready = eventually(lambda: "spawned child" in server.log() or process.poll() is not None)
        assert ready, server.log()
        yield server
        server.stop()
