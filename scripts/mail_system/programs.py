"""Programs of the mail system: started in a folder of their own, waited for, and ended whatever happens."""

import contextlib
import fcntl
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

PATIENCE = 30.0
HOST = "127.0.0.1"


class TopologyError(Exception):
    """Something that does not work as it must; the text says what."""


class MissingError(TopologyError):
    """Something that this machine has not got."""


def need(program: str) -> str:
    """The path of an installed program. Raises `MissingError`."""
    path = shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if path is None:
        raise MissingError(f"{program} is not installed")
    return path


def eventually(what: Callable[[], bool], seconds: float = PATIENCE) -> bool:
    """Whether `what` comes true in time."""
    give_up = time.monotonic() + seconds
    while not what():
        if time.monotonic() > give_up:
            return False
        time.sleep(0.02)
    return True


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on just now, and none of those that the kernel may give to a client in a moment."""
    ports = list(range(10_240, 32_768))
    random.shuffle(ports)
    found: list[int] = []
    while len(found) < count:
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind((HOST, port := ports.pop()))
            found.append(port)
    return found


@contextlib.contextmanager
def alone(port: int, seconds: float) -> Iterator[None]:
    """Hold a port that cannot be chosen for this run alone; waits while other runs hold it.

    Raises `TopologyError` where they do for too long.
    """
    lock = Path(tempfile.gettempdir(), f"pyspamd-port-{port}.lock")
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        if not eventually(lambda: _locked(descriptor), seconds):
            raise TopologyError(f"another run has had port {port} for {seconds:.0f} seconds")
        yield
    finally:
        os.close(descriptor)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def listens(port: int) -> bool:
    """Whether somebody answers on a port."""
    try:
        socket.create_connection((HOST, port), timeout=2).close()
    except OSError:
        return False
    return True


@contextlib.contextmanager
def running(
    command: Sequence[str], folder: Path, log: Path, ports: Sequence[int], path: Path | None = None
) -> Iterator[None]:
    """A program in the foreground, up when all `ports` answer and `path` exists, ended with all it has started."""
    name = Path(command[0]).name
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )

    def is_up() -> bool:
        return all(map(listens, ports)) and (path is None or path.exists())

    try:
        up = eventually(lambda: process.poll() is not None or is_up())
        if not up or process.poll() is not None:
            raise TopologyError(f"{name} did not start:\n{log.read_text('latin-1')[-2000:]}")
        yield
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(15)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
