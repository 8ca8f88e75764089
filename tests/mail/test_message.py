"""Whole messages: what rules are shown of them."""

import random

import hypothesis.strategies as st
from hypothesis import given, settings

from pyspamd.mail.message import Message, ReadingSettings

SAMPLE = (
    b"From: A <a@example.com>\nSubject: =?utf-8?Q?gr=C3=BC=C3=9Fe?=\nMessage-Id: <1@example.com>\n"
    b"Content-Type: text/plain; charset=iso-8859-1\n\nfirst \xe4\nline\n\nsecond\n"
)


def test_body_and_rawbody() -> None:
    message = Message(SAMPLE)
    assert message.body == ["grüße\n".encode(), "first ä line\n".encode(), b"second "]
    assert message.visible_body == message.body
    assert message.invisible_body == []
    assert message.rawbody == [b"first \xe4\nline\n\nsecond\n"]
    assert message.full == SAMPLE
    assert message.message_id == b"1@example.com"
    assert message.pristine_header("subject") == [b"=?utf-8?Q?gr=C3=BC=C3=9Fe?=\n"]
    assert message.body_length == len(b"first \xe4\nline\n\nsecond\n")


def test_charsets_can_be_left_alone() -> None:
    message = Message(SAMPLE, ReadingSettings(normalize_charset=False))
    assert message.body[1] == b"first \xe4 line\n"


def test_scan_sizes() -> None:
    limits = ReadingSettings(body_part_scan_size=10, rawbody_part_scan_size=10)
    message = Message(b"Subject: s\n\n0123456789 rest of it", limits)
    assert message.body == [b"s\n", b"0123456789 "]
    assert message.rawbody == [b"0123456789 "]


def test_html_speaks_for_the_message() -> None:
    message = Message(
        b"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/html\n\n<p>one</p>\n"
        b"--b\nContent-Type: text/html\n\n<p>two</p><span style='display:none'>unseen</span>\n--b--\n"
    )
    assert len(message.html_pages) == 2
    assert message.html is message.html_pages[1]
    assert b"unseen" in b"".join(message.body)
    assert b"unseen" not in b"".join(message.visible_body)
    assert b"".join(message.invisible_body).strip() == b"unseen"


def test_an_empty_html_part_has_no_page() -> None:
    message = Message(b"Content-Type: text/html\n\n")
    assert message.html_pages == [None]
    assert message.html is None


_LINES = st.sampled_from(
    [
        b"Content-Type: multipart/mixed; boundary=b",
        b"Content-Type: message/rfc822",
        b"Content-Type: text/html; charset=utf-16",
        b"Content-Type: text/plain; charset=iso-2022-jp",
        b"Content-Transfer-Encoding: base64",
        b"Content-Transfer-Encoding: quoted-printable",
        b"Subject: =?utf-8?B?//8?= =?gb2312?Q?=B0?=",
        b"--b",
        b"--b--",
        b"",
        b"=C3=A4==",
        b"\x1b$B\x00\xff\xfe",
        b"<p style=x><a href='http://[",
    ]
)


def read_everything(raw: bytes) -> None:
    message = Message(raw)
    message.headers.all()
    for lines in (message.body, message.visible_body, message.invisible_body, message.rawbody):
        assert all(isinstance(line, bytes) for line in lines)
    assert message.parse_flags is not None
    assert message.part_digests is not None
    assert message.generated_message_id


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=500))
def test_arbitrary_bytes_never_raise(raw: bytes) -> None:
    read_everything(raw)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.one_of(_LINES, st.binary(max_size=40)), max_size=25), st.sampled_from([b"\n", b"\r\n", b"\r"])
)
def test_arbitrary_structures_never_raise(lines: list[bytes], end: bytes) -> None:
    read_everything(end.join(lines))


def test_hostile_shapes_end() -> None:
    chance = random.Random(1)
    for raw in (
        b"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/mixed; boundary=b\n\n"
        * 1000,
        b"Content-Type: message/rfc822\n\n" * 5000,
        b"A: 1\n\n" + b" \n" * 1_000_000 + b" " * 1_000_000,
        b"A:" + b"\n " * 500_000,
        b"Content-Type: text/plain\nContent-Transfer-Encoding: quoted-printable\n\n"
        + b" " * 1_000_000
        + b"=",
        b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b \tx\n" * 200_000,
        b"Content-Type: text/plain; charset=big5\n\n" + chance.randbytes(200_000),
    ):
        read_everything(raw)
