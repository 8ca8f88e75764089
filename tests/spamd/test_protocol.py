"""The protocol machine: recorded requests whole and in pieces, hostile ones, what spamd makes of them."""

import math
import zlib
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyspamd.spamd.protocol import Connection, Event
from pyspamd.spamd.request import Fault, Limits, Request, Signal, Status, as_number

MESSAGE = b"From: a@example.com\nSubject: x\n\nbody\n"


def first_event(data: bytes, *, eof: bool = True, allow_tell: bool = False) -> Event:
    """What the machine makes of `data` in one piece."""
    connection = Connection(allow_tell=allow_tell)
    connection.receive_data(data)
    event = connection.next_event()
    if eof and event is Signal.NEED_DATA:
        connection.receive_eof()
        event = connection.next_event()
    return event


def in_pieces(data: bytes, pieces: list[int], *, eof: bool = True) -> Event:
    """What the machine makes of `data` cut after each of the offsets."""
    connection = Connection()
    offsets = [0, *sorted(pieces), len(data)]
    for begin, end in pairwise(offsets):
        connection.receive_data(data[begin:end])
        event = connection.next_event()
        if event is not Signal.NEED_DATA:
            return event
    if eof:
        connection.receive_eof()
    return connection.next_event()


def refused(text: bytes, status: Status = Status.PROTOCOL) -> Fault:
    return Fault(status, text)


def recorded(shared: Path) -> list[bytes]:
    found = [path.read_bytes() for path in sorted((shared / "protocol").glob("*.in"))]
    assert len(found) >= 80
    return found


def test_recorded_requests_byte_by_byte_are_as_whole(shared: Path) -> None:
    for data in recorded(shared):
        whole = first_event(data)
        assert isinstance(whole, Request | Fault)
        if isinstance(whole, Fault) and b"mismatch: Expected 50 " in whole.text:
            # Exactly the promised bytes are there before the rest is: that is a complete message.
            assert isinstance(in_pieces(data, list(range(len(data)))), Request)
            continue
        assert in_pieces(data, list(range(len(data)))) == whole


def test_recorded_requests_are_complete_without_eof_where_they_say_their_length(shared: Path) -> None:
    for data in recorded(shared):
        if b"Content-length:" in data and b"99999" not in data:
            assert first_event(data, eof=False) == first_event(data)


def test_recorded_requests_with_more_lines_behind_them(shared: Path) -> None:
    for data in recorded(shared):
        whole = first_event(data)
        if isinstance(whole, Request) and b"Content-length: " in data and whole.body:
            assert first_event(data + b"and more\r\n") == whole


def test_message_and_facts_are_taken_over() -> None:
    data = b"REPORT_IFSPAM SPAMC/1.4\r\nUser: joe\r\nContent-length: %d\r\n\r\n%b" % (len(MESSAGE), MESSAGE)
    event = first_event(data, eof=False)
    assert event == Request("REPORT_IFSPAM", 1.4, b"joe", MESSAGE)


# Each of these was sent to spamd 4.0.1, and this is what it answered.
AS_SPAMD: list[tuple[bytes, Fault]] = [
    (b"", refused(b"(closed before headers)")),
    (b"CHECK SPAMC/1.5", refused(b"(EOF during headers)")),
    (b"CHECK SPAMC/1.5\n\n", refused(b"(header not in 'Name: value' format)")),
    (b"PING SPAMC/1.5\r\n", refused(b"(EOF during headers)")),
    (b"CHECK SPAMC/1.5\r\nContent-length:\r\n\r\n" + MESSAGE, refused(
        b"(Content-Length mismatch: Expected  bytes, got 20 bytes)")),
    (b"CHECK SPAMC/1.5\r\nContent-length: 0\r\n\r\n" + MESSAGE, refused(
        b"(Content-Length mismatch: Expected 0 bytes, got 20 bytes)")),
    (b"CHECK SPAMC/1.5\r\n" + b"A: b\r\n" * 300 + b"\r\n" + MESSAGE, refused(b"(too many headers)")),
    (b"CHECK SPAMC/1.5\r\nUser: a\x01b\r\n\r\n" + MESSAGE, refused(b"(User header contains control chars)")),
    (b"CHECK SPAMC/1.5\r\nCompress: bzip2\r\n\r\n" + MESSAGE, refused(
        b"(compression type not supported: bzip2)")),
    (b"CHECK SPAMC/1.5\r\nCompress: zlib\r\n\r\n" + MESSAGE, refused(
        b"Compress requires Content-length header", Status.UNAVAILABLE)),
    (b"foo\nbar", refused(b"foo")),
    (b"TELL SPAMC/1.5\r\nSet: local\r\nRemove: local\r\n\r\n" + MESSAGE, refused(
        b"Unable to set local and remove local in the same operation.")),
]  # fmt: skip


