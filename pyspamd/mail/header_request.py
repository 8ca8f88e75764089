"""What header rules and plugins ask for: a field's name and its modifiers, as in `From:addr:host`.

Source: `header` in Mail::SpamAssassin::Conf; `get` of Mail::SpamAssassin::PerMsgStatus.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

_SINGLE = re.compile(r":(?:addr|name|host|domain|ip|revip)\b", re.ASCII)


@dataclass(frozen=True, slots=True)
class HeaderRequest:
    """A request taken apart; modifiers nobody knows are ignored.

    raw -- undecoded; first, last -- only the topmost or lowest field
    addr, name -- mail addresses or their display names; `addr` goes before `name`
    host, domain -- the first host named, or the domain it is in
    ip, revip -- the first IP address, or that address turned round
    single -- in scalar context the answer is the first value, not all of them joined
    """

    field: str
    raw: bool
    addr: bool
    name: bool
    host: bool
    domain: bool
    ip: bool
    revip: bool
    first: bool
    last: bool
    single: bool


@lru_cache(maxsize=4096)
def parse_request(text: str) -> HeaderRequest:
    """The request that `text` makes."""
    field, *modifiers = text.split(":")
    said = frozenset(modifiers)
    return HeaderRequest(
        field,
        raw="raw" in said,
        addr="addr" in said,
        name="name" in said,
        host="host" in said or "domain" in said,
        domain="domain" in said,
        ip="ip" in said or "revip" in said,
        revip="revip" in said,
        first="first" in said,
        last="last" in said,
        single=text == "EnvelopeFrom" or _SINGLE.search(text) is not None,
    )
