"""What names on the command line stand for: single messages, mbox and mbx files, folders and Maildirs.

Source: Mail::SpamAssassin::ArchiveIterator. A name may be given as `:FORMAT:NAME` with the format `file`, `mbox`,
`mbx`, `dir` or `detect`.
"""

import bz2
import gzip
import lzma
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..base.errors import PyspamdError

_TARGET = re.compile(r"[^:]*:([a-z]+):(.*)", re.DOTALL)
_MBOX_LINE = re.compile(
    rb"^From \S+  ?(?:\S\S\S \S\S\S .?\d .?\d:\d\d:\d\d \d{4}|.?\d-\d\d-\d{4}_\d\d:\d\d:\d\d_)", re.MULTILINE
)
_MBX_LINE = re.compile(
    rb"[\s\d]\d-[a-zA-Z]{3}-\d{4}\s\d{2}:\d{2}:\d{2}[^\n]*,(\d+);[\da-f]{12}-\w{8}\r?(?:\n|\Z)"
)
_MBX_START = 2048
_PACKED = ((b"\x1f\x8b", gzip.decompress), (b"BZh", bz2.decompress), (b"\xfd7zXZ\0", lzma.decompress))
STDIN = "-"


class UnreadableMailboxError(PyspamdError):
    """A mailbox that is not in the format it was said to have."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where one message stands: all of a file, or the bytes from `start` to `end` of a mailbox."""

    name: str
    path: str
    start: int = 0
    end: int | None = None
    data: bytes | None = None
    """The message itself, where it came from standard input."""

    def read(self) -> bytes:
        """The message's bytes. Raises OSError."""
        if self.data is not None:
            return self.data
        if self.path == STDIN:
            return sys.stdin.buffer.read()
        if self.end is None:
            return _unpacked(Path(self.path).read_bytes())
        with Path(self.path).open("rb") as file:
            file.seek(self.start)
            return file.read(self.end - self.start)


def _unpacked(data: bytes) -> bytes:
    for magic, unpack in _PACKED:
        if data.startswith(magic):
            try:
                return unpack(data)
            except (EOFError, ValueError, lzma.LZMAError) as error:
                raise OSError(0, f"packed data that does not unpack ({error})") from error
    return data


def places(name: str, form: str = "detect") -> Iterator[Place]:
    """The messages that a name stands for; `form` is how to take it where it does not say so itself.

    Raises OSError where it cannot be read, UnreadableMailboxError for an mbx file that is none.
    """
    target = _TARGET.fullmatch(name)
    if target:
        form, name = target.groups()
    path = Path(name)
    if name == STDIN:
        yield from _from_stdin(form)
        return
    if form == "detect":
        form = "dir" if path.is_dir() else "mbox" if ".mbox" in name.lower() else "file"
    match form:
        case "dir":
            yield from _folder(path)
        case "mbox" | "mbx" if path.is_dir():
            for file in sorted(path.iterdir()):
                if file.is_file() and not file.name.startswith("."):
                    yield from places(str(file), form)
        case "mbox":
            for start, end in _in_mbox(path.read_bytes()):
                yield Place(f"{path}.{start}", str(path), start, end)
        case "mbx":
            for start, end in _in_mbx(path.read_bytes(), str(path)):
                yield Place(f"{path}.{start}", str(path), start, end)
        case "file":
            yield Place(name, name)
        case _:
            raise UnreadableMailboxError(f"{form} is no format of mailboxes")


def _folder(folder: Path) -> Iterator[Place]:
    """A folder's files and then its folders'; of a Maildir the messages that are not marked as deleted."""
    if all((folder / part).is_dir() for part in ("new", "cur", "tmp")):
        files = [
            file
            for part in ("new", "cur")
            for file in sorted((folder / part).iterdir())
            if not file.name.startswith(".") and not re.search(r":2,.*T", file.name)
        ]
    else:
        files = [file for file in sorted(folder.iterdir()) if file.name[0] not in ",."]
    for file in files:
        if not file.is_dir():
            yield Place(str(file), str(file))
    for file in files:
        if file.is_dir():
            yield from _folder(file)


def _from_stdin(form: str) -> Iterator[Place]:
    if form not in ("mbox", "mbx"):
        yield Place(STDIN, STDIN)
        return
    data = sys.stdin.buffer.read()
    for start, end in _in_mbox(data) if form == "mbox" else _in_mbx(data, "standard input"):
        yield Place(f"{STDIN}.{start}", STDIN, data=data[start:end])


def _in_mbox(data: bytes) -> Iterator[tuple[int, int]]:
    """Where the messages of an mbox begin and end; each begins with its separator line."""
    starts = [line.start() for line in _MBOX_LINE.finditer(data)]
    for start, end in zip(starts, [*starts, len(data)][1:], strict=True):
        if end < len(data) or b"\n" in data[start : end - 1]:  # not a last line with nothing after it
            yield start, end


def _in_mbx(data: bytes, name: str) -> Iterator[tuple[int, int]]:
    """Where the messages of an mbx file begin and end, each after its separator line."""
    if b"*mbx*" not in data.partition(b"\n")[0]:
        raise UnreadableMailboxError(f"{name} is not in mbx format")
    position = _MBX_START
    while position < len(data):
        line = _MBX_LINE.match(data, position)
        if line is None:
            raise UnreadableMailboxError(f"{name} has no message where one should begin (byte {position})")
        position = line.end() + int(line.group(1))
        yield line.end(), min(position, len(data))