@pytest.mark.parametrize(("data", "fault"), AS_SPAMD, ids=range(len(AS_SPAMD)))
def test_faults_are_spamds(data: bytes, fault: Fault) -> None:
    assert first_event(data, allow_tell=True) == fault


# And these spamd 4.0.1 accepts.
ACCEPTED: list[tuple[bytes, Request]] = [
    (b"PING SPAMC/1.4\r\n", Request("PING", 1.4)),
    (b"SKIP SPAMC/1.2\r\n", Request("SKIP", 1.2)),
    (b"XXCHECK SPAMC/1.5junk\r\nContent-length: 37\r\n\r\n" + MESSAGE, Request("CHECK", 1.5, body=MESSAGE)),
    (b"CHECK SPAMC/1.5\r\nContent-length: 37\r\n\r\n%bmore\n" % MESSAGE, Request("CHECK", 1.5, body=MESSAGE)),
    (b"REPORT_IFSPAM SPAMC/\r\n" + MESSAGE, Request("REPORT_IFSPAM", 0.0, body=MESSAGE)),
    (b"CHECK SPAMC/1.5\r\n\r\n", Request("CHECK", 1.5)),
    (b"CHECK SPAMC/1.5\r\nContent-length: 300\nA: b\r\nContent-length: 0037\r\n\r\n" + MESSAGE,
     Request("CHECK", 1.5, body=MESSAGE)),
    (b"CHECK SPAMC/1.0\r\nContent-length: 37\r\n\r\n",
     Request("CHECK", 1.0, body=b"Content-length: 37\r\n\r\n")),
]  # fmt: skip


@pytest.mark.parametrize(("data", "request_"), ACCEPTED, ids=range(len(ACCEPTED)))
def test_accepts_what_spamd_accepts(data: bytes, request_: Request) -> None:
    assert first_event(data) == request_


def test_header_names_in_any_case_answer_without_half_close() -> None:
    data = b"CHECK SPAMC/1.5\r\nContent-Length: %d\r\nUSER: joe\r\n\r\n%b" % (len(MESSAGE), MESSAGE)
    assert first_event(data, eof=False) == Request("CHECK", 1.5, b"joe", MESSAGE)


def test_message_without_final_newline_answers_without_half_close() -> None:
    body = MESSAGE.rstrip()
    data = b"CHECK SPAMC/1.5\r\nContent-length: %d\r\n\r\n%b" % (len(body), body)
    assert first_event(data, eof=False) == Request("CHECK", 1.5, body=body)


def test_length_too_short_counts_to_the_end_of_the_line() -> None:
    data = b"CHECK SPAMC/1.5\r\nContent-length: 5\r\n\r\n" + MESSAGE
    assert first_event(data) == refused(b"(Content-Length mismatch: Expected 5 bytes, got 20 bytes)")


def test_no_second_event() -> None:
    connection = Connection()
    connection.receive_data(b"PING SPAMC/1.2\r\nPING SPAMC/1.2\r\n")
    assert connection.next_event() == Request("PING", 1.2)
    assert connection.next_event() is Signal.DONE
    connection.receive_data(b"PING SPAMC/1.2\r\n")
    connection.receive_eof()
    assert connection.next_event() is Signal.DONE


def test_256_header_lines_are_the_most() -> None:
    head = b"CHECK SPAMC/1.5\r\n"
    assert first_event(head + b"A: b\r\n" * 255 + b"\r\n" + MESSAGE) == Request("CHECK", 1.5, body=MESSAGE)
    assert first_event(head + b"A: b\r\n" * 256 + b"\r\n" + MESSAGE) == refused(b"(too many headers)")


# Limits


