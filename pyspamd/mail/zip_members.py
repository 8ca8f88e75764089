"""The members of a ZIP archive in memory, read as leniently as Archive::Zip reads them, in bounded memory.

    archive = read_zip(data)                      # None where it cannot be read
    for member in archive.members:
        content = archive.content(member)         # None where it cannot be unpacked

Source: PKWARE's APPNOTE 6.3; what is tolerated follows Perl's Archive::Zip 1.68.
"""

import struct
import zlib
from dataclasses import dataclass
from typing import Final

STORED, DEFLATED = 0, 8
LONGEST_MEMBER: Final = 16 * 2**20
"""Bytes of a member that are unpacked at most."""
MOST_UNPACKED: Final = 64 * 2**20
"""Bytes read and unpacked at most from all archives that share a `Budget`."""
MOST_MEMBERS: Final = 20_000
"""Members read at most of all archives that share a `Budget`."""
MOST_PLACES: Final = 20_000
"""Places looked at, at most, in what was unpacked with the same `Budget`."""
_CHUNK: Final = 2**16

_LOCAL: Final = b"PK\x03\x04"
_CENTRAL: Final = b"PK\x01\x02"
_END: Final = b"PK\x05\x06"
_END64: Final = b"PK\x06\x06"
_LOCATOR64: Final = b"PK\x06\x07"
_DESCRIPTOR: Final = b"PK\x07\x08"
_LOOK_BACK: Final = 32768
_ENCRYPTED, _HAS_DESCRIPTOR = 0x0001, 0x0008
_END_RECORD: Final = struct.Struct("<HHHHIIH")
_CENTRAL_RECORD: Final = struct.Struct("<BBHHHIIIIHHHHHII")
_LOCAL_RECORD: Final = struct.Struct("<HHHIIIIHH")
_END64_RECORD: Final = struct.Struct("<QHHIIQQQQ")
_MARK16, _MARK32 = 0xFFFF, 0xFFFFFFFF


class _BrokenZipError(Exception):
    """The archive cannot be read."""


@dataclass(frozen=True, slots=True)
class ZipMember:
    """One entry of the central directory; sizes in bytes."""

    name: bytes
    flags: int
    method: int
    crc: int
    packed_size: int
    size: int
    offset: int

    @property
    def is_encrypted(self) -> bool:
        """Whether a password is needed to unpack it."""
        return bool(self.flags & _ENCRYPTED)


@dataclass(slots=True)
class Budget:
    """What may still be done: bytes read and unpacked, whether or not that succeeds, members read, and places that
    others look at in what was unpacked.
    """

    left: int = MOST_UNPACKED
    members: int = MOST_MEMBERS
    places: int = MOST_PLACES

    def take_place(self) -> bool:
        """Whether one more may be looked at."""
        self.places -= 1
        return self.places >= 0


def read_zip(data: bytes, budget: Budget | None = None) -> "ZipArchive | None":
    """The archive in `data`, or `None` where its directory cannot be read; without a `budget` it has its own."""
    try:
        return ZipArchive(data, budget or Budget())
    except (_BrokenZipError, struct.error):
        return None


