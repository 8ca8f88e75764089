"""MIMEEval: eval tests over the MIME structure, encodings and charsets.

rawbody MIME_QP_LONG_LINE eval:check_for_mime('mime_qp_long_line')
"""

import re
from collections.abc import Sequence

from ..conf.core_report import OK_LOCALES
from ..mail.locales import charset_suits_locales, my_locales
from ..mail.mime_shape import MimeShape, mime_shape
from ..scan.arguments import number
from ..scan.plugin import Plugin, Reads, eval_test
from ..scan.scan import Scan

_RATIO = re.compile(r"\d{0,3}\.\d{1,3}\Z", re.ASCII)
_HTML = re.compile(rb"text/html", re.IGNORECASE)
_CHARSETS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (rb'charset="([^"]+)"', rb"charset='([^']+)'", rb"charset=(\S+)")
)
_CHARSET = re.compile(r"[-_a-z0-9]*", re.IGNORECASE)
_SHOUTING = re.compile(
    r"koi|jp|jis|euc|gb|big5|isoir|cp1251|windows-1251|georgianps|pt154|tis", re.IGNORECASE
)
_WORDS = re.compile(rb"\S\s+\S")
_ENCODED_LINES = re.compile(rb"(?:[A-Za-z0-9+/=]{60,76} ){2}")
_JAPANESE = re.compile(rb"\x1b\$B.*\x1b\(B", re.DOTALL)
_LOWER = bytes([*range(0x61, 0x7B), *range(0x30, 0x3A)])
_UPPER = bytes(range(0x41, 0x5B))
_ALTERNATIVE = re.compile(r"^multipart/alternative$")
_ANY = re.compile(".")
UPPERCASE_LEAST = 200
"""Bytes of text below which capitals say nothing."""


def _shape(scan: Scan) -> MimeShape:
    locales = my_locales(OK_LOCALES.of(scan.conf))
    return scan.once("mime shape", lambda: mime_shape(scan.message, locales))


def _declared_charset(scan: Scan) -> str | None:
    """The charset in the message's own Content-Type field."""
    value = scan.get("Content-Type") or b""
    for pattern in _CHARSETS:
        found = pattern.search(value)
        if found:
            return found.group(1).decode("latin-1")
    return None


def _uppercase(scan: Scan, text: Sequence[bytes]) -> float:
    """The share of capitals among letters and digits of the text, in percent; 0 where it says nothing."""
    charsets = [*filter(None, [_declared_charset(scan)]), *_shape(scan).charsets]
    if any(_CHARSET.fullmatch(charset) and _SHOUTING.search(charset) for charset in charsets):
        return 0.0
    length = lower = upper = 0
    for element in text:
        if not _WORDS.search(element) or _ENCODED_LINES.match(element):
            continue
        line = _JAPANESE.sub(b"", element) if b"\x1b$B" in element else element
        length += len(line)
        rest = line.translate(None, _LOWER)
        lower += len(line) - len(rest)
        upper += len(rest) - len(rest.translate(None, _UPPER))
    if length < UPPERCASE_LEAST or not upper + lower:
        return 0.0
    return upper / (upper + lower) * 100


