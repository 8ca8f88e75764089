"""Dates in headers: RFC 5322 dates with the faults real mail has, and what Date and Received say of each other.

Source: Mail::SpamAssassin::Util, `parse_rfc822_date`; Mail::SpamAssassin::Plugin::HeaderEval.
"""

import re
from calendar import monthrange, timegm
from collections.abc import Sequence

_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec"
_MONTH = {name.lower().encode(): number for number, name in enumerate(_MONTHS.split(), 1)}
_NAMES = _MONTHS.replace(" ", "|").encode()
_DAY_FIRST = re.compile(rb" (\d+) (" + _NAMES + rb") (\d{4}) ", re.IGNORECASE)
_ASCTIME = re.compile(rb" (" + _NAMES + rb") +(\d+) \d+:\d+:\d+ (\d{4}) ", re.IGNORECASE)
_SHORT_YEAR = re.compile(rb" (\d+) (" + _NAMES + rb") (\d{2,3}) ", re.IGNORECASE)
_USUAL = re.compile(
    rb"[ \t\n]*+(?:[A-Z]{3}, )?(\d\d?) ("
    + _NAMES
    + rb") (\d{4}) (\d\d):(\d\d)(?::(\d\d))? ([-+])(\d\d)(\d\d)"
    rb"(?: \([A-Z]{1,5}\))?[ \t\n]*+\Z",
    re.IGNORECASE,
)
_TIME = re.compile(rb" (\d?\d):(\d\d)(?::(\d\d))? ")
_OFFSET = re.compile(rb" ([-+])(\d\d)(\d\d) ")
_ZONE = re.compile(rb"\b([A-Z]{2,4}(?:-DST)?)\b")
_COMMAS = re.compile(rb", *")
_SPACES = re.compile(rb"[ \t\n\r\f\v]+")

LONGEST = 1000
"""Octets that are looked at: no date is that long, and the expressions above should not see a novel."""
_ZONES = {
    name: sign * (hours * 60 + minutes) * 60
    for sign, hours, minutes, names in (
        (1, 0, 0, "UT UTC GMT WET"),
        (-1, 2, 0, "BRST"),
        (-1, 2, 30, "NDT"),
        (-1, 3, 0, "ADT BRT"),
        (-1, 3, 30, "NST"),
        (-1, 4, 0, "AST EDT"),
        (-1, 5, 0, "EST CDT"),
        (-1, 6, 0, "CST MDT"),
        (-1, 7, 0, "MST PDT"),
        (-1, 8, 0, "PST AKDT"),
        (-1, 9, 0, "AKST HADT"),
        (-1, 10, 0, "HST HAST"),
        (1, 1, 0, "BST IST WEST CET MET MEZ"),
        (1, 2, 0, "CEST EET MEST MESZ"),
        (1, 3, 0, "EEST MSK IDT"),
        (1, 4, 0, "MSD"),
        (1, 8, 0, "AWST HKT SGT PHT"),
        (1, 9, 0, "JST KST"),
        (1, 9, 30, "ACST"),
        (1, 10, 0, "AEST"),
        (1, 10, 30, "ACDT"),
        (1, 11, 0, "AEDT"),
        (1, 12, 0, "NZST"),
        (1, 13, 0, "NZDT"),
    )
    for name in names.encode().split()
}
"""Seconds east of Greenwich of the zone names that mail uses."""

RECEIVED_DATE = re.compile(rb"(\s.?\d+ \S\S\S \d+ \d+:\d+:\d+ \S+)")
_LOCAL_HOP = re.compile(rb"\bfrom (?:localhost\s|(?:\S+ ){1,2}\S*\b127\.0\.0\.1\b)")
_QMAIL_LOCAL = re.compile(rb"qmail \d+ invoked by uid \d+")
_FETCHMAIL = re.compile(rb"\bby localhost with \w+ \(fetchmail-[\d.]+")


