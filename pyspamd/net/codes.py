"""What DNS lists answer with: addresses that are codes, and the tests that rules make on them.

Source: RFC 5782 section 2.1 for the codes; for the tests `urirhssub` in Mail::SpamAssassin::Plugin::URIDNSBL and
`askdns` in Mail::SpamAssassin::Plugin::AskDNS.

Example::

    >>> bits = parse_code_test("0x10")
    >>> bits.matches(address_value("127.0.0.24")), bits.matches(address_value("127.0.0.8"))
    (True, False)
"""

import re
from dataclasses import dataclass
from typing import Final, Literal

_DECIMAL: Final = re.compile(r"[0-9]{1,10}")
_HEXADECIMAL: Final = re.compile(r"0x([0-9a-fA-F]*)[0-9a-zA-Z]*")
_LONGEST_HEXADECIMAL: Final = 10
_QUAD: Final = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}")
_OCTET: Final = r"(?:1[0-9][0-9]|2[0-4][0-9]|25[0-5]|[1-9]?[0-9])"
_STRICT_QUAD: Final = re.compile(rf"{_OCTET}(?:\.{_OCTET}){{3}}")
_PARTS: Final = re.compile(r"([^/-]+)(?:([/-])(.+))?", re.DOTALL)
_LOOPBACK: Final = 0x7F
_OCTETS_SHIFT: Final = 24


def address_value(address: str) -> int:
    """An IPv4 address as a number; octets above 255 lose their high bits."""
    value = 0
    for octet in address.split("."):
        value = value << 8 | int(octet) & 0xFF
    return value


@dataclass(frozen=True, slots=True)
class CodeTest:
    """A test on an address: a mask of which a bit must be set (in 127.0.0.0/8), a range, or a value under a mask.

    `text` is the test in the one form that all spellings come down to.
    """

    text: str
    first: int
    kind: Literal["", "-", "/"]
    second: int

    def matches(self, value: int) -> bool:
        """Whether the address with this value passes."""
        if self.kind == "-":
            return self.first <= value <= self.second
        if self.kind == "/":
            return value & self.second == self.first & self.second
        return bool(value & self.first) and value >> _OCTETS_SHIFT == _LOOPBACK


def parse_code_test(text: str, *, strict: bool = False, plain: bool = False) -> CodeTest | None:
    """The test `m`, `n1-n2` or `n/m`, each a decimal, hexadecimal or dotted number; `None` where it is none.

    `strict` wants dotted numbers to be addresses; `plain` takes leading zeros off decimal ones.
    """
    found = _PARTS.fullmatch(text)
    if found is None:
        return None
    numbers: list[str] = []
    dotted = False
    for part in (found[1], found[3]):
        if part is None:
            continue
        if _DECIMAL.fullmatch(part):
            numbers.append(str(int(part)) if plain else part)
        elif len(part) <= _LONGEST_HEXADECIMAL and len(part) > 2 and (digits := _HEXADECIMAL.fullmatch(part)):
            numbers.append(str(int(digits[1] or "0", 16)))
        elif (_STRICT_QUAD if strict else _QUAD).fullmatch(part):
            numbers.append(str(address_value(part)))
            dotted = True
        else:
            return None
    kind: Literal["", "-", "/"] = "-" if found[2] == "-" else "/" if found[2] else ""
    if not kind and dotted:
        kind, numbers = "-", numbers * 2
    return CodeTest(kind.join(numbers) or numbers[0], int(numbers[0]), kind, int(numbers[-1]))
