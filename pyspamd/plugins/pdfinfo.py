"""PDFInfo: eval tests over attached PDFs: how many, which images, names, makers and links they have.

body PDF_ENCRYPTED   eval:pdf_is_encrypted()
body PDF_EMPTY_BODY  eval:pdf_is_empty_body(100)
body PDF_BY_SOMETOOL eval:pdf_match_details('producer', '/^SomeTool /')
"""

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from ..mail.part import Part
from ..mail.pdf import read_pdf
from ..perlre.delimited import compile_delimited
from ..perlre.regex import Regex, RegexError
from ..scan.arguments import number
from ..scan.plugin import Plugin, Reads, eval_test
from ..scan.scan import Scan

logger = logging.getLogger(__name__)

_TYPES = re.compile(r"^(?:image|application)/(?:pdf|octet-stream)$")
_NAME = re.compile(rb"\.[fp]df\n?\Z", re.IGNORECASE)
LONGEST_TAG = 2048
"""Characters from which on a tag takes no more."""
_DETAIL_TAGS = {
    "author": "PDFAUTHOR",
    "creator": "PDFCREATOR",
    "producer": "PDFPRODUCER",
    "title": "PDFTITLE",
}


@dataclass(slots=True)
class _Pdfs:
    """What the PDFs of one message hold, taken together."""

    count: int = 0
    images: int = 0
    area: float | None = None
    """Pixels of the images of the last PDF that has any."""
    encrypted: bool = False
    names: dict[bytes, None] = field(default_factory=dict)
    sizes: dict[tuple[str, str], None] = field(default_factory=dict)
    details: dict[str, dict[bytes, None]] = field(default_factory=dict)
    md5: set[str] = field(default_factory=set)
    fuzzy_md5: set[str] = field(default_factory=set)
    tags: dict[str, str] = field(default_factory=dict)

    def tag(self, name: str, value: bytes | str) -> None:
        """Add to a tag, up to a length."""
        text = value.decode("latin-1") if isinstance(value, bytes) else value
        if not text:
            return
        if name not in self.tags:
            self.tags[name] = text
        elif len(self.tags[name]) < LONGEST_TAG:
            self.tags[name] += f" {text}"

    def add(self, scan: Scan, part: Part) -> None:
        """Take in one part."""
        facts = read_pdf(part.decode())
        self.count += 1
        if facts is None:
            return
        self.tag("PDFVERSION", facts.version)
        name = part.name or b""
        self.tag("PDFNAME", name)
        if name and name != b"0":
            self.names[name] = None
        self.encrypted = self.encrypted or facts.encrypted
        for height, width in facts.sizes:
            self.sizes[height, width] = None
            self.tag("PDFIMGDIM", f"{height}x{width}")
        self.images += len(facts.sizes)
        for uri in facts.uris:
            scan.add_uri(uri.decode("latin-1"))
        for detail, text in facts.details:
            self.details.setdefault(detail, {})[text] = None
            if detail in _DETAIL_TAGS:
                self.tag(_DETAIL_TAGS[detail], text)
        if all(facts.total):
            self.sizes[f"{facts.total[0]:.15g}", f"{facts.total[1]:.15g}"] = None
        if facts.area:
            self.area = facts.area
            self.tag("PDFIMGAREA", f"{facts.area:.15g}")
        if facts.md5:
            self.md5.add(facts.md5)
            self.tag("PDFMD5", facts.fuzzy_md5)
        for digest, tag in ((facts.fuzzy_md5, "PDFMD5FUZZY1"), (facts.tags_md5, "PDFMD5FUZZY2")):
            if digest:
                self.fuzzy_md5.add(digest)
                self.tag(tag, digest)


def _look(scan: Scan) -> _Pdfs:
    pdfs = _Pdfs()
    for part in scan.message.find_parts(_TYPES, only_leaves=True):
        if part.type.endswith("/pdf") or _NAME.search(part.name or b""):
            pdfs.add(scan, part)
    return pdfs


def _pdfs(scan: Scan) -> _Pdfs:
    return scan.once("pdfs", lambda: _look(scan))


def _in_range(value: float | None, low: str | None, high: str | None) -> bool:
    if low is None or value is None or value < number(low):
        return False
    return high is None or value <= number(high)


def _compiled(scan: Scan, pattern: str, rule: str) -> Regex | None:
    try:
        return compile_delimited(pattern)
    except RegexError as error:
        logger.warning("%s: the argument '%s' is no regex: %s", scan.place_of(rule), pattern, error)
        return None


