"""Look-ups of one message: asked once, in flight together, given up together, and zones left alone."""

import asyncio
import logging
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pyspamd.base.clock import Deadline
from pyspamd.engine.assemble import Setup, assemble
from pyspamd.engine.engine import Engine
from pyspamd.engine.verdict import Verdict
from pyspamd.net.blocked import BlockedZones
from pyspamd.net.resolver import Answer, Resolver
from pyspamd.net.zone import ZoneResolver
from pyspamd.scan.lookups import Lookups
from pyspamd.scan.scan import Scan

BASE = """
loadplugin Mail::SpamAssassin::Plugin::Check
loadplugin Mail::SpamAssassin::Plugin::AskDNS
loadplugin Mail::SpamAssassin::Plugin::URIDNSBL
util_rb_tld example test
"""
MAIL = b"Subject: x\n\nHello.\n"
Assembled = Callable[[str, Resolver], Engine]


@pytest.fixture
def engine(tmp_path: Path) -> Assembled:
    """An engine for configuration lines and a resolver."""

    def make(lines: str, resolver: Resolver) -> Engine:
        file = tmp_path / "rules.cf"
        file.write_text(BASE + lines)
        return assemble(Setup(files=[file]), resolver=resolver)

    return make


class Silent:
    """A resolver that never answers what is named, and knows nothing of the rest."""

    def __init__(self, *names: str) -> None:
        self.names = names

    async def query(self, name: str, rdtype: str, deadline: Deadline | None = None) -> Answer:
        if name in self.names:
            await asyncio.Event().wait()
        return Answer(name, rdtype, "nxdomain", rcode="NXDOMAIN")


