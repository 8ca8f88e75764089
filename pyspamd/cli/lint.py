"""`pyspamd lint PATH…`: everything that is wrong with rules, in one run, with file, line and rule.

pyspamd lint rules/
pyspamd lint --format json /etc/pyspamd
"""

import argparse
import json
import sys
from pathlib import Path

from ..base.problems import Problem
from ..conf.sources import files_in
from ..engine.assemble import Setup, assemble, files_of
from ..engine.linting import lint
from .caches import compiled_folder
from .sources import add_source_options, setup_of

EXIT_CLEAN, EXIT_PROBLEMS, EXIT_UNREADABLE = 0, 1, 2


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb and its options."""
    parser = subparsers.add_parser(
        "lint",
        help="tell what is wrong with rule files",
        description="Read rule files and tell everything that is wrong with them, with file, line and rule.",
        epilog="Exit status: 0 nothing wrong, 1 problems found, 2 something cannot be read.",
    )
    parser.add_argument(
        "paths",
        nargs="*",
        metavar="PATH",
        help="folders (their *.pre, then their *.cf) or files; without any, what `serve` would read",
    )
    parser.add_argument("--format", choices=("text", "json"), default="text", help="how problems are printed")
    add_source_options(parser)


def _files(paths: list[str]) -> list[Path] | None:
    """The files of the given places, or `None` (and a sentence on stderr) where one cannot be read."""
    found: list[tuple[int, Path]] = []
    for name in paths:
        path = Path(name)
        if not path.exists():
            print(f"pyspamd lint: {name} does not exist", file=sys.stderr)
            return None
        if path.is_dir():
            found += [(0, file) for file in files_in(path, "pre")]
            found += [(1, file) for file in files_in(path, "cf")]
        else:
            found.append((0 if path.suffix == ".pre" else 1, path))
    return [path for _, path in sorted(found, key=lambda entry: entry[0])]


def run(options: argparse.Namespace) -> int:
    """Lint and print; the exit status is as the help says."""
    setup = setup_of(options, lint=True)
    if options.paths:
        files = _files(options.paths)
        if files is None:
            return EXIT_UNREADABLE
        setup = Setup(
            cf=setup.cf, pre=setup.pre, local_tests_only=setup.local_tests_only, lint=True, files=tuple(files)
        )
    files = files_of(setup)
    if not files:
        print("pyspamd lint: there are no rule files to read", file=sys.stderr)
        return EXIT_UNREADABLE
    engine = assemble(setup, compiled=compiled_folder())
    problems = lint(engine)
    _print(problems, len(files), len(engine.rules), options.format)
    unreadable = any("cannot be read" in problem.text for problem in problems)
    return EXIT_UNREADABLE if unreadable else EXIT_PROBLEMS if problems else EXIT_CLEAN


def _print(problems: list[Problem], files: int, rules: int, form: str) -> None:
    if form == "json":
        for problem in problems:
            print(json.dumps(problem.as_json()))
        return
    for problem in problems:
        print(problem)
    print(f"{len(problems)} problems in {files} files with {rules} rules", file=sys.stderr)
