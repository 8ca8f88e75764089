"""What rules ask of lists of hashes: which list, how a value is hashed, and what an answer must look like."""

import base64
import hashlib
import logging
import random
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeVar

from ..conf.ascii import lower
from ..conf.lists import frozen_table
from ..perlre.regex import Regex, RegexError, compile_regex

logger = logging.getLogger(__name__)
Item = TypeVar("Item")

SLASH: Final = re.compile(r"\s*/\s*", re.ASCII)
"""What separates the words of an argument."""
_LIST_TYPE = re.compile(r"/(A|TXT)\n?\Z", re.IGNORECASE)
_DEFAULT_MATCH = r"^127\."
_DEFAULT_MOST = 10


@dataclass(frozen=True, slots=True)
class Request:
    """What a rule wants of a list: its name, where to ask, how to hash, and what an answer must look like."""

    rule: str
    zone: str
    type: str
    options: Mapping[str, str]
    match: Regex

    @property
    def most(self) -> int:
        """How many things are looked up at most."""
        number = re.match(r"[0-9]+", self.options.get("max", ""))
        return (int(number[0]) if number else 0) or _DEFAULT_MOST

    def hashed(self, value: bytes) -> bytes:
        """A value as the list has it."""
        if "sha256" in self.options:
            return base64.b32encode(hashlib.sha256(value).digest()).rstrip(b"=").lower()
        if "sha1" in self.options:
            return hashlib.sha1(value, usedforsecurity=False).hexdigest().encode()
        if "md5" in self.options:
            return hashlib.md5(value, usedforsecurity=False).hexdigest().encode()
        return value


@lru_cache(maxsize=1024)
def options_of(text: str) -> Mapping[str, str]:
    """Options by name; "1" stands for one without a value."""
    found: dict[str, str] = {}
    for word in SLASH.split(lower(text)):
        name, equals, value = word.partition("=")
        found[name] = value.partition("=")[0] if equals else "1"
    return frozen_table({name: value for name, value in found.items() if name and value not in ("", "0")})


@lru_cache(maxsize=1024)
def argument_regex(text: str) -> Regex | None:
    """A regex from a rule's argument; one that is none is told once."""
    try:
        return compile_regex(text)
    except RegexError as error:
        logger.warning("HashBL: '%s' is no regex: %s", text, error)
        return None


def request_of(rule: str, zone: str, options: str, default: str, subtest: str) -> Request | None:
    """The request that a rule's arguments make; `None` where there is no list or the subtest is no regex."""
    match = argument_regex(subtest if subtest not in ("", "0") else _DEFAULT_MATCH)
    if match is None or not zone:
        return None
    found = _LIST_TYPE.search(zone)
    rdtype = found[1].upper() if found else "A"
    chosen = options_of(options if options not in ("", "0") else default)
    return Request(rule, zone[: found.start()] if found else zone, rdtype, chosen, match)


def some(items: Iterable[Item], most: int, shuffle: bool) -> Sequence[Item]:
    """Each item once, `most` at most: by chance with `shuffle`, else the first."""
    once = list(dict.fromkeys(items))
    if len(once) <= most:
        return once
    return random.SystemRandom().sample(once, most) if shuffle else once[:most]