def test_endless_lines_are_not_kept() -> None:
    connection = Connection(Limits(line=1000))
    connection.receive_data(b"C" * 900)
    assert connection.next_event() is Signal.NEED_DATA
    connection.receive_data(b"C" * 900)
    assert connection.next_event() == refused(b"(line too long)")
    head = b"CHECK SPAMC/1.5\r\nA: "
    connection = Connection(Limits(line=1000))
    connection.receive_data(head + b"b" * 1000 + b"\r\n\r\n")
    assert connection.next_event() == refused(b"(line too long)")


def test_headers_have_a_size() -> None:
    connection = Connection(Limits(headers=1000))
    connection.receive_data(b"CHECK SPAMC/1.5\r\n" + (b"A: " + b"b" * 100 + b"\r\n") * 10)
    assert connection.next_event() == refused(b"(too many headers)")


@pytest.mark.parametrize("promised", [1001, 10**30])
def test_too_large_a_promise_is_refused_at_once(promised: int) -> None:
    connection = Connection(Limits(body=1000))
    connection.receive_data(b"CHECK SPAMC/1.5\r\nContent-length: %d\r\n\r\n" % promised)
    event = connection.next_event()
    assert isinstance(event, Fault)
    assert event.status is Status.UNAVAILABLE
    assert b"1000 bytes" in event.text
    assert connection.is_surplus


def test_too_large_a_message_without_a_promise_is_refused_when_it_grows() -> None:
    connection = Connection(Limits(body=1000))
    connection.receive_data(b"CHECK SPAMC/1.2\r\n\r\n")
    for _ in range(10):
        connection.receive_data(b"x" * 100)
        assert connection.next_event() is Signal.NEED_DATA
    connection.receive_data(b"x")
    event = connection.next_event()
    assert isinstance(event, Fault)
    assert event.status is Status.UNAVAILABLE
    assert connection.buffered == 0 or connection.next_event() is Signal.DONE


def test_a_message_of_the_largest_size_is_accepted() -> None:
    connection = Connection(Limits(body=1000))
    connection.receive_data(b"CHECK SPAMC/1.2\r\nContent-length: 1000\r\n\r\n" + b"x" * 1000)
    assert connection.next_event() == Request("CHECK", 1.2, body=b"x" * 1000)


# Compression


def compressed(body: bytes, length: int | None = None, head: bytes = b"") -> bytes:
    data = zlib.compress(body)
    return b"SYMBOLS SPAMC/1.5\r\nCompress: zlib\r\n%bContent-length: %d\r\n\r\n%b" % (
        head,
        len(data) if length is None else length,
        data,
    )


def test_compressed_messages() -> None:
    assert first_event(compressed(MESSAGE), eof=False) == Request("SYMBOLS", 1.5, body=MESSAGE)
    assert first_event(compressed(MESSAGE) + b"rest") == Request("SYMBOLS", 1.5, body=MESSAGE)
    assert first_event(compressed(MESSAGE, 5000)) == Request("SYMBOLS", 1.5, body=MESSAGE)


@pytest.mark.parametrize("message", [MESSAGE + b"\n\n\n", MESSAGE.rstrip(b"\n"), b"\n", b""])
def test_compressed_messages_stay_as_they_were_sent(message: bytes) -> None:
    """The original drops empty lines at the end and adds a missing line end; the mail would be delivered so."""
    assert first_event(compressed(message)) == Request("SYMBOLS", 1.5, body=message)


def test_broken_compression_is_answered_as_spamd_does() -> None:
    fault = refused(b"zlib: failed to find end of zlib stream\n", Status.UNAVAILABLE)
    assert first_event(compressed(MESSAGE, 12)) == fault
    assert first_event(compressed(MESSAGE)[:-3]) == fault


def test_a_zlib_bomb_is_not_unfolded() -> None:
    bomb = zlib.compress(bytes(50 * 1024 * 1024), 9)
    head = b"CHECK SPAMC/1.5\r\nCompress: zlib\r\nContent-length: %d\r\n\r\n" % len(bomb)
    connection = Connection(Limits(body=1024 * 1024))
    connection.receive_data(head + bomb)
    event = connection.next_event()
    assert isinstance(event, Fault)
    assert event.status is Status.UNAVAILABLE
    exact = zlib.compress(bytes(1024 * 1024))
    connection = Connection(Limits(body=1024 * 1024))
    connection.receive_data(
        b"CHECK SPAMC/1.5\r\nCompress: zlib\r\nContent-length: %d\r\n\r\n%b" % (len(exact), exact)
    )
    assert connection.next_event() == Request("CHECK", 1.5, body=bytes(1024 * 1024))


