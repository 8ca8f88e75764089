"""The order of a scan: priorities lowest first, network tests in flight, metas as soon as they are decidable.

Source: Mail::SpamAssassin::Plugin::Check, `check_main`.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any

from ..ruleset.patterns import PatternBundle
from ..ruleset.program import EVAL_AREAS, NETWORK_PRIORITY, EvalRule, Stage
from ..scan.core_tags import offer_core_tags
from ..scan.lookups import block_zones
from ..scan.plugin import EvalTest, Plugin, Reads
from ..scan.scan import Scan
from .body_hits import Answers, BodyHits
from .catalog import hooked
from .matching import AREA_PREFIX, VIEWS, Matching

logger = logging.getLogger(__name__)

EVAL_PREFIX = {**AREA_PREFIX, "full": ""}

BODY_ONLY = Reads.BODY

AREA_ORDER = (
    ("header", False),
    ("header", True),
    ("body", False),
    ("uri", False),
    ("body", True),
    ("rawbody", False),
    ("rawbody", True),
    ("full", False),
    ("full", True),
)
"""In what order the rules of one priority run: area, and whether those that ask eval tests."""

_Asked = tuple[str, Callable[..., Any] | None, tuple[str, ...], bool, EvalRule, EvalTest]
"""An eval test as it is asked: the rule, the method if no text goes with the scan and these arguments, whether it reads
the body alone, and both in full."""


def _call_of(rule: EvalRule, test: EvalTest) -> Callable[..., Any]:
    """The method, with the rule's name if it wants that."""
    return partial(test.call, rule=rule.name) if test.wants_rule else test.call


