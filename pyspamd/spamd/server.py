"""One worker: accepts clients from the shared sockets, has their messages judged, writes the log.

All workers wait on the same sockets. Each takes one connection a turn of its loop and none while it judges, so that
whoever is idle is next; of several the same one each time, whose caches are warm, unless they are to take turns.
"""

import asyncio
import contextlib
import gc
import logging
import os
import signal
import socket
import ssl
import time
from collections.abc import Sequence
from functools import partial

from ..base.clock import Deadline
from . import log, process, replies
from .board import Escrow, Slot, State
from .client import Client
from .doors import Doors
from .journal import Journal
from .listeners import Listener
from .log import Peer, Scanned
from .names import PeerNames
from .options import ServerOptions
from .request import Request
from .service import Learned, Learner, Lesson, Occasion, Scorer
from .tls import TlsSession
from .users import Caller, RefusedUserError, Users

logger = logging.getLogger(__name__)
TIME_TO_FINISH = 2.0
"""Seconds that clients have to finish their requests when the server stops."""
LITTER = 4 * 1024 * 1024
"""Bytes of judged messages after which what is left of them is swept up."""
ENOUGH = 3
"""Clients with which a worker leaves more of them to others that have none; sooner costs more than it gains."""
SECOND_LOOK = 0.05
"""Seconds until a worker that left clients to others looks whether these take them."""
ALONE = 1.0
"""Seconds for which it leaves them none if they did not."""
SMALL_BODY = 1024 * 1024
"""A message up to this size is let in even when memory is short."""


