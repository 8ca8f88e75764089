"""Received lines told by their shape: where name, HELO, address and `by` stand.

Most servers do not say what they are, and the same words mean different things in different places; so the
shapes are tried in a fixed order, the one of Mail::SpamAssassin::Message::Metadata::Received. Shapes which
an earlier, wider one always answers are left out.
"""

import re
from collections.abc import Callable

from .received_products import Outcome, read_comment, with_addresses
from .relay import IGNORED, Handover, Skipped

Reader = Callable[[bytes, Handover], Outcome]


def _shape(pattern: bytes, fields: str, *, looked_up: bool = False) -> Reader:
    """A reader for lines that match `pattern` from the start; its groups are `fields`, `-` being no field."""
    shape = with_addresses(pattern)
    wanted = [(name, group) for group, name in enumerate(fields.split(), 1) if name != "-"]

    def read(line: bytes, handover: Handover) -> Outcome:
        found = shape.match(line)
        if not found:
            return None
        for name, group in wanted:
            setattr(handover, name, found[group])
        handover.looked_up = looked_up
        return handover

    return read


_QMAIL_LDAP = re.compile(rb" by \S+ \(qmail-\S+\) with ")
_SENDMAIL = with_addresses(rb"(\S+) \((\S+) \[<ip>\].*\) by (\S+) \(")


def _sendmail(line: bytes, handover: Handover) -> Outcome:
    if b" (qmail-" in line and _QMAIL_LDAP.search(line):
        return None
    found = _SENDMAIL.match(line)
    if not found:
        return None
    handover.looked_up = True
    handover.helo, rdns, handover.ip, handover.by = found.groups()
    if b"@" in rdns:  # the answer of an ident query stands before the name, once with a label, once without
        if rdns.startswith(b"IDENT:"):
            handover.ident, _, rdns = rdns[6:].partition(b"@")
        ident, at, name = rdns.partition(b"@")
        if at:
            handover.ident, rdns = ident, name
    handover.rdns = rdns
    return handover


_TIGHT = with_addresses(rb"(\S+) \((\S+)\[<ip>\]\) by (\S+) ")


def _tight(line: bytes, handover: Handover, *, dot: bool) -> Outcome:
    found = _TIGHT.match(line)
    if not found or (dot and b"." not in found[2][1:-1]):
        return None
    handover.looked_up = True
    handover.helo, handover.rdns, handover.ip, handover.by = found.groups()
    return handover


def _tight_with_dot(line: bytes, handover: Handover) -> Outcome:
    return _tight(line, handover, dot=True)


def _tight_with_any(line: bytes, handover: Handover) -> Outcome:
    return _tight(line, handover, dot=False)


_HOTMAIL = re.compile(rb"by (\S+\.hotmail\.msn\.com) ")
_HOTMAIL_FROM = with_addresses(rb"<ip> ")


def _hotmail(line: bytes, handover: Handover) -> Outcome:
    found = _HOTMAIL.search(line)
    if not found:
        return None
    handover.by = found[1]
    address = _HOTMAIL_FROM.match(line)
    if address:
        handover.ip = address[1]
    return handover


# qmail and its many patches: `name (HELO said) (ident@address) (envelope-sender <…>) by host with … SMTP`,
# most of it optional. ` id ` after the protocol would be sendmail's.
_QMAIL = with_addresses(
    rb"\S+(?: \((?:HELO|EHLO) \S*\))? \((?:\S+\@)?\[?<IP>\]?\)(?: \(envelope-sender <\S+>\))? by \S+"
)
_QMAIL_PROTOCOL = re.compile(rb" (?:SMTP|QMQP)(?! id )")
_QMAIL_END = rb"\[?<ip>\]?\)(?: \(envelope-sender <\S+>\))? by (\S+)"
_QMAIL_HELO_IDENT = with_addresses(rb"(\S+) \((?:HELO|EHLO) ([^ \(\)]*)\) \((\S*)\@" + _QMAIL_END)
_QMAIL_HELO = with_addresses(rb"(\S+) \((?:HELO|EHLO) ([^ \(\)]*)\) \(" + _QMAIL_END)
_QMAIL_IDENT = with_addresses(rb"(\S+) \((\S*)\@" + _QMAIL_END)
_QMAIL_PLAIN = with_addresses(rb"(\S+) \(" + _QMAIL_END)


