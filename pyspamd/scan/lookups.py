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

from ..base.clock import Deadline
from ..base.idn import idn_to_ascii
from ..base.ip_text import reverse_address
from ..base.registry import domain_to_search_list
from ..conf.conf import Conf
from ..conf.core_network import DNS_BLOCK_RULE, DNS_BLOCK_TIME, DNS_QUERY_RESTRICTION, RBL_TIMEOUT
from ..net.blocked import BlockedZones, refusal
from ..net.resolver import Answer, Resolver
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
    given_up: bool = False


class Lookups:
    """The questions of one message, asked of the scan's resolver."""

    def __init__(self, scan: Scan, resolver: Resolver, clock: Callable[[], float] = time.monotonic) -> None:
        self._scan = scan
        self._resolver = resolver
        self._clock = clock
        self._timeouts = RBL_TIMEOUT.of(scan.conf)
        self._denied = DNS_QUERY_RESTRICTION.of(scan.conf)
        self._questions: dict[tuple[str, str], _Question | None] = {}
        self._running: dict[asyncio.Task[None], _Question] = {}
        self._overseer: asyncio.Task[object] | None = None
        self._started = 0
        self._completed = 0

    def ask(self, name: str, rdtype: str, then: Then, rules: Iterable[str] = (), *, zone: str = "") -> None:
        """Ask, unless it has been asked; `then` gets the answer, at once where it is there, never if none
        comes.

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
        if question is None or question.given_up:
            return
        question.rules.update(rules)
        if question.answer is None:
            question.waiting.append(then)
        else:
            self._tell(then, question.answer)

    def _open(self, name: str, rdtype: str, zone: str) -> _Question | None:
        """The question, on its way; `None` where it must not or cannot be asked."""
        if len(name) > LONGEST_NAME or not _NAME.fullmatch(name):
            logger.info("dns: no usable name: %s", name[:LONGEST_NAME])
            return None
        if self._is_closed(name):
            logger.debug("dns: not to be asked: %s %s", name, rdtype)
            return None
        longest, shortest = self._span(name)
        question = _Question(name, rdtype, zone or name, self._clock(), longest, shortest)
        task = asyncio.ensure_future(self._answer(question))
        self._running[task] = question
        self._started += 1
        self._scan.tasks[task] = ()
        task.add_done_callback(self._settled)
        if self._overseer is None or self._overseer.done():
            self._overseer = asyncio.ensure_future(self._oversee())
            self._scan.tasks[self._overseer] = ()
        return question

    def _is_closed(self, name: str) -> bool:
        """Whether the configuration forbids the question, or the list is left alone for now."""
        blocked = self._scan.blocked
        if not self._denied and not blocked:
            return False
        restricted = None
        for parent in domain_to_search_list(name):
            if (denied := self._denied.get(parent)) is not None:
                if denied:
                    return True
                break
            if parent in blocked:
                restricted = parent
        else:
            if self._denied.get("*", False):
                return True
        return restricted is not None and blocked.is_blocked(restricted)

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

    async def _answer(self, question: _Question) -> None:
        until = Deadline(question.started + question.longest, self._clock)
        answer = await self._resolver.query(question.name, question.type, until)
        if answer.status in NO_PACKET:
            logger.info("dns: no answer: %s %s: %s", question.name, question.type, answer.reason)
            question.given_up = True
            return
        question.answer = answer
        if (address := refusal(answer)) and self._scan.blocked.notice(question.zone):
            logger.warning(
                "dns: %s answers %s: it turns our questions away (dns_query_restriction stops them)",
                question.zone,
                address,
            )
        for then in question.waiting:
            self._tell(then, answer)
        question.waiting.clear()

    @staticmethod
    def _tell(then: Then, answer: Answer) -> None:
        """Call a plugin; its fault is logged and costs only its own answer."""
        try:
            then(answer)
        except Exception:
            logger.exception("plugin fault in %s", getattr(then, "__qualname__", then))

    def _settled(self, task: asyncio.Task[None]) -> None:
        question = self._running.pop(task)
        self._completed += 1
        if question.answer is None:
            question.given_up = True

    def _give_up_at(self) -> float:
        """Until when to wait: the more questions are answered, the sooner the rest is given up."""
        share = (self._completed / self._started) ** 2
        return max(
            question.started + question.longest - (question.longest - question.shortest) * share
            for question in self._running.values()
        )

    async def _oversee(self) -> None:
        while self._running:
            left = self._give_up_at() - self._clock()
            if left <= 0:
                for task, question in list(self._running.items()):
                    rules = ", ".join(sorted(question.rules))
                    logger.info("dns: given up: %s %s, for %s", question.name, question.type, rules)
                    task.cancel()
            await asyncio.wait(list(self._running), timeout=min(max(left, 0.0), LOOK_AGAIN))


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
