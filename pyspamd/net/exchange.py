"""Questions to one server and back: by datagram, or over a TCP connection after a cut answer.

Datagrams leave from sockets connected to the server, from random ports: packets from elsewhere never arrive, and
"nobody listens there" is heard at once.
"""

import asyncio
import errno
import random
import socket
import struct
from collections.abc import Sequence

from .nameservers import NameServer
from .wire import Question, belongs

MOST_DATAGRAM = 65535
PORT_ATTEMPTS = 16
MOST_QUESTIONS = 32
"""Questions that share a socket; their answers have to fit into what the kernel keeps for it."""

_ports = random.SystemRandom()


def open_socket(server: NameServer, local_ports: Sequence[int] | None = None) -> socket.socket:
    """A datagram socket connected to `server`, from a random port: one of `local_ports`, if given.

    Raises `OSError` where there is no way to the server or no port to be had.
    """
    family = socket.AF_INET6 if server.is_ipv6 else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        for attempt in range(PORT_ATTEMPTS if local_ports else 0):
            try:
                sock.bind(("", _ports.choice(local_ports or ())))
                break
            except OSError as error:
                if error.errno not in (errno.EADDRINUSE, errno.EACCES) or attempt + 1 == PORT_ATTEMPTS:
                    raise
        sock.connect(_address(server))
    except BaseException:
        sock.close()
        raise
    return sock


def _address(server: NameServer) -> tuple[str, int] | tuple[str, int, int, int]:
    """The address as `connect` takes it; no look-up happens, hosts are addresses."""
    if not server.is_ipv6:
        return server.host, server.port
    host, _, zone = server.host.partition("%")
    scope = 0
    if zone:
        scope = int(zone) if zone.isdigit() else socket.if_nametoindex(zone)
    return host, server.port, 0, scope


class Datagrams:
    """Questions to one server over datagrams: those of one moment share a socket, the next get another one.

    A message asks dozens of questions at once, and a socket costs more than a question. What a forger has to guess
    stays the port, the identifier and, if it is mixed, the case of letters.
    """

    def __init__(self, server: NameServer, local_ports: Sequence[int] | None = None) -> None:
        self._server = server
        self._local_ports = local_ports
        self._line: _Line | None = None

    async def ask(self, question: Question, wait: float) -> bytes | None:
        """The first packet from the server that belongs to `question`, or `None` after `wait` seconds.

        Packets that do not belong are ignored. Raises `OSError` where the network says no.
        """
        line = self._line
        if line is None or line.is_used_up:
            line = self._line = _Line(open_socket(self._server, self._local_ports))
        return await line.ask(question, wait)


class _Line:
    """A socket, and who waits for what comes out of it; closed as soon as nobody does."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._loop = asyncio.get_running_loop()
        self._waiting: dict[asyncio.Future[bytes | None], Question] = {}
        self._asked = 0
        self._is_closed = False
        self._loop.add_reader(sock.fileno(), self._receive)

    @property
    def is_used_up(self) -> bool:
        """Whether nobody may ask over it any more."""
        return self._is_closed or self._asked >= MOST_QUESTIONS

    async def ask(self, question: Question, wait: float) -> bytes | None:
        arrived: asyncio.Future[bytes | None] = self._loop.create_future()
        self._waiting[arrived] = question
        self._asked += 1
        timer = self._loop.call_later(wait, _give_up, arrived)
        try:
            self._send(question.packet)
            return await arrived
        finally:
            timer.cancel()
            del self._waiting[arrived]
            if not self._waiting:
                self._close()

    def _send(self, packet: bytes) -> None:
        try:
            self._socket.send(packet)
        except BlockingIOError:
            raise
        except OSError as error:
            # That nobody listens there is told once, to whoever comes next, and holds for all.
            self._fail(error)
            raise

    def _receive(self) -> None:
        for _ in range(MOST_QUESTIONS):
            try:
                packet = self._socket.recv(MOST_DATAGRAM)
            except (BlockingIOError, InterruptedError):
                return
            except OSError as error:
                self._fail(error)
                return
            ident = int.from_bytes(packet[:2])
            for arrived, question in self._waiting.items():
                if question.ident == ident and not arrived.done() and belongs(question, packet):
                    arrived.set_result(packet)
                    break

    def _fail(self, error: OSError) -> None:
        for arrived in self._waiting:
            if not arrived.done():
                arrived.set_exception(error)

    def _close(self) -> None:
        if not self._is_closed:
            self._is_closed = True
            self._loop.remove_reader(self._socket.fileno())
            self._socket.close()


def _give_up(arrived: "asyncio.Future[bytes | None]") -> None:
    if not arrived.done():
        arrived.set_result(None)


async def over_tcp(server: NameServer, question: Question, wait: float) -> bytes | None:
    """The answer of `server` over TCP (RFC 7766), or `None` after `wait` seconds or for a foreign answer.

    Raises `OSError` where the connection fails.
    """
    writer: asyncio.StreamWriter | None = None
    try:
        async with asyncio.timeout(wait):
            reader, writer = await asyncio.open_connection(server.host, server.port)
            writer.write(struct.pack("!H", len(question.packet)) + question.packet)
            await writer.drain()
            (size,) = struct.unpack("!H", await reader.readexactly(2))
            packet = await reader.readexactly(size)
    except TimeoutError:
        return None
    except asyncio.IncompleteReadError as error:
        raise ConnectionError("the server closed the connection within its answer") from error
    finally:
        if writer is not None:
            writer.close()
    return packet if belongs(question, packet) else None
