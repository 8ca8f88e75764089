"""Every type of directive: what it takes, what it refuses, and that a user's changes stay the user's."""

from collections.abc import Callable
from typing import Any

import pytest

from pyspamd.base.errors import PyspamdError
from pyspamd.conf.addresses import AddressList, AddressPairs, RemovePair
from pyspamd.conf.conf import Conf
from pyspamd.conf.core import CORE
from pyspamd.conf.directives import (
    Action,
    BadValue,
    Bool,
    Build,
    Clear,
    Custom,
    Directive,
    Duration,
    Float,
    Int,
    NoArgs,
    Str,
    Template,
)
from pyspamd.conf.lists import KeyValue, RemoveWords, Words, WordSet
from pyspamd.conf.loader import load
from pyspamd.conf.networks import Networks
from pyspamd.conf.plugin_catalog import StaticCatalog, StaticSpec
from pyspamd.conf.rule_directives import RuleDirective, rule_and_rest
from pyspamd.conf.rules import PluginTest
from pyspamd.conf.sources import Source

Reader = Callable[..., Conf]


def with_directives(text: str, *directives: Directive[Any]) -> Conf:
    """The configuration after `text` with a plugin that adds `directives`."""
    catalog = StaticCatalog([StaticSpec("Mine", directives)])
    source = Source("mine.cf", f"loadplugin Mail::SpamAssassin::Plugin::Mine\n{text}")
    return load([source], catalog, language="en_US")


def faults(conf: Conf) -> list[str]:
    return [problem.text for problem in conf.problems]


@pytest.mark.parametrize(
    ("directive", "lines", "value"),
    [
        (Bool("x"), [], False),
        (Bool("x", default=True), ["NO"], False),
        (Bool("x"), ["1"], True),
        (Int("x", default=3), [], 3),
        (Int("x", default=3), ["+7."], 7),
        (Int("x", default=3), ["2.9"], 2),
        (Float("x", default=0.5), ["-1.25"], -1.25),
        (Float("x", default=None), [], None),
        (Duration("x", default=5.0), ["1.5 M"], 90.0),
        (Duration("x", default=5.0), ["2w"], 1209600.0),
        (Str("x", default=None), [], None),
        (Str("x", default=""), ["some  text"], "some  text"),
        (Str("x", default="a", choices=("a", "b")), ["B"], "b"),
        (Str("x", default="", allow_empty=True), ["a", ""], ""),
        (Template("x"), ["a", '" b "', "", '"'], 'a\n b \n\n"\n'),
        (Words("x"), ["a b", "a"], ("a", "b", "a")),
        (Words("x", unique=True), ["a b", "A c"], ("a", "b", "c")),
        (Words("x", ("d",), lower_case=True), ["E"], ("d", "e")),
        (WordSet("x", lower_case=True), ["A b", "B"], frozenset("ab")),
        (KeyValue("x"), ["k some text", "l t", "k more"], {"k": "more", "l": "t"}),
        (KeyValue("x", lower_key=True), ["K T"], {"k": "T"}),
        (Custom("x", (), lambda seen, text, _: (*seen, text)), ["a b", ""], ("a b", "")),
    ],
)
def test_values(directive: Directive[Any], lines: list[str], value: object) -> None:
    conf = with_directives("\n".join(f"x {line}" for line in lines), directive)
    assert faults(conf) == []
    assert directive.of(conf) == value
    assert directive.freeze(directive.thaw(directive.of(conf))) == value


@pytest.mark.parametrize(
    ("directive", "line"),
    [
        (Bool("x"), ""),
        (Bool("x"), "2"),
        (Int("x", default=0), "1e3"),
        (Int("x", default=0), "ten"),
        (Int("x", default=0, low=1, high=9), "10"),
        (Float("x", default=0.0, low=0), "-0.1"),
        (Float("x", default=0.0), "1,5"),
        (Duration("x", default=0.0), "-1"),
        (Duration("x", default=0.0), "1y"),
        (Str("x", default=""), ""),
        (Str("x", default="a", choices=("a",)), "b"),
        (Str("x", default="", pattern="[a-z]+"), "a1"),
        (Words("x"), ""),
        (Words("x", pattern="[a-z]+"), "a 1"),
        (KeyValue("x"), "k"),
        (AddressList("x"), ""),
        (AddressPairs("x"), "a@example.com"),
        (AddressPairs("x", optional=True), "a b c"),
        (Networks("x"), ""),
        (Networks("x"), "10.0.0.0/99"),
        (NoArgs("x", lambda _: None), "y"),
    ],
)
def test_refused(directive: Directive[Any], line: str) -> None:
    conf = with_directives(f"x {line}", directive)
    (problem,) = conf.problems
    assert problem.location is not None
    assert (problem.location.file, problem.location.line, problem.severity) == ("mine.cf", 2, "error")
    assert problem.text.startswith("x ")
    if directive.stores and not isinstance(directive, Networks):
        assert directive.of(conf) == directive.default


