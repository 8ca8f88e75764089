"""Clients that a dead worker left behind: told to try again, and heard out until they have stopped sending.

A socket closed with unread data in it makes the kernel reset the connection, and the answer may be lost with it.
"""

import contextlib
import socket
import time
from collections.abc import Iterable
from typing import Final

_PATIENCE: Final = 5.0
"""Seconds in which a client should have noticed."""
_CHUNK: Final = 1024 * 1024
_CHUNKS: Final = 64
"""How many chunks are read of one client at a time."""


class Farewells:
    """The connections that wait for their clients' last bytes."""

    def __init__(self) -> None:
        self._waiting: list[tuple[socket.socket, float]] = []

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def answer(self, client: socket.socket, reply: bytes) -> None:
        """Send a client its answer; the connection is ours from now on."""
        client.setblocking(False)
        try:
            client.send(reply)
            client.shutdown(socket.SHUT_WR)
        except OSError:
            client.close()
            return
        self._hear_out(client)

    def _hear_out(self, client: socket.socket) -> None:
        if not _heard_out(client):
            self._waiting.append((client, time.monotonic() + _PATIENCE))

    def take_over(self, descriptors: Iterable[int]) -> None:
        """Hear out those who waited for another master."""
        for descriptor in descriptors:
            client = socket.socket(fileno=descriptor)
            client.setblocking(False)
            self._hear_out(client)

    @property
    def descriptors(self) -> tuple[int, ...]:
        """Those of the connections that wait."""
        return tuple(client.fileno() for client, _ in self._waiting)

    def look_after(self) -> None:
        """Read what came meanwhile, and close what is over."""
        now, waiting = time.monotonic(), self._waiting
        self._waiting = []
        for client, until in waiting:
            if now > until:
                client.close()
            elif not _heard_out(client):
                self._waiting.append((client, until))

    def close(self) -> None:
        """Wait for nobody."""
        for client, _ in self._waiting:
            client.close()
        self._waiting.clear()


def _heard_out(client: socket.socket) -> bool:
    """Read and forget what a client sent; whether it will send no more, in which case it is closed."""
    with contextlib.suppress(BlockingIOError):
        for _ in range(_CHUNKS):
            try:
                if client.recv(_CHUNK):
                    continue
            except BlockingIOError:
                raise
            except OSError:
                pass
            client.close()
            return True
    return False
