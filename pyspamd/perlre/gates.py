"""The gate of a regex: in which simplification of the text which literals must occur before it can match.

Plain data, so that a cache of compiled rules can keep it: working gates out takes far longer than compiling.
"""

from math import exp
from typing import Final, NamedTuple

from .errors import RegexError
from .groups import read_flags
from .literals import Tier, cost, required_literals
from .parser import parse

LOWER_TABLE: Final = bytes(range(256)).lower().translate(bytes.maketrans(b"\t\n\v\f\r", b"     "))
"""`bytes.translate` with it makes of a subject what the lower tiers look at: lower case, blanks all alike."""

_LOWER_TABLE: Final = tuple(LOWER_TABLE[byte : byte + 1] for byte in range(256))
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
"""`bytes.translate` with these two makes of a subject what the squeezed tier looks at."""

_ALWAYS: Final = 5.0  # runs in a kilobyte of a regex without gate: about so many elements it has
_ELEMENT: Final = 0.2  # kilobytes an element has
_HIGH_SHARE: Final = 0.15  # of text in elements that are not ASCII
_MOST_COUNTED: Final = 100  # beyond it the chance is as good as none
_FIND: Final = 0.1  # what finding a literal costs, compared to a run of a short regex
_LONG: Final = 800  # characters of a regex of which a run costs about twice that
_GOOD: Final = 0.25
_USEFUL: Final = {"text": 3.5, "uri": 2.0, "markup": 0.5}  # less where regexes are cheap and text is much
_WORTH: Final = {"lower": 1.0, "lower ascii": 1.0, "squeezed": 1.2, "squeezed ascii": 1.2}


class Gate(NamedTuple):
    """A regex can match a subject only if at `times` places of it, simplified by the tier, `literals` occur.

    For an ASCII tier that holds only of subjects without high bytes and entities. No literals: no match.
    """

    tier: str
    literals: tuple[bytes, ...]
    times: int = 1


def gate_of(pattern: str, flags: str = "", kind: str = "text") -> Gate | None:
    """The gate of a pattern for one kind of text, or `None` if none is known or worth having."""
    try:
        root = parse(pattern, read_flags(flags, 0)).root
    except (RegexError, RecursionError):
        return None
    best: Gate | None = None
    best_runs = _USEFUL[kind]
    for tier in TIERS.values():
        found = required_literals(root, tier, kind)
        gates = []
        if found.literals is not None:
            gates.append(Gate(tier.name, tuple(sorted(found.literals))))
        if found.counted is not None and tier is LOWER:
            gates.append(Gate(tier.name, tuple(sorted(found.counted.literals)), found.counted.times))
        for gate in gates:
            runs = _runs(gate, kind, len(pattern))
            if runs < best_runs:
                best, best_runs = gate, runs
        if best_runs < _GOOD:
            break
    return best


def _as_many(times: int, mean: float) -> float:
    """How likely something comes so many times or more where it comes `mean` times on average (Poisson)."""
    fewer = term = exp(-mean)
    for number in range(1, min(times, _MOST_COUNTED)):
        term *= mean / number
        fewer += term
    return max(0.0, 1 - fewer)


def _runs(gate: Gate, kind: str, size: int) -> float:
    """How often a kilobyte a regex of `size` may be expected to run, what finding costs counted in runs."""
    often = finds = cost(gate.literals, kind)
    if gate.times > 1:
        often = _ALWAYS * _as_many(gate.times, often * _ELEMENT)
    often = min(often, _ALWAYS)
    if TIERS[gate.tier].ascii_only:
        often = often * (1 - _HIGH_SHARE) + _ALWAYS * _HIGH_SHARE
    return often * _WORTH[gate.tier] + finds * _FIND / (1 + size / _LONG)
