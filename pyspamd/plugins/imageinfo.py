"""ImageInfo: eval tests over attached images: how many, how large, how much text beside them.

body ONE_LARGE_GIF eval:image_count('gif', '1', '1')
"""

from collections.abc import Sequence

from ..mail.images import Images, images_of
from ..perlre.regex import RegexError, compile_regex
from ..scan.arguments import number
from ..scan.plugin import Plugin, Reads, eval_test
from ..scan.scan import Scan


def _images(scan: Scan) -> Images:
    return scan.once("images", lambda: images_of(scan.message))


def _in_range(value: float | None, low: str, high: str | None) -> bool:
    return value is not None and number(low) <= value and (high is None or value <= number(high))


class ImageInfo(Plugin):
    """SpamAssassin's ImageInfo, test for test."""

    eval_area = "body"

    @eval_test(reads=Reads.BODY)
    def image_count(
        self, scan: Scan, kind: str = "", low: str | None = None, high: str | None = None
    ) -> bool:
        """The number of images of a kind (or `all`) lies in the range."""
        return low is not None and _in_range(_images(scan).counts.get(kind), low, high)

    @eval_test(reads=Reads.BODY)
    def pixel_coverage(
        self, scan: Scan, kind: str = "", low: str | None = None, high: str | None = None
    ) -> bool:
        """The pixels of all images of a kind lie in the range."""
        return low is not None and _in_range(_images(scan).areas.get(kind), low, high)

    @eval_test(reads=Reads.BODY)
    def image_to_text_ratio(
        self,
        scan: Scan,
        kind: str = "",
        low: str | None = None,
        high: str | None = None,
        *,
        text: Sequence[bytes] = (),
    ) -> bool:
        """Bytes of text per pixel of image: at least `low` and under `high`."""
        area = _images(scan).areas.get(kind, 0)
        length = sum(map(len, text))
        if low is None or high is None or not length or area <= 0:
            return False
        return number(low) <= length / area < number(high)

    @eval_test(reads=Reads.BODY)
    def image_size_exact(
        self, scan: Scan, kind: str = "", height: str | None = None, width: str | None = None
    ) -> bool:
        """An image of a kind has exactly this size."""
        if height is None or width is None:
            return False
        return any(
            f"{size[0]}x{size[1]}" == f"{height}x{width}" for size in _images(scan).sizes.get(kind, ())
        )

    @eval_test(reads=Reads.BODY)
    def image_size_range(
        self,
        scan: Scan,
        kind: str = "",
        least_height: str | None = None,
        least_width: str | None = None,
        most_height: str | None = None,
        most_width: str | None = None,
    ) -> bool:
        """An image of a kind has a size in the range."""
        if least_height is None or least_width is None:
            return False
        return any(
            _in_range(height, least_height, most_height) and _in_range(width, least_width, most_width)
            for height, width in _images(scan).sizes.get(kind, ())
        )

    @eval_test(reads=Reads.BODY)
    def image_named(self, scan: Scan, name: str | None = None) -> bool:
        """An image has this name."""
        return name is not None and name.encode("latin-1", "replace") in _images(scan).names

    @eval_test(reads=Reads.BODY)
    def image_name_regex(self, scan: Scan, pattern: str | None = None) -> bool:
        """An image has a name that matches."""
        if pattern is None:
            return False
        try:
            regex = compile_regex(pattern)
        except RegexError:
            return False
        return any(map(regex.matches, _images(scan).names))
