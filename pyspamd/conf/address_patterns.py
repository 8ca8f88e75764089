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
from functools import lru_cache
from typing import Final, Generic, TypeVar

V = TypeVar("V")
_UNSAFE: Final = re.compile(r"[\0\\(]")
_SEPARATOR: Final = re.compile(rb"[@.]")


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


class AddressPatterns(Generic[V]):
    """An immutable table of patterns (lower case); what each carries is its value."""

    __slots__ = ("_by_tail", "_exact", "_loose", "entries")

    def __init__(self, entries: Mapping[str, V] | None = None) -> None:
        self.entries: Mapping[str, V] = dict(entries or {})
        self._exact: dict[bytes, list[str]] = {}
        self._by_tail: dict[bytes, list[tuple[str, str]]] = {}
        self._loose: list[tuple[str, str]] = []
        for key in self.entries:
            self._file(key)

    def _file(self, key: str) -> None:
        """Put a pattern where `matching` finds it; NUL, backslash and `(` stand for `_`, as there."""
        glob = _UNSAFE.sub("_", key)
        wild = max(glob.rfind("*"), glob.rfind("?")) + 1
        self._exact.setdefault(_bytes(key), []).append(key)
        if not wild:
            if glob != key:
                self._exact.setdefault(_bytes(glob), []).append(key)
        elif glob[wild : wild + 1] in ("@", "."):
            self._by_tail.setdefault(_bytes(glob[wild:]), []).append((key, glob))
        else:
            self._loose.append((key, glob))

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
        if self._by_tail:
            for found in _SEPARATOR.finditer(address):
                for key, glob in self._by_tail.get(address[found.start() :], ()):
                    if _regex(glob).fullmatch(address) and key not in exact:
                        yield key
        for key, glob in self._loose:
            if _regex(glob).fullmatch(address) and key not in exact:
                yield key

    def matches(self, address: bytes) -> bool:
        """Whether any pattern matches `address`."""
        return next(self.matching(address), None) is not None


NOBODY: Final[AddressPatterns[None]] = AddressPatterns()
"""The list that matches no address."""
