"""The log's lines and where they go."""

import json
import logging
import os
import re
import select
import socket
import time
from pathlib import Path

import pytest

from pyspamd.spamd import log, sinks
from pyspamd.spamd.journal import Journal, escaped, open_journal, take_logging
from pyspamd.spamd.sinks import FileSink, StreamSink, SyslogSink


@pytest.mark.parametrize(
    ("message", "ids"),
    [
        (b"", ("", "")),
        (b"Subject: x\n\nMessage-Id: <no@example.com>\n", ("", "")),
        (b"Message-Id: <a@example.com>\n\n", ("<a@example.com>", "")),
        (b"MESSAGE-ID :\t<a@example.com>\r\n\r\n", ("<a@example.com>", "")),
        (b"Message-Id:\n  (one (two)) <a\xff@example.com> rest\n\n", ("<a?@example.com>", "")),
        (b"Message-Id: a b<c>\n\n", ("<c>", "")),
        (b"Message-Id: a   b\n\n", ("<a?b>", "")),
        (b"Message-Id: <a>\nMessage-Id: <b>\n\n", ("<b>", "")),
        (b"Resent-Message-ID: <r>\nMessage-Id: ()\n\n", ("", "<r>")),
        (b"Message-Id: <a>", ("<a>", "")),
        (b"Message-Id: " + b"(" * 100_000 + b")" * 100_000 + b"\n\n", ("<" + "(" * 1000 + ">", "")),
    ],
)
def test_message_ids_are_cleaned_for_a_line(message: bytes, ids: tuple[str, str]) -> None:
    assert log.message_ids(message) == ids


def test_nothing_escapes_its_line() -> None:
    assert escaped("a\r\n\tb\\c\x00\xe9") == r"a\r\n\tb\\c\x{00}\x{E9}"


def written(sink_type: type[StreamSink], **options: object) -> str:
    reading, writing = os.pipe()
    Journal([sink_type(writing, **options)]).info("hello")  # type: ignore[arg-type]
    os.close(writing)
    with os.fdopen(reading) as pipe:
        return pipe.read()


def test_time_stamps() -> None:
    me = os.getpid()
    assert re.fullmatch(
        rf"\w{{3}} [ \d]\d [\d:]{{8}}\.\d{{3}} \[{me}\] info: spamd: hello\n", written(StreamSink)
    )
    assert written(StreamSink, stamp="") == f"[{me}] info: spamd: hello\n"
    assert re.fullmatch(rf"\d{{4}}! \[{me}\] info: spamd: hello\n", written(StreamSink, stamp="%Y!"))


def test_a_file_that_is_rotated(tmp_path: Path) -> None:
    path = tmp_path / "log"
    sink = FileSink(path)
    journal = Journal([sink])
    journal.info("one")
    path.rename(tmp_path / "old")
    journal.info("two")
    journal.reopen()
    journal.warn("three")
    assert re.fullmatch(r"\w{3} \w{3} [ \d]\d [\d:]{8} \d{4} \[\d+\] warn: spamd: three\n", path.read_text())
    assert (tmp_path / "old").read_text().count("\n") == 2
    os.close(sink.descriptor)


def test_syslog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = str(tmp_path / "log")
    monkeypatch.setattr(sinks, "SYSLOG_SOCKETS", (place,))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as daemon:
        daemon.bind(place)
        daemon.settimeout(5)
        sink = SyslogSink("mail", "unix")
        journal = Journal([sink])
        journal.info("hello")
        journal.error("oh")
        head = rf"\w{{3}} [ \d]\d [\d:]{{8}} spamd\[{os.getpid()}\]: spamd:"
        assert re.fullmatch(f"<22>{head} hello", daemon.recv(1000).decode())
        assert re.fullmatch(f"<19>{head} oh", daemon.recv(1000).decode())
    Path(place).unlink()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as daemon:  # syslogd was restarted
        daemon.bind(place)
        daemon.settimeout(5)
        journal.info("again")
        assert daemon.recv(1000).endswith(b"spamd: again")
    sink.close()


def test_a_syslog_that_has_stopped_reading_stops_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = str(tmp_path / "log")
    monkeypatch.setattr(sinks, "SYSLOG_SOCKETS", (place,))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as daemon:
        daemon.bind(place)
        daemon.settimeout(5)
        sink = SyslogSink("mail", "unix")
        journal = Journal([sink])
        begun = time.monotonic()
        for number in range(5000):
            journal.info(f"line {number}")
        assert time.monotonic() - begun < 60
        taken = 0
        while select.select([daemon], [], [], 0.2)[0] != []:
            assert daemon.recv(1000).endswith(b"spamd: line %d" % taken)
            taken += 1
        assert 0 < taken < 5000
        journal.info("again")
        assert daemon.recv(1000).endswith(
            b"logger: %d lines were lost, because nobody took them" % (5000 - taken)
        )
        assert daemon.recv(1000).endswith(b"spamd: again")
    sink.close()


def test_a_pipe_that_nobody_reads_stops_nobody() -> None:
    reading, writing = os.pipe()
    journal = Journal([StreamSink(writing, "")])
    begun = time.monotonic()
    for number in range(5000):
        journal.info(f"line {number} " + "x" * 100)
    assert time.monotonic() - begun < 60
    os.set_blocking(reading, False)
    taken = os.read(reading, 1 << 20).splitlines()
    assert 0 < len(taken) < 5000
    journal.info("again")
    first, second = os.read(reading, 1 << 20).splitlines()
    assert first.endswith(b"logger: %d lines were lost, because nobody took them" % (5000 - len(taken)))
    assert second.endswith(b"spamd: again")
    os.close(reading)
    journal.info("and a reader that is gone is no trouble")
    os.close(writing)


def test_what_cannot_be_opened_leaves_standard_error(
    capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    open_journal(f"{tmp_path}/nowhere/log").info("hello")
    told = capfd.readouterr().err
    assert f"{tmp_path}/nowhere/log cannot be opened" in told
    assert "spamd: hello" in told
    open_journal("null").info("hello")
    assert capfd.readouterr().err == ""


def test_other_rooms_and_debugging_by_area(capfd: pytest.CaptureFixture[str]) -> None:
    journal = open_journal("stderr", style="json")
    take_logging(journal, ["dns", "noconf"])
    try:
        logging.getLogger("pyspamd.net.dns").debug("asked %s", "x\xe9")
        logging.getLogger("pyspamd.net.exchange").debug("unwanted")
        logging.getLogger("pyspamd.conf.loader").debug("unwanted")
        logging.getLogger("pyspamd.conf.loader").warning("odd")
    finally:
        take_logging(Journal([]))
    entries = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    assert [(e["level"], e["event"], e["text"]) for e in entries] == [
        ("dbg", "dns", "asked x\xc3\xa9"),
        ("warn", "loader", "odd"),
    ]
