"""Text cut for rules: whitespace, line and chunk lengths, limits."""

import hypothesis.strategies as st
import pytest
from hypothesis import given

from pyspamd.mail.text import body_lines, joined, short_paragraphs, truncated


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (b"a b\nc\n\nd\n", [b"a b c\n", b"d "]),
        (b"a\n \t\n\n  b", [b"a\n", b" b"]),
        (b"\n\na", [b"\n", b"a"]),
        (b"a\0b", [b"a\n", b"b"]),
        (b"a\xc2\xa0b", [b"a\xc2\xa0b"]),
        (b"", []),
        (b"  ", [b" "]),
    ],
)
def test_paragraphs(text: bytes, lines: list[bytes]) -> None:
    assert body_lines(b"subject\n", text) == [b"subject\n", *lines]


def test_long_paragraphs_are_cut_at_blanks() -> None:
    lines = body_lines(b"\n", b"word " * 1000 + b"y" * 3000)
    assert b"".join(lines) == b"\n" + b"word " * 1000 + b"y" * 3000
    assert all(len(line) <= 2049 for line in lines)
    assert all(line.endswith(b" ") for line in lines[1:3])


def test_characters_and_octets_meet_as_in_perl() -> None:
    assert joined(["ä", "ö".encode()]) == "ä\nÃ¶".encode()
    assert joined(["ö".encode(), None]) == "ö\n".encode()
    assert joined([None, b"a"]) == b"a"
    assert joined(["", "ö".encode()]) == "Ã¶".encode()
    assert joined(["a\u3000b\xa0"]) == b"a b "


def test_truncation() -> None:
    assert truncated(b"abcd\nef", 2) == b"abcd\n"
    assert truncated(b"abcd ef", 2) == b"abcd "
    assert truncated(b"ab>cd ef", 2, markup=True) == b"ab>"
    assert truncated(b"abcdef", 2) == b"ab"
    assert truncated(b"ab" + b"c" * 1100 + b"\n", 2) == b"ab"
    assert truncated("äöü x", 2) == "äöü "
    assert truncated(b"abc", 0) == b"abc"


@given(st.lists(st.sampled_from([b"x" * 700, b"\n", b">", b" ", b"y" * 2047, b"z"]), max_size=30))
def test_chunks(pieces: list[bytes]) -> None:
    text = b"".join(pieces)
    chunks = short_paragraphs(text)
    assert b"".join(chunks) == text
    assert all(len(chunk) <= 4096 for chunk in chunks)
    assert all(len(chunk) >= 2048 for chunk in chunks[:-1])


@given(st.binary(max_size=300), st.binary(max_size=50))
def test_nothing_is_lost_but_whitespace(text: bytes, subject: bytes) -> None:
    kept = b"".join(body_lines(subject, text))
    assert kept.translate(None, b" \t\n\r\x0b\x0c\0") == (subject + text).translate(
        None, b" \t\n\r\x0b\x0c\0"
    )