def _is_qmail(line: bytes) -> bool:
    found = _QMAIL.match(line)
    if not found:
        return False
    end = found.end()
    if line.startswith(b" with ", end):
        protocol = end + 5
    elif line.startswith(b" (", end):
        # Any number of comments up to the last bracket before ` with `: one that ends soonest will do.
        closing = line.find(b") with ", end + 3)
        if closing < 0:
            return False
        protocol = closing + 6
    else:
        return False
    return _QMAIL_PROTOCOL.search(line, protocol) is not None


def _qmail(line: bytes, handover: Handover) -> Outcome:
    if not _is_qmail(line):
        return None
    if found := _QMAIL_HELO_IDENT.match(line):
        handover.rdns, handover.helo, handover.ident, handover.ip, handover.by = found.groups()
    elif found := _QMAIL_HELO.match(line):
        handover.rdns, handover.helo, handover.ip, handover.by = found.groups()
    elif found := _QMAIL_IDENT.match(line):
        handover.rdns, handover.ident, handover.ip, handover.by = found.groups()
        handover.helo = handover.rdns  # qmail leaves HELO out where it is the name
    elif found := _QMAIL_PLAIN.match(line):
        handover.rdns, handover.ip, handover.by = found.groups()
        handover.helo = handover.rdns
    # The name comes from tcpserver or the like; `unknown` is also what a caller that never looks says.
    if handover.rdns == b"unknown":
        handover.rdns = b""
    else:
        handover.looked_up = True
    return handover


_GENERIC = with_addresses(rb"(\S+) \((\S+) \[<ip>\]\).*? by (\S+)\b")


def _generic(line: bytes, handover: Handover) -> Outcome:
    found = _GENERIC.match(line)
    if not found:
        return None
    handover.helo, rdns, handover.ip, handover.by = found.groups()
    if rdns != b"softdnserr":  # couriertcpd's word for a lookup that failed for now
        handover.looked_up = True
        handover.rdns = rdns
    return handover


def _fetched(line: bytes, handover: Handover) -> Outcome:
    return Skipped(fetched=True) if b"with POP3" in line or b"with IMAP" in line else None


# `(?>…)`: the address decides where the optional ident ends, and nothing after it can change that.
_QMAILISH_HELO = with_addresses(
    rb"(\S+) \((?:HELO|EHLO) ([^\)]*)\) \((?>(\S*@)?\[?<ip>\]?\)).* by (\S+) ",
)
_QMAILISH = with_addresses(rb"(\S+) \((?>(\S*@)?\[?<ip>\]?\)).* by (\S+) ")


def _qmailish_helo(line: bytes, handover: Handover) -> Outcome:
    found = _QMAILISH_HELO.match(line)
    if not found:
        return None
    handover.looked_up = True
    handover.rdns, handover.helo, ident, handover.ip, handover.by = found.groups()
    handover.ident = ident[:-1] if ident else b""
    return handover


def _qmailish(line: bytes, handover: Handover) -> Outcome:
    found = _QMAILISH.match(line)
    if not found:
        return None
    handover.looked_up = True
    handover.rdns, ident, handover.ip, handover.by = found.groups()
    handover.helo = handover.rdns
    handover.ident = ident[:-1] if ident else b""
    return handover


_BSMTP = re.compile(rb"\S+ by \S+ with BSMTP")
_CONTENT_TECHNOLOGIES = re.compile(rb"\S+ \(\S+\) by \S+ \(Content Technologies ")


def _no_handover(line: bytes, handover: Handover) -> Outcome:
    return IGNORED if _BSMTP.match(line) else None


