"""The server under test, and what the kernel knows of its processes."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from processes import HOST, eventually, free_ports, started

STOCK_RULES = Path("/usr/share/spamassassin/50_scores.cf")


@dataclass(frozen=True)
class Server:
    """A running server."""

    pid: int
    port: int
    log: Path
    workers_at_rest: int

    def children(self) -> list[int]:
        """All processes whose parent is the master."""
        found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(self.pid)], capture_output=True, text=True)
        return sorted(map(int, found.stdout.split()))

    def workers(self) -> list[int]:
        """Those of them that serve; a reload has another one try the configuration."""
        return [pid for pid in self.children() if not _tries_configuration(pid)]

    def descriptors(self) -> int:
        """How many descriptors the master has open."""
        return len(list(Path(f"/proc/{self.pid}/fd").iterdir()))

    def memory_of(self, pid: int) -> int:
        """The proportional share of memory that a process has (PSS), in KiB."""
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
        return 0

    def signal(self, number: int, pid: int = 0) -> None:
        """Send the master (or another process) a signal."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid or self.pid, number)

    def settle(self) -> bool:
        """Whether it comes to rest: no reload under way, as many workers as at first."""
        return eventually(lambda: len(self.children()) == self.workers_at_rest)

    def count(self, text: str) -> int:
        """How often the log says something."""
        with self.log.open(encoding="latin-1") as lines:
            return sum(text in line for line in lines)


@contextlib.contextmanager
def running(folder: Path, workers: int, *options: str) -> Iterator[Server]:
    """A server with SpamAssassin's rules where they are installed, else with its own; local tests only."""
    (port,) = free_ports(1)
    command = [
        *(sys.executable, "-m", "pyspamd", "serve", "-L", "-x", "-s", "stderr", "-i", HOST, "-p", str(port)),
        *("-m", str(workers), "--round-robin", "--cache-dir", str(folder / "cache"), "--cf", "use_bayes 0"),
        # By default such rules keep what they first saw, as the original's do, and answers depend on the past.
        *("--cf", "capture_templates_once 0"),
        *(["--stock"] if STOCK_RULES.exists() else []),
        *(["-u", "nobody"] if os.geteuid() == 0 else []),
        *options,
    ]
    log = folder / "log"
    with started(command, folder, log, 20) as process:
        server = Server(process.pid, port, log, workers)
        up = eventually(lambda: len(server.children()) == workers or process.poll() is not None, 60)
        if not up or process.poll() is not None or not eventually(lambda: _answers(port)):
            raise RuntimeError(f"the server did not start:\n{log.read_text('latin-1')[-2000:]}")
        yield server


def ask(port: int, data: bytes, seconds: float) -> bytes:
    """The whole answer to a request; empty where there is none in time."""
    chunks = []
    with contextlib.suppress(OSError), socket.create_connection((HOST, port), timeout=seconds) as line:
        line.sendall(data)
        line.shutdown(socket.SHUT_WR)
        while chunk := line.recv(65536):
            chunks.append(chunk)
    return b"".join(chunks)


def _answers(port: int) -> bool:
    try:
        with socket.create_connection((HOST, port), timeout=5) as line:
            line.sendall(b"PING SPAMC/1.2\r\n")
            return line.recv(100).endswith(b"PONG\r\n")
    except OSError:
        return False


def _tries_configuration(pid: int) -> bool:
    try:
        return b"PYSPAMD_CHECK_ONLY=" in Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return False


def need_ps() -> None:
    """Raise where the tool that lists processes is missing."""
    if shutil.which("ps") is None:
        raise RuntimeError("ps is not installed")