class Scheduler:
    """Runs the rules of one configuration over one message at a time; holds nothing about a message."""

    def __init__(
        self, plugins: Sequence[Plugin], evals: dict[str, EvalTest], *, templates_once: bool = False
    ) -> None:
        """`templates_once` as `Matching` has it."""
        self.plugins = plugins
        self.evals = evals
        self._matching = Matching(templates_once=templates_once)
        self._plans: dict[tuple[int, str, int], tuple[_Asked, ...]] = {}
        self._offline_plans: dict[int, tuple[tuple[EvalRule, EvalTest], ...]] = {}
        self._post_message_parse = hooked(plugins, "post_message_parse")
        self._check_start = hooked(plugins, "check_start")
        self._extract_metadata = hooked(plugins, "extract_metadata")
        self._parsed_metadata = hooked(plugins, "parsed_metadata")
        self._check_dnsbl = hooked(plugins, "check_dnsbl")
        self._at_priority = hooked(plugins, "check_rules_at_priority")
        self._shortcircuited = hooked(plugins, "have_shortcircuited")
        self._hit_rule = hooked(plugins, "hit_rule")
        self._check_post_dnsbl = hooked(plugins, "check_post_dnsbl")
        self._check_cleanup = hooked(plugins, "check_cleanup")
        self._check_end = hooked(plugins, "check_end")

    async def run(self, scan: Scan, body_hits: BodyHits) -> None:
        """Judge the message: afterwards `scan.hits` is settled, or holds what was found when the deadline passed."""
        metas = scan.program.metas.resolution()
        seen = 0

        def resolve(level: int) -> None:
            nonlocal seen
            order = scan.hits.order
            new, seen = order[seen:], len(order)
            metas.resolve(level, new, scan.hits.values, lambda name, value: scan.hit(name, value=value))
            # A meta that hit has told those that wait for it already.
            seen = len(order)

        offer_core_tags(scan)
        if self._hit_rule:
            scan.hits.on_hit = partial(self._tell_hit, scan)
        for read in self._post_message_parse:
            try:
                await read(scan)
            except MemoryError:
                raise
            except Exception:
                logger.exception("plugin fault in %s", read.__qualname__)
        self._call(self._check_start, scan)
        self._call(self._extract_metadata, scan)
        self._call(self._parsed_metadata, scan)
        launched = False
        for level, stage in enumerate(scan.program.stages):
            if self._must_stop(scan):
                break
            if not launched and stage.priority >= NETWORK_PRIORITY and (scan.network or self._offline(scan)):
                launched = True
                await self._launch(scan)
                await asyncio.sleep(0)
            for hook in self._at_priority:
                self._guarded(scan, hook, scan, stage.priority)
            self._run_stage(scan, stage, body_hits)
            if scan.tasks:
                await asyncio.sleep(0)
            if scan.time_limit_exceeded or scan.shortcircuited:
                break
            resolve(level)
        await self._settle(scan)
        self._call(self._check_post_dnsbl, scan)
        if scan.time_limit_exceeded:
            scan.hit(
                "TIME_LIMIT_EXCEEDED", default_score=0.001, description="The time limit ended the scan early"
            )
        self._call(self._check_cleanup, scan)
        if not (scan.time_limit_exceeded or scan.shortcircuited):
            resolve(scan.program.last_level)
        if scan.resolver is not None:
            block_zones(scan)
        self._call(self._check_end, scan)

    def _must_stop(self, scan: Scan) -> bool:
        if scan.time_limit_exceeded or scan.shortcircuited:
            return True
        if scan.deadline.passed():
            scan.time_limit_exceeded = True
        elif any(hook(scan) for hook in self._shortcircuited):
            scan.shortcircuited = True
        return scan.time_limit_exceeded or scan.shortcircuited

    def _tell_hit(self, scan: Scan, rule: str, score: float) -> None:
        for hook in self._hit_rule:
            self._guarded(scan, hook, scan, rule, score)

    def _call(self, hooks: Iterable[Callable[[Scan], object]], scan: Scan) -> None:
        for hook in hooks:
            self._guarded(scan, hook, scan)

    @staticmethod
    def _guarded(scan: Scan, call: Callable[..., object], *args: object) -> object:
        """Call a plugin; its fault is logged and costs only its own answer, unless nothing more can be judged."""
        try:
            return call(*args)
        except MemoryError:
            raise
        except Exception:
            logger.exception("plugin fault in %s", getattr(call, "__qualname__", call))
            return None

    # One stage

    def _run_stage(self, scan: Scan, stage: Stage, body_hits: BodyHits) -> None:
        early_body = scan.body if scan.body_replaced else None
        for area, is_eval in AREA_ORDER:
            if is_eval:
                if area in stage.evals and not self._must_stop(scan):
                    self._evals(scan, stage, area, body_hits)
            elif area == "header":
                if stage.headers and not self._must_stop(scan):
                    lacks = scan.header_view.lacks
                    for group in stage.headers:
                        absent = group.field is not None and lacks(group.field)
                        if group.absent or group.special or not absent:
                            self._matching.header_group(scan, group, absent)
            else:
                bundle: PatternBundle = getattr(stage, area)
                if (bundle.rules or bundle.special) and not self._must_stop(scan):
                    self._matching.texts(scan, bundle, area, stage.priority, body_hits, early_body)

    # Eval tests

    def _evals(self, scan: Scan, stage: Stage, area: str, body_hits: BodyHits) -> None:
        plan = self._plan(scan, stage, area)
        known = body_hits.evals(scan, stage.priority, area)
        said: Answers = {}
        replaced, all_logs = scan.body_replaced, scan.hits.logs
        for name, call, args, of_body, rule, test in plan:
            if of_body and known is not None:
                entry = known.get(name)
                if entry is None:
                    continue
                answer, logs = entry
                for text in logs:
                    scan.log(name, text)
            else:
                before = len(all_logs.get(name, ()))
                if call is None:
                    answer = self._ask(scan, rule, test)
                else:
                    try:  # what `_ask` does, without a call for each of hundreds of tests
                        answer = call(scan, *args)
                    except MemoryError:
                        raise
                    except Exception:
                        answer = self._failed(scan, rule)
                if of_body and (answer or name in all_logs):
                    said[name] = (answer, all_logs.get(name, [])[before:])
            if answer:
                self._record(scan, rule, answer)
        if known is None and replaced == scan.body_replaced:
            body_hits.keep_evals(scan, stage.priority, area, said)

    def _plan(self, scan: Scan, stage: Stage, area: str) -> "tuple[_Asked, ...]":
        """The eval tests of one priority and area that this score set lets run, ready to be asked."""
        key = (stage.priority, area, scan.score_set)
        plan = self._plans.get(key)
        if plan is None:
            asked = ((rule, self.evals.get(rule.call.function)) for rule in stage.evals[area])
            plan = self._plans[key] = tuple(
                (
                    rule.name,
                    None if test.wants_text else _call_of(rule, test),
                    test.arguments(rule.call.args),
                    test.reads == BODY_ONLY,
                    rule,
                    test,
                )
                for rule, test in asked
                if test is not None and not test.is_late and self._runs(scan, rule)
            )
        return plan

    @staticmethod
    def _runs(scan: Scan, rule: EvalRule) -> bool:
        """Whether the score set lets the rule run: no network rules without network, none that need learning."""
        flags = scan.conf.tflags.get(rule.name, ())
        if "net" in flags and not scan.score_set & 1:
            return False
        return not ("learn" in flags and not scan.score_set & 2)

    def _ask(self, scan: Scan, rule: EvalRule, test: EvalTest) -> Any:
        try:
            call, args = _call_of(rule, test), test.arguments(rule.call.args)
            if not test.wants_text:
                return call(scan, *args)
            return call(scan, *args, text=VIEWS[rule.area](scan) if rule.area in VIEWS else ())
        except MemoryError:
            raise
        except Exception:
            return self._failed(scan, rule)

    @staticmethod
    def _failed(scan: Scan, rule: EvalRule) -> int:
        logger.exception("%s: eval test %s failed", scan.place_of(rule.name), rule.call.function)
        return 0

    @staticmethod
    def _record(scan: Scan, rule: EvalRule, answer: object) -> None:
        if answer:
            value = answer if isinstance(answer, int | float) and not isinstance(answer, bool) else 1
            scan.hit(rule.name, area=EVAL_PREFIX[rule.area], value=value)

    # The network

    def _network_tests(self, scan: Scan) -> Iterator[tuple[EvalRule, EvalTest]]:
        for stage in scan.program.stages:
            for area in EVAL_AREAS:
                for rule in stage.evals.get(area, ()):
                    test = self.evals.get(rule.call.function)
                    if test is not None and test.is_async and self._runs(scan, rule):
                        yield rule, test

    def _offline(self, scan: Scan) -> tuple[tuple[EvalRule, EvalTest], ...]:
        """The network tests that have something to say where no network may be used."""
        plan = self._offline_plans.get(scan.score_set)
        if plan is None:
            plan = tuple((rule, test) for rule, test in self._network_tests(scan) if test.offline)
            self._offline_plans[scan.score_set] = plan
        return plan

    async def _launch(self, scan: Scan) -> None:
        for rule, test in self._network_tests(scan) if scan.network else self._offline(scan):
            scan.spawn(self._ask_later(scan, rule, test), (rule.name,))
        if not scan.network:
            return
        for hook in self._check_dnsbl:
            first = self._guarded(scan, hook, scan)
            if isinstance(first, asyncio.Task):
                scan.tasks[first] = ()
                await asyncio.wait([first], timeout=scan.deadline.left())

    async def _ask_later(self, scan: Scan, rule: EvalRule, test: EvalTest) -> None:
        answer = self._ask(scan, rule, test)
        if asyncio.iscoroutine(answer):
            self._record(scan, rule, await answer)

    async def _settle(self, scan: Scan) -> None:
        """Wait for the look-ups in flight, those they start included, until the deadline."""
        while pending := [task for task in scan.tasks if not task.done()]:
            left = scan.deadline.left()
            if scan.shortcircuited or left == 0:
                break
            await asyncio.wait(pending, timeout=left)
            if scan.deadline.passed():
                scan.time_limit_exceeded = True
        unfinished = [task for task in scan.tasks if not task.done()]
        for task in unfinished:
            task.cancel()
        if unfinished:
            await asyncio.wait(unfinished)
        for task, rules in scan.tasks.items():
            fault = None if task.cancelled() else task.exception()
            if isinstance(fault, MemoryError):
                raise fault
            if fault is not None:
                logger.error("look-up for %s failed", ",".join(rules) or "a plugin", exc_info=fault)
