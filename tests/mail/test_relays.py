"""Relays split by trust, held against the original under several network configurations."""

import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from original_relays import LINES, about_messages
from pyspamd.base.ipset import IPSet, with_loopback
from pyspamd.mail.headers import parse_header_block
from pyspamd.mail.relays import KINDS, NetworkSettings, Relays

FETCHED = b"from pop.example.com by home.example.net with POP3"
SCANNED = (
    b"from 192.0.2.89 by mx.example.net (envelope-from <list@example.com>, uid 5) with qmail-scanner-1.2"
)

# Directive lines as configured; no entry is one that the configuration would drop as misplaced.
CONFIGURATIONS = {
    "none": "",
    "trusted": "trusted_networks 192.0.2.0/26 !192.0.2.99 2001:db8::/32",
    "internal": "internal_networks 192.0.2.32/27 192.0.2.96/28",
    "both": "trusted_networks !192.0.2.40 192.0.2/24\ninternal_networks 192.0.2.32/28 192.0.2.64/26",
    "msa": "trusted_networks 192.0.2/24\ninternal_networks 192.0.2/25\nmsa_networks 192.0.2.48/29 192.0.2.37",
    "everything": "trusted_networks 0/0\ninternal_networks !0/0",
    "nothing": "trusted_networks !0/0",
    "originating": "originating_ip_headers X-Originating-IP X-Sender-IP Subject\ntrusted_networks 192.0.2/25",
}


def settings(text: str) -> NetworkSettings:
    """The settings that the directive lines `text` make."""
    sets = {"trusted": with_loopback(), "internal": with_loopback(), "msa": IPSet()}
    configured = dict.fromkeys(sets, False)
    fields: list[str] = []
    for line in text.splitlines():
        directive, *words = line.split()
        if directive == "originating_ip_headers":
            fields += words
            continue
        kind = directive.removesuffix("_networks")
        for word in words:
            sets[kind].add(word)
        configured[kind] = True
    return NetworkSettings(
        sets["trusted"],
        sets["internal"],
        sets["msa"],
        configured["trusted"],
        configured["internal"],
        tuple(fields),
    )


def check(message: bytes, networks: NetworkSettings, answer: dict[str, Any]) -> None:
    """Hold our relays of `message` against the original's."""
    relays = Relays.split(parse_header_block(message).headers, networks)
    for kind in KINDS:
        assert relays.as_metadata(kind).decode("latin-1") == answer["relays"][kind], message
        turned = [address.decode() for address in relays.reversed_addresses(kind)]
        assert turned == answer["reversed"][kind], message
    counts = (relays.unparseable, relays.last_trusted_index, relays.last_internal_index)
    assert counts == (answer["unparseable"], answer["last_trusted"], answer["last_internal"]), message


def invented(chance: random.Random) -> bytes:
    """A message with a few Received lines, some of them fetchers' and scanners'."""
    fields = [
        b"Received: " + chance.choice([*LINES, *LINES, FETCHED, SCANNED]) for _ in range(chance.randint(0, 7))
    ]
    for name in (b"X-Originating-IP", b"X-Sender-IP", b"Subject"):
        if chance.random() < 0.3:
            value = chance.choice([b"192.0.2.200", b"[10.1.2.3]", b"x", b"ip 2001:db8::7 here", b"256.1.1.1"])
            fields.insert(chance.randint(0, len(fields)), name + b": " + value)
    return b"\n".join([*fields, b"From: anna@example.com", b"", b"text", b""])


@pytest.mark.oracle
@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_relays_are_split_as_the_original_splits_them(name: str, oracle: str, stock_rules: Path) -> None:
    chance = random.Random(name)
    messages = [invented(chance) for _ in range(400)]
    networks = settings(CONFIGURATIONS[name])
    answers = about_messages(oracle, stock_rules, CONFIGURATIONS[name], messages)
    for message, answer in zip(messages, answers, strict=True):
        check(message, networks, answer)


@pytest.mark.oracle
def test_corpus_relays(corpus: Path, expected_local: dict[str, dict[str, Any]], stock_rules: Path) -> None:
    fields: list[str] = []
    for path in sorted(stock_rules.glob("*.cf")):
        for line in path.read_text("latin-1").splitlines():
            if line.startswith("originating_ip_headers "):
                fields += line.split()[1:]
    networks = NetworkSettings(originating_ip_headers=tuple(fields))
    for file, expected in expected_local.items():
        relays = Relays.split(parse_header_block((corpus / file).read_bytes()).headers, networks)
        got = {kind: relays.as_metadata(kind).decode("latin-1") for kind in KINDS}
        assert got == expected["relays"], file


def split(*lines: bytes, networks: NetworkSettings = NetworkSettings()) -> Relays:  # noqa: B008 -- frozen
    """The relays of a message with these Received lines."""
    block = b"".join(b"Received: " + line + b"\n" for line in lines)
    return Relays.split(parse_header_block(block + b"\n").headers, networks)


def test_trust_is_inferred_as_documented() -> None:
    relays = split(
        b"from a.example.com (a.example.com [10.0.0.1]) by mx.example.net (Postfix) with ESMTP id ABC1",
        b"from pc (pc.example.com [192.0.2.1]) by a.example.com (Postfix) with ESMTPSA id ABC2",
        b"from b.example.com (b.example.com [192.0.2.2]) by pc (Postfix) with ESMTP id ABC3",
        b"from c.example.com (c.example.com [10.0.0.2]) by b.example.com (Postfix) with ESMTP id ABC4",
    )
    assert [relay.ip for relay in relays.trusted] == [b"10.0.0.1", b"192.0.2.1"]
    assert [relay.ip for relay in relays.untrusted] == [b"192.0.2.2", b"10.0.0.2"]
    assert relays.trusted == relays.internal and relays.all == relays.trusted + relays.untrusted
    assert [relay.internal for relay in relays.all] == [True, True, False, False]
    assert [relay.ip_private for relay in relays.all] == [True, False, False, True]


@pytest.mark.oracle
def test_a_forged_msa_field_is_marked_as_the_original_marks_it(oracle: str, stock_rules: Path) -> None:
    line = (
        b"Received: from x (y [192.0.2.%d]) (Authenticated sender: anna) by z (Mail%b) with SMTP id ABC12\n"
    )
    message = line % (96, b" msa=5 X") + line % (97, b" msa=5") + b"\n"
    configuration = CONFIGURATIONS["msa"] + " 192.0.2.96"
    check(message, settings(configuration), about_messages(oracle, stock_rules, configuration, [message])[0])


@given(st.lists(st.sampled_from(LINES) | st.binary(max_size=40)))
def test_no_header_raises(lines: list[bytes]) -> None:
    relays = split(*lines)
    assert set(relays.internal) <= set(relays.trusted)
    assert len(relays.all) == len(relays.internal) + len(relays.external)
