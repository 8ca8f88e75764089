"""Messages as they crossed the wire, and the body hashes they lead to."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyspamd.auth import arc, dkim, domainkeys, wireform
from pyspamd.auth.canonical import nofws_body, nofws_field, relaxed_body, relaxed_field, simple_body
from pyspamd.auth.pending import key_name
from pyspamd.auth.wireform import WireMessage, wire_form


@pytest.mark.parametrize(
    ("raw", "wire"),
    [
        (b"A: 1\nB: 2\n\nx\ny\n", b"A: 1\r\nB: 2\r\n\r\nx\r\ny\r\n"),
        (b"A: 1\r\n\r\nx\r\n", b"A: 1\r\n\r\nx\r\n"),
        # A line end within an LF message was CR CR LF on the wire.
        (b"A: 1\n\nx\r\ny\n", b"A: 1\r\n\r\nx\r\r\ny\r\n"),
        # In a CRLF message only the header is mended; a bare LF in its body is the sender's own.
        (b"A: 1\r\nB:\n 2\r\n\r\nx\ny\r\n", b"A: 1\r\nB:\r\n 2\r\n\r\nx\ny\r\n"),
        (b"A: 1\r\nB: 2\n\nx\ny\r\n", b"A: 1\r\nB: 2\r\n\r\nx\ny\r\n"),
        (b"A: 1\nB: 2\r\n", b"A: 1\r\nB: 2\r\n"),
        (b"From joe Mon Jan  1\nA: 1\n\n", b"A: 1\r\n\r\n"),
        (b"From : joe\n\n", b"From : joe\r\n\r\n"),
        (b"", b""),
        (b"x", b"x"),
    ],
)
def test_wire_form(raw: bytes, wire: bytes) -> None:
    assert wire_form(raw) == wire


def test_fields() -> None:
    message = WireMessage(b"A: 1\n 2\nno field\nB :3\n\tx\n\nbody\n")
    assert [(field.name, field.text) for field in message.fields] == [
        (b"a", b"A: 1\r\n 2"),
        (b"", b"no field"),
        (b"b", b"B :3\r\n\tx"),
    ]
    assert message.fields[0].value == b" 1\r\n 2"
    assert message.body == b"body\r\n"
    assert not message.has_signature()
    assert WireMessage(b"A: 1\ndkim-signature : x\n\n").has_signature()
    assert not WireMessage(b"A: 1\n\nDKIM-Signature: x\n").has_signature()


@pytest.mark.parametrize("raw", [b"", b"\n", b"\r\n", b"A: 1", b"A: 1\n", b"\nbody\n"])
def test_messages_without_header_or_body(raw: bytes) -> None:
    message = WireMessage(raw)
    assert len(message.fields) == (1 if raw.startswith(b"A") else 0)
    assert message.body == (b"body\r\n" if b"body" in raw else b"")


def test_key_names() -> None:
    assert key_name("s1", "example.com") == "s1._domainkey.example.com"
    assert key_name("s1", "b\xfccher.example") == "s1._domainkey.xn--bcher-kva.example"


def line_by_line(body: bytes, form: str) -> bytes:
    """RFC 6376 section 3.4 and RFC 4870 section 3.4.2, a line at a time."""
    lines = body.split(b"\r\n")
    if form == "relaxed":
        lines = [_relax(line) for line in lines]
    elif form == "nofws":
        lines = [line.translate(None, b" \t\r\n") for line in lines]
    while lines and not lines[-1]:
        lines.pop()
    return b"".join(line + b"\r\n" for line in lines)


def _relax(line: bytes) -> bytes:
    pieces = line.replace(b"\t", b" ").split(b" ")
    lead = b" " if pieces[0] == b"" and len(pieces) > 1 and any(pieces) else b""
    return lead + b" ".join(filter(None, pieces))


@given(st.lists(st.sampled_from([b"x", b" ", b"\t", b"\r\n", b"\r\n\r\n", b"yy", b"\r", b"\n"]), max_size=30))
def test_bodies_line_by_line(pieces: list[bytes]) -> None:
    body = b"".join(pieces)
    assert simple_body(body) == (line_by_line(body, "simple") or b"\r\n")
    assert relaxed_body(body) == line_by_line(body, "relaxed")
    assert nofws_body(body) == line_by_line(body, "nofws")


def test_long_runs_of_blanks_cost_no_more_than_their_length() -> None:
    body = (b" " * 200_000 + b"x") * 5
    assert relaxed_body(body) == b" x" * 5 + b"\r\n"


ARC_FIELDS = (
    b"ARC-Seal: i=1; cv=none; b=\r\n"
    b"ARC-Message-Signature: i=1; h=x-long; b=\r\n"
    b"ARC-Authentication-Results: i=1; x; none\r\n"
    b"X-Long: " + b"b  b " * 1000 + b"\r\n"
)


def test_fifty_signatures_of_one_field(monkeypatch: pytest.MonkeyPatch) -> None:
    worked_out: Counter[bytes] = Counter()

    def relaxed(text: bytes) -> bytes:
        worked_out[text[:8] + b" relaxed"] += 1
        return relaxed_field(text)

    def nofws(text: bytes) -> bytes:
        worked_out[text[:8] + b" nofws"] += 1
        return nofws_field(text)

    monkeypatch.setattr(wireform, "relaxed_field", relaxed)
    monkeypatch.setattr(wireform, "nofws_field", nofws)
    message = WireMessage(ARC_FIELDS + b"\r\nx\r\n")
    seal, *_, long = message.fields
    sets = arc.sets_of(message)
    for _ in range(50):
        signed = dkim.signed_text(b"relaxed", [long], seal)
        assert signed == b"x-long:" + b" ".join([b"b"] * 2000) + b"\r\narc-seal:i=1; cv=none; b="
        assert domainkeys.signed_text(b"nofws", [long], b"").count(b"b") == 2000
        assert arc.sealed_text(sets, 1, seal).count(b"\r\n") == 2
    assert set(worked_out.values()) == {1}
    assert {b"X-Long:  relaxed", b"X-Long:  nofws"} <= worked_out.keys()
