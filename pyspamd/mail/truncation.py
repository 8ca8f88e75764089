"""The mark that a content filter puts on a message that it has cut before passing it on.

    X-Amavis-MessageSize: 2500000, TRUNCATED to 400000

Anybody can write such a field, so whether it is believed is for the configuration to say.
"""

import re
from dataclasses import dataclass

MARK = b"x-amavis-messagesize"

_FIELD = re.compile(rb"([^\s:]+)[ \t]*:([^\n]*\n(?:[ \t][^\n]*\n)*)")
_VALUE = re.compile(rb"\s*([0-9]{1,18})\s*,\s*TRUNCATED\s+to\s+([0-9]{1,18})\s*\Z")


@dataclass(frozen=True, slots=True)
class Truncation:
    """Sizes in bytes, as a mark tells them.

    `size` is that of the whole message, `kept` of what was passed on, `prefix` of the fields that the filter has put
    in front, its mark included.
    """

    size: int
    kept: int
    prefix: int

    def body_size(self, header_size: int) -> int | None:
        """The size of the whole body, where the header as passed on, its empty line included, has `header_size`."""
        size = self.size - (header_size - self.prefix)
        return size if size >= 0 else None


def truncation_of(raw: bytes) -> Truncation | None:
    """What the filter that passed the message on says of its having been cut; `None` where it says nothing.

    Only the topmost field of that name counts, and only above all Received fields: what stands further down came
    with the message.
    """
    start = raw.find(b"\n") + 1 if raw.startswith(b"From ") else 0
    at = start
    while field := _FIELD.match(raw, at):
        name, at = field[1].lower(), field.end()
        if name == b"received":
            return None
        if name == MARK:
            value = _VALUE.match(field[2])
            if value is None or int(value[1]) <= int(value[2]):
                return None
            return Truncation(int(value[1]), int(value[2]), at - start)
    return None
