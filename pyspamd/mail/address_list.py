"""An RFC 5322 address list read by its grammar, with the leniency that mail in the wild needs.

This is the second opinion on a header: `addresses.parse_header_addresses` asks it where its own, quicker
reading found fewer addresses than there are commas. What it accepts, and what it makes of the rest, is what
the Perl module Email::Address::XS does, which SpamAssassin asks.
"""

import re
from dataclasses import dataclass
from typing import Final

from .address_tokens import ATEXT, State, TokenReader

_BARE: Final = re.compile(rb"[." + ATEXT + rb"]+")
_TO_ESCAPE: Final = re.compile(rb'(["\\\0\t\n\r])')


@dataclass(slots=True)
class Mailbox:
    """One address of a list as the grammar sees it; `None` is what was not there at all."""

    name: bytes | None = None
    user: bytes | None = None
    host: bytes | None = None
    comment: bytes | None = None
    flawed: bool = False


def read_address_list(value: bytes) -> list[Mailbox]:
    """The mailboxes in a header's value, those of groups among them."""
    reader = _Reader(value)
    if reader.skip_blank() is State.MORE:
        reader.address_list()
    return reader.found


def composed(user: bytes, host: bytes) -> bytes:
    """`user@host`, the user in quotes if it cannot stand bare."""
    if not user:
        user = b'""'
    elif not _BARE.fullmatch(user) or user.startswith(b".") or user.endswith(b"."):
        user = b'"' + _TO_ESCAPE.sub(rb"\\\1", user) + b'"'
    return user + b"@" + host


class _Reader(TokenReader):
    """Mailboxes and groups, put together from tokens."""

    __slots__ = ("_now", "found")

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self._now = Mailbox()
        self.found: list[Mailbox] = []

    def _local_part(self) -> State:
        out = bytearray()
        flawed = False
        state = State.BROKEN
        while self._at < self._end:
            state = self._quoted_string(out) if self._next() == b'"' else self._dot_atom(out, True)
            if state is State.BROKEN:
                return state
            flawed = flawed or state is State.FLAWED
            if self._at >= self._end:
                break
            state = self.skip_blank()
            if state is not State.MORE or self._next() != b".":
                break
            self._at += 1
            if self._at >= self._end:
                flawed = True
                break
            state = self.skip_blank()
            if state is not State.MORE:
                break
            if self._next() == b"@":
                flawed = True
                break
        if flawed or state < 0:
            self._now.flawed = True
        self._now.user = bytes(out)
        return state

    def _host(self) -> State:
        out = bytearray()
        state = self._domain(out)
        if state is not State.BROKEN:
            self._now.host = bytes(out)
        return state

    def _route(self) -> State:
        """The obsolete list of hosts to go by, which may stand before an address in angle brackets."""
        flawed = False
        while self._at < self._end:
            if self._next() != b"@":
                return State.FLAWED if flawed else State.MORE
            state = self._domain(bytearray())
            if state in (State.END, State.BROKEN):
                return state
            flawed = flawed or state is State.FLAWED
            while self.skip_blank() is State.MORE and self._next() == b",":
                self._at += 1
        return State.FLAWED if flawed else State.END

    def _angle_address(self) -> State:
        self._at += 1
        if self.skip_blank() is not State.MORE:
            return State.BROKEN
        if self._next() == b"@":
            state = self._route()
            if state is State.MORE and self._next() == b":":
                self._at += 1
            else:
                self._now.flawed = True
                if self._at >= self._end:
                    return State.BROKEN
                if state is State.FLAWED:
                    self._at += 1
            if self.skip_blank() is not State.MORE:
                return State.BROKEN
        if self._next() != b">":
            for step in (self._local_part, self._host):
                if step == self._host and self._next() != b"@":
                    break
                state = step()
                if state in (State.END, State.BROKEN):
                    return State.BROKEN
                if state is State.FLAWED:
                    self._now.flawed = True
                if self._at >= self._end:
                    return State.END
        if self._next() != b">":
            return State.BROKEN
        self._at += 1
        return self.skip_blank()

    def _name_and_address(self) -> State:
        out = bytearray()
        state = self._phrase(out)
        if state in (State.END, State.BROKEN) or self._next() != b"<":
            return State.BROKEN
        now = self._now
        now.flawed = now.flawed or state is State.FLAWED
        now.name = bytes(out) or None
        self._comment = b""
        if self._angle_address() < 0:
            now.flawed = True
        now.comment = self._comment or None
        return self._here()

    def _bare_address(self) -> State:
        self._comment = b""
        state = self._local_part()
        if state <= 0:
            self._now.flawed = True
        if state is not State.END and self._next() == b"@":
            behind = self._host()
            if behind <= 0 and state is not State.FLAWED:
                state = behind
            if behind is State.FLAWED:
                self._now.flawed = True
                if self._at >= self._end:
                    state = State.END
        self._now.comment = self._comment or None
        return state

    def _mailbox(self) -> State:
        start = self._at
        state = self._name_and_address()
        if state < 0:
            self._now = now = Mailbox(flawed=self._now.flawed)
            self._at = start
            state = self._bare_address()
            if now.flawed and now.user is not None and now.host is None:
                now.name, now.user = now.user, None
        if state < 0:
            self._now.flawed = True
        self._add()
        return state

    def _add(self) -> None:
        now = self._now
        now.flawed = now.flawed or now.user is None or not now.host
        self.found.append(now)
        self._now = Mailbox()

    def _group(self) -> State:
        state = self._phrase(bytearray())
        if state in (State.END, State.BROKEN) or self._next() != b":":
            return State.BROKEN
        self._now = Mailbox()
        self._at += 1
        state = self.skip_blank()
        if state is State.MORE and self._next() != b";":
            while True:
                self._mailbox()
                if self._next() != b",":
                    break
                self._at += 1
                if self.skip_blank() is not State.MORE:
                    return State.MORE
        if state < 0 or self._next() != b";":
            return State.MORE
        self._at += 1
        return State.END if self.skip_blank() is State.END else State.MORE

    def address_list(self) -> None:
        """Take in addresses and groups until the list ends or cannot be followed any further."""
        while True:
            start = self._at
            state = self._group()
            in_group = state >= 0
            if not in_group:
                self._at = start
                state = self._mailbox()
            if state is State.END:
                return
            if self._next() != b",":
                if not in_group:
                    self.found[-1].flawed = True
                return
            self._at += 1
            state = self.skip_blank()
            if state is not State.MORE:
                if state < 0:
                    self._add()
                return
