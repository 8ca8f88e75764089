"""Header blocks: where they end, what they hold, how values decode."""

import hypothesis.strategies as st
import pytest
from hypothesis import given

from pyspamd.mail.headers import MAX_BLOCK_LENGTH, MOST_LINES, Headers, parse_header_block


def values(raw: bytes, name: str) -> list[bytes]:
    return parse_header_block(raw).headers.decoded(name)


def test_fields_keep_order_duplicates_and_case() -> None:
    block = parse_header_block(b"To: a\nX-One: 1\nto: b\n\nbody\n")
    assert list(block.headers) == [b"To", b"X-One", b"to"]
    assert block.headers.decoded("TO") == [b"a", b"b"]
    assert block.headers.last(b"to") == b"b"
    assert block.headers.get("x-one") == [b"1\n"]
    assert block.headers.get("none") == []
    assert b"x-ONE" in block.headers
    assert block.headers.all() == [b"To: a\n", b"X-One: 1\n", b"to: b\n"]


def test_block_and_body_are_the_message() -> None:
    raw = b"Subject: x\n y\n\nbody\n\n"
    block = parse_header_block(raw)
    assert (block.block, block.body) == (b"Subject: x\n y\n\n", b"body\n\n")
    assert not block.missing_separator


def test_folds_and_raw_values() -> None:
    headers = parse_header_block(b"X: one\n\ttwo\n   three \nY:\n z\n\n").headers
    assert headers.decoded("x") == [b"one two three"]
    assert headers.raw("x") == [b" one\n\ttwo\n   three \n"]
    assert headers.raw_unfolded("x") == [b" one two three \n"]
    assert headers.decoded("y") == [b"z"]


@pytest.mark.parametrize(
    ("raw", "body", "missing"),
    [
        (b"A: 1\n", b"", True),
        (b"A: 1\n--x\nB: 2\n\n", b"--x\nB: 2\n\n", True),
        (b"A: 1\nbad\nbad\nbad\nbad\nB: 2\n\n", b"bad\nB: 2\n\n", True),
        (b"A: 1\nbad\nbad\nbad\nB: 2\n\nbody", b"body", False),
        (b"\nbody", b"body", False),
        (b"", b"", False),
    ],
)
def test_where_a_block_ends(raw: bytes, body: bytes, missing: bool) -> None:
    block = parse_header_block(raw)
    assert (block.body, block.missing_separator) == (body, missing)


def test_crlf_is_told_by_the_first_or_last_line() -> None:
    block = parse_header_block(b"A: 1\r\n 2\nB: 3\n\nbody\r\n")
    assert block.crlf
    assert block.block == b"A: 1\r\n 2\r\nB: 3\r\n\r\n"
    assert block.headers.decoded("a") == [b"1 2"]
    assert block.body == b"body\r\n"
    assert not parse_header_block(b"A: 1\n\nx\r\ny\n").crlf


def test_mailbox_separators() -> None:
    block = parse_header_block(b"From a@example.com Mon Jan  1\nA: 1\n\nx")
    assert block.mailbox_separator == b"From a@example.com Mon Jan  1\n"
    assert block.headers.decoded("a") == [b"1"]
    assert parse_header_block(b"From : a@example.com\n\nx").mailbox_separator is None
    mbx = b" 1-Jan-2024 10:11:12 +0000,12;000000000001-00000abc\nFrom: A <a@example.com>\n\nx"
    assert parse_header_block(mbx).mailbox_separator == b"From a@example.com Mon Jan  1 10:11:12 2024\n"


def test_long_names_and_values_are_cut() -> None:
    block = parse_header_block(b"N" * 300 + b": v\nX: " + b"y" * 9000 + b"\n\n")
    assert block.truncated
    assert block.headers.fields[0][0] == b"N" * 256
    assert len(block.headers.raw("x")[0]) == 8192


def test_all_stops_at_the_limit() -> None:
    headers = Headers()
    for _ in range(20):
        headers.add(b"X", b"y" * 8000)
    assert headers.oversized
    assert sum(map(len, headers.all())) <= MAX_BLOCK_LENGTH
    assert len(headers.all()) == 8


@pytest.mark.parametrize(
    ("value", "decoded"),
    [
        (b"=?utf-8?Q?a_b=C3=A4?=", "a bä"),
        (b"=?UTF-8?b?w6Q=?= =?UTF-8?b?w7Y=?=", "äö"),
        (b"=?utf-8?q?=C3?=\n =?utf-8?q?=A4?=", "ä"),
        (b"=?iso-8859-1*de?Q?=E4?= x", "ä x"),
        (b"=?windows-1252?Q?=93x=94?=", "\u201cx\u201d"),
        (b"=?us-ascii?Q?=E4?=", "\ufffd"),
        (b"=?koi8-r?B?8NLJ18XU?=", "Привет"),
        (b"=?x-unheard-of?Q?=E4?=", "ä"),
        (b"a =?broken?X?b?= c", "a =?broken?X?b?= c"),
        ("ä".encode("latin-1"), "ä"),
        ("ä".encode(), "ä"),
    ],
)
def test_values_become_utf8(value: bytes, decoded: str) -> None:
    assert values(b"Subject: " + value + b"\n\n", "subject") == [decoded.encode()]


def test_fields_that_hold_no_encoded_words() -> None:
    word = b"=?utf-8?Q?a?="
    assert values(b"Message-ID: " + word + b"\nList-Id: " + word + b"\n\n", "message-id") == [word]
    assert values(b"List-Unsubscribe: " + word + b"\n\n", "list-unsubscribe") == [word]
    assert values(b"Content-Description: " + word + b"\n\n", "content-description") == [b"a"]


@given(st.binary(max_size=400))
def test_nothing_raises(raw: bytes) -> None:
    block = parse_header_block(raw)
    block.headers.all()
    block.headers.all_raw()
    if not block.crlf:
        assert (block.mailbox_separator or b"") + block.block + block.body == (raw or b"\n")


def test_so_many_fields_are_seen_at_once() -> None:
    """Pairs of them are what a rule tries; that some are left out does not make the header too long."""
    block = parse_header_block(b"".join(b"To: a%d@b.example\n" % n for n in range(MOST_LINES + 100)) + b"\n")
    headers = block.headers
    assert headers.all() == [b"To: a%d@b.example\n" % n for n in range(MOST_LINES)]
    assert len(headers.all_raw()) == MOST_LINES
    assert len(headers.get("To")) == len(headers.fields) == MOST_LINES + 100
    assert not headers.oversized
