"""Regexes as third parties write them, delimiters, modifiers and all, in rules that the original reads too."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

REGEXES = Path(__file__).with_name("regexes.txt").read_text("utf-8").splitlines()
TEXTS = (
    "ab abab abd aad d cd ad bd aaad defx bcx ax abc aabb abAB AB cAB ABc ABCc",
    "a/b A/B a{2}b a|b a b c a  b # c a\tb a\\ a.b a..b Singing in Berlin KINGS \u2122viagra\u2122",
    "caf\u00e9 CAF\u00c9 \u20ac stra\u00dfe STRASSE \u017f \u212a k K \u4e2d\u6587 \u0440\u0443\u0441 \u03b1\u03b2",
    "123-4567 user@a.b a@b.c $a $$ %a {a} {b} a{b} x{1,2 a] a} a) *a +a ?a a** AB\tab",
    "\x01\x07\x0b\x0c\x1b",
    'aaaaaaaab aXb aab abab a\u00a0b abc a-b [a] #b a#b a #b _ - " \\',
    *("ab", "a", "b"),
    "dAAA 12 ab12 abc1 xyzzy:alpha y i j Y 8 n l h p L pL",
    "print 1 2 ac x ab x aa bb",
    "\\ \x08 \x1c ]",
    "a" * 3000,
)
HEAD = "Content-Transfer-Encoding: 8bit\nSubject: \nContent-Type: text/plain; charset="
MESSAGES = [
    *(f"{HEAD}utf-8\n\n{text}\n".encode() for text in TEXTS),
    f"{HEAD}iso-8859-1\n\n\xe9\xc9\xdf caf\xe9 \xa0 \x85 x\0y\n".encode("latin-1"),
]


@pytest.mark.oracle
@pytest.mark.parametrize("kind", ["body", "rawbody"])
def test_regexes(agreement: Any, kind: str) -> None:
    rules = "".join(f"{kind} R_{number} {regex}\n" for number, regex in enumerate(REGEXES))
    verdicts = replace(agreement, strict=False)(rules.encode().decode("latin-1"), MESSAGES)
    assert len({name for verdict in verdicts for name in verdict["hits"]}) > 190
