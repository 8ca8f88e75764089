"""MIME trees, sound and broken."""

import pytest

from pyspamd.mail.message import Message
from pyspamd.mail.part import Part


def shape(part: Part) -> object:
    """The tree as nested lists: a leaf is its type and content."""
    if part.children is None:
        return (part.type, part.decode())
    return [part.type, *map(shape, part.children)]


def read(body: bytes, content_type: bytes = b'multipart/mixed; boundary="b"') -> Message:
    return Message(b"Content-Type: " + content_type + b"\n\n" + body)


def test_a_plain_multipart() -> None:
    message = read(b"preamble\n--b\nContent-Type: text/html\n\n<p>\n--b\n\ntext\n\n--b--\n")
    assert shape(message.root) == ["multipart/mixed", ("text/html", b"<p>"), ("text/plain", b"text\n")]
    assert message.boundary_state == {b"b": 0}
    assert message.parse_flags == {"missing_mime_headers"}


def test_nested_multiparts_and_messages() -> None:
    inner = b"Subject: in\nContent-Type: multipart/alternative; boundary=c\n\n--c\n\n1\n--c\n\n2\n--c--\n"
    message = read(b"--b\nContent-Type: message/rfc822\n\n" + inner + b"\n--b--\n")
    attached = message.root.children[0] if message.root.children else None
    assert attached and attached.children
    assert attached.children[0].headers.decoded("subject") == [b"in"]
    assert shape(message.root) == [
        "multipart/mixed",
        ["message/rfc822", ["multipart/alternative", ("text/plain", b"1"), ("text/plain", b"2")]],
    ]
    assert message.root.content_summary() == [
        "multipart/mixed",
        "message/rfc822,multipart/alternative,text/plain,text/plain",
    ]


@pytest.mark.parametrize(
    ("body", "flags", "balance"),
    [
        (b"--b\nA: 1\n\nx\n--b--\n", set(), 0),
        (b"--b\nA: 1\n\nx\n", set(), 1),
        (b"x\n", set(), None),
        (b"--b\nno header\n--b--\n", {"missing_mime_headers", "missing_mime_head_body_separator"}, 0),
        (b"--b\nA: 1\n\nx\n--b--\n\nmore\n", {"mime_epilogue_exists"}, 0),
        (b"--b\nA: 1\n\nx\n--b--\n\n . \n", set(), 0),
        (b"y\n--b--\n", set(), -1),
    ],
)
def test_flags(body: bytes, flags: set[str], balance: int | None) -> None:
    message = read(body)
    assert message.parse_flags == flags
    assert message.boundary_state.get(b"b") == balance


def test_no_boundary_means_plain_text() -> None:
    assert shape(read(b"x: y\n--b\n", b"multipart/mixed").root) == ("text/plain", b"\nx: y\n--b\n")


def test_digests_hold_messages() -> None:
    message = read(b"--b\n\nSubject: x\n\nhi\n--b--\n", b"multipart/digest; boundary=b")
    assert shape(message.root) == ["multipart/digest", ["message/rfc822", ("text/plain", b"hi")]]


def test_a_boundary_used_again_inside() -> None:
    inner = b"--b\nContent-Type: multipart/related; boundary=b\n\n--b\n\n1\n--b--\nrest\n--b--\n"
    assert shape(read(inner).root) == ["multipart/mixed", ["multipart/related", ("text/plain", b"1")]]


def test_long_lines_in_parts_are_broken() -> None:
    part = read(b"--b\n\n" + b"x" * 5000 + b"\n--b--\n").find_parts(only_leaves=True)[0]
    assert part.raw_lines == [b"x" * 2048 + b"\n", b"x" * 2048 + b"\n", b"x" * 904]


def test_blank_lines_are_limited() -> None:
    assert Message(b"A: 1\n\nx\n" + b"\n" * 30 + b"y\n").root.decode() == b"x\n" + b"\n" * 20 + b"y\n"
    assert Message(b"A: 1\n\n" + b" \n" * 30 + b"y\n").root.decode() == b" \n" * 21 + b"y\n"


def test_depth_and_number_are_limited() -> None:
    nested = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (number, number) for number in range(1000)
    )
    depth, part = 0, Message(nested + b"\ntext\n").root
    while part.children:
        depth, part = depth + 1, part.children[0]
    assert (depth, part.type) == (20, "multipart/mixed")
    message = read(b"--b\n\nx\n" * 1500)
    assert len(message.root.children or ()) == 1000
    assert message.parse_flag("mimepart_limit_exceeded")


def test_names_decide_what_is_html() -> None:
    message = read(b'--b\nContent-Disposition: attachment; filename="x.HTM"\n\n<b>hi</b>\n--b--\n')
    part = message.find_parts(only_leaves=True)[0]
    assert (part.type, part.effective_type, part.rendered()) == (
        "text/plain",
        "text/html",
        ("text/html", b"hi"),
    )


def test_rendering_can_be_replaced() -> None:
    message = read(b"--b\nContent-Type: image/png\n\nx\n--b--\n")
    part = message.find_parts(only_leaves=True)[0]
    assert part.rendered() == (None, None)
    part.set_rendered(b"seen in the picture")
    assert message.body == [b"\n", b"seen in the picture"]
