"""Directives that define rules: the core's own kinds, and the kinds a plugin adds to the language.

A plugin's kind of rule, complete::

    def parse_shout(text: str, build: Build) -> tuple[str, object]:
        name, words = rule_and_rest(text)
        return name, tuple(words.split())

    SHOUT = RuleDirective("shout", parse_shout)     # `shout NAME word word…`

defines rules whose `test` is `PluginTest("shout", (…words…))`.
"""

import re
from collections.abc import Callable
from typing import Any, Final

from ..perlre.delimited import split_regex
from ..perlre.regex import RegexError
from .ascii import SPACE
from .directives import BadValue, Build, Directive, required, shorten
from .rules import EmptyTest, EvalCall, HeaderExists, HeaderTest, MetaTest, PluginTest, RegexTest, Test

_HEADER: Final = re.compile(
    r"([A-Za-z0-9_.-]+(?::|(?::[a-z]+){1,2})?)[ \t\n\r\f\v]*([=!]~)[ \t\n\r\f\v]*([^\n]+)"
)
_MODIFIER: Final = re.compile(
    r":(?!(?:raw|addr|name|host|domain|ip|revip|first|last)\b)", re.IGNORECASE | re.ASCII
)
_EXISTS: Final = re.compile(r"exists:([^\n]*)")
_HEADER_NAME: Final = re.compile(r"[A-Za-z0-9_.-]+:?")
_IF_UNSET: Final = re.compile(r"[ \t\n\r\f\v]+\[if-unset:[ \t\n\r\f\v]+([^\n]+)\]\Z")
_EVAL: Final = re.compile(r"eval:([^\n]*)")
_HEADER_EVAL: Final = re.compile(r"(?:rbl)?eval:([^\n]*)")
_CALL: Final = re.compile(r"[A-Za-z0-9_]+\([^\n]*\)")
_CAPTURE: Final = re.compile(r"\(\?P?[<'][A-Z]")
_RULE_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
CAPTURE_PRIORITY: Final = -10000


def rule_and_rest(text: str) -> tuple[str, str]:
    """A rule's name and its definition. Raises BadValue where either is missing."""
    name, space, rest = required(text).partition(" ")
    if not space or any(mark in name for mark in SPACE):
        found = re.match(r"([^ \t\n\r\f\v]+)[ \t\n\r\f\v]+", text)
        if found is None:
            raise BadValue(f"needs a definition after the name '{shorten(text)}'")
        name, rest = found[1], text[found.end() :]
    return name, rest.lstrip(SPACE)


def put_captures_first(name: str, pattern: str, build: Build) -> None:
    """A rule whose regex captures tags runs before all others unless a later `priority` line says else."""
    if _CAPTURE.search(pattern) and _RULE_NAME.fullmatch(name):
        build.priorities[name] = CAPTURE_PRIORITY


def delimited(name: str, text: str, build: Build) -> RegexTest:
    """A regex with its delimiters, `/text/flags` or `m{text}flags`, checked. Raises BadValue."""
    put_captures_first(name, text, build)
    pattern, flags = split_pattern(text)
    build.check_regex(name, pattern, flags)
    return RegexTest(pattern, flags)


def split_pattern(text: str) -> tuple[str, str]:
    """Pattern and flags of a regex that must have delimiters. Raises BadValue."""
    try:
        return split_regex(text, bare=False)
    except RegexError as error:
        raise BadValue(f"has an unusable regex '{shorten(text)}': {error}") from error


def header_test(name: str, text: str, build: Build) -> HeaderTest | HeaderExists:
    """The definition of a `header` rule that is not an eval. Raises BadValue."""
    if exists := _EXISTS.match(text):
        if not _HEADER_NAME.fullmatch(exists[1]):
            raise BadValue(f"asks for a header that cannot be one: '{shorten(exists[1])}'")
        return HeaderExists(exists[1].removesuffix(":"))
    found = _HEADER.fullmatch(text)
    if found is None:
        raise BadValue(f"needs a header, =~ or !~, and a regex, not '{shorten(text)}'")
    header, operator, pattern_text = found[1].removesuffix(":"), found[2], found[3]
    if _MODIFIER.search(header):
        raise BadValue(f"has an unknown modifier in '{header}'")
    if_unset = None
    if unset := _IF_UNSET.search(pattern_text):
        if_unset, pattern_text = unset[1], pattern_text[: unset.start()]
    regex = delimited(name, pattern_text, build)
    return HeaderTest(header, regex.pattern, regex.flags, operator == "!~", if_unset)


def eval_call(text: str, name: str, build: Build) -> EvalCall | EmptyTest:
    """An eval test's call; one whose arguments do not parse leaves a rule that never hits.

    Raises BadValue where it is not a call at all.
    """
    if not _CALL.fullmatch(text):
        raise BadValue(f"needs a function and its arguments after eval:, not '{shorten(text)}'")
    call = build.eval_call(text)
    if call is None:
        build.refuse(f"The arguments of eval:{shorten(text)} do not parse, so the rule never hits.", name)
        return EmptyTest()
    return call


class RuleDefinition(Directive[None]):
    """The core's rule kinds `header`, `body`, `rawbody`, `full`, `uri` and `meta`."""

    stores = False

    def __init__(self, name: str, parse: Callable[[str, str, Build], Test]) -> None:
        """`parse(rule name, definition, build)` gives the test."""
        super().__init__(name, None, privileged=True)
        self._parse = parse

    def add(self, container: Any, text: str, build: Build) -> None:
        name, definition = rule_and_rest(text)
        if not definition:
            raise BadValue(f"needs a definition after the name '{shorten(name)}'")
        try:
            test = self._parse(name, definition, build)
        except BadValue as error:
            build.refuse(f"{self.name} {error}.", name)
            return
        build.define(name, self.name, test)


def parse_header(name: str, text: str, build: Build) -> Test:
    """`header`: an eval, `exists:` or a pattern."""
    call = _HEADER_EVAL.match(text)
    return eval_call(call[1], name, build) if call else header_test(name, text, build)


def parse_text(name: str, text: str, build: Build) -> Test:
    """`body`, `rawbody`, `full`: an eval or a pattern."""
    call = _EVAL.match(text)
    return eval_call(call[1], name, build) if call else delimited(name, text, build)


def parse_uri(name: str, text: str, build: Build) -> Test:
    """`uri`: a pattern."""
    return delimited(name, text, build)


def parse_meta(name: str, text: str, build: Build) -> Test:
    """`meta`: an expression, kept as written."""
    if re.search(r"\*[ \t\n\r\f\v]*\*", text):
        raise BadValue("has the operator '**', which metas do not know")
    build.check_meta(name, text)
    return MetaTest(text)


class RuleDirective(Directive[None]):
    """A kind of rule that a plugin adds to the language and runs itself.

    `parse(text, build)` takes what follows the directive and gives the rule's name and the plugin's record
    of it (hashable, frozen), or raises BadValue. The rule's area is `area`.
    """

    stores = False

    def __init__(
        self,
        name: str,
        parse: Callable[[str, Build], tuple[str, object]],
        *,
        area: str = "plugin",
        aliases: tuple[str, ...] = (),
    ) -> None:
        super().__init__(name, None, aliases=aliases, privileged=True)
        self._parse, self.area = parse, area

    def add(self, container: Any, text: str, build: Build) -> None:
        name, argument = self._parse(text, build)
        build.define(name, self.area, PluginTest(self.name, argument))
