"""What a PDF tells without being rendered: images, links, who made it, and digests that look-alikes share.

Source: Mail::SpamAssassin::Plugin::PDFInfo, which reads the file line by line and unpacks nothing.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

MOST_URIS: Final = 20
MOST_LINES: Final = 70
"""Lines from which on nothing is taken into the digest of the beginning."""
LONGEST_TEXT: Final = 256
_BOM: Final = b"\xef\xbb\xbf"
_MAGIC: Final = re.compile(rb".{0,1024}%PDF-(\d\.\d)", re.DOTALL)
_SPACE: Final = b" \t\n\r\f\v"
_NOT_DIGESTED: Final = re.compile(
    rb"%|/(?:Height|Width|(?:Media|Crop)Box)|\d+\s+\d+\s+\d+\s+\d+\s+\d+\s+\d+\s+cm\Z"
)
_SCALED: Final = re.compile(rb"(\d+)\s+\d+\s+\d+\s+(\d+)\s+\d+\s+\d+\s+cm\Z")
_ONE_SIDE: Final = re.compile(rb"/(?:Width|Height)\s\d")
_BOTH_SIDES: Final = re.compile(rb"/Width\s(\d+)/Height\s(\d+)")
_TAG: Final = re.compile(rb"/([A-Za-z]+)")
_LINK: Final = re.compile(rb"(?:/S\s{0,2}/URI\s{0,2}|^\s*)/URI\s{0,2}(?=[(<])")
_BARE_LINK: Final = re.compile(rb"\((https?://.{8,256})\)>>")
_TEXTS: Final = {
    "author": re.compile(rb"/Author\s{0,2}(?=[(<])"),
    "creator": re.compile(rb"/Creator\s{0,2}(?=[(<])"),
    "producer": re.compile(rb"/Producer\s{0,2}(?=[(<])"),
    "title": re.compile(rb"/Title\s{0,2}(?=[(<])"),
}
_DATES: Final = {
    "created": re.compile(rb"/CreationDate\s{0,2}\(D:(\d+)"),
    "modified": re.compile(rb"/ModDate\s{0,2}\(D:(\d+)"),
}
_ENDS: Final = {b"(": re.compile(rb"(?<!\\)\)"), b"<": re.compile(rb">")}
_HEX: Final = re.compile(rb"[0-9A-Fa-f]{2}")
_OCTAL: Final = re.compile(rb"(?<!\\)\\([0-3][0-7][0-7])")
_ESCAPED: Final = re.compile(rb"\\([()\\])")


@dataclass(slots=True)
class PdfFacts:
    """One PDF: `sizes` are its images' (height, width) as digits, `details` what it says of itself by property."""

    version: str
    sizes: list[tuple[str, str]] = field(default_factory=list)
    area: float = 0
    """Pixels of all images."""
    total: tuple[float, float] = (0, 0)
    """Height and width of all images added up."""
    encrypted: bool = False
    uris: list[bytes] = field(default_factory=list)
    details: list[tuple[str, bytes]] = field(default_factory=list)
    """(property, text) in the order found: author, creator, created, modified, producer, title."""
    md5: str = ""
    fuzzy_md5: str = ""
    """MD5 of the lines before the first stream, sizes left out (hexadecimal, upper case)."""
    tags_md5: str = ""
    """MD5 of the names that begin lines."""


def read_pdf(data: bytes) -> PdfFacts | None:
    """What `data` tells, or `None` where it does not begin like a PDF."""
    data = data.removeprefix(_BOM)
    magic = _MAGIC.match(data)
    if magic is None:
        return None
    facts = PdfFacts(magic[1].decode())
    reader = _Reader(facts)
    for line in data.split(b"\n"):
        if line:
            reader.read(line)
    facts.md5 = _md5(data)
    facts.fuzzy_md5 = _md5(b"".join(reader.digested))
    facts.tags_md5 = _md5(b"".join(reader.tags))
    return facts


def _number(digits: str) -> float:
    """A number of whatever length a sender writes it in."""
    return int(digits) if len(digits) < 16 else float(digits)


def _md5(data: bytes) -> str:
    if data in (b"", b"0"):
        return ""
    return hashlib.md5(data, usedforsecurity=False).hexdigest().upper()


