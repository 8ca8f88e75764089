"""Perl's regex language read once, and turned into a tree and into the edits that make it PCRE2's language.

Source: perlre and its companions.
The tree is for the literal prefilter. What Perl refuses, or SpamAssassin, which fears warnings, is refused here.
"""

import re
from typing import Final

from . import bytesets
from .classes import EXTENT, read_class
from .errors import RegexError
from .escapes import as_escape, read_escape
from .groups import Opening, read_opening
from .syntax import EMPTY, UNKNOWN, Choice, Flag, Literal, Look, Node, OneOf, Parsed, Repeat, Sequence, Span
from .widths import extent_of

_RUN: Final = re.compile(r"[^\\\[(){*+?|^$.]+")
_RUN_EXTENDED: Final = re.compile(r"[^\\\[(){*+?|^$.#\s\x85]+")
_BLANK: Final = re.compile(r"(?:[ \t\n\r\f\v\x85]+|#[^\n]*(?:\n|\Z))+")
_COMMENT: Final = re.compile(r"\(\?#[^)]*(\))?")
_QUANTIFIER: Final = re.compile(
    r"(?:([*+?])|\{[ \t]*(?:(\d+)[ \t]*(?:(,)[ \t]*(\d*)[ \t]*)?|,[ \t]*(\d+)[ \t]*)\})([?+]?)"
)
_REFERENCE: Final = re.compile(
    r"\\(?:([1-9]\d*)|g(?:(-?\d+)|\{[ \t]*(?:(-?\d+)|([A-Za-z_]\w*))[ \t]*\})"
    r"|k(?:\{[ \t]*([A-Za-z_]\w*)[ \t]*\}|<([A-Za-z_]\w*)>|'([A-Za-z_]\w*)'))",
    re.ASCII,
)
_MOST_REPEATS: Final = 65534
_DEEPEST: Final = 200
_NEVER: Final = r"[^\x00-\xff]"
_DOT: Final = OneOf(bytesets.ALL & ~(1 << 10))
_DOT_ALL: Final = OneOf(bytesets.ALL)
_LINE_BREAK: Final = Choice((Literal("\r\n", False), OneOf(bytesets.ESCAPES["v"])))


def parse(pattern: str, flags: int) -> Parsed:
    """Read `pattern` (a character a byte, without delimiters) under `flags`; raises RegexError."""
    return _Parser(pattern, flags).read()


