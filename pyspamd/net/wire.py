"""Questions and answers in the DNS' own form (RFC 1035 section 4).

Questions are built by hand: their names come from mail, so they may hold bytes that no host name has. Common
answers are read by hand too (`sections`), for speed; dnspython reads all others, and every packet that looks
odd.
"""

import secrets
import struct
from collections.abc import Iterable
from dataclasses import dataclass, replace

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from .resolver import Answer, Record, Status, failure
from .sections import (
    DEFAULT_NEGATIVE,
    LONGEST_CHAIN,
    LONGEST_NEGATIVE,
    LONGEST_TTL,
    BrokenPacketError,
    read_common,
)

HEADER = struct.Struct("!6H")
MOST_NAME = 255

_STATUS: dict[int, Status] = {2: "servfail", 3: "nxdomain", 5: "refused"}


class UnusableNameError(ValueError):
    """The text is no name that could be asked for."""


class UnreadableAnswerError(ValueError):
    """The packet is no answer to the question."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question ready to be sent: its identifier, its wire form and the part the answer must repeat."""

    ident: int
    packet: bytes
    asked: bytes
    name: str
    type: str
    mixed: bool = False


def wire_name(name: str) -> bytes:
    """`name` as length-prefixed labels; `UnusableNameError` for empty labels, and for too long labels or names."""
    out = bytearray()
    for label in name.removesuffix(".").split(".") if name not in ("", ".") else ():
        try:
            data = label.encode("ascii")
        except UnicodeEncodeError:
            data = label.encode("utf-8", "surrogateescape")
        if not 0 < len(data) < 64:
            raise UnusableNameError(name)
        out.append(len(data))
        out += data
    out.append(0)
    if len(out) > MOST_NAME:
        raise UnusableNameError(name)
    return bytes(out)


def mixed_case(name: bytes) -> bytes:
    """`name` with each letter's case drawn at random (draft-vixie-dnsext-dns0x20); lengths are below the letters."""
    coins = secrets.randbits(len(name))
    return bytes(
        c ^ 0x20 if (65 <= c <= 90 or 97 <= c <= 122) and coins >> i & 1 else c for i, c in enumerate(name)
    )


def build(name: str, rdtype: str, *, payload: int = 0, mix_case: bool = False) -> Question:
    """A question for `name` and `rdtype` with a random identifier, recursion desired.

    `payload` above 512 announces with EDNS (RFC 6891) that answers of so many bytes are welcome over UDP.
    """
    try:
        code = dns.rdatatype.from_text(rdtype)
    except (dns.exception.DNSException, ValueError) as error:
        raise UnusableNameError(f"{name} {rdtype}") from error
    wired = wire_name(name)
    asked = (mixed_case(wired) if mix_case else wired) + struct.pack("!HH", code, 1)
    ident = secrets.randbits(16)
    edns = payload > 512
    packet = HEADER.pack(ident, 0x0100, 1, 0, 0, edns) + asked
    if edns:
        packet += b"\x00" + struct.pack("!HHIH", 41, min(payload, 65535), 0, 0)
    return Question(ident, packet, asked, name, rdtype, mix_case)


def belongs(question: Question, packet: bytes) -> bool:
    """Whether `packet` is a response that carries the question's identifier and repeats the question itself.

    A refusal may leave the question out: a server that cannot read EDNS answers so (RFC 6891 section 7).
    Letters may come back in another case unless they were mixed on purpose.
    """
    if len(packet) < 12:
        return False
    ident, flags, questions = HEADER.unpack_from(packet)[:3]
    if ident != question.ident or not flags & 0x8000 or flags & 0x7800:
        return False
    if questions == 0:
        return bool(flags & 0x0200) or flags & 0xF in (1, 2, 4, 5)
    repeated = packet[12 : 12 + len(question.asked)]
    if question.mixed:
        return questions == 1 and repeated == question.asked
    return questions == 1 and repeated.lower() == question.asked.lower()


def is_truncated(packet: bytes) -> bool:
    """Whether the answer says that it was cut."""
    return bool(packet[2] & 2)


