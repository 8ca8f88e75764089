"""Questions and answers in the DNS' own form."""

from pathlib import Path
from typing import Any

import dns.message
import dns.rcode
import dns.rrset
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyspamd.net import wire
from pyspamd.net.cache import AnswerCache
from pyspamd.net.nameservers import NameServer, read_server, system_servers
from pyspamd.net.resolver import Answer, failure
from pyspamd.net.wire import (
    Question,
    UnreadableAnswerError,
    UnusableNameError,
    belongs,
    build,
    is_truncated,
    mixed_case,
    read,
    wire_name,
)


def respond(question: Question, *records: str, rcode: int = 0, authority: str = "") -> bytes:
    """The response a server would send; each record is `NAME TTL IN TYPE DATA`."""
    message = dns.message.make_response(dns.message.from_wire(question.packet))
    message.set_rcode(dns.rcode.Rcode(rcode))
    for section, lines in ((message.answer, records), (message.authority, [authority] if authority else [])):
        for line in lines:
            name, ttl, _, kind, data = line.split(None, 4)
            section.append(dns.rrset.from_text(name + ".", int(ttl), "IN", kind, data))
    return message.to_wire()


def answer(
    *records: str, name: str = "example.com", kind: str = "A", rcode: int = 0, authority: str = ""
) -> Answer:
    question = build(name, kind)
    packet = respond(question, *records, rcode=rcode, authority=authority)
    assert belongs(question, packet)
    return read(question, packet)


def test_questions() -> None:
    question = build("mail.example.com.", "MX", payload=4096)
    message = dns.message.from_wire(question.packet)
    assert [str(q) for q in message.question] == ["mail.example.com. IN MX"]
    assert (message.id, message.edns, message.payload) == (question.ident, 0, 4096)
    assert dns.message.from_wire(build("example.com", "A").packet).edns == -1
    assert len({build("example.com", "A").ident for _ in range(50)}) > 40


@pytest.mark.parametrize("name", ["a..b", ".a", "x" * 64 + ".example", ".".join(["x" * 60] * 5)])
def test_names_that_cannot_be_asked_for(name: str) -> None:
    with pytest.raises(UnusableNameError):
        wire_name(name)


def test_odd_names() -> None:
    assert wire_name(".") == wire_name("") == b"\0"
    assert wire_name("a b\\.c") == b"\x04a b\\\x01c\0"
    assert wire_name("\xe9.x") == b"\x02\xc3\xa9\x01x\0"
    with pytest.raises(UnusableNameError):
        build("example.com", "NOSUCHTYPE")


def test_mixed_case() -> None:
    name = wire_name("abcdefghijklmnopqrstuvwxyz.example.com")
    forms = {mixed_case(name) for _ in range(20)}
    assert len(forms) > 10
    assert {form.lower() for form in forms} == {name}


def test_answers_belong_to_their_questions() -> None:
    question = build("example.com", "A", mix_case=True)
    packet = respond(question, "example.com 300 IN A 192.0.2.1")
    assert belongs(question, packet)
    assert not belongs(question, question.packet)
    assert not belongs(build("example.com", "A"), packet[:2] + b"x")
    other = build("example.org", "A")
    assert not belongs(question, respond(other))
    assert not belongs(question, packet[:12] + packet[12:].swapcase())
    plain = build("example.com", "A")
    packet = respond(plain)
    assert belongs(plain, packet[:12] + packet[12:].swapcase())
    wrong = bytes([packet[0] ^ 1]) + packet[1:]
    assert not belongs(plain, wrong)
    # A refusal without the question.
    assert belongs(plain, packet[:2] + b"\x81\x81" + b"\0" * 8)
    assert not belongs(plain, packet[:2] + b"\x81\x80" + b"\0" * 8)


def test_records() -> None:
    found = answer("example.com 300 IN A 192.0.2.1", "example.com 60 IN A 192.0.2.2")
    assert (found.status, found.records, found.rcode) == ("ok", ["192.0.2.1", "192.0.2.2"], "NOERROR")
    assert found.ttl == 60
    assert answer("example.com 9 IN MX 10 m.example.com.", kind="MX").records == ["10 m.example.com"]
    texts = answer('example.com 9 IN TXT "v=spf1 " "-all"', 'example.com 9 IN TXT "x"', kind="TXT")
    assert texts.texts == [b"v=spf1 -all", b"x"]
    assert texts.found[0].strings == (b"v=spf1 ", b"-all")
    assert answer("example.com 9 IN AAAA 2001:db8::1", kind="AAAA").records == ["2001:db8::1"]
    assert answer("example.com 9 IN PTR Host.Example.", kind="PTR").records == ["Host.Example"]


def test_aliases() -> None:
    found = answer(
        "www.example.com 300 IN CNAME example.com.",
        "example.com 30 IN A 192.0.2.1",
        "evil.example 300 IN A 203.0.113.1",
        name="www.example.com",
    )
    assert (found.records, found.ttl, found.aliases) == (["192.0.2.1"], 30, 1)
    found = answer("www.example.com 300 IN CNAME example.com.", name="www.example.com")
    assert (found.status, found.aliases) == ("nodata", 1)
    loop = answer("a.example 300 IN CNAME a.example.", name="a.example")
    assert loop.status == "nodata"


def test_records_of_other_names_are_ignored() -> None:
    assert answer("evil.example 300 IN A 203.0.113.1").status == "nodata"


