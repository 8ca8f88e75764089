"""Every pattern of the package fed with what it nearly matches, over and over: none takes cubic time or worse.

Python's `re` has no limit, and a worker inside it cannot be interrupted. Quadratic time is left to the tests of the
readers and to `scripts/mutants`, since it depends on how long a text can be.
"""

import importlib
import pkgutil
import re
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

import pyspamd

GROWTH = (8, 12, 16, 20, 24, 28, 32, 48, 64, 128, 256, 512, 1024, 2048)
"""Lengths in small steps, so that what grows exponentially is noticed before it takes for ever."""
LONG = 0.03
"""CPU seconds from which it counts how much longer twice the length takes: quadratic time four times, cubic eight."""
CUBIC = 5.7
BUDGET = 1.5
"""CPU seconds for one pattern; merely quadratic ones would take many."""
PUMPS = 60
_CATEGORIES = {
    sre.CATEGORY_SPACE: " \t\n",
    sre.CATEGORY_DIGIT: "1",
    sre.CATEGORY_WORD: "a1_",
    sre.CATEGORY_NOT_SPACE: "a",
    sre.CATEGORY_NOT_DIGIT: "a",
    sre.CATEGORY_NOT_WORD: "! ",
}
_REPEATS = (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT)

Pattern = re.Pattern[Any]


def _within(value: Any, depth: int = 4) -> Iterator[Pattern]:
    if isinstance(value, re.Pattern):
        yield value
    elif depth and isinstance(value, Mapping):
        for one in value.values():
            yield from _within(one, depth - 1)
    elif depth and isinstance(value, list | tuple | frozenset | set):
        for one in value:
            yield from _within(one, depth - 1)


def patterns() -> Iterator[tuple[str, str, Pattern]]:
    """Module, name and pattern: all that modules keep at hand."""
    for found in pkgutil.walk_packages(pyspamd.__path__, "pyspamd."):
        if not found.name.endswith("__main__"):
            for name, value in vars(importlib.import_module(found.name)).items():
                for pattern in _within(value):
                    yield found.name, name, pattern


SOURCE = "\n".join(path.read_text("utf-8") for path in Path(pyspamd.__path__[0]).rglob("*.py"))


class Samples:
    """Characters that a pattern knows, and what can be repeated in it: (what stands before, what repeats)."""

    def __init__(self, pattern: Pattern) -> None:
        self.characters: dict[str, None] = {}
        self.repeats: list[tuple[str, str]] = []
        self.whole = self._walk(parser.parse(pattern.pattern, pattern.flags & ~re.DEBUG), "")

    def pumps(self) -> list[tuple[str, str]]:
        """What to begin with and what to go on with."""
        letters = list(self.characters)[:10]
        pumps = {("", self.whole)} if self.whole else set()
        for before, body in self.repeats:
            pumps |= {
                (before, body),
                ("", body),
                ("", before + body),
                *((before, letter) for letter in letters[:4]),
            }
        pumps |= {("", one) for one in letters} | {
            ("", one + other) for one in letters[:6] for other in letters[:6]
        }
        return sorted(pump for pump in pumps if pump[1])[:: max(1, len(pumps) // PUMPS)]

    def _set(self, items: Any) -> str:
        negative, chosen, refused = False, "", set()
        for kind, value in items:
            if kind is sre.NEGATE:
                negative = True
            elif kind is sre.LITERAL:
                chosen += chr(value)
                refused.add(value)
            elif kind is sre.RANGE:
                chosen += chr(value[0])
                refused.update(range(value[0], min(value[1], 255) + 1))
            elif kind is sre.CATEGORY:
                chosen += _CATEGORIES[value]
                refused.update(map(ord, _CATEGORIES[value]))
        return "".join(c for c in "a <1.\n" if ord(c) not in refused)[:3] if negative else chosen[:4]

    def _walk(self, tree: Any, before: str) -> str:
        text = ""
        for kind, value in tree:
            here = before + text
            if kind is sre.LITERAL:
                text += self._known(chr(value))
            elif kind is sre.NOT_LITERAL:
                text += self._known("b" if value == ord("a") else "a")
            elif kind is sre.ANY:
                text += self._known("a")
            elif kind is sre.IN:
                text += self._known(self._set(value))[:1]
            elif kind in _REPEATS:
                least, most, inner = value
                body = self._walk(inner, here)
                if most is sre.MAXREPEAT or most > 20:
                    self.repeats.append((here, body))
                text += body * max(least, 1)
            elif kind is sre.SUBPATTERN:
                text += self._walk(value[3], here)
            elif kind is sre.ATOMIC_GROUP:
                text += self._walk(value, here)
            elif kind is sre.BRANCH:
                text += [self._walk(branch, here) for branch in value[1]][0]  # noqa: RUF015 -- walk them all
            elif kind is sre.ASSERT:
                self._walk(value[1], here)
        return text

    def _known(self, characters: str) -> str:
        self.characters.update(dict.fromkeys(characters))
        return characters


def fault_of(pattern: Pattern, method: str) -> str:
    """The pump on which a pattern takes cubic time or worse, empty where none was found."""
    ask = getattr(pattern, method)
    spent = 0.0
    for before, body in Samples(pattern).pumps():
        for end in ("\x01", "@"):
            last = 0.0
            for length in GROWTH:
                text = before + (body * (length // len(body) + 1))[:length] + end
                subject = text if isinstance(pattern.pattern, str) else text.encode("latin-1", "replace")
                begun = time.process_time()
                ask(subject)
                seconds = time.process_time() - begun
                spent += seconds
                if seconds > LONG and (length <= 64 or seconds > CUBIC * last):
                    return f"{seconds:.2f} s on {length} characters of {before!r} + {body!r} …"
                last = seconds
                if seconds > LONG:
                    break
        if spent > BUDGET:
            break
    return ""


def test_the_pumps_find_what_they_are_for() -> None:
    for known in (
        r"(a+)+$",
        r"\w+(?:[\w.-]+\.)+\w+\Z",
        r"=\?(.+?)\?.\?.*?\?=",
        r"<a(?:\s+[^>]+)?\s+href=\"",
        r".+=.+=.+@",
    ):
        assert fault_of(re.compile(known), "search"), known
    for known in (r"\s+$", r"a.*b", r"(?:[^\"\\]|\\.)*\"", r"\w[\w.-]+\.\w+\Z"):
        assert not fault_of(re.compile(known), "search"), known


def test_no_pattern_takes_cubic_time() -> None:
    faults, seen = [], set()
    for module, name, pattern in patterns():
        if pattern in seen:
            continue
        seen.add(pattern)
        used = set(
            re.findall(rf"\b{name}\.(match|fullmatch|search|sub|subn|finditer|findall|split)\b", SOURCE)
        )
        method = used.pop() if len(used) == 1 and used <= {"match", "fullmatch"} else "search"
        fault = fault_of(pattern, method)
        if fault and fault_of(pattern, method):  # twice: another program may have been in the way
            faults.append(f"{module}.{name}: {fault}")
    assert len(seen) > 400
    assert faults == []