class _Reader:
    """Takes a PDF in, line by line."""

    def __init__(self, facts: PdfFacts) -> None:
        self.facts = facts
        self.digested: list[bytes] = []
        self.tags: list[bytes] = []
        self._lines = 0
        self._digesting = True
        self._in_image = False

    def read(self, line: bytes) -> None:
        if self._digesting:
            line = self._digest(line)
        slash = b"/" in line
        if slash:
            self._in_image = self._in_image or b"/Image" in line
            if line.startswith(b"/Encrypt"):
                self.facts.encrypted = True
        if self._in_image and (slash or line.endswith(b"cm")):
            self._measure(line)
        if slash:
            if tag := _TAG.match(line):
                self.tags.append(tag[1])
            if self._link(line):
                self._describe(line)

    def _digest(self, line: bytes) -> bytes:
        self._lines += 1
        if self._lines >= MOST_LINES:
            self._digesting = False
            return line
        if not _NOT_DIGESTED.match(line):
            line = line.rstrip(_SPACE)
            self.digested.append(line)
        if b"stream" in line:
            self._digesting = False
        return line

    def _measure(self, line: bytes) -> None:
        found = _SCALED.match(line)
        if not found and not _ONE_SIDE.match(line):
            found = _BOTH_SIDES.search(line)
        if not found:
            return
        width, height = found[1].decode(), found[2].decode()
        if width == "0" or height == "0":
            return
        facts = self.facts
        self._digesting = self._in_image = False
        facts.area += _number(width) * _number(height)
        facts.total = facts.total[0] + _number(height), facts.total[1] + _number(width)
        facts.sizes.append((height, width))

    def _link(self, line: bytes) -> bool:
        """Take in a link; false where the line is a link's and nothing more is read from it."""
        if len(self.facts.uris) >= MOST_URIS:
            return True
        found = _first_text(_LINK, line)
        bare = _BARE_LINK.search(line) if b"(http" in line else None
        if found is None and bare is None:
            return True
        if found is not None and (bare is None or found[0] < bare.start()):
            if found[1].find(b".") <= 0:
                return False
            uri = text_of(found[1])
        else:
            assert bare
            uri = text_of(bare[1])
        if uri.find(b".") <= 0 or b"\0" in uri:
            return False
        if uri not in self.facts.uris:
            self.facts.uris.append(uri)
        return True

    def _describe(self, line: bytes) -> None:
        details = self.facts.details
        for name in ("author", "creator", "created", "modified", "producer", "title"):
            if name in _TEXTS:
                found = _first_text(_TEXTS[name], line)
                if found is not None:
                    details.append((name, text_of(found[1])))
            elif date := _DATES[name].search(line):
                details.append((name, text_of(date[1])))


def _first_text(key: re.Pattern[bytes], line: bytes) -> tuple[int, bytes] | None:
    """Where the first `key` stands that a whole text follows, and that text, its brackets included."""
    missing: set[bytes] = set()
    for start, opened in _openings(key, line):
        kind = line[opened : opened + 1]
        if kind in missing:
            continue
        end = _ENDS[kind].search(line, opened + 1)
        if end is not None:
            return start, line[opened : end.end()]
        missing.add(kind)
        if len(missing) == len(_ENDS):
            break
    return None


def _openings(key: re.Pattern[bytes], line: bytes) -> Iterator[tuple[int, int]]:
    found = key.search(line)
    while found:
        yield found.start(), found.end()
        found = key.search(line, found.start() + 1)


def text_of(raw: bytes) -> bytes:
    """The text of a PDF string, `(…)` or `<hex>`, at most 256 octets; UTF-16 loses its NULs."""
    if raw.startswith(b"<"):
        text = _without_utf16(bytes.fromhex(b"".join(_HEX.findall(raw)).decode()))
    else:
        text = raw.removeprefix(b"(").removesuffix(b")")
        text = _OCTAL.sub(lambda found: bytes((int(found[1], 8),)), text)
        text = _ESCAPED.sub(rb"\1", _without_utf16(text))
    return text[:LONGEST_TEXT]


def _without_utf16(text: bytes) -> bytes:
    return text[2:].replace(b"\0", b"") if text.startswith((b"\xfe\xff", b"\xff\xfe")) else text
