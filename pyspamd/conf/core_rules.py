"""Core directives about rules: defining, scoring, describing and flagging them.

Source: Mail::SpamAssassin::Conf, "SCORING OPTIONS", "RULE DEFINITIONS AND PRIVILEGED SETTINGS".
"""

import re
from typing import Any, Final

from .ascii import head, words
from .directives import Action, BadValue, Bool, Build, Custom, Directive, required, shorten
from .lists import KeyValue
from .rule_directives import (
    RuleDefinition,
    delimited,
    parse_header,
    parse_meta,
    parse_text,
    parse_uri,
)
from .rules import EmptyTest, RegexTest

_SCORE: Final = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
_RELATIVE: Final = re.compile(r"\((-?[0-9]+(?:\.[0-9]+)?)\)")
_PRIORITY: Final = re.compile(r"-?[0-9]+")
_RULE_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
_REUSE: Final = re.compile(
    r"[ \t\n\r\f\v]*([A-Za-z0-9_]+)(?:[ \t\n\r\f\v]+(?:[A-Za-z0-9_]+(?:[ \t\n\r\f\v]+[A-Za-z0-9_]+)*))?"
    r"[ \t\n\r\f\v]*\Z"
)
_FLAG: Final = re.compile(r"[A-Za-z0-9_]+(?:=[^ \t\n\r\f\v,;]*)?")


def _score(text: str, build: Build) -> None:
    """`score NAME n [n n n]`; in brackets the numbers are added to what the rule had."""
    rule, *numbers = words(text) or [""]
    if len(numbers) not in (1, 4):
        raise BadValue("needs a rule's name and 1 or 4 numbers")
    relative = False
    values: list[float] = []
    for number in numbers:
        if added := _RELATIVE.fullmatch(number):
            relative, number = True, added[1]
        if not _SCORE.fullmatch(number):
            raise BadValue(f"takes numbers, and '{shorten(number)}' is none")
        values.append(float(number))
    if len(values) == 1:
        values *= 4
    if relative:
        if rule not in build.scores:
            raise BadValue(f"is relative, but {shorten(rule)} has no score to add to yet")
        values = [old + new for old, new in zip(build.scores[rule], values, strict=True)]
    build.mention("score", rule)
    build.scores[rule] = (values[0], values[1], values[2], values[3])


def _rule_text(text: str) -> tuple[str, str]:
    rule, rest = head(required(text))
    if not rest:
        raise BadValue(f"needs something after the name '{shorten(rule)}'")
    return rule, rest


def _describe(text: str, build: Build) -> None:
    rule, description = _rule_text(text)
    build.mention("describe", rule)
    build.descriptions[rule] = description


def flag_words(text: str) -> tuple[str, ...]:
    """The words of a `tflags` line, as the rest of the program looks for them."""
    return tuple(_FLAG.findall(text))


def _tflags(text: str, build: Build) -> None:
    """A later line replaces an earlier one; flags never add up."""
    rule, flags = _rule_text(text)
    build.mention("tflags", rule)
    build.tflags[rule] = flag_words(flags)


def _priority(text: str, build: Build) -> None:
    rule, priority = _rule_text(text)
    if not _RULE_NAME.fullmatch(rule):
        raise BadValue(f"needs a rule's name, and '{shorten(rule)}' cannot be one")
    if not _PRIORITY.fullmatch(priority):
        raise BadValue(f"takes a whole number, not '{shorten(priority)}'")
    build.mention("priority", rule)
    build.priorities[rule] = int(priority) if len(priority) < 12 else 0


def _reuse(text: str, build: Build) -> None:
    found = _REUSE.search(text)
    if found is None:
        raise BadValue(f"takes rule names, not '{shorten(text)}'")
    if not build.has_rule(found[1]):
        build.define(found[1], "empty", EmptyTest())


def _test(tests: list[tuple[str, str, str]], text: str, build: Build) -> list[tuple[str, str, str]]:
    found = re.fullmatch(r"([^ \t\n\r\f\v]+)[ \t\n\r\f\v]+(ok|fail)[ \t\n\r\f\v]+([^\n]*)", text)
    if found:
        tests.append((found[1], found[2], found[3]))
    return tests


def _redirector(patterns: list[RegexTest], text: str, build: Build) -> list[RegexTest]:
    patterns.append(delimited("", required(text), build))
    return patterns


def _allow_user_rules(value: bool, text: str, build: Build) -> bool:
    if required(text) not in ("0", "1"):
        raise BadValue(f"takes 0 or 1, not '{shorten(text)}'")
    return text == "1"


SUBJECT_PREFIX: Final = KeyValue("subjprefix")
"""What is put before the subject where a rule hits, by rule."""

REGRESSION_TESTS: Final = Custom[tuple[tuple[str, str, str], ...]](
    "test", (), _test, thaw=list, freeze=tuple, admin_only=True
)
"""`test RULE ok|fail text` lines: what a rule's author expects of it."""

REDIRECTOR_PATTERNS: Final = Custom[tuple[RegexTest, ...]](
    "redirector_pattern", (), _redirector, thaw=list, freeze=tuple, privileged=True
)
"""Patterns whose first group is the target of a redirecting URI."""

ALLOW_USER_RULES: Final = Custom[bool]("allow_user_rules", False, _allow_user_rules, privileged=True)
IGNORE_ALWAYS_MATCHING: Final = Bool("ignore_always_matching_regexps", default=False, admin_only=True)

RULE_DIRECTIVES: Final[tuple[Directive[Any], ...]] = (
    RuleDefinition("header", parse_header),
    RuleDefinition("body", parse_text),
    RuleDefinition("rawbody", parse_text),
    RuleDefinition("full", parse_text),
    RuleDefinition("uri", parse_uri),
    RuleDefinition("meta", parse_meta),
    Action("score", _score),
    Action("describe", _describe),
    Action("tflags", _tflags, privileged=True),
    Action("priority", _priority, privileged=True),
    Action("reuse", _reuse, privileged=True),
    SUBJECT_PREFIX,
    REGRESSION_TESTS,
    REDIRECTOR_PATTERNS,
    ALLOW_USER_RULES,
    IGNORE_ALWAYS_MATCHING,
)
