"""Files read in order, faults at their place, users kept apart from each other and from the site."""

import doctest
import importlib
import pkgutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import pyspamd.conf
from pyspamd.conf.conf import Conf
from pyspamd.conf.core import CORE
from pyspamd.conf.core_network import TRUSTED_NETWORKS
from pyspamd.conf.core_report import ADDED_HEADERS, REPORT_TEMPLATE, REQUIRED_SCORE
from pyspamd.conf.dialect import Checks, environment_language
from pyspamd.conf.loader import load
from pyspamd.conf.plugin_catalog import PluginSpec, StaticCatalog
from pyspamd.conf.rules import EvalCall, HeaderExists, HeaderTest, MetaTest, RegexTest
from pyspamd.conf.sources import Source, as_latin1

Reader = Callable[..., Conf]


def places(conf: Conf) -> list[tuple[str, int, str | None]]:
    return [(p.location.file, p.location.line, p.rule) for p in conf.problems if p.location]


def test_a_rule_of_each_kind(read: Reader) -> None:
    conf = read(
        """
        body A m{x/y}i
        header B Subject:raw !~ /x/ [if-unset: none]
        header C exists:X-Mailer
        header D eval:check_it('a', 1)
        meta E A && B
        uri F /x/
        """
    )
    tests = {name: rule.test for name, rule in conf.rules.items()}
    assert conf.problems == ()
    assert tests == {
        "A": RegexTest("x/y", "i"),
        "B": HeaderTest("Subject:raw", "x", "", True, "none"),
        "C": HeaderExists("X-Mailer"),
        "D": EvalCall("check_it", ("a", "1")),
        "E": MetaTest("A && B"),
        "F": RegexTest("x"),
    }
    assert conf.rules["C"].location.line == 4
    assert conf.rules["F"].area == "uri"


def test_a_bad_line_loses_only_itself(read: Reader) -> None:
    conf = read("body A /x\nnosuch 1\nbody B /y/\nscore B many\nbody 2C /z/\nrequired_score 7\n")
    assert list(conf.rules) == ["B"]
    assert REQUIRED_SCORE.of(conf) == 7
    assert places(conf) == [
        ("test.cf", 1, "A"),
        ("test.cf", 2, None),
        ("test.cf", 4, None),
        ("test.cf", 5, "2C"),
    ]


def test_a_bad_redefinition_leaves_the_good_rule(read: Reader) -> None:
    def no_b(pattern: str, flags: str) -> str | None:
        return "it has a b" if "b" in pattern else None

    def no_or(name: str, expression: str) -> str | None:
        return "it has an or" if "||" in expression else None

    text = "body A /a/\nbody A /b/\nmeta M A\nmeta M A || A\nbody T /b%{TAG}/\n"
    conf = read(text, checks=Checks(no_b, no_or))
    assert conf.rules["A"].test == RegexTest("a")
    assert conf.rules["M"].test == MetaTest("A")
    assert "T" in conf.rules
    assert places(conf) == [("test.cf", 2, "A"), ("test.cf", 4, "M")]


def test_scores(read: Reader) -> None:
    conf = read(
        """
        body A /a/
        body T_B /b/
        body NICE /n/
        tflags NICE nice
        score A 1 2 3 4
        score A (0.5)
        score A (1) 2 3 4
        """
    )
    assert conf.scores["A"] == (2.5, 4.5, 6.5, 8.5)
    assert conf.score_of("T_B", 0) == 0.01
    assert conf.score_of("NICE", 3) == -1
    assert conf.score_of("UNKNOWN", 0) == 0


def test_tflags_replace_and_captures_run_first(read: Reader) -> None:
    conf = read(
        "body A /(?<TAG>x)/\ntflags A net nice\ntflags A multiple maxhits=3\nbody B /(?<T>x)/\npriority B 5\n"
    )
    assert conf.tflags["A"] == ("multiple", "maxhits=3")
    assert conf.has_flag("A", "multiple")
    assert not conf.has_flag("A", "net")
    assert conf.priorities == {"A": -10000, "B": 5}


def test_includes(tmp_path: Path, catalog: StaticCatalog) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "main.cf").write_text(
        "body A /a/\ninclude sub/one.cf\nnosuch\ninclude sub/one.cf\ninclude sub\n"
    )
    (tmp_path / "sub" / "one.cf").write_text("body ONE /1/\ninclude two.cf\nnosuch\n")
    (tmp_path / "sub" / "two.cf").write_text("body TWO /2/\n")
    (tmp_path / "sub" / "three.cf").write_text("body THREE /3/")
    conf = load([tmp_path / "main.cf"], catalog)
    assert list(conf.rules) == ["A", "ONE", "TWO", "THREE"]
    main, one = str(tmp_path / "main.cf"), str(tmp_path / "sub" / "one.cf")
    assert places(conf) == [(one, 3, None), (main, 3, None)]
    assert [Path(file).name for file in conf.files] == ["main.cf", "one.cf", "two.cf", "three.cf"]


