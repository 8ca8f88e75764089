"""What a master hands to the one that takes its place: sockets, workers, the board, through an `exec`.

On SIGHUP the master starts itself anew under its own pid, so that rules and code are read afresh while its
workers go on serving. The listening sockets are never closed; no client notices.
"""

import json
import os
import socket
from dataclasses import dataclass
from typing import Final

from .listeners import Listener, Place

VARIABLE: Final = "PYSPAMD_INHERITANCE"
_PLACE: Final = ("path", "address", "port", "tls")


@dataclass(frozen=True, slots=True)
class OldWorker:
    """A worker of the master before."""

    pid: int
    slot: int
    outlet: int
    """The descriptor of the queue its clients' sockets are kept in."""


@dataclass(frozen=True, slots=True)
class Inheritance:
    """All that is handed over; the numbers are descriptors."""

    listeners: tuple[Listener, ...]
    workers: tuple[OldWorker, ...]
    board: int
    lifeline: tuple[int, int]
    farewells: tuple[int, ...] = ()
    """Clients that have their answer and may still be sending."""

    def leave(self) -> None:
        """Put it where the process that follows will find it."""
        told = {
            "pid": os.getpid(),
            "listeners": [
                [one.socket.fileno(), one.is_lent, *(getattr(one.place, name) for name in _PLACE)]
                for one in self.listeners
            ],
            "workers": [[one.pid, one.slot, one.outlet] for one in self.workers],
            "board": self.board,
            "lifeline": self.lifeline,
            "farewells": self.farewells,
        }
        self._let_be_inherited(True)
        os.environ[VARIABLE] = json.dumps(told)

    def take_back(self) -> None:
        """Undo `leave`, where nobody came to take it."""
        self._let_be_inherited(False)
        os.environ.pop(VARIABLE, None)

    def _let_be_inherited(self, yes: bool) -> None:
        kept = [one.socket.fileno() for one in self.listeners] + [one.outlet for one in self.workers]
        for descriptor in [*kept, self.board, *self.lifeline, *self.farewells]:
            os.set_inheritable(descriptor, yes)

    @classmethod
    def take(cls) -> "Inheritance | None":
        """What this process was left, once; `None` for a fresh start."""
        text = os.environ.pop(VARIABLE, "")
        if not text:
            return None
        told = json.loads(text)
        if told["pid"] != os.getpid():
            return None
        listeners = [
            Listener(Place(*place), _adopted(descriptor), is_lent)
            for descriptor, is_lent, *place in told["listeners"]
        ]
        workers = [OldWorker(*entry) for entry in told["workers"]]
        lifeline = (told["lifeline"][0], told["lifeline"][1])
        # A program of an earlier version leaves none.
        farewells = tuple(told.get("farewells", ()))
        for descriptor in [told["board"], *lifeline, *(one.outlet for one in workers), *farewells]:
            os.set_inheritable(descriptor, False)
        return cls(tuple(listeners), tuple(workers), told["board"], lifeline, farewells)


def _adopted(descriptor: int) -> socket.socket:
    line = socket.socket(fileno=descriptor)
    line.set_inheritable(False)
    line.setblocking(False)
    return line
