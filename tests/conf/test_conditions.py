"""Conditions: what holds, what is broken and what cannot be read at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyspamd.base.errors import PyspamdError
from pyspamd.conf.conditions import (
    BrokenConditionError,
    Facts,
    UnreadableConditionError,
    parse_condition,
)

FACTS = Facts(
    plugin=lambda name: name == "A::Loaded",
    can=lambda name: name == "A::able",
    has=lambda name: name in ("A::able", "A::there"),
)


def holds(text: str) -> bool:
    return parse_condition(text).holds(FACTS)


@pytest.mark.parametrize(
    "text",
    [
        "1",
        "version >= 3.004002",
        "(version >= 4)",
        "version == 4.000001",
        "!(version < 3.003) && (perl_version >= 5.018000)",
        "plugin(A::Loaded)",
        "plugin ( 'A::Loaded' )",
        '!plugin("A::Missing")',
        "can(A::able) && has(A::there) && !can(A::there)",
        "plugin(A::Missing) || version",
        "!local_tests_only",
        "version + 1 > 4.5 && version * 2 > 8 && 7 / 2 > 3 && 1 - 2 < 0",
        "2 -1",
        "3 > 2 > 1",
        "1 ? 2 : 0",
        "3 ^ 1",
        "1 || 1 / 0",
        "Mail::Something",
        "version >= 03",
        "010 == 8 && -010 == -8 && +010 == 8 && 0.5 < 1",
        # Octal numbers have no fraction: the dot joins two texts.
        "03.5 == 35 && 03.10 == 310 && 010.010 == 88 && 00.0",
        "9" * 400 + " ^ 1",
        "07" + "7" * 400 + " > 1",
    ],
)
def test_holds(text: str) -> None:
    assert holds(text)


@pytest.mark.parametrize(
    "text",
    [
        "0",
        "version >= 4.1",
        "! version >= 4",
        "plugin(A::Missing)",
        "plugin(A::Loaded) && can(B::able)",
        "local_tests_only",
        "1 > 2 > 0",
        "1 ? 0 : 1",
        "1 ^ 1",
        "0 && 1 / 0",
        "-1 + 1",
        "version >= 04.000000",
        "00",
    ],
)
def test_does_not_hold(text: str) -> None:
    assert not holds(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "version >=",
        "(1",
        "plugin(AA) plugin(BB)",
        "1 / 0",
        "++ version",
        "()",
        "08 == 8",
        "1 || 018",
        "03.08",
    ],
)
def test_broken(text: str) -> None:
    with pytest.raises(BrokenConditionError):
        holds(text)


@pytest.mark.parametrize("text", ["version >= 4.0.1", "x", "a::::b", "5-3", "plugin(:x)"])
def test_unreadable(text: str) -> None:
    with pytest.raises((UnreadableConditionError, BrokenConditionError)):
        holds(text)


def test_a_part_that_cannot_be_answered_counts_as_false() -> None:
    said: list[str] = []
    facts = Facts(complain=said.append)
    assert parse_condition("can(nowhere) || 1").holds(facts)
    assert not parse_condition("can(nowhere)").holds(facts)
    assert said == ["can(nowhere) needs a name with '::' in it"] * 2


PARTS = st.lists(
    st.text(alphabet="10()!&|^>=+-*/?:. ", max_size=2) | st.sampled_from(("plugin", "can", "aa"))
)


@given(st.text() | PARTS.map("".join))
def test_nothing_else_is_raised(text: str) -> None:
    try:
        holds(text)
    except PyspamdError as error:
        assert str(error)
