"""What `lint` tells beyond what reading and compiling found: rules that other lines speak of but nobody defines.

A rule that stands in a block for a plugin which is not loaded counts as defined: a meta may well be written for
both cases. A score for a rule that is nowhere is usual in score files, so it is told only where it looks like a
slip of the pen.
"""

import re
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path

from ..base.problems import Problem
from ..conf.sources import UnreadableFileError, read_source
from ..ruleset.compiled_store import CompiledStore
from ..ruleset.meta_expression import MetaExpression
from ..ruleset.metas import missing_dependencies
from ..ruleset.program import compile_metas
from .assemble import problems_of
from .engine import Engine

_DEFINITION = re.compile(
    r"^[ \t]*(?:lang[ \t]+\S+[ \t]+)?[a-z_]+[ \t]+([A-Za-z_][A-Za-z0-9_]*)", re.MULTILINE
)
LIKENESS = 0.88
"""How alike two names must be for one to be taken for the other misspelt."""


def lint(engine: Engine) -> list[Problem]:
    """Everything that is wrong with the configuration of an engine, each problem once, in reading order."""
    problems: list[Problem] = problems_of(engine)
    written = _names_written(engine.conf.files) | engine.conf.rules.keys()
    problems += _missing_in_metas(engine, written)
    problems += _misspelt(engine, written)
    order = {name: number for number, name in enumerate(engine.conf.files)}
    return sorted(
        dict.fromkeys(problems),
        key=lambda problem: (
            (order.get(problem.location.file, len(order)), problem.location.line)
            if problem.location
            else (len(order), 0)
        ),
    )


def _names_written(files: Iterable[str]) -> set[str]:
    """Every name that stands where a rule's name does, in blocks that are skipped too."""
    names: set[str] = set()
    for name in files:
        try:
            source = read_source(Path(name))
        except UnreadableFileError:
            continue
        for found in _DEFINITION.finditer(source.text):
            if not found.group().lstrip().startswith("score"):
                names.add(found.group(1))
    return names


def _missing_in_metas(engine: Engine, written: set[str]) -> Iterable[Problem]:
    metas: dict[str, MetaExpression] = compile_metas(
        engine.rules, CompiledStore(), local_tests_only=engine.local_tests_only, problems=[]
    )
    for name, missing in missing_dependencies(metas, written.__contains__):
        text = f"The meta speaks of {missing}, which is no rule{_hint(missing, engine)}."
        yield Problem(engine.rules[name].location, name, text)
    for name in sorted(engine.program.metas.cyclic):
        text = "The meta needs itself, directly or through others: it is evaluated before these are known."
        yield Problem(engine.rules[name].location, name, text)


def _misspelt(engine: Engine, written: set[str]) -> Iterable[Problem]:
    for mention in engine.conf.mentions:
        if mention.rule in written:
            continue
        hint = _hint(mention.rule, engine)
        if hint:
            text = f"The {mention.directive} line is for a rule that nobody defines{hint}."
            yield Problem(mention.location, mention.rule, text, "warning")


def _hint(name: str, engine: Engine) -> str:
    bare = name.removeprefix("T_").lstrip("_")
    near = get_close_matches(name, engine.rules, 3, LIKENESS)
    likely = [
        other
        for other in near
        if other.startswith("__") == name.startswith("__") and other.removeprefix("T_").lstrip("_") != bare
    ]
    return f" (is {likely[0]} meant?)" if likely else ""
