"""Requests that are mutants: how they are made, sent in pieces, and what a server may say to them."""

import asyncio
import contextlib
import random
import re
import socket
import struct
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from processes import HOST

from .mutations import duplicated, flipped, mutated, replaced, stuffed, truncated, with_nuls

VERBS = (b"CHECK", b"SYMBOLS", b"REPORT", b"REPORT_IFSPAM", b"PROCESS", b"HEADERS", b"PING", b"SKIP", b"TELL")
PATIENCE = 30.0
SMALL = 8_000
_LENGTHS = (
    b"",
    b"0",
    b"-1",
    b"1",
    b"+5",
    b"0x10",
    b"1e3",
    b"007",
    b"4294967296",
    b"9" * 30,
    b"12 34",
    b"\xb2",
    b"five",
)
_HEADERS = (
    b"User: bob", b"User: ../../../etc/passwd", b"User: \xff\xfe", b"User:", b"User: " + b"a" * 3000, b"user:x",
    b"Message-class: spam", b"Message-class: ham", b"Message-class: ?", b"Set: local, remote", b"Set: local",
    b"Remove: local", b"Remove: remote", b"DidSet: local", b"Compress: zlib", b"Compress: ZLIB", b"Compress: gzip",
    b"Content-length: 3", b"content-LENGTH: 10", b"X: y", b":", b"no colon", b" folded: x", b"Quarantine: \0",
)  # fmt: skip
_VERSIONS = (
    b"1.5",
    b"1.5",
    b"1.5",
    b"1.2",
    b"1.0",
    b"1.1",
    b"1.3",
    b"1.4",
    b"1.6",
    b"0",
    b"9" * 40,
    b"x",
    b"-1",
    b"1e9",
    b"",
)
_HEAD = re.compile(rb"SPAMD/(1\.[015]) (\d+) .*?\r\n", re.S)
_PROMISED = re.compile(rb"^content-length: *(\d{1,12})\r?$", re.M | re.I)
_LENGTH = re.compile(rb"^Content-length: (\d+)\r$", re.M)


@dataclass(frozen=True)
class Mutant:
    """A request: its pieces, and how the client behaves once they are sent."""

    pieces: Sequence[bytes]
    leaves: str
    """`half` (closes its side and reads), `reset` or `away` (reads nothing)."""
    pause: float

    @property
    def data(self) -> bytes:
        """All of it."""
        return b"".join(self.pieces)


def _length_wrong(dice: random.Random, head: bytes) -> bytes:
    new = dice.choice((*_LENGTHS, b"%d" % dice.randrange(20_000)))
    return re.sub(rb"(Content-length: )\d+", lambda found: found[1] + new, head)


def _line_added(dice: random.Random, head: bytes) -> bytes:
    lines = head.split(b"\r\n")
    for _ in range(dice.choice((1, 1, 3, 400))):
        lines.insert(dice.randrange(1, len(lines) + 1), dice.choice(_HEADERS))
    return b"\r\n".join(lines)


def _line_ends(dice: random.Random, head: bytes) -> bytes:
    return head.replace(
        b"\r\n", dice.choice((b"\n", b"\r", b"\n\r", b"\r\r\n", b"\r\n\r\n", b"")), dice.choice((1, -1))
    )


def _command(dice: random.Random, head: bytes) -> bytes:
    first, _, rest = head.partition(b" ")
    return dice.choice(
        (first.lower() + b" " + rest, b" " + head, first + rest, b"GET / HTTP/1.1\r\n" + rest, b"\r\n" + head)
    )


_HEAD_MUTATIONS: Sequence[Callable[[random.Random, bytes], bytes]] = (
    flipped, replaced, with_nuls, truncated, stuffed, duplicated, _length_wrong, _length_wrong, _line_added,
    _line_added, _line_ends, _command,
)  # fmt: skip
_BODY_MUTATIONS: Sequence[Callable[[random.Random, bytes], bytes]] = (flipped, replaced, truncated, with_nuls)


