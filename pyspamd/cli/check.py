"""`pyspamd check`: judge messages as the `spamassassin` filter does, or print verdicts as JSON.

pyspamd check < message                 # the message with X-Spam headers added
pyspamd check -d < message              # the message with such headers taken away
pyspamd check --json --facts -L FILE…   # one JSON object a message
"""

import argparse
import asyncio
import json
import logging
import multiprocessing
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ..engine.assemble import Setup, assemble, problems_of
from ..engine.engine import Engine
from ..engine.markup import without_markup
from ..engine.resolving import make_resolver
from ..engine.rewrite import report, rewritten
from ..engine.verdict import Verdict, hit_scores
from .caches import compiled_folder
from .sources import add_source_options, setup_of

EXIT_SPAM = 5
logger = logging.getLogger(__name__)


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb and its options."""
    parser = subparsers.add_parser(
        "check",
        help="judge messages",
        description="Judge messages: a filter like `spamassassin`, or with --json a report for programs.",
        epilog="Exit status: 0; with -e 5 for spam; 2 where a message or the rules cannot be read.",
    )
    parser.add_argument("files", nargs="*", metavar="FILE", help="messages (standard input without any)")
    parser.add_argument("-t", "--test-mode", action="store_true", help="add the report at the message's end")
    parser.add_argument("-d", "--remove-markup", action="store_true", help="take SpamAssassin's markup off")
    parser.add_argument("-e", "--exit-code", action="store_true", help="exit with 5 where a message is spam")
    parser.add_argument("-p", "--prefspath", "--prefs-file", metavar="FILE", help="a user's preferences")
    parser.add_argument("-x", "--nocreate-prefs", action="store_true", help="accepted; none are ever created")
    parser.add_argument("-D", "--debug", nargs="?", const="all", metavar="AREA", help="log what is done")
    parser.add_argument("--lint", action="store_true", help="only tell what is wrong with the configuration")
    parser.add_argument("--json", action="store_true", help="print one JSON object a message")
    parser.add_argument(
        "--facts", action="store_true", help="with --json: the text views' digests, URIs, relays"
    )
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="judge in N processes")
    parser.add_argument(
        "--from-list", metavar="FILE", help="read the messages' names from FILE (- for stdin)"
    )
    add_source_options(parser)


def run(options: argparse.Namespace) -> int:
    """Judge the messages; the exit status is as the help says."""
    logging.basicConfig(
        level=logging.DEBUG if options.debug else logging.WARNING, format="%(levelname)s: %(message)s"
    )
    setup = setup_of(options, lint=options.lint)
    if options.lint:
        return _lint(setup)
    if options.json:
        return _print_json(options, setup)
    engine = _engine(options, setup)
    with asyncio.Runner() as runner:
        return _filter(options, engine, runner)


def _filter(options: argparse.Namespace, engine: Engine, runner: asyncio.Runner) -> int:
    """Write each message with its verdict in it."""
    status = 0
    for name in options.files or ["-"]:
        raw = _read(name)
        if raw is None:
            status = 2
            continue
        if options.remove_markup:
            raw = without_markup(engine.read(raw), engine.conf)
            if not options.test_mode:
                sys.stdout.buffer.write(raw)
                continue
        verdict = runner.run(_check(engine, raw))
        sys.stdout.buffer.write(rewritten(verdict))
        if options.test_mode:
            sys.stdout.buffer.write(report(verdict))
        if options.exit_code and verdict.is_spam:
            status = EXIT_SPAM
    sys.stdout.flush()
    return status


def _lint(setup: Setup) -> int:
    problems = problems_of(assemble(setup, compiled=compiled_folder()))
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


def _engine(options: argparse.Namespace, setup: Setup) -> Engine:
    engine = assemble(setup, compiled=compiled_folder())
    if not engine.local_tests_only:
        engine.resolver = make_resolver(engine.conf)
    for problem in problems_of(engine):
        logger.info("%s", problem)
    if options.prefspath:
        preferences = Path(options.prefspath)
        if preferences.is_file():
            engine = engine.for_user(preferences.read_bytes().decode("latin-1"), str(preferences))
    return engine


def _read(name: str) -> bytes | None:
    if name == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(name).read_bytes()
    except OSError as error:
        print(f"pyspamd check: {name}: {error.strerror}", file=sys.stderr)
        return None


async def _check(engine: Engine, raw: bytes) -> Verdict:
    return await engine.check(raw)


# JSON

_worker: dict[str, Any] = {}


def _print_json(options: argparse.Namespace, setup: Setup) -> int:
    names: Iterable[str] = options.files or (() if options.from_list else ["-"])
    if options.from_list:
        names = [*names, *_listed(options.from_list)]
    _worker.update(engine=_engine(options, setup), facts=options.facts)
    status = 0
    with asyncio.Runner() as runner:
        _worker["runner"] = runner
        for line in _verdicts(list(names), options.jobs):
            if line is None:
                status = 2
            else:
                print(line)
                if options.exit_code and json.loads(line)["is_spam"]:
                    status = EXIT_SPAM
    sys.stdout.flush()
    return status


def _listed(name: str) -> Iterator[str]:
    text = sys.stdin.read() if name == "-" else Path(name).read_text("utf-8", "surrogateescape")
    yield from filter(None, text.splitlines())


def _verdicts(names: list[str], jobs: int) -> Iterator[str | None]:
    if jobs <= 1 or len(names) < 2:
        yield from map(_verdict_line, names)
        return
    # The engine is compiled before the processes fork, so they share it.
    with multiprocessing.get_context("fork").Pool(jobs, _start_worker) as pool:
        yield from pool.imap(_verdict_line, names, chunksize=8)


def _start_worker() -> None:
    _worker["runner"] = asyncio.Runner()


def _verdict_line(name: str) -> str | None:
    raw = _read(name)
    if raw is None:
        return None
    verdict = _worker["runner"].run(_check(_worker["engine"], raw))
    return json.dumps(verdict_json(name, verdict, facts=_worker["facts"]))


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