class Worker:
    """Serves clients in one process until told to stop; `run` is its life."""

    def __init__(
        self,
        options: ServerOptions,
        scorer: Scorer,
        journal: Journal,
        listeners: Sequence[Listener],
        users: Users,
        *,
        slot: Slot | None = None,
        escrow: Escrow | None = None,
        context: ssl.SSLContext | None = None,
        bell: int | None = None,
    ) -> None:
        self.options = options
        self.scorer = scorer
        self.journal = journal
        self.bodies = 0
        """Bytes of messages that are being received."""
        self._listeners = listeners
        self._users = users
        self._slot = slot
        self._escrow = escrow
        self._context = context
        self._bell = bell
        """Where a byte makes the master look at the board."""
        self._names = PeerNames()
        self._clients: set[Client] = set()
        self._welcoming: set[asyncio.Task[None]] = set()
        self._scans: dict[Client, float] = {}
        self._served = 0
        self._litter = 0
        self._second_look: asyncio.TimerHandle | None = None
        self._alone_until = 0.0
        self._is_retiring = False

    # Life

    async def run(self, lifeline: int | None = None) -> None:
        """Serve until a signal, until the master is gone, or until enough was served.

        SIGTERM and SIGINT end the worker when its scans are done, SIGUSR1 when all its clients are served.
        """
        self.loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        self._idle = asyncio.Event()
        self._places = asyncio.Semaphore(self.options.scans_at_once)
        self._doors = Doors(
            self.loop, {each.socket.fileno(): partial(self._accept, each) for each in self._listeners}
        )
        await self.scorer.open()
        for number in (signal.SIGTERM, signal.SIGINT):
            self.loop.add_signal_handler(number, self.stop)
        self.loop.add_signal_handler(signal.SIGUSR1, self.retire)
        if lifeline is not None:
            self.loop.add_reader(lifeline, self.stop)
        try:
            self._mind_the_doors()
            self._tell()
            await self._stopping.wait()
            self._doors.close()
            if lifeline is not None:
                self.loop.remove_reader(lifeline)
            await self._finish()
        finally:
            await self.scorer.close()

    def stop(self) -> None:
        """Take no more clients; a second time, give those up that are here."""
        if self._stopping.is_set():
            for client in list(self._clients):
                client.drop()
        self._stopping.set()
        self._tell()

    def retire(self) -> None:
        """Take no more clients and serve those that are here."""
        self._is_retiring = True
        self._stopping.set()
        self._doors.close()
        self._tell()
        if self._bell is not None:
            with contextlib.suppress(OSError):
                os.write(self._bell, b"\0")

    async def _finish(self) -> None:
        while self._welcoming:
            await asyncio.wait(list(self._welcoming))
        if self._clients and not self._is_retiring:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._idle.wait(), TIME_TO_FINISH)
            for client in list(self._clients):
                client.refuse_for_stop()
        if self._clients:
            await self._idle.wait()

    # Accepting

    def _mind_the_doors(self) -> None:
        held = len(self._clients) + len(self._welcoming)
        full = held >= self.options.open_connections or len(self._scans) >= self.options.scans_at_once
        if full or self._stopping.is_set():
            self._doors.close()
        elif self._is_busier_than_another():
            self._doors.close()
            if self._second_look is None:
                self._second_look = self.loop.call_later(SECOND_LOOK, self._look_again)
        else:
            self._doors.open()

    def _is_busier_than_another(self) -> bool:
        # The kernel asks this worker first whenever it waits, if only for the answer to a question of its own.
        if len(self._clients) < ENOUGH or self._slot is None or self.loop.time() < self._alone_until:
            return False
        return self._slot.another_is_free()

    def _look_again(self) -> None:
        self._second_look = None
        if self._doors.somebody_waits():  # who is free does not come: stopped, perhaps, or swapped out
            self._alone_until = self.loop.time() + ALONE
        self._mind_the_doors()

    def _accept(self, listener: Listener) -> None:
        try:
            line, address = listener.socket.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return
        except OSError as error:
            self.journal.info(f"accept_a_conn: {error.strerror}")
            # Out of descriptors or memory: let some clients finish first.
            self._doors.close()
            self.loop.call_later(0.5, self._mind_the_doors)
            return
        line.setblocking(False)
        if not self.options.scaling:
            # To be the last that the kernel asks next time: the workers take turns.
            self._doors.close()
            self._mind_the_doors()
        place = listener.place
        # At once: whatever happens to this process from here on, the client hears of it.
        ticket = 0 if self._escrow is None or place.tls else self._escrow.deposit(line.fileno())
        if place.path:
            peer = Peer("localhost", "127.0.0.1", place.path)
            self.journal.write("info", (log.unix_connection(place.path),))
            self._receive(listener, line, peer, ticket)
            return
        ip, port = str(address[0]), str(address[1])
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        name = self._names.known(ip)
        if name is not None:
            self._welcome(listener, line, Peer(name, ip, port), ticket)
        else:
            self._keep(self.loop.create_task(self._ask_name(listener, line, ip, port, ticket)))

    async def _ask_name(
        self, listener: Listener, line: socket.socket, ip: str, port: str, ticket: int
    ) -> None:
        self._welcome(listener, line, Peer(await self._names.ask(ip), ip, port), ticket)

    def _welcome(self, listener: Listener, line: socket.socket, peer: Peer, ticket: int) -> None:
        descriptor = listener.socket.fileno()
        if not self.options.allowed.contains(peer.address):
            text, event, facts = log.connection(peer, listener.place.port, descriptor)
            self.journal.write("warn", ((f"unauthorized {text}", event, facts),))
            if self._escrow is not None:
                self._escrow.withdraw(ticket)
            line.close()
            self._count()
            return
        if not listener.place.tls:
            entry = log.connection(peer, listener.place.port, descriptor)
            self.journal.write("info", (entry,))
        self._receive(listener, line, peer, ticket)

    def greet(self, peer: Peer, descriptor: int, transport: asyncio.Transport | None, cipher: str) -> None:
        """Log a TLS connection, now that its cipher is known."""
        name = transport.get_extra_info("sockname") if transport else None
        port = int(name[1]) if name else 0
        self.journal.write("info", (log.connection(peer, port, descriptor, cipher),))

    def _receive(self, listener: Listener, line: socket.socket, peer: Peer, ticket: int) -> None:
        tls = TlsSession(self._context) if listener.place.tls and self._context else None
        client = Client(self, peer, listener.socket.fileno(), line.fileno(), tls)
        client.ticket = ticket
        self._clients.add(client)
        self._idle.clear()
        self._tell()
        self._keep(self.loop.create_task(self._connect(client, line)))
        self._mind_the_doors()

    async def _connect(self, client: Client, line: socket.socket) -> None:
        try:
            await self.loop.connect_accepted_socket(lambda: client, line)
        except OSError:
            line.close()
            self.forget(client)

    def _keep(self, task: asyncio.Task[None]) -> None:
        self._welcoming.add(task)
        task.add_done_callback(self._welcoming.discard)

    def forget(self, client: Client) -> None:
        """A connection is closed."""
        if client not in self._clients:
            return
        self._clients.discard(client)
        self.over(client)
        self.take_back(client)
        self._count()
        if not self._clients:
            self._idle.set()
        self._mind_the_doors()

    def _leave_litter(self, size: int) -> None:
        """A message of `size` bytes has been answered; soon nothing refers to it but it itself."""
        self._litter += size
        if self._litter >= LITTER:
            self.loop.call_soon(self._sweep)

    def _sweep(self) -> None:
        """Give back the memory of judged messages, if it is much.

        Python's own collector counts objects, not bytes, and would let hundreds of large messages lie.
        """
        if self._litter >= LITTER:
            self._litter = 0
            gc.collect()
            process.return_free_memory()

    def _count(self) -> None:
        self._served += 1
        self._tell()
        if self._served >= self.options.max_connections_per_child:
            self.retire()

    def is_short_of_memory(self, size: int) -> bool:
        """Whether a message of which `size` bytes are here should be tried again later."""
        # However large a message may be, when it is alone it finds room.
        return size > SMALL_BODY and self.bodies > max(self.options.memory_for_bodies, size)

    # Judging

    async def begin(self, client: Client) -> None:
        """Take one of the places for scans and let the master know; `over` gives it back."""
        await self._places.acquire()
        limits = [s for s in (self.scorer.time_limit, self.options.timeout_child) if s]
        # A scan that only shares its worker with a tedious one gets a little longer.
        self._scans[client] = time.monotonic() + 1.1 * min(limits) if limits else 0.0
        self._tell()
        if len(self._scans) >= self.options.scans_at_once:
            self._doors.close()

    def over(self, client: Client) -> None:
        """A scan has ended, however it did."""
        if self._scans.pop(client, None) is None:
            return
        self._places.release()
        self._tell()
        if not self._doors.are_open:
            self._mind_the_doors()

    def take_back(self, client: Client) -> None:
        """The client is about to be answered, or gone: nobody else is to speak to it any more."""
        if self._escrow is not None and client.ticket:
            self._escrow.withdraw(client.ticket)
            client.ticket = 0

    def _tell(self) -> None:
        """Let the master and the other workers know."""
        if self._slot is not None:
            deadlines = [deadline for deadline in self._scans.values() if deadline]
            is_leaving = self._stopping.is_set()
            state = State(
                min(deadlines, default=0.0),
                len(self._scans),
                len(self._clients),
                is_leaving,
                is_free=not (self._clients or is_leaving),
            )
            self._slot.write(state)

    async def answer(self, request: Request, peer: Peer, started: float) -> bytes | None:
        """The reply to a request about a message; `None`: hang up, the user is refused."""
        try:
            caller = self._users.of(request.user)
        except RefusedUserError as error:
            self.journal.warn(str(error))
            return None
        left = self.options.timeout_child
        occasion = Occasion(
            caller.user,
            caller.preferences,
            caller.home,
            peer.name,
            peer.address,
            Deadline() if left is None else Deadline(started + left - min(1.0, left / 20)),
        )
        if request.verb == "TELL":
            return await self._learn(request, caller, occasion, started)
        message_id, resent_id = log.message_ids(request.body)
        first = log.checking(request.verb, message_id, resent_id, caller.shown, caller.uid)
        self.journal.write("info", (first,))
        self._sweep()
        try:
            judgement = await self.scorer.check(request.body, occasion)
        finally:
            self._leave_litter(len(request.body))
        judged = time.monotonic()
        reply = replies.judged(request, judgement)
        ended = time.monotonic()
        scan = Scanned(
            request, judgement, peer, caller.shown, caller.uid, ended - started, message_id, resent_id
        )
        self.journal.write(
            "info", (log.verdict(scan), log.result(scan, with_facts=self.journal.style == "json"))
        )
        if self.options.timing:
            parts = f"check: {1000 * (judged - started):.0f}, reply: {1000 * (ended - judged):.1f}"
            self.journal.raw("info", f"total {1000 * (ended - started):.0f} ms - {parts}", "timing")
        return reply

    async def _learn(self, request: Request, caller: Caller, occasion: Occasion, started: float) -> bytes:
        lesson = Lesson(
            request.message_class == b"spam",
            request.set_local,
            request.set_remote,
            request.remove_local,
            request.remove_remote,
        )
        learn = getattr(self.scorer, "learn", None)
        what = Learned()
        if learn is not None:
            learner: Learner = self.scorer  # type: ignore[assignment]
            what = await learner.learn(request.body, lesson, occasion)
        seconds = time.monotonic() - started
        entry = log.learned(what, caller.shown, caller.uid, seconds, len(request.body))
        self.journal.write("info", (entry,))
        return replies.told(what.did_set, what.did_remove)

    def log_traceback(self) -> None:
        """Leave the exception that is being handled in the log."""
        logger.error("while answering process %d", os.getpid(), exc_info=True)
