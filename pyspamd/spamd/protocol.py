"""The spamd protocol as a machine without sockets: bytes in, one request or fault out.

    connection = Connection()
    connection.receive_data(b"PING SPAMC/1.5\\r\\n\\r\\n")
    connection.next_event()     # Request(verb='PING', version=1.5, …)

It reads as spamd 4.0.1 does, except that header names are taken in any case, that a message is complete when
exactly the promised bytes are there (spamd would wait for the end of the line), and that there are limits.
A client may send more than it promised: like spamd, what begins a new line after the promised bytes is
ignored, while bytes that continue the last promised line are a fault.
"""

import re
import zlib
from collections.abc import Callable
from typing import Final

from .request import (
    HEADER_LINES,
    Fault,
    Limits,
    Request,
    Signal,
    as_number,
    protocol_fault,
    unavailable,
)

Event = Request | Fault | Signal

_SCAN: Final = re.compile(rb"(PROCESS|CHECK|SYMBOLS|REPORT|HEADERS|REPORT_IFSPAM) SPAMC/([^\n]*)")
_TELL: Final = re.compile(rb"(TELL) SPAMC/([^\n]*)")
_PING: Final = re.compile(rb"(SKIP|PING) SPAMC/([^\n]*)")
_COLON: Final = re.compile(rb":[ \t\n\r\f\v]*")
_DIGITS: Final = re.compile(rb"([0-9]*)\n?", re.ASCII)
_USER: Final = re.compile(rb"([\x20-\xff]*)\n?")
_TELL_OFF: Final = b"TELL commands are not enabled, set the --allow-tell switch."
_LONG_LINE: Final = b"(line too long)"
_COMPRESSED_WITHOUT_LENGTH: Final = b"Compress requires Content-length header"
_NO_STREAM_END: Final = b"zlib: failed to find end of zlib stream\n"


