"""Received-SPF fields (RFC 7208 section 9.1): what another host of ours has found out already."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

_VALUE = re.compile(r"\s*(pass|fail|softfail|neutral|none|temperror|permerror)\b(.*)", re.I | re.S)
# A word that no value follows is taken too: looked for from each of its letters, a long one would cost its square.
_PAIR = re.compile(r'([A-Za-z][A-Za-z0-9._-]*+)(?:\s*+=\s*+(?:"((?:[^"\\]|\\.)*+)"|([^\s;"]+)))?+', re.S)
_QUOTED_PAIR = re.compile(r"\\(.)", re.S)


@dataclass(frozen=True, slots=True)
class ReceivedSpf:
    """A field: the result in lower case, and its key-value pairs, keys in lower case.

    `identity` is "mfrom" (also where the field does not say), "helo", or whatever else it names.
    """

    result: str
    pairs: Mapping[str, str]

    @property
    def identity(self) -> str:
        """Whose result it is."""
        named = self.pairs.get("identity", "mfrom").lower()
        return "mfrom" if named == "mailfrom" else named


def _without_comments(text: str) -> str:
    kept = []
    depth = 0
    at = 0
    quoted = False
    while at < len(text):
        sign = text[at]
        if sign == "\\":
            if not depth:
                kept.append(text[at : at + 2])
            at += 2
            continue
        if sign == '"' and not depth:
            quoted = not quoted
        if sign == "(" and not quoted:
            depth += 1
        elif sign == ")" and not quoted and depth:
            depth -= 1
        elif not depth:
            kept.append(sign)
        at += 1
    return "".join(kept)


def read(value: str) -> ReceivedSpf | None:
    """The field's value read; `None` where it holds no result."""
    match = _VALUE.match(value)
    if match is None:
        return None
    pairs: dict[str, str] = {}
    for pair in _PAIR.finditer(_without_comments(match[2])):
        if pair.end() > pair.end(1):
            text = pair[3] if pair[3] is not None else _QUOTED_PAIR.sub(r"\1", pair[2])
            pairs.setdefault(pair[1].lower(), text)
    return ReceivedSpf(match[1].lower(), pairs)
