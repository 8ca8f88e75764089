"""What `lint` says beyond the faults of single lines: rules that do not exist, unwieldy descriptions.

Example::

    for problem in (*conf.problems, *check_references(conf)):
        print(problem)
"""

from collections.abc import Collection, Iterator
from typing import Final

from ..base.problems import Problem
from .conf import Conf
from .core_rules import LONG_DESCRIPTION
from .rules import EmptyTest, EvalCall

_GENERATED: Final = ("__", "T_")


def check_references(conf: Conf) -> list[Problem]:
    """Warnings about lines that speak of rules which are not defined, each at its line.

    SpamAssassin only notes these when debugging: stock rules score rules of plugins that are not loaded.
    """
    return [
        Problem(
            mention.location,
            mention.rule,
            f"{mention.directive} is for a rule that is not defined.",
            "warning",
        )
        for mention in conf.mentions
        if mention.rule not in conf.rules
    ]


def check_descriptions(conf: Conf) -> list[Problem]:
    """Warnings about descriptions too long for a report, and rules that score without one."""
    return [*_too_long(conf), *_undescribed(conf)]


def _too_long(conf: Conf) -> Iterator[Problem]:
    for rule, place in {rule: place for word, rule, place in conf.mentions if word == "describe"}.items():
        length = _characters(conf.descriptions.get(rule, ""))
        if length > LONG_DESCRIPTION:
            text = f"The description has {length} characters; up to {LONG_DESCRIPTION} fit a report."
            yield Problem(place, rule, text, "warning")


def _characters(text: str) -> int:
    """How many characters a report shows for configuration text, which may be UTF-8."""
    try:
        return len(text.encode("latin-1").decode("utf-8"))
    except UnicodeError:
        return len(text)


def _undescribed(conf: Conf) -> Iterator[Problem]:
    for name, rule in conf.rules.items():
        if name not in conf.descriptions and not name.startswith(_GENERATED):
            yield Problem(rule.location, name, "The rule has no description.", "warning")


def check_evals(conf: Conf, known: Collection[str] | None = None) -> list[Problem]:
    """Errors for rules whose eval test no loaded plugin has; `known` adds names the engine answers."""
    names = {name for spec in conf.specs for name in spec.evals}.union(known or ())
    return [
        Problem(rule.location, rule.name, f"No loaded plugin has the eval test {rule.test.function}().")
        for rule in conf.rules.values()
        if isinstance(rule.test, EvalCall) and rule.test.function not in names
    ]


def check_disabled(conf: Conf) -> list[Problem]:
    """Warnings about rules that are only declared, so that their scores never count."""
    return [
        Problem(rule.location, rule.name, "The rule is declared but never defined.", "warning")
        for rule in conf.rules.values()
        if isinstance(rule.test, EmptyTest)
    ]
