"""Header requests, envelope senders and correspondents: as the original answers on invented and real mail."""

import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from original_relays import LINES, about_messages
from pyspamd.base.ipset import IPSet
from pyspamd.base.registry import Registry
from pyspamd.mail.correspondents import all_from_addresses, all_from_domains, all_to_addresses
from pyspamd.mail.header_request import parse_request
from pyspamd.mail.header_view import HeaderView
from pyspamd.mail.message import Message
from pyspamd.mail.relays import NetworkSettings, Relays

REQUESTS = """
From From:raw From:addr From:name From:name:raw From:raw:addr From:addr:host From:addr:domain
From:host From:domain From:first From:last:addr From:unheardof To To:addr To:name ToCc ToCc:addr
ToCc:raw tocc:addr:domain Cc:addr Subject Subject:raw Subject:host Subject:ip Subject:name Received
Received:raw Received:first Received:last:raw Received:ip Received:revip Received:host
Received:domain Received:addr Message-Id Message-Id:raw Message-ID:host Message-ID:domain MESSAGEID
MESSAGEID:raw MESSAGEID:host MESSAGEID:addr EnvelopeFrom EnvelopeFrom:addr EnvelopeFrom:host
envelopefrom:raw Return-Path Return-Path:addr Reply-To:addr Reply-To:name Reply-To:addr:host ALL
ALL:raw ALL-TRUSTED ALL-TRUSTED:raw ALL-INTERNAL ALL-INTERNAL:raw ALL-UNTRUSTED ALL-UNTRUSTED:raw
ALL-EXTERNAL ALL-EXTERNAL:raw X-Spam-Relays-Trusted X-Spam-Relays-Untrusted X-Spam-Relays-External
X-Spam-Relays-Internal X-Spam-Relays-Untrusted:raw X-Spam-Relays-External:ip X-Spam-Relays-
External:revip X-Spam-Relays-External:first:host X-Spam-Status X-Spam-Level:raw X-SenderDomain
X-AuthorDomain Date Content-Type:raw X-Originating-IP:ip X-Originating-IP:revip List-Id:host
References References:domain Sender:name all all-trusted Absent Absent:addr
""".split()

NAMES = """
From From From To To Cc Subject Received Received Received Message-Id Message-ID X-Message-Id
Resent-Message-Id Return-Path Reply-To X-Spam-Status X-Spam-Level X-spam-relays-trusted X-Spam-
Relays-Untrusted Date List-Id References X-Originating-IP Sender Resent-From Resent-To Delivered-To
X-Sender X-Envelope-From Envelope-Sender X-SenderDomain X-AuthorDomain all Apparently-To X-Original-
To Resent-Cc EnvelopeFrom ToCc
""".split()
# Of names that are not ASCII only such that every edition of IDNA reads alike.
VALUES = [
    *(b"anna@example.com", b"<anna@example.com>", b'"Anna B" <anna@example.com>', b"joe@example.co.uk (Joe)"),
    *(b"Joe <joe@mail.example.museum>, ann@a.example.com", b"<>", b"<@>", b'"a@b" <c@d.example.net>', b"a@"),
    *(b"undisclosed-recipients:;", b"list: a@b.example.com, c@d.example.com;", b"a@b.com@c.com", b"@b.com"),
    *(
        b"=?utf-8?Q?J=C3=B6rg?= <j@x.example.org>",
        b"=?utf-8?Q?a=0AReceived:_x=0Ab?=",
        b"'Ann' <a@example.com>",
    ),
    *(
        b"\"'Ann  B'\" <a@example.com>",
        b"www.example.com.",
        b"x.example.community",
        b"-a.com",
        b"_a.com",
        b"a..com",
    ),
    *(
        b".com",
        b"a.com-b",
        b"x@y.com.z",
        b"http://www.example.org/path",
        b"<abc123@mail.example.org>",
        b"0",
        b"'",
    ),
    *(
        b"<abc@[192.0.2.1]>",
        b"192.0.2.7",
        b"1.192.0.2.9",
        b".192.0.2.9",
        b"192.0.2.9.",
        b"IPv6:2001:db8::1",
        b"::1",
    ),
    *(
        b"2001:db8::2",
        b"b\xc3\xbccher.de",
        b"a@b\xc3\xbccher.de",
        b"b.x.k12.ca.us",
        b"a_b.com",
        b"a_b.example.com",
    ),
    *(
        b"host.invalidtld",
        b"EXAMPLE.COM",
        b"user@host...",
        b"for <anna@example.com>; Mon",
        b"''",
        b"  ",
    ),
    *(
        b"for joe@example.org;",
        b"for <@x.com>;",
        b"for a@b@c.com>;;",
        b"by mx (fetchmail-6.3)",
        b"\t",
        b"\x00",
    ),
    *(
        b"a" * 260 + b".com",
        b"x." * 140 + b"org",
        b"y" * 100 + b"@" + b"z" * 252 + b".com",
        b"a(b",
        b'"',
        b"(c)",
        b";",
    ),
]


