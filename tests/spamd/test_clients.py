"""Who relies on what: every known client's own reading of the answers, as strict as its source has it.

Each test sends what the client sends and reads as the client reads, against the real engine with stock rules
and against a scorer of two rules.
"""

import asyncio
import re
import socket
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import pytest

from processes import eventually
from servers import Server

GTUBE = b"XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"
HEAD = b"From: a@example.com\r\nTo: b@example.net\r\nSubject: x\r\n\r\n"
SPAM = HEAD + GTUBE + b"\r\n"
HAM = HEAD + b"body\r\n"


@pytest.fixture(params=["server", "stock_server"])
def either(request: pytest.FixtureRequest) -> Iterator[Server]:
    """The two servers, one after the other."""
    return request.getfixturevalue(request.param)


def lines_of(line: socket.socket) -> Any:
    """The answer as a file, for clients that read line by line."""
    return line.makefile("rb")


def test_exim(either: Server) -> None:
    """REPORT 1.2, half-closed, into a buffer of 32 KB; then one sscanf over all of it."""
    mbox = b"From a@example.com Mon Jun  1 10:00:00 2026\nX-Envelope-From: <a@example.com>\n"
    message = mbox + b"X-Envelope-To: b@example.net\n" + SPAM.replace(b"\r", b"")
    head = b"REPORT SPAMC/1.2\r\nUser: nobody\r\nContent-length: %d\r\n\r\n" % len(message)
    answer = either.ask(head + message)
    assert len(answer) < 32767
    # sscanf(…, "SPAMD/%7s 0 EX_OK\r\nSpam: %*s ; %lf / %lf\r\n\r\n%n", …): any white space matches any other.
    found = re.match(rb"SPAMD/(\S{1,7})\s*0\s*EX_OK\s*Spam:\s*\S+\s*;\s*(-?[\d.]+)\s*/\s*([\d.]+)\s*", answer)
    assert found
    assert float(found[2]) >= float(found[3])
    report = answer[found.end() :]
    assert b"Content-length" not in report
    assert not report.startswith(b"\n")


def test_amavis(either: Server) -> None:
    """SYMBOLS 1.3: headers by name, the promised length, the last line of the body."""
    extra = b"Return-Path: <a@example.com>\r\nX-Envelope-To: <b@example.net>\r\nX-Amavis-MessageSize: 12\r\n"
    with either.connect() as line:
        line.sendall(either.request(extra + SPAM, "SYMBOLS", b"User: amavis\r\n", "1.3"))
        line.shutdown(socket.SHUT_WR)
        reader = lines_of(line)
        first = reader.readline()
        assert re.match(rb"SPAMD/\S+ +0 +EX_OK\r\n\Z", first)
        fields = {}
        while (row := reader.readline().rstrip(b"\r\n")) != b"":
            name, colon, value = row.partition(b":")
            assert colon
            fields[name.lower()] = value.strip()
        body = reader.read()
    assert len(body) == int(fields[b"content-length"])
    found = re.fullmatch(rb"(\S+) ; (\S+) / (\S+)", fields[b"spam"])
    assert found
    assert found[1] == b"True"
    assert b"GTUBE" in body.split(b"\n")[-1].split(b",")


@pytest.mark.parametrize("version", [b"1.4", b"1.5"])
def test_haraka_qpsmtpd_rspamd(either: Server, version: bytes) -> None:
    """HEADERS without a length: exactly one decimal, folded X-Spam headers, `tests=… autolearn`."""
    answer = either.ask(b"HEADERS SPAMC/%b\r\nUser: joe\r\n\r\n%b" % (version, SPAM))
    rows = answer.split(b"\r\n")
    assert re.match(rb"SPAMD/\d+\.\d+ 0 EX_OK", rows[0])
    found = re.search(rb"Spam: (True|False) ; (-?\d+\.\d) / (-?\d+\.\d)\r\n", answer)
    assert found
    assert found[1] == b"True"
    status = re.search(rb"^X-Spam-Status: (.*(?:\r?\n[ \t].*)*)", answer, re.M)
    assert status
    unfolded = re.sub(rb"\s+", b" ", status[1])
    tests = re.search(rb"^Yes, .*\btests=(.*?) autolearn", unfolded)
    assert tests
    assert "GTUBE" in re.split(r"[, ]+", tests[1].decode())
    assert re.search(rb"^X-Spam-Flag: YES", answer, re.M)


