"""Answers of the common kinds, read by hand: a tenth of what a general reader costs, and a message may ask fifty.

Only what host look-ups need: A, AAAA, CNAME, MX, NS, PTR, SOA and TXT records of class IN (RFC 1035 section
4.1, RFC 3596). `read_common` says `None` where anything else matters; dnspython then reads the packet.
"""

import struct
from socket import AF_INET, AF_INET6, inet_ntop

from .resolver import Answer, Record, Status, failure

CODES: dict[str, int] = {"A": 1, "NS": 2, "CNAME": 5, "PTR": 12, "MX": 15, "TXT": 16, "AAAA": 28}
SOA = 6
CNAME = 5
FIXED = struct.Struct("!HHIH")
COUNTS = struct.Struct("!4H")
MOST_JUMPS = 64
LONGEST_CHAIN = 16
LONGEST_TTL = 86400.0
LONGEST_NEGATIVE = 3600.0
DEFAULT_NEGATIVE = 60.0


class BrokenPacketError(ValueError):
    """The packet ends too early, or its names lead nowhere."""


def read_name(packet: bytes, at: int) -> tuple[bytes, int]:
    """The name at `at`, labels joined by dots, and where the packet goes on; compression is followed.

    A label that holds a dot raises `BrokenPacketError`: it could not be told from two.
    """
    labels: list[bytes] = []
    after = -1
    jumps = 0
    while True:
        size = packet[at]
        if size == 0:
            return b".".join(labels), at + 1 if after < 0 else after
        if size >= 0xC0:
            if after < 0:
                after = at + 2
            at = (size & 0x3F) << 8 | packet[at + 1]
            jumps += 1
            if jumps > MOST_JUMPS:
                raise BrokenPacketError("names without end")
            continue
        label = packet[at + 1 : at + 1 + size]
        if size >= 0x40 or len(label) < size or b"." in label:
            raise BrokenPacketError("not a label")
        labels.append(label)
        at += 1 + size


def _skip_name(packet: bytes, at: int) -> int:
    while True:
        size = packet[at]
        if size == 0:
            return at + 1
        if size >= 0xC0:
            return at + 2
        if size >= 0x40:
            raise BrokenPacketError("not a label")
        at += 1 + size


def _strings(data: bytes) -> tuple[bytes, ...]:
    strings = []
    at = 0
    while at < len(data):
        size = data[at]
        piece = data[at + 1 : at + 1 + size]
        if len(piece) < size:
            raise BrokenPacketError("a string is cut")
        strings.append(piece)
        at += 1 + size
    return tuple(strings)


def _data(packet: bytes, at: int, size: int, kind: str) -> tuple[str, tuple[bytes, ...]]:
    """The data of a record as text, and the strings of a TXT record."""
    if kind == "A" and size == 4:
        return inet_ntop(AF_INET, packet[at : at + 4]), ()
    if kind == "AAAA" and size == 16:
        return inet_ntop(AF_INET6, packet[at : at + 16]), ()
    if kind == "TXT" and size:
        strings = _strings(packet[at : at + size])
        return b"".join(strings).decode("latin-1"), strings
    if kind == "MX" and size > 2:
        preference = int.from_bytes(packet[at : at + 2])
        return f"{preference} {_host(packet, at + 2, at + size)}", ()
    if kind in ("NS", "PTR", "CNAME"):
        return _host(packet, at, at + size), ()
    raise BrokenPacketError("data of the wrong size")


def _host(packet: bytes, at: int, end: int) -> str:
    name, after = read_name(packet, at)
    # Characters that a zone file would have to escape are left to the general reader.
    if after != end or not all((0x21 <= c < 0x7F and c not in b'"().;\\@$') or c == 0x2E for c in name):
        raise BrokenPacketError("an unusual name")
    return name.decode("ascii")


def read_common(packet: bytes, name: str, rdtype: str, question_end: int) -> Answer | None:
    """The answer in `packet`, whose question ends at `question_end`; `None` where a general reader is needed.

    Raises `BrokenPacketError`, `IndexError` or `struct.error` for a packet that cannot be read.
    """
    code = CODES.get(rdtype)
    if code is None:
        return None
    _, answers, authorities, _ = COUNTS.unpack_from(packet, 4)
    at = question_end
    found: dict[bytes, list[tuple[int, float, int, int]]] = {}
    for _ in range(answers):
        owner, at = read_name(packet, at)
        kind, space, ttl, size = FIXED.unpack_from(packet, at)
        at += 10
        if at + size > len(packet):
            raise BrokenPacketError("a record is cut")
        if space == 1:
            found.setdefault(owner.lower(), []).append((kind, _seconds(ttl), at, size))
        at += size
    owner, lowest = read_name(packet, 12)[0].lower(), LONGEST_TTL
    for aliases in range(LONGEST_CHAIN):
        records = found.get(owner, ())
        chosen = [record for record in records if record[0] == code]
        if chosen:
            plain = owner.decode("latin-1")
            data = dict.fromkeys(_data(packet, start, size, rdtype) for _, _, start, size in chosen)
            ttl_left = min(lowest, *(ttl for _, ttl, _, _ in chosen))
            records_found = tuple(Record(plain, rdtype, text, strings) for text, strings in data)
            return Answer(name, rdtype, "ok", records_found, ttl_left, "NOERROR", aliases=aliases)
        alias = next((record for record in records if record[0] == CNAME), None)
        if alias is None:
            break
        lowest = min(lowest, alias[1])
        owner = read_name(packet, alias[2])[0].lower()
    status: Status = "nxdomain" if packet[3] & 0xF == 3 else "nodata"
    negative = min(lowest, _negative_ttl(packet, at, authorities))
    return failure(name, rdtype, status, ttl=negative, aliases=aliases)


def _seconds(ttl: int) -> float:
    """RFC 2181 section 8: a value with the highest bit set is 0."""
    return float(ttl) if ttl < 0x80000000 else 0.0


def _negative_ttl(packet: bytes, at: int, count: int) -> float:
    """For how long "there is none" may be remembered (RFC 2308 section 5), from the SOA record sent along."""
    for _ in range(count):
        at = _skip_name(packet, at)
        kind, _, ttl, size = FIXED.unpack_from(packet, at)
        at += 10
        if kind == SOA and size >= 22:
            minimum = int.from_bytes(packet[at + size - 4 : at + size])
            return min(_seconds(ttl), _seconds(minimum), LONGEST_NEGATIVE)
        at += size
    return DEFAULT_NEGATIVE
