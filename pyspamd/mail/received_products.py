"""Received lines of servers that can be told by a word of their own.

Only the first product whose word stands in the line is tried, as in
Mail::SpamAssassin::Message::Metadata::Received; what it does not understand is left to the general shapes.
"""

import re
from collections.abc import Callable
from typing import Any

from ..base.ip_text import IP_ADDRESS
from .relay import IGNORED, Handover, Skipped

Outcome = Handover | Skipped | None
"""The handover as read, a reason to pass the line over, or nothing: try what comes next."""


class AddressPattern:
    """A pattern with addresses in it, compiled when first used: each takes a millisecond, few lines need it."""

    __slots__ = ("_source", "match", "search")
    match: Callable[[bytes], re.Match[bytes] | None]
    search: Callable[[bytes], re.Match[bytes] | None]

    def __init__(self, source: bytes) -> None:
        self._source = source

    def compile(self) -> None:
        """Compile now."""
        address = b"(" + IP_ADDRESS + b")"
        compiled = re.compile(self._source.replace(b"<ip>", address).replace(b"<IP>", IP_ADDRESS))
        self.match, self.search = compiled.match, compiled.search

    def __getattr__(self, name: str) -> Any:
        if name not in ("match", "search"):
            raise AttributeError(name)
        self.compile()
        return getattr(self, name)


_PATTERNS: list[AddressPattern] = []


def with_addresses(pattern: bytes) -> AddressPattern:
    """`pattern` with `<ip>` standing for a captured address and `<IP>` for any address."""
    made = AddressPattern(pattern)
    _PATTERNS.append(made)
    return made


def compile_all() -> None:
    """Compile every pattern of `with_addresses` now, so that processes forked later share them."""
    for pattern in _PATTERNS:
        pattern.compile()


_SQUIRRELMAIL = re.compile(rb" \((?:SquirrelMail|NaSMail) authenticated user ")
_SQUIRRELMAIL_FROM = with_addresses(rb"<ip>\b(?![.-]).{10,80}by (\S+) with HTTP")
_AOL_FROM = with_addresses(rb"<ip> by (\S+) \(<IP>\) with HTTP \(WebMailUI\)")
_SMTPSVC_FROM = with_addresses(rb"(\S*) \(\[<ip>\][^\)]{0,40}\) by (\S+) with Microsoft SMTPSVC")
_PICKUP = re.compile(rb"mail pickup service by \S+ with Microsoft SMTPSVC$")
_EXCHANGE = re.compile(rb" with (?:Microsoft SMTP Server|mapi id) (?:\([^\)]+\) )?\d+\.\d+\.\d+\.\d+(?:$| )")
_EXCHANGE_FROM = with_addresses(rb"(\S+) \(\[?<ip>(?:%[A-Z0-9._~-]*)?\]?\) by (\S+) ")
_XMAIL_FROM = with_addresses(rb"(\S+) \((\[?<IP>\]?)(?::\d+)\) by (\S+)(?: \(\S+\))? with \[XMail")
_XMAIL_ID = re.compile(rb" id <(\S+)>")
_XMAIL_SENDER = re.compile(rb" from <(\S+)>")
_ECELERITY = re.compile(rb"\(ecelerity\b")
_ECELERITY_HELO = with_addresses(rb"\(\[<ip>:\d+\] helo=(\S+)\) by (\S+) ")
_ECELERITY_FROM = with_addresses(rb"\S+ \(\[<ip>:\d+\]\) by (\S+) ")
_EXIM_LOCAL = re.compile(rb"\bwith local(?:-\S+)? ")
_EXIM_ADDRESS = with_addresses(rb"\[<ip>\] \((.*?)\) by (\S+) ")
_EXIM_NAME = with_addresses(rb"(\S+) \(\[<ip>\](.*?)\) by (\S+) ")
_EXIM_BARE = with_addresses(rb"(\S+) \[<ip>\](?::\d+)? by (\S+) ")
_EXIM_FIRST = re.compile(rb"(\S+) ")
_EXIM_PARENTHESIS = re.compile(rb" \((\S+)\) ")
_EXIM_SOME_ADDRESS = with_addresses(rb" \[<ip>(?:\.\d+)?\] ")
_EXIM_BY = re.compile(rb"by (\S+) ")
_POSTFIX_FROM = with_addresses(rb"(\S+) \((\S+) \[<ip>\]\) by (\S+) ")
_POSTFIX_TIGHT = with_addresses(rb"(\S+) \((\S+)\[<ip>\]\) by (\S+) ")
_SCALIX_FROM = with_addresses(rb"(\S+) \( ?<ip>\) by (\S+)")
_DOMINO_FROM = with_addresses(rb"(\S+) \(\[<ip>\]\) by (\S+) \(Lotus")
_HELO = re.compile(rb"helo=(\S+)")
_IDENT = re.compile(rb"ident=(\S*)")


def read_comment(handover: Handover, comment: bytes) -> None:
    """Take `helo=` and `ident=` from an Exim-like comment."""
    helo = _HELO.search(comment)
    if helo:
        handover.helo = helo[1]
        comment = comment[: helo.start()] + comment[helo.end() :]
    ident = _IDENT.search(comment)
    if ident:
        handover.ident = ident[1]