def test_postal_and_mailpit(either: Server) -> None:
    """REPORT: the table after the last line of dashes, descriptions going on at column 28."""
    for version in ("1.2", "1.5"):
        answer = either.ask(either.request(SPAM, "REPORT", version=version)).decode("latin-1")
        assert "Content analysis details:" in answer
        table = re.split(r"^-{4,} -{10,} -{10,}$", answer.replace("\r", ""), flags=re.M)[-1]
        total, names = 0.0, []
        for row in table.strip("\n").split("\n"):
            if found := re.match(r" ?(-?[\d.]+) +([A-Z][A-Z0-9_]+) +(.*)", row):
                total += float(found[1])
                names.append(found[2])
            else:
                assert re.match(r"\s{28}\S", row), row
        assert "GTUBE" in names
        said = re.search(r"Spam: True ; ([\d.]+) / ", answer)
        assert said
        assert abs(total - float(said[1])) < 1


def test_fuglu(either: Server) -> None:
    """Reads exactly two lines, then an empty one; the second has exactly six words."""
    for verb in ("SYMBOLS", "REPORT"):
        with either.connect() as line:
            line.sendall(either.request(SPAM, verb, version="1.2"))
            line.shutdown(socket.SHUT_WR)
            reader = lines_of(line)
            assert reader.readline().split()[1:] == [b"0", b"EX_OK"]
            words = reader.readline().split()
            assert (len(words), words[0], words[1]) == (6, b"Spam:", b"True")
            assert reader.readline() == b"\r\n"
            assert b"GTUBE" in reader.read()
    with either.connect() as line:
        line.sendall(either.request(SPAM, "PROCESS", version="1.2"))
        line.shutdown(socket.SHUT_WR)
        reader = lines_of(line)
        assert reader.readline() == b"SPAMD/1.1 0 EX_OK\r\n"
        length = reader.readline().split()
        assert length[0] == b"Content-length:"
        assert reader.readline() == b"\r\n"
        assert len(reader.read()) == int(length[1])


def test_the_client_that_skips_three_lines(either: Server) -> None:
    """PROCESS 1.4: whatever stands in the first lines, the message begins after the fourth."""
    with either.connect() as line:
        line.sendall(either.request(HAM, "PROCESS", version="1.4"))
        reader = lines_of(line)
        skipped = [reader.readline() for _ in range(3)]
        assert all(row.strip() for row in skipped)
        assert reader.readline() == b"\r\n"
        assert reader.readline().startswith((b"X-Spam-", b"Received:", b"From:"))


def test_james(either: Server) -> None:
    """CHECK 1.2: looks for the line that begins with `Spam:` and splits it at single blanks."""
    answer = either.ask(either.request(SPAM, version="1.2")).decode()
    assert "Content-length" not in answer
    row = next(row for row in answer.split("\r\n") if row.startswith("Spam:"))
    words = row.split(" ")
    assert words[:3] == ["Spam:", "True", ";"]
    assert words[4] == "/"
    assert float(words[3]) >= float(words[5])


def test_james_tells(server: Server) -> None:
    """TELL 1.2 wants `DidSet: `."""
    head = b"Message-class: spam\r\nSet: local, remote\r\n"
    answer = server.ask(server.request(SPAM, "TELL", head, "1.2"))
    assert any(row.startswith(b"DidSet: ") for row in answer.split(b"\r\n"))
    assert b"Content-length" not in answer


def test_hmailserver(either: Server) -> None:
    """PROCESS 1.0: the exact first line, then the message, by half-close."""
    answer = either.ask(b"PROCESS SPAMC/1.0\r\n" + HAM)
    first, end, rest = answer.partition(b"\r\n")
    assert (first, end) == (b"SPAMD/1.0 0 EX_OK", b"\r\n")
    assert re.match(rb"[A-Za-z-]+:", rest)
    assert rest.endswith(b"body\r\n")


