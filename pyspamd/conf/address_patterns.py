"""A list of mail address patterns, and which of them match an address, found without trying every one.

`*` stands for any text and `?` for one character; matching ignores case (ASCII). Each pattern may carry
something: `welcomelist_from_rcvd` keeps the relays' domains there.

Example::

    >>> friends = AddressPatterns({"*@example.com": None, "joe@example.net": None})
    >>> friends.matches(b"Joe@Example.NET"), friends.matches(b"jim@example.net")
    (True, False)
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final, Generic, TypeVar

from .ascii import lower

V = TypeVar("V")
_UNSAFE: Final = re.compile(r"[\0\\(]")
_WILD: Final = re.compile(r"[*?]")
_SEPARATOR: Final = re.compile(rb"[@.]")


def _bytes(text: str) -> bytes:
    return text.encode("latin-1", "replace")


def _regex(glob: str) -> re.Pattern[bytes]:
    """The glob as a regex; as in SpamAssassin, NUL, backslash and opening parenthesis stand for `_`."""
    parts = re.split(r"(\*+|\?)", glob)
    text = "".join("." if p == "?" else ".*" if p[:1] == "*" else re.escape(p) for p in parts)
    return re.compile(_bytes(text))


class AddressPatterns(Generic[V]):
    """An immutable table of patterns (lower case); what each carries is its value."""

    __slots__ = ("_by_tail", "_exact", "_loose", "entries")

    def __init__(self, entries: Mapping[str, V] | None = None) -> None:
        self.entries: Mapping[str, V] = dict(entries or {})
        self._exact: dict[bytes, list[str]] = {}
        self._by_tail: dict[bytes, list[tuple[str, re.Pattern[bytes]]]] = {}
        self._loose: list[tuple[str, re.Pattern[bytes]]] = []
        for key in self.entries:
            glob = _UNSAFE.sub("_", key)
            wild = [found.end() for found in _WILD.finditer(glob)]
            if not wild:
                for spelled in dict.fromkeys((_bytes(glob), _bytes(key))):
                    self._exact.setdefault(spelled, []).append(key)
                continue
            tail = _bytes(glob[wild[-1] :])
            if tail[:1] in (b"@", b"."):
                self._by_tail.setdefault(tail, []).append((key, _regex(glob)))
            else:
                self._loose.append((key, _regex(glob)))

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
        yield from self._exact.get(address, ())
        if self._by_tail:
            for found in _SEPARATOR.finditer(address):
                for key, regex in self._by_tail.get(address[found.start() :], ()):
                    if regex.fullmatch(address):
                        yield key
        for key, regex in self._loose:
            if regex.fullmatch(address):
                yield key

    def matches(self, address: bytes) -> bool:
        """Whether any pattern matches `address`."""
        return next(self.matching(address), None) is not None


NOBODY: Final[AddressPatterns[None]] = AddressPatterns()
"""The list that matches no address."""


def pattern_key(text: str) -> str:
    """An address pattern as the table spells it."""
    return lower(text)