def _no_address(line: bytes, handover: Handover) -> Outcome:
    return IGNORED if _CONTENT_TECHNOLOGIES.match(line) else None


_WITH_PLAIN = with_addresses(
    rb"(\S+) \((?:HELO|EHLO) (\S*)\) \((?>(?:(\S+)\@)?<ip>).*?\) by (\S+) with ",
)


def _with_plain(line: bytes, handover: Handover) -> Outcome:
    found = _WITH_PLAIN.match(line)
    if not found:
        return None
    handover.looked_up = True
    handover.rdns, handover.helo, ident, handover.ip, handover.by = found.groups()
    if ident is not None:
        handover.ident = ident
    return handover


_COMMUNIGATE = with_addresses(rb"(\S+) \(\[<ip>\] verified\) by (\S+) \(")


def _communigate(line: bytes, handover: Handover) -> Outcome:
    found = _COMMUNIGATE.match(line)
    if not found:
        return None
    handover.looked_up = True
    handover.rdns, handover.ip, handover.by = found.groups()
    handover.helo = handover.rdns
    return handover


_BRACKET_COMMENT = with_addresses(rb"\[<ip>\] \(([^\)]+)\) by (\S+) ")


def _bracket_comment(line: bytes, handover: Handover) -> Outcome:
    found = _BRACKET_COMMENT.match(line)
    if not found:
        return None
    handover.ip, comment, handover.by = found.groups()
    read_comment(handover, comment)
    return handover


_OBTUSE = with_addresses(rb"(\S+)\(<ip>\)(?:, claiming to be \"(\S+)\")? via \S+ by (\S+),")


def _obtuse(line: bytes, handover: Handover) -> Outcome:
    found = _OBTUSE.match(line)
    if not found:
        return None
    handover.rdns, handover.ip, helo, handover.by = found.groups()
    handover.helo = helo or b""
    handover.looked_up = handover.rdns != b"UNKNOWN"
    return handover


_HELO = rb"\((?:HELO|EHLO) (\S*)\)"