class MIMEEval(Plugin):
    """SpamAssassin's MIMEEval, test for test."""

    eval_area = "body"

    features = frozenset(
        {"has_check_for_ascii_text_illegal", "has_check_abundant_unicode_ratio", "has_check_qp_ratio"}
    )

    @eval_test(reads=Reads.BODY)
    def check_for_mime(self, scan: Scan, fact: str = "") -> bool:
        """The named fact holds, or its count is not 0."""
        return bool(_shape(scan).fact(fact))

    @eval_test(reads=Reads.BODY)
    def check_for_mime_html(self, scan: Scan) -> bool:
        """There is an HTML part."""
        return bool(_HTML.match(scan.get("Content-Type") or b"")) or _shape(scan).mime_body_html_count > 0

    @eval_test(reads=Reads.BODY)
    def check_for_mime_html_only(self, scan: Scan) -> bool:
        """There is an HTML part and no plain one."""
        shape = _shape(scan)
        return bool(_HTML.match(scan.get("Content-Type") or b"")) or (
            shape.mime_body_html_count > 0 and shape.mime_body_text_count == 0
        )

    @eval_test(reads=Reads.BODY)
    def check_mime_multipart_ratio(self, scan: Scan, low: str = "0", high: str = "0") -> bool:
        """Plain bytes per HTML byte of the alternatives: at least `low` and under `high`."""
        return number(low) <= _shape(scan).mime_multipart_ratio < number(high)

    @eval_test(reads=Reads.BODY | Reads.HEADER, area="any")
    def check_msg_parse_flags(self, scan: Scan, flag: str = "") -> bool:
        """Reading the message raised the named flag."""
        return scan.message.parse_flag(flag)

    @eval_test(reads=Reads.BODY)
    def check_for_ascii_text_illegal(self, scan: Scan) -> bool:
        """Plain ASCII text has bytes that ASCII text must not have."""
        return _shape(scan).mime_ascii_text_illegal > 0

    @eval_test(reads=Reads.BODY)
    def check_abundant_unicode_ratio(self, scan: Scan, ratio: str = "") -> bool:
        """Plain text has at least so many HTML character references per other byte."""
        return bool(_RATIO.match(ratio)) and _shape(scan).mime_text_unicode_ratio >= number(ratio)

    @eval_test(reads=Reads.BODY)
    def check_for_faraway_charset(self, scan: Scan, *, text: Sequence[bytes] = ()) -> bool:
        """The declared charset is foreign to `ok_locales`, and the text is mostly 8-bit."""
        locales = my_locales(OK_LOCALES.of(scan.conf))
        charset = _declared_charset(scan)
        if "all" in locales or charset is None or charset_suits_locales(charset, locales):
            return False
        joined = b"\n".join(text)
        low = len(joined.translate(None, bytes(range(0x80, 0x100))))
        high = len(joined) - low
        return low <= high and high > 3

    @eval_test(reads=Reads.BODY)
    def check_for_uppercase(
        self, scan: Scan, low: str = "0", high: str = "0", *, text: Sequence[bytes] = ()
    ) -> bool:
        """The share of capitals in percent is above `low` and at most `high`; in the text of who asks first."""
        return number(low) < scan.once("uppercase", lambda: _uppercase(scan, text)) <= number(high)

    @eval_test(reads=Reads.BODY)
    def check_ma_non_text(self, scan: Scan) -> bool:
        """A multipart/alternative directly holds something that is no alternative of a text."""
        return any(
            part.type.lower() not in ("multipart/related", "application/rtf")
            and not part.type.lower().startswith("text/")
            for alternative in scan.message.find_parts(_ALTERNATIVE)
            for part in alternative.find_parts(_ANY, only_leaves=True, recursive=False)
        )

    @eval_test(reads=Reads.BODY)
    def check_base64_length(self, scan: Scan, low: str = "0", high: str | None = None) -> bool:
        """The longest line in base64, newline included, has a length in the range."""
        longest = scan.once("base64 line", lambda: _longest_base64_line(scan))
        return number(low) <= longest and (high is None or longest <= number(high))

    @eval_test(reads=Reads.BODY)
    def check_qp_ratio(self, scan: Scan, low: str = "0") -> bool:
        """At least this share of quoted-printable bytes need not have been quoted."""
        return _shape(scan).mime_qp_ratio >= number(low)


def _longest_base64_line(scan: Scan) -> int:
    longest = 0
    for part in scan.message.find_parts(_ANY, only_leaves=True):
        encoding = part.headers.last("Content-Transfer-Encoding").lower()
        if encoding == b"base64" and part.content_type.type != "application/ics" and part.raw:
            lines = part.raw.split(b"\n")
            lengths = [len(line) + 1 for line in lines[:-1]] + [len(lines[-1])]
            longest = max(longest, *lengths)
    return longest
