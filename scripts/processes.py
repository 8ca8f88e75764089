"""Programs that the scripts start on loopback: free ports, waiting, and an end whatever happens."""

import contextlib
import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

PATIENCE = 30.0
HOST = "127.0.0.1"


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
def started(
    command: Sequence[str], folder: Path, log: Path, seconds_to_end: float
) -> Iterator[subprocess.Popen[bytes]]:
    """A program in the foreground, its output in `log`; in the end it is stopped with all it has started."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(seconds_to_end)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
