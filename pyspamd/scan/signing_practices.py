"""What the author domains of the message being judged say of mail without a signature of theirs: ADSP, or the site.

Source: RFC 5617 and Mail::SpamAssassin::Plugin::DKIM, whose letters stand for the practices: N the domain does not
exist, U unknown, A all mail is signed, D what is not signed can be discarded, 1 to 3 the site's own low, medium and
high suspicion.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from ..auth import adsp
from ..base.idn import idn_to_ascii
from ..conf.ascii import lower
from ..conf.directives import BadValue, Build, Custom, required, shorten
from ..conf.lists import EMPTY, frozen_table
from .author_signatures import AuthorSignatures
from .scan import Scan
from .signatures import DKIM_TIMEOUT

ANY_PRACTICE: Final = "NAD123"
"""The letters of all practices that speak against a message."""

MOST_ASKED: Final = 50
"""Author domains of one message that are asked for their practices."""

_OVERRIDE = re.compile(
    r"@?([*a-z0-9._-]+)(?:\s+(nxdomain|unknown|all|discardable|custom_low|custom_med|custom_high))?",
    re.IGNORECASE | re.ASCII,
)
_LETTERS: Mapping[str, str] = {
    "nxdomain": "N",
    "unknown": "U",
    "all": "A",
    "discardable": "D",
    "custom_low": "1",
    "custom_med": "2",
    "custom_high": "3",
}
_FULL_DOMAIN = re.compile(r".\.[a-z-]{2,}\Z", re.IGNORECASE | re.DOTALL)


def _override(table: dict[str, str], value: str, build: Build) -> dict[str, str]:
    found = _OVERRIDE.fullmatch(required(value))
    if found is None:
        raise BadValue(f"takes a domain and a signing practice, not '{shorten(value)}'")
    table[lower(found[1])] = _LETTERS[lower(found[2] or "discardable")]
    return table


ADSP_OVERRIDE: Final = Custom[Mapping[str, str]](
    "adsp_override", EMPTY, _override, thaw=dict, freeze=frozen_table
)
"""The letter of the practice to assume, by domain; a key may start with `*.`."""


async def look_up_practices(scan: Scan, found: AuthorSignatures) -> dict[str, str]:
    """The letter of the practices of each author domain that has no valid signature to show.

    The site's overrides first; the DNS, if it may be asked, for the first of the others.
    """
    table = ADSP_OVERRIDE.of(scan.conf)
    letters: dict[str, str] = {}
    longest = max(map(len, table), default=0)
    asked = 0
    for domain in sorted(filter(_FULL_DOMAIN.search, found.author_domains)):
        if domain in found.valid_by_author or domain in found.too_late:
            continue
        if domain in found.signed_by_author and not found.dependable:
            continue
        key = next((key for key in _override_keys(domain, longest) if key in table), None)
        if key is not None:
            letters[domain] = table[key]
        elif scan.resolver is not None and asked < MOST_ASKED:
            asked += 1
            deadline = scan.deadline.sooner(DKIM_TIMEOUT.of(scan.conf))
            name = idn_to_ascii(domain, characters=True)
            practices = await adsp.lookup(name, scan.resolver, deadline=deadline)
            letters[domain] = _LETTERS[practices.practice]
    return letters


def _override_keys(domain: str, longest: int) -> Iterator[str]:
    """The keys, none over `longest` but the first, under which an override for `domain` may stand, nearest first."""
    yield domain
    dot = domain.find(".", max(len(domain) + 1 - longest, 0))
    while dot >= 0:
        yield "*" + domain[dot:]
        dot = domain.find(".", dot + 1)
    yield "*"