# A word that must stand in the line (cheap to look for) and the reader for lines that have it.
SHAPES: tuple[tuple[bytes, Reader], ...] = (
    (b"with HTTP", _shape(rb"(?=.*\bwith HTTP\b)<ip> \(\[<IP>\]\) by (\S+)", "ip by")),
    (b") by ", _sendmail),
    (b"]) by ", _shape(rb"(\S+) \((\S+) \[<ip>\]\) by (\S+) with \S+ \(", "helo rdns ip by", looked_up=True)),
    (b"] helo=", _shape(rb"(\S+) \(\[<ip>\] helo=(\S+)\) by (\S+) with ", "rdns ip helo by")),
    (b" (<unknown", _shape(rb"(\S+) \(<unknown\S*>\[<ip>\]\) by (\S+) ", "helo ip by")),
    (b"]) by ", _tight_with_dot),
    (b"@[", _shape(rb"(\S+) \((?>(\S*)\@\[<ip>\]).*\) by (\S+) \(", "helo ident ip by", looked_up=True)),
    (b".hotmail.msn.com ", _hotmail),
    (
        b" (qpsmtpd/",
        _shape(
            rb"(\S+) " + _HELO + rb" \(<ip>\) by (\S+) \(qpsmtpd/\S+\) with (?:ESMTP|SMTP)",
            "rdns helo ip by",
        ),
    ),
    (b" (LHLO ", _shape(rb"(\S+) \(LHLO (\S*)\) \(<ip>\) by (\S+) with LMTP", "rdns helo ip by")),
    (
        b"LO ",
        _shape(rb"(\S+) " + _HELO + rb" \[<ip>\] by (\S+) \([^\)]+\) with (?:ESMTP|SMTP)", "rdns helo ip by"),
    ),
    (
        b" via smtpd (for ",
        _shape(rb"(\S+) \(\[<ip>\]\) by (\S+) via smtpd \(for \S+\) with SMTP\(", "helo ip by"),
    ),
    (b" with ", _qmail),
    (b" ( [", _shape(rb"\S+ \( \[<ip>\]\).*? by (\S+) ", "ip by")),
    (b"]) by ", _shape(rb"\((\S+) \[<ip>\]\) by (\S+) ", "helo ip by")),
    (b"] by ", _shape(rb"\[<ip>\] by (\S+) ", "ip by")),
    (b") by ", _shape(rb"\(\[?<ip>\]?\) by (\S+) ", "ip by")),
    (b"] by ", _shape(rb"(\S+) \[<ip>\] by (\S+) \[<IP>\] with ", "helo ip by", looked_up=True)),
    (b" [(", _shape(rb"(\S+) \[\(<ip>\)\] by (\S+) \(<IP>\) ", "helo ip by")),
    (b"]) by ", _shape(rb"(\S+) \(\[<ip>\]\) by (\S+) \(", "helo ip by", looked_up=True)),
    (b"])", _generic),
    (b" ([", _shape(rb"(\S+) \(\[<ip>(?:[.:]\d+)?\]\).*? by (\S+) ", "helo ip by", looked_up=True)),
    (
        b" by ",
        _shape(
            rb"(\S+) \((\S+) \[<ip>\]\)(?: \(authenticated bits=\d+\))? by (\S+) \(",
            "helo rdns ip by",
            looked_up=True,
        ),
    ),
    (b"with ", _fetched),
    (b"LO ", _qmailish_helo),
    (b" by ", _qmailish),
    (b" via smap ", _shape(rb"(\S+)\(<ip>\) by (\S+) via smap ", "rdns ip by", looked_up=True)),
    (
        b" via smap ",
        _shape(rb"(\S+)\(<ip>, (?:HELO|EHLO) (\S*)\) by (\S+) via smap ", "rdns ip helo by", looked_up=True),
    ),
    (b" by ", _shape(rb"<ip> by (\S+) \((?:SMTPL|InterScan)\b", "ip by")),
    (b" with BSMTP", _no_handover),
    (b"]) by ", _shape(rb"(\S+) \((\S+) \[<ip>\]\) by (\S+) with ", "helo rdns ip by", looked_up=True)),
    (b"LO ", _with_plain),
    (b"LO ", _shape(rb"\[<ip>\] \((?:account \S+ )?(?:HELO|EHLO) (\S*)\) by (\S+) \(", "ip helo by")),
    (b" (CommuniGate Pro", _communigate),
    (b" (Content Technologies ", _no_address),
    (b"] [", _shape(rb"(\S+) \(\[<ip>\] \[\S+\]\) by (\S+) with ", "helo ip by")),
    (b" by ", _shape(rb"<ip> by (\S+) with ", "ip by")),
    (b"]) by ", _tight_with_any),
    (b"LO ", _shape(rb"\[<ip>\]\S+ " + _HELO + rb" by (\S+) ", "ip helo by")),
    (b"LO ", _shape(rb"<ip> " + _HELO + rb" by (\S+) ", "ip helo by")),
    (b"] by ", _shape(rb"(\S+) \[<ip>\] by (\S+) ", "helo ip by")),
    (b") by ", _shape(rb"(\S+)\(<ip>\) by (\S+) ", "rdns ip by")),
    (b" (unverified [", _shape(rb"(\S+) \(unverified \[<ip>\]\) by (\S+) ", "helo ip by")),
    (b") by ", _shape(rb"<ip> \([A-Za-z][^\)]+\) by (\S+) with ", "ip by")),
    (b") by ", _bracket_comment),
    (b" via ", _obtuse),
    (
        b" with login) by ",
        _shape(rb"(\S+) \(\S+@<ip> with login\) by (\S+\.yahoo\.com) with SMTP", "helo ip by"),
    ),
    (b"X-Originating-IP: ", _shape(rb"X-Originating-IP: <ip>$", "ip")),
)
