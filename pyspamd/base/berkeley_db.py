"""Reads Berkeley DB hash files, the kind that `makemap hash` and `postmap hash:` make.

Every entry is read at once, as such tables are small. Source: the page layouts of Berkeley DB 4 and 5
(`db_page.h`): a metadata page, then pages of alternating keys and values, long items on overflow pages.
"""

import struct
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Final

from .errors import PyspamdError

_MAGIC: Final = 0x061561
_META: Final = 12
_HEADER: Final = 26
_HASH_PAGES: Final = frozenset((2, 13))
_KEY_OR_VALUE, _OFF_PAGE = 1, 3
_OVERFLOW: Final = 7


class NotADatabase(PyspamdError):  # noqa: N818
    """The file cannot be read as a Berkeley DB hash file."""


def read_hash(path: Path) -> dict[bytes, bytes]:
    """All entries of the file at `path`, read again only when the file has changed. Raises NotADatabase."""
    try:
        status = path.stat()
        return _read(path, status.st_mtime_ns, status.st_size, status.st_ino)
    except OSError as error:
        raise NotADatabase(f"{path} cannot be read: {error.strerror}") from error


@lru_cache(maxsize=4)
def _read(path: Path, *_: int) -> dict[bytes, bytes]:
    return parse_hash(path.read_bytes())


def parse_hash(data: bytes) -> dict[bytes, bytes]:
    """All entries of a hash file's content. Raises NotADatabase."""
    for order in "<>":
        try:
            magic, _, size = struct.unpack_from(f"{order}III", data, _META)
        except struct.error:
            break
        if magic == _MAGIC and 512 <= size <= 65536:
            try:
                return dict(_Pages(data, size, order).entries())
            except (struct.error, IndexError) as error:
                raise NotADatabase(f"a page of the file is broken: {error}") from error
    raise NotADatabase("the file is no Berkeley DB hash file")


class _Pages:
    """The pages of one file, `size` bytes each; `order` is the byte order of its numbers."""

    def __init__(self, data: bytes, size: int, order: str) -> None:
        self._data = data
        self._size = size
        self._head = struct.Struct(f"{order}8xIIIHHBB")
        self._order = order

    def entries(self) -> Iterator[tuple[bytes, bytes]]:
        for start in range(self._size, len(self._data), self._size):
            *_, count, _, _, kind = self._head.unpack_from(self._data, start)
            if kind not in _HASH_PAGES:
                continue
            places = struct.unpack_from(f"{self._order}{count}H", self._data, start + _HEADER)
            ends = (self._size, *places)
            items = [self._item(start + place, start + end) for place, end in zip(places, ends, strict=False)]
            for key, value in zip(items[::2], items[1::2], strict=False):
                if key is not None and value is not None:
                    yield key, value

    def _item(self, start: int, end: int) -> bytes | None:
        kind = self._data[start]
        if kind == _KEY_OR_VALUE:
            return self._data[start + 1 : end]
        if kind == _OFF_PAGE:
            page, length = struct.unpack_from(f"{self._order}4xII", self._data, start)
            return self._long_item(page, length)
        return None

    def _long_item(self, page: int, length: int) -> bytes:
        pieces = bytearray()
        for _ in range(len(self._data) // self._size):
            if not page or len(pieces) >= length:
                break
            start = page * self._size
            _, _, page, _, used, _, kind = self._head.unpack_from(self._data, start)
            if kind != _OVERFLOW:
                break
            pieces += self._data[start + _HEADER : start + _HEADER + used]
        return bytes(pieces[:length])
