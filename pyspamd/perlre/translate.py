"""A parsed Perl pattern, written for PCRE2: the few edits, high bytes that fold, large ones made smaller.

PCRE2 as built here holds no more than 64 KB of compiled pattern. What is larger is mostly the same group over
and over, so such groups are moved to definitions that the pattern calls; a call backtracks like the text it
stands for.
"""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Final

from .groups import flags_text
from .syntax import Flag, Parsed, Span

FOLDING: Final = "(*UCP)(?aD)(?aS)(?aW)(?aP)(?r)"
"""Case folds over all of Latin-1, while classes stay ASCII and no ASCII letter folds with another one."""

_WORTH_MOVING: Final = 24
_REPEAT: Final = re.compile(r"\{(\d+)(?:(,)(\d*))?\}(\??)(?!\+)")


def prefix_for(parsed: Parsed, flags: int) -> str:
    """What stands before the pattern: settings of PCRE2 and the modifiers."""
    folding = FOLDING if parsed.folds_high or parsed.unicode or flags & Flag.UNICODE else ""
    charset = "(?-a)" if flags & Flag.UNICODE else ""
    kept = flags_text(flags).partition("-")[0]
    return folding + charset + (f"(?{kept})" if kept else "")


def translated(pattern: str, flags: int, parsed: Parsed) -> str:
    """The whole pattern for PCRE2."""
    return prefix_for(parsed, flags) + _edited(pattern, parsed.edits, 0, len(pattern))


def made_smaller(pattern: str, flags: int, parsed: Parsed) -> Iterator[str]:
    """The whole pattern for PCRE2 in ever smaller forms, of which the first that compiles is the fastest.

    First only groups repeated a number of times are written less often, then every group that occurs again.
    """
    for spans in (_repeated(pattern, parsed), _recurring(pattern, parsed)):
        if spans:
            yield prefix_for(parsed, flags) + _Factoring(pattern, parsed, spans).text()


def _repeated(pattern: str, parsed: Parsed) -> list[Span]:
    """The outermost groups that have a quantifier asking for two or more."""
    found: list[Span] = []
    for span in sorted(parsed.spans, key=_outermost_first):
        repeat = _REPEAT.match(pattern, span.end)
        if repeat and int(repeat[1]) > 1 and (not found or span.start >= found[-1].end):
            found.append(span)
    return found


def _recurring(pattern: str, parsed: Parsed) -> list[Span]:
    """All groups whose text occurs or repeats more than once, one inside the other as they are."""
    weights: Counter[tuple[str, int]] = Counter()
    for span in parsed.spans:
        weights[_key(pattern, span)] += span.times
    return sorted(
        (
            span
            for span in parsed.spans
            if span.end - span.start >= _WORTH_MOVING and weights[_key(pattern, span)] > 1
        ),
        key=_outermost_first,
    )


def _outermost_first(span: Span) -> tuple[int, int]:
    return span.start, -span.end


def _key(pattern: str, span: Span) -> tuple[str, int]:
    return pattern[span.start : span.end], span.flags


def _edited(pattern: str, edits: list[tuple[int, int, str]], start: int, end: int) -> str:
    parts: list[str] = []
    at = start
    for first, last, replacement in edits:
        if first >= start and last <= end:
            parts += (pattern[at:first], replacement)
            at = last
    parts.append(pattern[at:end])
    return "".join(parts)


def _one_less(repeat: re.Match[str]) -> str:
    """The quantifier for the turns after the first."""
    low, comma, high, mode = repeat.groups()
    upper = str(int(high) - 1) if high else ""
    return f"{{{int(low) - 1}{comma or ''}{upper}}}{mode}"


class _Factoring:
    """Moves the groups `spans` (outermost first) to definitions."""

    def __init__(self, pattern: str, parsed: Parsed, spans: list[Span]) -> None:
        self.pattern = pattern
        self.final_flags = parsed.final_flags
        self.spans = spans
        self.edits = parsed.edits
        self.numbers: dict[tuple[str, int], int] = {}
        self.definitions: list[str] = []

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
            parts.append(_edited(self.pattern, self.edits, at, span.start))
            at = span.end
            repeat = _REPEAT.match(self.pattern, at)
            if repeat and repeat.end() <= end and int(repeat[1]) > 1:
                # Most attempts fail in the first turn, which is faster without a call.
                parts += (self._walk(span.start, span.end, number + 1), self._call(number), _one_less(repeat))
                at = repeat.end()
            else:
                parts.append(self._call(number))
        parts.append(_edited(self.pattern, self.edits, at, end))
        return "".join(parts)

    def _call(self, number: int) -> str:
        span = self.spans[number]
        key = _key(self.pattern, span)
        if key not in self.numbers:
            self.numbers[key] = len(self.numbers)
            body = self._walk(span.start, span.end, number + 1)
            self.definitions.append(f"(?<_pyspamd{self.numbers[key]}>(?{flags_text(span.flags)}:{body}))")
        return f"(?&_pyspamd{self.numbers[key]})"
