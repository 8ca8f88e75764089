"""The log: what happens, in spamd's shape or as JSON, to every sink that was asked for.

    journal = Journal([StreamSink()])
    journal.info("server pid: 4711")        # Nov 23 06:09:25.501 [4711] info: spamd: server pid: 4711

Source: Mail::SpamAssassin::Logger; `perldoc spamd` on -s, --syslog-socket, --log-timestamp-fmt.
"""

import json
import logging
import os
import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Literal

from ..base.errors import PyspamdError
from .sinks import FileSink, Level, Sink, StreamSink, SyslogSink

Format = Literal["text", "json"]

_SPECIAL: Final = re.compile(r"[\x00-\x1f\x7f-\xff\\]")
_ESCAPES: Final = {"\r": "\\r", "\n": "\\n", "\t": "\\t", "\\": "\\\\"}


def escaped(text: str) -> str:
    """The text with control characters, backslashes and bytes above 126 spelled out."""
    return _SPECIAL.sub(lambda found: _ESCAPES.get(found[0]) or f"\\x{{{ord(found[0]):02X}}}", text)


class Journal:
    """Takes what happens and writes it to all sinks; one in the master, inherited by the workers."""

    def __init__(self, sinks: Sequence[Sink], style: Format = "text") -> None:
        self.sinks = list(sinks)
        self.style = style

    def info(self, text: str, event: str = "notice", /, **facts: Any) -> None:
        """Something ordinary."""
        self.write("info", ((text, event, facts),))

    def warn(self, text: str, event: str = "warning", /, **facts: Any) -> None:
        """Something that somebody should look at."""
        self.write("warn", ((text, event, facts),))

    def error(self, text: str, event: str = "error", /, **facts: Any) -> None:
        """Something that failed."""
        self.write("error", ((text, event, facts),))

    def write(self, level: Level, entries: Sequence[tuple[str, str, dict[str, Any]]]) -> None:
        """Write entries: a text in spamd's words each, and for JSON a kind of event and its facts."""
        if not self.sinks:
            return
        moment = time.time()
        if self.style == "json":
            texts = [_as_json(level, moment, *entry) for entry in entries]
        else:
            texts = [escaped(f"spamd: {text}") for text, _, _ in entries]
        for sink in self.sinks:
            sink.write(level, texts, moment)

    def raw(self, level: Level, text: str, area: str) -> None:
        """Write a line of another area than the server's own."""
        if self.sinks:
            moment = time.time()
            line = (
                _as_json(level, moment, text, area, {})
                if self.style == "json"
                else escaped(f"{area}: {text}")
            )
            for sink in self.sinks:
                sink.write(level, (line,), moment)

    @property
    def descriptor(self) -> int:
        """A descriptor whose writer's words land in the log, or at least on standard error."""
        files = [sink.descriptor for sink in self.sinks if isinstance(sink, StreamSink)]
        return files[-1] if files else 2

    def reopen(self) -> None:
        """Begin anew with rotated files and restarted loggers."""
        for sink in self.sinks:
            sink.reopen()

    def drop_standard_error(self) -> None:
        """Write to standard error no more, as a daemon."""
        self.sinks = [sink for sink in self.sinks if type(sink) is not StreamSink]


def _as_json(level: Level, moment: float, text: str, event: str, facts: dict[str, Any]) -> str:
    entry = {
        "time": round(moment, 3),
        "level": level,
        "pid": os.getpid(),
        "event": event,
        "text": text,
        **facts,
    }
    return json.dumps(entry)


def open_journal(
    facility: str = "mail",
    socket_type: str = "",
    stamp: str | None = None,
    style: Format = "text",
) -> Journal:
    """The journal that `-s`, `--syslog-socket`, `--log-timestamp-fmt` and `--log-format` ask for.

    Like spamd, a server in the foreground writes to standard error whatever else it writes to, and where the
    rest cannot be opened that is all. `null` means nothing anywhere. `stamp` is a strftime format, empty for
    no time at all, `None` for the sink's own.
    """
    if facility == "null":
        return Journal([], style)
    bare = style == "json"
    journal = Journal([StreamSink(2, stamp, bare=bare)], style)
    kind = socket_type.lower()
    try:
        if facility != "stderr" and re.search(r"[^a-z0-9]", facility):
            journal.sinks.append(FileSink(Path(facility).absolute(), stamp, bare=bare))
        elif facility == "file" or kind == "file":
            journal.sinks.append(FileSink(Path("spamd.log").absolute(), stamp, bare=bare))
        elif facility != "stderr" and kind != "none":
            journal.sinks.append(SyslogSink(facility.lower(), kind or "unix", stamp))
    except PyspamdError as error:
        journal.warn(f"{error}, logging to standard error only")
    return journal


class JournalHandler(logging.Handler):
    """Takes what the other rooms log (`pyspamd.net.dns` …) into the journal, each under its module's name."""

    def __init__(self, journal: Journal) -> None:
        super().__init__()
        self._journal = journal

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        if record.levelno >= logging.ERROR:
            level: Level = "error"
        elif record.levelno >= logging.WARNING:
            level = "warn"
        else:
            level = "info" if record.levelno >= logging.INFO else "dbg"
        area = record.name.rpartition(".")[2]
        try:
            text = record.getMessage()
            if record.exc_info:
                text = f"{text}: {logging.Formatter().formatException(record.exc_info)}"
        except (TypeError, ValueError):
            self.handleError(record)
            return
        self._journal.raw(level, text.encode("utf-8", "replace").decode("latin-1"), area)


def take_logging(journal: Journal, areas: Sequence[str] = ()) -> None:
    """Let the journal have what other rooms log; of debugging only the named areas (or `all`)."""
    top = logging.getLogger("pyspamd")
    for handler in [h for h in top.handlers if isinstance(h, JournalHandler)]:
        top.removeHandler(handler)
    handler = JournalHandler(journal)
    top.addHandler(handler)
    top.propagate = False
    top.setLevel(logging.INFO)
    wanted = [area.strip().lower() for area in areas if area.strip()]
    if not wanted:
        return
    unwanted = {area.removeprefix("no") for area in wanted if area.startswith("no")}
    everything = "all" in wanted
    top.setLevel(logging.DEBUG)

    def chosen(record: logging.LogRecord) -> bool:
        if record.levelno > logging.DEBUG:
            return True
        names = set(record.name.lower().split("."))
        return not names & unwanted and (everything or bool(names & set(wanted)))

    handler.addFilter(chosen)
