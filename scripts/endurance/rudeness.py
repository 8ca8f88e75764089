"""Clients that misbehave, each in its own way; nobody cares what they are told."""

import asyncio
import contextlib
import random
import socket
import struct
import zlib
from collections.abc import Awaitable, Callable, Sequence

from processes import HOST

from .requests import request

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def idle(streams: Streams, message: bytes) -> None:
    """Connects and says nothing for a while."""
    await asyncio.sleep(random.uniform(0.1, 1.5))


async def breaks_off(streams: Streams, message: bytes) -> None:
    """Sends half a request and resets the connection."""
    data = request("CHECK", message)
    streams[1].write(data[: len(data) // 2])
    await streams[1].drain()
    line = streams[1].get_extra_info("socket")
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


async def leaves_early(streams: Streams, message: bytes) -> None:
    """Sends a request and does not wait for the answer."""
    streams[1].write(request("PROCESS", message))
    await streams[1].drain()


async def promises_more(streams: Streams, message: bytes) -> None:
    """Promises more bytes than it sends."""
    streams[1].write(request("SYMBOLS", message).replace(b"Content-length: ", b"Content-length: 9", 1))
    streams[1].write_eof()
    await streams[0].read()


async def promises_less(streams: Streams, message: bytes) -> None:
    """Promises fewer bytes than it sends."""
    streams[1].write(b"CHECK SPAMC/1.5\r\nContent-length: 7\r\n\r\n" + message)
    streams[1].write_eof()
    await streams[0].read()


async def talks_nonsense(streams: Streams, message: bytes) -> None:
    """Sends bytes at random."""
    streams[1].write(random.randbytes(random.randrange(20_000)))
    await asyncio.sleep(0.05)


async def endless_header(streams: Streams, message: bytes) -> None:
    """Sends a header line that does not end."""
    streams[1].write(b"CHECK SPAMC/1.5\r\nUser: " + b"x" * 200_000)
    await asyncio.sleep(0.05)


async def many_headers(streams: Streams, message: bytes) -> None:
    """Sends more header lines than anybody needs."""
    streams[1].write(b"CHECK SPAMC/1.5\r\n" + b"X: y\r\n" * 5_000)
    await streams[0].read(1000)


async def broken_compression(streams: Streams, message: bytes) -> None:
    """Sends compressed data with a piece missing."""
    data = zlib.compress(message)[5:-5]
    streams[1].write(b"CHECK SPAMC/1.5\r\nCompress: zlib\r\nContent-length: %d\r\n\r\n%b" % (len(data), data))
    await streams[0].read()


async def bomb(streams: Streams, message: bytes) -> None:
    """Sends a few bytes that become very many."""
    data = zlib.compress(bytes(100_000_000), 9)
    streams[1].write(b"CHECK SPAMC/1.5\r\nCompress: zlib\r\nContent-length: %d\r\n\r\n%b" % (len(data), data))
    await streams[0].read()


async def drips(streams: Streams, message: bytes) -> None:
    """Sends a request in small pieces, slowly."""
    data = request("CHECK", message[:2_000])
    for start in range(0, len(data), 100):
        streams[1].write(data[start : start + 100])
        await streams[1].drain()
        await asyncio.sleep(0.05)
    await streams[0].read()


async def reads_slowly(streams: Streams, message: bytes) -> None:
    """Takes its time over the answer."""
    streams[1].write(request("PROCESS", message + b"x" * 300_000 + b"\n"))
    for _ in range(30):
        if not await streams[0].read(1_000):
            return
        await asyncio.sleep(0.05)


WAYS: Sequence[Callable[[Streams, bytes], Awaitable[None]]] = (
    idle, breaks_off, leaves_early, promises_more, promises_less, talks_nonsense, endless_header, many_headers,
    broken_compression, bomb, drips, reads_slowly,
)  # fmt: skip


async def misbehave(port: int, messages: Sequence[bytes], done: asyncio.Event) -> int:
    """One client that tries every way in turn until `done`; how often it did."""
    count = random.randrange(len(WAYS))
    begun = count
    while not done.is_set():
        way = WAYS[count % len(WAYS)]
        count += 1
        writer = None
        with contextlib.suppress(OSError, TimeoutError):
            reader, writer = await asyncio.open_connection(HOST, port)
            await asyncio.wait_for(way((reader, writer), random.choice(messages)), 20)
        if writer is not None:
            writer.close()
        await asyncio.sleep(0.02)
    return count - begun
