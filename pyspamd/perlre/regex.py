"""Perl regular expressions over bytes, as SpamAssassin's rules mean them, matched by PCRE2.

A pattern is `str`, one character a byte; a subject is `bytes`. Classes and `\\b` are ASCII (Perl's `/aa`);
`/i` also folds the letters of Latin-1, as Perl does whatever the bytes stand for.
"""

import logging
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, Final

from . import pcre
from .errors import RegexError
from .groups import read_flags
from .parser import parse
from .syntax import Parsed
from .translate import made_smaller, translated

__all__ = ["Match", "Regex", "RegexError", "compile_anew", "compile_regex", "matching", "restore_regex"]

_log = logging.getLogger(__name__)
_CODE: Final = re.compile(r"\(\?\??\{")
# Letters and such, octets by number, classes and choices of them.
_SMALL: Final = re.compile(
    r"(?:[A-Za-z0-9 _,;:@!=<>'\"~/-]|\\x[0-9a-fA-F]{2}|\[(?:[A-Za-z0-9]|\\x[0-9a-fA-F]{2})+\]|\(\?:|\)|\|)+"
)
_NOT_BYTES: Final = re.compile(r"[^\x00-\xff]")

_match = pcre.match
_CONTEXT = pcre.CONTEXT
_MatchFault = pcre.MatchFault


class Match:
    """Where a regex matched; groups are numbered from 1, 0 is the whole."""

    __slots__ = ("_data", "regex", "subject")

    def __init__(self, regex: "Regex", subject: bytes, data: pcre.MatchData) -> None:
        self.regex = regex
        self.subject = subject
        self._data = data

    def group(self, which: int | str = 0) -> bytes | None:
        """What the group matched, or `None` if it took no part; IndexError if there is no such group.

        Of groups sharing a name, the leftmost that took part.
        """
        if isinstance(which, str):
            for number in self.regex.names[which]:
                found = self.group(number)
                if found is not None:
                    return found
            return None
        if not 0 <= which <= self.regex.group_count:
            raise IndexError(which)
        found = pcre.text(self._data, self.subject, which)
        assert found is None or isinstance(found, bytes)
        return found

    def groups(self) -> tuple[bytes | None, ...]:
        """What each numbered group matched."""
        return tuple(self.group(number) for number in range(1, self.regex.group_count + 1))

    def named_all(self) -> dict[str, list[bytes]]:
        """What every group of each name matched, in order (Perl's `%-` without the undefined ones)."""
        return {
            name: [found for number in numbers if (found := self.group(number)) is not None]
            for name, numbers in self.regex.names.items()
        }

    def start(self, which: int = 0) -> int:
        """Offset where the group starts, -1 if it took no part."""
        return self.span(which)[0]

    def end(self, which: int = 0) -> int:
        """Offset just behind the group, -1 if it took no part."""
        return self.span(which)[1]

    def span(self, which: int = 0) -> tuple[int, int]:
        """Start and end of the group, (-1, -1) if it took no part."""
        if not 0 <= which <= self.regex.group_count:
            raise IndexError(which)
        start, end = pcre.span(self._data, self.subject, which)
        return start, end


