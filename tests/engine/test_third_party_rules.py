"""A rule channel such as others publish, all of the language used: every verdict is the original's.

The channel is `third_party.cf` beside this file, of our own invention. Each message is judged by the original in a
process of its own, since what it keeps of one message can change what it makes of the next.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pyspamd.engine.assemble import Setup, assemble, problems_of

RULES = Path(__file__).with_name("third_party.cf").read_text("latin-1")
TAGS = (
    *(
        "CAP_NAME",
        "CAP_DOMAIN",
        "CAP_SPECIAL",
        "CAP_FIRST",
        "CAP_SECOND",
        "CAP_ITEM",
        "CAP_FILE",
        "CAP_NOBODY",
    ),
    *(
        "SUBJPREFIX",
        "TESTS",
        "TESTSSCORES(;)",
        "SUBTESTS",
        "SUBTESTSCOLLAPSED",
        "YESNO",
        "YESNO(bad,good)",
        "SCORE(00)",
    ),
    *("REQD", "STARS(x)", "HEADER(From:addr)", "HEADER(X-Absent)", "LASTEXTERNALIP", "LASTEXTERNALRDNS"),
    *("FIRSTTRUSTEDIP", "LASTEXTERNALHELO"),
)
RECEIVED = """Received: from edge.example.org (edge.example.org [10.0.0.2]) by in.example.org with ESMTP id 3
\t(hop three); Mon, 1 Jan 2024 00:00:03 +0000
X-Inside: yes
Received: from out.example.com (out.example.com [192.0.2.1]) by edge.example.org with ESMTP id 2 (hop two);
\tMon, 1 Jan 2024 00:00:02 +0000
Received: from [192.0.2.44] (helo=desk) by out.example.com with ESMTPSA id 1 (hop one);
\tMon, 1 Jan 2024 00:00:01 +0000
"""
FIELDS = {
    "Return-Path": "<bounce-17@example.com>",
    "From": '"Joe Q. Public" <joe@example.com>',
    "To": "Sue <sue@example.org>, bob@example.org",
    "Cc": "Carl <carl@example.net>",
    "Subject": "=?utf-8?q?caf=C3=A9_menu?=",
    "Date": "Mon, 1 Jan 2024 00:00:00 +0000",
    "Message-ID": "<1@example.com>",
    "X-Message-Id": "<2@example.com>",
    "X-Fold": "one\n\ttwo#3",
    "X-Client": "from [192.0.2.33] somewhere",
    "X-Client6": "by 2001:db8::7 or so",
    "X-Twice": "first@example.com\nX-Twice: second@example.com",
    "X-Empty": "",
    "X-Words": "caf\xe9 menu",
    "X-Items": "2",
    "MIME-Version": "1.0",
}
TEXT = """first line
second line

