"""Header fields that keep backtracking patterns busy: the original's answers on small ones, time on large ones."""

import random
import re
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyspamd.plugins.extracttext import _has_link
from pyspamd.plugins.headereval import _charsets

RULES = """
loadplugin Mail::SpamAssassin::Plugin::HeaderEval
loadplugin Mail::SpamAssassin::Plugin::RelayEval
ok_locales ja
header FARAWAY eval:check_for_faraway_charset_in_headers()
header TRAIL   eval:check_for_forged_received_trail()
header ADDRESS eval:check_for_forged_received_ip_helo()
"""
HOP = "Received: from {helo} ({rdns} [203.0.113.{number}]) by {by} with SMTP id 1;\n\tMon, 23 Nov 2026 06:00:00 +0000\n"
HOSTS = (
    "a.b.example",
    "a.example",
    "mx.a.co.uk",
    "1.2.3.4",
    "1.2.3",
    "12.34.56.78.9",
    "1..2",
    "localhost",
    "a-b.c",
    "_.x.y",
)


def test_hosts_that_go_by_several_names(agreement: Any) -> None:
    dice = random.Random(4)
    mails = []
    for _ in range(60):
        hops = (
            HOP.format(helo=dice.choice(HOSTS), rdns=dice.choice(HOSTS), by=dice.choice(HOSTS), number=number)
            for number in range(dice.randint(1, 4))
        )
        mails.append(f"{''.join(hops)}From: a@example.com\nSubject: x\n\nx\n".encode())
    hits = {rule for verdict in agreement(RULES, mails) for rule in verdict["hits"]}
    assert hits >= {"TRAIL", "ADDRESS"}


@pytest.mark.parametrize("host", ["1." * 2000 + "-", "11." * 30 + "_-", "1" * 4000 + "-", "1.-" * 1000])
def test_a_host_that_is_nearly_a_name(agreement: Any, host: str) -> None:
    hop = HOP.format(helo=host, rdns=host, by=host, number=1)
    begun = time.process_time()
    agreement.ours(RULES, [f"{hop * 3}From: a@example.com\nSubject: x\n\nx\n".encode()])
    assert time.process_time() - begun < 60


@pytest.mark.parametrize("token", ["=?a?a?a", "=?", "=?a?", "?=", "=?x?B?=?"])
def test_encoded_words_that_never_end(agreement: Any, token: str) -> None:
    text = token * (60_000 // len(token))
    begun = time.process_time()
    agreement.ours(RULES, [f"From: {text}\nSubject: {text}\n\nx\n".encode()])
    assert time.process_time() - begun < 60


@given(
    st.lists(st.sampled_from([b"=?", b"?", b"=", b"a", b"?B?", b"?=", b"\n", b"koi8-r"]), max_size=14).map(
        b"".join
    )
)
def test_charsets_are_those_of_the_pattern(value: bytes) -> None:
    assert list(_charsets(value)) == re.findall(rb"=\?(.+?)\?.\?.*?\?=", value)


@given(
    st.lists(
        st.sampled_from([b"<a", b" ", b"x", b">", b"href=", b'"', b"\n", b' href="y"']), max_size=14
    ).map(b"".join)
)
def test_links_are_those_of_the_pattern(text: bytes) -> None:
    assert _has_link(text) == bool(re.search(rb'<a(?:\s+[^>]+)?\s+href="([^">]*)"', text))


@pytest.mark.parametrize("token", [b"<a ", b" ", b"<a href=", b' href="', b"<a\t"])
def test_links_that_never_end(token: bytes) -> None:
    begun = time.process_time()
    _has_link(b"<a " + token * 200_000)
    assert time.process_time() - begun < 60
