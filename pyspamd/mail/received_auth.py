"""How the sending client proved who it is, as far as a Received line tells.

Each server says it in its own way; the first that fits counts. Precedence and results are those of
Mail::SpamAssassin::Message::Metadata::Received.
"""

import re

from ..base.ip_text import IP_ADDRESS

# RFC 3848, RFC 4954 and RFC 6531 name protocols with an A for authentication; webmail says HTTP.
_PROTOCOL = re.compile(rb" with ((?:ES|L|UTF8S|UTF8L)MTPS?A|ASMTP|HTTP[SU]?)(?: |;|$)", re.IGNORECASE)
_GMAIL_ID = re.compile(
    rb" by mx\.google\.com with ESMTPS id [a-z0-9]{1,4}sm[0-9]{2,9}[a-z]{3}\.[0-9]{1,3}\.[0-9]{4}\."
    rb"(?:[0-6][0-9]\.){4}[0-6][0-9]"
)
_GMAIL_TLS = re.compile(rb"\(version=([^ ]+) cipher=([^\)]+)\)")
_COURIER = re.compile(rb"(?:\]\)|\)\]) \(AUTH: (LOGIN|PLAIN|DIGEST-MD5|CRAM-MD5) (?=(\S+))")
_AFTER_ADDRESS = re.compile(rb"(?:\]\)|\)\]) ")
_TWO_CLOSED = re.compile(rb"\)\) ")
_GMX = re.compile(
    rb"from \S* \((?:HELO|EHLO) (?:\S*)\) \[(?:%b)\] by (mail\.gmx\.(?:net|com)) \([^\)]+\) with (ESMTP|SMTP)"
    % IP_ADDRESS
)
_CRITICAL_PATH = re.compile(rb" \(\d{1,2}\.\d\.\d{3}(?:\.\d{1,3})?\) \(authenticated as ")
_POSTFIX = re.compile(rb"\) \(Authenticated sender: \S+\) by \S+ \(([^\)]+)\) with ")
_COMMUNIGATE = re.compile(rb"CommuniGate Pro (?:HTTP|SMTP|XIMSS|IMAP)")
_HTTP_DAV = re.compile(rb" with Microsoft Exchange Server HTTP-DAV\b")
_VIA_HTTP = re.compile(rb" \(via (HTTP.?)\)(?: |;|$)", re.IGNORECASE)


def authentication(line: bytes) -> bytes:
    """The word for the authentication that `line` shows, empty where it shows none.

    `line` is a Received value, white space squeezed to single spaces, from its `from` on.
    """
    lower = line.lower()
    has_by = b" by " in line
    if has_by:
        at = lower.find(b" with ")
        while at >= 0:
            found = _PROTOCOL.match(line, at)
            if found:
                return found[1]
            at = lower.find(b" with ", at + 1)
        if b" by mx.google.com with ESMTPS id " in line and _GMAIL_ID.search(line):
            tls = _GMAIL_TLS.search(line)
            if tls:
                return b"GMail - transport=%b cipher=%b" % tls.groups()
    method = _by_comment(line)
    if not method and has_by and b" (via http" in lower:
        via = _VIA_HTTP.search(line)
        if via:
            return via[1]
    return method


def _by_comment(line: bytes) -> bytes:
    """What the comments of individual servers say."""
    if b" (AUTH: " in line:
        method = _courier(line)
        if method:
            return method
    if b"authenticated" in line and _sendmail(line):
        return b"Sendmail"
    if b"] by mail.gmx." in line:
        found = _GMX.search(line)
        if found:
            return b"GMX (%b / %b)" % (found[2], found[1])
    if b" (authenticated as " in line and _critical_path(line):
        return b"CriticalPath"
    if b") (Authenticated sender: " in line:
        found = _POSTFIX.search(line)
        if found:
            return found[1] if found[1] == b"Postfix" else b"Postfix (%b)" % found[1]
    if b"CommuniGate Pro " in line and b" (account " in line and _COMMUNIGATE.search(line):
        return b"Communigate"
    if b" with Microsoft Exchange Server HTTP-DAV" in line and _HTTP_DAV.search(line):
        return b"HTTP-DAV"
    return b""


# What follows says in steps what one expression with several wildcards would say: linear on any line.


def _courier(line: bytes) -> bytes | None:
    """Courier 0.47 and its like: `(AUTH: LOGIN name, TLS: …) by ` right after the address."""
    if not line.startswith(b"from "):
        return None
    last_by = line.rfind(b") by ")
    for found in _COURIER.finditer(line, 5):
        word, end = found[2], found.end(2)
        if len(word) > 1:
            if word.endswith(b")") and line.startswith(b" by ", end):
                return found[1]
            if word.endswith(b",") and line.startswith(b" ", end) and last_by > end:
                return found[1]
    return None


def _sendmail(line: bytes) -> bool:
    """Sendmail, MDaemon, some webmail: a comment with `authenticated` in it between the address and ` by`."""
    address = _end_of_address(line, 5) if line.startswith(b"from ") else None
    if address is None:
        return False
    opening = line.find(b"(", address)
    word = line.find(b"authenticated", opening + 1) if opening >= 0 else -1
    closing = line.find(b")", word) if word >= 0 else -1
    return closing >= 0 and line.find(b" by", closing) >= 0


def _end_of_address(line: bytes, start: int) -> int | None:
    """Where `…]) `, `…)] ` or `…] (comment)) ` ends first, from `start` on."""
    plain = _AFTER_ADDRESS.search(line, start)
    for closed in _TWO_CLOSED.finditer(line, start, plain.end() if plain else len(line)):
        after_last = max(line.rfind(b")", start, closed.start()) + 1, start)
        if line.find(b"] (", after_last, closed.start()) >= 0:
            return closed.end()
    return plain.end() if plain else None


def _critical_path(line: bytes) -> bool:
    """Critical Path Messaging Server: its version number, then who authenticated."""
    by = line.find(b") by ")
    found = _CRITICAL_PATH.search(line, by + 6) if by >= 0 else None
    return found is not None and line.find(b") id ", found.end() + 1) >= 0