@pytest.fixture(scope="module")
def registry(stock_rules: Path) -> Registry:
    """The delegation rules of the original."""
    lists: dict[str, set[str]] = {"util_rb_tld": set(), "util_rb_2tld": set(), "util_rb_3tld": set()}
    for line in (stock_rules / "20_aux_tlds.cf").read_text("latin-1").splitlines():
        words = line.split("#")[0].split()
        if words and words[0] in lists:
            lists[words[0]].update(words[1:])
    return Registry(*lists.values())


def viewed(
    raw: bytes, registry: Registry, networks: NetworkSettings, envelope_header: str | None = None
) -> HeaderView:
    """The header view of a message."""
    message = Message(raw)
    return HeaderView(message, Relays.split(message.headers, networks), {}, registry, envelope_header)


def text(values: list[bytes]) -> list[str]:
    """`values` with an octet a character."""
    return [value.decode("latin-1") for value in values]


def check(view: HeaderView, registry: Registry, answer: dict[str, Any]) -> None:
    """Hold everything `view` says against the original."""
    for request in REQUESTS:
        value = view.get(request)
        expected, *values = answer["get"][request]
        assert text(view.values(request)) == values, request
        assert (None if value is None else value.decode("latin-1")) == expected, request
    sender = view.envelope_from
    assert (None if sender is None else sender.decode("latin-1")) == answer["envelope_from"]
    assert sorted(text(all_from_addresses(view))) == answer["from"]
    assert sorted(text(all_from_domains(view, registry))) == answer["domains"]
    assert text(all_to_addresses(view)) == answer["to"]


def invented(chance: random.Random) -> bytes:
    """A message whose fields hold this and that, not always well put."""
    lines = []
    for _ in range(chance.randint(0, 14)):
        name = chance.choice(NAMES).encode()
        if name == b"Received" and chance.random() < 0.8:
            value = chance.choice(LINES)
        else:
            glue = [b" ", b", ", b"\n ", b"\n\t", b"", b";", b"\r"]
            words = [chance.choice(VALUES) + chance.choice(glue) for _ in range(chance.randint(0, 3))]
            value = b"".join(words)
        lines.append(name + chance.choice([b": ", b": ", b":", b" : ", b":\n "]) + value + b"\n")
        if chance.random() < 0.03:
            lines.append(chance.choice([b"no field\n", b">From here\n", b" more\n", b": x\n"]))
    block = b"".join(lines)
    if chance.random() < 0.9:
        block += b"\ntext\n"
    return block.replace(b"\n", b"\r\n") if chance.random() < 0.15 else block