def mutant(seed: int, number: int, messages: Sequence[bytes]) -> Mutant:
    """The request of this number, the same for the same seed and messages."""
    dice = random.Random(f"{seed}:request:{number}")
    body = dice.choice(messages)
    if dice.random() < 0.3:
        body = mutated(dice, body, messages)[:SMALL]
    lines = [b"%b SPAMC/%b" % (dice.choice(VERBS), dice.choice(_VERSIONS))]
    if dice.random() < 0.2:
        body = zlib.compress(body)
        lines.append(b"Compress: zlib")
    if dice.random() < 0.9:
        lines.append(b"Content-length: %d" % len(body))
    lines += dice.choices(_HEADERS, k=dice.choice((0, 0, 1, 3)))
    head = b"\r\n".join((*lines, b"", b""))
    for mutation in dice.choices(_HEAD_MUTATIONS, k=dice.choice((0, 1, 1, 2, 3))):
        head = mutation(dice, head)[:200_000]
    for mutation in dice.choices(_BODY_MUTATIONS, k=dice.choice((0, 0, 1, 2))):
        body = mutation(dice, body)
    data = head + body
    if dice.random() < 0.05:
        data += data
    cuts = sorted(dice.randrange(len(data) + 1) for _ in range(dice.choice((0, 0, 1, 5))))
    places = [0, *cuts, len(data)]
    pieces = [data[start:end] for start, end in pairwise(places) if start < end]
    leaves = dice.choices(("half", "reset", "away"), weights=(90, 5, 5))[0]
    return Mutant(pieces, leaves, dice.choice((0.0, 0.0, 0.0, 0.01)))


async def send(port: int, request: Mutant) -> bytes | None:
    """What the server said to it, `None` where the client did not stay to hear it; raises `TimeoutError`."""
    reader, writer = await asyncio.open_connection(HOST, port)
    try:
        with contextlib.suppress(OSError):  # the server may have heard enough
            for piece in request.pieces:
                writer.write(piece)
                await writer.drain()
                if request.pause:
                    await asyncio.sleep(request.pause)
            if request.leaves == "half":
                writer.write_eof()
        if request.leaves == "half":
            chunks = []
            with contextlib.suppress(ConnectionError):
                while chunk := await asyncio.wait_for(reader.read(65536), PATIENCE):
                    chunks.append(chunk)
            return b"".join(chunks)
        if request.leaves == "reset":
            line = writer.get_extra_info("socket")
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return None
    finally:
        writer.close()


def _says_too_much(data: bytes) -> bool:
    """Whether there is more than was promised: what comes after the answer may take the answer with it."""
    head, _, body = data.partition(b"\r\n\r\n")
    promised = _PROMISED.findall(head)  # the last counts
    if b"PING SPAMC/" in data.partition(b"\n")[0]:
        return bool(body) or len(data.splitlines()) > 2
    return bool(promised) and len(body) > int(promised[-1])


def fault_of(request: Mutant, reply: bytes) -> str:
    """What is wrong with an answer, empty for nothing."""
    command = request.data.partition(b"\n")[0]
    if not reply:
        return "" if b"SKIP SPAMC/" in command or _says_too_much(request.data) else "no answer"
    head = _HEAD.match(reply)
    if head is None:
        return f"no answer of the protocol: {reply[:100]!r}"
    if head[2] not in (b"0", b"69", b"76"):
        return f"answered {reply[:100]!r}"
    if head[2] != b"0":
        return "" if reply.endswith(b"\r\n") else f"a fault without an end: {reply[-100:]!r}"
    header, _, body = reply.partition(b"\r\n\r\n")
    length = _LENGTH.search(header + b"\r\n")
    if head[1] == b"1.1" and length is not None and int(length[1]) != len(body):
        return f"promised {int(length[1])} octets and sent {len(body)}"
    return ""