# TELL


def test_tell_is_refused_before_its_message_arrives() -> None:
    event = first_event(b"TELL SPAMC/1.5\r\nSet: local\r\n\r\n", eof=False)
    text = b"TELL commands are not enabled, set the --allow-tell switch."
    assert event == refused(text, Status.UNAVAILABLE)


def test_tell_says_what_to_do() -> None:
    head = b"TELL SPAMC/1.5\r\nMessage-class: spam\r\nSet: local, remote\r\nContent-length: 37\r\n\r\n"
    event = first_event(head + MESSAGE, allow_tell=True)
    assert event == Request("TELL", 1.5, None, MESSAGE, b"spam", True, True, False, False)
    head = b"TELL SPAMC/1.5\r\nRemove: Local\r\nRemove: Remote\r\nContent-length: 37\r\n\r\n"
    event = first_event(head + MESSAGE, allow_tell=True)
    assert event == Request("TELL", 1.5, None, MESSAGE, None, False, False, False, True)


# Anything

lines = st.sampled_from(
    [
        b"CHECK SPAMC/1.5\r\n",
        b"PROCESS SPAMC/1.0\r\n",
        b"TELL SPAMC/1.5\r\n",
        b"PING SPAMC/1.5\r\n",
        b"Content-length: 5\r\n",
        b"Content-length: 37\r\n",
        b"Compress: zlib\r\n",
        b"User: joe\r\n",
        b"\r\n",
        b"\n",
        b": \r\n",
        MESSAGE,
        zlib.compress(MESSAGE),
    ]
)
anything = st.lists(lines | st.binary(max_size=40), max_size=8).map(b"".join)


@given(data=anything, pieces=st.lists(st.integers(0, 200), max_size=12), eof=st.booleans())
def test_any_bytes_in_any_pieces(data: bytes, pieces: list[int], eof: bool) -> None:
    whole = first_event(data, eof=eof)
    cut = in_pieces(data, [min(piece, len(data)) for piece in pieces], eof=eof)
    if cut != whole:
        # The one thing that depends on timing: bytes that go on in the last promised line.
        assert isinstance(whole, Fault)
        assert b"Content-Length mismatch" in whole.text


@given(body=st.binary(max_size=300), pieces=st.lists(st.integers(0, 400), max_size=12))
def test_an_honest_message_arrives_unchanged_however_it_is_cut(body: bytes, pieces: list[int]) -> None:
    data = b"PROCESS SPAMC/1.5\r\nContent-length: %d\r\n\r\n%b" % (len(body), body)
    assert in_pieces(data, [min(p, len(data)) for p in pieces], eof=False) == Request(
        "PROCESS", 1.5, body=body
    )


@pytest.mark.parametrize(
    ("text", "number"),
    [
        *(
            (b"1.5", 1.5),
            (b" 1.2junk", 1.2),
            (b"", 0.0),
            (b"x", 0.0),
            (b"-1", -1.0),
            (b".5", 0.5),
            (b"1e1", 10.0),
        ),
        *((b"inf", math.inf), (b"-Infinity", -math.inf), (b"INFx", math.inf), (b"in", 0.0)),
    ],
)
def test_versions_are_read_as_perl_reads_numbers(text: bytes, number: float) -> None:
    assert as_number(text) == number


def test_what_is_no_number_by_its_own_word() -> None:
    assert math.isnan(as_number(b"NaN"))


@pytest.mark.parametrize(
    ("data", "more"),
    [(b"PING SPAMC/1.5\r\n\r\n", False), (b"PING SPAMC/1.5\r\n\r\nbody", True), (b"SKIP SPAMC/1.0\nx", True)],
)
def test_what_a_client_sends_along_with_a_ping_is_surplus(data: bytes, more: bool) -> None:
    """So that it is read before the connection is closed, or the answer could be lost on its way."""
    connection = Connection()
    connection.receive_data(data)
    assert isinstance(connection.next_event(), Request)
    assert connection.is_surplus is more
