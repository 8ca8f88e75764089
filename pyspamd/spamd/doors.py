"""The listening sockets as one worker watches them: a client wakes one worker that is idle, not all of them.

Told to watch a socket, an event loop asks the kernel to be woken whenever a client is there, and so do the loops of
all workers: each of them that is idle would be woken for each client. With EPOLLEXCLUSIVE the kernel wakes one, and
the same one as long as that is idle, of whom the processor's caches still hold most. Event loops do not know the
flag; so the socket is taken out of the loop's epoll instance and put in again with it. Where that cannot be done all
are woken, and one of them is first.

Who was woken may not come: it is being ended, or stopped, or cannot take one descriptor more. So each looks once a
second whether a client waits that it did not hear.

    doors = Doors(loop, {listener.fileno(): accept})
    doors.open()
    doors.close()

Source: epoll_ctl(2) on EPOLLEXCLUSIVE, proc_pid_fdinfo(5).
"""

import asyncio
import contextlib
import os
import re
import select
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

_TURNS: Final = 4
"""Turns of the loop within which it has begun to watch a socket."""
_UNHEARD: Final = 1.0
"""Seconds between looks for clients for whom somebody else was woken."""
_WATCHED: Final = re.compile(r"^tfd:\s*(\d+)\s", re.MULTILINE)


class Doors:
    """Calls back while a client waits at one of the sockets, if open."""

    def __init__(self, loop: asyncio.AbstractEventLoop, bells: Mapping[int, Callable[[], object]]) -> None:
        """`bells`: what to call, by the listening socket's descriptor."""
        self._loop = loop
        self._bells = bells
        self._epoll: select.epoll | None = None
        self._may_be_exclusive = hasattr(select, "EPOLLEXCLUSIVE")
        self._next_look: asyncio.TimerHandle | None = None
        self._sockets = select.poll()
        for descriptor in bells:
            self._sockets.register(descriptor, select.POLLIN)
        self.are_open = False

    def open(self) -> None:
        """Watch the sockets."""
        if self.are_open:
            return
        self.are_open = True
        for descriptor, ring in self._bells.items():
            self._loop.add_reader(descriptor, ring)
            if self._may_be_exclusive:
                self._loop.call_soon(self._make_exclusive, descriptor, _TURNS)
        self._next_look = self._loop.call_later(_UNHEARD, self._look)

    def somebody_waits(self) -> bool:
        """Whether a client is there now, open or not."""
        return bool(self._sockets.poll(0))

    def close(self) -> None:
        """Watch them no more."""
        if not self.are_open:
            return
        self.are_open = False
        if self._next_look is not None:
            self._next_look.cancel()
        for descriptor in self._bells:
            self._loop.remove_reader(descriptor)

    def _look(self) -> None:
        self._next_look = self._loop.call_later(_UNHEARD, self._look)
        for descriptor, _ in self._sockets.poll(0):
            if self.are_open:
                self._bells[descriptor]()

    def _make_exclusive(self, descriptor: int, turns: int) -> None:
        if not self.are_open or not self._may_be_exclusive:
            return
        try:
            if self._epoll is None:
                self._epoll = _watching(descriptor)
            self._epoll.unregister(descriptor)
        except FileNotFoundError:  # some loops begin to watch when they wait next
            if turns:
                self._loop.call_soon(self._make_exclusive, descriptor, turns - 1)
            else:
                self._may_be_exclusive = False
            return
        except OSError:
            self._may_be_exclusive = False
            return
        try:
            self._epoll.register(descriptor, select.EPOLLIN | select.EPOLLEXCLUSIVE)
        except OSError:
            self._may_be_exclusive = False
            self._loop.remove_reader(descriptor)
            self._loop.add_reader(descriptor, self._bells[descriptor])


def _watching(descriptor: int) -> select.epoll:
    """This process's epoll instance that watches a descriptor. Raises FileNotFoundError if there is none."""
    for entry in Path("/proc/self/fdinfo").iterdir():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # the folder's own descriptor
            if str(descriptor) in _WATCHED.findall(entry.read_text()):
                return select.epoll.fromfd(os.dup(int(entry.name)))
    raise FileNotFoundError(descriptor)
