"""Where a body stopped being what was signed: the changes that mail meets on its way, each tried for the signed hash.

A hash does not tell where its text differs. But lists append, prepend and insert lines, stores quote "From ", and
undoing that gives the signed hash again; then the place is certain. Work is bounded whatever the body is like.
"""

import hashlib
import re
from collections import deque
from dataclasses import dataclass
from typing import Literal

from .keys import HashName

MOST_LINES = 80
"""How many lines may have been put before the body, or before a boundary inside it."""
MOST_BYTES = 64_000_000
"""How many bytes are hashed in the search."""

Change = Literal["appended", "prepended", "inserted", "shortened", "quoted", "dots", "unknown"]
_LINE = re.compile(rb"[^\n]*\n|[^\n]+")
_QUOTED_FROM = re.compile(rb"^>(>*From )", re.M)
_STUFFED_DOT = re.compile(rb"^\.\.", re.M)


@dataclass(frozen=True, slots=True)
class BodyFault:
    """What happened to a body after it was signed.

    `first_byte` counts the bytes of the canonical body before the first one that is not as signed, `line` is that
    byte's line, from 1, and `size` how many bytes too many (`shortened`: too few) there are; all `None` where it is
    unknown.
    """

    change: Change
    first_byte: int | None = None
    line: int | None = None
    size: int | None = None

    @property
    def words(self) -> str:
        """The same in a sentence, without its full stop."""
        place = f"byte {self.first_byte} (line {self.line})"
        match self.change:
            case "appended":
                return f"the body is as signed up to {place}; the {self.size} bytes from there were added at its end"
            case "prepended":
                return f"the first {self.size} bytes of the body were added; the rest is as signed"
            case "inserted":
                return f"{self.size} bytes were added at {place}, before a boundary; the rest is as signed"
            case "shortened":
                return f"l= covers {self.size} bytes more than the body has: its end is missing from {place}"
            case "quoted":
                return f"lines that begin with From were quoted with > after signing, first at {place}"
            case "dots":
                return f"lines that begin with a dot still have the dot that SMTP doubles, first at {place}"
        return "where the body changed cannot be told"

    def as_json(self) -> dict[str, object]:
        """The fields and the words."""
        told = {"change": self.change, "first_byte": self.first_byte, "line": self.line, "size": self.size}
        return {name: value for name, value in told.items() if value is not None} | {"words": self.words}


class _Search:
    """The wanted hash, what is hashed before any body, and how much work is left."""

    def __init__(self, before: bytes, wanted: bytes, hash_name: HashName, length: int | None) -> None:
        self.start = hashlib.new(hash_name, before, usedforsecurity=False)
        self.wanted = wanted
        self.length = length
        self.left = MOST_BYTES

    @property
    def ended(self) -> bool:
        """Whether the work allowed is done."""
        return self.left <= 0

    def fits(self, rest: bytes | memoryview, state: "hashlib._Hash | None" = None, done: int = 0) -> bool:
        """Whether `rest`, after the `done` bytes that went into `state`, gives the wanted hash."""
        rest = rest if self.length is None else rest[: max(self.length - done, 0)]
        self.left -= len(rest) + 1
        if self.ended:
            return False
        state = (state or self.start).copy()
        state.update(rest)
        return state.digest() == self.wanted


def find_fault(
    body: bytes, wanted: bytes, hash_name: HashName, *, before: bytes = b"", length: int | None = None
) -> BodyFault:
    """What happened to the canonical `body`, whose hash is not the `wanted` one.

    `before` is what was hashed in front of it (DomainKeys hashes header and body in one), `length` is `l=`.
    """
    if length is not None and len(body) < length:
        lines = body.count(b"\n") + 1
        return BodyFault("shortened", len(body), lines, length - len(body))
    search = _Search(before, wanted, hash_name, length)
    return (
        _added(body, search)
        or _prepended(body, search)
        or _rewritten(body, search, _QUOTED_FROM, rb"\1", "quoted")
        or _rewritten(body, search, _STUFFED_DOT, b".", "dots")
        or BodyFault("unknown")
    )


def _added(body: bytes, search: _Search) -> BodyFault | None:
    """Lines added at the end, or before a line that looks like a MIME boundary."""
    # An empty body is hashed as nothing at all, or as one empty line.
    if search.length is None and (search.fits(b"") or (body != b"\r\n" and search.fits(b"\r\n"))):
        return BodyFault("appended", 0, 1, len(body))
    view = memoryview(body)
    state = search.start.copy()
    recent: deque[tuple[int, int, hashlib._Hash]] = deque(maxlen=MOST_LINES)
    for number, match in enumerate(_LINE.finditer(body), 1):
        at, line = match.start(), match[0]
        if line.startswith(b"--") and not search.ended:
            for earlier_number, earlier_at, earlier in reversed(recent):
                if search.fits(view[at:], earlier, earlier_at):
                    return BodyFault("inserted", earlier_at, earlier_number, at - earlier_at)
        recent.append((number, at, state.copy()))
        state.update(line)
        if search.length is None and line != b"\r\n" and state.digest() == search.wanted:
            return BodyFault("appended", match.end(), number + 1, len(body) - match.end())
    return None


def _prepended(body: bytes, search: _Search) -> BodyFault | None:
    view = memoryview(body)
    for number, match in enumerate(_LINE.finditer(body), 1):
        if number > MOST_LINES or search.ended:
            break
        if search.fits(view[match.end() :]):
            return BodyFault("prepended", 0, 1, match.end())
    return None


def _rewritten(
    body: bytes, search: _Search, pattern: re.Pattern[bytes], instead: bytes, change: Change
) -> BodyFault | None:
    first = pattern.search(body)
    if first is None:
        return None
    before = pattern.sub(instead, body)
    if not search.fits(before):
        return None
    return BodyFault(change, first.start(), body.count(b"\n", 0, first.start()) + 1, len(body) - len(before))
