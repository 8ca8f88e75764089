"""Replies: framing of every recorded conversation, rebuilt from the values its answer tells."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from pyspamd.spamd import replies
from pyspamd.spamd.protocol import Connection
from pyspamd.spamd.request import Fault, Request, Signal, Status


@dataclass(frozen=True)
class Told:
    """A judgement as one recorded answer tells it."""

    is_spam: bool
    score: float
    required: float
    text: bytes
    autolearn: str = "no"
    cache: str = "bypass"
    log_items: Mapping[str, str] = field(default_factory=dict)

    def test_names(self) -> list[str]:
        return self.text.decode().strip().split(",")

    def report(self) -> bytes:
        return self.text

    def rewritten(self) -> bytes:
        return self.text


def judgement_of(request: Request, answer: bytes) -> Told:
    """The judgement behind an answer; what stands behind the answer's frame is its text."""
    found = re.search(rb"^Spam: (\w+) ; (\S+) / (\S+)\r\n", answer, re.M)
    is_spam, score, required = b"spam" in request.body, 1001.3, 5.0
    if found:
        is_spam, score, required = found[1] in (b"True", b"Yes"), float(found[2]), float(found[3])
    elif b"GTUBE" in request.body:
        is_spam = True
    if request.version < 1.2 and request.verb in ("PROCESS", "HEADERS"):
        text = answer.partition(b"\r\n")[2]
    else:
        text = answer.partition(b"\r\n\r\n")[2]
    if request.verb == "HEADERS":
        text += b"the body, which is not asked for\n\nwith an empty line\n"
    return Told(is_spam, score, required, text)


def conversations(shared: Path) -> list[tuple[str, bytes, bytes]]:
    folder = shared / "protocol"
    return [
        (path.stem, path.read_bytes(), path.with_suffix(".out").read_bytes())
        for path in sorted(folder.glob("*.in"))
    ]


def test_every_recorded_answer_byte_by_byte(shared: Path) -> None:
    seen = set()
    for name, asked, answer in conversations(shared):
        connection = Connection()
        connection.receive_data(asked)
        connection.receive_eof()
        event = connection.next_event()
        if isinstance(event, Fault):
            assert replies.fault(event) == answer, name
        elif event is not Signal.DONE:
            assert isinstance(event, Request)
            seen.add((event.verb, event.version))
            if event.verb == "PING":
                assert answer == replies.PONG, name
            elif event.verb == "SKIP":
                assert answer == b"", name
            else:
                assert replies.judged(event, judgement_of(event, answer)) == answer, name
    assert len(seen) >= 6 * 5 + 6


def spam_line(score: float, required: float = 5.0, verb: str = "CHECK") -> bytes:
    return replies.spam_header(Told(score >= required, score, required, b""), verb)


@pytest.mark.parametrize(
    ("score", "line"),
    [
        (0.0, b"Spam: False ; 0.0 / 5.0"),
        (-1.25, b"Spam: False ; -1.2 / 5.0"),
        (4.94, b"Spam: False ; 4.9 / 5.0"),
        # spamd says "4.9" here, and "5 / 5.1" where the threshold is 5.1; ours has one decimal always.
        (4.98, b"Spam: False ; 4.9 / 5.0"),
        (5.0, b"Spam: True ; 5.0 / 5.0"),
        (1000.0, b"Spam: True ; 1000.0 / 5.0"),
    ],
)
def test_scores_have_one_decimal(score: float, line: bytes) -> None:
    assert spam_line(score) == line


def test_ham_never_shows_the_threshold() -> None:
    assert spam_line(5.08, 5.1) == b"Spam: False ; 5.0 / 5.1"


def test_report_ifspam_says_yes_and_no() -> None:
    assert spam_line(9.0, verb="REPORT_IFSPAM") == b"Spam: Yes ; 9.0 / 5.0"
    assert spam_line(1.0, verb="REPORT_IFSPAM") == b"Spam: No ; 1.0 / 5.0"


def test_a_message_without_an_empty_line_is_all_headers() -> None:
    assert replies.headers_only(b"A: b\nC: d\n") == b"A: b\nC: d\n"
    assert replies.headers_only(b"A: b\r\n\r\nx\n\ny") == b"A: b\r\n\r\n"
    assert replies.headers_only(b"A: b\n\r\nx") == b"A: b\n\r\n"


@pytest.mark.parametrize(
    ("done", "reply"),
    [
        (((), ()), b"SPAMD/1.1 0 EX_OK\r\n\r\n\r\n"),
        ((("local",), ()), b"SPAMD/1.1 0 EX_OK\r\nDidSet: local\r\n\r\n\r\n"),
        ((("local", "remote"), ()), b"SPAMD/1.1 0 EX_OK\r\nDidSet: local,remote\r\n\r\n\r\n"),
        (((), ("remote",)), b"SPAMD/1.1 0 EX_OK\r\nDidRemove: remote\r\n\r\n\r\n"),
    ],
)
def test_tell_names_only_what_was_done(done: tuple[tuple[str, ...], tuple[str, ...]], reply: bytes) -> None:
    assert replies.told(*done) == reply


def test_faults_are_one_line_each() -> None:
    assert replies.fault(Fault(Status.TEMPFAIL, b"(later)")) == b"SPAMD/1.0 75 Temporary failure: (later)\r\n"
    timeout = b"(300 second timeout while trying to CHECK)"
    assert replies.fault(Fault(Status.TIMEOUT, timeout)) == b"SPAMD/1.0 79 Timeout: " + timeout + b"\r\n"
