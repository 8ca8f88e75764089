"""Metas by chance, sound and not, held against what the original takes them for."""

import os
import random
from dataclasses import replace
from typing import Any

import pytest

NAMES = ("AA", "BB", "__CC", "NOBODY", "0", "1", "2", "4.5", "010")
OPERATORS = ("&&", "||", "+", "-", "*", ">", "<", ">=", "<=", "==", "!=", "^")
WORDS = (
    *(*NAMES, *OPERATORS, "!", "?", ":", "(", ")", "()", "local_tests_only", "rules_matching(A*)", "and"),
    *(
        "1.",
        ".5",
        "-1",
        "+2",
        "++",
        "--",
        "=",
        "|",
        "&",
        "%",
        ",",
        "'",
        "~",
        "1.2.3",
        "A::B",
        "1e3",
        "0x10",
        "08",
    ),
)
GLOBS = ("*", ">", "<", "<=", ">=")
"""What Perl takes for a file handle or a glob where a value should stand; nobody means that."""


def sound(chance: random.Random, depth: int = 3) -> str:
    """An expression that is one by the documentation."""
    if depth == 0 or chance.random() < 0.25:
        return chance.choice(NAMES)
    inner, other = sound(chance, depth - 1), sound(chance, depth - 1)
    return chance.choice(
        (
            f"!{inner}",
            f"({inner})",
            f"- {inner}",
            f"({inner} ? {other} : {sound(chance, depth - 1)})",
            f"({inner}){chance.choice(OPERATORS)} {other}",
            f"{inner} {chance.choice(OPERATORS)} {other}",
        )
    )


def anything(chance: random.Random) -> str:
    """Words in a row."""
    words: list[str] = []
    for _ in range(chance.randrange(1, 7)):
        after_value = bool(words) and (words[-1][-1].isalnum() or words[-1] in (")", "()"))
        words.append(chance.choice([word for word in WORDS if after_value or word not in GLOBS]))
    return chance.choice(("", " ", " ")).join(words)


MESSAGES = [
    f"X-A: {a}\nX-B: {b}\nX-C: {c}\n\ntext\n".encode()
    for a, b, c in (("", "", ""), ("a", "", ""), ("a", "bb", "c"), ("aaa", "b", ""), ("", "bbb", "c"))
]


@pytest.mark.oracle
@pytest.mark.parametrize("seed", range(int(os.environ.get("PYSPAMD_RANDOM_METAS", "3"))))
def test_random_metas(agreement: Any, seed: int) -> None:
    chance = random.Random(seed)
    expressions = [chance.choice((sound, anything))(chance) for _ in range(250)]
    lines = ["header AA X-A =~ /a/", "header BB X-B =~ /b/", "header __CC X-C =~ /c/"]
    lines += [f"tflags {name} multiple" for name in ("AA", "BB", "__CC")]
    lines += [f"meta META_{number} {text}" for number, text in enumerate(expressions)]
    verdicts = replace(agreement, strict=False)("\n".join(lines) + "\n", MESSAGES)
    assert len({name for verdict in verdicts for name in verdict["hits"]}) > 80
