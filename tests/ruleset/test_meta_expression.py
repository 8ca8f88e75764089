"""Meta expressions: what they mean is asked of Perl itself, what does not parse is a problem."""

import random
import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyspamd.ruleset.meta_expression import MetaError, compile_meta, compile_sum

NAMES = ("__A", "BB", "C_3", "DD")


def expression(rng: random.Random, depth: int) -> str:
    if depth == 0 or rng.random() < 0.2:
        return rng.choice((*NAMES, *NAMES, "0", "1", "2", "2.5", "10"))
    kind = rng.random()
    if kind < 0.15:
        return f"!{expression(rng, depth - 1)}"
    if kind < 0.35:
        return f"({expression(rng, depth - 1)})"
    operator = rng.choice(("&&", "||", "+", "-", "*", ">", "<", ">=", "<=", "==", "!=", "&&", "||"))
    left, right = expression(rng, depth - 1), expression(rng, depth - 1)
    space = rng.choice((" ", "  ", "")) if operator not in ("+", "-") else " "
    return f"{left}{space}{operator}{space}{right}"


def test_values_are_perls() -> None:
    perl = shutil.which("perl")
    if perl is None:
        pytest.skip("external: perl is not installed")
    rng = random.Random(20261123)
    cases = []
    for _ in range(600):
        values = {name: rng.choice((0, 0, 1, 1, 2, 3)) for name in NAMES}
        cases.append((expression(rng, 4), values))
    script = "".join(
        "my $r = eval { "
        + "".join(f"(sub {{ my $x = {_perl(text, values)}; $x }})->()" for _ in [0])
        + ' }; printf "%.9g\\n", $r || 0;\n'
        for text, values in cases
    )
    answer = subprocess.run([perl], input="no warnings;\n" + _scoped(script), capture_output=True, text=True)
    expected = [float(line) for line in answer.stdout.split()]
    assert len(expected) == len(cases), answer.stderr[:500]
    for (text, values), wanted in zip(cases, expected, strict=True):
        got = float(compile_meta(text, "RULE").evaluate(values) or 0)
        assert got == pytest.approx(wanted), f"{text} with {values}"


def _scoped(script: str) -> str:
    return "".join(f"{{ {line} }}\n" for line in script.splitlines())


def _perl(text: str, values: dict[str, int]) -> str:
    for name in sorted(values, key=len, reverse=True):
        text = text.replace(name, f"({values[name]}||0)")
    return text


@pytest.mark.parametrize(
    "text",
    [
        *("A &&", "(A", "A)", "A B", "&& A", "A = B", "A @ B", "A; B", "rules_matching(", ""),
        *(
            "-1 * A",
            "A -1",
            "A+1",
            "1+1",
            "A > .5",
            "A > 5.",
            "A % 2",
            "A | B",
            "A--B",
            "A ? B:C",
            "Perl::code",
            "4 / A",
        ),
    ],
)
def test_what_does_not_parse_is_told(text: str) -> None:
    with pytest.raises(MetaError):
        compile_meta(text, "RULE")


def test_names_are_the_dependencies_in_order() -> None:
    assert compile_meta("B && (A || B) + !C_1 > 2", "RULE").names == ("B", "A", "C_1")


def test_division_by_zero_is_zero() -> None:
    assert compile_meta("4 / (A - 1) + 1", "RULE").evaluate({"A": 1}) == 1


def test_what_means_nothing_is_passed_over() -> None:
    """As SpamAssassin does: single bars, equals signs, commas and quotes are no words at all."""
    assert compile_meta("A, && = 'B'", "RULE").names == ("A", "B")


def test_signs_that_stand_apart() -> None:
    assert compile_meta("A - - 1 + (- B)", "RULE").evaluate({"A": 1, "B": 3}) == -1
    assert compile_sum("V > -5").evaluate({"V": -4})


def test_rules_matching_adds_the_rules_that_a_glob_names() -> None:
    known = ["__X_ONE", "__X_TWO", "__Y_ONE", "RULE"]
    meta = compile_meta("rules_matching(__X_*) > 1", "RULE", known)
    assert meta.names == ("__X_ONE", "__X_TWO")
    assert meta.evaluate({"__X_ONE": 1, "__X_TWO": 1})
    assert not meta.evaluate({"__X_ONE": 1, "__X_TWO": 0})
    assert compile_meta("rules_matching(?ULE)", "RULE", known).names == ()


def test_a_declared_rule_never_hits_of_itself() -> None:
    meta = compile_meta("()", "RULE")
    assert meta.is_declaration
    assert not meta.evaluate({})
    assert not compile_meta("0", "RULE").is_declaration


def test_local_tests_only_is_a_constant() -> None:
    assert compile_meta("local_tests_only", "R", local_tests_only=True).evaluate({})
    assert not compile_meta("local_tests_only", "R").evaluate({})


def test_a_number_that_begins_with_0_is_octal() -> None:
    assert compile_meta("A + 010", "RULE").evaluate({"A": 2}) == 10
    assert compile_meta("A + 0.5 + 00", "RULE").evaluate({"A": 2}) == 2.5
    for text in ("A + 08", "A + 03.5"):
        with pytest.raises(MetaError):
            compile_meta(text, "RULE")


@pytest.mark.parametrize("opening", ["(", "!", "(1 + "])
def test_deep_nesting_is_a_problem_at_worst(opening: str) -> None:
    deep = opening * 50_000 + "A" + ")" * (50_000 if "(" in opening else 0)
    try:
        assert compile_meta(deep, "RULE").names == ("A",)
    except MetaError as problem:
        assert "deep" in str(problem) or "read" in str(problem)


@given(st.text(alphabet="AB_12 ()&|!<>=+-*/?:.^%,'\"#", max_size=60))
def test_anything_parses_or_is_told(text: str) -> None:
    try:
        meta = compile_meta(text, "RULE")
    except MetaError:
        return
    meta.evaluate(dict.fromkeys(meta.names, 1))