def test_mailutils_and_milter_spamd(either: Server) -> None:
    """SYMBOLS 1.2: Spam, an empty line, one line."""
    with either.connect() as line:
        line.sendall(b"SYMBOLS SPAMC/1.2\r\nUser: joe\r\n\r\n")
        for row in SPAM.splitlines(keepends=True):  # streamed, no length
            line.sendall(row)
        line.shutdown(socket.SHUT_WR)
        reader = lines_of(line)
        assert re.match(rb"SPAMD/\d\.\d 0 \S+\r\n", reader.readline())
        assert re.match(rb"Spam: True ; \d+\.\d / \d+\.\d\r\n", reader.readline())
        assert reader.readline() == b"\r\n"
        assert b"GTUBE" in reader.readline().rstrip(b"\r\n").split(b",")
        assert reader.readline() == b""


def test_emailrelay(either: Server) -> None:
    """PROCESS 1.4: a length that is not zero, and that many bytes."""
    answer = either.ask(either.request(HAM, "PROCESS", version="1.4"))
    found = re.search(rb"^Content-length: (\d+)\r\n", answer, re.M)
    assert found
    assert int(found[1]) == len(answer.partition(b"\r\n\r\n")[2]) > 0


def test_synchronet(either: Server) -> None:
    """CHECK 1.2: the very words `Spam: True `."""
    assert b"\r\nSpam: True " in either.ask(b"CHECK SPAMC/1.2\r\n\r\n" + SPAM)
    assert b"\r\nSpam: False " in server_answer_to_ham(either)


def server_answer_to_ham(server: Server) -> bytes:
    """A ham's CHECK; stock rules dislike a bare message, so this one has what they look for."""
    known = (
        b"Received: from mx.example.org (mx.example.org [203.0.113.5]) by mx.example.net with ESMTP id 1;\r\n"
    )
    known += b" Mon, 1 Jun 2026 10:00:00 +0000\r\nDate: Mon, 1 Jun 2026 10:00:00 +0000\r\n"
    known += b"Message-ID: <20260601100000.12345@mx.example.org>\r\n"
    return server.ask(b"CHECK SPAMC/1.2\r\n\r\n" + known + HAM)  # type: ignore[no-any-return]


def test_aiospamc(either: Server) -> None:
    """The library, with its strict lengths and its parsers."""
    aiospamc = pytest.importorskip("aiospamc")

    async def ask() -> None:
        where = {"host": "127.0.0.1", "port": either.port}
        assert (await aiospamc.ping(**where)).message == "PONG"
        checked = await aiospamc.check(SPAM, **where)
        assert checked.status_code == 0
        assert checked.headers.spam.value is True
        assert checked.headers.spam.score >= checked.headers.spam.threshold
        symbols = await aiospamc.symbols(SPAM, **where)
        assert b"GTUBE" in symbols.body.split(b",")
        assert b"Content analysis details" in (await aiospamc.report(SPAM, **where)).body
        if_spam = await aiospamc.report_if_spam(SPAM, **where)
        assert if_spam.headers.spam.value is True
        processed = await aiospamc.process(SPAM, **where)
        assert processed.headers.content_length == len(processed.body)
        assert b"X-Spam-Flag: YES" in (await aiospamc.headers(SPAM, **where)).body

    asyncio.run(ask())


def test_go_and_php_clients(either: Server) -> None:
    """They misspell `Content-lenght` and read to the end; others write it in capitals and do not half-close."""
    message = b"CHECK SPAMC/1.5\r\nContent-lenght: %d\r\n\r\n%b" % (len(SPAM), SPAM)
    assert b"Spam: True ;" in either.ask(message)
    message = b"REPORT SPAMC/1.5\r\nCONTENT-LENGTH: %d\r\n\r\n%b" % (len(SPAM), SPAM)
    assert b"Spam: True ;" in either.ask(message, half_close=False)
    message = b"CHECK SPAMC/1.4\r\nContent-Length: %d\r\nUser: joe\r\n\r\n%b" % (
        len(HAM.rstrip()),
        HAM.rstrip(),
    )
    assert b"Spam: " in either.ask(message, half_close=False)


def test_fuglu_tells(server: Server) -> None:
    """TELL 1.2: the status line, then what was done; a command that is refused has its status in the first line."""
    with server.connect() as line:
        line.sendall(
            server.request(SPAM, "TELL", b"Message-class: spam\r\nSet: local\r\nUser: joe\r\n", "1.2")
        )
        line.shutdown(socket.SHUT_WR)
        reader = lines_of(line)
        assert reader.readline().split()[1:] == [b"0", b"EX_OK"]
        assert reader.readline() == b"DidSet: local\r\n"
        assert reader.readline() == b"\r\n"


