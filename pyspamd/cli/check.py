"""`pyspamd check`: judge messages as the `spamassassin` filter does, or print verdicts as JSON.

pyspamd check < message                 # the message with X-Spam headers added
pyspamd check -d < message              # the message with such headers taken away
pyspamd check --json --facts -L FILE…   # one JSON object a message
"""

import argparse
import asyncio
import logging
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from ..base.errors import PyspamdError
from ..engine.assemble import Setup, assemble, files_of, problems_of
from ..engine.engine import Engine
from ..engine.linting import lint
from ..engine.markup import without_markup
from ..engine.rewrite import report, rewritten
from .caches import compiled_folder
from .check_options import EXIT_SPAM, REFUSED, add_options
from .mailboxes import STDIN, Place, places
from .sources import no_rules, setup_of
from .verdict_lines import read, verdict_lines
from .version import print_files, print_version

EXIT_UNREADABLE = 2
EXIT_NONE_READ = 1
"""What `spamassassin` exits with where not one message could be read."""
TEST_MODE = "bayes_auto_learn 0"
"""What -t says before all files, as the original does: those that say otherwise are believed."""
logger = logging.getLogger(__name__)


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb and its options."""
    parser = subparsers.add_parser(
        "check",
        help="judge messages",
        description="Judge messages: a filter like `spamassassin`, which writes each message with its verdict "
        "in it, or with --json a list of verdicts for programs.",
        epilog="Exit status: 0; with -e 5 (or N) where a message is spam; 1 where no message could be read or "
        "--lint found problems; 2 where the configuration, or with --json any message, cannot be read.",
    )
    add_options(parser)


def run(options: argparse.Namespace) -> int:
    """Judge the messages; the exit status is as the help says."""
    logging.basicConfig(
        level=logging.DEBUG if options.debug else logging.WARNING, format="%(levelname)s: %(message)s"
    )
    setup = _setup(options)
    if options.version:
        print_version()
        if options.debug:
            print_files(setup)
        return 0
    if options.lint:
        return _lint(setup)
    for name, what in REFUSED.items():
        if getattr(options, name):
            raise PyspamdError(f"{what} is not there yet (--{name.replace('_', '-')})")
    status = _spam_status(options)
    found = list(_places(options))
    engine = _engine(setup)
    return (
        _print_json(options, engine, found, status)
        if options.json
        else _filter(options, engine, found, status)
    )


def _setup(options: argparse.Namespace) -> Setup:
    preferences = (
        Path(options.prefspath) if options.prefspath else Path.home() / ".spamassassin" / "user_prefs"
    )
    setup = replace(setup_of(options, lint=options.lint), preferences=preferences)
    if options.lint and not options.net:
        setup = replace(setup, local_tests_only=True)
    if options.test_mode:
        setup = replace(setup, pre=(TEST_MODE, *setup.pre))
    for file in files_of(setup):
        logger.debug("read %s", file)
    return setup


def _spam_status(options: argparse.Namespace) -> int:
    """What to exit with for spam, 0 where it makes no difference."""
    if options.exit_code is None:
        return 0
    try:
        return int(options.exit_code) or EXIT_SPAM
    except ValueError:  # `-e FILE`: the number may be left out
        options.files.insert(0, options.exit_code)
        return EXIT_SPAM


def _places(options: argparse.Namespace) -> Iterator[Place | None]:
    """Where the messages stand; `None` for a name that stands for nothing readable."""
    names: list[str] = options.files or ([] if options.from_list else [STDIN])
    if options.from_list:
        names = [*names, *_listed(options.from_list)]
    taken = options.from_list == STDIN
    for name in names:
        if name == STDIN:
            if taken:
                print("pyspamd check: standard input is read only once", file=sys.stderr)
                continue
            taken = True
        try:
            yield from places(name, options.form)
        except OSError as error:
            print(f"pyspamd check: {name}: {error.strerror}", file=sys.stderr)
            yield None


def _listed(name: str) -> Iterator[str]:
    try:
        text = sys.stdin.buffer.read() if name == STDIN else Path(name).read_bytes()
    except OSError as error:
        raise PyspamdError(f"the list {name} cannot be read: {error.strerror}") from error
    yield from filter(None, text.decode("utf-8", "surrogateescape").splitlines())


def _lint(setup: Setup) -> int:
    """Tell what is wrong; what is only a warning is no failure, as with `spamassassin --lint`."""
    engine = assemble(setup, compiled=compiled_folder())
    problems = lint(engine)
    for problem in problems:
        print(problem, file=sys.stderr)
    _need_rules(engine, setup)
    return 1 if any(problem.severity == "error" for problem in problems) else 0


def _need_rules(engine: Engine, setup: Setup) -> None:
    if not engine.active:
        raise PyspamdError(no_rules(setup))


def _engine(setup: Setup) -> Engine:
    engine = assemble(setup, compiled=compiled_folder())
    if not engine.local_tests_only:
        # What asks the DNS takes time to import that many a check has no use for.
        from ..engine.resolving import make_resolver

        engine.resolver = make_resolver(engine.conf)
    for problem in problems_of(engine):
        logger.info("%s", problem)
    _need_rules(engine, setup)
    return engine


def _filter(options: argparse.Namespace, engine: Engine, found: list[Place | None], spam_status: int) -> int:
    """Write each message with its verdict in it."""
    status = judged = 0
    with asyncio.Runner() as runner:
        for place in found:
            raw = read(place) if place else None
            if raw is None:
                continue
            judged += 1
            if options.remove_markup:
                raw = without_markup(engine.read(raw), engine.conf)
                if not options.test_mode:
                    sys.stdout.buffer.write(raw)
                    continue
            verdict = runner.run(engine.check(raw))
            sys.stdout.buffer.write(rewritten(verdict))
            if options.test_mode:
                sys.stdout.buffer.write(report(verdict))
            if verdict.is_spam:
                status = spam_status
    sys.stdout.flush()
    return status if judged else EXIT_NONE_READ


def _print_json(
    options: argparse.Namespace, engine: Engine, found: list[Place | None], spam_status: int
) -> int:
    readable = [place for place in found if place]
    spam, unread = False, len(readable) < len(found)
    for line in verdict_lines(engine, readable, facts=options.facts, jobs=options.jobs):
        if line is None:
            unread = True
            continue
        print(line[0])
        spam = spam or line[1]
    sys.stdout.flush()
    return EXIT_UNREADABLE if unread else spam_status if spam else 0
