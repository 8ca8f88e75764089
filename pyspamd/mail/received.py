"""One Received line, read: the formats of Mail::SpamAssassin::Message::Metadata::Received.

Servers write Received as they please (RFC 5321 section 4.4 notwithstanding), so reading one is recognising
who wrote it. What all have in common is taken first; then servers that name themselves, then shapes, then
lines that are known to tell nothing.
"""

import re

from .received_auth import authentication
from .received_ignored import passed_over, passed_over_parenthesised
from .received_products import read_product, with_addresses
from .received_shapes import SHAPES
from .relay import IGNORED, Handover, Relay, Skipped

_ID = re.compile(rb" id <?([^\s<>;]{3,})")
_HELO_WORD = rb"([-A-Za-z0-9.^+_&:=?!@%*$\\/]+)"
_HELO_EQUALS = re.compile(rb"\bhelo=" + _HELO_WORD)
_HELO_SAID = re.compile(rb"\b(?:HELO|EHLO) " + _HELO_WORD)
_BY = re.compile(rb" by (\S+)")
_SENDER = re.compile(rb"(?:return-path:? |envelope-(?:sender|from)[ =])(\S+)\b", re.IGNORECASE)
_LOCAL = re.compile(rb"\bwith local for\b")
_NAMES_ONLY = re.compile(rb"from (\S+) by [^\s;]+ ?;", re.IGNORECASE)
_BRACKETED_QUAD = re.compile(rb"\[[0-9.]+\]\Z")
_TIME = re.compile(rb"\d+:\d+(?::\d+)?\Z")
_MONTHS = frozenset(b"Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split())
_DAYS = tuple(day + b", " for day in b"Mon Tue Wed Thu Fri Sat Sun".split())
_LAST_GUESS = re.compile(rb"(\S+)[^-A-Za-z0-9.]")
_ANY_ADDRESS = with_addresses(rb"\[<ip>\]")
_SIMTA = with_addresses(
    rb"(\S+) \((\S+) \[<ip>\]\) BY (\S+) (?:\([^\)]+\) WITH SMTP )?ID <?(\S+?)>?(?: FOR <[^>]+>)?$"
)
_NORTON = with_addresses(rb"(\S*) \[<ip>\]\) by (\S+) \(NAVGW .*?\) with ")


def parse_received(value: bytes) -> Relay | Skipped | None:
    """The handover that the Received field body `value` tells of.

    `Skipped` where it is known to tell of none, `None` where it cannot be read.
    """
    line = b" ".join(value.split())
    if line.endswith(b";"):
        line = line.rstrip(b" ;")
    start = line[:6].lower()
    if not start.startswith((b"from ", b"(from ")) or (b"with local for" in line and _LOCAL.search(line)):
        return IGNORED
    names = _NAMES_ONLY.match(line)
    if names and not _BRACKETED_QUAD.match(names[1]):
        return IGNORED
    line = _without_date(line).replace(b")by ", b") by ", 1)

    handover = Handover()
    _read_common(line, handover)
    handover.auth = authentication(line)
    if line.startswith(b"from "):
        outcome = _read_from(line[5:], handover)
    elif line.startswith(b"FROM "):
        outcome = _read_simta(line[5:], handover)
    elif line.startswith(b"(from "):
        outcome = _read_parenthesised(line[6:], handover)
    else:
        outcome = None
    if isinstance(outcome, Skipped):
        return outcome
    if outcome is None:
        if not handover.ip:
            address = _ANY_ADDRESS.search(line)
            if address:
                handover.ip = address[1]
        if not handover.ip or handover.by in (b"", b"0"):
            return None
    return handover.relay()


def _without_date(line: bytes) -> bytes:
    """`line` without `; Day, 1 Jan 2000 00:00:00 +0000` at its end, if the date is of that form."""
    words = line.rsplit(b" ", 4)
    if len(words) < 5:
        return line
    head, month, year, time, _zone = words
    if month not in _MONTHS or not year.isdigit() or not _TIME.match(time):
        return line
    before = head.rstrip(b"0123456789")
    if len(before) == len(head):
        return line
    if before.endswith(_DAYS):
        shorter = before[:-5]
        if shorter[-1:] in (b" ", b";"):
            before = shorter
    stripped = before.rstrip(b" ;")
    return line if len(stripped) == len(before) else stripped


def _read_common(line: bytes, handover: Handover) -> None:
    """What stands in the same words in most servers' lines."""
    found = _ID.search(line)
    if found:
        handover.id = found[1]
    found = None
    if b"helo=" in line:
        found = _HELO_EQUALS.search(line)
    if not found and b"LO " in line:
        found = _HELO_SAID.search(line)
    if found:
        handover.helo = found[1]
    found = _BY.search(line)
    if found:
        handover.by = found[1]


def _read_from(line: bytes, handover: Handover) -> Handover | Skipped | None:
    lower = line.lower()
    sender = _SENDER.search(line) if b"envelope-" in lower or b"return-path" in lower else None
    if sender:
        handover.envfrom = sender[1]
    outcome = read_product(line, handover)
    if outcome is not None:
        return outcome
    for word, read in SHAPES:
        if word in line:
            outcome = read(line, handover)
            if outcome is not None:
                return outcome
    skipped = passed_over(line, handover.envfrom)
    if skipped is None and handover.helo in (b"", b"0"):
        guess = _LAST_GUESS.match(line)
        if guess:
            handover.helo = guess[1]
    return skipped


def _read_simta(line: bytes, handover: Handover) -> Handover | None:
    """simta and Rockliffe shout."""
    found = _SIMTA.match(line)
    if not found:
        return None
    handover.looked_up = True
    handover.helo, rdns, handover.ip, handover.by, handover.id = found.groups()
    handover.rdns = b"" if rdns == b"unverified" else rdns
    return handover


def _read_parenthesised(line: bytes, handover: Handover) -> Handover | Skipped | None:
    found = _NORTON.match(line)
    if found:
        handover.helo, handover.ip, handover.by = found.groups()
        return handover
    return passed_over_parenthesised(line)
