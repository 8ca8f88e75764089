"""Directives that gather words line by line: lists, sets and tables.

Source: the types of Mail::SpamAssassin::Conf::Parser.

::

    IGNORED = WordSet("shout_ignore_header", lower_case=True)   # frozenset[str]
    ZONES = KeyValue("shout_zone")                              # Mapping[str, str], `shout_zone KEY text`
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, TypeVar

from .ascii import head, lower, words
from .directives import BadValue, Build, Directive, required, shorten

V = TypeVar("V")
EMPTY: Final[Mapping[str, Any]] = MappingProxyType({})
"""A table with nothing in it, for defaults."""


def frozen_table(table: Mapping[str, V]) -> Mapping[str, V]:
    """A read-only copy of a table."""
    return MappingProxyType(dict(table))


def frozen_tables(tables: Mapping[str, Mapping[str, V]]) -> Mapping[str, Mapping[str, V]]:
    """A read-only copy of a table of tables, these read-only too."""
    return frozen_table({name: frozen_table(table) for name, table in tables.items()})


def thawed_tables(tables: Mapping[str, Mapping[str, V]]) -> dict[str, dict[str, V]]:
    """A copy of a table of tables that may be changed."""
    return {name: dict(table) for name, table in tables.items()}


class Words(Directive[tuple[str, ...]]):
    """Words in the order in which they were given, over any number of lines.

    `unique` ignores a word that is there already in whatever case; `pattern` must match each word in full.
    """

    def __init__(
        self,
        name: str,
        default: tuple[str, ...] = (),
        *,
        lower_case: bool = False,
        unique: bool = False,
        pattern: str | None = None,
        **rest: Any,
    ) -> None:
        super().__init__(name, default, **rest)
        self.lower_case, self.unique = lower_case, unique
        self.pattern = re.compile(pattern, re.ASCII) if pattern is not None else None

    def add(self, container: list[str], text: str, build: Build) -> list[str]:
        found = words(required(text))
        for word in found:
            if self.pattern is not None and not self.pattern.fullmatch(word):
                raise BadValue(f"cannot have '{shorten(word)}' among its words")
        for word in found:
            spelled = lower(word) if self.lower_case else word
            if self.unique and any(lower(spelled) == lower(known) for known in container):
                continue
            container.append(spelled)
        return container

    def freeze(self, container: list[str]) -> tuple[str, ...]:
        return tuple(container)

    def thaw(self, value: tuple[str, ...]) -> list[str]:
        return list(value)


class WordSet(Directive[frozenset[str]]):
    """A set of words, over any number of lines."""

    def __init__(
        self, name: str, default: frozenset[str] = frozenset(), *, lower_case: bool = False, **rest: Any
    ) -> None:
        super().__init__(name, default, **rest)
        self.lower_case = lower_case

    def add(self, container: set[str], text: str, build: Build) -> set[str]:
        container.update(words(lower(required(text)) if self.lower_case else required(text)))
        return container

    def freeze(self, container: set[str]) -> frozenset[str]:
        return frozenset(container)

    def thaw(self, value: frozenset[str]) -> set[str]:
        return set(value)


class RemoveWords(Directive[None]):
    """Takes words out of `WordSet`, `KeyValue` or `AddressList` settings.

    With `all_if_empty`, a line without words empties them.
    """

    stores = False

    def __init__(
        self,
        name: str,
        *targets: Directive[Any],
        lower_case: bool = False,
        all_if_empty: bool = False,
        **rest: Any,
    ) -> None:
        super().__init__(name, None, **rest)
        self.targets, self.lower_case, self.all_if_empty = targets, lower_case, all_if_empty

    def add(self, container: Any, text: str, build: Build) -> None:
        if not text and self.all_if_empty:
            for target in self.targets:
                build.container(target).clear()
            return
        gone = words(lower(required(text)) if self.lower_case else required(text))
        for target in self.targets:
            found = build.container(target)
            for word in gone:
                if word in found:
                    del_from(found, word)


def del_from(container: set[str] | dict[str, Any] | list[str], word: str) -> None:
    """Take one word out of a container of any kind."""
    if isinstance(container, dict):
        del container[word]
    else:
        container.remove(word)


class KeyValue(Directive[Mapping[str, str]]):
    """A table: the first word of a line is the key, the rest its text; a later line replaces an earlier."""

    def __init__(
        self, name: str, default: Mapping[str, str] = EMPTY, *, lower_key: bool = False, **rest: Any
    ) -> None:
        super().__init__(name, default, **rest)
        self.lower_key = lower_key

    def add(self, container: dict[str, str], text: str, build: Build) -> dict[str, str]:
        key, value = head(required(text))
        if not value:
            raise BadValue(f"needs a value after '{shorten(key)}'")
        container[lower(key) if self.lower_key else key] = value
        return container

    def freeze(self, container: dict[str, str]) -> Mapping[str, str]:
        return frozen_table(container)

    def thaw(self, value: Mapping[str, str]) -> dict[str, str]:
        return dict(value)
