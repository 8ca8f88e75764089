"""Markup taken off: what the original takes off its own messages and ours, and what it makes of odd ones."""

import time
from typing import Any

import pytest

MARKS = "rewrite_header Subject *SPAM*\nrewrite_header From SPAM\nrewrite_header To SPAM\n"
SETTINGS = {
    "headers": "report_safe 0\nadd_header all Status _YESNO_, _TESTS_\n",
    "marks": "report_safe 0\n" + MARKS,
    "wrapped": MARKS + "required_score -200\n",
    "wrapped as text": "report_safe 2\nrequired_score -200\n",
}
INNER = b"--zz\nContent-Type: message/rfc822; x-spam-type=original\n\nSubject: inner\n\ninner body\n"
MIXED = b"Content-Type: multipart/mixed; boundary=zz\n\n"
ODD = (
    b"Subject: a\nX-Spam-Prev-Subject: b\nX-Spam-Prev-To: c\n d\n\nbody",
    b"X-Spam-Prev-Subject: (nonexistent)\nSubject: *SPAM*\nTo: x\n\nSPAM: ---- x\nSPAM: y\nSPAM: ---- z\n\nrest\n",
    b"A: b\n\n\nSPAM: ---- x\nSPAM: ---- z\n\n\nSPAM: ---- x\nSPAM: y\nSPAM: ---- z\n\nrest\n",
    b"X-Spam-Prev-Subject: (nonexistent)\nSubject: (nonexistent)\n\nx\n",
    b"From: x\nX-Spam-Prev-Subject: \n (nonexistent)\nTo: y\nSubject:\n  foo\n\n",
    b"subject: *SPAM* x\nX-Spam-Prev-Subject: orig\n\n",
    b"Subject: *SPAM* *SPAM* y\nFrom: a@b.example\t(SPAM)\nTo: z\t(foo)\nTo: z\t(foo) bar\n\nx",
    b"X-Spam-A: 1\nX-Spam-B: 2\n\tx\n\n   z\nX-Spam-C: d\n\nX-Spam-D: e\n\nbody\n",
    b"X-Spam-A: 1\r\nX-Spam-B: 2\r\n\tx\r\n  y\r\nY: z\r\n\r\nbody\nmixed\r\n",
    b"Y: z\nX-Spam-Prev-To: q",
    b"Y: z\n X-Spam-Foo: q\nx-spam-bar: 3\n\nz",
    b"X-Spam-A: 1\n\t\n\tfoo\nB: c\n\nz",
    b"X-Spam-Prev-To: one\nX-Spam-Prev-To: two\nTo: three\n\nz",
    MIXED + INNER + b"\n--zz--\n",
    MIXED + INNER + b"--zz--\n",
    MIXED + INNER,
    (MIXED + INNER + b"\n--zz--\n").replace(b"\n", b"\r\n"),
    b"From x@y.example Mon Jan  1 10:00:00 2024\n" + MIXED + INNER + b"\n--zz--\n",
    MIXED + b"--zz\nContent-Type: text/plain; x-spam-type=original\n\n--zz--\nfoo\n",
    MIXED + b"--zz\nContent-Type: text/plain; x-spam-type=original\n",
    MIXED + b"--zz\nContent-Type: TEXT/plain; x-spam-type=original\n\nfoo\n" + INNER,
    MIXED
    + b"--zz\nContent-Type: message/rfc822\nContent-Description: original message before SpamAssassin\n\nA: b\n\nc",
    b"Content-Type: text/plain\n" + MIXED + INNER,
)


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS.keys())
def test_marked_messages_are_cleaned_as_the_original_cleans_them(rewriting: Any, settings: str) -> None:
    configuration = rewriting.rules + settings
    rewriting.remove(configuration, rewriting.original(configuration, rewriting.messages))


def test_a_wrapped_message_comes_back_whole(rewriting: Any) -> None:
    configuration = rewriting.rules + "required_score -200\n"
    sent = [message for message in rewriting.messages if message.endswith(b"\n") and b"\r" not in message]
    marked = rewriting.original(configuration, sent)
    assert rewriting.remove(configuration, marked) == sent


def test_odd_markup_is_taken_as_the_original_takes_it(rewriting: Any) -> None:
    rewriting.remove(rewriting.rules + MARKS, ODD)


def test_folds_without_end_are_unfolded_at_once(rewriting: Any) -> None:
    message = b"X-Spam-Report: x\n" + b"\ty\n" * 50_000 + b"A: b\n\nbody\n"
    engine = rewriting.engine("")
    from pyspamd.engine.markup import without_markup

    assert without_markup(engine.read(message), engine.conf) == b"A: b\n\nbody\n"


def test_marks_put_back_by_the_thousand(rewriting: Any) -> None:
    engine = rewriting.engine("")
    from pyspamd.engine.markup import without_markup

    marks = b"".join(b"X-Spam-Prev-A%d: b\n" % number for number in range(60_000))
    begun = time.process_time()
    plain = without_markup(engine.read(b"Subject: x\n" + marks + b"\nx\n"), engine.conf)
    assert time.process_time() - begun < 60
    assert b"\nA99: b\n" in plain and b"X-Spam" not in plain
