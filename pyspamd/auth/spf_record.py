"""SPF records (RFC 7208 sections 4.6, 5 and 6): text in, mechanisms and modifiers out.

Also reads `spf2.0/mfrom` records (RFC 4406), which Mail::SPF prefers where one comes first. What the syntax
does not allow makes the whole record invalid, even what stands behind the term that decides.
"""

import ipaddress
import re
from dataclasses import dataclass

from ..base.remembered import remembered

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_EXPAND = r"%(?:\{[A-Za-z]\d*r?[.\-+,/_=]*\}|[%_-])"
_MACRO_STRING = rf"(?:{_EXPAND}|[!-$&-~])*"
_TOP_LABEL = r"(?:[A-Za-z0-9]+-[A-Za-z0-9-]*[A-Za-z0-9]|[A-Za-z0-9]*[A-Za-z][A-Za-z0-9]*)"
_DOMAIN_SPEC = re.compile(rf"{_MACRO_STRING}(?:\.{_TOP_LABEL}\.?|{_EXPAND})", re.A)
_WHOLE_MACRO_STRING = re.compile(rf"{_MACRO_STRING}\Z", re.A)
_VERSION = re.compile(r"(?:v=spf1|spf2\.0/((?:mfrom|pra)(?:,(?:mfrom|pra))*))(?: +|\Z)", re.I)
_NAME = r"[A-Za-z][A-Za-z0-9\-_.]*"
_MECHANISM = re.compile(rf"([+\-~?]?)({_NAME})(?=[:/]|\Z)(.*)", re.S)
_MODIFIER = re.compile(rf"({_NAME})=(.*)", re.S)
_PREFIXES = re.compile(r"(?:/(\d+))?(?://(\d+))?\Z", re.A)

RESULTS = {"": "pass", "+": "pass", "-": "fail", "~": "softfail", "?": "neutral"}
NEEDS_DOMAIN = frozenset({"include", "exists"})
MECHANISMS = frozenset({"all", "ip4", "ip6", "a", "mx", "ptr", "exists", "include"})


class SpfSyntaxError(ValueError):
    """The record is invalid; `str()` says where."""


@dataclass(frozen=True, slots=True)
class Mechanism:
    """One mechanism: `domain` is a macro string in lower case, `None` for the current domain."""

    text: str
    name: str
    qualifier: str
    domain: str | None = None
    network: Network | None = None
    prefix4: int = 32
    prefix6: int = 128

    @property
    def result(self) -> str:
        """What a match means."""
        return RESULTS[self.qualifier]


@dataclass(frozen=True, slots=True)
class SpfRecord:
    """A record: its mechanisms in order, its `redirect=` and `exp=` as macro strings, the scopes it speaks for."""

    mechanisms: tuple[Mechanism, ...]
    redirect: str | None = None
    exp: str | None = None
    version: int = 1
    scopes: frozenset[str] = frozenset({"helo", "mfrom"})


LONGEST_KEPT = 4096
"""Characters of a record up to which it is remembered: one of 64 kB makes megabytes of mechanisms."""


@remembered(most=2048, longest=LONGEST_KEPT)
def read_record(text: str) -> SpfRecord | None:
    """The record in the text of a TXT record, `None` where there is none; `SpfSyntaxError` if invalid."""
    start = _VERSION.match(text)
    if start is None:
        return None
    mechanisms: list[Mechanism] = []
    modifiers: dict[str, str] = {}
    for term in text[start.end() :].split(" "):
        if not term:
            continue
        if (match := _MECHANISM.match(term)) is not None:
            mechanisms.append(_mechanism(term, match[1], match[2].lower(), match[3]))
        elif (match := _MODIFIER.match(term)) is not None:
            name = match[1].lower()
            if name not in ("redirect", "exp"):
                if not _WHOLE_MACRO_STRING.match(match[2]):
                    raise SpfSyntaxError(f"invalid macro string in '{term}'")
            elif name in modifiers:
                raise SpfSyntaxError(f"duplicate modifier '{name}'")
            else:
                modifiers[name] = _whole_domain(term, match[2])
        else:
            raise SpfSyntaxError(f"junk in record: '{term}'")
    found = tuple(mechanisms)
    redirect, exp = modifiers.get("redirect"), modifiers.get("exp")
    if start[1] is None:
        return SpfRecord(found, redirect, exp)
    return SpfRecord(found, redirect, exp, 2, frozenset(start[1].lower().split(",")))


def _plain(domain: str) -> str:
    return domain.removesuffix(".").lower()


def _whole_domain(term: str, text: str) -> str:
    match = _DOMAIN_SPEC.match(text)
    if match is None:
        raise SpfSyntaxError(f"missing domain in '{term}'")
    if match.end() != len(text):
        raise SpfSyntaxError(f"junk in '{term}'")
    return _plain(match[0])


def _mechanism(term: str, qualifier: str, name: str, rest: str) -> Mechanism:
    if name not in MECHANISMS:
        raise SpfSyntaxError(f"unknown mechanism '{name}'")
    if rest[:1] == ":" and len(rest) > 1:
        rest = rest[1:]
    if name == "all":
        if rest:
            raise SpfSyntaxError(f"junk in '{term}'")
        return Mechanism(term, name, qualifier)
    if name in ("ip4", "ip6"):
        return Mechanism(term, name, qualifier, network=_network(term, name, rest))
    if name in NEEDS_DOMAIN:
        return Mechanism(term, name, qualifier, _whole_domain(term, rest))
    match = _DOMAIN_SPEC.match(rest)
    domain = None if match is None else _plain(match[0])
    rest = rest if match is None else rest[match.end() :]
    if name == "ptr":
        if rest:
            raise SpfSyntaxError(f"junk in '{term}'")
        return Mechanism(term, name, qualifier, domain)
    prefixes = _PREFIXES.match(rest)
    if prefixes is None:
        raise SpfSyntaxError(f"junk in '{term}'")
    return Mechanism(
        term,
        name,
        qualifier,
        domain,
        prefix4=_length(term, prefixes[1], 32),
        prefix6=_length(term, prefixes[2], 128),
    )


def _length(term: str, digits: str | None, most: int) -> int:
    if digits is None:
        return most
    if (digits[0] == "0" and len(digits) > 1) or len(digits) > 3 or int(digits) > most:
        raise SpfSyntaxError(f"invalid prefix length in '{term}'")
    return int(digits)


def _network(term: str, name: str, text: str) -> Network:
    address, slash, digits = text.partition("/")
    if slash and not (digits.isascii() and digits.isdigit()):
        raise SpfSyntaxError(f"junk in '{term}'")
    length = _length(term, digits if slash else None, 32 if name == "ip4" else 128)
    try:
        if name == "ip4":
            return ipaddress.IPv4Network((address, length), strict=False)
        if "%" in address:
            raise ValueError(address)
        return ipaddress.IPv6Network((address, length), strict=False)
    except ValueError as error:
        raise SpfSyntaxError(f"no address in '{term}'") from error
