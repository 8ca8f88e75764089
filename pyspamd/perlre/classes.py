"""Bracketed character classes: which bytes they match, and the text PCRE2 needs for the same.

Source: perlrecharclass.
Read as Perl reads them under `/aa`, with Perl's doubts (a range that ends in a class, a POSIX class outside
of brackets) turned into errors as SpamAssassin does.
"""

import re
from functools import lru_cache
from typing import Final, NamedTuple

from . import bytesets
from .errors import RegexError
from .escapes import as_escape, read_escape
from .syntax import Flag

EXTENT: Final = re.compile(
    r"\[\^?\]?(?:[^\]\\\[]|\\.|\[:\^?[a-z]*:\]|\[\.[^\]]*\.\]|\[=[^\]]*=\]|\[)*\]", re.DOTALL
)
"""A whole class, from bracket to bracket."""

_POSIX: Final = re.compile(r"\[:(\^?)([^:\]]*):\]")
_MISPLACED: Final = re.compile(
    r"\[(?::\^?(?:{names}):?|\^?(?:{names}):|([.=]).*\1)\]".format(names="|".join(bytesets.POSIX)), re.DOTALL
)
_UNFINISHED: Final = re.compile(r"\[:\^?(?:{names})\]\Z".format(names="|".join(bytesets.POSIX)))
_LAST_BYTE: Final = 0xFF


class ByteClass(NamedTuple):
    """The bytes a class matches (at least), its text for PCRE2 if that differs, whether high bytes fold."""

    mask: int
    rewrite: str | None
    folds_high: bool


@lru_cache(maxsize=4096)
def read_class(text: str, flags: int) -> ByteClass:
    """The class written `text`, brackets included; raises RegexError."""
    if _MISPLACED.fullmatch(text):
        raise RegexError(f"a POSIX class such as {text} belongs inside a second pair of brackets")
    if _UNFINISHED.search(text):
        raise RegexError(f"the POSIX class in {text} lacks its closing ':'")
    return _Reader(text, flags).result()


class _Reader:
    def __init__(self, text: str, flags: int) -> None:
        self.text = text
        self.flags = flags
        self.negated = text.startswith("^", 1)
        self.mask = 0
        self.exact = True
        self.rewritten = False
        self.out: list[str] = ["[^" if self.negated else "["]

    def result(self) -> ByteClass:
        self._items(len(self.out[0]), len(self.text) - 1)
        caseless = self.flags & Flag.CASELESS
        mask = bytesets.folded(self.mask) if caseless else self.mask
        high = bool(caseless and mask & bytesets.HIGH)
        if self.negated:
            mask = bytesets.ALL & ~mask
        if not self.exact:
            mask = bytesets.ALL
        if not self.rewritten:
            return ByteClass(mask, None, high)
        if len(self.out) == 1:
            return ByteClass(mask, r"[\x00-\xff]" if self.negated else r"[^\x00-\xff]", high)
        return ByteClass(mask, "".join(self.out) + "]", high)

    def _items(self, at: int, end: int) -> None:
        first = True
        while at < end:
            if self.text[at] in " \t" and self.flags & Flag.MORE_EXTENDED:
                at += 1
                continue
            low, after, source = self._item(at, first)
            first = False
            if low is not None and self.text.startswith("-", after) and after + 1 < end:
                after = self._range(low, source, after + 1)
            elif low is None:
                if self.text.startswith("-", after) and after + 1 < end:
                    raise RegexError(f"a range cannot begin with the class {source}")
                if source:
                    self.out.append(source)
            else:
                self._add(low, low, source)
            at = after

    def _range(self, low: int, source: str, at: int) -> int:
        high, after, high_source = self._item(at, False)
        if high is None:
            raise RegexError(f"a range cannot end with the class {high_source}")
        if high < low:
            raise RegexError(f"the range {source}-{high_source} runs backwards")
        self._add(low, high, f"{source}-{high_source}")
        return after

    def _add(self, low: int, high: int, source: str) -> None:
        if high > _LAST_BYTE:
            self.rewritten = True
            if self.flags & Flag.CASELESS:
                for char, byte in bytesets.FOLDS_TO_LATIN1.items():
                    if low <= char <= high:
                        self.mask |= 1 << byte
                        self.out.append(as_escape(byte))
            if low > _LAST_BYTE:
                return
            high = _LAST_BYTE
            source = f"{as_escape(low)}-{as_escape(high)}"
        self.mask |= bytesets.span_mask(low, high)
        self.out.append(source)

    def _item(self, at: int, first: bool) -> tuple[int | None, int, str]:
        """A character (or `None` for a class, already added), where it ends, and its text for PCRE2."""
        letter = self.text[at]
        if letter == "\\":
            escape = read_escape(self.text, at, in_class=True, caseless=bool(self.flags & Flag.CASELESS))
            source = escape.rewrite
            if source is None:
                source = self.text[at : escape.end]
            else:
                self.rewritten = True
            if escape.char is not None:
                return escape.char, escape.end, source
            unjudged = self.text[at + 1] in "pP" and escape.mask == bytesets.ALL
            if unjudged or (self.flags & Flag.UNICODE and self.text[at + 1] in "dwsDWS"):
                self.exact = False
            self.mask |= escape.mask or 0
            return None, escape.end, source
        if letter == "[":
            if named := _POSIX.match(self.text, at):
                return None, named.end(), self._posix(named)
            if re.match(r"\[([.=]).*?\1\]", self.text[at:], re.DOTALL):
                raise RegexError("collating classes are not supported")
        if first and letter in ":.=":
            self.rewritten = True  # or PCRE2 takes [:a:] for a POSIX class outside of brackets
            return ord(letter), at + 1, as_escape(ord(letter))
        return ord(letter), at + 1, letter

    def _posix(self, named: re.Match[str]) -> str:
        if named[2] in ("<", ">") and not named[1]:
            self.exact = False
            return named[0]
        name = named[2]
        if name in ("upper", "lower") and self.flags & Flag.CASELESS:
            name = "alpha"  # also where it is negated
        mask = bytesets.POSIX.get(name)
        if mask is None:
            raise RegexError(f"there is no POSIX class {named[0]}")
        if self.flags & Flag.UNICODE:
            self.exact = False
        self.mask |= bytesets.ALL & ~mask if named[1] else mask
        return named[0]
