"""The MIME tree of a message, found line by line where SpamAssassin would find it.

Source: `parse_body`, `_parse_multipart` and `_parse_normal` of Mail::SpamAssassin::Message.
"""

import re
from collections import deque
from dataclasses import dataclass, field

from .content_type import parse_content_type
from .headers import HeaderBlock, Headers, parse_header_block
from .part import Part

MAX_DEPTH = 20
MAX_CHILDREN = 1000
MAX_LINE_LENGTH = 2048
_KEPT_BLANK_LINES = 20

_FIELD_START = re.compile(rb"[\x21-\x39\x3b-\x7e]+[ \t]*:")
_TIGHT_FIELD_START = re.compile(rb"[\x21-\x39\x3b-\x7e]+:")
_EPILOGUE = re.compile(rb"[^\s.]")
_BLANK = rb"[ \t\r\x0b\x0c]*+\n"
_MANY_BLANK_LINES = re.compile(rb"\n(?:%b){%d}" % (_BLANK, _KEPT_BLANK_LINES))
_BLANK_LINES = re.compile(rb"^(?:%b){%d,}+(?:[ \t\r\x0b\x0c]++\Z)?" % (_BLANK, _KEPT_BLANK_LINES), re.M)
_WHITESPACE = b" \t\n\r\x0b\x0c"


@dataclass(slots=True)
class ParseFlags:
    """What reading the tree found wrong, under the names rules use."""

    missing_mime_headers: bool = False
    missing_mime_head_body_separator: bool = False
    mime_epilogue_exists: bool = False
    mimepart_limit_exceeded: bool = False
    boundary_state: dict[bytes, int] = field(default_factory=dict)


@dataclass(slots=True)
class _Job:
    part: Part
    boundary: bytes | None
    body: bytes
    depth: int


def parse_tree(block: HeaderBlock, *, normalize: bool = True) -> tuple[Part, ParseFlags]:
    """The root of the tree of the message `block` begins (RFC 2046 section 5.1), and what was wrong with it.

    Depth, children of one part and line length are limited by the constants above.
    """
    flags = ParseFlags()
    root = Part(block.headers, normalize=normalize, block=block)
    jobs = deque([_Job(root, root.content_type.boundary, parsable_body(root), MAX_DEPTH)])
    while jobs:
        job = jobs.popleft()
        part = job.part
        if part.type.startswith("multipart/") and job.boundary is not None and job.depth > 0:
            _Multipart(job, flags, normalize).parse(jobs)
            continue
        part.become_leaf(job.body, job.boundary)
        if part.type in ("message/rfc822", "message/global") and job.depth > 0:
            content = part.decode()
            if content:
                inner_block = parse_header_block(content)
                inner = Part(inner_block.headers, normalize=normalize, block=inner_block)
                part.become_parent([inner])
                jobs.append(_Job(inner, inner.content_type.boundary, parsable_body(inner), job.depth - 1))
    return root, flags


def parsable_body(message: Part) -> bytes:
    """The body of `message` with plain newlines and no run of more than some 20 blank lines."""
    block = message.block
    assert block is not None
    body = block.body.replace(b"\r\n", b"\n") if block.crlf else block.body
    if _MANY_BLANK_LINES.search(body):
        body = _BLANK_LINES.sub(_shortened, body)
    if message.type.startswith("multipart/"):
        # Fields at the top of the body must not be taken for fields of the message: bug 6845.
        first, newline, rest = body.partition(b"\n")
        boundary = message.content_type.boundary
        if (
            rest
            and first.strip()
            and (boundary is None or not (first + newline).startswith(b"--" + boundary))
        ):
            return b"\n" + body
    return body


def _shortened(run: re.Match[bytes]) -> bytes:
    text = run[0]
    at_top = run.start() == 0
    count = text.count(b"\n") + (not text.endswith(b"\n"))
    if count <= _KEPT_BLANK_LINES + at_top:
        return text
    first = text.find(b"\n") + 1
    if at_top:
        first = text.find(b"\n", first) + 1
    last = len(text) - text.endswith(b"\n")
    for _ in range(_KEPT_BLANK_LINES - 1):
        last = text.rfind(b"\n", 0, last)
    return text[:first] + text[last + 1 :]


@dataclass(slots=True)
class _Delimiter:
    """A boundary line: where it starts, where the next line does, whether it closes the multipart."""

    start: int
    end: int
    closing: bool


