"""What the master and workers know of one another while they work: shared slots, and clients' sockets in safe keeping.

A worker inside a regular expression can neither answer nor be interrupted. So before a scan it writes down
when it must be over. And of every connection it accepts it leaves a duplicate in a queue that both processes
hold. Before it answers the worker takes the duplicate out again; when the worker is gone the master finds it
there and can tell the client to try again.
"""

import contextlib
import mmap
import os
import socket
import struct
from collections.abc import Callable
from typing import Final, NamedTuple

_SLOT: Final = struct.Struct("=dII??")
_SLOT_SIZE: Final = 64
_IS_FREE: Final = struct.calcsize("=dII?")
"""Where in a slot that is written."""
_TICKET: Final = struct.Struct("=Q")
_DESCRIPTOR: Final = struct.Struct("=i")
_ROOM_FOR_ONE: Final = socket.CMSG_LEN(_DESCRIPTOR.size)


class State(NamedTuple):
    """How things stand with a worker."""

    deadline: float = 0.0
    """When the first of its scans must be over (monotonic seconds); 0: there is none."""
    scans: int = 0
    connections: int = 0
    is_leaving: bool = False
    """Whether it takes no more clients."""
    is_free: bool = False
    """Whether it is there, and waits for a first client."""


class Slot:
    """One worker's place on the board."""

    __slots__ = ("_at", "_memory", "index")

    def __init__(self, memory: mmap.mmap, index: int) -> None:
        self._memory = memory
        self._at = index * _SLOT_SIZE
        self.index = index

    def write(self, state: "State") -> None:
        """Say how things stand."""
        _SLOT.pack_into(self._memory, self._at, *state)

    def read(self) -> "State":
        """What was last written."""
        return State(*_SLOT.unpack_from(self._memory, self._at))

    def another_is_free(self) -> bool:
        """Whether another worker waits for a first client."""
        return any(self._memory[_IS_FREE : self._at : _SLOT_SIZE]) or any(
            self._memory[self._at + _SLOT_SIZE + _IS_FREE :: _SLOT_SIZE]
        )

    def clear(self) -> None:
        """Forget the worker that had this slot."""
        self.write(State())


class Board:
    """Slots in memory that forked workers share; the descriptor lets a later master have the same."""

    def __init__(self, slots: int, descriptor: int | None = None) -> None:
        size = -(-slots * _SLOT_SIZE // mmap.PAGESIZE) * mmap.PAGESIZE
        if descriptor is None:
            # No file: where a disk is full, writing to it would end the process.
            descriptor = os.memfd_create("pyspamd-board")
            os.truncate(descriptor, size)
        else:
            size = max(size, os.fstat(descriptor).st_size)
            os.truncate(descriptor, size)
        self.descriptor = descriptor
        self._memory = mmap.mmap(descriptor, size)
        self.slots = size // _SLOT_SIZE

    def slot(self, index: int) -> Slot:
        """One worker's place."""
        return Slot(self._memory, index)


class Escrow:
    """A queue of client sockets between a worker and its master."""

    def __init__(self, inlet: socket.socket | None, outlet: socket.socket) -> None:
        self._inlet = inlet
        self._outlet = outlet
        self._next = 0
        self._held = 0

    @classmethod
    def create(cls) -> "Escrow":
        """A new queue; the worker keeps both ends, the master needs `outlet` only."""
        inlet, outlet = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        inlet.setblocking(False)
        outlet.setblocking(False)
        return cls(inlet, outlet)

    @classmethod
    def of_outlet(cls, descriptor: int) -> "Escrow":
        """The master's end of a queue, by its descriptor."""
        outlet = socket.socket(fileno=descriptor)
        outlet.setblocking(False)
        return cls(None, outlet)

    @property
    def descriptor(self) -> int:
        """The outlet's descriptor."""
        return self._outlet.fileno()

    def deposit(self, descriptor: int) -> int:
        """Leave a duplicate of a socket; the ticket takes it out again (0: there was no room)."""
        self._next += 1
        try:
            self._send(_TICKET.pack(self._next), descriptor)
        except OSError:
            return 0
        self._held += 1
        return self._next

    def withdraw(self, ticket: int) -> None:
        """Take a deposit out and close the duplicate.

        Those before it go back to the end of the queue before they are taken from its front, so that whenever the
        worker is killed each is there; the master speaks to none twice, since it closes what it has spoken to.
        """
        for _ in range(self._held if ticket else 0):
            if (found := self._take(socket.MSG_PEEK)) is None:
                return
            data, descriptor = found
            is_it = _TICKET.unpack(data)[0] == ticket
            if not is_it and descriptor >= 0:
                with contextlib.suppress(OSError):
                    self._send(data, descriptor)
                    self._held += 1
            _close(descriptor)
            if (front := self._take()) is not None:
                _close(front[1])
                self._held -= 1
            if is_it:
                return

    def _take(self, flags: int = 0) -> tuple[bytes, int] | None:
        """The first deposit, `None` where there is none; -1 stands for a socket for which no descriptor was free."""
        try:
            data, rights, _, _ = self._outlet.recvmsg(
                _TICKET.size, _ROOM_FOR_ONE, flags | socket.MSG_CMSG_CLOEXEC
            )
        except OSError:
            return None
        if len(data) != _TICKET.size:
            return None
        return data, _DESCRIPTOR.unpack(rights[0][2])[0] if rights else -1

    def _send(self, ticket: bytes, descriptor: int) -> None:
        assert self._inlet is not None
        rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, _DESCRIPTOR.pack(descriptor))
        self._inlet.sendmsg((ticket,), (rights,))

    def settle(self, answer: Callable[[socket.socket], object]) -> int:
        """Hand every client's socket that was left here to `answer`; returns how many there were."""
        count = 0
        while (found := self._take()) is not None:
            if found[1] >= 0:
                answer(socket.socket(fileno=found[1]))
                count += 1
        return count

    def keep_outlet(self) -> None:
        """In the master: the inlet is the worker's alone."""
        if self._inlet is not None:
            self._inlet.close()
            self._inlet = None

    def close(self) -> None:
        """Close both ends."""
        self.keep_outlet()
        self._outlet.close()


def _close(descriptor: int) -> None:
    if descriptor >= 0:
        os.close(descriptor)
