"""What `header NAME Field:modifier` looks at, for every field, pseudo field and modifier, as the original has it."""

from dataclasses import replace
from typing import Any

import pytest

FIELDS = """Subject From To Cc ToCc MESSAGEID EnvelopeFrom X-Fold X-Multi X-Ip X-None Received X-Addr Date
Content-Type References Resent-From X-8bit X-Enc X-Url Reply-To""".split()
VIEWS = """ALL ALL:raw ALL-TRUSTED ALL-UNTRUSTED ALL-INTERNAL ALL-EXTERNAL ALL-EXTERNAL:raw
X-Spam-Relays-Untrusted X-Spam-Relays-External X-Spam-Relays-Untrusted:ip X-Spam-Relays-External:revip""".split()
MODIFIERS = """raw addr name host domain ip revip first last raw:addr raw:first raw:last addr:first addr:last
first:addr last:addr addr:host addr:domain host:first name:first name:last ip:first ip:last last:ip first:host
raw:name raw:host raw:domain raw:ip revip:last domain:first ADDR Raw""".split()
REQUESTS = [*FIELDS, *VIEWS, *(f"{field}:{modifier}" for field in FIELDS for modifier in MODIFIERS)]
HEAD = b"""Return-Path: <env@e.example>
Received: from a.example (a.example [10.0.0.2]) by b.example with ESMTP id 3
\t(hop three); Mon, 1 Jan 2024 00:00:03 +0000
X-Inside: yes
Received: from c.example (c.example [10.9.0.2]) by a.example with ESMTP id 2
Received: from x.example (x.example [192.0.2.1]) by c.example with ESMTP id 1
Resent-From: res@r.example
From: %s
To: "Sue, Q" <sue@example.org>, bob@example.org (Bob)
To: second@example.net
Cc: Carl <carl@Example.NET>
Reply-To: <>
Subject: =?utf-8?q?caf=C3=A9?= =?utf-8?q?_menu?= [192.0.2.77] x@y.example http://1.2.3.4/
X-Fold: one
\ttwo
  three
X-Multi: a@a.example
X-Multi: b@b.example 192.0.2.5
X-Ip: foo [192.0.2.9] 2001:db8::1 300.1.1.1 127.0.0.1 1.2.3.4.5
X-Addr: undisclosed-recipients:;
X-8bit: caf\xe9 \xc3\xa9
X-Enc: =?iso-8859-1?Q?J=FCrgen?= <j@x.example>
X-Url: http://user:pw@host.example:80/
References: <1@a.example> <2@b.example>
Message-ID: <m@m.example>
X-Message-Id: <x@m.example>
Resent-Message-Id: <r@m.example>
Date: Mon, 1 Jan 2024 00:00:00 +0000
Content-Type: text/plain; charset=utf-8

body
"""
AUTHORS = (
    b'"Joe Q. Public" <joe@mail.Example.com>',
    b"=?utf-8?b?SsO8cmdlbg==?= <j@[192.0.2.3]>, x@y.example",
    b'"a@b.example" <c@d.example>',
    b"group: a@b.example, c@d.example;",
    b"",
)
MESSAGES = [
    *(HEAD % author for author in AUTHORS),
    (HEAD % b"Joe").replace(b"\n", b"\r\n"),
    b"subject: x\nFROM: a@b.example\nfrom: c@d.example\n\nx\n",
    b"\nno fields\n",
]


@pytest.mark.oracle
def test_every_request(agreement: Any) -> None:
    lines = ["trusted_networks 10/8", "internal_networks 10.0.0.0/16"]
    for number, request in enumerate(REQUESTS):
        lines += [
            rf"header VALUE_{number} {request} =~ /^(?<V{number}>.*)\z/s",
            f"header EMPTY_{number} {request} !~ /./",
            f"header LINES_{number} {request} =~ /^./m",
            f"tflags LINES_{number} multiple",
            f"header UNSET_{number} {request} =~ /^unset$/ [if-unset: unset]",
        ]
    lines += [f"header THERE_{number} exists:{field}" for number, field in enumerate(FIELDS)]
    verdicts = replace(agreement, strict=False)(
        "\n".join(lines) + "\n", MESSAGES, tags=[f"V{n}" for n in range(len(REQUESTS))]
    )
    values = [value for verdict in verdicts for value in verdict["tags"].values()]
    assert len({value for value in values if value}) > 120
    assert "" in values
