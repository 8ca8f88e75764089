"""VBounce: tells bounces of mail one really sent from those of mail somebody forged.

welcomelist_bounce_relays mail.example.com relay*.example.net
body __BOUNCE_OURS eval:check_welcomelist_bounce_relays()
"""

import re

from ..conf.addresses import AddressList
from ..scan.plugin import Plugin, Reads, eval_test
from ..scan.scan import Scan

BOUNCE_RELAYS = AddressList("welcomelist_bounce_relays", aliases=("whitelist_bounce_relays",))

_RECEIVED = re.compile(rb"[> ]*Received:", re.IGNORECASE)
_HOST_IN_TEXT = re.compile(rb" (\S+\.\S+) ")
_HOST = re.compile(rb"\s(\S+\.\S+)\s")


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
        header, started = b"", False
        for line in body.split(b"\n"):
            started = started or bool(_RECEIVED.match(line))
            if not started:
                continue
            header = header + line if line[:1].isspace() else line
            if _RECEIVED.match(header) and any(map(relays.matches, _HOST.findall(header))):
                return True
        return False

    check_whitelist_bounce_relays = check_welcomelist_bounce_relays
