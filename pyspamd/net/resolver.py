"""The questions put to the DNS and the answers it gives, as a protocol that any resolver fulfils.

`DnsResolver` (in `dns`) asks the network; `ZoneResolver` (in `zone`) reads the answers from text, for tests
and for work without a network. Whatever goes wrong is a status, never an exception.
"""

import asyncio
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

from ..base.clock import Deadline

Status = Literal["ok", "nodata", "nxdomain", "servfail", "refused", "timeout", "error"]

PASSING: frozenset[str] = frozenset({"servfail", "refused", "timeout", "error"})
"""The statuses that say nothing about the name asked for: another time the answer may differ."""

RCODES: dict[str, str] = {
    "ok": "NOERROR",
    "nodata": "NOERROR",
    "nxdomain": "NXDOMAIN",
    "servfail": "SERVFAIL",
    "refused": "REFUSED",
}


@dataclass(frozen=True, slots=True)
class Record:
    """One record of an answer: the name it belongs to (lower case, no final dot), its type and its data as text.

    Data are in the zone file's form, names without their final dot; `strings` holds a TXT record's pieces.
    """

    name: str
    type: str
    data: str
    strings: tuple[bytes, ...] = ()

    @property
    def text(self) -> bytes:
        """A TXT record's pieces joined, with nothing between them (RFC 6376 section 3.6.2.2, RFC 7208 section 3.3)."""
        return b"".join(self.strings)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the DNS said of one name and type.

    `found` holds the records of the type asked for, at the end of the chain of aliases if there is one, in
    the order of the answer; it is empty unless `status` is "ok". `rcode` is the response code's name, `None`
    where no usable answer came. `ttl` is for how many seconds this may be remembered.

    Asked for the type "ANY", `found` holds every record of the answer. `authority` holds who is responsible
    for the name, where name servers were asked for and there are none.
    """

    name: str
    type: str
    status: Status
    found: tuple[Record, ...] = ()
    ttl: float = 0.0
    rcode: str | None = None
    reason: str = ""
    aliases: int = 0
    authority: tuple[Record, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether there is at least one record of the type asked for."""
        return self.status == "ok"

    @property
    def passing(self) -> bool:
        """Whether the failure is one of the moment: no answer, or one that says nothing about the name."""
        return self.status in PASSING

    @property
    def records(self) -> list[str]:
        """The data of every record found, as text."""
        return [record.data for record in self.found]

    @property
    def texts(self) -> list[bytes]:
        """Every TXT record found, its pieces joined."""
        return [record.text for record in self.found]


@runtime_checkable
class Resolver(Protocol):
    """Whatever can answer a question about a name; it never raises for what the DNS does."""

    async def query(self, name: str, rdtype: str, deadline: Deadline | None = None) -> Answer:
        """What the DNS says of `name` (final dot or not) and `rdtype`, at the latest at `deadline`."""
        ...


@runtime_checkable
class Starter(Resolver, Protocol):
    """A resolver that can also be asked without waiting."""

    def start(self, name: str, rdtype: str) -> "Answer | asyncio.Task[Answer]":
        """The answer, if there is no need to ask; else the task that asks, shared and not to be cancelled."""
        ...


def outcome(task: "asyncio.Task[Answer]", name: str, rdtype: str) -> Answer:
    """What a task that asked has brought; it is done."""
    if task.cancelled():
        return failure(plain_name(name), rdtype.upper(), "error", "the resolver was closed")
    return task.result()


def failure(
    name: str, rdtype: str, status: Status, reason: str = "", ttl: float = 0.0, aliases: int = 0
) -> Answer:
    """An answer without records."""
    return Answer(name, rdtype, status, (), ttl, RCODES.get(status), reason, aliases)


def plain_name(name: str) -> str:
    """`name` as the DNS compares it: lower case, without the final dot."""
    return (name[:-1] if name.endswith(".") else name).lower()