class _Multipart:
    """One multipart body being cut into its parts."""

    __slots__ = ("_body", "_boundary", "_depth", "_flags", "_needle", "_normalize", "_parent")

    def __init__(self, job: _Job, flags: ParseFlags, normalize: bool) -> None:
        assert job.boundary is not None
        self._parent = job.part
        self._boundary: bytes = job.boundary
        self._needle = b"--" + job.boundary
        self._body = job.body
        self._depth = job.depth
        self._flags = flags
        self._normalize = normalize

    def parse(self, jobs: "deque[_Job]") -> None:
        """Puts the children below the parent and queues them, first to last."""
        body, flags, size = self._body, self._flags, len(self._body)
        children: list[Part] = []
        self._parent.become_parent(children)
        at = self._after_preamble()
        while at < size:
            delimiter = self._delimiter(at)
            headers, start, nested = self._headers(at, delimiter.start if delimiter else self._last_line(at))
            if nested:
                delimiter = self._after_nested(delimiter)
            closed_at_end = delimiter is not None and delimiter.start == size
            if delimiter and not closed_at_end:
                raw = _broken_lines(body[start : delimiter.start]).removesuffix(b"\n")
            else:
                raw = _broken_lines(body[start:])
            part = self._part(headers)
            children.append(part)
            boundary = part.content_type.boundary
            # A boundary of a single zero is false to Perl, and so a part's own does not count.
            inherited = boundary in (None, b"0")
            jobs.append(_Job(part, self._boundary if inherited else boundary, raw, self._depth - 1))
            if delimiter and delimiter.closing:
                flags.boundary_state[self._boundary] = flags.boundary_state.get(self._boundary, 0) - 1
                if _EPILOGUE.search(body, delimiter.end):
                    flags.mime_epilogue_exists = True
                return
            at = delimiter.end if delimiter else size
            if delimiter and at < size and not _TIGHT_FIELD_START.match(body, at):
                flags.missing_mime_headers = True
            if len(children) == MAX_CHILDREN:
                flags.mimepart_limit_exceeded = True
                return

    def _part(self, headers: Headers) -> Part:
        part = Part(headers, normalize=self._normalize)
        if part.content_type.missing and self._parent.type == "multipart/digest":
            part.type = "message/rfc822"
        return part

    def _after_preamble(self) -> int:
        at = 0
        while (delimiter := self._delimiter(at)) is not None:
            at = delimiter.end
            if not delimiter.closing:
                self._flags.boundary_state[self._boundary] = 1
                if at < len(self._body) and not _TIGHT_FIELD_START.match(self._body, at):
                    self._flags.missing_mime_headers = True
                return at
        return 0

    def _delimiter(self, at: int) -> _Delimiter | None:
        """The first boundary line from the line starting at `at` on."""
        body, needle = self._body, self._needle
        start = at if body.startswith(needle, at) else self._next(at)
        while start >= 0:
            after = start + len(needle)
            if needle.endswith(b"\n"):
                return _Delimiter(start, after, False) if needle.count(b"\n") == 1 else None
            end = body.find(b"\n", after) + 1 or len(body)
            rest = body[after:end].rstrip(_WHITESPACE)
            if rest in (b"", b"--"):
                return _Delimiter(start, end, bool(rest))
            start = self._next(start)
        return None

    def _next(self, at: int) -> int:
        found = self._body.find(b"\n" + self._needle, at)
        return found + 1 if found >= 0 else -1

    def _last_line(self, at: int) -> int:
        return max(at, self._body.rfind(b"\n", 0, len(self._body) - 1) + 1)

    def _headers(self, at: int, limit: int) -> tuple[Headers, int, bool]:
        """The fields from `at` on, where the content starts, and whether the part has its parent's boundary.

        A field is only kept once another line, before `limit`, shows where it ends.
        """
        body = self._body
        headers = Headers()
        pending: tuple[bytes, bytes] | None = None
        while at < limit:
            found = _FIELD_START.match(body, at, limit)
            if found:
                if pending:
                    headers.add(*pending)
                end = _end_of_field(body, at, limit)
                name, _, value = body[at:end].partition(b":")
                pending = name, value.lstrip(_WHITESPACE)
                at = end
                continue
            nested = False
            if pending:
                headers.add(*pending)
                if pending[0].lower() == b"content-type":
                    nested = parse_content_type(headers.last(b"content-type")).boundary == self._boundary
            end = body.find(b"\n", at) + 1 or len(body)
            if body[at:end] in (b"\n", b"\r\n", b"\r"):
                return headers, end, nested
            self._flags.missing_mime_head_body_separator = True
            return headers, at, nested
        return headers, limit, False

    def _after_nested(self, delimiter: _Delimiter | None) -> _Delimiter | None:
        """The delimiter that ends a part within which the same boundary is used once more: bug 7358."""
        size = len(self._body)
        while delimiter is not None:
            following = self._delimiter(delimiter.end) if delimiter.end < size else None
            if delimiter.closing:
                # As the very last line it belongs to the part, yet counts as the end of the multipart.
                return _Delimiter(size, size, True) if delimiter.end == size else following
            delimiter = following
        return None


def _end_of_field(body: bytes, at: int, limit: int) -> int:
    end = body.find(b"\n", at) + 1 or limit
    while end < limit and body[end] in b" \t":
        end = body.find(b"\n", end) + 1 or limit
    return min(end, limit)


def _broken_lines(text: bytes) -> bytes:
    """`text` with a newline put in after every `MAX_LINE_LENGTH` bytes of a longer line."""
    size = len(text)
    if size <= MAX_LINE_LENGTH:
        return text
    pieces: list[bytes] = []
    at = copied = 0
    while size - at > MAX_LINE_LENGTH:
        newline = text.rfind(b"\n", at, at + MAX_LINE_LENGTH)
        if newline >= 0:
            at = newline + 1
            continue
        at += MAX_LINE_LENGTH
        pieces += (text[copied:at], b"\n")
        copied = at
    return b"".join((*pieces, text[copied:])) if pieces else text
