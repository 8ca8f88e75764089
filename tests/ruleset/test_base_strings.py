"""Base strings: which body rules a compiled matcher takes over, held against the rules that `sa-compile` took."""

import re
from pathlib import Path

import pytest

from pyspamd.engine.assemble import Setup, assemble
from pyspamd.ruleset.base_strings import has_base_strings
from pyspamd.ruleset.compiled_store import CompiledStore
from pyspamd.ruleset.patterns import PatternBundle, PatternRule


@pytest.mark.parametrize(
    "pattern",
    [
        "abc",
        r"\bDear (?:sir|madam)\b",
        "(?:cheap|low-cost) .{1,20}(?:pills?|drugs)",
        r"a?b?c?d?e?lottery",
        "(?:win|won){2}",
        r"\d+ dollars",
        "[xyz]free[xyz]",
    ],
)
def test_fixed_text_in_every_reading(pattern: str) -> None:
    assert has_base_strings(pattern, "i")


@pytest.mark.parametrize(
    "pattern",
    [
        "ab",
        "^abc",
        r"\Aabc",
        "(^|x)abc",
        "abc|de",
        "(?:abc)*",
        r"[a-z]{4}\d",
        r"(?:\d|b)ab",
        "a?b?c?d?e?f?lottery",
        "abc(?:x|$)",
        "v[i1]a[g9]r[a4]",
        "unbalanced(abc",
    ],
)
def test_not_in_every_reading(pattern: str) -> None:
    assert not has_base_strings(pattern, "i")


def rule(name: str, pattern: str, limit: int = 1) -> PatternRule:
    return PatternRule(name, pattern, "", CompiledStore().regex(pattern, ""), limit=limit)


def test_rules_with_base_strings_see_the_early_text() -> None:
    rules = [
        rule("FIXED", "write to \\S+@"),
        rule("LOOSE", "\\S@\\S"),
        rule("COUNTED", "one", limit=0),
        rule("APPEARED", "t[oe] +a"),
    ]
    bundle = PatternBundle.of(rules, "body", CompiledStore())
    early, late = [b"one: write to bob@example.com at one"], [b"one: write to   at one"]
    assert dict(bundle.hits(early)) == {"FIXED": 1, "LOOSE": 1, "COUNTED": 2}
    assert dict(bundle.hits(late)) == {"COUNTED": 2, "APPEARED": 1}
    assert dict(bundle.hits_over(early, late)) == {"FIXED": 1, "COUNTED": 2, "APPEARED": 1}
    assert dict(PatternBundle().hits_over(early, late)) == {}


@pytest.mark.oracle
def test_stock_rules_are_taken_over_as_by_sa_compile(stock_rules: Path) -> None:
    compiled = sorted(
        Path("/var/lib/spamassassin/compiled").glob("*/*/Mail/SpamAssassin/CompiledRegexps/body_0.pm")
    )
    if not compiled:
        pytest.skip("external: the stock rules are not compiled with sa-compile")
    taken = set(re.findall(r"q#(\w+),\[", compiled[-1].read_text("latin-1")))
    engine = assemble(Setup(stock=True, local_tests_only=True))
    rules = {rule.name: rule for stage in engine.program.stages for rule in stage.body.rules}
    ours = {name for name, rule in rules.items() if has_base_strings(rule.pattern, rule.flags)}
    wrong = (ours ^ taken) & set(rules)
    assert len(wrong) < 0.02 * len(rules), sorted(wrong)
