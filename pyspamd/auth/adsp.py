"""ADSP (RFC 5617, historic): what an author domain says of its mail that carries no signature of its own."""

from asyncio import gather
from dataclasses import dataclass
from typing import Literal

from ..base.clock import Deadline
from ..net.resolver import Resolver
from .taglist import FOLDING

Practice = Literal["unknown", "all", "discardable", "nxdomain"]
_SAID: dict[bytes, Practice] = {b"all": "all", b"discardable": "discardable", b"strict": "discardable"}


@dataclass(frozen=True, slots=True)
class Practices:
    """The signing practices of a domain: `dkim=`, or "nxdomain" for a domain that does not exist.

    `published` is false where there is no record that says so; `passing` is true where the DNS could not be
    asked.
    """

    practice: Practice = "unknown"
    published: bool = False
    passing: bool = False


def read_practices(record: bytes) -> Practices:
    """The practices in the text of a TXT record (RFC 5617 section 4.2.1); "strict" is the word of older
    drafts.
    """
    for piece in record.split(b";"):
        name, equals, value = piece.partition(b"=")
        if equals and name.strip(FOLDING) == b"dkim":
            return Practices(_SAID.get(value.strip(FOLDING), "unknown"), published=True)
    return Practices()


async def lookup(domain: str, resolver: Resolver, *, deadline: Deadline | None = None) -> Practices:
    """What `domain` says at `_adsp._domainkey.domain`; where it says nothing, whether it exists (section 4.3)."""
    said, mail = await gather(
        resolver.query(f"_adsp._domainkey.{domain}", "TXT", deadline), resolver.query(domain, "MX", deadline)
    )
    if said.ok and (practices := read_practices(said.texts[-1])).published:
        return practices
    if mail.status == "nxdomain":
        return Practices("nxdomain")
    return Practices(passing=said.passing or mail.passing)
