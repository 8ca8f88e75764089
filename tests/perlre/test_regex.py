"""The behaviour of compiled regexes: what they match, what they hand out, and where they give up."""

import json
import logging
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyspamd.perlre.regex import RegexError, compile_regex, restore_regex


def test_bytes_in_and_latin1_patterns() -> None:
    assert compile_regex("caf\xe9").matches(b"un caf\xe9 noir")
    assert not compile_regex("caf\xe9").matches("un café noir".encode())


@pytest.mark.parametrize(
    ("pattern", "flags", "subject", "expected"),
    [
        ("\xe9", "i", b"\xc9", True),
        ("\\xe9", "i", b"\xc9", True),
        ("\\x{e9}", "i", b"\xc9", True),
        ("[\\xe0-\\xe5]x", "i", b"\xc3x", True),
        ("\xe9", "", b"\xc9", False),
        ("(?i)\xe9", "", b"\xc9", True),
        ("\xd7", "i", b"\xf7", False),
        ("(\xe9)\\1", "i", b"\xe9\xc9", True),
        ("\\w", "", b"\xe9", False),
        ("\\w", "i", b"\xe9\xe8", False),
        ("[[:alpha:]]\xe9", "i", b"\xc9\xe9", False),
        ("\\bx", "i", b"\xe9x", True),
        ("\\s", "", b"\x0b", True),
        ("\\s", "", b"\xa0", False),
        ("k", "i", b"K", True),
        ("\\x{2019}", "", b"'", False),
        ("[\\x{2019}a]", "", b"a", True),
        ("[^\\x{2019}]", "", b"\xff", True),
        ("\\x{178}", "i", b"\xff", True),
        ("a{,2}b", "", b"aab", True),
        ("^a{,2}b", "", b"aaab", False),
        ("a{ 2, 3 }", "", b"aa", True),
        ("a$", "", b"a\n", True),
        ("a\\z", "", b"a\n", False),
        ("a.b", "", b"a\nb", False),
        ("a.b", "s", b"a\nb", True),
        ("^b", "m", b"a\nb", True),
        ("a b # c", "x", b"ab", True),
        ("(a)(?:b)\\g{-1}", "", b"aba", True),
        ("\\012", "", b"\n", True),
        ("(?aa)\xe9", "i", b"\xc9", True),
        ("(?^:a)", "i", b"A", False),
        ("^?a", "", b"a", True),
        ("[:a:]b", "", b":b", True),
    ],
)
def test_what_matches(pattern: str, flags: str, subject: bytes, expected: bool) -> None:
    assert compile_regex(pattern, flags).matches(subject) is expected


def test_groups() -> None:
    match = compile_regex("(?<word>\\w+)=(x)?(?<value>\\d+)").search(b"-- size=40 --")
    assert match is not None
    assert match.group() == b"size=40"
    assert match.group("word") == b"size"
    assert match.groups() == (b"size", None, b"40")
    assert match.named_all() == {"word": [b"size"], "value": [b"40"]}
    assert match.span(3) == (8, 10)
    assert (match.start(2), match.end(2)) == (-1, -1)
    with pytest.raises(IndexError):
        match.group(4)


def test_groups_that_share_a_name() -> None:
    regex = compile_regex("(?:(?<n>a)|(?<n>b))(?<n>c)")
    match = regex.search(b"bc")
    assert match is not None
    assert regex.names == {"n": (1, 2, 3)}
    assert match.group("n") == b"b"
    assert match.named_all() == {"n": [b"b", b"c"]}


def test_counting_goes_on_as_perl_does() -> None:
    assert [match.span() for match in compile_regex("a*").finditer(b"aab")] == [(0, 2), (2, 2), (3, 3)]
    assert compile_regex("a*").count(b"aab") == 3
    assert compile_regex("o").count(b"foo boo", limit=3) == 3
    assert compile_regex("o").count(b"foo boo") == 4
    assert compile_regex("(?=a)|b").count(b"aab") == 3


@given(
    st.sampled_from(
        [
            "e",
            "ab|a",
            "a|ab",
            r"(?:e|\xc3[\xa8\xa9]|\xc4)",
            r"(?:a|)b",
            "(?:ab|b)a",
            r"\x00a|a",
            "[ab]a",
            "aa",
        ]
    ),
    st.lists(st.sampled_from([b"a", b"b", b"e", b"\xc3", b"\xa8", b"\x00", b"\n"]), max_size=12).map(
        b"".join
    ),
    st.integers(0, 3),
)
def test_counting_what_is_small_is_counting_matches(pattern: str, subject: bytes, limit: int) -> None:
    regex = compile_regex(pattern)
    assert regex.count(subject, limit) == sum(1 for _ in islice(regex.finditer(subject), limit or None))


