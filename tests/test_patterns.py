"""Every pattern of the package fed with what it nearly matches, over and over: none takes cubic work or worse.

Python's `re` has no limit, and a worker inside it cannot be interrupted. Nor does it say how much it did, and a
clock says what else the machine was doing: PCRE2, which backtracks in the same way once it is told to optimise
nothing, counts. Quadratic work is left to the tests of the readers and to `scripts/mutants`, since it depends on how
long a text can be.
"""

import importlib
import pkgutil
import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

import pytest
from pcre2 import _cy as pcre2

import pyspamd
from pyspamd.auth import received_spf
from pyspamd.mail import charset_escapes, freemail_hops, received_products
from pyspamd.plugins import bodyeval, decodeshorturls, vbounce

LENGTHS = (12, 24, 48, 96)
"""Each twice the one before, so that the steps grow by 2, 4 or 8 where they are linear, quadratic or cubic."""
CUBIC = 5.7
QUADRATIC = 2.9
MOST = 1_000_000
_LIMITS = sorted({round(1.2**power) for power in range(1, 76)} | {MOST})
"""How many steps can be asked for; a fifth apart is fine enough to tell the growths apart."""
_NOTHING_CLEVER = "(*NO_JIT)(*NO_AUTO_POSSESS)(*NO_START_OPT)(*NO_DOTSTAR_ANCHOR)"
_CONTEXT = pcre2.create_match_context()
_UTF, _ANCHORED, _BSUX = 0x00080000, 0x80000000, 0x2
_OVER = (-47, -63)
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
    received_products.compile_all()
    for shape in received_products._PATTERNS:
        yield received_products.__name__, "_PATTERNS", shape.match.__self__  # type: ignore[attr-defined]


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


class Counter:
    """How many steps PCRE2 takes from one place of a text, for a pattern of Python's."""

    def __init__(self, pattern: Pattern, method: str) -> None:
        text = pattern.pattern if isinstance(pattern.pattern, str) else pattern.pattern.decode("latin-1")
        text = re.sub(
            r"\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))",
            lambda m: "\\z" if m[3] == "Z" else m[0] if m[3] else f"\\x{{{m[1] or m[2]}}}",
            text,
            flags=re.S,
        ).replace("{,", "{0,")
        flags = "".join(
            letter
            for letter, flag in (("i", re.I), ("m", re.M), ("s", re.S), ("x", re.X))
            if pattern.flags & flag
        )
        self._encoding = "latin-1" if isinstance(pattern.pattern, bytes) else "utf-8"
        whole = f"(?:{text})\\z" if method == "fullmatch" else text
        self._source = (f"(?{flags})" if flags else "") + whole
        self._code = cache(self._compiled)

    def _compiled(self, limit: int) -> Any:
        source = f"(*LIMIT_MATCH={limit}){_NOTHING_CLEVER}{self._source}".encode(self._encoding)
        return pcre2.compile(source, _UTF if self._encoding == "utf-8" else 0, _BSUX)

    def _match(self, limit: int, subject: bytes, start: int, options: int) -> Any:
        """The match data, `None` where it does not match, `False` where `limit` steps did not tell."""
        try:
            return pcre2.match(self._code(limit), subject, len(subject), start, _CONTEXT, options)[0]
        except pcre2.LibraryError as fault:
            if fault.code not in _OVER:
                raise
            return False

    def _steps(self, subject: bytes, start: int, options: int) -> int:
        def enough(limit: int) -> bool:
            return self._match(limit, subject, start, options) is not False

        return _LIMITS[min(bisect_left(_LIMITS, True, key=enough), len(_LIMITS) - 1)]

    def most(self, text: str, anchored: bool) -> int:
        """The steps of the place that takes most of them until it matches; with `anchored` of the beginning."""
        return self._steps(text.encode(self._encoding, "replace"), 0, _ANCHORED if anchored else 0)

    def all(self, text: str) -> int:
        """The steps of all places together, going on behind each match."""
        subject = text.encode(self._encoding, "replace")
        total = start = 0
        while start < len(subject):
            steps = self._steps(subject, start, _ANCHORED)
            total += steps
            found = self._match(steps, subject, start, _ANCHORED)
            start = max(pcre2.match_substring_span_bynumber(found, subject, 0)[1] if found else 0, start + 1)
        return total


def fault_of(pattern: Pattern, method: str) -> str:
    """The pump on which a pattern takes cubic work or worse, empty where none was found."""
    counter = Counter(pattern, method)
    anchored = method in ("match", "fullmatch")
    for before, body in Samples(pattern).pumps():
        for end in ("\x01", "@"):
            last, suspect = 0, 0
            for length in LENGTHS:
                text = before + (body * (length // len(body) + 1))[:length] + end
                steps = counter.most(text, anchored)
                if steps == MOST:
                    return f"{steps} steps or more on {length} characters of {before!r} + {body!r} …"
                if last and steps > last * (CUBIC if anchored else QUADRATIC):
                    suspect += 1
                last = steps
            if suspect < 2:
                continue
            if not anchored:  # one place is quadratic: is each?
                half = before + (body * LENGTHS[-1])[: LENGTHS[-1] // 2] + end
                if counter.all(text) <= CUBIC * counter.all(half):
                    continue
            return f"{steps} steps from one place on {length} characters of {before!r} + {body!r} …"
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


def test_no_pattern_takes_cubic_work() -> None:
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
        if fault:
            faults.append(f"{module}.{name}: {fault}")
    assert len(seen) > 400
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize(
    ("pattern", "pump", "before"),
    [
        (received_spf._PAIR, "a", r"([A-Za-z][A-Za-z0-9._-]*)\s*=\s*([^\s;\"]+)"),
        (charset_escapes._SHIFTED, "\x0e", rb"\x0e([^\x0f]*)\x0f"),
        (bodyeval._LABEL, "\n", rb"(?m)^\s*([^:\s][^:\n]{2,29})\s*:\s*\S"),
        (vbounce._HOST, ".", rb"\s(\S+\.\S+)\s"),
        (freemail_hops._MSN_GROUP, "<", rb"(?i)<(\S+)@groups\.msn\.com>"),
        (decodeshorturls._ROOT, "a", r"([a-z]+://.*?)[/?#].*"),
    ],
)
def test_patterns_for_long_texts_take_linear_work(pattern: Pattern, pump: str, before: str | bytes) -> None:
    """Each was as `before` says, and hung on a message that was made for it."""

    def grown(asked: Pattern) -> float:
        counter = Counter(asked, "search")
        return counter.all(" " + pump * 192) / counter.all(" " + pump * 48)

    assert grown(pattern) < 6
    assert grown(re.compile(before)) > 10