@pytest.mark.parametrize("name", ["missing.cf", "~nosuchuser/x.cf", "a\0b", "x" * 5000])
def test_an_include_that_cannot_be_read(name: str, read: Reader) -> None:
    conf = read(f"include {name}\nbody A /a/\n")
    assert len(conf.problems) == 1
    assert "A" in conf.rules


def test_a_file_that_cannot_be_read(tmp_path: Path, catalog: StaticCatalog) -> None:
    conf = load([tmp_path / "none.cf", Source("x", "body A /a/")], catalog)
    assert places(conf) == [(str(tmp_path / "none.cf"), 1, None)]
    assert "A" in conf.rules


def test_lines_of_the_command_come_first_and_last(catalog: StaticCatalog) -> None:
    conf = load(
        [Source("x.cf", "required_score 5\nbody A /a/\n")],
        catalog,
        ["required_score 6\nscore A 3", b"describe A caf\xc3\xa9"],
        pre_lines=["required_score 4"],
    )
    assert REQUIRED_SCORE.of(conf) == 6
    assert conf.score_of("A", 0) == 3
    assert conf.descriptions["A"] == "caf\xc3\xa9"
    assert conf.files == ("(command line)", "x.cf", "(command line)")


def test_unclosed_conditionals_end_with_their_file(catalog: StaticCatalog) -> None:
    conf = load([Source("a.cf", "if 1\nif 0\nbody A /a/\n"), Source("b.cf", "body B /b/\n")], catalog)
    assert list(conf.rules) == ["B"]
    assert places(conf) == [("a.cf", 1, None), ("a.cf", 2, None)]


def test_files_joined_as_spamassassin_joins_them(read: Reader) -> None:
    conf = read("file start one.cf\nbody A /a/\nnosuch\nif 0\nfile end one.cf\nnosuch\nfile other\n")
    assert places(conf) == [
        ("one.cf", 2, None),
        ("one.cf", 3, None),
        ("test.cf", 6, None),
        ("test.cf", 7, None),
    ]


def test_a_byte_order_mark_and_carriage_returns(read: Reader) -> None:
    conf = read("\xef\xbb\xbfbody A /a/\r\nreport x\r\nscore A 2\r\n")
    assert conf.rules["A"].test == RegexTest("a")
    assert REPORT_TEMPLATE.of(conf) == "x\n"
    assert [problem.severity for problem in conf.problems] == ["warning"]


def test_the_update_a_file_comes_from(read: Reader) -> None:
    assert read("# UPDATE version 1234\nbody A /a/\n").update_versions == {"test.cf": "1234"}


def test_plugins(read: Reader) -> None:
    conf = read(
        """
        ifplugin Mail::SpamAssassin::Plugin::MIMEHeader
        body EARLY /x/
        endif
        loadplugin Mail::SpamAssassin::Plugin::MIMEHeader
        if plugin(Mail::SpamAssassin::Plugin::MIMEHeader)
        mimeheader MIME Content-Type =~ /zip/
        endif
        loadplugin Mail::SpamAssassin::Plugin::NoSuch /etc/nosuch.pm
        tryplugin Mail::SpamAssassin::Plugin::NoSuch
        """
    )
    assert list(conf.rules) == ["MIME"]
    assert conf.plugins == ("MIMEHeader",)
    assert [spec.name for spec in conf.specs] == ["MIMEHeader"]
    assert places(conf) == [("test.cf", 9, None)]


def test_a_plugin_that_cannot_be_loaded() -> None:
    class Broken:
        def find(self, name: str, path: str | None) -> PluginSpec | None:
            raise RuntimeError(f"{path} is broken")

    conf = load([Source("/etc/x/test.cf", "loadplugin Shout shout.py\n")], Broken())
    assert [problem.text for problem in conf.problems] == [
        "The plugin Shout cannot be loaded: /etc/x/shout.py is broken."
    ]


def test_language(catalog: StaticCatalog) -> None:
    source = Source(
        "x", "lang de describe A Deutsch\nlang de_AT describe B Wienerisch\nlang ( describe C x\n"
    )
    conf = load([source], catalog, language="de_DE")
    assert conf.descriptions == {"A": "Deutsch"}
    assert places(conf) == [("x", 3, None)]


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, "en_US"),
        ({"LANG": "C"}, "en_US"),
        ({"LANG": "de_DE.UTF-8"}, "de_DE"),
        ({"LANGUAGE": "fr:de", "LANG": "it_IT"}, "fr"),
        ({"LC_ALL": "pl_PL@euro", "LC_MESSAGES": "nl"}, "pl_PL"),
    ],
)
def test_environment_language(environment: dict[str, str], language: str) -> None:
    assert environment_language(environment) == language


SITE = """
body A /a/
score A 1
describe A Site
welcomelist_from site@example.com
add_header all Site yes
trusted_networks 10.0.0.0/8
"""

USER = """
score A (2)
describe A User
welcomelist_from user@example.com
add_header all User yes
trusted_networks 192.0.2.0/24
required_score 9
"""


