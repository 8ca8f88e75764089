"""The engine as the server's scorer: picks the user's engine, judges, answers in the server's terms."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..conf.core_admin import TIME_LIMIT
from ..engine.engine import Engine
from ..engine.rewrite import report, rewritten
from ..engine.verdict import Verdict
from ..mail import received_products
from .preload import import_codecs, import_network, make_parsers
from .reading import Reading
from .service import Judgement, Occasion

if TYPE_CHECKING:
    from ..net.dns import DnsResolver

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class EngineJudgement:
    """A verdict of the engine as a `Judgement`."""

    verdict: Verdict

    @property
    def is_spam(self) -> bool:
        """Whether the score reaches what is required."""
        return self.verdict.is_spam

    @property
    def score(self) -> float:
        """The message's score."""
        return self.verdict.score

    @property
    def required(self) -> float:
        """The threshold."""
        return self.verdict.required

    @property
    def autolearn(self) -> str:
        """What became of automatic learning."""
        return self.verdict.autolearn

    @property
    def cache(self) -> str:
        """`hit`, `miss` or `bypass`."""
        return self.verdict.cache

    @property
    def log_items(self) -> Mapping[str, str]:
        """What plugins add to the result line."""
        return self.verdict.log_items

    def test_names(self) -> Sequence[str]:
        """Names of the rules that hit, sorted."""
        return self.verdict.test_names()

    def report(self) -> bytes:
        """The report text."""
        return report(self.verdict)

    def rewritten(self) -> bytes:
        """The whole message with its headers added, or wrapped in a report."""
        return rewritten(self.verdict)


class EngineScorer:
    """Judges with one `Engine` and those it makes for users; made in the master, opened in each worker."""

    def __init__(self, engine: Engine, reading: Reading | None = None, *, for_users: bool = True) -> None:
        """`for_users`: whether preferences may be read, which workers do."""
        self.engine = engine
        self.reading = reading or Reading()
        self._resolver: DnsResolver | None = None
        self._cache = engine.cache
        engine.cache = None  # a store is opened by the process that uses it
        import_codecs()
        received_products.compile_all()
        engine.program.compile_all()
        if not engine.local_tests_only:
            import_network()
        if for_users:
            make_parsers()
        _warm_up(engine)

    @property
    def time_limit(self) -> float | None:
        """The configuration's `time_limit` in seconds."""
        return TIME_LIMIT.of(self.engine.conf) or None

    async def open(self) -> None:
        """Give the engine its resolver and its verdict cache."""
        self.engine.cache = self._cache
        if not self.engine.local_tests_only:
            from ..engine.resolving import make_resolver

            self.engine.resolver = self._resolver = make_resolver(self.engine.conf)

    async def close(self) -> None:
        """Take them away again."""
        resolver, self._resolver, self.engine.resolver = self._resolver, None, None
        if resolver is not None:
            await resolver.close()

    async def check(self, message: bytes, occasion: Occasion) -> Judgement:
        """Judge one message for the occasion's user."""
        engine = self.engine
        if occasion.preferences is not None:
            engine = engine.for_user(occasion.preferences.text, occasion.preferences.file)
        verdict = await engine.check(message, user=occasion.user, deadline=occasion.deadline)
        verdict.tags.set("REMOTEHOSTNAME", occasion.remote_name)
        verdict.tags.set("REMOTEHOSTADDR", occasion.remote_address)
        return EngineJudgement(verdict)


def _warm_up(engine: Engine) -> None:
    """Judge a few words, so that what is made on first use is made before workers fork and share it."""
    for message in (b"", b"Subject: warm up\nContent-Type: text/html\n\n<p>Hello http://example.com/</p>\n"):
        try:
            verdict = asyncio.run(engine.check(message))
            report(verdict)
            rewritten(verdict)
        except Exception:
            logger.exception("judging nothing failed")
