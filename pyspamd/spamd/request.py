"""What a client asked, and what may be wrong with how it asked: the protocol's events as values.

Source: the spamd protocol as SpamAssassin 4.0.1's spamd speaks it (its `accept_a_conn`, `parse_headers`).
"""

import re
from dataclasses import dataclass
from enum import Enum
from typing import Final

DEFAULT_MAX_SIZE: Final = 64 * 1024 * 1024


class Status(Enum):
    """Response codes, named and numbered as in sysexits.h; 79 is spamd's own."""

    OK = 0
    UNAVAILABLE = 69
    TEMPFAIL = 75
    PROTOCOL = 76
    TIMEOUT = 79


@dataclass(frozen=True, slots=True)
class Request:
    """A whole request, ready to be answered."""

    verb: str
    version: float
    """The client's protocol version as a number; 0 where it sent none that is one."""

    user: bytes | None = None
    body: bytes = b""
    """The message, decompressed."""

    message_class: bytes | None = None
    set_local: bool = False
    set_remote: bool = False
    remove_local: bool = False
    remove_remote: bool = False


@dataclass(frozen=True, slots=True)
class Fault:
    """A request that cannot be served: the status and the words after its fixed beginning."""

    status: Status
    text: bytes


class Signal(Enum):
    """What a connection has to say when it has no event."""

    NEED_DATA = 0
    DONE = 1
    """The one event of this connection has been given; whatever else arrives is ignored."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that is read of one request, in bytes."""

    line: int = 64 * 1024
    """Of the command or of one header line."""

    headers: int = 256 * 1024
    """Of all header lines together."""

    body: int = DEFAULT_MAX_SIZE
    """Of the message, as sent and decompressed."""


HEADER_LINES: Final = 256
"""How many header lines may be read, the empty one included."""

_NUMBER: Final = re.compile(
    rb"[ \t\n\r\f\v]*([+-]?(?:(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|(?i:inf|nan)))"
)


def as_number(text: bytes) -> float:
    """The number a text begins with, as Perl reads one; 0 where it begins with none."""
    found = _NUMBER.match(text)
    return float(found[1]) if found else 0.0


def protocol_fault(text: bytes) -> Fault:
    """A request that breaks the protocol."""
    return Fault(Status.PROTOCOL, text)


def unavailable(text: bytes) -> Fault:
    """A request that is understood and not served."""
    return Fault(Status.UNAVAILABLE, text)