class ZipArchive:
    """An archive whose directory has been read."""

    def __init__(self, data: bytes, budget: Budget) -> None:
        self._data = data
        self._budget = budget
        start, self._shift, self._zip64 = self._directory()
        self.members: tuple[ZipMember, ...] = tuple(self._entries(start))

    def named(self, name: bytes) -> ZipMember | None:
        """The first member of that name."""
        return next((member for member in self.members if member.name == name), None)

    def content(self, member: ZipMember) -> bytes | None:
        """A member unpacked, at most `LONGEST_MEMBER` bytes of it; `None` where that fails."""
        try:
            return self._unpack(member)
        except (_BrokenZipError, struct.error, zlib.error):
            return None

    # The directory

    def _directory(self) -> tuple[int, int, bool]:
        """Where the central directory begins, how far offsets are off, and whether it is a ZIP64 archive's."""
        data = self._data
        end = data.rfind(_END, max(0, len(data) - _LOOK_BACK))
        if end < 0 or len(data) < 4 + _END_RECORD.size:
            raise _BrokenZipError
        *numbers, comment = _END_RECORD.unpack_from(data, end + 4)
        if end + 4 + _END_RECORD.size + comment > len(data):
            raise _BrokenZipError
        size, offset = numbers[4], numbers[5]
        wide = self._directory64(end)
        if wide is not None:
            end, size, offset = wide
        elif _MARK16 in numbers[:4] or _MARK32 in (size, offset):
            raise _BrokenZipError
        if size > end:
            raise _BrokenZipError
        return end - size, end - size - offset, wide is not None

    def _directory64(self, end: int) -> tuple[int, int, int] | None:
        data = self._data
        locator = end - 20
        if locator < 0 or data[locator : locator + 4] != _LOCATOR64:
            return None
        (record,) = struct.unpack_from("<Q", data, locator + 8)
        if record > locator - 4 - _END64_RECORD.size or data[record : record + 4] != _END64:
            return None
        length, *_, size, offset = _END64_RECORD.unpack_from(data, record + 4)
        return (record, size, offset) if record + 12 + length == locator else None

    def _entries(self, at: int) -> list[ZipMember]:
        data = self._data
        found: list[ZipMember] = []
        end = _END64 if self._zip64 else _END
        while data[at : at + 4] != end and len(found) < self._budget.members:
            if data[at : at + 4] != _CENTRAL:
                raise _BrokenZipError
            record = _CENTRAL_RECORD.unpack_from(data, at + 4)
            flags, method, _, crc, packed, size, *lengths, disk, _, _, offset = record[3:]
            name_length, extra_length, comment_length = lengths
            at += 4 + _CENTRAL_RECORD.size
            name = data[at : at + name_length]
            extra = data[at + name_length : at + name_length + extra_length]
            if self._zip64:
                size, packed, offset = _wide_sizes(extra, size, packed, offset, disk)
            at += name_length + extra_length + comment_length
            if at > len(data):
                raise _BrokenZipError
            if method == STORED:
                size = packed
            found.append(ZipMember(name, flags, method, crc, packed, size, offset))
        self._budget.members -= len(found)
        return found

    # The members

    def _unpack(self, member: ZipMember) -> bytes:
        start, packed_size = self._content_place(member)
        limit = min(LONGEST_MEMBER, self._budget.left)
        if member.is_encrypted or limit <= 0:
            raise _BrokenZipError
        if member.method == STORED:
            if start + member.size > len(self._data):
                raise _BrokenZipError
            content = self._data[start : start + min(member.size, limit)]
            self._budget.left -= len(content)
            return content
        if member.method != DEFLATED:
            raise _BrokenZipError
        if not packed_size:
            return b""
        packed = self._data[start : start + packed_size]
        if not packed:
            raise _BrokenZipError
        return self._inflated(packed, limit)

    def _inflated(self, packed: bytes, limit: int) -> bytes:
        """The first `limit` bytes at most of a deflated stream; raises zlib.error."""
        self._budget.left -= len(packed)
        stream = zlib.decompressobj(-zlib.MAX_WBITS)
        pieces: list[bytes] = []
        while limit > 0 and (piece := stream.decompress(packed, min(limit, _CHUNK))):
            pieces.append(piece)
            packed = stream.unconsumed_tail
            limit -= len(piece)
            self._budget.left -= len(piece)
        return b"".join(pieces)

    def _content_place(self, member: ZipMember) -> tuple[int, int]:
        """Where a member's packed content begins, and its size."""
        data = self._data
        at = member.offset
        if data[at : at + 4] != _LOCAL:
            at += self._shift
            if not self._shift or at < 0 or data[at : at + 4] != _LOCAL:
                raise _BrokenZipError
        _, flags, *_, name_length, extra_length = _LOCAL_RECORD.unpack_from(data, at + 4)
        start = at + 4 + _LOCAL_RECORD.size + name_length + extra_length
        if not flags & _HAS_DESCRIPTOR:
            return start, member.packed_size
        behind = start + member.packed_size
        crc, packed, size = struct.unpack_from("<III", data, behind)
        if data[behind : behind + 4] == _DESCRIPTOR and crc != member.crc:
            crc, packed, size = struct.unpack_from("<III", data, behind + 4)
        if (crc, size) != (member.crc, member.size):
            raise _BrokenZipError
        return start, packed


def _wide_sizes(extra: bytes, size: int, packed: int, offset: int, disk: int) -> tuple[int, int, int]:
    """Sizes and offset, from the ZIP64 extra field where the plain ones say so."""
    while len(extra) >= 4:
        kind, length = struct.unpack_from("<HH", extra)
        values = extra[4 : 4 + length]
        extra = extra[4 + length :]
        if kind != 0x0001:
            continue
        numbers = [number for (number,) in struct.iter_unpack("<Q", values[: len(values) // 8 * 8])]
        if len(values) in (24, 28) and disk != _MARK16:
            return numbers[0], numbers[1], numbers[2]
        fields = [size, packed, offset]
        for index, plain in enumerate(fields):
            if plain == _MARK32:
                if not numbers:
                    raise _BrokenZipError
                fields[index] = numbers.pop(0)
        return fields[0], fields[1], fields[2]
    return size, packed, offset
