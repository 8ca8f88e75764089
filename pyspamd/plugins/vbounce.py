"""VBounce: tells bounces of mail one really sent from those of mail somebody forged.

welcomelist_bounce_relays mail.example.com relay*.example.net
body __BOUNCE_OURS eval:check_welcomelist_bounce_relays()
"""

import re
from collections.abc import Iterator

from ..conf.addresses import AddressList
from ..scan.plugin import Plugin, Reads, eval_test
from ..scan.scan import Scan

BOUNCE_RELAYS = AddressList("welcomelist_bounce_relays", aliases=("whitelist_bounce_relays",))

_RECEIVED = re.compile(rb"[> ]*Received:", re.IGNORECASE)
_HOST_IN_TEXT = re.compile(rb" (\S[^\s.]*+\.\S++) ")
_HOST = re.compile(rb"\s(\S[^\s.]*+\.\S++)\s")


def _quoted_headers(body: bytes) -> Iterator[bytes]:
    """Each line from the first that looks like a Received field, with the indented ones that follow it."""
    parts: list[bytes] = []
    started = False
    for line in body.split(b"\n"):
        started = started or bool(_RECEIVED.match(line))
        if not started:
            continue
        if parts and not line[:1].isspace():
            yield b"".join(parts)
            parts = []
        parts.append(line)
    yield b"".join(parts)


class VBounce(Plugin):
    """Looks for the hosts of `welcomelist_bounce_relays` in the Received lines that a bounce quotes."""

    directives = (BOUNCE_RELAYS,)

    @eval_test(reads=Reads.NOTHING)
    def have_any_bounce_relays(self, scan: Scan) -> bool:
        """Whether any host is configured."""
        return len(BOUNCE_RELAYS.of(scan.conf)) > 0

    @eval_test(reads=Reads.BODY)
    def check_welcomelist_bounce_relays(self, scan: Scan) -> bool:
        """Whether the body quotes a Received line that names one of the hosts."""
        relays = BOUNCE_RELAYS.of(scan.conf)
        if not len(relays):
            return False
        for element in scan.body:
            if _RECEIVED.match(element) and any(map(relays.matches, _HOST_IN_TEXT.findall(element))):
                return True
        body = scan.message.body_bytes
        if b"received:" not in body.lower():
            return False
        return any(
            _RECEIVED.match(header) and any(map(relays.matches, _HOST.findall(header)))
            for header in _quoted_headers(body)
        )

    check_whitelist_bounce_relays = check_welcomelist_bounce_relays
