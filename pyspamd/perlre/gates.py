"""The gate of a regex: in which simplification of the text which literals must occur before it can match.

Plain data, so that a cache of compiled rules can keep it: working gates out takes far longer than compiling.
"""

from typing import Final, NamedTuple

from .errors import RegexError
from .groups import read_flags
from .literals import Strings, Tier, cost, required_literals
from .parser import parse

_LOWER_TABLE: Final = tuple(bytes([byte]).lower() for byte in range(256))
_SQUEEZED_FROM: Final = b"abcdefghijklmnopqrstuvwxyz0123456789"
_SQUEEZED_TO: Final = b"abcdefghijkimnopqrstuvwxyzoi2eas6789"


def _squeezed(byte: int) -> bytes:
    at = _SQUEEZED_FROM.find(bytes([byte]).lower())
    return b"" if at < 0 else _SQUEEZED_TO[at : at + 1]


_SQUEEZED_TABLE: Final = tuple(_squeezed(byte) for byte in range(256))

LOWER: Final = Tier("lower", _LOWER_TABLE, False)
LOWER_ASCII: Final = Tier("lower ascii", _LOWER_TABLE, True)
SQUEEZED: Final = Tier("squeezed", _SQUEEZED_TABLE, False)
SQUEEZED_ASCII: Final = Tier("squeezed ascii", _SQUEEZED_TABLE, True)
TIERS: Final = {tier.name: tier for tier in (LOWER, LOWER_ASCII, SQUEEZED, SQUEEZED_ASCII)}

SQUEEZE_TABLE: Final = bytes((_SQUEEZED_TABLE[byte] or b" ")[0] for byte in range(256))
SQUEEZE_DELETE: Final = bytes(byte for byte in range(256) if not _SQUEEZED_TABLE[byte])
"""`bytes.translate` with these two makes of a subject what the squeezed tiers look at."""

_ALWAYS: Final = 5.0  # runs in a kilobyte of a regex without gate: about so many elements it has
_HIGH_SHARE: Final = 0.15  # of text in elements that are not ASCII
_GOOD: Final = 0.25
_USEFUL: Final = 2.0
_NO_SQUEEZE_UNLESS: Final = 0.6


class Gate(NamedTuple):
    """A regex can match a subject only if one of `literals` occurs in it, simplified as the tier says.

    For an `ascii` tier that holds of subjects without high bytes only. No literals: it cannot match there.
    """

    tier: str
    literals: tuple[bytes, ...]


def gate_of(pattern: str, flags: str = "") -> Gate | None:
    """The gate of a pattern, or `None` if none is known or worth having."""
    try:
        root = parse(pattern, read_flags(flags, 0)).root
    except (RegexError, RecursionError):
        return None
    best: tuple[float, Tier, Strings] | None = None
    for tier in (LOWER, LOWER_ASCII, SQUEEZED, SQUEEZED_ASCII):
        literals = required_literals(root, tier)
        if literals is None:
            continue
        runs = min(cost(literals), _ALWAYS)
        if runs > _USEFUL:
            continue
        if tier.ascii_only:
            runs = runs * (1 - _HIGH_SHARE) + _ALWAYS * _HIGH_SHARE
        weight = runs if tier in (LOWER, LOWER_ASCII) else runs / _NO_SQUEEZE_UNLESS
        if best is None or weight < best[0]:
            best = weight, tier, literals
        if weight < _GOOD:
            break
    return None if best is None else Gate(best[1].name, tuple(sorted(best[2])))