def _smtpsvc(line: bytes, handover: Handover) -> Outcome:
    found = _SMTPSVC_FROM.match(line)
    if found:
        handover.helo, handover.ip, handover.by = found.groups()
        return handover
    return IGNORED if _PICKUP.match(line) else None


def _exchange(line: bytes, handover: Handover) -> Outcome:
    found = _EXCHANGE_FROM.match(line)
    if not found:
        return None
    handover.helo, handover.ip, handover.by = found.groups()
    handover.id = b""  # what follows `id` is the server's version
    return handover


def _xmail(line: bytes, handover: Handover) -> Outcome:
    found = _XMAIL_FROM.match(line)
    if not found:
        return None
    handover.helo, handover.ip, handover.by = found.groups()
    number = _XMAIL_ID.search(line)
    if number:
        handover.id = number[1]
    sender = _XMAIL_SENDER.search(line)
    if sender:
        handover.envfrom = sender[1]
    return handover


def _ecelerity(line: bytes, handover: Handover) -> Outcome:
    found = _ECELERITY_HELO.match(line)
    if found:
        handover.ip, handover.helo, handover.by = found.groups()
        return handover
    found = _ECELERITY_FROM.match(line)
    if found:
        handover.ip, handover.by = found.groups()
        return handover
    return None


def _exim(line: bytes, handover: Handover) -> Outcome:
    if b"with local" in line and _EXIM_LOCAL.search(line):
        return IGNORED
    found = _EXIM_ADDRESS.match(line)
    if found:
        handover.ip, comment, handover.by = found.groups()
        read_comment(handover, comment)
        return handover
    found = _EXIM_NAME.match(line)
    if found:
        handover.rdns, handover.ip, comment, handover.by = found.groups()
        handover.helo = handover.rdns  # unless the comment says otherwise
        read_comment(handover, comment)
        return handover
    found = _EXIM_BARE.match(line)
    if found:
        handover.rdns, handover.ip, handover.by = found.groups()
        handover.helo = handover.rdns
        return handover
    return _exim_in_pieces(line, handover)


def _exim_in_pieces(line: bytes, handover: Handover) -> Outcome:
    """Whatever else Exim was told to write: an address and a `by` are enough, and the rest is kept anyway."""
    found = _EXIM_FIRST.match(line)
    if found:
        handover.rdns = found[1]
    found = _EXIM_PARENTHESIS.search(line)
    if found:
        handover.helo = found[1]
    found = _EXIM_SOME_ADDRESS.search(line)
    if found:
        handover.ip = found[1]
    found = _EXIM_BY.search(line, 0, line.rfind(b" ") + 1)
    if found:
        handover.by = found[1]
        return handover if handover.ip else None
    return None


def _postfix(line: bytes, handover: Handover) -> Outcome:
    found = _POSTFIX_FROM.match(line) or _POSTFIX_TIGHT.match(line)
    if not found:
        return None
    handover.looked_up = True
    handover.helo, handover.rdns, handover.ip, handover.by = found.groups()
    return handover


def _scalix(line: bytes, handover: Handover) -> Outcome:
    found = _SCALIX_FROM.match(line)
    if not found:
        return None
    handover.helo, handover.ip, handover.by = found.groups()
    return handover


def _domino(line: bytes, handover: Handover) -> Outcome:
    found = _DOMINO_FROM.match(line)
    if not found:
        return None
    handover.helo, handover.ip, handover.by = found.groups()
    return handover


def _webmail(line: bytes, handover: Handover) -> Outcome:
    """Two webmail programs; these do not keep other products from being tried."""
    found = None
    if b" authenticated user " in line and _SQUIRRELMAIL.search(line):
        found = _SQUIRRELMAIL_FROM.search(line)
    if not found and b"aol.com" in line and b"with HTTP (WebMailUI)" in line:
        found = _AOL_FROM.search(line)
    if not found:
        return None
    handover.ip, handover.by = found.groups()
    return handover


_PRODUCTS: tuple[tuple[bytes, re.Pattern[bytes] | None, Callable[[bytes, Handover], Outcome]], ...] = (
    (b" SMTPSVC", None, _smtpsvc),
    (b" with Microsoft SMTP Server ", _EXCHANGE, _exchange),
    (b" with mapi id ", _EXCHANGE, _exchange),
    (b"[XMail ", None, _xmail),
    (b"(ecelerity", _ECELERITY, _ecelerity),
    (b"Exim", None, _exim),
    (b" (Postfix) with", None, _postfix),
    (b"(Scalix SMTP Relay", None, _scalix),
    (b" (Lotus Domino ", None, _domino),
)


def read_product(line: bytes, handover: Handover) -> Outcome:
    """Read `line`, which begins after its `from `, if it is a product's that names itself."""
    if b"ith HTTP" in line:
        outcome = _webmail(line, handover)
        if outcome is not None:
            return outcome
    for word, shape, read in _PRODUCTS:
        if word in line and (shape is None or shape.search(line)):
            return read(line, handover)
    return None
