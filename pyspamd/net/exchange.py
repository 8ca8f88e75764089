"""One question to one server and back: a datagram of its own socket, or a TCP connection after a cut answer.

Every datagram leaves from a socket, and so from a port, of its own, connected to the server: packets from
elsewhere never arrive, and "nobody listens there" is heard at once.
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


async def over_udp(
    server: NameServer, question: Question, wait: float, local_ports: Sequence[int] | None = None
) -> bytes | None:
    """The first packet from `server` that belongs to `question`, or `None` after `wait` seconds.

    Packets that do not belong are ignored. Raises `OSError` where the network says no.
    """
    loop = asyncio.get_running_loop()
    sock = open_socket(server, local_ports)
    arrived: asyncio.Future[bytes] = loop.create_future()

    def receive() -> None:
        try:
            packet = sock.recv(MOST_DATAGRAM)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            if not arrived.done():
                arrived.set_exception(error)
            return
        if not arrived.done() and belongs(question, packet):
            arrived.set_result(packet)

    loop.add_reader(sock.fileno(), receive)
    try:
        sock.send(question.packet)
        async with asyncio.timeout(wait):
            return await arrived
    except TimeoutError:
        return None
    finally:
        loop.remove_reader(sock.fileno())
        sock.close()


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