class PDFInfo(Plugin):
    """SpamAssassin's PDFInfo, test for test."""

    eval_area = "body"

    hook_priority = {"parsed_metadata": -1}

    def parsed_metadata(self, scan: Scan) -> None:
        pdfs = _pdfs(scan)
        for tag, value in pdfs.tags.items():
            scan.set_tag(tag, value)
        scan.set_tag("PDFCOUNT", str(pdfs.count))
        scan.set_tag("PDFIMGCOUNT", str(pdfs.images))

    @eval_test(reads=Reads.BODY)
    def pdf_count(self, scan: Scan, low: str | None = None, high: str | None = None) -> bool:
        """The number of PDFs lies in the range."""
        return _in_range(_pdfs(scan).count, low, high)

    @eval_test(reads=Reads.BODY)
    def pdf_image_count(self, scan: Scan, low: str | None = None, high: str | None = None) -> bool:
        """The number of images in PDFs lies in the range."""
        return _in_range(_pdfs(scan).images, low, high)

    @eval_test(reads=Reads.BODY)
    def pdf_pixel_coverage(self, scan: Scan, low: str | None = None, high: str | None = None) -> bool:
        """The pixels of a PDF's images lie in the range."""
        return _in_range(_pdfs(scan).area, low, high)

    @eval_test(reads=Reads.BODY)
    def pdf_image_to_text_ratio(
        self, scan: Scan, low: str | None = None, high: str | None = None, *, text: Sequence[bytes] = ()
    ) -> bool:
        """Bytes of the message's text per pixel in a PDF: at least `low` and under `high`."""
        area, length = _pdfs(scan).area, sum(map(len, text))
        if high is None or not area or not length:
            return False
        return _in_range(length / area, low, high) and length / area != number(high)

    @eval_test(reads=Reads.BODY)
    def pdf_image_size_exact(self, scan: Scan, height: str = "", width: str | None = None) -> bool:
        """An image, or all of a PDF's together, has exactly this size."""
        return width is not None and (height, width) in _pdfs(scan).sizes

    @eval_test(reads=Reads.BODY)
    def pdf_image_size_range(
        self,
        scan: Scan,
        least_height: str = "",
        least_width: str | None = None,
        most_height: str | None = None,
        most_width: str | None = None,
    ) -> bool:
        """An image, or all of a PDF's together, has a size in the range."""
        if least_width is None:
            return False
        return any(
            _in_range(number(height), least_height, most_height)
            and _in_range(number(width), least_width, most_width)
            for height, width in _pdfs(scan).sizes
        )

    @eval_test(reads=Reads.BODY)
    def pdf_named(self, scan: Scan, name: str | None = None) -> bool:
        """A PDF has this name."""
        return name is not None and name.encode("latin-1", "replace") in _pdfs(scan).names

    @eval_test(reads=Reads.BODY)
    def pdf_name_regex(self, scan: Scan, pattern: str | None = None, *, rule: str = "") -> bool:
        """A PDF has a name that matches."""
        names = _pdfs(scan).names
        regex = _compiled(scan, pattern, rule) if pattern is not None and names else None
        return regex is not None and any(map(regex.matches, names))

    @eval_test(reads=Reads.BODY)
    def pdf_match_md5(self, scan: Scan, digest: str | None = None) -> bool:
        """A PDF has this MD5."""
        return digest is not None and digest.upper() in _pdfs(scan).md5

    @eval_test(reads=Reads.BODY)
    def pdf_match_fuzzy_md5(self, scan: Scan, digest: str | None = None) -> bool:
        """A PDF's beginning, or the names in it, have this MD5."""
        return digest is not None and digest.upper() in _pdfs(scan).fuzzy_md5

    @eval_test(reads=Reads.BODY)
    def pdf_match_details(
        self, scan: Scan, detail: str = "", pattern: str | None = None, *, rule: str = ""
    ) -> bool:
        """A property (author, creator, created, modified, producer, title) matches."""
        values = _pdfs(scan).details.get(detail)
        regex = _compiled(scan, pattern, rule) if pattern is not None and values is not None else None
        return regex is not None and any(map(regex.matches, values or ()))

    @eval_test(reads=Reads.BODY)
    def pdf_is_encrypted(self, scan: Scan) -> bool:
        """A PDF is encrypted."""
        return _pdfs(scan).encrypted

    @eval_test(reads=Reads.BODY)
    def pdf_is_empty_body(self, scan: Scan, most: str = "0", *, text: Sequence[bytes] = ()) -> bool:
        """There is a PDF, and the text beside it has no more bytes than `most`."""
        return _pdfs(scan).count > 0 and sum(len(line) for line in text[1:] if line.strip()) <= number(most)
