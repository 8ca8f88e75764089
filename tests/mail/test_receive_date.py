"""When a message came in."""

import pytest

from pyspamd.mail.message import Message
from pyspamd.mail.receive_date import receive_date

NOON = 1704110400  # 2024-01-01 12:00:00 UTC
FIRST = b"Received: from a.example.com by b.example.com; Mon, 1 Jan 2024 12:00:00 +0000\n"
LATER = b"Received: from c.example.com by a.example.com; Mon, 1 Jan 2024 11:00:00 +0000\n"
LOCAL = b"Received: from localhost (a [127.0.0.1])\n\tby x.example.com; Mon, 1 Jan 2024 13:00:00 +0000\n"

FETCHED = b"Received: from example.com by localhost with POP3 (fetchmail-6); Mon, 1 Jan 2024 14:00:00 +0000\n"


@pytest.mark.parametrize(
    ("fields", "moment"),
    [
        (FIRST + LATER, NOON),
        (LOCAL + FIRST, NOON + 3600),
        (LOCAL + FETCHED + FIRST, NOON),
        (FETCHED, NOON + 7200),
        (b"Received: undated\n" + LATER, NOON - 3600),
        (b"Received: undated\nDate: Mon, 1 Jan 2024 13:00:00 +0100\n", NOON),
        (b"Date: Mon, 1 Jan 2024 10:00:00 GMT\nResent-Date: Mon, 1 Jan 2024 12:00:00 GMT\n", NOON),
        (b"From a@example.com Mon Jan  1 12:00:00 2024 +0000\nReceived: undated\n" + LATER, NOON - 43200),
        (b"Subject: none\n", 5),
    ],
)
def test_receive_date(fields: bytes, moment: int) -> None:
    assert receive_date(Message(fields + b"\n"), 5.5) == moment
