"""The DNS questions of one message: each asked once, all in flight together, given up together.

    lookups = lookups_of(scan)
    lookups.ask("2.0.0.127.list.example", "A", lambda answer: ..., rules=("LISTED",))

Source: Mail::SpamAssassin::AsyncLoop; `rbl_timeout`, `dns_query_restriction` and `dns_block_rule` in
Mail::SpamAssassin::Conf.
"""

import asyncio
import logging
import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from ..base.idn import idn_to_ascii
from ..base.ip_text import reverse_address
from ..base.registry import domain_to_search_list
from ..conf.conf import Conf
from ..conf.core_network import DNS_BLOCK_RULE, DNS_BLOCK_TIME, DNS_QUERY_RESTRICTION, RBL_TIMEOUT
from ..net.blocked import BlockedZones, refusal
from ..net.resolver import Answer, Resolver, Starter, failure, outcome
from .scan import Scan

logger = logging.getLogger(__name__)

Then = Callable[[Answer], object]
"""What to do with an answer."""

SHARE_OF_LONGEST: Final = 0.2
"""The shortest wait for an answer, where `rbl_timeout` does not say: this share of the longest."""
SLACK: Final = 0.5
"""Seconds a question gets even where the time limit is nearer."""
LOOK_AGAIN: Final = 0.25
"""Every so many seconds it is looked whether the answers still missing are worth waiting for."""
LONGEST_NAME: Final = 254
MOST_NAMES: Final = 1000
"""Names that one rule has looked up of a message which it takes from what the sender wrote."""
NO_PACKET: Final = frozenset(("timeout", "error"))
"""Statuses of questions to which no answer came at all."""

_NAME = re.compile(r"(?:[^.]{1,63}\.)*[^.]{1,63}", re.DOTALL)
_IPV4 = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}")


@dataclass(slots=True)
class _Question:
    """One question under way or answered; times are seconds on the monotonic clock."""

    name: str
    type: str
    zone: str
    started: float
    longest: float
    shortest: float
    rules: set[str] = field(default_factory=set)
    waiting: list[Then] = field(default_factory=list)
    answer: Answer | None = None


