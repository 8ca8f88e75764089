"""SPF (RFC 7208): may this host use that name? Evaluated as Mail::SPF does, which SpamAssassin asks.

Where Mail::SPF departs from the RFC, so does this: a domain that cannot be asked for is "temperror", not
"none"; of more than ten MX or PTR names the first ten count; `redirect=` counts as a term even where it is
not followed; `spf2.0/mfrom` records are read too.
"""

import ipaddress
import re
import socket
import time
from dataclasses import dataclass, replace
from typing import Literal

from ..base.clock import Deadline
from ..net.resolver import Answer, Resolver
from .spf_macro import Macros, MacroSyntaxError, expand
from .spf_record import Mechanism, SpfRecord, SpfSyntaxError, read_record

SpfWord = Literal["pass", "fail", "softfail", "neutral", "none", "permerror", "temperror"]
Scope = Literal["mfrom", "helo"]
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

MOST_TERMS = 10
MOST_VOID = 2
MOST_NAMES = 10
LONGEST_DOMAIN = 253
QUERY_SECONDS = 3.0
"""Seconds that each question may take."""
_LONG_LABEL = re.compile(r"([^.]{63})[^.]+")


@dataclass(frozen=True, slots=True)
class SpfResult:
    """What SPF says: the word, the domain whose record said it, the term that matched, and why.

    `explanation` is what the domain says to a sender that fails, `None` where it says nothing. `timed_out` is
    true where the whole check ran out of time.
    """

    result: SpfWord
    domain: str = ""
    mechanism: str = ""
    reason: str = ""
    explanation: str | None = None
    timed_out: bool = False


class _ErrorResult(Exception):  # noqa: N818 - a result that ends the evaluation, as RFC 7208 has it
    def __init__(self, word: SpfWord, reason: str) -> None:
        super().__init__(reason)
        self.word: SpfWord = word
        self.reason = reason


@dataclass(frozen=True, slots=True)
class _Outcome:
    """A result on its way up: where it comes from, and whether only for lack of any match."""

    word: SpfWord
    authority: str
    reason: str
    mechanism: str = ""
    by_default: bool = False
    explanation: str | None = None


async def check(
    ip: str,
    identity: str,
    helo: str,
    resolver: Resolver,
    *,
    scope: Scope = "mfrom",
    receiver: str = "",
    most_terms: int = MOST_TERMS,
    now: float | None = None,
    deadline: Deadline | None = None,
) -> SpfResult:
    """Whether the host at `ip` may use `identity`: the envelope sender, or with scope "helo" the HELO name.

    `receiver` is our own host name, for explanations. `most_terms` bounds the terms that ask the DNS (RFC 7208 section
    4.6.4; SpamAssassin allows 20), `deadline` the whole check. Never raises.
    """
    try:
        address: Address = ipaddress.ip_address(ip.partition("%")[0])
    except ValueError:
        return SpfResult("none", reason=f"not an address: {ip}")
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    local, at, domain = identity.rpartition("@") if scope == "mfrom" else ("", "", identity)
    macros = Macros(
        ip=address,
        sender=identity,
        local=local if at and local else "postmaster",
        domain=domain.removesuffix(".").lower(),
        helo=helo or "unknown",
        receiver=receiver or socket.gethostname(),
        now=time.time() if now is None else now,
    )
    evaluation = _Evaluation(address, macros, scope, resolver, most_terms, deadline)
    try:
        outcome = await evaluation.process(macros.domain)
        return SpfResult(
            outcome.word,
            outcome.authority,
            outcome.mechanism,
            outcome.reason,
            await evaluation.explained(outcome),
        )
    except TimeoutError:
        return SpfResult("temperror", macros.domain, reason="timed out", timed_out=True)


