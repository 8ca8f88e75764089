"""The envelope sender: who the message said it came from in SMTP, as far as whoever took it wrote that down.

There is no one field for it. Behaviour is that of Mail::SpamAssassin::PerMsgStatus, `get_envelope_from`.
"""

import re
from collections.abc import Callable, Sequence

from .header_request import parse_request
from .relays import Relays

_RECEIVED = re.compile(rb"^Received:", re.MULTILINE | re.IGNORECASE)


def envelope_from(
    values: Callable[[str], Sequence[bytes]], relays: Relays, header: str | None = None
) -> bytes | None:
    """The envelope sender without angle brackets (empty for bounces), or `None` where it is not known.

    `values` answers requests as `HeaderView.values` does. `header` is the field that is sure to hold it
    (`envelope_sender_header`), where there is one.
    """
    if header and parse_request(header).field.lower() != "envelopefrom":
        sender = _first(values(f"{header}:first:addr"))
        return sender if sender is not None and _is_plausible(sender) else None
    if relays.untrusted:
        sender = relays.untrusted[0].envfrom
    elif relays.trusted:
        sender = relays.trusted[-1].envfrom
    else:
        sender = None
    if sender is not None and _is_plausible(sender):
        return sender

    # List software keeps the original sender in X-Sender, and fetchmail takes it from there for its own
    # delivery: with both at work, no field can be believed.
    original = b"@" in (_first(values("X-Sender:first:addr")) or b"")
    if original and any(b"(fetchmail" in line for line in values("Received")):
        return None

    sender = _first(values("X-Envelope-From:first:addr"))
    if sender is not None:
        return None if _is_below_received(values, b"X-Envelope-From") else sender
    for name in ("Envelope-Sender", "Return-Path"):
        sender = _first(values(f"{name}:first:addr"))
        if sender is not None and not _is_below_received(values, name.encode()):
            return sender
    return None


def _first(found: Sequence[bytes]) -> bytes | None:
    return found[0] if found else None


def _is_plausible(sender: bytes) -> bool:
    return sender == b"" or sender.find(b"@") > 0


def _is_below_received(values: Callable[[str], Sequence[bytes]], name: bytes) -> bool:
    """Whether the field stands below a Received line, so that an earlier delivery wrote it."""
    text = b"".join(values("ALL"))
    received = _RECEIVED.search(text)
    field = re.compile(rb"^" + re.escape(name) + rb":", re.MULTILINE | re.IGNORECASE)
    return received is not None and field.search(text, received.end()) is not None