def test_search_from_an_offset_sees_what_stands_before() -> None:
    regex = compile_regex("(?<=a)b")
    match = regex.search(b"ab", 1)
    assert match is not None
    assert match.start() == 1
    assert compile_regex("^b").search(b"ab", 1) is None
    assert compile_regex("$").search(b"ab", 2) is not None
    assert compile_regex("$").search(b"ab", 3) is None


def test_a_regex_that_runs_away_gives_up(caplog: pytest.LogCaptureFixture) -> None:
    regex = compile_regex("^(a+)+$", "m")
    with caplog.at_level(logging.WARNING, logger="pyspamd.perlre"):
        assert not regex.matches(b"a" * 60 + b"b")
        assert not regex.matches(b"a" * 60 + b"b")
    assert regex.gave_up == 2
    assert len(caplog.records) == 1
    assert regex.matches(b"aaa")


def test_deep_backtracking_outlives_the_small_stack_of_the_jit() -> None:
    regex = compile_regex("^(?:(a)|b)*c")
    assert regex.matches(b"ab" * 150_000 + b"c")
    assert regex.gave_up == 0


def test_patterns_too_large_for_pcre2_match_all_the_same() -> None:
    letters = "".join(f"[\\x{byte:02x}q]|" for byte in range(0x80, 0x100))
    group = f"(?:{letters}z)"
    pattern = f"<({group}{{20}})-({group * 3})\\1>" + group * 200
    tail = b"q" * 200
    regex = compile_regex(pattern, "i")
    assert regex.group_count == 2
    match = regex.search(b"<" + b"zQ\xe9\xc9" * 5 + b"-\xffZ\x80" + b"ZQ\xe9\xe9" * 5 + b">" + tail)
    assert match is not None
    assert match.group(2) == b"\xffZ\x80"
    assert not regex.matches(b"<" + b"zQ\xe9\xc9" * 4 + b"-\xffZ\x80" + b"zQ\xe9\xc9" * 4 + b">" + tail)


@pytest.mark.parametrize(
    ("pattern", "says"),
    [
        ("(a", "closing"),
        ("a)", "opening"),
        ("[a", "closing"),
        ("[z-a]", "backwards"),
        ("[\\w-z]", "range"),
        ("[a-\\d]", "range"),
        ("[:alpha:]", "POSIX"),
        ("[[:nope:]]", "POSIX"),
        ("*a", "follows nothing"),
        ("a**", "follows a quantifier"),
        ("a{2}{3}", "follows a quantifier"),
        ("a{3,2}", "never be met"),
        ("a{70000}", "beyond"),
        ("\\b*", "without end"),
        ("(?=a)+", "without end"),
        ("a{", "backslash"),
        ("a{x}", "backslash"),
        ("\\Qa.b\\E", "escape"),
        ("\\y", "escape"),
        ("\\1", "no group 1"),
        ("\\k<x>", "named 'x'"),
        ("(?&x)", "named 'x'"),
        ("\\x{zz}", "number"),
        ("\\xg", "hexadecimal"),
        ("\\C", "escape"),
        ("(?{ 1 })", "code"),
        ("(*UTF)a", "verb"),
        ("(*LIMIT_MATCH=99999999)a", "verb"),
        ("(?C1)a", "does not open"),
        ("(?J)a", "modifier"),
        ("(?g)a", "modifier"),
        ("(?i-a)b", "turned off"),
        ("(?<=a+)b", "255"),
        ("(?<=(a|bc))d", "capture"),
        ("(?#open", "end"),
        ("a\\", "backslash"),
        ("\u2019", "single byte"),
        ("(" * 300 + ")" * 300, "nested"),
    ],
)
def test_what_perl_or_spamassassin_refuse(pattern: str, says: str) -> None:
    with pytest.raises(RegexError, match=says):
        compile_regex(pattern)


def test_stored_and_restored() -> None:
    for pattern, flags in (("(?<a>x)|\xe9(?<a>y)", "i"), ("plain", "")):
        regex = compile_regex(pattern, flags)
        again = restore_regex(json.loads(json.dumps(regex.as_data())))
        assert (again.pattern, again.flags, again.names) == (pattern, flags, regex.names)
        assert [again.matches(text) for text in (b"x", b"\xc9Y", b"plain")] == [
            regex.matches(text) for text in (b"x", b"\xc9Y", b"plain")
        ]


@pytest.mark.parametrize(
    ("pattern", "empty"), [("a*", True), ("a+", False), ("^$", True), ("", True), ("\\b", False)]
)
def test_what_matches_the_empty_subject(pattern: str, empty: bool) -> None:
    regex = compile_regex(pattern)
    assert regex.matches_empty is empty
    assert restore_regex(regex.as_data()).matches_empty is empty


@pytest.mark.parametrize(
    "data", [[], ["a", "", None, 0], ["a", "", 5, 0, {}, False], ["a", "", "\u2019", 0, {}, False]]
)
def test_damaged_store(data: list[object]) -> None:
    with pytest.raises(RegexError):
        restore_regex(data)
