"""Attached images: how many there are, how large, and what they are called, read off their first bytes.

Source: Mail::SpamAssassin::Plugin::ImageInfo. Sizes are in pixels.
"""

import re
import struct
from dataclasses import dataclass, field

from .message import Message

_IMAGE = re.compile(r"^image/(gif|png|jpe?g)$")
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PNG_STEP = 8
_JPEG_SIZE_MARKS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
KINDS = ("gif", "png", "jpeg")
Size = tuple[int, int]
"""Height and width."""


@dataclass(slots=True)
class Images:
    """Counts, areas and sizes by kind (`gif`, `png`, `jpeg`, `all`), and the names of all readable images."""

    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys((*KINDS, "all"), 0))
    areas: dict[str, int] = field(default_factory=lambda: dict.fromkeys((*KINDS, "all"), 0))
    sizes: dict[str, set[Size]] = field(default_factory=dict)
    names: set[bytes] = field(default_factory=set)


def images_of(message: Message) -> Images:
    """The images attached in base64."""
    found = Images()
    for part in message.find_parts(_IMAGE, only_leaves=True):
        if part.headers.last("Content-Transfer-Encoding").lower() != b"base64":
            continue
        kind = part.type.partition("/")[2].replace("jpg", "jpeg")
        size = _READERS[kind](part.decode(13) if kind == "gif" else part.decode())
        found.counts[kind] += 1
        found.counts["all"] += 1
        if size is not None and size[0] and size[1]:
            found.areas[kind] += size[0] * size[1]
            found.areas["all"] += size[0] * size[1]
            found.sizes.setdefault(kind, set()).add(size)
            found.sizes.setdefault("all", set()).add(size)
            if part.name and part.name != b"0":
                found.names.add(part.name)
    return found


def gif_size(data: bytes) -> Size | None:
    """Height and width of a GIF's canvas."""
    if len(data) < 10 or data[:6] not in (b"GIF87a", b"GIF89a"):
        return None
    width, height = struct.unpack_from("<HH", data, 6)
    return height, width


def png_size(data: bytes) -> Size | None:
    """Height and width from a PNG's IHDR, looked for where the original looks: at every eighth byte."""
    if not data.startswith(_PNG_SIGNATURE):
        return None
    end = _aligned(data, b"IEND", len(_PNG_SIGNATURE) + 4)
    at = _aligned(data, b"\0\0\0\rIHDR", len(_PNG_SIGNATURE))
    if at < 0 or (0 <= end < at) or len(data) < at + 16:
        return None
    width, height = struct.unpack_from(">II", data, at + 8)
    return height, width


def _aligned(data: bytes, wanted: bytes, start: int) -> int:
    """Where `wanted` stands a multiple of eight bytes after `start`; -1 where it does not."""
    at = data.find(wanted, start)
    while at >= 0 and (at - start) % _PNG_STEP:
        at = data.find(wanted, at + 1)
    return at


def jpeg_size(data: bytes) -> Size | None:
    """Height and width from a JPEG's frame header."""
    if not data.startswith(b"\xff\xd8"):
        return None
    at = 2
    while at + 4 <= len(data):
        start, mark, length = struct.unpack_from(">BBH", data, at)
        if start != 0xFF or mark in (0xDA, 0xD9) or length < 2:
            return None
        at += 4
        if mark in _JPEG_SIZE_MARKS:
            if len(data) < at + 5:
                return None
            height, width = struct.unpack_from(">HH", data, at + 1)
            return height, width
        at += length - 2
    return None


_READERS = {"gif": gif_size, "png": png_size, "jpeg": jpeg_size}