def parse_date(text: bytes) -> int | None:
    """A header date as seconds since the epoch (UTC), or `None` where there is no date in it.

    Impossible times of day are taken for the last possible ones, a day past the month's end for the first of the
    next month, years outside 1970-2037 for the nearest of these; an unknown zone counts as UTC.
    """
    usual = _USUAL.match(text) if len(text) <= LONGEST else None
    if usual is not None:
        day, month, year, hours, minutes, seconds, sign, zone_hours, zone_minutes = usual.groups()
        offset = (int(zone_hours) * 60 + int(zone_minutes)) * 60
        clock = (min(int(hours), 23), min(int(minutes), 59), min(int(seconds or 0), 59))
        return _moment(int(year), _MONTH[month.lower()], int(day), clock, -offset if sign == b"-" else offset)
    return _parse_any(text)


def _parse_any(text: bytes) -> int | None:
    """`parse_date` for dates that are not as RFC 5322 wants them."""
    text = text[:LONGEST]
    text = _SPACES.sub(b" ", _COMMAS.sub(b" ", b" " + text + b" "))
    found = _DAY_FIRST.search(text)
    if found:
        day, month, year = found.groups()
    elif found := _ASCTIME.search(text):
        month, day, year = found.groups()
    elif found := _SHORT_YEAR.search(text):
        day, month, year = found.groups()
    else:
        return None
    text = text[: found.start()] + b" " + text[found.end() :]
    years = int(year)
    if len(year) == 2 and years < 50:
        years += 2000
    elif len(year) != 4:
        years += 1900
    clock = (0, 0, 0)
    if found := _TIME.search(text):
        clock = (min(int(found[1]), 23), min(int(found[2]), 59), min(int(found[3] or 0), 59))
        text = text[: found.start()] + b" " + text[found.end() :]
    return _moment(years, _MONTH[month.lower()], int(day[:9]), clock, _zone_offset(text))


def _moment(years: int, months: int, days: int, clock: tuple[int, int, int], offset: int) -> int | None:
    longest = monthrange(max(1, min(years, 9999)), months)[1] if 0 < years < 10000 else 31
    if days > longest:
        days, months = 1, months + 1
        if months > 12:
            months, years = 1, years + 1
    if days < 1:
        return None
    return max(0, timegm((max(1970, min(2037, years)), months, days, *clock)) - offset)


def _zone_offset(text: bytes) -> int:
    if numeric := _OFFSET.search(text):
        seconds = (int(numeric[2]) * 60 + int(numeric[3])) * 60
        return -seconds if numeric[1] == b"-" else seconds
    named = _ZONE.search(text)
    return _ZONES.get(named[1], 0) if named else 0


def header_date(resent: Sequence[bytes], dates: Sequence[bytes]) -> int | None:
    """The moment the sender claims: the first readable Resent-Date, else the first readable Date."""
    for value in (*resent, *dates):
        moment = parse_date(value.removesuffix(b"\n")) if value else None
        if moment is not None:
            return moment
    return None


def received_dates(received: bytes, now: float) -> tuple[list[int], int | None]:
    """The moments in Received lines (topmost first, one line each), and that of a local fetchmail hop if any."""
    lines = [line for line in received.split(b"\n") if line.strip()]
    local, lines = split_local_hops(lines)
    fetched = [moment for moment in map(_received_moment, local) if moment is not None and now >= moment]
    moments = [moment for moment in map(_received_moment, lines) if moment is not None]
    return moments, max(fetched, default=None)


def split_local_hops(lines: Sequence[bytes]) -> tuple[list[bytes], list[bytes]]:
    """Received lines, topmost first: what a fetchmail on this machine added, and the rest.

    To the former belongs the local hop above fetchmail's own line.
    """
    hop = 1 if lines and (_LOCAL_HOP.search(lines[0]) or _QMAIL_LOCAL.search(lines[0])) else 0
    local = hop + 1 if len(lines) > hop and _FETCHMAIL.search(lines[hop]) else 0
    return list(lines[:local]), list(lines[local:])


def _received_moment(line: bytes) -> int | None:
    found = RECEIVED_DATE.search(line)
    return parse_date(found[1]) if found else None


def date_difference(claimed: int | None, received: Sequence[int]) -> int:
    """Seconds by which the claimed date is ahead of the Received date it is nearest to; 0 where one is missing."""
    if claimed is None or not received:
        return 0
    differences = [claimed - moment for moment in received]
    if len(differences) > 1 and differences[-1] == 0:
        differences.pop()  # a first hop that agrees to the second may just repeat the Date
    return min(differences, key=abs)