def test_addresses_and_their_removal() -> None:
    friends, relayed = AddressList("friends", aliases=("pals",)), AddressPairs("relayed", optional=True)
    conf = with_directives(
        """
        friends A@Example.com *@example.net
        pals b@example.com
        unfriend a@EXAMPLE.com nobody@example.com
        relayed c@example.com One.example
        relayed c@example.com two.example
        relayed d@example.com
        unrelay C@example.com one.EXAMPLE
        unrelay d@example.com
        """,
        friends,
        relayed,
        RemoveWords("unfriend", friends, lower_case=True),
        RemovePair("unrelay", relayed),
    )
    assert faults(conf) == []
    assert set(friends.of(conf)) == {"*@example.net", "b@example.com"}
    assert friends.of(conf).matches(b"X@example.net")
    assert dict(relayed.of(conf).entries) == {"c@example.com": ("two.example",)}


def test_networks() -> None:
    ours = Networks("ours")
    conf = with_directives("ours 10.0.0.0/8 nonsense\nours !192.0.2.1 10.1.1.1\n", ours)
    assert ours.of(conf).configured
    assert ours.of(conf).set.contains("10.2.3.4")
    assert not ours.of(conf).set.contains("192.0.2.1")
    assert [problem.severity for problem in conf.problems] == ["error", "warning"]


def test_clear_and_action() -> None:
    words, seen = Words("words", ("first",)), Words("seen")

    def see(text: str, build: Build) -> None:
        if text == "bad":
            raise BadValue("cannot be bad")
        build.container(seen).append(text)

    conf = with_directives(
        "words second\nclear_words\nwords third\nsee one\nsee bad\nempty_words\n",
        words,
        seen,
        Clear("clear_words", words),
        Clear("empty_words", words, to=("nothing",)),
        Action("see", see),
    )
    assert words.of(conf) == ("nothing",)
    assert seen.of(conf) == ("one",)
    assert faults(conf) == ["see cannot be bad."]


def test_a_plugins_own_kind_of_rule() -> None:
    def parse(text: str, build: Build) -> tuple[str, object]:
        name, rest = rule_and_rest(text)
        return name, tuple(rest.split())

    conf = with_directives("shout LOUD one two\nshout NOTHING\nshout 1BAD x\n", RuleDirective("shout", parse))
    rule = conf.rules["LOUD"]
    assert rule.test == PluginTest("shout", ("one", "two"))
    assert (rule.area, rule.location.file, rule.location.line) == ("plugin", "mine.cf", 2)
    assert conf.scores["LOUD"] == (1.0, 1.0, 1.0, 1.0)
    assert list(conf.rules) == ["LOUD"]
    assert [problem.rule for problem in conf.problems] == [None, "1BAD"]


def test_a_directive_that_no_plugin_has_loaded_has_its_default(read: Reader) -> None:
    assert Int("never_heard_of", default=7).of(read("")) == 7


def test_a_later_plugin_takes_a_directive_over() -> None:
    first, second = Int("shared", default=1), Str("shared", default="two")
    catalog = StaticCatalog([StaticSpec("First", [first]), StaticSpec("Second", [second])])
    prefix = "Mail::SpamAssassin::Plugin::"
    text = f"loadplugin {prefix}First\nshared 5\nloadplugin {prefix}Second\n"
    conf = load([Source("x.cf", text)], catalog)
    assert second.of(conf) == "two"
    assert conf.plugins == ("First", "Second")


@pytest.mark.parametrize("directive", CORE, ids=lambda directive: directive.name)
def test_core_defaults_survive_thawing(directive: Directive[Any], read: Reader) -> None:
    if directive.stores:
        before = directive.of(read(""))
        assert before == directive.default
        assert directive.freeze(directive.start()) == before


@pytest.mark.parametrize("value", ["", "x", "1", "-1", "a b c d", "(x) y", "\xe9", '"', "/x/", "::1"])
def test_no_core_directive_fails_on_odd_text(value: str, read: Reader) -> None:
    conf = read("\n".join(f"{directive.name} {value}" for directive in CORE))
    assert all(problem.text and problem.location for problem in conf.problems)
    user = conf.with_user("\n".join(f"{directive.name} {value}" for directive in CORE))
    assert all(isinstance(problem.text, str) for problem in user.problems)


def test_bad_value_is_one_of_ours() -> None:
    assert issubclass(BadValue, PyspamdError)
