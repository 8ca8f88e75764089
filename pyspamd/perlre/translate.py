"""A parsed Perl pattern, written for PCRE2: the few edits, high bytes that fold, large ones made smaller.

PCRE2 as built here holds no more than 64 KB of compiled pattern. What is larger is mostly the same group over
and over, so such groups are moved to definitions that the pattern calls; a call backtracks like the text it
stands for.
"""

from collections import Counter
from typing import Final

from .groups import flags_text
from .syntax import Flag, Parsed, Span

FOLDING: Final = "(*UCP)(?aD)(?aS)(?aW)(?aP)(?r)"
"""Case folds over all of Latin-1, while classes stay ASCII and no ASCII letter folds with another one."""

_WORTH_MOVING: Final = 24


def prefix_for(parsed: Parsed, flags: int) -> str:
    """What stands before the pattern: settings of PCRE2 and the modifiers."""
    folding = FOLDING if parsed.folds_high or parsed.unicode or flags & Flag.UNICODE else ""
    charset = "(?-a)" if flags & Flag.UNICODE else ""
    kept = flags_text(flags).partition("-")[0]
    return folding + charset + (f"(?{kept})" if kept else "")


def translated(pattern: str, flags: int, parsed: Parsed) -> str:
    """The whole pattern for PCRE2."""
    return prefix_for(parsed, flags) + _edited(pattern, parsed.edits, 0, len(pattern))


def factored(pattern: str, flags: int, parsed: Parsed) -> str:
    """The whole pattern for PCRE2, every group that occurs or repeats more than once defined only once."""
    return prefix_for(parsed, flags) + _Factoring(pattern, parsed).text()


def _edited(pattern: str, edits: list[tuple[int, int, str]], start: int, end: int) -> str:
    parts: list[str] = []
    at = start
    for first, last, replacement in edits:
        if first >= start and last <= end:
            parts += (pattern[at:first], replacement)
            at = last
    parts.append(pattern[at:end])
    return "".join(parts)


class _Factoring:
    def __init__(self, pattern: str, parsed: Parsed) -> None:
        self.pattern = pattern
        self.final_flags = parsed.final_flags
        weights: Counter[tuple[str, int]] = Counter()
        for span in parsed.spans:
            weights[self._key(span)] += span.times
        self.spans = sorted(
            (span for span in parsed.spans if weights[self._key(span)] > 1 and self._large(span)),
            key=lambda span: (span.start, -span.end),
        )
        self.edits = parsed.edits
        self.numbers: dict[tuple[str, int], int] = {}
        self.definitions: list[str] = []

    def _key(self, span: Span) -> tuple[str, int]:
        return self.pattern[span.start : span.end], span.flags

    def _large(self, span: Span) -> bool:
        return span.end - span.start >= _WORTH_MOVING

    def text(self) -> str:
        body = self._walk(0, len(self.pattern), 0)
        separator = "\n" if self.final_flags & Flag.EXTENDED else ""
        return f"{body}{separator}(?(DEFINE){''.join(self.definitions)})"

    def _walk(self, start: int, end: int, skip: int) -> str:
        """The text from `start` to `end` with the outermost moved groups in it replaced by calls."""
        parts: list[str] = []
        at = start
        for number in range(skip, len(self.spans)):
            span = self.spans[number]
            if span.start >= end:
                break
            if span.start < at:
                continue
            parts += (_edited(self.pattern, self.edits, at, span.start), self._call(number))
            at = span.end
        parts.append(_edited(self.pattern, self.edits, at, end))
        return "".join(parts)

    def _call(self, number: int) -> str:
        span = self.spans[number]
        key = self._key(span)
        if key not in self.numbers:
            self.numbers[key] = len(self.numbers)
            body = self._walk(span.start, span.end, number + 1)
            self.definitions.append(f"(?<_pyspamd{self.numbers[key]}>(?{flags_text(span.flags)}:{body}))")
        return f"(?&_pyspamd{self.numbers[key]})"
