"""One client's connection: bytes to the protocol machine, its request to the service, the reply back.

A connection serves one request, as spamd's do. Where the client may still be sending when the answer is out,
the rest is read and thrown away for a while: closing at once would make the kernel discard the answer too.
"""

import asyncio
import os
import ssl
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from . import replies
from .log import Peer
from .protocol import Connection
from .request import Fault, Request, Signal, Status
from .tls import TlsSession

if TYPE_CHECKING:
    from .server import Worker


class Client(asyncio.Protocol):
    """The server's side of one connection."""

    __slots__ = (
        "_answering",
        "_held",
        "_is_leaving",
        "_listener",
        "_machine",
        "_peer",
        "_said_all",
        "_timer",
        "_tls",
        "_transport",
        "_verb_known",
        "_worker",
        "descriptor",
        "started",
        "ticket",
    )

    def __init__(
        self, worker: "Worker", peer: Peer, listener: int, descriptor: int, tls: TlsSession | None
    ) -> None:
        self._worker = worker
        self._peer = peer
        self._listener = listener
        self.descriptor = -1 if tls else descriptor
        """The client's socket, -1 where nobody else could speak over it because of TLS."""
        self._tls = tls
        self._machine = Connection(worker.options.limits, allow_tell=worker.options.allow_tell)
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._answering: asyncio.Task[None] | None = None
        self._held = 0
        self._is_leaving = False
        self._said_all = False
        self._verb_known = False
        self.ticket = 0
        """What the client's socket is kept safe under, 0 where it is not."""
        self.started = time.monotonic()

    # What asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to wait for the command."""
        self._transport = cast(asyncio.Transport, transport)
        self._wait(self._worker.options.timeout_tcp, self._too_slow)

    def data_received(self, data: bytes) -> None:
        """Take what arrived."""
        if self._is_leaving:
            return
        if self._tls is not None:
            plain = self._through_tls(data)
            if plain is None:
                return
            data = plain
        self._machine.receive_data(data)
        if self._tls is not None and self._tls.is_finished:
            self._said_all = True
            self._machine.receive_eof()
        self._advance()

    def eof_received(self) -> bool:
        """The client will send no more; it may still want its answer."""
        self._said_all = True
        if self._is_leaving:
            return False
        self._machine.receive_eof()
        self._advance()
        return True

    def connection_lost(self, error: Exception | None) -> None:
        """The connection is gone."""
        self._stop_timer()
        if self._answering is not None:
            self._answering.cancel()
        self._hold(0)
        self._worker.forget(self)

    # Reading

    def _through_tls(self, data: bytes) -> bytes | None:
        assert self._tls is not None
        was_established = self._tls.is_established
        try:
            plain = self._tls.receive(data)
        except ssl.SSLError as error:
            self._worker.journal.info(f"accept_a_conn: TLS failed: {error.reason or error}")
            self._send_tls()
            self.drop()
            return None
        self._send_tls()
        if self._tls.is_established and not was_established:
            self._worker.greet(self._peer, self._listener, self._transport, self._tls.cipher)
        return plain

    def _advance(self) -> None:
        try:
            event = self._machine.next_event()
        except MemoryError:
            event = Fault(Status.TEMPFAIL, b"(no memory for a message of this size)")
            self._worker.retire()
        if event is Signal.NEED_DATA:
            if not self._verb_known and self._machine.verb:
                self._verb_known = True
                self._start_child_timer()
            self._hold(self._machine.buffered)
            return
        if isinstance(event, Fault):
            self._hold(0)
            self._refuse(event)
        elif isinstance(event, Request):
            if not self._verb_known:
                self._start_child_timer()
            self._serve(event)

    def _hold(self, size: int) -> None:
        """Account for the bytes of the message that are held; refuse the message where that is too much.

        An answer that its client is slow to read counts as well, until it is read.
        """
        self._account_for(size)
        if size and self._worker.is_short_of_memory(size):
            self._hold(0)
            self._refuse(Fault(Status.TEMPFAIL, b"(too many large messages at once)"))

    def _account_for(self, size: int) -> None:
        self._worker.bodies += size - self._held
        self._held = size

    def _start_child_timer(self) -> None:
        options = self._worker.options
        is_long = self._machine.verb not in ("PING", "SKIP")
        self._wait(options.timeout_child if is_long else options.timeout_tcp, self._too_slow)

    def _wait(self, seconds: float | None, action: Callable[[], None]) -> None:
        self._stop_timer()
        if seconds is not None:
            self._timer = self._worker.loop.call_later(seconds, action)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _too_slow(self) -> None:
        options, verb = self._worker.options, self._machine.verb
        if verb in ("", "PING", "SKIP"):
            told = f"({options.timeout_tcp:.15g} second socket timeout reading input from client)"
        else:
            told = f"({options.timeout_child:.15g} second timeout while trying to {verb})"
        if self._answering is not None:
            self._answering.cancel()
        self._worker.over(self)
        self._refuse(Fault(Status.TIMEOUT, told.encode("ascii")))

    # Answering

    def _serve(self, request: Request) -> None:
        if request.verb == "PING":
            self._reply(replies.PONG)
        elif request.verb == "SKIP":
            self._worker.journal.info(
                f"skipped large message in {time.monotonic() - self.started:3.1f} seconds"
            )
            self._reply(b"")
        else:
            self._answering = self._worker.loop.create_task(self._answer(request))

    async def _answer(self, request: Request) -> None:
        try:
            await self._worker.begin(self)
            try:
                reply = await self._worker.answer(request, self._peer, self.started)
            finally:
                self._worker.over(self)
        except Exception as error:  # the scorer broke: the client is told, the log has the rest
            self._worker.journal.error(f"error: {type(error).__name__}: {error}, continuing")
            self._worker.log_traceback()
            reply = replies.fault(Fault(Status.TEMPFAIL, b"(internal error, the log says more)"))
            if isinstance(error, MemoryError):  # it may have leaked; another takes its place
                self._worker.retire()
        self._answering = None
        if reply is None:
            self.drop()
        elif not self._is_leaving:
            self._reply(reply)

    def _refuse(self, what: Fault) -> None:
        kinds = {Status.PROTOCOL: "bad protocol: header error", Status.TIMEOUT: "timeout"}
        text = what.text.decode("latin-1")
        self._worker.journal.warn(f"{kinds.get(what.status, 'service unavailable')}: {text}")
        self._reply(replies.fault(what))

    def refuse_for_stop(self) -> None:
        """The server ends: give a client that has not sent all of its request up."""
        if self._answering is None and not self._is_leaving:
            self._reply(replies.fault(Fault(Status.TEMPFAIL, b"(server is shutting down)")))

    def _reply(self, data: bytes) -> None:
        """Send the answer and take leave."""
        transport = self._transport
        if transport is None or self._is_leaving:
            return
        if self._tls is not None and not self._tls.is_established:
            self.drop()  # nobody there would understand it
            return
        self._is_leaving = True
        self._hold(0)
        self._machine.abandon()
        linger = self._machine.is_surplus and not self._said_all
        if self._tls is not None and self._tls.is_established:
            self._tls.send(data)
            self._tls.finish()
            data = self._tls.outgoing()
        self._worker.take_back(self)
        data = self._sent_at_once(data)
        if data:
            transport.write(data)
            self._account_for(len(data))
        options = self._worker.options
        if linger:
            if transport.can_write_eof():
                transport.write_eof()
            self._wait(options.timeout_tcp or 30.0, self.drop)
            return
        self._stop_timer()
        transport.close()
        if transport.get_write_buffer_size():
            self._wait(options.timeout_child or 300.0, self.drop)

    def _sent_at_once(self, data: bytes) -> bytes:
        """Send what the socket takes without waiting; returns the rest.

        The event loop would send it only when all that is due now is done, scans of other clients included; until
        then this client would be nobody's, should the worker be killed.
        """
        # A transport that is closing may have given the descriptor's number back already.
        if self.descriptor < 0 or not data or self._transport is None or self._transport.is_closing():
            return data
        try:
            return data[os.write(self.descriptor, data) :]
        except OSError:  # not now, or never; the event loop finds out
            return data

    def _send_tls(self) -> None:
        if self._tls is not None and self._transport is not None and (data := self._tls.outgoing()):
            self._transport.write(data)

    def drop(self) -> None:
        """Close without another word."""
        self._is_leaving = True
        self._stop_timer()
        if self._transport is not None:
            self._transport.abort()