# Everybody's request in the pieces in which it is written

PLAIN = SPAM.replace(b"\r", b"")
MBOX = b"From a@example.com Mon Jun  1 10:00:00 2026\nX-Envelope-From: <a@example.com>\n" + PLAIN
LENGTH, MBOX_LENGTH = b"Content-length: %d\r\n" % len(SPAM), b"Content-length: %d\r\n" % len(MBOX)
END = b"\r\n"
TRUE = rb"Spam: True ; \d+\.\d / 5\.0\r\n"
BY_LINE, BY_16 = SPAM.splitlines(keepends=True), [SPAM[n : n + 16] for n in range(0, len(SPAM), 16)]
USER = b"User: joe\r\n"
ADDED = b"Return-Path: <a@example.com>\n"
ADDED_LENGTH = b"Content-length: %d\r\n" % (len(ADDED) + len(SPAM))
OK_THEN_LENGTH = rb"\ASPAMD/1.1 0 EX_OK\r\nContent-length: [1-9]\d*\r\n"
TABLE, FLAG = rb"Content analysis details:", rb"X-Spam-Flag: YES"
ROWS = {  # what is written, whether it ends with a half-close, what must be found in the answer
    "spamc": ([b"SYMBOLS SPAMC/1.5\r\n" + USER + LENGTH + END, SPAM], True, OK_THEN_LENGTH),
    "exim": (
        [b"REPORT SPAMC/1.2\r\n" + USER, MBOX_LENGTH + END, MBOX],
        True,
        rb"\ASPAMD/1.1 0 EX_OK\r\n" + TRUE,
    ),
    "amavis": ([b"SYMBOLS SPAMC/1.3\r\n", ADDED_LENGTH + USER + END, ADDED, *BY_16], True, TRUE + rb"\r\n"),
    "haraka": ([b"HEADERS SPAMC/1.4\r\n", USER, END, *BY_16], True, TRUE),
    "qpsmtpd": ([b"HEADERS SPAMC/1.4\r\n", USER, END, *PLAIN.splitlines(keepends=True)], True, FLAG),
    "rspamd": ([b"HEADERS SPAMC/1.5\r\n" + LENGTH + END + SPAM], False, rb"X-Spam-Status: Yes, "),
    "postal": ([b"REPORT SPAMC/1.2\r\n", LENGTH, END, SPAM], True, TABLE),
    "mailpit": ([b"REPORT SPAMC/1.5\r\n" + LENGTH + END, SPAM], False, TABLE),
    "fuglu": ([b"PROCESS SPAMC/1.2\r\n", LENGTH, USER, END, SPAM], True, OK_THEN_LENGTH + rb"\r\n"),
    "python": ([b"PROCESS SPAMC/1.4\r\n" + LENGTH + END, SPAM], False, FLAG),
    "james": ([b"CHECK SPAMC/1.2\r\n\r\n", SPAM], True, rb"\r\n" + TRUE + rb"\r\n\Z"),
    "hmailserver": ([b"PROCESS SPAMC/1.0\r\n", SPAM], True, rb"\ASPAMD/1.0 0 EX_OK\r\n[A-Z]"),
    "mailutils": (
        [b"SYMBOLS SPAMC/1.2\r\n", LENGTH, USER, END, *BY_LINE],
        True,
        TRUE + rb"\r\n[A-Z_,]*GTUBE[A-Z_,]*\r\n\Z",
    ),
    "milter-spamd": ([b"SYMBOLS SPAMC/1.2\r\n", USER + END, *BY_LINE], True, TRUE),
    "e-mailrelay": ([b"PROCESS SPAMC/1.4\r\n", LENGTH + END, *BY_16], False, OK_THEN_LENGTH),
    "synchronet": ([b"CHECK SPAMC/1.2\r\n", LENGTH, END, SPAM], True, rb"\r\nSpam: True "),
    "aiospamc": ([b"CHECK SPAMC/1.5\r\n" + LENGTH + END + SPAM], False, TRUE),
    "teamwork": ([b"CHECK SPAMC/1.4\r\n" + LENGTH.replace(b"length", b"Length"), END, SPAM], False, TRUE),
    "baruwa": ([b"SYMBOLS SPAMC/1.5\r\n", LENGTH, USER, END, SPAM], True, TRUE),
    "ppadron": (
        [b"REPORT SPAMC/1.4\r\n" + LENGTH.replace(b"th", b"ht") + USER + END + SPAM, END],
        True,
        TRUE,
    ),
    "hostlink": ([b"SYMBOLS SPAMC/1.5\r\n" + LENGTH + END + SPAM], False, TRUE),
}


