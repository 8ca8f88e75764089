"""The resolver that asks the network, against a server of its own that can be told to misbehave."""

import asyncio
import struct
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest
import uvloop

from pyspamd.base.clock import Deadline
from pyspamd.net.dns import DnsOptions, DnsResolver
from pyspamd.net.exchange import MOST_QUESTIONS
from pyspamd.net.resolver import Resolver


def descriptors() -> int:
    """How many this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))


class Server(asyncio.DatagramProtocol):
    """Answers by the first label of the name: what is wrong with the answer, or how late it is."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.questions: list[dns.message.Message] = []
        self.asked_from: list[int] = []
        self.port = 0
        self.closers: list[Callable[[], Any]] = []

    async def start(self) -> "Server":
        loop = asyncio.get_running_loop()
        tcp = await asyncio.start_server(self.serve_tcp, "127.0.0.1", 0)
        self.port = tcp.sockets[0].getsockname()[1]
        transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=("127.0.0.1", self.port))
        self.closers = [transport.close, tcp.close]
        return self

    def stop(self) -> None:
        for close in self.closers:
            close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def answer(self, packet: bytes, over_tcp: bool = False) -> dns.message.Message | None:
        query = dns.message.from_wire(packet)
        name = query.question[0].name
        mood = name.labels[0].decode().lower()
        self.asked.append(f"{name.to_text().lower()}{'/tcp' if over_tcp else ''}")
        self.questions.append(query)
        response = dns.message.make_response(query)
        if mood == "silent":
            return None
        failing = ["servfail", "refused", "nxdomain", *(["formerr"] if query.edns >= 0 else [])]
        if mood in failing:
            response.set_rcode(dns.rcode.from_text(mood))
            return response
        if mood == "cut" and not over_tcp:
            response.flags |= dns.flags.TC
            return response
        if mood == "lowered":
            response.question[0].name = response.question[0].name.canonicalize()
        if mood != "nodata":
            response.answer.append(dns.rrset.from_text(name, 60, "IN", "A", "192.0.2.1"))
        return response

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.asked_from.append(addr[1])
        response = self.answer(data)
        if response is None:
            return
        wire = response.to_wire()
        mood = response.question[0].name.labels[0].decode().lower()
        if mood == "forged":
            # Another identifier, another question, no response at all; then the right one.
            self.transport.sendto(bytes([wire[0] ^ 1]) + wire[1:], addr)  # type: ignore[attr-defined]
            self.transport.sendto(wire[:12] + b"\x05other" + wire[18:], addr)  # type: ignore[attr-defined]
            self.transport.sendto(b"junk", addr)  # type: ignore[attr-defined]
        if mood == "broken":
            wire = wire[:-14]
        delay = 0.05 if mood == "late" else 0.0
        asyncio.get_running_loop().call_later(delay, self.transport.sendto, wire, addr)  # type: ignore[attr-defined]

    async def serve_tcp(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        (size,) = struct.unpack("!H", await reader.readexactly(2))
        response = self.answer(await reader.readexactly(size), over_tcp=True)
        if response is not None:
            wire = response.to_wire()
            writer.write(struct.pack("!H", len(wire)) + wire)
            await writer.drain()
        writer.close()


@pytest.fixture(params=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Iterator[Callable[..., Any]]:
    """Run a test with a server and a resolver, under each kind of event loop."""
    factory = uvloop.new_event_loop if request.param == "uvloop" else asyncio.new_event_loop

    def run(test: Callable[[Server, DnsResolver], Awaitable[object]], **options: Any) -> None:
        async def body() -> None:
            server = await Server().start()
            given = DnsOptions(**{"first_wait": 0.1, "tries": 2, **options})
            resolver = DnsResolver([("127.0.0.1", server.port)], given)
            try:
                await test(server, resolver)
            finally:
                await resolver.close()
                server.stop()

        with asyncio.Runner(loop_factory=factory) as runner:
            runner.run(body())

    yield run


def test_answers(run: Any) -> None:
    async def test(server: Server, resolver: DnsResolver) -> None:
        assert isinstance(resolver, Resolver)
        answer = await resolver.query("www.Example.com.", "a")
        assert (answer.status, answer.records, answer.name) == ("ok", ["192.0.2.1"], "www.example.com")
        assert (await resolver.query("nodata.example", "A")).status == "nodata"
        assert (await resolver.query("nxdomain.example", "A")).status == "nxdomain"
        assert (server.questions[0].edns, server.questions[0].payload) == (0, 4096)

    run(test)


def test_answers_are_remembered(run: Any) -> None:
    async def test(server: Server, resolver: DnsResolver) -> None:
        for name in ("www.example.com", "WWW.example.com.", "nxdomain.example", "nxdomain.example"):
            await resolver.query(name, "A")
        assert server.asked == ["www.example.com.", "nxdomain.example."]
        await resolver.query("servfail.example", "A")
        await resolver.query("servfail.example", "A")
        assert server.asked.count("servfail.example.") == 2

    run(test)


def test_questions_under_way_are_shared(run: Any) -> None:
    async def test(server: Server, resolver: DnsResolver) -> None:
        answers = await asyncio.gather(*(resolver.query("late.example", "A") for _ in range(20)))
        assert {answer.status for answer in answers} == {"ok"}
        assert server.asked == ["late.example."]
        # One caller that gives up takes nothing from the others.
        impatient = resolver.query("late.two.example", "A", Deadline.after(0.001))
        patient = asyncio.ensure_future(resolver.query("late.two.example", "A"))
        cancelled = asyncio.ensure_future(resolver.query("late.two.example", "A"))
        await asyncio.sleep(0)
        cancelled.cancel()
        assert (await impatient).status == "timeout"
        assert (await patient).status == "ok"
        assert server.asked[1:] == ["late.two.example."]

    run(test)


def test_many_at_once(run: Any) -> None:
    async def test(server: Server, resolver: DnsResolver) -> None:
        names = [f"late.n{number}.example" for number in range(60)]
        answers = await asyncio.gather(*(resolver.query(name, "A") for name in names))
        assert {answer.status for answer in answers} == {"ok"}

    run(test, most_at_once=20)


def test_questions_of_one_moment_share_sockets(run: Any) -> None:
    async def test(server: Server, resolver: DnsResolver) -> None:
        before = descriptors()
        names = [f"late.n{number}.example" for number in range(2 * MOST_QUESTIONS + 1)]
        answers = await asyncio.gather(*(resolver.query(name, "A") for name in names))
        assert [answer.found[0].name for answer in answers] == names
        shares = Counter(server.asked_from)
        assert sorted(shares.values()) == [1, MOST_QUESTIONS, MOST_QUESTIONS]
        assert descriptors() == before

    run(test, first_wait=5)


def test_a_late_answer_is_nobody_elses(run: Any) -> None:
    """One that comes when it has been given up, over a socket that others still wait at."""

    async def test(server: Server, resolver: DnsResolver) -> None:
        silent = asyncio.ensure_future(resolver.query("silent.example", "A"))
        late = asyncio.ensure_future(resolver.query("late.example", "A"))
        forged = asyncio.ensure_future(resolver.query("forged.example", "A"))
        assert (await forged).found[0].name == "forged.example"
        assert (await late).found[0].name == "late.example"
        assert (await silent).status == "timeout"

    run(test, first_wait=0.03, tries=4)


def test_failures_are_told_apart(run: Any) -> None:
    async def test(server: Server, resolver: DnsResolver) -> None:
        assert (await resolver.query("servfail.example", "A")).status == "servfail"
        assert (await resolver.query("refused.example", "A")).status == "refused"
        broken = await resolver.query("broken.example", "A")
        assert (broken.status, broken.reason.split(" ")[0]) == ("servfail", "unreadable")
        assert (await resolver.query("silent.example", "A")).status == "timeout"
        # Silence is worth another try, a refusal is not.
        assert server.asked.count("silent.example.") == 2
        assert server.asked.count("refused.example.") == 1
        assert (await resolver.query("a..b", "A")).status == "nxdomain"
        assert (await resolver.query("late.example", "A", Deadline.after(0.001))).status == "timeout"

    run(test)


def test_nobody_there(run: Any) -> None:
    async def test(server: Server, resolver: DnsResolver) -> None:
        port = server.port
        server.stop()
        await asyncio.sleep(0.01)
        lonely = DnsResolver([("127.0.0.1", port)], DnsOptions(first_wait=0.2, tries=1))
        answer = await lonely.query("www.example.com", "A")
        assert (answer.status, bool(answer.reason)) == ("error", True)
        many = [asyncio.wait_for(lonely.query(f"n{number}.example", "A"), 10) for number in range(100)]
        assert {answer.status for answer in await asyncio.gather(*many)} == {"error"}
        assert (await DnsResolver([]).query("www.example.com", "A")).status == "error"

    run(test)


def test_the_next_server_is_asked(run: Any) -> None:
    async def test(server: Server, resolver: DnsResolver) -> None:
        second = await Server().start()
        both = DnsResolver([("127.0.0.1", 9), ("127.0.0.1", second.port)], resolver.options)
        assert (await both.query("www.example.com", "A")).status == "ok"
        both = DnsResolver([("127.0.0.1", server.port), ("127.0.0.1", second.port)], resolver.options)
        assert (await both.query("servfail.example", "A")).status == "servfail"
        assert (server.asked, second.asked[1:]) == (["servfail.example."], ["servfail.example."])
        second.stop()

    run(test)


def test_rotation(run: Any) -> None:
    async def test(server: Server, resolver: DnsResolver) -> None:
        second = await Server().start()
        both = DnsResolver([("127.0.0.1", server.port), ("127.0.0.1", second.port)], resolver.options)
        for number in range(40):
            await both.query(f"n{number}.example", "A")
        assert server.asked and second.asked
        second.stop()

    run(test, rotate=True)


def test_truncated_answers_are_fetched_over_tcp(run: Any) -> None:
    async def test(server: Server, resolver: DnsResolver) -> None:
        answer = await resolver.query("cut.example", "A")
        assert (answer.status, answer.records) == ("ok", ["192.0.2.1"])
        assert server.asked == ["cut.example.", "cut.example./tcp"]

    run(test)


def test_forged_answers_are_ignored(run: Any) -> None:
    async def test(server: Server, resolver: DnsResolver) -> None:
        assert (await resolver.query("forged.example", "A")).records == ["192.0.2.1"]
        assert len(server.asked) == 1

    run(test)


def test_a_server_without_edns(run: Any) -> None:
    async def test(server: Server, resolver: DnsResolver) -> None:
        assert (await resolver.query("formerr.example", "A")).status == "ok"
        assert [query.edns for query in server.questions] == [0, -1]

    run(test)


def test_mixed_case(run: Any) -> None:
    async def test(server: Server, resolver: DnsResolver) -> None:
        name = "abcdefghijklmnopqrstuvwxyz.example"
        assert (await resolver.query(name, "A")).status == "ok"
        asked = server.questions[0].question[0].name.to_text()
        assert asked.lower() == name + "." and asked != name + "."

    run(test, dns0x20=True)


def test_an_answer_in_other_letters_is_none(run: Any) -> None:
    async def test(server: Server, resolver: DnsResolver) -> None:
        answer = await resolver.query("lowered.abcdefghijklmnopqrstuvwxyz.example", "A")
        assert answer.status == "timeout"

    run(test, dns0x20=True)


def test_ports_and_restrictions(run: Any) -> None:
    async def test(server: Server, resolver: DnsResolver) -> None:
        assert (await resolver.query("www.example.com", "A")).status == "ok"
        assert (await resolver.query("www.denied.example", "A")).status == "refused"
        assert (await resolver.query("x.allowed.denied.example", "A")).status == "ok"
        assert len(server.asked) == 2

    denied = {"denied.example": True, "allowed.denied.example": False}
    run(test, local_ports=tuple(range(31000, 31200)), denied=denied)


def test_closing(run: Any) -> None:
    async def test(server: Server, resolver: DnsResolver) -> None:
        waiting = asyncio.ensure_future(resolver.query("silent.example", "A"))
        await asyncio.sleep(0.01)
        await resolver.close()
        assert (await waiting).status == "error"

    run(test)


def test_families() -> None:
    servers = [("127.0.0.1", 53), ("::1", 53)]
    assert [s.host for s in DnsResolver(servers, DnsOptions(v6=False)).servers] == ["127.0.0.1"]
    assert [s.host for s in DnsResolver(servers, DnsOptions(v4=False)).servers] == ["::1"]
