"""When a message was received, as its own fields tell it.

Source: `receive_date` and `first_date` of Mail::SpamAssassin::Util.
"""

import re
import time
from collections.abc import Iterable

from .dates import parse_date, split_local_hops
from .message import Message

_FOLDS = re.compile(rb"\n[ \t]+")
_RECEIVED = re.compile(rb"^Received:(.*)", re.I | re.M)
_SEPARATOR = re.compile(rb"^(?:From|X-From-Line:)\s+(.+)$", re.I | re.M)
_ZONED = re.compile(rb"[-+]\d{4}|\b[A-Z]{2,4}\b")
_RESENT = re.compile(rb"^Resent-Date:\s*(.+)$", re.I | re.M)
_DATE = re.compile(rb"^Date:\s*(.+)$", re.I | re.M)


def receive_date(message: Message, now: float) -> int:
    """Seconds since the epoch at which `message` came in, or `now` where no field says.

    The topmost Received field that is no local hop decides, then the mailbox separator, then what is left.
    """
    text = _FOLDS.sub(b" ", (message.mailbox_separator or b"") + b"".join(message.headers.all()))
    local, lines = split_local_hops(_RECEIVED.findall(text))
    separator = _SEPARATOR.search(text)
    stamped = separator[1] if separator else b""
    if not _ZONED.search(stamped):
        stamped += _local_zone()
    claimed = [found[1] if found else b"" for found in (_RESENT.search(text), _DATE.search(text))]
    for candidates in (lines[:1], local, [stamped], lines[1:], claimed[:1], claimed[1:]):
        moment = _first(candidates)
        if moment is not None:
            return moment
    return int(now)


def _first(texts: Iterable[bytes]) -> int | None:
    return next((moment for moment in map(parse_date, texts) if moment), None)


def _local_zone() -> bytes:
    return time.strftime(" %z").encode("ascii")
