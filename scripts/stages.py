"""Where a message's time goes: clocks of which one runs at a time, that of the innermost stage being worked on."""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property, wraps
from typing import Any

NAMES = (
    "parse", "relays", "text", "HTML", "URIs", "header", "body", "rawbody", "uri", "full", "eval", "meta", "report",
    "the rest",
)  # fmt: skip


class Clocks:
    """CPU seconds by stage. What a stage sets off that belongs to another one is that one's."""

    def __init__(self) -> None:
        self.spent = dict.fromkeys(NAMES, 0.0)
        self._running = ["the rest"]
        self._since = time.thread_time()

    def _turn(self) -> None:
        now = time.thread_time()
        self.spent[self._running[-1]] += now - self._since
        self._since = now

    @contextmanager
    def running(self, stage: str) -> Iterator[None]:
        """Time what is done inside as this stage."""
        self._turn()
        self._running.append(stage)
        try:
            yield
        finally:
            self._turn()
            self._running.pop()

    def timed(self, call: Callable[..., Any], stage: str | Callable[..., str]) -> Callable[..., Any]:
        """The call, timed as a stage (or what `stage` makes of its arguments)."""

        @wraps(call)
        def wrapper(*args: Any, **named: Any) -> Any:
            with self.running(stage if isinstance(stage, str) else stage(*args, **named)):
                return call(*args, **named)

        return wrapper


def _instrument(clocks: Clocks) -> None:
    from pyspamd.engine.engine import Engine
    from pyspamd.engine.matching import Matching
    from pyspamd.engine.scheduler import Scheduler
    from pyspamd.mail import part
    from pyspamd.mail.message import Message
    from pyspamd.ruleset.metas import Resolution
    from pyspamd.scan.reading import Reading
    from pyspamd.scan.scan import Scan

    def area(_matching: object, _scan: object, _bundle: object, name: str, *_: object) -> str:
        return name

    places: list[tuple[Any, str, str | Callable[..., str]]] = [
        (Engine, "read", "parse"),
        (Message, "_block", "parse"),
        (Message, "_tree", "parse"),
        (Scan, "relays", "relays"),
        *((Message, name, "text") for name in ("body", "visible_body", "invisible_body", "rawbody")),
        (part, "render", "HTML"),
        *((Scan, name, "URIs") for name in ("uri_details", "uris")),
        (Reading, "body_uris", "URIs"),
        (Matching, "header_group", "header"),
        (Matching, "texts", area),
        (Scheduler, "_evals", "eval"),
        (Resolution, "resolve", "meta"),
    ]
    for owner, name, stage in places:
        found = vars(owner)[name]
        if isinstance(found, cached_property):
            found.func = clocks.timed(found.func, stage)
        elif isinstance(found, property):
            setattr(owner, name, property(clocks.timed(found.fget, stage)))  # type: ignore[arg-type]
        else:
            setattr(owner, name, clocks.timed(found, stage))


def measure(judge: Any, messages: Sequence[bytes]) -> dict[str, float]:
    """Milliseconds a message by stage; the engine is good for nothing else afterwards."""
    from pyspamd.engine.rewrite import report, rewritten

    async def work() -> None:
        for message in messages:
            verdict = await judge.check(message)
            with clocks.running("report"):
                report(verdict)
                rewritten(verdict)

    clocks = Clocks()
    _instrument(clocks)
    asyncio.run(work())
    return {name: seconds / len(messages) * 1000 for name, seconds in clocks.spent.items()}
