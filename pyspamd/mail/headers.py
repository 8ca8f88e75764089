"""Header fields: the block at the top of a message read as SpamAssassin reads it, and access by name.

Source: `new` of Mail::SpamAssassin::Message; `header` and `_decode_header` of Mail::SpamAssassin::Message::Node.
"""

import datetime
import re
from collections.abc import Iterator
from dataclasses import dataclass

from .encoded_words import decode_header

MAX_NAME_LENGTH = 256
MAX_VALUE_LENGTH = 8192
MAX_BLOCK_LENGTH = 65536
MOST_LINES = 500
"""Fields seen at once: rules that look for one behind another try all pairs of them."""
_TOLERATED_ERRORS = 3

_FOLDS = re.compile(rb"\n[ \t]+")
_RAW_FOLDS = re.compile(rb"\r?\n\s+")
_MBOX = re.compile(rb"From\s+(?!:)")
_MBX = re.compile(
    rb"([\s\d]\d)-([a-zA-Z]{3})-(\d{4})\s(\d{2}):(\d{2}):(\d{2}).*,\d+;[\da-f]{12}-[A-Za-z0-9_]{8}\r?$"
)
_MBX_STARTS = (b" ", b"\t", *(b"%d" % digit for digit in range(10)))
_MBX_SENDER = re.compile(rb"^From:(?:[^<\n]*<([^>\n]+)>|\s*([^<> ]+))", re.M)
# Possessive, so that no input makes it go back.
_CONTINUATIONS = re.compile(rb"(?:[ \t][^\n]*+\n?+)++")
_VALID = re.compile(rb"[\x21-\x39\x3b-\x7e]+[ \t]*:")
_BARE_NEWLINE = re.compile(rb"(?<!\r)\n")
_MONTHS = (b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov", b"dec")
_DAYS = (b"Mon", b"Tue", b"Wed", b"Thu", b"Fri", b"Sat", b"Sun")


def _key(name: bytes | str) -> bytes:
    return (name.encode("latin-1", "replace") if isinstance(name, str) else name).lower()


class Headers:
    """The fields of one message or MIME part in their order, duplicates kept; names match in any case.

    Values come in two forms: decoded (unfolded, encoded words and 8-bit text as UTF-8, no newline) and raw
    (as they stood, folds and newline included). Decoding happens on first use.
    """

    __slots__ = ("_by_key", "_decoded", "fields")

    def __init__(self) -> None:
        self.fields: list[tuple[bytes, bytes]] = []
        self._by_key: dict[bytes, list[bytes]] = {}
        self._decoded: dict[bytes, list[bytes]] = {}

    def add(self, name: bytes, value: bytes) -> None:
        """Appends a field; `value` is what followed the colon."""
        self.fields.append((name, value))
        key = name.lower()
        same = self._by_key.get(key)
        if same is None:
            self._by_key[key] = [value]
        else:
            same.append(value)
            self._decoded.pop(key, None)

    def __contains__(self, name: bytes | str) -> bool:
        return _key(name) in self._by_key

    def __iter__(self) -> Iterator[bytes]:
        return (name for name, _ in self.fields)

    def decoded(self, name: bytes | str) -> list[bytes]:
        """The decoded values of `name`, top to bottom, without newlines."""
        return self._decoded_of(_key(name))

    def _decoded_of(self, key: bytes) -> list[bytes]:
        values = self._decoded.get(key)
        if values is None:
            values = self._decoded[key] = [_decode(raw, key) for raw in self._by_key.get(key, ())]
        return values

    def last(self, name: bytes | str) -> bytes:
        """The decoded value of the lowest field called `name`, or nothing."""
        values = self.decoded(name)
        return values[-1] if values else b""

    def get(self, name: bytes | str) -> list[bytes]:
        """The decoded values of `name`, each ending in a newline: what rules see."""
        return self.lines(_key(name))

    def lines(self, key: bytes) -> list[bytes]:
        """`get` for a name that is in lower case."""
        return [value + b"\n" for value in self._decoded_of(key)]

    def raw(self, name: bytes | str) -> list[bytes]:
        """The values of `name` as they stood: what `:raw` rules see."""
        return list(self._by_key.get(_key(name).strip(), ()))

    def raw_unfolded(self, name: bytes | str) -> list[bytes]:
        """The values of `name` undecoded, each on one line."""
        return [_RAW_FOLDS.sub(b" ", value) for value in self.raw(name)]

    def all(self) -> list[bytes]:
        """Every field as one decoded `Name: value` line: `MAX_BLOCK_LENGTH` bytes, `MOST_LINES` lines at most."""
        return self._all()[:MOST_LINES]

    def all_raw(self) -> list[bytes]:
        """Every field as one undecoded line, as many as `all()` has at most."""
        return self._lines_that_fit(raw=True)[:MOST_LINES]

    def _all(self) -> list[bytes]:
        lines = self._decoded_lines()
        return lines if sum(map(len, lines)) <= MAX_BLOCK_LENGTH else self._lines_that_fit(raw=False)

    @property
    def oversized(self) -> bool:
        """Whether `all()` leaves fields out because they are too long."""
        size = sum(len(name) + len(value) + 2 for name, value in self.fields)
        # Decoding to UTF-8 triples a value at worst: below a third there is no need to look closer.
        if size * 3 <= MAX_BLOCK_LENGTH:
            return False
        return len(self._all()) < len(self.fields)

    def _decoded_lines(self) -> list[bytes]:
        """Every field as one decoded line, however many there are; a third of the time of `_lines_that_fit`."""
        lines: list[bytes] = []
        seen: dict[bytes, int] = {}
        for name, _ in self.fields:
            key = name.lower()
            number = seen.get(key, 0)
            seen[key] = number + 1
            lines.append(b"%b: %b\n" % (name, self._decoded_of(key)[number]))
        return lines

    def _lines_that_fit(self, *, raw: bool) -> list[bytes]:
        """The fields of the first name, then those of the next, and so on until there is no more room.

        Source: `get_all_headers` of Mail::SpamAssassin::Message::Node.
        """
        positions: dict[bytes, list[int]] = {}
        for number, (name, _) in enumerate(self.fields):
            positions.setdefault(name.lower(), []).append(number)
        lines: list[bytes | None] = [None] * len(self.fields)
        size = 0
        for key, places in positions.items():
            contents = self.raw_unfolded(key) if raw else self.lines(key)
            # A name that begins with blanks, as that of the first field may, finds the raw values of the same name
            # without them; for those there is no place, which in Perl means the first.
            places = places + [0] * (len(contents) - len(places))
            for place, content in zip(places, contents, strict=False):
                size += len(key) + len(content) + 2
                if size > MAX_BLOCK_LENGTH:
                    return [line for line in lines if line is not None]
                lines[place] = self.fields[place][0] + b": " + content
        return [line for line in lines if line is not None]


def _decode(raw: bytes, key: bytes) -> bytes:
    value = raw.strip()
    if b"\n" in value:
        value = _FOLDS.sub(b" ", value)
    if b"=?" in value or b"\n" in value or not value.isascii():
        return decode_header(value, key)
    return value


@dataclass(frozen=True, slots=True)
class HeaderBlock:
    """A message cut in two: `block` and `body` together are the message less its mailbox separator."""

    headers: Headers
    block: bytes
    body: bytes
    crlf: bool
    mailbox_separator: bytes | None = None
    missing_separator: bool = False
    truncated: bool = False


def parse_header_block(raw: bytes) -> HeaderBlock:
    """Reads the fields at the top of `raw` (RFC 5322 section 2.2) up to where a body can only begin.

    That is an empty line, a line starting with two hyphens, or the fourth line that is no field. When the
    first or last line ends in CRLF, all line ends of the block become CRLF and values lose theirs.
    """
    raw = raw or b"\n"
    separator, start = _mailbox_separator(raw)
    first_end = raw.find(b"\n", start) + 1 or len(raw)
    crlf = raw.endswith(b"\r\n", start) or raw.endswith(b"\r\n", start, first_end)
    end_line = b"\r\n" if crlf else b"\n"
    headers = Headers()
    size, at, errors, truncated, missing = len(raw), start, 0, False, True
    pieces: list[bytes] = []  # of the block, kept only where line ends may have to change
    body = b""
    while at < size:
        eol = raw.find(b"\n", at) + 1 or size
        line = _with_crlf(raw[at:eol]) if crlf else raw[at:eol]
        if at > start or line[0] not in b" \t":
            if line == end_line:
                pieces.append(line)
                at, missing = eol, False
                break
            invalid = not _VALID.match(line)
            errors += invalid
            if line.startswith(b"--") or (invalid and errors > _TOLERATED_ERRORS):
                body = line + raw[eol:] if crlf else b""
                size = at
                break
        found = _CONTINUATIONS.match(raw, eol)
        end = found.end() if found else eol
        field = raw[at:end] if end > eol or not crlf else line
        if crlf and end > eol:
            field = _with_crlf(field)
        pieces.append(field)
        at = end
        name, colon, value = field.partition(b":")
        if colon:
            if crlf:
                value = value.replace(b"\r\n", b"\n")
            name = name.rstrip(b" \t")
            if len(name) > MAX_NAME_LENGTH or len(value) > MAX_VALUE_LENGTH:
                name, value, truncated = name[:MAX_NAME_LENGTH], value[:MAX_VALUE_LENGTH], True
            headers.add(name, value)
    block = b"".join(pieces) if crlf else raw[start:at]
    return HeaderBlock(headers, block, body or raw[at:], crlf, separator, missing, truncated)


def _with_crlf(text: bytes) -> bytes:
    return _BARE_NEWLINE.sub(b"\r\n", text) if text.count(b"\n") != text.count(b"\r\n") else text


def _mailbox_separator(raw: bytes) -> tuple[bytes | None, int]:
    """The separator line of an mbox or mbx folder as an mbox one, and where the message proper starts."""
    end = raw.find(b"\n") + 1 or len(raw)
    line = raw[:end]
    if _MBOX.match(line):
        return line, end
    found = _MBX.match(line) if line[:1] in _MBX_STARTS else None
    if not found:
        return None, 0
    day, month, year, hour, minute, second = found.groups()
    try:
        date = datetime.date(int(year), _MONTHS.index(month.lower()) + 1, int(day))
    except ValueError:
        return None, end
    sender = _MBX_SENDER.search(raw, end)
    address = (sender[1] or sender[2] or b"") if sender else b""
    moment = b"%s %s %s %s:%s:%s %s\n" % (_DAYS[date.weekday()], month, day, hour, minute, second, year)
    return b"From " + address + b" " + moment, end