@pytest.mark.parametrize("client", ROWS)
def test_everybodys_pieces(either: Server, client: str) -> None:
    pieces, half_close, wanted = ROWS[client]
    with either.connect() as line:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in pieces:
            line.sendall(piece)
            time.sleep(0.002)
        if half_close:
            line.shutdown(socket.SHUT_WR)
        answer = either.everything(line)
    assert answer.startswith(b"SPAMD/")
    assert re.search(wanted, answer)
    if b"Content-length: " in answer.partition(b"\r\n\r\n")[0]:
        length = re.search(rb"Content-length: (\d+)", answer)
        assert length
        assert int(length[1]) == len(answer.partition(b"\r\n\r\n")[2])


# spamc itself, and what runs it


def run_spamc(spamc: str, server: Server, *options: str, message: bytes = SPAM) -> tuple[int, bytes]:
    command = [spamc, "-d", "127.0.0.1", "-p", str(server.port), *options]
    done = subprocess.run(command, input=message.replace(b"\r", b""), capture_output=True, timeout=60)
    return done.returncode, done.stdout


def test_spamc(either: Server, spamc: str) -> None:
    status, printed = run_spamc(spamc, either, "-c")
    assert status == 1
    assert re.fullmatch(rb"1\d\d\d\.\d/5\.0\n", printed)
    assert run_spamc(spamc, either, "-K") == (0, b"SPAMD/1.5 0\n")
    status, printed = run_spamc(spamc, either, "-y")
    assert b"GTUBE" in printed.strip().split(b",")
    for options in (("-R",), ("-r",)):
        assert b"GTUBE" in run_spamc(spamc, either, *options)[1]
    assert run_spamc(spamc, either, "-E")[0] == 1
    assert run_spamc(spamc, either, "-E", "--headers")[0] == 1


def test_simscan_and_spamass_milter_find_their_headers(either: Server, spamc: str) -> None:
    """They run spamc as a filter and read X-Spam-Flag and X-Spam-Status."""
    for options in ((), ("--headers",), ("-u", "joe")):
        _, printed = run_spamc(spamc, either, *options)
        assert re.search(rb"^X-Spam-Flag: YES$", printed, re.M)
        assert re.search(rb"^X-Spam-Status: Yes, score=1\d{3}\.\d required=5\.0", printed, re.M)
    # A message larger than spamc sends comes back as it went.
    assert run_spamc(spamc, either, "-s", "50") == (0, SPAM.replace(b"\r", b""))


def test_spamc_learns(server: Server, spamc: str) -> None:
    assert run_spamc(spamc, server, "-L", "spam") == (0, b"Message successfully un/learned\n")
    assert run_spamc(spamc, server, "-L", "forget") == (0, b"Message successfully un/learned\n")
    assert run_spamc(spamc, server, "-C", "report") == (0, b"Unable to report/revoke message\n")


def test_spamc_gives_mail_back_untouched_when_the_scan_is_broken_off(server: Server, spamc: str) -> None:
    message = b"X-Crash: 1\nSubject: x\n\nbody\n"
    assert run_spamc(spamc, server, "--filter-retries", "1", message=message) == (0, message)
    status, printed = run_spamc(spamc, server, "-x", "--filter-retries", "1", message=message)
    assert status not in (0, 1)
    assert printed == b""
    assert eventually(lambda: run_spamc(spamc, server, "-K")[0] == 0)


def test_spamc_sends_large_messages(server: Server, spamc: str) -> None:
    message = b"Subject: x\n\n" + b"x" * 70 * 2**10 * 10
    status, printed = run_spamc(spamc, server, "-s", "10000000", message=message)
    assert status == 0
    assert printed.endswith(message)