class _FaultError(Exception):
    """A fault found deep inside; leaves the machine as an event, never as an exception."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.text)
        self.fault = fault


class Connection:
    """One client's request, as far as it has arrived."""

    __slots__ = (
        "_body",
        "_buffer",
        "_class",
        "_compressed",
        "_done",
        "_eof",
        "_header_bytes",
        "_header_lines",
        "_in_body",
        "_length",
        "_limits",
        "_promised",
        "_remove",
        "_searched",
        "_set",
        "_size",
        "_step",
        "_tell_allowed",
        "_user",
        "_verb",
        "_version",
        "is_surplus",
    )

    def __init__(self, limits: Limits | None = None, *, allow_tell: bool = False) -> None:
        self._limits = limits or Limits()
        self._tell_allowed = allow_tell
        self._buffer = bytearray()
        self._searched = 0
        self._eof = False
        self._done = False
        self._step: Callable[[], Event | None] = self._read_command
        self._in_body = False
        self._header_lines = 0
        self._header_bytes = 0
        self._verb = ""
        self._version = 0.0
        self._user: bytes | None = None
        self._promised: bytes | None = None
        self._length: int | None = None
        self._compressed = False
        self._class: bytes | None = None
        self._set = (False, False)
        self._remove = (False, False)
        self._body: list[bytes] = []
        self._size = 0
        self.is_surplus = False
        """Whether the client has sent or may still send bytes that nobody will read."""

    @property
    def buffered(self) -> int:
        """How many bytes of the message are held."""
        return self._size

    @property
    def verb(self) -> str:
        """The command, once its line has arrived; empty before."""
        return self._verb

    def receive_data(self, data: bytes) -> None:
        """Take what arrived."""
        if self._done:
            self.is_surplus = self.is_surplus or bool(data)
        elif self._in_body:
            self._body.append(data)
            self._size += len(data)
        else:
            self._buffer += data

    def receive_eof(self) -> None:
        """Note that the client will send nothing more."""
        self._eof = True

    def abandon(self) -> None:
        """Want no more of this request, because it is answered before it has arrived."""
        if not self._done:
            self._done = True
            self.is_surplus = not self._eof
            self._body.clear()
            self._buffer = bytearray()

    # A step returns an event, or `None` where the next step can be tried at once.

    def next_event(self) -> Event:
        """The request, or what is wrong with it, once; `NEED_DATA` before and `DONE` after that."""
        if self._done:
            return Signal.DONE
        try:
            while (event := self._step()) is None:
                pass
        except _FaultError as error:
            event = error.fault
        if event is not Signal.NEED_DATA:
            self._done = True
            self.is_surplus = (
                self.is_surplus or bool(self._buffer) or (isinstance(event, Fault) and not self._eof)
            )
            self._body.clear()
            self._buffer = bytearray()
        return event

    # Lines

    def _line(self) -> bytes | None:
        """The next line with its end, what is left at the end of the data, or `None` for "not yet"."""
        end = self._buffer.find(b"\n", self._searched)
        if end < 0 and not self._eof:
            if len(self._buffer) > self._limits.line:
                raise _FaultError(protocol_fault(_LONG_LINE))
            self._searched = len(self._buffer)
            return None
        line = bytes(self._buffer if end < 0 else self._buffer[: end + 1])
        if len(line) > self._limits.line:
            raise _FaultError(protocol_fault(_LONG_LINE))
        del self._buffer[: len(line)]
        self._searched = 0
        return line

    def _read_command(self) -> Event | None:
        line = self._line()
        if line is None:
            return Signal.NEED_DATA
        if not line:
            return protocol_fault(b"(closed before headers)")
        line = line.removesuffix(b"\n").removesuffix(b"\r") if line.endswith(b"\n") else line
        found = _SCAN.search(line) or _TELL.search(line) or _PING.search(line)
        if found is None:
            return protocol_fault(line)
        self._verb = found[1].decode("ascii")
        self._version = as_number(found[2])
        if self._verb in ("PING", "SKIP"):
            if not self._version >= 1.5:
                return Request(self._verb, self._version)
        elif self._verb != "TELL" and not self._version > 1.0:
            self._start_body()
            return None
        self._step = self._read_headers
        return None

    def _read_headers(self) -> Event | None:
        while True:
            line = self._line()
            if line is None:
                return Signal.NEED_DATA
            if not line:
                return protocol_fault(b"(EOF during headers)")
            self._header_lines += 1
            self._header_bytes += len(line)
            if self._header_bytes > self._limits.headers:
                return protocol_fault(b"(too many headers)")
            line = line.removesuffix(b"\r\n")
            if not line:
                return self._end_headers()
            self._header(line)
            if self._header_lines >= HEADER_LINES:
                return protocol_fault(b"(too many headers)")

    def _header(self, line: bytes) -> None:
        found = _COLON.search(line)
        if found is None:
            raise _FaultError(protocol_fault(b"(header not in 'Name: value' format)"))
        read = _HEADERS.get(line[: found.start()].lower())
        if read is not None:
            read(self, line[found.end() :])

    def _content_length(self, value: bytes) -> None:
        found = _DIGITS.fullmatch(value)
        if found is None:
            raise _FaultError(protocol_fault(b"(Content-Length contains non-numeric bytes)"))
        self._promised = found[1]
        digits = found[1].lstrip(b"0")
        # More digits than any limit has are not worth converting.
        self._length = int(digits or b"0") if len(digits) < 19 else 10**18

    def _user_name(self, value: bytes) -> None:
        found = _USER.fullmatch(value)
        if found is None:
            raise _FaultError(protocol_fault(b"(User header contains control chars)"))
        self._user = found[1]

    def _message_class(self, value: bytes) -> None:
        self._class = value

    def _set_header(self, value: bytes) -> None:
        lowered = value.lower()
        self._set = (b"local" in lowered, b"remote" in lowered)

    def _remove_header(self, value: bytes) -> None:
        lowered = value.lower()
        self._remove = (b"local" in lowered, b"remote" in lowered)

    def _compress(self, value: bytes) -> None:
        if b"zlib" not in value.lower():
            raise _FaultError(protocol_fault(b"(compression type not supported: " + value + b")"))
        self._compressed = True

    def _end_headers(self) -> Event | None:
        if self._verb in ("PING", "SKIP"):
            return Request(self._verb, self._version, self._user)
        if self._verb == "TELL":
            if not self._tell_allowed:
                return unavailable(_TELL_OFF)
            for name, place in ((b"local", 0), (b"remote", 1)):
                if self._set[place] and self._remove[place]:
                    told = b"Unable to set %b and remove %b in the same operation."
                    return protocol_fault(told % (name, name))
        if self._compressed and self._length is None:
            return unavailable(_COMPRESSED_WITHOUT_LENGTH)
        if self._length is not None and self._length > self._limits.body:
            assert self._promised is not None
            return self._too_large(self._promised)
        self._start_body()
        return None

    # The message

    def _start_body(self) -> None:
        self._step = self._read_body
        self._in_body = True
        if self._buffer:
            self._size = len(self._buffer)
            self._body.append(bytes(self._buffer))
            self._buffer = bytearray()

    def _too_large(self, size: bytes) -> Fault:
        told = b"message of %b bytes exceeds the limit of %d bytes set with --max-size"
        return unavailable(told % (size[:40], self._limits.body))

    def _read_body(self) -> Event:
        length = self._length
        if length is None:
            if self._size > self._limits.body:
                return self._too_large(b"over %d" % self._limits.body)
            return self._request(b"".join(self._body)) if self._eof else Signal.NEED_DATA
        if self._size < length and not self._eof:
            return Signal.NEED_DATA
        if self._compressed:
            return self._inflated(b"".join(self._body)[:length])
        if self._size == length:
            return self._request(b"".join(self._body))
        return self._other_length(b"".join(self._body), length)

    def _other_length(self, body: bytes, length: int) -> Event:
        """The event for a message that has not the promised length."""
        got = len(body)
        if got > length:
            self.is_surplus = True
            if length and body[length - 1] == 0x0A:
                return self._request(body[:length])
            # spamd counts to the end of the line in which the promised bytes end.
            got = body.find(b"\n", max(length - 1, 0)) + 1 or got
        told = b"(Content-Length mismatch: Expected %b bytes, got %d bytes)"
        return protocol_fault(told % (self._promised or b"", got))

    def _inflated(self, data: bytes) -> Event:
        self.is_surplus = self._size > len(data)
        stream = zlib.decompressobj()
        try:
            body = stream.decompress(data, self._limits.body + 1)
        except zlib.error:
            return unavailable(_NO_STREAM_END)
        if len(body) > self._limits.body:
            return self._too_large(b"over %d" % self._limits.body)
        return self._request(body) if stream.eof else unavailable(_NO_STREAM_END)

    def _request(self, body: bytes) -> Request:
        return Request(
            self._verb,
            self._version,
            self._user,
            body,
            self._class,
            *self._set,
            *self._remove,
        )


_HEADERS: Final[dict[bytes, Callable[[Connection, bytes], None]]] = {
    b"content-length": Connection._content_length,
    b"user": Connection._user_name,
    b"message-class": Connection._message_class,
    b"set": Connection._set_header,
    b"remove": Connection._remove_header,
    b"compress": Connection._compress,
}
