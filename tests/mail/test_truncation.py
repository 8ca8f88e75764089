"""The mark of a message that a content filter has cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyspamd.mail.message import Message
from pyspamd.mail.truncation import Truncation, truncation_of

PREFIX = b"Return-Path: <a@example.com>\r\nX-Envelope-To: <b@example.net>,\r\n <c@example.net>\r\n"
MARK = b"X-Amavis-MessageSize: 2500000, TRUNCATED to 400000\r\n"
MESSAGE = b"Received: from x by y\r\nFrom: a@example.com\r\n\r\nHello\r\n"


def test_the_mark_on_top() -> None:
    raw = PREFIX + MARK + MESSAGE
    assert truncation_of(raw) == Truncation(2500000, 400000, len(PREFIX + MARK))
    assert truncation_of(b"From a@example.com Mon Jan  1 00:00:00 2024\n" + raw) == truncation_of(raw)
    assert truncation_of(raw.replace(b"\r\n", b"\n")) == Truncation(
        2500000, 400000, len((PREFIX + MARK).replace(b"\r\n", b"\n"))
    )


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\r\n" + MARK,
        MESSAGE,
        # What stands below a Received field, or below the filter's own field, is the sender's.
        PREFIX + MESSAGE.replace(b"From:", MARK + b"From:"),
        PREFIX + b"X-Amavis-MessageSize: 2500000\r\n" + MARK + MESSAGE,
        MESSAGE + MARK,
        MARK.replace(b"2500000", b"100") + MESSAGE,
        MARK.replace(b"2500000", b"9" * 30) + MESSAGE,
        MARK.replace(b"400000", b"-4") + MESSAGE,
        MARK.replace(b"400000", b"400000 and more") + MESSAGE,
    ],
)
def test_no_mark(raw: bytes) -> None:
    assert truncation_of(raw) is None


def test_the_size_of_the_whole_body() -> None:
    raw = PREFIX + MARK + MESSAGE
    header = MESSAGE.index(b"\r\n\r\n") + 4
    message = Message(raw, truncation=truncation_of(raw))
    assert message.body_length == 2500000 - header
    # A size smaller than the header says nothing.
    assert Message(raw, truncation=Truncation(5, 2, 0)).body_length == len(b"Hello\r\n")
    assert Message(raw).body_length == len(b"Hello\r\n")


@given(st.binary(max_size=300))
def test_never_raises(value: bytes) -> None:
    truncation_of(b"X-Amavis-MessageSize:" + value)
    truncation_of(value + b"\n" + MARK)
