"""Sets of byte values as 256-bit masks: ranges, Perl's ASCII classes, folding of case."""

from typing import Final


def span_mask(low: int, high: int) -> int:
    """The mask of the bytes from `low` to `high`, both included."""
    return (1 << (high + 1)) - (1 << low)


def of(text: bytes) -> int:
    """The mask of the bytes in `text`."""
    mask = 0
    for byte in text:
        mask |= 1 << byte
    return mask


ALL: Final = (1 << 256) - 1
HIGH: Final = span_mask(0x80, 0xFF)
_DIGIT: Final = span_mask(0x30, 0x39)
_UPPER: Final = span_mask(0x41, 0x5A)
_LOWER: Final = span_mask(0x61, 0x7A)
_ALPHA: Final = _UPPER | _LOWER
_WORD: Final = _ALPHA | _DIGIT | of(b"_")
_SPACE: Final = of(b"\t\n\v\f\r ")
_GRAPH: Final = span_mask(0x21, 0x7E)

ESCAPES: Final = {
    "d": _DIGIT,
    "w": _WORD,
    "s": _SPACE,
    "h": of(b"\t \xa0"),
    "v": of(b"\n\v\f\r\x85"),
}
"""The bytes of `\\d`, `\\w`, `\\s`, `\\h` and `\\v` under `/aa`; the capital letter is the complement."""

POSIX: Final = {
    "alpha": _ALPHA,
    "digit": _DIGIT,
    "alnum": _ALPHA | _DIGIT,
    "upper": _UPPER,
    "lower": _LOWER,
    "space": _SPACE,
    "blank": of(b"\t "),
    "punct": _GRAPH & ~(_ALPHA | _DIGIT),
    "print": _GRAPH | of(b" "),
    "graph": _GRAPH,
    "cntrl": span_mask(0, 0x1F) | of(b"\x7f"),
    "xdigit": _DIGIT | span_mask(0x41, 0x46) | span_mask(0x61, 0x66),
    "word": _WORD,
    "ascii": span_mask(0, 0x7F),
}
"""The bytes of `[:name:]` under `/aa`."""

_UPPER_CASES: Final = _UPPER | (span_mask(0xC0, 0xDE) & ~(1 << 0xD7))
_LOWER_CASES: Final = _LOWER | (span_mask(0xE0, 0xFE) & ~(1 << 0xF7))

FOLDS_TO_LATIN1: Final = {0x178: 0xFF, 0x39C: 0xB5, 0x3BC: 0xB5, 0x212B: 0xE5, 0x1E9E: 0xDF}
"""Characters that are no bytes themselves but whose other case is one (no ASCII letter, because of `/aa`)."""


def folded(mask: int) -> int:
    """`mask` with the other case of every ASCII and Latin-1 letter in it."""
    return mask | ((mask & _UPPER_CASES) << 32) | ((mask & _LOWER_CASES) >> 32)


def members(mask: int) -> list[int]:
    """The byte values in `mask`, rising."""
    found = []
    while mask:
        bit = mask & -mask
        found.append(bit.bit_length() - 1)
        mask ^= bit
    return found


def other_case(byte: int) -> int:
    """The other case of `byte` in Latin-1, or `byte` itself."""
    bit = 1 << byte
    if bit & _UPPER_CASES:
        return byte + 32
    return byte - 32 if bit & _LOWER_CASES else byte
