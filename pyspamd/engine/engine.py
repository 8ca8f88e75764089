"""The conductor: one configuration assembled with its plugins and compiled rules, judging message after message.

engine = Engine(conf, local_tests_only=True)
verdict = await engine.check(raw_message)
"""

import asyncio
import hashlib
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from .. import __version__
from ..base.clock import Deadline
from ..base.problems import Problem
from ..conf.conf import Conf
from ..conf.core_admin import TIME_LIMIT
from ..conf.core_learning import BAYES_AUTO_LEARN, USE_BAYES
from ..conf.core_own import CAPTURE_TEMPLATES_ONCE
from ..conf.core_report import REQUIRED_SCORE, REWRITE_HEADER
from ..conf.core_rules import SUBJECT_PREFIX
from ..conf.rules import EmptyTest, EvalCall, RuleDef
from ..mail.message import Message
from ..net.blocked import BlockedZones
from ..net.resolver import Resolver
from ..ruleset.compiled_store import CompiledStore
from ..ruleset.program import Program, compile_program
from ..scan.autolearn import learning_points
from ..scan.core_tags import relay_tags
from ..scan.lookups import blocked_zones
from ..scan.plugin import EvalTest, Plugin
from ..scan.reading import Reading
from ..scan.scan import Scan
from .body_hits import BodyHits
from .catalog import Found, hooked
from .facts import facts_of
from .scheduler import Scheduler
from .verdict import CacheState, Verdict, rounded
from .verdict_cache import VerdictCache, body_key

logger = logging.getLogger(__name__)
USERS_KEPT = 256
"""How many users' assembled preferences are kept at hand."""
USERS_PROBLEMS_TOLD = 20
"""How many mistakes in one user's preferences are logged, each time they are read."""
USERS_TEXT_KEPT = 4 * 2**20
"""Characters of preferences whose engines are kept, all users together; an engine takes ten times the memory."""

Clock = Callable[[], float]


@lru_cache(maxsize=1)
def code_fingerprint() -> str:
    """SHA-256 over this package's source, so that a record made by other code is never believed."""
    digest = hashlib.sha256(__version__.encode())
    root = Path(__file__).resolve().parents[1]
    for path in sorted(root.rglob("*.py")):
        digest.update(str(path.relative_to(root)).encode() + b"\0")
        digest.update(path.read_bytes())
    return digest.hexdigest()


