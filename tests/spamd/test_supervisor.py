"""What a supervisor is told, by the protocol of systemd, and sockets that it hands over."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from servers import Start

HAM = b"Subject: x\n\nbody\n"
OK = b"SPAMD/1.1 0 EX_OK\r\nSpam: False ; 0.0 / 5.0\r\n\r\n"
GTUBE_SERVER = Path(__file__).with_name("gtube_server.py")


class Told:
    """What arrives at a notification socket."""

    def __init__(self, line: socket.socket) -> None:
        self._line = line
        line.settimeout(30)

    def next(self) -> dict[str, str]:
        """The next message."""
        return dict(word.split("=", 1) for word in self._line.recv(4096).decode().split("\n"))

    def until(self, name: str) -> dict[str, str]:
        """The next message that says `name`."""
        while name not in (message := self.next()):
            pass
        return message


@pytest.fixture(params=["path", "abstract"])
def told(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Told]:
    """A supervisor's ear."""
    path = str(tmp_path / "notify")
    if request.param == "abstract":
        path = f"@pyspamd-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.bind(path.replace("@", "\0"))
        monkeypatch.setenv("NOTIFY_SOCKET", path)
        yield Told(line)


def test_ready_reload_and_stop(start: Start, told: Told, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    server = start("-m", "1", "-x", "--broken-if", str(broken))
    first = told.next()
    assert first["READY"] == "1"
    assert first["MAINPID"] == str(server.pid)
    assert server.check(HAM) == OK
    broken.touch()
    server.process.send_signal(signal.SIGHUP)
    assert told.next()["RELOADING"] == "1"
    again = told.next()
    assert again["READY"] == "1"
    assert "going on with the old one" in again["STATUS"]
    broken.unlink()
    server.process.send_signal(signal.SIGHUP)
    assert int(told.next()["MONOTONIC_USEC"]) > 0
    assert told.next() == first
    assert server.check(HAM) == OK
    assert server.stop() == 0
    assert told.next()["STOPPING"] == "1"


def test_signs_of_life(start: Start, told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", "5000000")
    start("-m", "1", "-x")
    assert "READY" in told.next()
    for _ in range(2):
        told.until("WATCHDOG")


def test_a_start_that_fails_is_never_ready(told: Told, tmp_path: Path) -> None:
    command = [sys.executable, str(GTUBE_SERVER), "-i", "127.0.0.1", "-p", "0", "--broken-if=/"]
    assert subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=30).returncode == 78
    told._line.setblocking(False)
    with pytest.raises(BlockingIOError):
        told.next()


AS_SYSTEMD = """
import os, sys
numbers = [int(number) for number in sys.argv[1].split(",")]
high = [os.dup2(number, 100 + place) for place, number in enumerate(numbers)]
for place, number in enumerate(high):
    os.dup2(number, 3 + place, inheritable=True)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(numbers)))
os.execv(sys.argv[2], sys.argv[2:])
"""


@contextlib.contextmanager
def handed(folder: Path, lines: list[socket.socket], *options: str) -> Iterator[subprocess.Popen[bytes]]:
    """A server that is handed sockets as systemd does it, from descriptor 3 on."""
    numbers = [str(line.fileno()) for line in lines]
    command = [sys.executable, "-c", AS_SYSTEMD, ",".join(numbers)]
    command += [sys.executable, str(GTUBE_SERVER), "-x", "-m", "1", *options]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=folder, stdout=log, stderr=log, pass_fds=[line.fileno() for line in lines]
        )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(30)


def ask(address: Any) -> bytes:
    """The answer of the server at a TCP address or a Unix socket's path."""
    with socket.socket(socket.AF_UNIX if isinstance(address, str) else socket.AF_INET) as line:
        line.settimeout(30)
        line.connect(address)
        line.sendall(b"CHECK SPAMC/1.5\r\nContent-length: %d\r\n\r\n%b" % (len(HAM), HAM))
        return b"".join(iter(lambda: line.recv(4096), b""))


def test_sockets_that_are_handed_over(tmp_path: Path) -> None:
    path = str(tmp_path / "socket")
    with socket.create_server(("127.0.0.1", 0)) as tcp, socket.socket(socket.AF_UNIX) as unix:
        unix.bind(path)
        unix.listen()
        addresses = (tcp.getsockname(), path)
        with handed(tmp_path, [tcp, unix], "-p", "1", "-i", "127.0.0.1") as process:
            assert [ask(address) for address in addresses] == [OK, OK]
            process.send_signal(signal.SIGHUP)
            while (tmp_path / "log").read_text().count("server started") < 2:
                assert process.poll() is None
                assert [ask(address) for address in addresses] == [OK, OK]
            assert [ask(address) for address in addresses] == [OK, OK]
        assert Path(path).exists()  # the supervisor goes on listening there


def test_sockets_for_somebody_else_are_not_taken(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LISTEN_PID", "1")
    monkeypatch.setenv("LISTEN_FDS", "1")
    server = start("-m", "1", "-x")
    assert server.check(HAM) == OK