class _Parser:
    def __init__(self, text: str, flags: int) -> None:
        self.text = text
        self.at = 0
        self.flags = flags
        self.depth = 0
        self.lookarounds = 0
        self.unsafe = 0
        """Rises with everything that forbids moving the group around it."""
        self.accepts = False
        self.idle: list[str] = []
        """Repeats of what has no width: Perl minds them outside of alternatives only."""
        self.branches = 1  # of the alternatives read last
        self.groups = 0
        self.names: dict[str, list[int]] = {}
        self.wanted_numbers = 0
        self.wanted_names: set[str] = set()
        self.parsed = Parsed()

    def read(self) -> Parsed:
        root, _ = self._alternatives(1)
        if self.at < len(self.text):
            raise RegexError("a closing parenthesis has no opening one")
        if self.idle:
            raise RegexError(f"'{self.idle[0]}' repeats what has no width")
        if self.wanted_numbers > self.groups:
            raise RegexError(f"there is no group {self.wanted_numbers}")
        missing = self.wanted_names - self.names.keys()
        if missing:
            raise RegexError(f"there is no group named '{min(missing)}'")
        parsed = self.parsed
        parsed.root = UNKNOWN if self.accepts else root
        parsed.group_count = self.groups
        parsed.names = {name: tuple(numbers) for name, numbers in self.names.items()}
        parsed.final_flags = self.flags
        parsed.edits.sort()
        return parsed

    # The levels of the grammar. Each returns its node and whether Perl thinks it can have a width.

    def _alternatives(self, times: int, reset: bool = False) -> tuple[Node, bool]:
        branches: list[Node] = []
        wide = False
        first_group = most = self.groups
        idle = len(self.idle)
        while True:
            node, has_width = self._branch(times)
            branches.append(node)
            wide = wide or has_width
            if not self.text.startswith("|", self.at):
                break
            self.at += 1
            if reset:
                most = max(most, self.groups)
                self.groups = first_group
        if reset:
            self.groups = max(most, self.groups)
        if len(branches) > 1:
            del self.idle[idle:]
        self.branches = len(branches)
        return (branches[0] if len(branches) == 1 else Choice(tuple(branches))), wide

    def _branch(self, times: int) -> tuple[Node, bool]:
        text, end = self.text, len(self.text)
        items: list[Node] = []
        wide = False
        brace_allowed = True
        while True:
            extended = self.flags & Flag.EXTENDED
            self._skip_blank(extended)
            if self.at >= end:
                break
            letter = text[self.at]
            if letter in ")|":
                break
            run = (_RUN_EXTENDED if extended else _RUN).match(text, self.at)
            if run:
                wide = True
                brace_allowed = self._literal_run(run[0], items)
                continue
            start = self.at
            if letter in "*+?" or (letter == "{" and _QUANTIFIER.match(text, start) and not brace_allowed):
                raise RegexError(f"the quantifier '{letter}' follows nothing")
            if letter == "{" and not brace_allowed:
                raise RegexError("a literal '{' needs a backslash")
            before = len(self.parsed.spans)
            node, has_width, is_atom = self._atom(letter, times)
            if not is_atom:
                brace_allowed = True
                continue
            node, has_width, quantified = self._quantified(node, has_width, start, before)
            items.append(node)
            wide = wide or has_width
            brace_allowed = quantified or letter == "^"
        return (items[0] if len(items) == 1 else Sequence(tuple(items))), wide

    def _literal_run(self, run: str, items: list[Node]) -> bool:
        """Add the characters of `run`, the last one with its quantifier; whether there was one."""
        start = self.at
        self.at += len(run)
        caseless = bool(self.flags & Flag.CASELESS)
        if caseless and not self.parsed.folds_high and not run.isascii():
            self.parsed.folds_high = True
        self._skip_blank(self.flags & Flag.EXTENDED)
        if self.at < len(self.text) and self.text[self.at] in "*+?{":
            before = len(self.parsed.spans)
            if len(run) > 1:
                items.append(Literal(run[:-1], caseless))
            node, _, quantified = self._quantified(
                Literal(run[-1], caseless), True, start + len(run) - 1, before, after_literal=True
            )
            items.append(node)
            return quantified
        items.append(Literal(run, caseless))
        return False

    def _quantified(
        self, node: Node, wide: bool, start: int, spans: int, *, after_literal: bool = False
    ) -> tuple[Node, bool, bool]:
        """`node` with the quantifier that may follow it; the third value says whether one did."""
        atom_end = self.at
        self._skip_blank(self.flags & Flag.EXTENDED)
        found = _QUANTIFIER.match(self.text, self.at)
        if not found:
            if after_literal and self.text.startswith("{", self.at):
                raise RegexError("a literal '{' needs a backslash")
            return node, wide, False
        low, high = self._bounds(found)
        if not wide:
            source = self.text[start:atom_end]
            if high is None:
                raise RegexError(f"'{source}{found[0]}' repeats the empty string without end")
            if low and high > 1:
                self.idle.append(source + found[0])
            # PCRE2 wants positions in a group before it repeats them.
            if source.startswith("(*") or not source.startswith("("):
                self._edit(start, start, "(?:")
                self._edit(atom_end, atom_end, ")")
        self.at = found.end()
        self._skip_blank(self.flags & Flag.EXTENDED)
        if _QUANTIFIER.match(self.text, self.at):
            raise RegexError(f"the quantifier behind '{found[0]}' follows a quantifier")
        times = max(low, high or 0, 1)
        if times > 1:
            inner = self.parsed.spans
            for number in range(spans, len(inner)):
                inner[number] = inner[number]._replace(times=inner[number].times * times)
        return Repeat(node, low, high), wide and high != 0, True

    def _bounds(self, found: re.Match[str]) -> tuple[int, int | None]:
        sign, low_text, comma, high_text, only_high, mode = found.groups()
        low: int
        high: int | None
        if sign:
            return {"*": (0, None), "+": (1, None), "?": (0, 1)}[sign]
        low = int(low_text or 0)
        high = int(only_high) if only_high else (int(high_text) if high_text else None) if comma else low
        if low > _MOST_REPEATS or (high or 0) > _MOST_REPEATS:
            raise RegexError(f"a quantifier goes beyond {_MOST_REPEATS}")
        if high is not None and high < low:
            raise RegexError(f"the quantifier '{found[0]}' can never be met")
        if mode == "?" and low == high:
            raise RegexError(f"the '?' behind '{found[0][:-1]}' has no effect")
        if only_high or " " in found[0] or "\t" in found[0]:
            bounds = (
                f"{{{low}}}" if not comma and not only_high else f"{{{low},{'' if high is None else high}}}"
            )
            self._edit(found.start(), found.end(), bounds + mode)
        return low, high

    def _atom(self, letter: str, times: int) -> tuple[Node, bool, bool]:
        """The node at the cursor, whether it has width, and whether a quantifier may follow it."""
        if letter == "(":
            return self._group(times)
        if letter == "\\":
            return self._escape()
        if letter == "[":
            return self._bracketed()
        self.at += 1
        if letter in "^$":
            return EMPTY, False, True
        if letter == ".":
            return (_DOT_ALL if self.flags & Flag.DOTALL else _DOT), True, True
        if letter == "{":  # where it follows nothing PCRE2 takes it for a quantifier, Perl does not
            self._edit(self.at - 1, self.at, "\\{")
        return Literal(letter, False), True, True

    def _bracketed(self) -> tuple[Node, bool, bool]:
        found = EXTENT.match(self.text, self.at)
        if not found:
            raise RegexError("an opening '[' has no closing one")
        known = read_class(found[0], self.flags & (Flag.CASELESS | Flag.MORE_EXTENDED | Flag.UNICODE))
        if known.folds_high:
            self.parsed.folds_high = True
        if known.rewrite is not None:
            self._edit(self.at, found.end(), known.rewrite)
        self.at = found.end()
        return OneOf(known.mask), True, True

    def _escape(self) -> tuple[Node, bool, bool]:
        start = self.at
        letter = self.text[start + 1 : start + 2]
        if letter and letter in "123456789gk":
            reference = _REFERENCE.match(self.text, start)
            if reference is None:
                raise RegexError(f"'\\{letter}' does not name a group")
            number = int(reference[1] or 0)
            if number < 10 or number <= self.groups or letter in "89":
                return self._reference(reference)
        caseless = bool(self.flags & Flag.CASELESS)
        escape = read_escape(self.text, start, in_class=False, caseless=caseless)
        self.at = escape.end
        if escape.rewrite is not None:
            self._edit(start, escape.end, escape.rewrite)
        if escape.char is not None:
            return self._character(start, escape.char, caseless), True, True
        if escape.mask is not None:
            unjudged = letter in "pP" and escape.mask == bytesets.ALL
            inexact = unjudged or (letter in "dwsDWS" and self.flags & Flag.UNICODE)
            return OneOf(bytesets.ALL if inexact else escape.mask), True, True
        if letter == "R":
            return _LINE_BREAK, True, True
        if letter == "X":
            return UNKNOWN, True, True
        if letter == "K":
            self.unsafe += 1
            if self.lookarounds:
                raise RegexError("'\\K' cannot stand in a lookaround")
        return EMPTY, False, True

    def _character(self, start: int, char: int, caseless: bool) -> Node:
        if char > 0xFF:
            other = bytesets.FOLDS_TO_LATIN1.get(char) if caseless else None
            if other is None:
                self._edit(start, self.at, _NEVER)
                return OneOf(0)
            self._edit(start, self.at, as_escape(other))
            char = other
        if caseless and char > 0x7F:
            self.parsed.folds_high = True
        return Literal(chr(char), caseless)

    def _reference(self, found: re.Match[str]) -> tuple[Node, bool, bool]:
        number = int(found[1] or found[2] or found[3] or 0)
        name = found[4] or found[5] or found[6] or found[7]
        self.at = found.end()
        self.unsafe += 1
        if self.flags & Flag.CASELESS:
            self.parsed.folds_high = True
        if name:
            self.wanted_names.add(name)
            return UNKNOWN, True, True
        if number < 0:
            number += self.groups + 1
        if number <= 0:
            raise RegexError("a relative reference points before the first group")
        self.wanted_numbers = max(self.wanted_numbers, number)
        self._edit(found.start(), found.end(), f"\\g{{{number}}}")
        return UNKNOWN, True, True

    def _group(self, times: int) -> tuple[Node, bool, bool]:
        start = self.at
        opening = read_opening(self.text, start, self.flags)
        self.at = opening.end
        if opening.edit is not None:
            self._edit(start, opening.end, opening.edit)
        if opening.unicode:
            self.parsed.unicode = True
        if opening.accepts:
            self.accepts = True
        if opening.kind == "flags":
            self.flags = opening.flags
            return EMPTY, False, False
        if opening.kind == "set":
            return _DOT_ALL, True, True
        if opening.kind in ("call", "verb"):
            return self._standalone(opening)
        before, groups, outside, idle = self.unsafe, self.groups, self.flags, len(self.idle)
        self._enter(opening)
        node, wide = self._alternatives(times, reset=opening.kind == "reset")
        if not self.text.startswith(")", self.at):
            raise RegexError("an opening parenthesis has no closing one")
        self.at += 1
        self.depth -= 1
        self.flags = outside
        if opening.kind in ("ahead", "not ahead", "behind", "not behind"):
            del self.idle[idle:]
            return self._lookaround(opening.kind, node, captures=self.groups > groups), False, True
        if opening.kind == "condition":
            return self._condition(opening, node), wide, True
        if opening.kind == "plain" and self.unsafe == before:
            self.parsed.spans.append(Span(start, self.at, outside, 1))
        return node, wide, True

    def _enter(self, opening: Opening) -> None:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise RegexError("groups are nested too deeply")
        self.flags = opening.flags
        if opening.kind == "capture":
            self.unsafe += 1
            self.groups += 1
            if opening.name:
                numbers = self.names.setdefault(opening.name, [])
                if self.groups not in numbers:
                    numbers.append(self.groups)
        elif opening.kind in ("condition", "reset"):
            self.unsafe += 1
            self._want(opening)
        elif opening.kind not in ("plain", "atomic"):
            self.lookarounds += 1

    def _want(self, opening: Opening) -> None:
        if opening.name:
            self.wanted_names.add(opening.name)

    def _standalone(self, opening: Opening) -> tuple[Node, bool, bool]:
        self.unsafe += 1
        self._want(opening)
        if opening.relative is not None:
            number = opening.relative + (self.groups + 1 if opening.relative < 0 else self.groups)
            if number <= 0:
                raise RegexError("a relative call points before the first group")
            self.wanted_numbers = max(self.wanted_numbers, number)
        elif opening.number is not None:
            self.wanted_numbers = max(self.wanted_numbers, opening.number)
        return (UNKNOWN, True, True) if opening.kind == "call" else (EMPTY, False, True)

    def _lookaround(self, kind: str, node: Node, *, captures: bool) -> Node:
        self.lookarounds -= 1
        if kind.endswith("behind"):
            shortest, longest = extent_of(node)
            if longest is None or longest > 255:
                raise RegexError("a lookbehind reaches back more than 255 bytes")
            if captures and shortest != longest:
                raise RegexError("a lookbehind of several lengths cannot capture")
        return EMPTY if kind.startswith("not") else Look(node)

    def _condition(self, opening: Opening, node: Node) -> Node:
        if self.branches > (1 if opening.defines else 2):
            raise RegexError("a condition has too many branches")
        if opening.defines:
            return EMPTY
        return node if self.branches == 2 else Choice((node, EMPTY))

    def _skip_blank(self, extended: int) -> None:
        while True:
            found = _COMMENT.match(self.text, self.at)
            if found:
                if not found[1]:
                    raise RegexError("a comment '(?#' has no end")
            elif not extended or not (found := _BLANK.match(self.text, self.at)):
                return
            self.at = found.end()

    def _edit(self, start: int, end: int, replacement: str) -> None:
        self.parsed.edits.append((start, end, replacement))