class Engine:
    """Judges messages under one `Conf`; shared by all connections of a worker, holds nothing about a message."""

    def __init__(
        self,
        conf: Conf,
        *,
        local_tests_only: bool = True,
        resolver: Resolver | None = None,
        cache: VerdictCache | None = None,
        clock: Clock = time.time,
        base: "Engine | None" = None,
        patterns: CompiledStore | None = None,
    ) -> None:
        self.conf = conf
        self.local_tests_only = local_tests_only
        self.resolver = resolver
        self.cache = cache
        self.clock = clock
        self.score_set = 0 if local_tests_only else 1
        self.plugins: tuple[Plugin, ...] = tuple(
            spec.plugin(conf) for spec in conf.specs if isinstance(spec, Found) and spec.plugin is not None
        )
        self.evals: dict[str, EvalTest] = {
            test.name: test for plugin in self.plugins for test in plugin.eval_tests()
        }
        self._patterns = patterns or CompiledStore()
        self._misplaced: list[Problem] = []
        self.rules = self._rewritten_rules()
        self.active = frozenset(name for name in self.rules if conf.scores[name][self.score_set] != 0)
        self.program = self._program(base)
        self._discriminators = hooked(self.plugins, "autolearn_discriminator")
        self.scheduler = Scheduler(self.plugins, self.evals, templates_once=CAPTURE_TEMPLATES_ONCE.of(conf))
        self.reading = Reading(conf)
        self.blocked: BlockedZones = base.blocked if base else blocked_zones(conf)
        self.fingerprint = f"{conf.fingerprint} {self.score_set} {code_fingerprint()}"
        self._users: dict[str, Engine] = {}
        self._patterns.save()

    # Assembly

    def _rewritten_rules(self) -> Mapping[str, RuleDef]:
        rules = dict(self.conf.rules)
        for plugin in self.plugins:
            rules.update(plugin.rewrite_rules(rules))
        for name, rule in rules.items():
            test = self.evals.get(rule.test.function) if isinstance(rule.test, EvalCall) else None
            if test is not None and not test.serves(rule.area):
                text = f"{test.name}() is for {test.area} rules, so this {rule.area} rule never hits"
                self._misplaced.append(Problem(rule.location, name, text))
                rules[name] = replace(rule, test=EmptyTest())
        return rules

    def _program(self, base: "Engine | None") -> Program:
        if (
            base is not None
            and base.active == self.active
            and base.rules == self.rules
            and base.conf.priorities == self.conf.priorities
            and base.conf.tflags == self.conf.tflags
        ):
            return base.program
        return compile_program(
            self.conf,
            self.rules,
            self.active.__contains__,
            local_tests_only=self.local_tests_only,
            is_late=self._is_late,
            store=self._patterns,
        )

    def _is_late(self, rule: RuleDef) -> bool:
        if not isinstance(rule.test, EvalCall):
            return False
        test = self.evals.get(rule.test.function)
        return test is None or test.is_late

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong with the rules beyond what reading them told (`Conf.problems`)."""
        unknown = tuple(
            Problem(rule.location, name, f"no plugin that is loaded has the eval test {rule.test.function}()")
            for name, rule in sorted(self.rules.items())
            if isinstance(rule.test, EvalCall) and rule.test.function not in self.evals
        )
        return (*self.program.problems, *unknown, *self._misplaced)

    def for_user(self, preferences: str, file: str) -> "Engine":
        """The engine for one user's preferences (their text); engines of recent users are kept."""
        if not preferences.strip():
            return self
        known = self._users.get(preferences)
        if known is None:
            conf = self.conf.with_user(preferences, file)
            for problem in conf.problems[:USERS_PROBLEMS_TOLD]:
                logger.warning("%s", problem)
            if len(conf.problems) > USERS_PROBLEMS_TOLD:
                logger.warning("%s: %d problems in all", file, len(conf.problems))
            known = Engine(
                conf,
                local_tests_only=self.local_tests_only,
                resolver=self.resolver,
                cache=self.cache,
                clock=self.clock,
                base=self,
            )
            room = USERS_TEXT_KEPT - len(preferences)
            while self._users and (len(self._users) >= USERS_KEPT or sum(map(len, self._users)) > room):
                self._users.pop(next(iter(self._users)))
        else:
            del self._users[preferences]
        self._users[preferences] = known
        return known

    # Judging

    def read(self, raw: bytes) -> Message:
        """The message, nothing decoded yet."""
        return self.reading.message(raw)

    async def check(
        self,
        raw: bytes,
        *,
        user: str | None = None,
        truncated: bool = False,
        deadline: Deadline | None = None,
    ) -> Verdict:
        """Judge one message. Never raises on what a sender wrote.

        Say `truncated` where the message is known to be incomplete; `trust_truncation_mark` lets it say so itself.
        """
        started = time.perf_counter()
        message = self.read(raw)
        truncated = truncated or message.truncation is not None
        limit = TIME_LIMIT.of(self.conf)
        deadline = (deadline or Deadline()).sooner(limit)
        cached, key, state = self._recall(message, truncated)
        scan = Scan(
            message,
            self.conf,
            self.program,
            self.reading,
            resolver=None if self.local_tests_only else self.resolver,
            blocked=self.blocked,
            now=self.clock(),
            deadline=deadline,
            score_set=self.score_set,
            user=user,
            truncated=truncated,
        )
        body_hits = cached or BodyHits()
        if key:
            scan.body_uris = body_hits.uris
        await self.scheduler.run(scan, body_hits)
        required = REQUIRED_SCORE.of(self.conf)
        score = rounded(scan.score)
        unsure = scan.time_limit_exceeded or scan.unsure_body
        if key and state == "miss" and not unsure and self.cache is not None:
            self.cache.remember(key, body_hits, is_spam=score >= required)
        return Verdict(
            message=scan.message,
            conf=self.conf,
            score=score,
            required=required,
            hits=tuple(scan.hits.scored.values()),
            subtests=dict(scan.hits.subtests),
            tags=scan.tags,
            get=scan.get,
            relay_tags=relay_tags(scan),
            autolearn=self._autolearn(scan),
            cache=state,
            seconds=time.perf_counter() - started,
            subject_prefix=self._subject_prefix(scan),
            time_limit_exceeded=scan.time_limit_exceeded,
            log_items={name: item() for name, item in scan.log_items.items()},
            facts=lambda: facts_of(scan),
        )

    def check_sync(self, raw: bytes, *, user: str | None = None) -> Verdict:
        """`check` for those who have no event loop."""
        return asyncio.run(self.check(raw, user=user))

    def _recall(self, message: Message, truncated: bool) -> tuple[BodyHits | None, str, CacheState]:
        if self.cache is None or not self.cache.enabled or truncated:
            return None, "", "bypass"
        key = body_key(message, self.fingerprint)
        known = self.cache.recall(key)
        return known, key, "miss" if known is None else "hit"

    def _subject_prefix(self, scan: Scan) -> str:
        prefixes = SUBJECT_PREFIX.of(self.conf)
        if not prefixes or "Subject" not in REWRITE_HEADER.of(self.conf):
            return ""
        collected = ""
        for rule in scan.hits.order:
            prefix = prefixes.get(rule)
            if prefix is not None and prefix not in collected:
                collected += f"{prefix} "
        return collected

    def _autolearn(self, scan: Scan) -> str:
        if scan.learning_disabled or not USE_BAYES.of(self.conf) or not BAYES_AUTO_LEARN.of(self.conf):
            return "disabled"
        if all(decide(scan) is None for decide in self._discriminators):
            return "no autolearn_force=no"
        forced = learning_points(scan).forced_by
        return "unavailable autolearn_force=" + (f"yes ({','.join(forced)},)" if forced else "no")
