"""A resolver that reads its answers from a zone text: for tests, and for work without a network.

The format, one record a line::

    example.com         TXT   v=spf1 -all          the rest of the line is the text
    example.com         A     192.0.2.1
    example.com         MX    10 mail.example.com
    www.example.com     CNAME example.com
    gone.example        NXDOMAIN
    sick.example        SERVFAIL                   also REFUSED, and ERROR for a network failure
    silent.example      TIMEOUT                    waits for the deadline, or not at all where there is none

A name that does not occur does not exist. Every question asked is kept in `asked`.
"""

import asyncio
from collections.abc import Iterable

from ..base.clock import Deadline
from .resolver import RCODES, Answer, Record, Status, failure, plain_name

MOODS: dict[str, Status] = {
    "NXDOMAIN": "nxdomain",
    "SERVFAIL": "servfail",
    "REFUSED": "refused",
    "TIMEOUT": "timeout",
    "ERROR": "error",
}
LONGEST_CHAIN = 10


def pieces(text: bytes) -> tuple[bytes, ...]:
    """`text` cut into the strings of at most 255 bytes that a TXT record holds."""
    return tuple(text[i : i + 255] for i in range(0, len(text), 255)) or (b"",)


class ZoneResolver:
    """Answers from a zone text; fulfils `Resolver`."""

    def __init__(self, lines: str | Iterable[str] = (), ttl: float = 300.0) -> None:
        self.ttl = ttl
        self.asked: list[tuple[str, str]] = []
        self._records: dict[str, list[Record]] = {}
        self._moods: dict[str, Status] = {}
        self.extend(lines)

    def extend(self, lines: str | Iterable[str]) -> None:
        """Add the records of `lines`; a line that is no record raises `ValueError`."""
        for line in lines.split("\n") if isinstance(lines, str) else lines:
            words = line.strip("\r\n").split(None, 2)
            if not words or words[0].startswith("#"):
                continue
            if len(words) < 2:
                raise ValueError(f"not a record: {line!r}")
            name, kind = plain_name(words[0]), words[1].upper()
            if kind in MOODS:
                self._moods[name] = MOODS[kind]
                continue
            data = words[2] if len(words) > 2 else ""
            if kind in ("TXT", "SPF"):
                self._records.setdefault(name, []).append(
                    Record(name, kind, data, pieces(data.encode("latin-1", "replace")))
                )
            else:
                data = data.strip()
                data = data.removesuffix(".") if kind in ("CNAME", "MX", "NS", "PTR") else data
                self._records.setdefault(name, []).append(Record(name, kind, data))

    async def query(self, name: str, rdtype: str, deadline: Deadline | None = None) -> Answer:
        """What the zone says of `name` and `rdtype`."""
        name, rdtype = plain_name(name), rdtype.upper()
        self.asked.append((name, rdtype))
        owner = name
        for aliases in range(LONGEST_CHAIN):
            if (status := self._moods.get(owner)) is not None:
                if status == "timeout" and deadline is not None and (left := deadline.left()):
                    await asyncio.sleep(left)
                return failure(name, rdtype, status, ttl=self.ttl, aliases=aliases)
            if (records := self._records.get(owner)) is None:
                break
            if found := tuple(record for record in records if rdtype in (record.type, "ANY")):
                return Answer(name, rdtype, "ok", found, self.ttl, RCODES["ok"], aliases=aliases)
            alias = next((record for record in records if record.type == "CNAME"), None)
            if alias is None:
                return failure(name, rdtype, "nodata", ttl=self.ttl, aliases=aliases)
            owner = plain_name(alias.data)
        return failure(name, rdtype, "nxdomain", ttl=self.ttl, aliases=aliases)
