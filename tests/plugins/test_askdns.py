"""AskDNS: names made from tags, and what answers the rules take for theirs."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pyspamd.engine.assemble import Setup, read_conf

Serve = Callable[..., str]

RULES = r"""
loadplugin Mail::SpamAssassin::Plugin::AskDNS
loadplugin Mail::SpamAssassin::Plugin::URIDNSBL
clear_trusted_networks
clear_internal_networks
trusted_networks 192.0.2.0/24
internal_networks 192.0.2.0/24
header   __CAPTURE   X-Id =~ /^(?<SOMEID>[a-z0-9]+)/
askdns   ANY_A       _SENDERDOMAIN_.l.example
askdns   TEXT        _SENDERDOMAIN_.l.example TXT
askdns   TEXT_REGEX  _SENDERDOMAIN_.l.example TXT /^Good /
askdns   TEXT_M      _SENDERDOMAIN_.l.example txt m{good\b}i
askdns   TEXT_QUOTED _SENDERDOMAIN_.l.example TXT "Good host"
askdns   TEXT_SINGLE _SENDERDOMAIN_.l.example TXT 'good host'
askdns   NUMBER_TEXT _SENDERDOMAIN_.n.example TXT 16
askdns   NUMBER_TWO  _SENDERDOMAIN_.n.example TXT "16"
askdns   EXACT       _SENDERDOMAIN_.l.example A 127.0.0.2
askdns   EXACT_TEXT  _SENDERDOMAIN_.l.example A "127.0.0.2"
askdns   MASK        _SENDERDOMAIN_.l.example A 2
askdns   HEX_MASK    _SENDERDOMAIN_.l.example A 0x0A
askdns   RANGE       _SENDERDOMAIN_.l.example A 127.0.0.1-127.0.0.9
askdns   UNDER_MASK  _SENDERDOMAIN_.l.example A 0.0.0.2/0x00000003
askdns   NO_SUCH     _SENDERDOMAIN_.none.example A [NXDOMAIN]
askdns   SICK        _SENDERDOMAIN_.sick.example A [servfail , 5]
askdns   FINE        _SENDERDOMAIN_.l.example A [NOERROR]
askdns   ALIAS       _SENDERDOMAIN_.c.example CNAME
askdns   MAILS       _SENDERDOMAIN_ MX /^10 mx\.shop\.example\.$/
askdns   SERVERS     _SENDERDOMAIN_ NS 'ns.host.example.'
askdns   SIX         _SENDERDOMAIN_ AAAA /^2001:db8::7$/
askdns   AUTHOR      _AUTHORDOMAIN_.l.example A
askdns   HELO        _LASTEXTERNALHELO_ A
askdns   HELO_NONE   _LASTEXTERNALHELO_ A [NXDOMAIN]
askdns   REVERSED    _LASTEXTERNALREVIP_.ip.example A
askdns   POINTER     _LASTEXTERNALIP_ PTR /^mx\./
askdns   REPLY       _HEADER(Reply-To:addr:domain)_.l.example A
askdns   CAPTURED    _SOMEID_.ids.example A
askdns   HOSTS       _URIHOSTS_.h.example A
askdns   PRODUCT     _URIDOMAINS_._SENDERDOMAIN_.p.example A
askdns   NEVER       _NOSUCHTAG_.l.example A [NXDOMAIN]
askdns   CONSTANT    fixed.l.example A
askdns   INVALID     _SENDERDOMAIN_..l.example A [NXDOMAIN]
askdns   DISABLED    fixed.l.example A
score    DISABLED    0
meta     LATE        EXACT && TEXT
"""
ZONE = """
shop.example.l.example A 127.0.0.2
shop.example.l.example TXT Good host
author.example.l.example A 127.0.0.1
reply.example.l.example A 127.0.0.1
fixed.l.example A 127.0.0.1
shop.example.n.example TXT 16
shop.example.sick.example SERVFAIL
shop.example.c.example CNAME shop.example
shop.example MX 10 mx.shop.example
shop.example NS ns.host.example
shop.example AAAA 2001:db8::7
helo.shop.example A 203.0.113.9
9.113.0.203.ip.example A 127.0.0.2
9.113.0.203.in-addr.arpa PTR mx.shop.example
abc123.ids.example A 127.0.0.2
www.one.example.h.example A 127.0.0.2
two.example.h.example A 127.0.0.2
two.example.shop.example.p.example A 127.0.0.2
"""


def mail(*fields: str, sender: str = "joe@shop.example", text: str = "Hello.") -> bytes:
    received = "from helo.shop.example (mx.shop.example [203.0.113.9]) by mx.here.test with ESMTP;"
    top = f"Return-Path: <{sender}>\nReceived: {received} Mon, 1 Jan 2024 00:00:00 +0000\n"
    return f"{top}From: Joe <joe@author.example>\nSubject: x\n{''.join(f + chr(10) for f in fields)}\n{text}\n".encode()


MESSAGES = [
    mail(),
    mail("Reply-To: x@www.reply.example", "X-Id: abc123"),
    mail(text="http://www.one.example/ and http://two.example/"),
    mail(text="http://two.example/", sender="a@b.test"),
    mail(sender=""),
    b"Subject: no one\n\nHello.\n",
]


@pytest.mark.oracle
def test_against_the_original(online: Any, dns: Serve) -> None:
    verdicts = online(dns(ZONE) + RULES, MESSAGES, tags=("SENDERDOMAIN", "AUTHORDOMAIN", "RELAYSEXTERNAL"))
    hit = {name for verdict in verdicts for name in verdict["hits"]}
    assert hit >= {
        "ANY_A",
        "TEXT",
        "TEXT_REGEX",
        "TEXT_M",
        "TEXT_QUOTED",
        "EXACT",
        "EXACT_TEXT",
        "MASK",
        "HEX_MASK",
    }
    assert hit >= {
        "RANGE",
        "UNDER_MASK",
        "NO_SUCH",
        "SICK",
        "FINE",
        "MAILS",
        "SERVERS",
        "SIX",
        "AUTHOR",
        "HELO",
    }
    assert hit >= {
        "REVERSED",
        "POINTER",
        "REPLY",
        "CAPTURED",
        "HOSTS",
        "PRODUCT",
        "CONSTANT",
        "NUMBER_TEXT",
        "LATE",
    }
    assert not hit & {"TEXT_SINGLE", "NEVER", "INVALID", "DISABLED"}


@pytest.mark.oracle
def test_one_question_for_many_rules(online: Any, dns: Serve, tmp_path: Path) -> None:
    online(dns(ZONE) + RULES, MESSAGES[:1])
    asked = (tmp_path / "queries").read_text().splitlines()
    names = [line for line in asked if line.startswith("shop.example.l.example A ")]
    # The original asked once, and so did we.
    assert len(names) == 2


@pytest.mark.parametrize(
    "line",
    [
        "askdns",
        "askdns RULE",
        "askdns RULE name.example NOTYPE",
        "askdns RULE name.example A [NOCODE]",
        "askdns RULE name.example A 1.2.3",
        "askdns RULE name.example A word",
        "askdns RULE name.example A /(/",
        "askdns RULE name.example A ,",
    ],
)
def test_bad_lines_are_told(line: str, tmp_path: Path) -> None:
    file = tmp_path / "rules.cf"
    file.write_text(f"loadplugin Mail::SpamAssassin::Plugin::AskDNS\n{line}\n")
    conf = read_conf(Setup(files=[file]))
    assert [problem.location.line for problem in conf.problems] == [2]
    assert "RULE" not in conf.rules
