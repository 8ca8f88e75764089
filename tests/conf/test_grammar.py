"""Lines taken apart: keywords, values, comments, escapes, `lang`, and where each stands."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pyspamd.conf.grammar import Statement, parse_lines

SPACE = " \t\r\f\v"


def by_hand(text: str) -> list[tuple[str, str, int, str]]:
    """The same reading, line by line with plain regexes, as Perl would do it."""
    found = []
    for number, line in enumerate(text.split("\n"), 1):
        line = re.sub(r"(?<!\\)#.*$", "", line, flags=re.DOTALL).replace("\\#", "#").strip(SPACE)
        language = ""
        if lang := re.match(rf"lang[{SPACE}]+([^{SPACE}]+)[{SPACE}]+", line):
            language, line = lang[1], line[lang.end() :]
        if not line:
            continue
        keyword, *rest = re.split(rf"[{SPACE}]+", line, maxsplit=1)
        lowered = "".join(char.lower() if char.isascii() else char for char in keyword).replace("-", "_")
        found.append((lowered, rest[0] if rest else "", number, language))
    return found


def taken_apart(text: str) -> list[tuple[str, str, int, str]]:
    return [(each.keyword, each.value, each.line, each.language) for each in parse_lines(text)]


def test_a_statement_knows_its_place() -> None:
    assert parse_lines("\n\n  Required-Score \t 5.0  # five\n") == [
        Statement("required_score", "5.0", 3, 20),
    ]
    assert parse_lines(" clear_headers") == [Statement("clear_headers", "", 1, 2)]


@pytest.mark.parametrize(
    ("line", "keyword", "value", "language"),
    [
        ("body X /a\\#b/ # c", "body", "X /a#b/", ""),
        ("body X /a\\\\#b/", "body", "X /a\\#b/", ""),
        ("report # nothing", "report", "", ""),
        ("report\\# x", "report#", "x", ""),
        ("lang de report Hallo", "report", "Hallo", "de"),
        ("lang de report", "report", "", "de"),
        ("lang de", "lang", "de", ""),
        ("lang de # report", "lang", "de", ""),
        ("LANG de report x", "lang", "de report x", ""),
        ("language de", "language", "de", ""),
        ("describe X caf\xe9\xa0 \xa0", "describe", "X caf\xe9\xa0 \xa0", ""),
        ("body X /a\0b/\r", "body", "X /a\0b/", ""),
        ("\xa0body X", "\xa0body", "X", ""),
        ("SCORE\vX\f1", "score", "X\f1", ""),
    ],
)
def test_a_line(line: str, keyword: str, value: str, language: str) -> None:
    (found,) = parse_lines(line)
    assert (found.keyword, found.value, found.language) == (keyword, value, language)


@pytest.mark.parametrize("text", ["", "\n", "#", "# x\n\n#y", "  \t\r\n", "#\\# x"])
def test_nothing_to_read(text: str) -> None:
    assert parse_lines(text) == []


LINES = st.text(alphabet=st.sampled_from("ab1-_ \t\r\f\v\n#\\\xe9\0") | st.characters(max_codepoint=255))
WORDS = st.lists(st.sampled_from(["lang", "de", " ", "\t", "#", "\\#", "\n", "report", "x"])).map("".join)


@given(LINES | WORDS)
@example("lang a\\# b")
@example("lang  de \\# x")
def test_any_text_reads_as_by_hand(text: str) -> None:
    assert taken_apart(text) == by_hand(text)


@given(st.text())
def test_no_text_fails(text: str) -> None:
    for statement in parse_lines(text):
        assert statement.line >= 1
        assert statement.keyword
