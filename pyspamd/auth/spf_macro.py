"""SPF macros (RFC 7208 section 7): `%{ir}.%{v}._spf.%{d2}` becomes a name."""

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import quote

_MACRO = re.compile(
    r"%(?:(?P<escape>[%_-])|\{(?P<letter>[A-Za-z])(?P<parts>[0-9]+)?(?P<reverse>r)?(?P<at>[.\-+,/_=]*)\}|(?P<junk>.))",
    re.S,
)
_ESCAPES = {"%": "%", "_": " ", "-": "%20"}
ONLY_IN_EXPLANATIONS = frozenset("crt")
LONGEST = 2**18
"""Characters that the values of one text's macros may have together."""


class MacroSyntaxError(ValueError):
    """The text holds a macro that is none."""


@dataclass(frozen=True, slots=True)
class Macros:
    """What macros stand for, apart from the current domain and the host's name, which are asked for as needed."""

    ip: ipaddress.IPv4Address | ipaddress.IPv6Address
    sender: str
    local: str
    domain: str
    helo: str
    receiver: str
    now: float

    def value(self, letter: str, authority: str, name: str, explanation: bool) -> str:
        """The value of the macro `letter` (lower case); raises `MacroSyntaxError` for one that does not exist."""
        if letter in ONLY_IN_EXPLANATIONS and not explanation:
            raise MacroSyntaxError(f"macro '{letter}' outside an explanation")
        version4 = self.ip.version == 4
        values = {
            "s": self.sender,
            "l": self.local,
            "o": self.domain,
            "d": authority,
            "i": str(self.ip) if version4 else ".".join(f"{int(self.ip):032x}"),
            "p": name,
            "v": "in-addr" if version4 else "ip6",
            "h": self.helo,
            "c": str(self.ip),
            "r": self.receiver or "unknown",
            "t": str(int(self.now)),
        }
        if letter not in values:
            raise MacroSyntaxError(f"unknown macro '{letter}'")
        return values[letter]


def expand(text: str, macros: Macros, authority: str, name: str, *, explanation: bool = False) -> str:
    """`text` with its macros replaced. Raises `MacroSyntaxError`.

    `authority` is the current domain, `name` the validated name of the host.
    """
    left = LONGEST

    def replaced(match: re.Match[str]) -> str:
        if match["escape"]:
            return _ESCAPES[match["escape"]]
        if match["junk"]:
            raise MacroSyntaxError(f"invalid macro in '{text}'")
        letter = match["letter"]
        value = macros.value(letter.lower(), authority, name, explanation)
        nonlocal left
        left -= len(value)
        if left < 0:
            raise MacroSyntaxError("macros without end")
        if match["parts"] or match["reverse"]:
            value = _parts(value, match["parts"], bool(match["reverse"]), match["at"] or ".")
        return quote(value, safe="-._~", encoding="latin-1", errors="replace") if letter.isupper() else value

    return _MACRO.sub(replaced, text) if "%" in text else text


def _parts(value: str, count: str | None, backwards: bool, delimiters: str) -> str:
    parts = re.split(f"[{re.escape(delimiters)}]", value)
    while parts and not parts[-1]:
        parts.pop()
    if backwards:
        parts.reverse()
    if count is not None:
        most = int(count) if len(count) < 6 else len(parts)
        if most == 0:
            raise MacroSyntaxError("a macro selects no parts")
        parts = parts[-most:]
    return ".".join(parts)
