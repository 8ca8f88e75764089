"""Programs of the mail system: started in a folder of their own, waited for, and ended whatever happens."""

import contextlib
import fcntl
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from processes import HOST, eventually, started


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

    def is_up() -> bool:
        return all(map(listens, ports)) and (path is None or path.exists())

    with started(command, folder, log, 15) as process:
        up = eventually(lambda: process.poll() is not None or is_up())
        if not up or process.poll() is not None:
            raise TopologyError(f"{name} did not start:\n{log.read_text('latin-1')[-2000:]}")
        yield