@pytest.mark.oracle
@pytest.mark.parametrize(
    ("configuration", "networks", "envelope_header"),
    [
        ("", NetworkSettings(), None),
        (
            "trusted_networks 192.0.2.0/26\n",
            NetworkSettings(trusted=IPSet(["127/8", "::1", "192.0.2.0/26"]), trusted_configured=True),
            None,
        ),
        ("envelope_sender_header X-Sender\n", NetworkSettings(), "X-Sender"),
    ],
    ids=["guessing", "networks", "envelope"],
)
def test_invented_mail(
    configuration: str,
    networks: NetworkSettings,
    envelope_header: str | None,
    oracle: str,
    stock_rules: Path,
    registry: Registry,
) -> None:
    chance = random.Random(configuration)
    messages = [invented(chance) for _ in range(300)]
    answers = about_messages(oracle, stock_rules, configuration, messages, REQUESTS)
    for raw, answer in zip(messages, answers, strict=True):
        check(viewed(raw, registry, networks, envelope_header), registry, answer)


@pytest.mark.oracle
def test_real_mail(corpus: Path, oracle: str, stock_rules: Path, registry: Registry) -> None:
    messages = [path.read_bytes()[:40_000] for path in sorted(corpus.rglob("*.eml"))[3::29]]
    assert len(messages) > 50
    answers = about_messages(oracle, stock_rules, "", messages, REQUESTS)
    for raw, answer in zip(messages, answers, strict=True):
        check(viewed(raw, registry, NetworkSettings()), registry, answer)


def plain(raw: bytes, metadata: dict[str, bytes] | None = None) -> HeaderView:
    """A view with a small registry and nothing configured."""
    message = Message(raw)
    small = Registry({"com", "org"})
    return HeaderView(message, Relays.split(message.headers, NetworkSettings()), metadata or {}, small)


def test_metadata_stands_in_for_fields_that_are_absent() -> None:
    metadata = {"X-Languages": b"en de"}
    view = plain(b"Subject: x\n\n", metadata)
    assert view.get("X-Languages") == b"en de"
    assert view.get("x-languages:raw") == b"en de"
    assert view.get("X-Relay-Countries") is None
    metadata["X-Relay-Countries"] = b"XX"
    view.forget("x-relay-countries")
    assert view.get("X-Relay-Countries") == b"XX"
    assert plain(b"X-Languages: fr\n\n", metadata).get("X-Languages") == b"fr\n"


def test_answers_are_the_callers_own() -> None:
    view = plain(b"To: a@example.com, b@example.com\n\n")
    view.values("To:addr").clear()
    assert view.values("To:addr") == [b"a@example.com", b"b@example.com"]
    assert view.get("To:addr") == b"a@example.com"


def test_requests_are_taken_apart() -> None:
    request = parse_request("From:first:addr:domain")
    assert (request.field, request.first, request.addr, request.domain, request.host) == ("From", *[True] * 4)
    assert not request.raw and not request.last and request.single
    assert not parse_request("From:raw").single and parse_request("EnvelopeFrom").single


def test_a_header_that_names_itself_gives_no_sender() -> None:
    raw = b"Return-Path: <a@example.com>\nFrom: b@example.com\n\n"
    message = Message(raw)
    view = HeaderView(
        message,
        Relays.split(message.headers, NetworkSettings()),
        {},
        Registry({"com"}),
        "EnvelopeFrom",
    )
    assert view.envelope_from == b"a@example.com"


@given(
    st.binary(max_size=400) | st.lists(st.sampled_from(VALUES)).map(b"\nFrom: ".join), st.text(max_size=20)
)
def test_nothing_raises(raw: bytes, request: str) -> None:
    view = plain(b"To: " + raw)
    for name in (*REQUESTS, request):
        view.get(name)
    all_to_addresses(view)
    assert isinstance(all_from_addresses(view), list)


@pytest.mark.parametrize("unit", [b"@", b"a@", b".com", b"a.com@", b"x.", b"a.com ", b"1.", b":", b"_.com"])
def test_repetition_does_not_hold_the_view_up(unit: bytes) -> None:
    fields = b"".join(
        b"%b: %b;\n" % (name, unit * (8000 // len(unit))) for name in (b"From", b"Subject", b"Received")
    )
    view = plain(fields + b"\n")
    for request in ("Subject:host", "From:addr:host", "Received:ip", "From:domain"):
        view.get(request)
    assert all_to_addresses(view) == []
