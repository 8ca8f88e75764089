"""Sets of regexes over the elements of a text: the loops of SpamAssassin's body and URI tests."""

import pytest

from pyspamd.perlre.patternset import Entry, PatternSet
from pyspamd.perlre.prefilter import LiteralGate
from pyspamd.perlre.regex import compile_regex

ELEMENTS = [b"Subject money", b"Your money, MONEY", b"", b"no\xe9l money"]
WAYS = ["no gate", "each", "joined"]


def set_of(entries: list[Entry], way: str) -> PatternSet:
    gate = None if way == "no gate" else LiteralGate.of([entry.regex for entry in entries])
    return PatternSet(entries, gate, joined=way == "joined")


@pytest.mark.parametrize("way", WAYS)
def test_counts(way: str) -> None:
    money = compile_regex("money", "i")
    entries = [
        Entry(money),
        Entry(money, limit=0),
        Entry(money, limit=3),
        Entry(money, limit=0, skip_first=True),
        Entry(compile_regex("^Subject"), skip_first=True),
        Entry(compile_regex("absent")),
        Entry(compile_regex("^$")),
        Entry(compile_regex("NO\xc9L", "i")),
    ]
    hits = set_of(entries, way).hits(ELEMENTS)
    assert hits == {0: 1, 1: 4, 2: 3, 3: 3, 6: 1, 7: 1}
    assert sorted(set_of(entries, way).hits(ELEMENTS, only=[1, 4, 7])) == [1, 7]


@pytest.mark.parametrize("way", WAYS)
def test_a_runaway_regex_counts_as_no_hit(way: str) -> None:
    entries = [Entry(compile_regex("x(a+)+$")), Entry(compile_regex("b$"))]
    assert sorted(set_of(entries, way).hits([b"x" + b"a" * 60 + b"b"])) == [1]


def test_nothing_to_do() -> None:
    assert sorted(PatternSet([]).hits(ELEMENTS)) == []
    assert sorted(set_of([Entry(compile_regex("a"))], "each").hits([])) == []
    assert sorted(set_of([Entry(compile_regex("a"))], "joined").hits([])) == []
