"""BodyEval: eval tests over the text as a whole: lengths, blank lines, shapes, plain against HTML.

body MPART_ALT_DIFF eval:multipart_alternative_difference('99', '100')
"""

import re
from collections.abc import Sequence

from ..mail.alternatives import Difference, alternative_difference
from ..mail.text import short_paragraphs
from ..scan.arguments import number
from ..scan.plugin import Plugin, Reads, eval_test
from ..scan.scan import Scan

_PLAIN = re.compile(r"^text/plain")
_ONLY_PLAIN = re.compile(r"^text/plain$")
_LINE = re.compile(rb"[^\n]*\n|[^\n]+")
_SIGNATURE = re.compile(rb"^-- ?\r?$", re.MULTILINE)
_LABEL = re.compile(rb"^[^\S\n]*+([^:\s][^:\n]{2,29})\s*:\s*\S", re.MULTILINE)
_STOCK_LABEL = re.compile(
    rb"(^trad(?:e|ing)date|company(?:name)?|s\w?(?:t\w?o\w?c\w?k|y\w?m(?:\w?b\w?o\w?l)?)|t(?:arget|icker)"
    rb"|(?:opening|current)p(?:rice)?|p(?:rojected|osition)|expectations|weeks?high|marketperformance"
    rb"|(?:year|week|month|day|price)(?:target|estimates?)|sector|r(?:ecommendation|ating))$"
)
_NOT_LOWER = bytes(b for b in range(256) if not 0x61 <= b <= 0x7A)
NO_SIGNATURE_RATIO = 10.0**6


class BodyEval(Plugin):
    """SpamAssassin's BodyEval, test for test."""

    eval_area = "body"

    features = frozenset({"has_check_body_length", "has_plaintext_body_sig_ratio"})

    @staticmethod
    def _difference(scan: Scan) -> Difference:
        return scan.once("alternative difference", lambda: alternative_difference(scan.message))

    @eval_test(reads=Reads.BODY)
    def multipart_alternative_difference(self, scan: Scan, low: str = "0", high: str = "") -> bool:
        """More than `low` and at most `high` percent of the HTML's words are missing from the plain text."""
        percent = self._difference(scan).percent
        return (number(low) == 0 or percent > number(low)) and (high == "undef" or percent <= number(high))

    @eval_test(reads=Reads.BODY)
    def multipart_alternative_difference_count(
        self, scan: Scan, ratio: str = "0", least_html: str = "0"
    ) -> bool:
        """Plain words per HTML word exceed `ratio`, with more than `least_html` HTML words."""
        found = self._difference(scan)
        if not found.html_words > number(least_html):
            return False
        return bool(found.html_words) and found.text_words / found.html_words > number(ratio)

    @eval_test(reads=Reads.BODY)
    def check_blank_line_ratio(
        self, scan: Scan, low: str = "0", high: str = "100", least_lines: str = "1"
    ) -> bool:
        """More than `low` and at most `high` percent of the lines are blank, of at least so many lines."""
        blank, lines = scan.once("blank lines", lambda: _blank_lines(scan.rawbody))
        ratio = -1.0 if lines < max(1.0, number(least_lines)) else 100 * blank / lines
        return (number(low) == 0 or ratio > number(low)) and ratio <= number(high)

    @eval_test(reads=Reads.BODY)
    def tvd_vertical_words(
        self, scan: Scan, low: str = "0", high: str = "0", *, text: Sequence[bytes] = ()
    ) -> bool:
        """The share of blanks in the blankest paragraph, in percent of its other bytes, lies in the range."""
        top = 101.0 if number(high) >= 100 else number(high)
        return number(low) <= scan.once("vertical words", lambda: _most_spaces(text)) < top

    @eval_test(reads=Reads.BODY)
    def check_stock_info(self, scan: Scan, least: str = "0") -> bool:
        """At least so many different labels of stock tips stand in the first plain text."""
        return number(least) == 0 or scan.once("stock labels", lambda: _stock_labels(scan)) >= number(least)

    @eval_test(reads=Reads.BODY)
    def check_body_length(self, scan: Scan, most: str = "0") -> bool:
        """The raw body has at most so many bytes."""
        return scan.message.body_length <= number(most)

    @eval_test(reads=Reads.BODY)
    def plaintext_body_length(self, scan: Scan, low: str = "0", high: str | None = None) -> bool:
        """The first plain text without its signature has a length in the range."""
        return _within(_body_and_signature(scan)[0], low, high)

    @eval_test(reads=Reads.BODY)
    def plaintext_sig_length(self, scan: Scan, low: str = "0", high: str | None = None) -> bool:
        """The signature of the first plain text has a length in the range."""
        return _within(_body_and_signature(scan)[1], low, high)

    @eval_test(reads=Reads.BODY)
    def plaintext_body_sig_ratio(self, scan: Scan, low: str = "0", high: str | None = None) -> bool:
        """Text bytes per byte of signature lie in the range."""
        body, signature = _body_and_signature(scan)
        if body is None or signature is None:
            return False
        ratio = body / signature if signature else NO_SIGNATURE_RATIO
        return number(low) <= ratio <= (NO_SIGNATURE_RATIO if high is None else number(high))


def _within(length: int | None, low: str, high: str | None) -> bool:
    return length is not None and number(low) <= length and (high is None or length <= number(high))


def _blank_lines(chunks: list[bytes]) -> tuple[int, int]:
    blank = total = 0
    for chunk in chunks:
        for line in _LINE.findall(chunk):
            total += 1
            blank += not line.strip()
    return blank, total


def _most_spaces(elements: Sequence[bytes]) -> int:
    most = -1
    for element in elements:
        if len(element) > 5:
            spaces = element.count(b" ")
            others = len(element) - spaces
            most = max(most, 100 if spaces > others or not others else 100 * spaces // others)
    return most


def _stock_labels(scan: Scan) -> int:
    parts = scan.message.find_parts(_ONLY_PLAIN)
    kind, text = parts[0].rendered() if parts else (None, None)
    if kind is None or text is None:
        return 0
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    labels: set[bytes] = set()
    for chunk in short_paragraphs(data):
        for label in _LABEL.findall(chunk):
            found = _STOCK_LABEL.search(label.lower().translate(None, _NOT_LOWER))
            if found:
                labels.add(found.group(1))
    return len(labels)


def _body_and_signature(scan: Scan) -> tuple[int | None, int | None]:
    return scan.once("body and signature", lambda: _measured(scan))


def _measured(scan: Scan) -> tuple[int | None, int | None]:
    parts = scan.message.find_parts(_PLAIN)
    if not parts:
        return None, None
    text = parts[0].decode()
    body, signature = len(text), 0
    for mark in _SIGNATURE.finditer(text):
        if len(text) - mark.end() > 4:
            body, signature = mark.start(), len(text) - mark.end()
    return body, signature
