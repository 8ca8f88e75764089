"""Where log lines go: standard error, a file, syslog; each writes without ever raising, or waiting for long.

A reader of the log that has stopped reading must not stop the mail: lines that nobody takes are dropped, and how
many is told as soon as somebody takes lines again.

Source: Mail::SpamAssassin::Logger::Stderr, ::File and ::Syslog.
"""

import contextlib
import os
import select
import socket
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal, Protocol

from ..base.errors import PyspamdError

Level = Literal["dbg", "info", "warn", "error"]

_SEVERITIES: Final[dict[Level, int]] = {"dbg": 7, "info": 6, "warn": 4, "error": 3}
_FACILITIES: Final = {
    name: number
    for number, name in enumerate(
        [
            "kern",
            "user",
            "mail",
            "daemon",
            "auth",
            "syslog",
            "lpr",
            "news",
            "uucp",
            "cron",
            "authpriv",
            "ftp",
            "-",
            "-",
            "-",
            "-",
        ]
        + [f"local{n}" for n in range(8)]
    )
    if name != "-"
}
SYSLOG_SOCKETS: Final = ("/dev/log", "/var/run/syslog", "/var/run/log")


class Sink(Protocol):
    """Where lines go."""

    def write(self, level: Level, texts: Sequence[str], moment: float) -> None:
        """Write one entry a text (already escaped); `moment` is seconds since the epoch. Never raises."""

    def reopen(self) -> None:
        """Begin anew where the file or socket may have been replaced."""


_PATIENCE: Final = 1.0
"""Seconds to wait for a reader of the log that is behind, once."""


def lost(count: int) -> str:
    """The line that tells of lines that nobody took."""
    return f"logger: {count} lines were lost, because nobody took them"


class _Stamp:
    """Formats moments and remembers the last second's."""

    def __init__(self, pattern: str | None, default: str, milliseconds: bool) -> None:
        self._pattern = default if pattern is None else pattern
        self._milliseconds = milliseconds and pattern is None
        self._second = -1
        self._text = ""

    def __call__(self, moment: float) -> str:
        second = int(moment)
        if second != self._second:
            self._second = second
            self._text = time.strftime(self._pattern, time.localtime(second)) if self._pattern else ""
            if self._milliseconds and self._text[4] == "0":
                self._text = f"{self._text[:4]} {self._text[5:]}"
        if self._milliseconds:
            return f"{self._text}.{int(moment * 1000) % 1000:03d} "
        return f"{self._text} " if self._text else ""


class StreamSink:
    """Writes to an open file descriptor; `bare` leaves time, process and level out."""

    default_stamp = "%b %d %H:%M:%S"
    milliseconds = True

    def __init__(self, descriptor: int = 2, stamp: str | None = None, *, bare: bool = False) -> None:
        self.descriptor = descriptor
        self._bare = bare
        self._stamp = _Stamp(stamp, self.default_stamp, self.milliseconds)
        self._lost = 0

    def write(self, level: Level, texts: Sequence[str], moment: float) -> None:
        """Write the lines with one system call."""
        if not self._takes_more():
            self._lost += len(texts)
            return
        head = "" if self._bare else f"{self._stamp(moment)}[{os.getpid()}] {level}: "
        if self._lost and not self._bare:
            texts = [lost(self._lost), *texts]
        self._lost = 0
        data = "".join(f"{head}{text}\n" for text in texts).encode("latin-1", "replace")
        with contextlib.suppress(OSError):  # a log that cannot be written must not stop the mail
            os.write(self.descriptor, data)

    def _takes_more(self) -> bool:
        """Whether a write will not wait; the first time it would, there is some patience."""
        poll = select.poll()
        poll.register(self.descriptor, select.POLLOUT)
        return bool(poll.poll(0 if self._lost else 1000 * _PATIENCE))

    def reopen(self) -> None:
        """Nothing to do: the descriptor is not ours."""


class FileSink(StreamSink):
    """Appends to a file. Raises `PyspamdError` where it cannot be opened."""

    default_stamp = "%a %b %e %H:%M:%S %Y"
    milliseconds = False

    def __init__(self, path: Path, stamp: str | None = None, *, bare: bool = False) -> None:
        self._path = path
        super().__init__(self._open(), stamp, bare=bare)

    def _open(self) -> int:
        try:
            return os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise PyspamdError(f"the log file {self._path} cannot be opened: {error.strerror}") from error

    def reopen(self) -> None:
        """Open the path again, as after a rotation; the old file stays where that fails."""
        with contextlib.suppress(PyspamdError):
            fresh = self._open()
            os.dup2(fresh, self.descriptor)
            os.close(fresh)


class SyslogSink:
    """Sends datagrams to syslog. Raises `PyspamdError` where it cannot be reached."""

    def __init__(self, facility: str, socket_type: str, stamp: str | None = None) -> None:
        if facility not in _FACILITIES:
            told = "-s takes one, or stderr, null or a file's path"
            raise PyspamdError(f"there is no syslog facility {facility!r} ({told})")
        self._facility = _FACILITIES[facility]
        self._type = socket_type
        self._stamp = _Stamp(stamp or "", "", False)
        self._lost = 0
        self._socket = self._connect()

    def _connect(self) -> socket.socket:
        if self._type not in ("inet", "udp"):
            for place in SYSLOG_SOCKETS:
                line = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
                try:
                    line.connect(place)
                except OSError:
                    line.close()
                    continue
                return line
            if self._type not in ("unix", "native", ""):
                told = "--syslog-socket takes unix, inet or none"
                raise PyspamdError(f"syslog cannot be reached over a socket of type {self._type!r} ({told})")
        line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        line.connect(("127.0.0.1", 514))
        return line

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def write(self, level: Level, texts: Sequence[str], moment: float) -> None:
        """Send one datagram a line, connecting again once where syslog was restarted."""
        when = time.strftime("%b %e %H:%M:%S", time.localtime(moment))
        head = (
            f"<{self._facility * 8 + _SEVERITIES[level]}>{when} spamd[{os.getpid()}]: {self._stamp(moment)}"
        )
        for text in texts:
            if self._lost and self._send(head + lost(self._lost)):
                self._lost = 0
            if not self._send(head + text):
                self._lost += 1

    def _send(self, text: str) -> bool:
        """Send one datagram; whether it went away."""
        data = text.encode("latin-1", "replace")
        for attempt in (1, 2):
            try:
                self._socket.settimeout(0 if self._lost else _PATIENCE)
                self._socket.send(data)
            except (TimeoutError, BlockingIOError):
                return False
            except OSError:
                if attempt == 1:
                    self.reopen()
            else:
                return True
        return False

    def reopen(self) -> None:
        """Connect again."""
        with contextlib.suppress(OSError, PyspamdError):
            fresh = self._connect()
            self._socket.close()
            self._socket = fresh