class _Evaluation:
    """One check: who asks, what may still be asked."""

    def __init__(
        self,
        ip: Address,
        macros: Macros,
        scope: Scope,
        resolver: Resolver,
        most_terms: int,
        deadline: Deadline | None,
    ) -> None:
        self.ip = ip
        self.mapped = ip if ip.version == 6 else ipaddress.IPv6Address(f"::ffff:{ip}")
        self.macros = macros
        self.scope = scope
        self.resolver = resolver
        self.terms_left = most_terms
        self.void_left = MOST_VOID
        self.deadline = deadline or Deadline()

    async def process(self, authority: str) -> _Outcome:
        """check_host() for one domain (RFC 7208 section 4); every error has become a word."""
        try:
            record = await self._record(authority)
            return await self._evaluate(record, authority)
        except _ErrorResult as error:
            return _Outcome(error.word, authority, error.reason)
        except (SpfSyntaxError, MacroSyntaxError) as error:
            return _Outcome("permerror", authority, str(error))

    async def explained(self, outcome: _Outcome) -> str | None:
        """The explanation that goes with a failure, expanded; `None` where there is none, or none that can be."""
        if outcome.word != "fail" or outcome.explanation is None:
            return None
        try:
            return await self._expand(outcome.explanation, outcome.authority, explanation=True)
        except (MacroSyntaxError, _ErrorResult):
            return None

    async def _lookup(self, name: str, rdtype: str) -> Answer:
        """The answer for a name; "there is none" is an answer, trouble is `temperror`."""
        if self.deadline.passed():
            raise TimeoutError
        name = name.removesuffix(".").lower()
        if not name.isascii():
            try:
                name = name.encode("idna").decode("ascii")
            except UnicodeError as error:
                raise _ErrorResult("temperror", f"no usable name: {name!r}") from error
        if len(name) > 254 or not all(0 < len(label) < 64 for label in name.split(".")):
            raise _ErrorResult("temperror", f"no usable name: {name!r}")
        answer = await self.resolver.query(name, rdtype, self.deadline.sooner(QUERY_SECONDS))
        if answer.passing:
            if self.deadline.passed():
                raise TimeoutError
            raise _ErrorResult("temperror", f"{answer.rcode or answer.status} on {rdtype} look-up of {name}")
        return answer

    async def _counted(self, name: str, rdtype: str) -> Answer:
        """As `_lookup`, and an empty answer counts (RFC 7208 section 4.6.4)."""
        answer = await self._lookup(name, rdtype)
        if not answer.found and not answer.aliases:
            self.void_left -= 1
            if self.void_left < 0:
                raise _ErrorResult("permerror", "too many look-ups without an answer")
        return answer

    def _count_term(self) -> None:
        self.terms_left -= 1
        if self.terms_left < 0:
            raise _ErrorResult("permerror", "too many terms that need a look-up")

    async def _record(self, authority: str) -> SpfRecord:
        """The record of a domain (section 4.5): of those for the scope, the version that comes first."""
        answer = await self._lookup(authority, "TXT")
        # A HELO name is no matter of spf2.0: its records are then not even read, be they valid or not.
        texts = (text.decode("latin-1") for text in answer.texts)
        read = (read_record(text) for text in texts if self.scope == "mfrom" or text[:1] in "vV")
        records = [record for record in read if record is not None and self.scope in record.scopes]
        if not records:
            raise _ErrorResult("none", "no applicable sender policy")
        if sum(record.version == records[0].version for record in records) > 1:
            raise _ErrorResult("permerror", "more than one applicable sender policy")
        return records[0]

    async def _evaluate(self, record: SpfRecord, authority: str) -> _Outcome:
        """Terms in order, then `exp=`, then `redirect=`; the modifiers take part even after an included error."""
        outcome = _Outcome("neutral", authority, "no mechanism matches", by_default=True)
        for mechanism in record.mechanisms:
            verdict = await self._match(mechanism, authority)
            if isinstance(verdict, _Outcome):
                outcome = verdict
                break
            if verdict:
                word: SpfWord = mechanism.result  # type: ignore[assignment]
                outcome = _Outcome(word, authority, f"'{mechanism.text}' matches", mechanism.text)
                break
        if record.exp is not None and (said := await self._explanation(record.exp, authority)) is not None:
            outcome = replace(outcome, explanation=said)
        if record.redirect is None:
            return outcome
        self._count_term()
        if not outcome.by_default:
            return outcome
        target = await self._target(record.redirect, authority)
        outcome = await self.process(target)
        if outcome.word == "none":
            raise _ErrorResult("permerror", f"no applicable sender policy at redirect domain {target}")
        return outcome

    async def _explanation(self, spec: str, authority: str) -> str | None:
        try:
            answer = await self._lookup(await self._target(spec, authority), "TXT")
        except _ErrorResult as error:
            if error.word == "temperror":
                return None
            raise
        return answer.texts[0].decode("latin-1") if len(answer.texts) == 1 else None

    async def _match(self, mechanism: Mechanism, authority: str) -> bool | _Outcome:
        """Whether a mechanism matches (section 5); an `_Outcome` where it ends in an error."""
        name = mechanism.name
        if name == "all":
            return True
        if mechanism.network is not None:
            return self._within(mechanism)
        self._count_term()
        domain = authority if mechanism.domain is None else mechanism.domain
        if name == "ptr":
            plain = authority if mechanism.domain is None else await self._expand(domain, authority)
            return bool(await self._validated_name(plain))
        target = authority if mechanism.domain is None else await self._target(domain, authority)
        if name == "exists":
            return bool((await self._counted(target, "A")).found)
        if name == "include":
            return await self._included(mechanism, target, authority)
        if name == "a":
            return await self._address_matches(target, mechanism)
        for data in (await self._counted(target, "MX")).records[:MOST_NAMES]:
            if await self._address_matches(data.split(None, 1)[-1], mechanism):
                return True
        return False

    def _within(self, mechanism: Mechanism) -> bool:
        network = mechanism.network
        if network is None:
            return False
        if network.version == 4:
            return self.ip in network
        return self.mapped in network

    async def _included(self, mechanism: Mechanism, target: str, authority: str) -> bool | _Outcome:
        inner = await self.process(target)
        if inner.word == "pass":
            return True
        if inner.word in ("fail", "softfail", "neutral"):
            return False
        if inner.word == "none":
            reason = f"no applicable sender policy at included domain {target}"
            return _Outcome("permerror", authority, reason, mechanism.text)
        return _Outcome(inner.word, inner.authority, inner.reason, mechanism.text)

    async def _address_matches(self, name: str, mechanism: Mechanism) -> bool:
        rdtype, length = ("A", mechanism.prefix4) if self.ip.version == 4 else ("AAAA", mechanism.prefix6)
        for data in (await self._counted(name, rdtype)).records:
            try:
                network = ipaddress.ip_network((data, length), strict=False)
            except ValueError:
                continue
            if self.ip in network:
                return True
        return False

    async def _validated_name(self, domain: str, *, any_name: bool = False) -> str | None:
        """The host's name that its addresses confirm (section 5.5): within `domain`, or if need be any."""
        pointers = (await self._counted(self.ip.reverse_pointer, "PTR")).records[:MOST_NAMES]
        rdtype = "A" if self.ip.version == 4 else "AAAA"
        best: str | None = None
        for name in pointers:
            same = name.lower() == domain.lower()
            below = name.lower().endswith("." + domain.lower())
            if not (any_name or same or below):
                continue
            try:
                addresses = (await self._counted(name, rdtype)).records
            except _ErrorResult as error:
                if error.word == "temperror":
                    continue
                raise
            if str(self.ip) not in addresses:
                continue
            if not any_name or same:
                return name
            if best is None or (below and not best.lower().endswith("." + domain.lower())):
                best = name
        return best

    async def _expand(self, text: str, authority: str, *, explanation: bool = False) -> str:
        name = ""
        if "%{p" in text.lower():
            try:
                name = await self._validated_name(authority, any_name=True) or ""
            except _ErrorResult as error:
                if error.word != "temperror":
                    raise
        return expand(text, self.macros, authority, name or "unknown", explanation=explanation)

    async def _target(self, spec: str, authority: str) -> str:
        """The domain that a domain-spec means, cut to what a name can hold (section 7.3)."""
        domain = _LONG_LABEL.sub(r"\1", await self._expand(spec, authority))
        return shortened(domain).removesuffix(".").lower()


def shortened(domain: str) -> str:
    """`domain` without as many labels on the left as make it too long, the last one kept in any case."""
    start = 0
    last = len(domain[: domain.rfind(".") + 1].rstrip("."))
    while len(domain) - start > LONGEST_DOMAIN and start < last:
        start = domain.index(".", start) + 1
    return domain[start:]
