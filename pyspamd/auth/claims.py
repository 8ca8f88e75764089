"""What servers say in Authentication-Results of a message's signatures, held against what we found ourselves."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .arc import ArcChain
from .authres import AuthResults, AuthResultsError, MethodResult, read
from .result import SignatureResult
from .signature_value import unquoted
from .taglist import TagListError, read_tags, squeezed, text
from .wireform import WireMessage

COMPARED = {"dkim": "DKIM", "domainkeys": "DomainKeys"}
"""Methods that speak of single signatures, and the type of those."""

_PLAIN = re.compile(r'[^;"(]+')
# A semicolon in a quoted string or in a comment ends no clause.
_ENCLOSED = {
    '"': (re.compile(r'"(?:[^"\\]|\\.)*+'), '"'),
    "(": (re.compile(r"\((?:[^()\\]|\\.)*+"), ")"),
}
_INSTANCE, _SERVER = "i=1;", "x;"
"""What a clause is read behind, so that a long beginning is not read again for each."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One result of one server, beside ours.

    `ours` are our results for the signatures it speaks of, `agrees` whether one of them is the claimed one, `None`
    where it speaks of what is not compared here. `positions` are those signatures' places among the header fields.
    """

    server: str
    method: str
    result: str
    about: str = ""
    ours: tuple[str, ...] = ()
    agrees: bool | None = None
    positions: tuple[int, ...] = ()

    @property
    def words(self) -> str:
        """The same in a sentence, without its full stop."""
        told = f"{self.server} says {self.method}={self.result}{f' ({self.about})' if self.about else ''}"
        if self.agrees is None:
            return f"{told}: not compared"
        if self.agrees:
            return f"{told}: agrees"
        return f"{told}: disagrees, here it is {', '.join(self.ours) or 'no such signature'}"

    def as_json(self) -> dict[str, object]:
        """All of it."""
        return {
            "server": self.server,
            "method": self.method,
            "result": self.result,
            "about": self.about,
            "ours": list(self.ours),
            "agrees": self.agrees,
            "words": self.words,
        }


def read_leniently(
    value: str, *, arc: bool = False, accepts: Callable[[str], bool] | None = None
) -> tuple[AuthResults | None, tuple[str, ...]]:
    """The results in a field's value as far as they can be read, and what is wrong with the rest.

    Methods and properties nobody has registered (`compauth=`, `x-tls=`) cost only themselves. `None` for a field of
    a server that is not wanted, which is no problem, or without a server.
    """
    try:
        return read(value, arc=arc, accepts=accepts), ()
    except AuthResultsError:
        pass
    first, *clauses = _clauses(value) or [""]
    if arc and clauses:
        first += ";" + clauses.pop(0)
    try:
        whole = read(first + ";", arc=arc, accepts=accepts)
    except AuthResultsError as error:
        return None, () if str(error).startswith("server not wanted") else (str(error),)
    results: list[MethodResult] = []
    problems: list[str] = []
    beginning = _INSTANCE + _SERVER if arc else _SERVER
    for clause in clauses:
        if clause.strip().lower() in ("", "none"):
            continue
        try:
            results += read(beginning + clause, arc=arc).results
        except AuthResultsError as error:
            problems.append(str(error))
    return AuthResults(whole.server, tuple(results), whole.instance), tuple(problems)


def _clauses(value: str) -> list[str]:
    """What stands between semicolons, without what is empty."""
    found: list[str] = []
    start = at = 0
    hopeless = dict.fromkeys(_ENCLOSED, 0)
    while at < len(value):
        sign = value[at]
        if sign == ";":
            found.append(value[start:at])
            start = at = at + 1
        elif sign not in _ENCLOSED:
            at = _end(_PLAIN, value, at)
        elif at < hopeless[sign]:
            at += 1
        else:
            pattern, closing = _ENCLOSED[sign]
            end = _end(pattern, value, at)
            if value.startswith(closing, end):
                at = end + 1
            else:
                # Signs on the way are escaped, so that what begins with one of them ends here as well.
                hopeless[sign] = end
                at += 1
    return [clause for clause in (*found, value[start:]) if clause]


def _end(pattern: re.Pattern[str], value: str, at: int) -> int:
    found = pattern.match(value, at)
    return at + 1 if found is None else found.end()


def compare(
    fields: Sequence[AuthResults], message: WireMessage, results: Sequence[SignatureResult], chain: ArcChain
) -> list[Claim]:
    """Every claim in `fields` beside our own `results` and `chain`."""
    return [
        _held(field.server, claim, message, results, chain) for field in fields for claim in field.results
    ]


def unmentioned(claims: Sequence[Claim], results: Sequence[SignatureResult]) -> list[SignatureResult]:
    """Signatures that no claim speaks of, where claims speak of others of their type."""
    spoken = {COMPARED.get(claim.method) for claim in claims}
    named = {position for claim in claims for position in claim.positions}
    return [result for result in results if result.type in spoken and result.position not in named]


def _held(
    server: str,
    claim: MethodResult,
    message: WireMessage,
    results: Sequence[SignatureResult],
    chain: ArcChain,
) -> Claim:
    about = " ".join(f"{name}={value}" for name, value in claim.properties.items())
    if claim.method == "arc":
        return Claim(server, "arc", claim.result, about, (chain.result,), claim.result == chain.result)
    if claim.method not in COMPARED:
        return Claim(server, claim.method, claim.result, about)
    meant = [
        result
        for result in results
        if result.type == COMPARED[claim.method] and _speaks_of(claim, result, message)
    ]
    ours = tuple(result.result for result in meant)
    agrees = claim.result in ours if ours else claim.result == "none"
    positions = tuple(result.position for result in meant)
    return Claim(server, claim.method, claim.result, about, ours, agrees, positions)


def _speaks_of(claim: MethodResult, result: SignatureResult, message: WireMessage) -> bool:
    """Whether the properties of a claim (RFC 8601 section 2.7.1, RFC 6008) fit a signature."""
    identity = (result.identity or "").lower()
    for name, value in claim.properties.items():
        match name:
            case "header.d":
                fits = value.lower() == result.domain
            case "header.s":
                fits = value == result.selector
            case "header.a":
                fits = value.lower() == result.algorithm
            case "header.i" | "header.from" | "header.sender":
                host = value.rpartition("@")[2].lower()
                fits = unquoted(value).lower() == identity or host == identity.rpartition("@")[2]
            case "header.b":
                fits = _signature(message, result).startswith(value)
            case _:
                fits = True
        if not fits:
            return False
    return True


def _signature(message: WireMessage, result: SignatureResult) -> str:
    try:
        tags = read_tags(message.fields[result.position].value)
    except TagListError:
        return ""
    return text(squeezed(tags.get(b"b", b"")))
