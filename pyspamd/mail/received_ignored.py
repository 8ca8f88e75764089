"""Received lines that tell of no network handover, or of none with an address, and are passed over.

They do not count as unparseable. The list is that of Mail::SpamAssassin::Message::Metadata::Received; apart
from qmail-scanner's note, which carries an envelope sender, the order does not matter.
"""

import re

from ..base.ip_text import LOCALHOST
from .relay import IGNORED, Skipped, clean_sender


def _any_of(*patterns: bytes) -> re.Pattern[bytes]:
    return re.compile(b"|".join(pattern.replace(b"<localhost>", LOCALHOST) for pattern in patterns))


# `\S[^\s@]*+@\S`: a word with an @ inside it, said so that it takes one pass.
_BEFORE_SCANNER = _any_of(
    rb"\S+ \([^\s\@]+\@<localhost>\) by \S+ \(",
    rb"\S+ \S+ by \S+ with local-e?smtp ",
    rb"127\.0\.0\.1 \(AVG SMTP \S+ \[\S+\]\)",
    rb"\S[^\s@]*+@\S++ by \S+ ",
    rb"Unknown\/Local \(",
    rb"<localhost> \((?:\S+\@)?<localhost>[\)\[]",
    rb"\S+ \((?:\S+\@)?<localhost>\) ",
    rb"\S+ \(\S[^\s@]*+@\S++ \[<localhost>\]\) ",
    rb"\(AUTH: \S+\) by \S+ with ",
    rb"localhost \(localhost \[\[UNIX: localhost\]\]\) by ",
    rb"\S+\.amazon\.com by \S+\.amazon\.com with ESMTP \(peer crosscheck: ",
    rb"[^\.]+ by \S+ with Novell_GroupWise",
    rb"no\.name\.available by \S+ via smtpd \(for ",
)
_SCANNER = re.compile(rb"\S+ by \S+ \(.{0,100}\) with qmail-scanner")
_AFTER_SCANNER = _any_of(
    rb"\S+ by \S+ with local",
    rb"\S+ \(\[unix socket\]\) by \S+ \(Cyrus v[0-9]*?\.[0-9]*?\.[0-9]*?\) with LMTPA",
    rb"\S+ by \S+ (?:with|via|for|\()",
    rb"\S+ (?:(?:with|via|for) \S+|\(unverified\)) by\b",
    rb"\S+ \(unknown\) by \S+ \(SG\) with \b",
    rb"\S+ \(\S+ \[local\]\) by \S+ \(OpenSMTPD\) with \b",
    rb"\(\[<localhost>\]\) with MailEnable ",
    rb"facebook\.com \([^\)]+\) by facebook\.com with Thrift id \S+$",
    rb"\S+ named \S+ by gmailapi\.google\.com with HTTPREST$",
    rb"\S+ id \S+$",
    rb"\[<.*? \(Jetsend",
)
_PARENTHESISED = _any_of(
    rb"\S+\@localhost\) by \S+ ",
    rb"[^\s\@]+\@[^)]+\) by \S+\(jqueuemail\) id [^\s;]+",
)


def passed_over(line: bytes, envelope_from: bytes | None) -> Skipped | None:
    """Why `line`, which begins after its `from `, is passed over; `None` where it is not."""
    if _BEFORE_SCANNER.match(line):
        return IGNORED
    if b" with qmail-scanner" in line and _SCANNER.match(line):
        return Skipped(envelope_from=None if envelope_from is None else clean_sender(envelope_from))
    if _AFTER_SCANNER.match(line) or b"(LSMTP for" in line:
        return IGNORED
    return None


def passed_over_parenthesised(line: bytes) -> Skipped | None:
    """Why `line`, which begins after its `(from `, is passed over; `None` where it is not."""
    return IGNORED if _PARENTHESISED.match(line) else None
