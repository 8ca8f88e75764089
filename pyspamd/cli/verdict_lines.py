"""Verdicts as JSON lines, made in one process or in several."""

import asyncio
import json
import multiprocessing
import os
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from ..engine.engine import Engine
from ..engine.verdict import Verdict, hit_scores
from .mailboxes import Place

_worker: dict[str, Any] = {}


def verdict_json(name: str, verdict: Verdict, *, facts: bool = False) -> dict[str, Any]:
    """A verdict as `check --json` prints it."""
    result: dict[str, Any] = {
        "file": os.fsdecode(name),
        "score": verdict.score,
        "required": verdict.required,
        "is_spam": verdict.is_spam,
        "hits": hit_scores(verdict.hits),
        "subtests": sorted(verdict.subtests),
        "cache": verdict.cache,
        "seconds": round(verdict.seconds, 4),
    }
    if verdict.time_limit_exceeded:
        result["time_limit_exceeded"] = True
    if facts and verdict.facts is not None:
        result.update(verdict.facts())
    return result


def verdict_lines(
    engine: Engine, places: Sequence[Place], *, facts: bool, jobs: int
) -> Iterator[tuple[str, bool] | None]:
    """A line and whether it tells of spam for every message, in order; `None` where one cannot be read."""
    _worker.update(engine=engine, facts=facts)
    if jobs > 1 and len(places) > 1:
        # The engine is compiled before the processes fork, so they share it.
        with multiprocessing.get_context("fork").Pool(min(jobs, len(places)), _start) as pool:
            yield from pool.imap(_line, places, chunksize=max(1, min(8, len(places) // jobs)))
        return
    with asyncio.Runner() as runner:
        _worker["runner"] = runner
        yield from map(_line, places)


def _start() -> None:
    _worker["runner"] = asyncio.Runner()


def _line(place: Place) -> tuple[str, bool] | None:
    raw = read(place)
    if raw is None:
        return None
    verdict = _worker["runner"].run(_worker["engine"].check(raw))
    return json.dumps(verdict_json(place.name, verdict, facts=_worker["facts"])), verdict.is_spam


def read(place: Place) -> bytes | None:
    """The message's bytes, or `None` and a sentence on stderr where it cannot be read."""
    try:
        return place.read()
    except OSError as error:
        print(f"pyspamd check: {place.name}: {error.strerror}", file=sys.stderr)
        return None