class Regex:
    """A compiled pattern. `gave_up` counts the subjects on which a match limit cut the search short.

    One that was restored compiles when it is first used: of a rule set's patterns, a message needs few.
    """

    __slots__ = (
        "_matches_empty",
        "_small",
        "code",
        "flags",
        "gave_up",
        "group_count",
        "names",
        "pattern",
        "source",
    )
    code: pcre.Code
    _small: re.Pattern[bytes] | None

    def __init__(
        self,
        pattern: str,
        flags: str,
        source: str,
        code: pcre.Code | None,
        group_count: int,
        names: dict[str, tuple[int, ...]],
        matches_empty: bool | None = None,
    ) -> None:
        self.pattern = pattern
        self.flags = flags
        self.source = source
        self.gave_up = 0
        self.group_count = group_count
        self.names = names
        self._matches_empty = matches_empty
        if code is not None:
            self.code = code

    def __getattr__(self, name: str) -> Any:
        if name == "_small":
            self._small = self._as_small()
            return self._small
        if name != "code":
            raise AttributeError(name)
        self.code = pcre.compile_code(self.source.encode("latin-1"))
        return self.code

    def _as_small(self) -> re.Pattern[bytes] | None:
        """The pattern for Python's own matcher, which counts many matches faster, where both say the same of it."""
        if self.flags or self.matches_empty or not _SMALL.fullmatch(self.pattern):
            return None
        return re.compile(self.pattern.encode("latin-1"))

    @property
    def matches_empty(self) -> bool:
        """Whether the regex matches the empty subject."""
        if self._matches_empty is None:
            self._matches_empty = self.matches(b"")
        return self._matches_empty

    def as_data(self) -> list[Any]:
        """What `restore_regex` needs, as JSON and `marshal` can hold it."""
        names = {name: list(numbers) for name, numbers in self.names.items()}
        source = None if self.source == self.pattern else self.source
        return [self.pattern, self.flags, source, self.group_count, names, self.matches_empty]

    def __repr__(self) -> str:
        return f"Regex({self.pattern!r}, {self.flags!r})"

    def matches(self, subject: bytes) -> bool:
        """Whether the regex matches anywhere in `subject`; false where it gave up."""
        try:
            return _match(self.code, subject, len(subject), 0, _CONTEXT)[0] is not None
        except _MatchFault as fault:
            return self._again(fault, subject, 0, 0) is not None

    def search(self, subject: bytes, start: int = 0) -> Match | None:
        """The leftmost match at or after `start`."""
        data = self._find(subject, start, 0) if start <= len(subject) else None
        return None if data is None else Match(self, subject, data)

    def finditer(self, subject: bytes) -> Iterator[Match]:
        """Every match from left to right, as Perl's `//g` goes on from one to the next."""
        start, options = 0, 0
        while (data := self._find(subject, start, options)) is not None:
            begin, end = pcre.span(data, subject, 0)
            yield Match(self, subject, data)
            start, options = end, pcre.NOTEMPTY_ATSTART if begin == end else 0

    def count(self, subject: bytes, limit: int = 0) -> int:
        """How many matches `finditer` would give, stopping at `limit` if that is above 0."""
        if self._small is not None:
            found = len(self._small.findall(subject))
            return min(found, limit) if limit else found
        start, options, found = 0, 0, 0
        while (data := self._find(subject, start, options)) is not None:
            found += 1
            if found == limit:
                break
            begin, start = pcre.span(data, subject, 0)
            options = pcre.NOTEMPTY_ATSTART if begin == start else 0
        return found

    def _find(self, subject: bytes, start: int, options: int) -> pcre.MatchData | None:
        try:
            return _match(self.code, subject, len(subject), start, _CONTEXT, options)[0]
        except _MatchFault as fault:
            return self._again(fault, subject, start, options)

    def _again(self, fault: Exception, subject: bytes, start: int, options: int) -> pcre.MatchData | None:
        """The answer of the slower matcher if only the JIT's small stack was too small, else nothing."""
        code: int = getattr(fault, "code", 0)
        if code == pcre.JIT_STACK_LIMIT:
            try:
                return _match(self.code, subject, len(subject), start, _CONTEXT, options | pcre.NO_JIT)[0]
            except _MatchFault as second:
                fault = second
        if getattr(fault, "code", 0) == pcre.NO_MEMORY:
            raise MemoryError
        if not self.gave_up:
            _log.warning("regex gave up on %d bytes: %s: %.200s", len(subject), fault, self.pattern)
        self.gave_up += 1
        return None


def matching(regexes: Iterable[tuple[str, Regex]], subject: bytes) -> list[str]:
    """The names of those of the regexes that match anywhere in `subject`, in their order."""
    size, found = len(subject), []
    for name, regex in regexes:
        try:  # what `Regex.matches` does, without a call for each
            if _match(regex.code, subject, size, 0, _CONTEXT)[0] is None:
                continue
        except _MatchFault:
            if not regex.matches(subject):
                continue
        found.append(name)
    return found


@lru_cache(maxsize=8192)
def compile_regex(pattern: str, flags: str = "") -> Regex:
    """The regex of `pattern` (without delimiters, a character a byte) under `flags`; raises RegexError.

    It is kept for whoever asks again, so patterns that hold anything of a message go to `compile_anew`.
    """
    return compile_anew(pattern, flags)


def compile_anew(pattern: str, flags: str = "") -> Regex:
    """What `compile_regex` gives, kept by nobody."""
    if _NOT_BYTES.search(pattern):
        raise RegexError("the pattern has a character that is not a single byte")
    if _CODE.search(pattern):
        raise RegexError("code inside a regex is not allowed")
    outer = read_flags(flags, 0)
    parsed = parse(pattern, outer)
    source = translated(pattern, outer, parsed)
    try:
        code = pcre.compile_code(source.encode("latin-1"))
    except pcre.CompileFault as fault:
        code, source = _compile_smaller(pattern, outer, parsed, fault)
    return Regex(pattern, flags, source, code, parsed.group_count, parsed.names)


def restore_regex(data: list[Any]) -> Regex:
    """The regex `as_data` came from, its pattern not read again; raises RegexError if the data has no such shape."""
    try:
        pattern, flags, source, group_count, names, matches_empty = data
        source = pattern if source is None else source
        source.encode("latin-1")
        numbers = {name: tuple(found) for name, found in names.items()}
    except (AttributeError, TypeError, ValueError):
        raise RegexError("a stored regex cannot be read") from None
    return Regex(pattern, flags, source, None, group_count, numbers, matches_empty)


def _compile_smaller(pattern: str, outer: int, parsed: Parsed, fault: Exception) -> tuple[pcre.Code, str]:
    """What `compile_anew` does where PCRE2 refused the pattern: another try if it only was too large."""
    smaller = made_smaller(pattern, outer, parsed)
    while getattr(fault, "code", 0) in pcre.TOO_LARGE and (source := next(smaller, "")):
        try:
            return pcre.compile_code(source.encode("latin-1")), source
        except pcre.CompileFault as again:
            fault = again
    raise RegexError(f"the regex does not compile: {str(fault).partition('; ')[2]}") from None