class Lookups:
    """The questions of one message, asked of the scan's resolver."""

    def __init__(self, scan: Scan, resolver: Resolver, clock: Callable[[], float] = time.monotonic) -> None:
        self._scan = scan
        self._resolver = resolver
        self._starter = resolver if isinstance(resolver, Starter) else None
        self._clock = clock
        self._timeouts = RBL_TIMEOUT.of(scan.conf)
        self._denied = DNS_QUERY_RESTRICTION.of(scan.conf)
        self._questions: dict[tuple[str, str], _Question | None] = {}
        """`None` is a question that must not or cannot be asked."""
        self._running: dict[asyncio.Task[Answer], _Question] = {}
        """Tasks are shared with other messages where the resolver shares them, so none is ever cancelled."""
        self._overseer: asyncio.Task[object] | None = None
        self._idle: asyncio.Future[None] | None = None
        self._started = 0

    def ask(self, name: str, rdtype: str, then: Then, rules: Iterable[str] = (), *, zone: str = "") -> None:
        """Ask, unless it has been asked; `then` gets the answer, at once where it is known, never if none comes.

        An answer may well be a refusal, or the word that there is no such name. `rules` are those that it
        may decide, `zone` the list that is asked; both are for the log.
        """
        name = idn_to_ascii(name.rstrip("."))
        if rdtype == "PTR" and _IPV4.fullmatch(name):
            name = f"{(reverse_address(name.encode()) or b'').decode()}.in-addr.arpa"
        key = name.lower(), rdtype
        if key in self._questions:
            question = self._questions[key]
        else:
            question = self._questions[key] = self._open(*key, zone)
        if question is None:
            return
        question.rules.update(rules)
        if question.answer is None:
            question.waiting.append(then)
        elif question.answer.status not in NO_PACKET:
            self._tell(then, question.answer)

    def _open(self, name: str, rdtype: str, zone: str) -> _Question | None:
        """The question, answered or on its way."""
        if len(name) > LONGEST_NAME or not _NAME.fullmatch(name):
            logger.info("dns: no usable name: %s", name[:LONGEST_NAME])
            return None
        if self._is_closed(name):
            logger.debug("dns: not to be asked: %s %s", name, rdtype)
            return None
        longest, shortest = self._span(name)
        question = _Question(name, rdtype, zone or name, self._clock(), longest, shortest)
        self._started += 1
        if self._starter is not None:
            asked = self._starter.start(name, rdtype)
        else:
            asked = asyncio.ensure_future(self._resolver.query(name, rdtype))
        if isinstance(asked, Answer):
            self._note(question, asked)
            return question
        self._running[asked] = question
        asked.add_done_callback(self._arrived)
        if self._overseer is None or self._overseer.done():
            self._overseer = asyncio.ensure_future(self._oversee())
            self._scan.tasks[self._overseer] = ()
        return question

    def _is_closed(self, name: str) -> bool:
        """Whether the configuration forbids the question, or the list is left alone for now."""
        zones = self._scan.blocked.above(name)
        if self._denied:
            for parent in (*domain_to_search_list(name), "*"):
                if (denied := self._denied.get(parent)) is not None:
                    if denied:
                        return True
                    # What is allowed in so many words is asked, unless a narrower zone is left alone.
                    zones = [zone for zone in zones if parent == "*" or len(zone) > len(parent)]
                    break
        return bool(zones) and self._scan.blocked.is_blocked(min(zones, key=len))

    def _span(self, name: str) -> tuple[float, float]:
        """How long to wait at most, and how long once nearly all other questions are answered."""
        longest, shortest = self._timeouts.longest, None
        by_zone = self._timeouts.by_zone
        while by_zone and name:
            if name in by_zone:
                longest, shortest = by_zone[name]
                break
            name = name.partition(".")[2]
        if shortest is None:
            shortest = self._timeouts.shortest
        if shortest is None:
            shortest = SHARE_OF_LONGEST * longest
        longest = max(longest, shortest)
        left = self._scan.deadline.left()
        if left is not None and longest > (left := max(left, SLACK)):
            longest, shortest = left, min(shortest, left)
        return longest, shortest

    def _arrived(self, task: asyncio.Task[Answer]) -> None:
        """Pass an answer on, unless it has been given up."""
        question = self._running.get(task)
        if question is not None:
            self._note(question, outcome(task, question.name, question.type))
            # What its readers have asked in turn is under way by now, so the overseer goes on.
            del self._running[task]
            if not self._running and self._idle is not None and not self._idle.done():
                self._idle.set_result(None)

    def _note(self, question: _Question, answer: Answer) -> None:
        question.answer = answer
        waiting, question.waiting = question.waiting, []
        if answer.status in NO_PACKET:
            logger.info("dns: no answer: %s %s: %s", question.name, question.type, answer.reason)
            return
        if (address := refusal(answer)) and self._scan.blocked.notice(question.zone):
            logger.warning(
                "dns: %s answers %s: it turns our questions away (dns_query_restriction stops them)",
                question.zone,
                address,
            )
        for then in waiting:
            self._tell(then, answer)

    @staticmethod
    def _tell(then: Then, answer: Answer) -> None:
        """Call a plugin; its fault is logged and costs only its own answer."""
        try:
            then(answer)
        except Exception:
            logger.exception("plugin fault in %s", getattr(then, "__qualname__", then))

    def _give_up_at(self) -> float:
        """Until when to wait: the more questions are answered, the sooner the rest is given up."""
        share = (1 - len(self._running) / self._started) ** 2
        return max(
            question.started + question.longest - (question.longest - question.shortest) * share
            for question in self._running.values()
        )

    async def _oversee(self) -> None:
        """Wait until every question is answered or given up."""
        try:
            while self._running:
                left = self._give_up_at() - self._clock()
                if left <= 0:
                    return
                self._idle = asyncio.get_running_loop().create_future()
                await asyncio.wait({self._idle}, timeout=min(left, LOOK_AGAIN))
        finally:
            for question in self._running.values():
                rules = ", ".join(sorted(question.rules))
                logger.info("dns: given up: %s %s, for %s", question.name, question.type, rules)
                question.answer = failure(question.name, question.type, "timeout", "given up")
            self._running.clear()


def lookups_of(scan: Scan) -> Lookups | None:
    """The message's questions; `None` where the network may not be used."""
    resolver = scan.resolver
    if resolver is None:
        return None
    return scan.once(Lookups, lambda: Lookups(scan, resolver))


def blocked_zones(conf: Conf) -> BlockedZones:
    """The zones that rules may have us leave alone (`dns_block_rule`), none blocked yet."""
    return BlockedZones(zone for zones in DNS_BLOCK_RULE.of(conf).values() for zone in zones)


def block_zones(scan: Scan) -> None:
    """Leave zones alone for `dns_block_time` whose rule says that they turn us away."""
    for rule, zones in DNS_BLOCK_RULE.of(scan.conf).items():
        if scan.has_hit(rule):
            seconds = DNS_BLOCK_TIME.of(scan.conf)
            for zone in zones:
                if scan.blocked.block(zone, seconds):
                    logger.warning(
                        "dns: %s hit, so %s is not asked for %g seconds: it turns our questions away; set the"
                        " scores of its rules to 0, or: dns_query_restriction deny %s",
                        rule,
                        zone,
                        seconds,
                        zone,
                    )
