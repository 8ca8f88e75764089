"""Authentication-Results (RFC 8601), and ARC-Authentication-Results (RFC 8617): reading and writing the fields.

The reader is as strict as SpamAssassin's: a field with one unknown method, result or property is refused
whole.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

MOST_INSTANCES = 50

_COMMON = "fail none pass permerror temperror"
METHODS: Mapping[str, frozenset[str]] = {
    name: frozenset(words.split())
    for name, words in {
        "arc": "fail none pass",
        "auth": _COMMON,
        "dkim": f"{_COMMON} neutral policy",
        "dkim-adsp": f"{_COMMON} discard nxdomain unknown",
        "dkim-atps": f"{_COMMON} neutral",
        "dmarc": f"{_COMMON} bestguesspass",
        "dnswl": "none pass permerror temperror",
        "domainkeys": f"{_COMMON} neutral policy",
        "iprev": "fail pass permerror temperror",
        "rrvs": f"{_COMMON} unknown",
        "sender-id": f"{_COMMON} hardfail neutral policy softfail",
        "smime": f"{_COMMON} neutral policy",
        "spf": f"{_COMMON} hardfail neutral policy softfail",
        "vbr": _COMMON,
    }.items()
}
"""The methods known and the results each may have."""

PROPERTIES: Mapping[str, Mapping[str, frozenset[str]]] = {
    "arc": {
        "smtp": frozenset({"remote-ip"}),
        "header": frozenset({"oldest-pass"}),
        "arc": frozenset({"chain"}),
    },
    "auth": {"smtp": frozenset({"auth", "mailfrom"})},
    "dkim": {"header": frozenset("dibas")},
    "dkim-adsp": {"header": frozenset({"from"})},
    "dkim-atps": {"header": frozenset({"from"})},
    "dmarc": {"header": frozenset({"from"}), "policy": frozenset({"dmarc"})},
    "dnswl": {"dns": frozenset({"zone", "sec"}), "policy": frozenset({"ip", "txt"})},
    "domainkeys": {"header": frozenset({"d", "from", "sender"})},
    "iprev": {"policy": frozenset({"iprev"})},
    "rrvs": {"smtp": frozenset({"rcptto"})},
    "sender-id": {"header": frozenset({"*"})},
    # The spelling of the second one is what everybody has taken over from the registry.
    "smime": {"body": frozenset({"smime-part", "smime-identifer", "smime-serial", "smime-issuer"})},
    "spf": {"smtp": frozenset({"mailfrom", "mfrom", "helo", "rcpttodomain"})},
    "vbr": {"header": frozenset({"md", "mv"})},
}
"""The properties known, by method and property type; `*` stands for any."""

_TOKEN = r"[^\s\x00-\x1f\x80-\xff()<>@,;:/\[\]?=\"]+"  # noqa: S105 - RFC 2045's token, no secret
_ATOM = r"[a-zA-Z0-9@!#$%&\\'*+\-/=?^_`{|}~]+"
_QUOTED = r'"((?:[^"\\]|\\.)*)"?'
_WORD = re.compile(r"[\w-]+", re.A)
_RESULT = re.compile(r"\w+", re.A)
_VALUE = re.compile(rf"{_QUOTED}|({_ATOM}(?:\.{_ATOM})*|{_TOKEN})(?=[\s;]|\Z)", re.S)
_REASON = re.compile(rf"{_QUOTED}|({_TOKEN})", re.S)
_SERVER = re.compile(_TOKEN)
_DIGITS = re.compile(r"\d+", re.A)
_SPACE = re.compile(r"\s*")
_BRACKET = re.compile(r"[()]")
_PLAIN = re.compile(r"[A-Za-z0-9.@_+/=*:-]+\Z")


class AuthResultsError(ValueError):
    """The field cannot be read; `str()` says why."""


@dataclass(frozen=True, slots=True)
class MethodResult:
    """The result of one method: `properties` by "type.property", lower case, as in `smtp.mailfrom`."""

    method: str
    result: str
    reason: str = ""
    properties: Mapping[str, str] = field(default_factory=dict)
    version: int = 1


@dataclass(frozen=True, slots=True)
class AuthResults:
    """A field: whose results they are (lower case), the results, and for ARC the instance."""

    server: str
    results: tuple[MethodResult, ...]
    instance: int | None = None


class _Reader:
    """A place in a text, moved on by what is read there."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    @property
    def ended(self) -> bool:
        return self.at >= len(self.text)

    def take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        match = pattern.match(self.text, self.at)
        if match is not None:
            self.at = match.end()
        return match

    def need(self, pattern: re.Pattern[str], what: str) -> re.Match[str]:
        match = self.take(pattern)
        if match is None:
            raise AuthResultsError(f"{what}: {self.text[self.at : self.at + 60]}")
        return match

    def sign(self, sign: str) -> bool:
        if not self.text.startswith(sign, self.at):
            return False
        self.at += len(sign)
        return True

    def need_sign(self, sign: str, what: str) -> None:
        if not self.sign(sign):
            raise AuthResultsError(f"{what}: {self.text[self.at : self.at + 60]}")

    def word(self, word: str) -> bool:
        """Whether the text goes on with `word`, whatever its case, and that ends there."""
        return self.take(re.compile(rf"{word}\b", re.I | re.A)) is not None

    def space(self) -> None:
        """Step over white space and a comment, which may hold others."""
        self.take(_SPACE)
        if not self.sign("("):
            return
        depth = 1
        for bracket in _BRACKET.finditer(self.text, self.at):
            depth += 1 if bracket[0] == "(" else -1
            if not depth:
                self.at = bracket.end()
                self.take(_SPACE)
                return
        raise AuthResultsError("comment not ended")