def _as_text(data: dns.rdata.Rdata) -> tuple[str, tuple[bytes, ...]]:
    """The data of one record as text, names without their final dot, and the pieces of a TXT record."""
    strings = getattr(data, "strings", None)
    if strings is not None:
        return b"".join(strings).decode("latin-1"), tuple(strings)
    text = data.to_text()
    if data.rdtype in (dns.rdatatype.NS, dns.rdatatype.CNAME, dns.rdatatype.PTR, dns.rdatatype.MX):
        text = text.removesuffix(".")
    return text, ()


def _plain(name: dns.name.Name) -> str:
    return b".".join(name.labels[:-1] if name.is_absolute() else name.labels).decode("latin-1").lower()


def read(question: Question, packet: bytes) -> Answer:
    """The answer in `packet`, which `belongs` to `question`; `UnreadableAnswerError` where it cannot be read.

    Records count when their owner is the name asked for or stands on the chain of aliases that starts there;
    asked for the type ANY, all count.
    """
    name, rdtype = question.name, question.type
    code = packet[3] & 0xF
    if code not in (0, 3):
        rcode = dns.rcode.to_text(dns.rcode.Rcode(code))
        return Answer(name, rdtype, _STATUS.get(code, "servfail"), rcode=rcode, reason=rcode)
    if packet[4:6] == b"\0\1":
        try:
            answer = read_common(packet, name, rdtype, 12 + len(question.asked))
        except (BrokenPacketError, IndexError, struct.error, ValueError):
            answer = None
        if answer is not None and (rdtype != "NS" or answer.ok):
            return answer
    try:
        message = dns.message.from_wire(packet, ignore_trailing=True, one_rr_per_rrset=False)
    except (dns.exception.DNSException, ValueError, struct.error, IndexError) as error:
        raise UnreadableAnswerError(str(error)) from error
    wanted = dns.rdatatype.from_text(rdtype)
    if wanted == dns.rdatatype.ANY and message.answer:
        return _everything(question, message)
    owner, lowest = (message.question[0].name if message.question else dns.name.from_text(name)), LONGEST_TTL
    for aliases in range(LONGEST_CHAIN):
        alias = None
        for rrset in message.answer:
            if rrset.rdclass != dns.rdataclass.IN or rrset.name != owner:
                continue
            if rrset.rdtype == wanted:
                plain = _plain(rrset.name)
                found = tuple(Record(plain, rdtype, *_as_text(data)) for data in rrset)
                ttl = min(lowest, float(rrset.ttl))
                return Answer(name, rdtype, "ok", found, ttl, "NOERROR", aliases=aliases)
            if rrset.rdtype == dns.rdatatype.CNAME:
                alias, lowest = rrset[0].target, min(lowest, float(rrset.ttl))
        if alias is None:
            break
        owner = alias
    none = failure(
        name,
        rdtype,
        "nxdomain" if code == 3 else "nodata",
        ttl=min(lowest, _negative(message)),
        aliases=aliases,
    )
    return replace(none, authority=_records(message.authority)) if rdtype == "NS" else none


def _records(section: Iterable[dns.rrset.RRset]) -> tuple[Record, ...]:
    """Every record of a section."""
    return tuple(
        Record(_plain(rrset.name), dns.rdatatype.to_text(rrset.rdtype), *_as_text(data))
        for rrset in section
        if rrset.rdclass == dns.rdataclass.IN
        for data in rrset
    )


def _everything(question: Question, message: dns.message.Message) -> Answer:
    """The whole answer to a question for ANY type."""
    found = _records(message.answer)
    ttl = min((float(rrset.ttl) for rrset in message.answer), default=0.0)
    return Answer(question.name, question.type, "ok", found, min(ttl, LONGEST_TTL), "NOERROR")


def _negative(message: dns.message.Message) -> float:
    """For how long "there is none" may be remembered: RFC 2308 section 5, from the SOA record sent along."""
    for rrset in message.authority:
        if rrset.rdtype == dns.rdatatype.SOA and len(rrset):
            return min(float(rrset.ttl), float(rrset[0].minimum), LONGEST_NEGATIVE)
    return DEFAULT_NEGATIVE
