"""The tokens of RFC 5322 headers: atoms, dots, quoted strings, phrases, comments, domain literals.

Read with the leniency that mail in the wild needs; `address_list` puts them together.
"""

import re
from enum import IntEnum
from typing import Final

ATEXT: Final = rb"A-Za-z0-9!#$%&'*+/=?^_`{|}~\x80-\xff-"
"""What an atom is made of, for a character class (RFC 5322, section 3.2.3, with RFC 6532's octets)."""
_ATOM: Final = re.compile(rb"[" + ATEXT + rb"]+")
_ATOMS_AND_DOTS: Final = re.compile(rb"[." + ATEXT + rb"]*")
_BLANK: Final = re.compile(rb"[ \t\r\n]*")
_IN_COMMENT: Final = re.compile(rb"[^()\\\n\0]*")
_IN_QUOTES: Final = re.compile(rb'[^"\\\r\n\0]*')
_IN_LITERAL: Final = re.compile(rb"[^\[\]\\\n\0]*")


class State(IntEnum):
    """What a reading step came to: more input follows, none does, it broke off, or it went on over a flaw."""

    MORE = 1
    END = 0
    BROKEN = -1
    FLAWED = -2


class TokenReader:
    """A place in a header's value.

    Every step skips the white space and comments behind what it read, never those before it, and puts the
    text it read at the end of `out`. A step that broke off leaves the place where it could not go on.
    """

    __slots__ = ("_at", "_comment", "_data", "_end")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._end = len(data)
        self._at = 0
        self._comment = b""

    def _next(self) -> bytes:
        return self._data[self._at : self._at + 1]

    def _here(self) -> State:
        return State.MORE if self._at < self._end else State.END

    def _run(self, pattern: re.Pattern[bytes]) -> bytes:
        found = pattern.match(self._data, self._at)
        if found is None:
            return b""
        self._at = found.end()
        return found[0]

    def skip_blank(self) -> State:
        """Go past white space and comments."""
        while True:
            self._run(_BLANK)
            if self._next() != b"(":
                return self._here()
            if self._skip_comment() is State.BROKEN:
                return State.BROKEN

    def _skip_comment(self) -> State:
        depth = 1
        text = bytearray()
        kept = 0  # of an unclosed comment, only what stands before the last escape or line end
        self._at += 1
        while True:
            text += self._run(_IN_COMMENT)
            special = self._next()
            if special in (b"", b"\0"):
                break
            self._at += 1
            if special == b"\\":
                if self._at >= self._end:
                    break
                kept = len(text)
                text += self._next()
                self._at += 1
            elif special == b"\n":
                if text.endswith(b"\r") and len(text) > kept:
                    text.pop()
                kept = len(text)
            else:
                depth += 1 if special == b"(" else -1
                if depth == 0:
                    self._comment = bytes(text)
                    return self._here()
                text += special
        self._comment = bytes(text[:kept])
        return State.BROKEN

    def _dot_atom(self, out: bytearray, stop_before_last_dot: bool) -> State:
        """Atoms between dots; white space around a dot is overlooked, two dots in a row are a flaw."""
        if not _ATOM.match(self._data, self._at):
            return State.BROKEN
        flawed = after_dot = False
        dot_at = self._at
        while True:
            atom = self._run(_ATOM)
            out += atom
            if self._at >= self._end:
                return State.FLAWED if flawed else State.END
            after_dot = after_dot and not atom
            state = self.skip_blank()
            if state is not State.MORE:
                return State.FLAWED if flawed and state is State.END else state
            if self._next() != b".":
                if after_dot and stop_before_last_dot:
                    self._at = dot_at
                    return State.FLAWED if flawed else State.MORE
                return State.FLAWED if after_dot or flawed else State.MORE
            flawed = flawed or after_dot
            after_dot = True
            dot_at = self._at
            self._at += 1
            out += b"."
            if self.skip_blank() is not State.MORE:
                return State.FLAWED if flawed else State.MORE

    def _quoted_string(self, out: bytearray) -> State:
        flawed = False
        return_at = -1
        self._at += 1
        while True:
            out += self._run(_IN_QUOTES)
            special = self._next()
            if not special:
                return State.BROKEN
            self._at += 1
            if special == b'"':
                state = self.skip_blank()
                return State.FLAWED if flawed and state >= 0 else state
            if special == b"\\":
                if self._at >= self._end:
                    return State.BROKEN
                special = self._next()
                self._at += 1
            elif special == b"\r":
                flawed = flawed or (self._at < self._end and self._next() != b"\n")
                return_at = self._at
            else:  # a line end without a return, or an octet 0
                flawed = flawed or special == b"\0" or return_at != self._at - 1
            out += special

    def _phrase(self, out: bytearray) -> State:
        """Words: atoms, dots and quoted strings, a space put between them."""
        if self._at >= self._end:
            return State.END
        if self._next() == b".":
            return State.BROKEN
        flawed = False
        while True:
            if self._next() == b'"':
                state = self._quoted_string(out)
            else:
                out += self._run(_ATOMS_AND_DOTS)
                state = self.skip_blank() if self._at < self._end else State.END
            if state is State.FLAWED:
                flawed = True
                if self._at >= self._end:
                    return state
            elif state is not State.MORE:
                return State.FLAWED if flawed and state is State.END else state
            if not (self._next() in (b'"', b".") or _ATOM.match(self._data, self._at)):
                break
            out += b" "
        state = self.skip_blank()
        return State.FLAWED if flawed and state >= 0 else state

    def _domain_literal(self, out: bytearray) -> State:
        segment = len(out)
        out += b"["
        self._at += 1
        while True:
            out += self._run(_IN_LITERAL)
            special = self._next()
            if special == b"]":
                out += special
                self._at += 1
                return self.skip_blank()
            if special == b"\n":
                if out.endswith(b"\r") and len(out) > segment:
                    out.pop()
                segment = len(out)
                self._at += 1
            elif special == b"\\":
                out += self._data[self._at : self._at + 2]
                self._at += 2
                if self._at > self._end:
                    self._at = self._end
                    return State.BROKEN
            else:  # a bracket, an octet 0, or nothing
                return State.BROKEN

    def _domain(self, out: bytearray) -> State:
        """What follows an `@`: names between dots, or an address in brackets."""
        self._at += 1
        if self.skip_blank() is not State.MORE:
            return State.BROKEN
        return self._domain_literal(out) if self._next() == b"[" else self._dot_atom(out, False)
