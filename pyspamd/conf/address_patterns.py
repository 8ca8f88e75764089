"""A list of mail address patterns, and which of them match an address, found without trying every one.

Source: `add_to_addrlist` of Mail::SpamAssassin::Conf::Parser.
`*` stands for any text and `?` for one character; matching ignores case (ASCII). Each pattern may carry
something: `welcomelist_from_rcvd` keeps the relays' domains there.

Example::

    >>> friends = AddressPatterns({"*@example.com": None, "joe@example.net": None})
    >>> friends.matches(b"Joe@Example.NET"), friends.matches(b"jim@example.net")
    (True, False)
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Generic, TypeVar

from ahocorasick_rs import BytesAhoCorasick, Implementation, MatchKind

V = TypeVar("V")
_UNSAFE: Final = re.compile(r"[\0\\(]")
_WILD: Final = re.compile(rb"[*?]+")
_FEW: Final = 4
"""Texts that are looked for one by one; more are found together."""


def _bytes(text: str) -> bytes:
    return text.encode("latin-1", "replace")


@lru_cache(maxsize=8192)
def _regex(glob: str) -> re.Pattern[bytes]:
    """The glob as a regex, compiled when an address first comes near it.

    What stands between two `*` is matched where it first occurs and never again: going back could find nothing
    more, and whoever writes the address would choose how often.
    """
    first, *rest = ("".join("." if c == "?" else re.escape(c) for c in p) for p in re.split(r"\*+", glob))
    if rest:
        first += "".join(f"(?>.*?{part})" for part in rest[:-1]) + ".*" + rest[-1]
    return re.compile(_bytes(first))


@dataclass(frozen=True, slots=True)
class _Glob:
    """A pattern with wildcards: its key, itself, and what stands before, between and behind them."""

    key: str
    glob: str
    texts: tuple[bytes, ...]

    def matches(self, address: bytes) -> bool:
        return (
            address.startswith(self.texts[0])
            and address.endswith(self.texts[-1])
            and _regex(self.glob).fullmatch(address) is not None
        )


class _Globs:
    """Patterns with wildcards, of which those are tried that have a text in common with the address.

    A pattern goes by the text of its own that fewest others have, as thousands may end in the same domain.
    """

    __slots__ = ("_by_text", "_find", "_textless", "_texts")

    def __init__(self, globs: Iterable[_Glob]) -> None:
        globs = list(globs)
        uses = Counter(text for glob in globs for text in set(glob.texts))
        by_text: defaultdict[bytes, list[_Glob]] = defaultdict(list)
        for glob in globs:
            by_text[min(glob.texts, key=lambda text: (not text, uses[text], -len(text)))].append(glob)
        self._textless: Sequence[_Glob] = by_text.pop(b"", ())
        self._by_text: Sequence[Sequence[_Glob]] = tuple(by_text.values())
        self._texts: Sequence[bytes] = tuple(by_text)
        self._find = None
        if len(self._texts) > _FEW:
            self._find = BytesAhoCorasick(
                self._texts, matchkind=MatchKind.Standard, implementation=Implementation.ContiguousNFA
            ).find_matches_as_indexes

    def matching(self, address: bytes) -> Iterator[str]:
        """The keys of the patterns that match, each once."""
        found: Iterable[int]
        if self._find is None:
            found = (at for at, text in enumerate(self._texts) if text in address)
        else:
            found = {at for at, _, _ in self._find(address, overlapping=True)}
        for at in found:
            for glob in self._by_text[at]:
                if glob.matches(address):
                    yield glob.key
        for glob in self._textless:
            if glob.matches(address):
                yield glob.key


class AddressPatterns(Generic[V]):
    """An immutable table of patterns (lower case); what each carries is its value."""

    __slots__ = ("_exact", "_globs", "entries")

    def __init__(self, entries: Mapping[str, V] | None = None) -> None:
        self.entries: Mapping[str, V] = dict(entries or {})
        self._exact: dict[bytes, list[str]] = {}
        globs = [glob for glob in map(self._file, self.entries) if glob]
        self._globs = _Globs(globs) if globs else None

    def _file(self, key: str) -> _Glob | None:
        """Put a pattern where `matching` finds it; NUL, backslash and `(` stand for `_`, as there."""
        glob = _UNSAFE.sub("_", key)
        self._exact.setdefault(_bytes(key), []).append(key)
        texts = tuple(_WILD.split(_bytes(glob)))
        if len(texts) > 1:
            return _Glob(key, glob, texts)
        if glob != key:
            self._exact.setdefault(_bytes(glob), []).append(key)
        return None

    def __len__(self) -> int:
        return len(self.entries)

    def __iter__(self) -> Iterator[str]:
        return iter(self.entries)

    def __contains__(self, pattern: object) -> bool:
        return pattern in self.entries

    def __getitem__(self, pattern: str) -> V:
        return self.entries[pattern]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AddressPatterns) and self.entries == other.entries

    def __hash__(self) -> int:
        return hash(frozenset(self.entries))

    def __repr__(self) -> str:
        return f"AddressPatterns({dict(self.entries)!r})"

    def matching(self, address: bytes) -> Iterator[str]:
        """Every pattern that matches `address`, each once, in no particular order."""
        if not self.entries:
            return
        address = address.lower().removesuffix(b"\n")
        exact = self._exact.get(address, ())
        yield from exact
        if self._globs is not None:
            for key in self._globs.matching(address):
                if key not in exact:
                    yield key

    def matches(self, address: bytes) -> bool:
        """Whether any pattern matches `address`."""
        return bool(self.entries) and next(self.matching(address), None) is not None


NOBODY: Final[AddressPatterns[None]] = AddressPatterns()
"""The list that matches no address."""