def test_negative_answers() -> None:
    soa = "example.com 900 IN SOA ns.example.com. root.example.com. 1 2 3 4 50"
    found = answer(rcode=3, authority=soa)
    assert (found.status, found.ttl, found.rcode) == ("nxdomain", 50, "NXDOMAIN")
    found = answer(authority=soa)
    assert (found.status, found.ttl, found.rcode) == ("nodata", 50, "NOERROR")
    assert answer(rcode=3).ttl > 0


@pytest.mark.parametrize(
    ("rcode", "status", "name"),
    [
        (2, "servfail", "SERVFAIL"),
        (5, "refused", "REFUSED"),
        (1, "servfail", "FORMERR"),
        (4, "servfail", "NOTIMP"),
    ],
)
def test_failures(rcode: int, status: str, name: str) -> None:
    found = answer(rcode=rcode)
    assert (found.status, found.rcode, found.passing, found.ttl) == (status, name, True, 0)


def test_truncation() -> None:
    question = build("example.com", "A")
    packet = bytearray(respond(question))
    assert not is_truncated(bytes(packet))
    packet[2] |= 2
    assert is_truncated(bytes(packet))


@given(st.binary(max_size=200))
def test_never_raises_anything_else(tail: bytes) -> None:
    question = build("example.com", "A")
    packet = respond(question, "example.com 300 IN A 192.0.2.1")
    for data in (packet[:12] + tail, packet[:29] + tail, tail, packet[: len(tail)]):
        if belongs(question, data):
            try:
                read(question, data)
            except UnreadableAnswerError as error:
                assert str(error) is not None


NAMES = st.sampled_from(
    ["example.com", "www.example.com", "a.example", "odd\\.dot.example", "host.x", "UPPER.example"]
)
DATA = st.one_of(
    st.tuples(st.just("A"), st.sampled_from(["192.0.2.1", "192.0.2.2"])),
    st.tuples(st.just("AAAA"), st.sampled_from(["2001:db8::1", "::ffff:192.0.2.1", "::"])),
    st.tuples(st.just("CNAME"), NAMES.map("{}.".format)),
    st.tuples(st.just("NS"), NAMES.map("{}.".format)),
    st.tuples(st.just("PTR"), NAMES.map("{}.".format)),
    st.tuples(st.just("MX"), NAMES.map("10 {}.".format)),
    st.tuples(st.just("MX"), st.just("0 .")),
    st.tuples(st.just("TXT"), st.sampled_from(['"a" "b"', '""', '"\\200x"', '"v=spf1 -all"'])),
    st.tuples(st.just("SRV"), st.just("1 2 3 host.x.")),
)
LINES = st.lists(st.tuples(NAMES, st.integers(0, 99), DATA), max_size=6)


@given(LINES, NAMES, st.sampled_from(["A", "AAAA", "CNAME", "NS", "PTR", "MX", "TXT", "SRV"]), st.booleans())
def test_both_readers_agree(lines: Any, name: str, kind: str, none: bool) -> None:
    question = build(name.replace("\\", ""), kind)
    records = [f"{owner} {ttl} IN {type_} {data}" for owner, ttl, (type_, data) in lines]
    soa = "example.com 77 IN SOA ns.x. root.x. 1 2 3 4 55"
    packet = respond(question, *records, rcode=3 if none else 0, authority=soa)
    by_hand = read(question, packet)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(wire, "read_common", lambda *_: None)
        general = read(question, packet)
    assert (by_hand.status, by_hand.found, by_hand.aliases) == (
        general.status,
        general.found,
        general.aliases,
    )
    assert by_hand.ttl == general.ttl


# What answers are remembered


def test_cache() -> None:
    now = [0.0]
    cache = AnswerCache(2, clock=lambda: now[0])
    good = Answer("a", "A", "ok", ttl=10)
    cache.put(("a", "A"), good)
    cache.put(("b", "A"), failure("b", "A", "servfail", ttl=10))
    assert (cache.get(("a", "A")), cache.get(("b", "A"))) == (good, None)
    cache.put(("c", "A"), good)
    assert cache.get(("a", "A")) is good
    cache.put(("d", "A"), good)
    assert cache.get(("c", "A")) is None
    now[0] = 10.0
    assert cache.get(("a", "A")) is None
    cache.clear()
    assert len(cache) == 0


# Whom to ask


@pytest.mark.parametrize(
    ("text", "server"),
    [
        ("192.0.2.1", NameServer("192.0.2.1")),
        ("192.0.2.1:5300", NameServer("192.0.2.1", 5300)),
        ("[192.0.2.1]:53", NameServer("192.0.2.1")),
        ("[::1]:53", NameServer("::1")),
        ("2001:db8::1", NameServer("2001:db8::1")),
        ("fe80::1%lo0", NameServer("fe80::1%lo0")),
    ],
)
def test_servers(text: str, server: NameServer) -> None:
    assert read_server(text) == server


@pytest.mark.parametrize("text", ["", "ns.example.com", "192.0.2.1:0", "192.0.2.1:70000", "[::1", "300.1"])
def test_no_servers(text: str) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        read_server(text)


def test_system_servers(tmp_path: Path) -> None:
    path = tmp_path / "resolv.conf"
    path.write_text("# x\nsearch example.com\nnameserver 192.0.2.1\nnameserver bad\nnameserver 2001:db8::1\n")
    assert system_servers(path) == (NameServer("192.0.2.1"), NameServer("2001:db8::1"))
    assert system_servers(path.with_name("absent")) == (NameServer("127.0.0.1"),)
