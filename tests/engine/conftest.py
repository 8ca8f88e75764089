"""Rewriting held against the original: the same configuration and messages, what comes out byte for byte."""

import json
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pyspamd.engine.assemble import Setup, assemble, problems_of
from pyspamd.engine.engine import Engine
from pyspamd.engine.markup import without_markup
from pyspamd.engine.rewrite import report, rewritten

BASE = """
loadplugin Mail::SpamAssassin::Plugin::Check
util_rb_tld com org net example test
"""
DRIVER = Path(__file__).parents[1] / "original_rewrites.pl"
_DATE = rb"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), +\d+ \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}"


def masked(text: bytes) -> bytes:
    """The text without MIME boundaries, dates and the scorer's own version."""
    text = re.sub(rb"-{10}=_[0-9A-F]{8}\.[0-9A-F]{8}(?:/[0-9A-F]{8})*", b"BOUNDARY", text)
    text = re.sub(rb"(SpamAssassin 4\.0\.1\S*) \([^)]*\) on(?: |\r?\n\t)", rb"\1 (version) on ", text)
    return re.sub(_DATE, b"DATE", text)


HEAD = (
    b"From: Someone <some@sender.example>\nTo: Other <other@example.org>,\n\tThird <third@example.org>\n"
    b"Subject: A test\nDate: Mon, 1 Jan 2024 10:00:00 +0000\nMessage-Id: <1@sender.example>\n"
)
RECEIVED = (
    b"Received: from mx.sender.example (mx.sender.example [192.0.2.5]) by mx.example.org with ESMTP id abc;\n"
    b"\tMon, 1 Jan 2024 10:00:00 +0000\n"
)
BODY = b"""Hello there, this is alpha and mul mul mul text.

-------------------------------- This is a multi-part message in MIME format. A second paragraph
with **************** and _________________ to be tidied, as previews are.
-----Original Message----- gone

A negative third paragraph.
"""
WIDE = "Grüße aus Köln — 日本語".encode()
MESSAGES = (
    HEAD + b"\n" + BODY,
    HEAD + b"\nnothing in it\n",
    HEAD + b"\nedge\n",
    HEAD + b"\nnegative nega-big\n",
    RECEIVED + HEAD + b"X-One: one\n\n" + BODY,
    (RECEIVED + HEAD + b"X-One: one\n\n" + BODY).replace(b"\n", b"\r\n"),
    (HEAD + b"X-One: one\n\n").replace(b"\n", b"\r\n", 1) + BODY,
    b"From some@sender.example Mon Jan  1 10:00:00 2024\n" + HEAD + b"X-One: one\n\n" + BODY,
    b"Return-Path: <a@sender.example>\n\tfolded\nReturn-Path: <b@sender.example>\n" + HEAD + b"\n" + BODY,
    b"X-Spam-Status: No\nX-Spam-Foo: 1\n 2\n"
    + HEAD
    + b"x-spam-level: *\nX-Spam-Prev-Subject: old\n\n"
    + BODY,
    b"From: a@b.example\nFrom: c@d.example\nSubject: one\nSubject: two\n three\nX-One: one\n\nalpha\n",
    b"From: J\xfcrgen <j@sender.example>\nTo: a@example.org\nSubject: "
    + WIDE * 4
    + b"\nX-One: one\n\nalpha\n",
    b"From: j@sender.example\nSubject: =?utf-8?q?=C3=BCber?= x\nContent-Type: text/html\n\n<p>alpha " + WIDE,
    HEAD.replace(b"A test", b"*SPAM* [X] A test") + b"X-One: one\n\n" + BODY,
    HEAD + b"X-One: one\nContent-Type: multipart/mixed; boundary=zz\n\n--zz\n\nalpha\n--zz--\n",
    HEAD + b"\n" + b"x" * 500 + b" alpha\n\n" + b"wordy " * 100,
    HEAD + b"no header line\n\n" + BODY,
    b"Subject:\n\nalpha one",
    b"from: x@sender.example\n\nalpha\n",
    b"Subject: only",
    b"\n" + BODY,
    BODY,
    b"\n",
    b"",
)
"""Messages of every shape; the words in them set off the rules below."""

RULES = """
header HAS_X X-One =~ /one/
describe HAS_X A description too long for a line of the report, so that it wraps at the width that is set, twice even
score HAS_X 3.25
body BODY_A /alpha/
describe BODY_A Alpha
score BODY_A 12.5
body BODY_NEGATIVE /negative/
score BODY_NEGATIVE -1.05
body BODY_HUGE /nega-big/
score BODY_HUGE -100
body EDGE /edge/
score EDGE 4.96
body BODY_M /mul/
tflags BODY_M multiple
score BODY_M 0.3
body A_LONG_NAME_THAT_GOES_BEYOND_TWENTY_TWO /alpha/
score A_LONG_NAME_THAT_GOES_BEYOND_TWENTY_TWO 0.001
body __SUB /alpha/
tflags __SUB multiple
subjprefix BODY_A [ALPHA]
subjprefix HAS_X [X]
priority A_LONG_NAME_THAT_GOES_BEYOND_TWENTY_TWO -7
priority HAS_X 1
priority BODY_A 2
priority BODY_NEGATIVE 3
priority BODY_HUGE 4
priority BODY_M 5
report _SUMMARY_
"""
"""Priorities of their own give the hits one order; the original's follows Perl's hashes otherwise."""


@dataclass(frozen=True)
class Rewriting:
    """Rewrites here and with the original and holds one against the other."""

    perl: str
    folder: Path
    rules: str = RULES
    messages: tuple[bytes, ...] = MESSAGES

    def engine(self, configuration: str) -> Engine:
        """Our engine for a configuration without fault."""
        file = self.folder / "rules.cf"
        file.write_text(BASE + configuration, "latin-1")
        engine = assemble(Setup(files=[file], local_tests_only=True))
        assert [str(p) for p in problems_of(engine) if p.severity == "error"] == []
        return engine

    def original(self, configuration: str, messages: Sequence[bytes], **job: Any) -> list[bytes]:
        """What the original makes of the messages."""
        lines: list[Any] = [BASE + configuration]
        lines += [{"message": message.decode("latin-1"), **job} for message in messages]
        said = "".join(json.dumps(line) + "\n" for line in lines)
        run = subprocess.run([self.perl, str(DRIVER)], input=said, capture_output=True, text=True, check=True)
        answers = [json.loads(line).encode("latin-1") for line in run.stdout.splitlines()]
        assert len(answers) == len(messages), run.stderr
        return answers

    def rewrite(self, configuration: str, messages: Sequence[bytes]) -> list[bytes]:
        """The rewritten messages, each followed by its report, once both agree on them."""
        engine = self.engine(configuration)
        results = []
        theirs = self.original(configuration, messages, report=True)
        for message, original in zip(messages, theirs, strict=True):
            verdict = engine.check_sync(message)
            ours = rewritten(verdict) + report(verdict)
            assert masked(ours) == masked(original), message
            results.append(ours)
        return results

    def remove(self, configuration: str, messages: Sequence[bytes]) -> list[bytes]:
        """The messages without markup, once both agree on them."""
        engine = self.engine(configuration)
        theirs = self.original(configuration, messages, remove=True)
        results = []
        for message, original in zip(messages, theirs, strict=True):
            ours = without_markup(engine.read(message), engine.conf)
            assert ours == original, message
            results.append(ours)
        return results


@pytest.fixture
def rewriting(oracle: str, tmp_path: Path) -> Rewriting:
    """Both rewriters, for messages that have to come out the same."""
    return Rewriting(oracle, tmp_path)