third paragraph: a wonderful offer, please count: count COUNT.
Dear Sue, see bill.zip. bread &amp; butter
special: a.b*c(d)
A.b*c a.b*c(d) again; item 1, item 2 and item 3; 100%{CAP_NAME}
c0f0rt4ble w\xc3\xb6nderful s.ol-ar m@-g0.l a 0 a
https://www.shop.example/x?end=1 http://redirect.example/go?http://target.example/
http://shop.example/a%20b mailto:orders@shop.example http://example.com/here
"""
HTML = """<html><body><p>first line
second line</p><p>A <b class=hot>wonderful</b> offer, Dear Bob: bread &amp; butter &copy;</p>
<a href="http://www.shop.example/">Click here</a> <a href="http://good.shop.example/">see</a>
<img src="http://pics.example.com/1.gif"></body></html>
"""


def head(**changes: str | None) -> str:
    """The fields above, changed or (with `None`) left out."""
    fields: dict[str, str | None] = {
        **FIELDS,
        **{name.replace("_", "-"): value for name, value in changes.items()},
    }
    sender = fields.pop("Return-Path")
    lines = "".join(f"{name}: {value}\n" for name, value in fields.items() if value is not None)
    return (f"Return-Path: {sender}\n" if sender else "") + RECEIVED + lines


def message(body: str, **changes: str | None) -> bytes:
    return f"{head(**changes)}\n{body}".encode("latin-1")


def multipart(*parts: str) -> bytes:
    inner = "".join(f"--boundary\n{part}\n" for part in parts)
    return message(f"{inner}--boundary--\n", Content_Type='multipart/mixed; boundary="boundary"')


PLAIN_PART = f"Content-Type: text/plain; charset=utf-8\nContent-ID: <p1>\n\n{TEXT}"
HTML_PART = f"Content-Type: text/html; charset=utf-8\n\n{HTML}"
ZIP_PART = (
    'Content-Type: application/zip; name="bill.zip"\n'
    'Content-Disposition: attachment;\n filename="bill.zip"\n'
    "Content-Transfer-Encoding: base64\n\nUEsDBA==\n"
)
BASE64_PART = (
    "Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\nd29uZGVyZnVsIG9mZmVyLCBzZWNyZXQ=\n"
)
MESSAGES = [
    message(TEXT),
    message(HTML, Content_Type="text/html; charset=utf-8"),
    multipart(PLAIN_PART, HTML_PART, ZIP_PART),
    multipart(HTML_PART, BASE64_PART),
    multipart(ZIP_PART),
    message(TEXT).replace(b"\n", b"\r\n"),
    message("", Subject=None, From=None, To=None, Return_Path=None),
    message("wonderful offer"),
    message("count " * 40 + "\n\nplease secret menu\n"),
    message("count COUNT", Date="Mon, 1 Jan 2001 00:00:00 +0000"),
    message("count wonderful please\n" * 300),
    message(TEXT, From="friend@example.net"),
    message(TEXT, From="foe@friends.example"),
    message(TEXT, From="x@spam.example, joe@freemail.example", Return_Path="<joe@freemail.example>"),
    message(TEXT, Subject="plain words"),
    message(TEXT, Subject="caf\xe9 menu", X_Words="plain words"),
    message(TEXT, Subject="192.0.2.1", X_Items="9"),
    message(TEXT, To="undisclosed", Cc=None, X_Twice=None, X_Empty=None, X_Client="nowhere"),
    message("Dear Nobody, 100%{CAP_NAME}\n\nspecial: x\nx again\n"),
    message("Dear Sue! Dear Bob! item 2\nitem 2\nhttp://example.com.example/\n"),
    b"Subject: caf\xc3\xa9 menu\n\nwonderful offer\n",
    b"From: joe@example.com\nno colon here\n\nwonderful\n",
    b"\n\n",
]


NEVER = {
    *("IF_NEVER", "IF_NEVER_2", "IF_NEVER_3", "IF_OLD"),  # their conditions do not hold
    *("M_MODULO", "M_MINUS", "L_SHOP_BODY"),  # at fault
    *("IF_HAS", "SWITCHED_OFF", "M_ZERO", "M_CONSTANT_0"),  # worth nothing
    *("M_CYCLE_1", "M_CYCLE_2"),  # each needs the other
    *("CHANGED_KIND", "UD_MIXED"),  # replaced by what does not match
    *("H_EXISTS_NOT", "__H_EXISTS_NOT", "H_UNSET_NOT", "B_NOT_ACROSS", "MH_ALL_RAW", "P_UNTRUSTED_2"),
    *("CAP_NEVER", "CAP_TWO", "RT_NOT_LISTED"),  # templates and tags that are plain text, or wait in vain
}
"""Rules of the channel that hit no message, here as there."""


@pytest.fixture
def lenient(agreement: Any) -> Any:
    """Both judges; the channel has a few faults, as channels do."""
    return replace(agreement, strict=False)


@pytest.mark.oracle
def test_every_message(lenient: Any) -> None:
    verdicts = lenient(RULES, MESSAGES, tags=TAGS)
    hit = {name for verdict in verdicts for name in (*verdict["hits"], *verdict["subtests"])}
    assert set(rule_names()) - hit == NEVER


def rule_names() -> Iterator[str]:
    words = ("header", "body", "rawbody", "full", "uri", "meta", "mimeheader", "uri_detail")
    for line in RULES.splitlines():
        found = line.split(None, 2)
        if len(found) == 3 and found[0] in words:
            yield found[1]


def test_faults_are_told_with_their_lines(tmp_path: Path) -> None:
    (tmp_path / "channel.cf").write_text(RULES, "latin-1")
    engine = assemble(Setup(files=[tmp_path / "channel.cf"], local_tests_only=True))
    faults = [problem for problem in problems_of(engine) if problem.severity == "error"]
    lines = {problem.location.line: problem.rule for problem in faults if problem.location}
    written = {
        number: [*line.split(), ""][1] for number, line in enumerate(RULES.splitlines(), 1) if " " in line
    }
    assert {written[line] for line in lines} == {"IF_NEW", "M_MODULO", "M_MINUS", "L_SHOP_BODY"}
    assert all(rule in (None, written[line]) for line, rule in lines.items())