def read(text: str, *, arc: bool = False, accepts: Callable[[str], bool] | None = None) -> AuthResults:
    """The results in the value of a field, `arc` for ARC-Authentication-Results; `AuthResultsError` if malformed.

    `accepts` says whose results are wanted; a field of another server is refused before the rest is read.
    """
    reader = _Reader(text)
    instance = _instance(reader) if arc else None
    server = reader.need(_SERVER, "invalid server name")[0].lower()
    if reader.sign("="):
        raise AuthResultsError(f"missing server name: {text[:60]}")
    if accepts is not None and not accepts(server):
        raise AuthResultsError(f"server not wanted: {server}")
    reader.space()
    if reader.take(_DIGITS):
        reader.space()
    reader.need_sign(";", "missing delimiter")
    reader.space()
    results = []
    # Some generators repeat the server's name before the results.
    again = re.compile(re.escape(server) + r"\s*;")
    while not reader.ended:
        if reader.take(again):
            reader.space()
        if reader.word("none"):
            raise AuthResultsError("no results")
        results.append(_method(reader))
    return AuthResults(server, tuple(results), instance)


def _instance(reader: _Reader) -> int:
    if not (reader.text.startswith("i", reader.at) and reader.take(re.compile(r"i\b", re.A))):
        raise AuthResultsError("missing ARC instance")
    reader.space()
    reader.need_sign("=", "invalid ARC instance")
    reader.space()
    digits = reader.need(_DIGITS, "invalid ARC instance")[0]
    if len(digits) > 9 or not 1 <= int(digits) <= MOST_INSTANCES:
        raise AuthResultsError(f"invalid ARC instance: {digits[:9]}")
    reader.space()
    reader.need_sign(";", "missing delimiter")
    reader.space()
    return int(digits)


def _method(reader: _Reader) -> MethodResult:
    method = reader.need(_WORD, "invalid method")[0].lower()
    if method not in METHODS:
        raise AuthResultsError(f"unknown method: {method}")
    reader.space()
    version = 1
    if reader.sign("/"):
        reader.space()
        digits = reader.need(_DIGITS, f"invalid {method} version")[0]
        version = int(digits[:9])
        reader.space()
    reader.need_sign("=", f"missing result for {method}")
    reader.space()
    result = reader.need(_RESULT, f"invalid result for {method}")[0]
    if result not in METHODS[method]:
        raise AuthResultsError(f"unknown result for {method}: {result}")
    reader.space()
    reason = ""
    if reader.word("reason"):
        reason = _clause(reader, "reason")
    if reader.word("action"):
        _clause(reader, "action")
    return MethodResult(method, result, reason, _properties(reader, method), version)


def _clause(reader: _Reader, name: str) -> str:
    reader.space()
    reader.need_sign("=", f"invalid {name}")
    reader.space()
    match = reader.need(_REASON, f"invalid {name}")
    reader.space()
    return match[1] if match[1] is not None else match[2]


def _properties(reader: _Reader, method: str) -> dict[str, str]:
    found: dict[str, str] = {}
    while not reader.ended:
        if reader.sign(";"):
            reader.space()
            break
        kind = reader.need(_WORD, "invalid property type")[0].lower()
        known = PROPERTIES[method].get(kind)
        if known is None:
            raise AuthResultsError(f"unknown property type: {method}/{kind}")
        reader.space()
        reader.need_sign(".", "missing property")
        reader.space()
        name = reader.need(_WORD, "invalid property")[0].lower()
        if name not in known and "*" not in known:
            raise AuthResultsError(f"unknown property for {method}/{kind}: {name}")
        reader.space()
        reader.need_sign("=", "missing property value")
        reader.space()
        match = reader.need(_VALUE, f"invalid {method}/{kind}.{name} value")
        found[f"{kind}.{name}"] = match[1] if match[1] is not None else match[2]
        reader.space()
        if reader.sign(";"):
            reader.space()
            break
    return found


def _written(value: str) -> str:
    if _PLAIN.match(value):
        return value
    quoted = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{quoted}"'


def write(server: str, results: Sequence[MethodResult], *, instance: int | None = None) -> str:
    """The value of a field (RFC 8601 section 2.2): one line, no folding; with `instance`, the ARC one."""
    clauses = [server] if instance is None else [f"i={instance}", server]
    for result in results:
        version = f"/{result.version}" if result.version != 1 else ""
        words = [f"{result.method}{version}={result.result}"]
        if result.reason:
            words.append(f"reason={_written(result.reason)}")
        words += [f"{name}={_written(value)}" for name, value in result.properties.items()]
        clauses.append(" ".join(words))
    if not results:
        clauses.append("none")
    return "; ".join(clauses)
