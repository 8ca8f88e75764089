"""The resolver that asks the network: asyncio datagrams, TCP after truncation, shared questions, a cache.

One object serves one event loop (one worker); it works under plain asyncio and under uvloop. Questions that
are already on their way are joined, not asked twice. Failures are statuses: "nxdomain" and "nodata" are what
the DNS says; "servfail", "refused", "timeout" and "error" (the network said no) are of the moment.
"""

import asyncio
import random
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ..base.clock import Deadline, Monotonic
from .cache import AnswerCache, Key
from .exchange import Datagrams, over_tcp
from .nameservers import NameServer, system_servers
from .resolver import Answer, failure, outcome, plain_name
from .wire import Question, UnreadableAnswerError, UnusableNameError, build, is_truncated, read

_dice = random.SystemRandom()


@dataclass(frozen=True, slots=True)
class DnsOptions:
    """How to ask, in the words of the `dns_options` directive; times are seconds.

    `edns` is the payload size announced, 0 for none. `first_wait` is how long the first server may take until
    the next is asked, doubled each round; `timeout` bounds the whole question whatever the caller's deadline.
    `denied` says of domains whether names in them must not be asked for (`dns_query_restriction`).
    """

    edns: int = 4096
    dns0x20: bool = False
    rotate: bool = False
    v4: bool = True
    v6: bool = True
    tries: int = 3
    first_wait: float = 1.5
    timeout: float = 10.0
    local_ports: tuple[int, ...] | None = None
    denied: Mapping[str, bool] = field(default_factory=dict)
    most_at_once: int = 200
    cache_size: int = 10_000


class DnsResolver:
    """Asks name servers; fulfils `Resolver`. Without `servers` it asks those of the system."""

    def __init__(
        self,
        servers: Iterable[NameServer | tuple[str, int]] | None = None,
        options: DnsOptions | None = None,
        clock: Monotonic = time.monotonic,
    ) -> None:
        self.options = options or DnsOptions()
        listed = (
            system_servers()
            if servers is None
            else [s if isinstance(s, NameServer) else NameServer(*s) for s in servers]
        )
        self.servers: tuple[NameServer, ...] = tuple(
            s for s in listed if (self.options.v6 if s.is_ipv6 else self.options.v4)
        )
        self.cache = AnswerCache(self.options.cache_size, clock=clock)
        self.clock = clock
        self._datagrams = {server: Datagrams(server, self.options.local_ports) for server in self.servers}
        self._under_way: dict[Key, asyncio.Task[Answer]] = {}
        self._places: asyncio.Semaphore | None = None

    async def query(self, name: str, rdtype: str, deadline: Deadline | None = None) -> Answer:
        """What the DNS says of `name` and `rdtype`; "timeout" when `deadline` passes first."""
        if deadline is not None and deadline.passed():
            known = self.cache.get((plain_name(name), rdtype.upper()))
            return known or failure(name, rdtype, "timeout", "the time was up before the question")
        asked = self.start(name, rdtype)
        if isinstance(asked, Answer):
            return asked
        # The task is shared: neither this caller's deadline nor its cancellation may end it for the others.
        waited, _ = await asyncio.wait({asked}, timeout=deadline.left() if deadline is not None else None)
        if not waited:
            return failure(plain_name(name), rdtype.upper(), "timeout", "no answer in time")
        return outcome(asked, name, rdtype)

    def start(self, name: str, rdtype: str) -> "Answer | asyncio.Task[Answer]":
        """The answer, if there is no need to ask; else the task that asks, shared and not to be cancelled."""
        key = (plain_name(name), rdtype.upper())
        if (known := self.cache.get(key)) is not None:
            return known
        if self.options.denied and self._is_denied(key[0]):
            return failure(*key, "refused", "not to be asked, says the configuration")
        task = self._under_way.get(key)
        if task is None:
            task = asyncio.get_running_loop().create_task(self._ask(key))
            self._under_way[key] = task
            task.add_done_callback(lambda done: self._settled(key, done))
        return task

    def _is_denied(self, name: str) -> bool:
        """What the nearest entry of `denied` says of a name or one of its parents, "*" being the last."""
        denied = self.options.denied
        while name:
            if (verdict := denied.get(name)) is not None:
                return verdict
            name = name.partition(".")[2]
        return denied.get("*", False)

    async def close(self) -> None:
        """Give up every question under way and forget all answers."""
        tasks = list(self._under_way.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self.cache.clear()

    def _settled(self, key: Key, task: asyncio.Task[Answer]) -> None:
        if self._under_way.get(key) is task:
            del self._under_way[key]
        if not task.cancelled() and task.exception() is None:
            self.cache.put(key, task.result())

    async def _ask(self, key: Key) -> Answer:
        """Ask server after server, round after round, until one knows or the time is up."""
        if not self.servers:
            return failure(*key, "error", "no name server is known")
        if self._places is None:
            self._places = asyncio.Semaphore(self.options.most_at_once)
        until = Deadline.after(self.options.timeout, self.clock)
        worst = failure(*key, "timeout", "no answer")
        servers = list(self.servers)
        if self.options.rotate:
            _dice.shuffle(servers)
        async with self._places:
            for turn in range(self.options.tries):
                for server in tuple(servers):
                    wait = self.options.first_wait * 2**turn
                    left = until.left()
                    if left is not None and (wait := min(wait, left)) <= 0:
                        return worst
                    try:
                        answer = await self._ask_server(server, key, wait, until)
                    except UnusableNameError:
                        # A name the DNS cannot hold does not exist in it.
                        return failure(*key, "nxdomain", "no usable name")
                    except OSError as error:
                        answer = failure(*key, "error", error.strerror or str(error))
                    if not answer.passing:
                        return answer
                    if answer.status != "timeout":
                        # It has said its word; silence alone is worth another try.
                        worst = answer
                        servers.remove(server)
        return worst

    async def _ask_server(self, server: NameServer, key: Key, wait: float, until: Deadline) -> Answer:
        """One server's answer, over TCP where it does not fit into a datagram and without EDNS where it fears that."""
        options = self.options
        question = build(*key, payload=options.edns, mix_case=options.dns0x20)
        answer = await self._exchange(server, question, wait, until)
        if answer.rcode in ("FORMERR", "NOTIMP") and options.edns > 512:
            question = build(*key, mix_case=options.dns0x20)
            answer = await self._exchange(server, question, wait, until)
        return answer

    async def _exchange(self, server: NameServer, question: Question, wait: float, until: Deadline) -> Answer:
        packet = await self._datagrams[server].ask(question, wait)
        if packet is not None and is_truncated(packet):
            left = until.left()
            packet = await over_tcp(server, question, max(wait, left if left is not None else wait))
        if packet is None:
            return failure(question.name, question.type, "timeout", f"no answer from {server}")
        try:
            return read(question, packet)
        except UnreadableAnswerError as error:
            return failure(
                question.name, question.type, "servfail", f"unreadable answer from {server}: {error}"
            )