class Together:
    """A resolver that answers nothing until it has been asked `number` questions."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.asked: list[str] = []
        self.enough = asyncio.Event()

    async def query(self, name: str, rdtype: str, deadline: Deadline | None = None) -> Answer:
        self.asked.append(name)
        if len(self.asked) >= self.number:
            self.enough.set()
        await self.enough.wait()
        return Answer(name, rdtype, "nxdomain", rcode="NXDOMAIN")


def scanned(engine: Engine) -> Scan:
    return Scan(
        engine.read(MAIL), engine.conf, engine.program, engine.reading, resolver=engine.resolver, now=0.0
    )


def judged(engine: Engine) -> Verdict:
    async def judge() -> Verdict:
        async with asyncio.timeout(60):
            return await engine.check(MAIL)

    return asyncio.run(judge())


def names(verdict: Verdict) -> set[str]:
    return {hit.rule for hit in verdict.hits}


async def settle() -> None:
    """Let everything happen that needs no waiting."""
    for _ in range(100):
        await asyncio.sleep(0)


def test_a_question_is_asked_once(engine: Assembled) -> None:
    zone = ZoneResolver("one.example A 127.0.0.2")
    rules = "askdns A one.example A 127.0.0.2\naskdns B ONE.example A\naskdns C one.example. A 127.0.0.3\n"
    assert names(judged(engine(rules, zone))) == {"A", "B"}
    assert zone.asked == [("one.example", "A")]


def test_all_are_in_flight_together(engine: Assembled) -> None:
    together = Together(30)
    rules = "".join(f"askdns RULE{n} n{n}.example A [NXDOMAIN]\n" for n in range(30))
    assert len(names(judged(engine(rules, together)))) == 30
    assert len(set(together.asked)) == 30


def test_what_is_never_answered_is_given_up(engine: Assembled) -> None:
    rules = "rbl_timeout 0.3 0.1\naskdns GONE no.example A [NXDOMAIN]\naskdns HERE yes.example A [NXDOMAIN]\n"
    verdict = judged(engine(rules + "meta LATE HERE && !GONE\n", Silent("no.example")))
    assert names(verdict) == {"HERE", "LATE"}
    assert not verdict.time_limit_exceeded


def test_the_time_limit_ends_the_scan(engine: Assembled) -> None:
    rules = "time_limit 0.3\nheader SEEN Subject =~ /x/\naskdns GONE no.example A [NXDOMAIN]\n"
    verdict = judged(engine(rules, Silent("no.example")))
    assert names(verdict) == {"SEEN", "TIME_LIMIT_EXCEEDED"}


def test_waiting_gets_shorter_as_answers_come(engine: Assembled) -> None:
    async def run() -> None:
        now = 100.0
        silent = Silent("a.example")
        judge = engine("rbl_timeout 8 3\nrbl_timeout 20 example.test\n", silent)
        lookups = Lookups(scanned(judge), silent, clock=lambda: now)
        lookups.ask("a.example", "A", print)
        assert lookups._give_up_at() == 108.0
        for number in range(9):
            lookups.ask(f"n{number}.example", "A", lambda answer: None)
        assert lookups._give_up_at() == 108.0
        await settle()
        assert len(lookups._running) == 1
        # Nine of ten are there: 8 s less 0.81 of the 5 s between longest and shortest.
        assert lookups._give_up_at() == pytest.approx(100 + 8 - 5 * 0.81)
        lookups.ask("www.example.test", "A", print)
        assert lookups._span("www.example.test") == (20.0, 3.0)
        assert lookups._overseer is not None
        lookups._overseer.cancel()

    asyncio.run(run())


def test_the_deadline_shortens_every_wait(engine: Assembled) -> None:
    judge = engine("rbl_timeout 8 3\n", ZoneResolver())
    scan = scanned(judge)
    scan.deadline = Deadline(101.0, lambda: 100.0)
    assert Lookups(scan, ZoneResolver())._span("a.example") == (1.0, 1.0)
    scan.deadline = Deadline(100.0, lambda: 100.0)
    assert Lookups(scan, ZoneResolver())._span("a.example") == (0.5, 0.5)


def test_unusable_names_are_not_asked(engine: Assembled) -> None:
    async def run() -> None:
        zone = ZoneResolver()
        lookups = Lookups(scanned(engine("", zone)), zone)
        for name in ("a..example", ".example", "", "." * 9, "a" * 64 + ".example", "a." * 130 + "example"):
            lookups.ask(name, "A", print)
        await asyncio.sleep(0)
        assert zone.asked == []

    asyncio.run(run())


def test_a_fault_costs_only_its_own_answer(engine: Assembled, caplog: pytest.LogCaptureFixture) -> None:
    async def run() -> None:
        zone = ZoneResolver("a.example A 127.0.0.2")
        lookups = Lookups(scanned(engine("", zone)), zone)
        told: list[str] = []

        def faulty(answer: Answer) -> None:
            raise RuntimeError("oh")

        lookups.ask("a.example", "A", faulty)
        lookups.ask("a.example", "A", lambda answer: told.extend(answer.records))
        await settle()
        lookups.ask("a.example", "A", lambda answer: told.extend(answer.records))
        assert told == ["127.0.0.2"] * 2

    asyncio.run(run())
    assert "plugin fault" in caplog.text


def test_a_zone_that_turns_us_away_is_left_alone(engine: Assembled, caplog: pytest.LogCaptureFixture) -> None:
    zone = ZoneResolver("a.list.example A 127.0.0.1\nb.list.example A 127.0.0.2\nc.example A 127.0.0.2")
    judge = engine(
        "askdns BLOCKED a.list.example A 127.0.0.1\naskdns LISTED b.list.example A\naskdns OTHER c.example A\n"
        "dns_block_rule BLOCKED list.example\ndns_block_time 300\n",
        zone,
    )
    assert names(judged(judge)) == {"BLOCKED", "LISTED", "OTHER"}
    asked = len(zone.asked)
    assert names(judged(judge)) == {"OTHER"}
    assert zone.asked[asked:] == [("c.example", "A")]
    assert names(judged(judge.for_user("required_score 3\n", "user_prefs"))) == {"OTHER"}
    assert caplog.text.count("list.example is not asked for 300 seconds") == 1


def test_a_refusal_is_told_once(engine: Assembled, caplog: pytest.LogCaptureFixture) -> None:
    zone = ZoneResolver(
        "shop.example.list.example A 127.255.255.254\nfar.example.list.example A 127.255.255.254"
    )
    judge = engine(
        "urirhssub LISTED list.example A 127.0.0.2\nbody LISTED eval:check_uridnsbl('LISTED')\ntflags LISTED net\n",
        zone,
    )
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            message = b"Subject: x\n\nhttp://shop.example/ http://far.example/\n"
            assert not asyncio.run(judge.check(message)).hits
    assert caplog.text.count("list.example answers 127.255.255.254") == 1


def test_blocked_zones_end_with_their_time() -> None:
    now = 1000.0
    zones = BlockedZones(["list.example", "other.example"], clock=lambda: now)
    assert zones.above("a.list.example") == ["list.example"]
    assert zones.above("list.example") == ["list.example"]
    assert zones.above("mylist.example") == []
    assert zones.block("list.example", 60)
    assert not zones.block("list.example", 60)
    assert zones.is_blocked("list.example")
    assert not zones.is_blocked("other.example")
    now = 1061.0
    assert not zones.is_blocked("list.example")
    assert not BlockedZones().is_blocked("list.example")


def test_blocked_zones_are_known_to_other_processes() -> None:
    zones = BlockedZones(["list.example"])
    child = os.fork()
    if child == 0:
        zones.block("list.example", 60)
        os._exit(0)
    os.waitpid(child, 0)
    assert zones.is_blocked("list.example")
