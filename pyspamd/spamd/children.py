"""The workers as their master has them: forked, watched, ended where they are stuck, answered for once they are gone.

What a worker does with its life is `server.py`'s matter; how many there should be is `scaling.py`'s.
"""

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, NoReturn

from . import process, replies
from .board import Board, Escrow
from .farewell import Farewells
from .inheritance import OldWorker
from .journal import Journal
from .request import Fault, Status
from .scaling import BUSY, IDLE, LEAVING

GRACE: Final = 1.0
"""Seconds that a scan may be late before its worker counts as stuck."""
SHORT_LIFE: Final = 1.0
"""A worker that ends by itself sooner than this (seconds) has a fault that a new one would share."""
PAUSE: Final = 1.0
"""Seconds without a new worker where none can be forked, or where the last had a short life."""
TOO_SLOW: Final = replies.fault(Fault(Status.TEMPFAIL, b"(the scan took too long and was ended)"))
BROKEN_OFF: Final = replies.fault(Fault(Status.TEMPFAIL, b"(the scan was broken off)"))

Life = Callable[[int, Escrow], NoReturn]
"""What a worker does in its own process, given its slot on the board and its queue of sockets."""


@dataclass(slots=True)
class Child:
    """A worker as the master sees it."""

    pid: int
    slot: int
    escrow: Escrow
    born: float
    is_old: bool = False
    """Whether it belongs to a master before this one."""
    is_leaving: bool = False
    was_stuck: bool = False

    def signal(self, number: int) -> None:
        """Send it a signal, if it is still there."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def retire(self) -> None:
        """Have it take no more clients and end when those that it has are served."""
        self.is_leaving = True
        self.signal(signal.SIGUSR1)


class Children:
    """The workers that have not ended, those of the master before among them; one object a master."""

    def __init__(self, journal: Journal, board: Board, farewells: Farewells) -> None:
        self._journal = journal
        self._board = board
        self._farewells = farewells
        self._by_pid: dict[int, Child] = {}
        self._spawn_after = 0.0

    def __bool__(self) -> bool:
        return bool(self._by_pid)

    def adopt(self, workers: Iterable[OldWorker]) -> None:
        """Look after workers of the master before."""
        for old in workers:
            escrow = Escrow.of_outlet(old.outlet)
            self._by_pid[old.pid] = Child(old.pid, old.slot, escrow, time.monotonic(), is_old=True)

    def to_hand_over(self) -> tuple[OldWorker, ...]:
        """All of them, as the next master takes them."""
        return tuple(OldWorker(c.pid, c.slot, c.escrow.descriptor) for c in self._by_pid.values())

    def close(self) -> None:
        """In a worker: let go of the sockets of the others, which are the master's."""
        for child in self._by_pid.values():
            child.escrow.close()

    # How many there are

    def fresh(self) -> list[Child]:
        """Those of this master that take clients."""
        return [child for child in self._by_pid.values() if not (child.is_old or child.is_leaving)]

    def states(self) -> list[tuple[Child, str]]:
        """Each with its letter for `Scaling.step`."""
        told = []
        for child in self._by_pid.values():
            if child.is_old or child.is_leaving:
                letter = LEAVING
            else:
                letter = BUSY if self._board.slot(child.slot).read().scans else IDLE
            told.append((child, letter))
        return told

    def fill(self, target: int, live: Life) -> None:
        """Fork until `target` of them are fresh; each new process leads the life of `live`."""
        if time.monotonic() < self._spawn_after:
            return
        while len(self.fresh()) < target:
            if not self._spawn(live):
                return

    def _spawn(self, live: Life) -> bool:
        taken = {child.slot for child in self._by_pid.values()}
        index = next((i for i in range(self._board.slots) if i not in taken), None)
        if index is None:
            return False
        self._board.slot(index).clear()
        escrow = None
        process.hold_signals()
        try:
            escrow = Escrow.create()
            pid = os.fork()
        except OSError as error:
            process.release_signals()
            if escrow is not None:
                escrow.close()
            self._journal.error(f"fork: {error.strerror}")
            self._spawn_after = time.monotonic() + PAUSE
            return False
        if pid == 0:
            live(index, escrow)
        process.release_signals()
        escrow.keep_outlet()
        self._by_pid[pid] = Child(pid, index, escrow, time.monotonic())
        self._journal.info(f"server successfully spawned child process, pid {pid}")
        return True

    # How they end

    def retire_old(self) -> None:
        """Have those of the master before make way."""
        for child in self._by_pid.values():
            if child.is_old:
                child.retire()

    def watch(self) -> None:
        """See who is leaving, and kill whoever is stuck in a scan."""
        now = time.monotonic()
        for child in self._by_pid.values():
            state = self._board.slot(child.slot).read()
            child.is_leaving = child.is_leaving or state.is_leaving
            deadline = state.deadline
            if deadline and now > deadline + GRACE and not child.was_stuck:
                child.was_stuck = True
                self._journal.warn(
                    f"child pid {child.pid} is stuck in a scan past its time limit, killing it"
                )
                child.signal(signal.SIGKILL)

    def stop(self) -> None:
        """Ask all of them to finish what is in hand and end."""
        for child in self._by_pid.values():
            child.signal(signal.SIGTERM)

    def kill(self) -> None:
        """End all of them now."""
        for child in self._by_pid.values():
            child.signal(signal.SIGKILL)
        for pid in list(self._by_pid):
            with contextlib.suppress(ChildProcessError):
                self._settle(self._by_pid[pid], os.waitpid(pid, 0)[1])

    def bury(self, pid: int, status: int) -> None:
        """A process has ended, by waitpid's word: if it was one of them, its clients are told to try again."""
        child = self._by_pid.pop(pid, None)
        if child is not None:
            self._settle(child, status)

    def _settle(self, child: Child, status: int) -> None:
        self._journal.info(
            f"handled cleanup of child pid [{child.pid}] due to SIGCHLD: {process.exit_text(status)}"
        )
        reply = TOO_SLOW if child.was_stuck else BROKEN_OFF
        answered = child.escrow.settle(lambda client: self._farewells.answer(client, reply))
        if answered:
            self._journal.warn(f"answered {answered} clients of child pid {child.pid} with EX_TEMPFAIL")
        child.escrow.close()
        self._board.slot(child.slot).clear()
        if os.WIFEXITED(status) and status and time.monotonic() - child.born < SHORT_LIFE:
            self._spawn_after = time.monotonic() + PAUSE
