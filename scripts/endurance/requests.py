"""Requests of well-behaved clients, and what is to be made of the answers."""

import asyncio
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from processes import HOST

VERBS = ("SYMBOLS", "CHECK", "PROCESS", "REPORT", "HEADERS", "SYMBOLS")
PATIENCE = 60.0
TRIES = 20

_HEAD = re.compile(rb"SPAMD/1\.[01] (\d+) [^\r\n]+\r\n")
_SPAM = re.compile(rb"^Spam: ([^\r\n]+)\r$", re.M)
_LENGTH = re.compile(rb"^Content-length: (\d+)\r$", re.M | re.I)


class Outcome(Enum):
    """What one request came to."""

    RIGHT = "right answers"
    TEMPORARY = "temporary failures"
    WRONG = "wrong answers"
    CLOSED = "closed without an answer"
    REFUSED = "connections refused"
    SILENT = "no answer in time"


@dataclass(frozen=True)
class Answer:
    """What the server said of a message in peace: the `Spam:` line and the names of the rules that hit."""

    spam: bytes
    tests: bytes


def request(verb: str, message: bytes) -> bytes:
    """The bytes of a request."""
    return b"%b SPAMC/1.5\r\nContent-length: %d\r\n\r\n%b" % (verb.encode(), len(message), message)


async def ask(port: int, data: bytes, *, half_close: bool = True) -> bytes:
    """The whole answer to a request; without half-close the server must see that it is complete."""
    reader, writer = await asyncio.open_connection(HOST, port)
    try:
        writer.write(data)
        await writer.drain()
        if half_close:
            writer.write_eof()
        return await reader.read()
    finally:
        writer.close()


def judge(verb: str, reply: bytes, expected: Answer) -> Outcome:
    """What an answer is worth."""
    if not reply:
        return Outcome.CLOSED
    head = _HEAD.match(reply)
    if head is None:
        return Outcome.WRONG
    if head[1] == b"75":
        return Outcome.TEMPORARY if head.end() == len(reply) else Outcome.WRONG
    header, _, body = reply.partition(b"\r\n\r\n")
    header += b"\r\n"
    spam, length = _SPAM.search(header), _LENGTH.search(header)
    honest = length is None if verb == "CHECK" else length is not None and int(length[1]) == len(body)
    if head[1] != b"0" or spam is None or spam[1] != expected.spam or not honest:
        return Outcome.WRONG
    if verb == "SYMBOLS" and body != expected.tests:
        return Outcome.WRONG
    if verb in ("PROCESS", "HEADERS") and b"X-Spam-Status:" not in body:
        return Outcome.WRONG
    return Outcome.RIGHT


async def answers_in_peace(port: int, messages: Sequence[bytes], at_once: int) -> dict[int, Answer]:
    """What the server says of each message while nothing disturbs it, by the message's place."""
    answers: dict[int, Answer] = {}
    places = iter(range(len(messages)))

    async def client() -> None:
        for place in places:
            reply = await asyncio.wait_for(ask(port, request("SYMBOLS", messages[place])), PATIENCE)
            header, _, body = reply.partition(b"\r\n\r\n")
            spam = _SPAM.search(header + b"\r\n")
            if spam is None:
                raise RuntimeError(f"in peace the server said {reply[:200]!r}")
            answers[place] = Answer(spam[1], body)

    await asyncio.gather(*(client() for _ in range(at_once)))
    return answers


class Load:
    """Well-behaved clients that share a list of requests; each asks again while it is told to try later."""

    def __init__(self, port: int, messages: Sequence[bytes], expected: Mapping[int, Answer]) -> None:
        self._port = port
        self._messages = messages
        self._expected = expected
        self.outcomes: Counter[Outcome] = Counter()
        self.given_up = 0
        self.samples: list[tuple[str, str, bytes]] = []

    async def run(self, clients: int, requests: int) -> None:
        """Have `requests` requests answered."""
        numbers = iter(range(requests))
        await asyncio.gather(*(self._client(numbers) for _ in range(clients)))

    async def _client(self, numbers: Iterable[int]) -> None:
        for number in numbers:
            for _ in range(TRIES):
                outcome = await self._request(number)
                self.outcomes[outcome] += 1
                if outcome is Outcome.RIGHT:
                    break
                await asyncio.sleep(0.1)
            else:
                self.given_up += 1

    async def _request(self, number: int) -> Outcome:
        place, verb = number % len(self._messages), VERBS[number % len(VERBS)]
        data = request(verb, self._messages[place])
        try:
            asked = ask(self._port, data, half_close=number % 3 != 0)
            reply = await asyncio.wait_for(asked, PATIENCE)
        except TimeoutError:
            return Outcome.SILENT
        except ConnectionRefusedError:
            return Outcome.REFUSED
        except OSError:
            return Outcome.CLOSED
        outcome = judge(verb, reply, self._expected[place])
        if outcome is Outcome.WRONG and len(self.samples) < 5:
            self.samples.append((verb, repr(self._expected[place]), reply[:300]))
        return outcome