def test_a_user_changes_nothing_of_the_site(read: Reader) -> None:
    site = read(SITE)
    before = {directive.name: directive.of(site) for directive in CORE if directive.stores}
    user = site.with_user(USER)
    assert user.problems == ()
    assert user.scores["A"][0] == 3
    assert user.descriptions["A"] == "User"
    friends = user.address_list("welcomelist_from")
    assert friends is not None
    assert set(friends) == {"site@example.com", "user@example.com"}
    assert [name for name, _ in ADDED_HEADERS.of(user).ham] == ["Checker-Version", "Site", "User"]
    assert TRUSTED_NETWORKS.of(user).set.contains("192.0.2.1")
    assert before == {directive.name: directive.of(site) for directive in CORE if directive.stores}
    assert site.scores["A"][0] == 1
    assert site.descriptions["A"] == "Site"
    assert not TRUSTED_NETWORKS.of(site).set.contains("192.0.2.1")


def test_what_a_user_may_not(read: Reader) -> None:
    text = "body MINE /x/\ntflags A nice\nutil_rb_tld example\nallow_user_rules 1\nbody TOO /x/\nscore A 5\n"
    user = read(SITE).with_user(text, "joe")
    assert places(user) == [("joe", line, None) for line in (1, 2, 3, 4, 5)]
    assert list(user.rules) == ["A"]
    assert user.score_of("A", 0) == 5


def test_what_a_user_may_where_rules_are_allowed(read: Reader) -> None:
    site = read(SITE + "allow_user_rules 1\n")
    text = "body MINE /x/\nutil_rb_tld example\nallow_user_rules 0\nbody LATE /x/\n"
    user = site.with_user(text, "joe")
    assert places(user) == [("joe", 2, None), ("joe", 4, None)]
    assert user.rules["MINE"].user
    assert not user.rules["A"].user
    assert user.scores["MINE"] == (1.0, 1.0, 1.0, 1.0)
    assert "MINE" not in site.rules
    assert "MINE" not in site.with_user(text, allow_rules=False).rules


def test_a_users_file_may_not_ask_what_can_be_done(read: Reader) -> None:
    text = "if can(Mail::SpamAssassin::Conf::feature_edns)\nscore A 5\nendif\n"
    user = read(SITE).with_user(text, "/home/joe/.spamassassin/user_prefs")
    assert user.score_of("A", 0) == 1
    assert [problem.severity for problem in user.problems] == ["warning"]


def test_fingerprints(read: Reader) -> None:
    site = read(SITE)
    assert site.fingerprint == read("# a comment\n" + SITE + "nosuch 1\nif 0\nscore A 7\nendif\n").fingerprint
    assert site.fingerprint != read(SITE + "score A 2\n").fingerprint
    assert site.fingerprint != read(SITE, local_tests_only=True).fingerprint
    assert site.with_user("").fingerprint == site.fingerprint
    assert site.with_user("util_rb_tld x\n").fingerprint == site.fingerprint
    changed = site.with_user("score A 2\n").fingerprint
    assert changed != site.fingerprint
    assert changed == site.with_user("score A 2 # same\n", "elsewhere").fingerprint


def test_lint_mode_looks_closer(read: Reader) -> None:
    text = f"body A_{'N' * 40} /a/\nbody B /a||b/\n"
    assert read(text).problems == ()
    strict = read(text, lint=True)
    assert [problem.severity for problem in strict.problems] == ["warning", "error"]
    assert "B" not in strict.rules


def test_networks_outside_the_trusted_ones(read: Reader) -> None:
    conf = read(
        "trusted_networks 10.0.0.0/8\ninternal_networks 10.1.0.0/16 192.0.2.1\nmsa_networks 203.0.113.1\n"
    )
    assert [problem.location.line for problem in conf.problems if problem.location] == [2, 3]
    left = conf.values["internal_networks"].set
    assert left.contains("10.1.2.3")
    assert not left.contains("192.0.2.1")


KEYWORDS = [*sorted(directive.name for directive in CORE), "if", "else", "endif", "include", "lang"]
LINES = st.tuples(st.sampled_from(KEYWORDS), st.text(max_size=30)).map(" ".join)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(text=st.text() | st.lists(LINES, max_size=12).map("\n".join))
def test_no_text_fails(read: Reader, text: str) -> None:
    conf = read(text)
    assert all(problem.text for problem in conf.problems)
    assert all(problem.text for problem in conf.with_user(text).problems)


@given(st.text())
def test_text_from_outside_is_one_character_a_byte(text: str) -> None:
    assert max(as_latin1(text), default="") <= "\xff"
    assert as_latin1(as_latin1(text)) == as_latin1(text)


MODULES = sorted(module.name for module in pkgutil.iter_modules(pyspamd.conf.__path__))


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_the_documentation(name: str) -> None:
    module = importlib.import_module(f"pyspamd.conf.{name}")
    assert doctest.testmod(module).failed == 0
    assert module.__doc__
