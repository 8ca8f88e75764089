"""HTMLEval: eval tests over what the HTML renderer found out about each HTML part.

body HTML_IMAGE_ONLY_04 eval:html_image_only('0000','0400')
"""

from collections.abc import Iterator, Mapping
from math import inf
from typing import Any

from ..conf.core_report import OK_LOCALES
from ..mail.locales import charset_suits_locales, my_locales
from ..mail.uri_canon import as_octets
from ..perlre.regex import RegexError, compile_regex
from ..scan.arguments import comparison, number
from ..scan.plugin import Plugin, Reads, eval_test
from ..scan.scan import Scan


def _strings(page: Mapping[str, Any], key: str) -> list[str]:
    found = page.get(key)
    return [text for text in found if text is not None] if isinstance(found, list) else []


def _matching(scan: Scan, key: str, pattern: str | None) -> Iterator[bool]:
    """For each of the fact's texts whether it matches; none where there is no usable pattern."""
    if pattern is None:
        return
    try:
        regex = compile_regex(pattern)
    except RegexError:
        return
    for page in scan.html_all:
        for text in _strings(page, key):
            yield regex.matches(as_octets(text))


_COLLECTION = float(1 << 46)
"""What a fact of many values counts as: Perl compares the address where they stand."""


def _value(found: Any) -> float:
    if isinstance(found, list | dict):
        return _COLLECTION
    return number(found) if isinstance(found, str) else float(found)


class HTMLEval(Plugin):
    """The `html_…` tests; all of them hold if one HTML part satisfies them."""

    eval_area = "body"

    @eval_test(reads=Reads.BODY)
    def html_tag_balance(self, scan: Scan, tag: str = "", expression: str = "") -> bool:
        """Whether the number of unclosed `tag`s compares as the expression says."""
        test = comparison(expression)
        if test is None or not tag.isalnum():
            return False
        return any(tag in (page.get("inside") or ()) and test(page["inside"][tag]) for page in scan.html_all)

    @eval_test(reads=Reads.BODY)
    def html_image_only(self, scan: Scan, low: str = "0", high: str = "0") -> bool:
        """Whether a part with images has more than `low` and at most `high` bytes of text."""
        return any(
            "img" in (page.get("inside") or ())
            and "length" in page
            and number(low) < page["length"] <= number(high)
            for page in scan.html_all
        )

    @eval_test(reads=Reads.BODY)
    def html_image_ratio(self, scan: Scan, low: str = "0", high: str = "0") -> bool:
        """Whether text bytes per pixel of image lie between the bounds."""
        for page in scan.html_all:
            area = page.get("image_area", 0)
            if "non_space_len" in page and area > 0:
                ratio = page["non_space_len"] / area
                if number(low) < ratio <= number(high):
                    return True
        return False

    @eval_test(reads=Reads.BODY)
    def html_charset_faraway(self, scan: Scan) -> bool:
        """Whether most charsets named in the HTML are foreign to `ok_locales`."""
        locales = my_locales(OK_LOCALES.of(scan.conf))
        if "all" in locales:
            return False
        for page in scan.html_all:
            names = (page.get("charsets") or "").split()
            bad = sum(1 for name in names if not charset_suits_locales(name, locales))
            if bad and bad >= len(names) - bad:
                return True
        return False

    @eval_test(reads=Reads.BODY)
    def html_tag_exists(self, scan: Scan, tag: str = "") -> bool:
        """Whether the tag occurs."""
        return any(tag in (page.get("inside") or ()) for page in scan.html_all)

    @eval_test(reads=Reads.BODY)
    def html_test(self, scan: Scan, key: str = "") -> bool:
        """Whether the renderer noted the fact."""
        return any(page.get(key) for page in scan.html_all)

    @eval_test(reads=Reads.BODY)
    def html_eval(self, scan: Scan, key: str = "", expression: str = "") -> bool:
        """Whether the fact's value compares as the expression says."""
        test = comparison(expression)
        if test is None:
            return False
        return any(page.get(key) is not None and test(_value(page[key])) for page in scan.html_all)

    @eval_test(reads=Reads.BODY)
    def html_text_match(self, scan: Scan, key: str = "", pattern: str | None = None) -> bool:
        """Whether one of the fact's texts matches."""
        return True in _matching(scan, key, pattern)

    @eval_test(reads=Reads.BODY)
    def html_text_not_match(self, scan: Scan, key: str = "", pattern: str | None = None) -> bool:
        """Whether one of the fact's texts does not match."""
        return False in _matching(scan, key, pattern)

    @eval_test(reads=Reads.BODY)
    def html_title_subject_ratio(self, scan: Scan, ratio: str = "0") -> bool:
        """Whether a page's title is more than `ratio` times as long as the subject; 0 long where there is none."""
        subject = scan.get("Subject")
        if not subject:
            return False
        longest = (max(map(len, _strings(page, "title")), default=0) for page in scan.html_all)
        return any(length / len(subject) > number(ratio) for length in longest)

    @eval_test(reads=Reads.BODY)
    def html_range(self, scan: Scan, key: str = "", low: str = "0", high: str | None = None) -> bool:
        """Whether the fact's value is above `low` and at most `high`."""
        limit = inf if high is None or high == "inf" else number(high)
        for page in scan.html_all:
            found = page.get(key)
            if found is not None:
                value = _value(found)
                if value > number(low) and (value <= limit and (value != inf or high in (None, "inf"))):
                    return True
        return False

    @eval_test(reads=Reads.BODY)
    def check_iframe_src(self, scan: Scan) -> bool:
        """Whether an iframe loads something."""
        return any("iframe" in detail.types for page in scan.html_pages for detail in page.uris.values())
