"""DMARC (RFC 7489): policy discovery and identifier alignment, as Mail::DMARC does them for SpamAssassin.

What an organizational domain is comes from outside (`organizational`).
"""

import re
from asyncio import gather
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from ..base.clock import Deadline
from ..net.resolver import Resolver
from .result import SignatureResult

Organizational = Callable[[str], str | None]
"""From a domain to its organizational domain (RFC 7489 section 3.2), `None` where nobody delegates it."""

ACTIONS = frozenset({"none", "quarantine", "reject"})
_SPACE = re.compile(r"\s+")
_SPLIT = re.compile(r"[=:-]")
_AFTER_DOMAIN = re.compile(r"\s|>")
_LABEL = r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"(?!\d+\.\d+\.\d+\.\d+(?:\.|\Z)){_LABEL}(?:\.{_LABEL})*\Z")
_SIZE = re.compile(r"\d+[kmgt]?\Z", re.I)


class PolicyError(ValueError):
    """The record is no DMARC policy; `str()` says why."""


@dataclass(frozen=True, slots=True)
class DmarcPolicy:
    """A DMARC record (RFC 7489 section 6.3) and the domain it was found at; actions stand as written."""

    domain: str
    action: str
    subdomain_action: str | None = None
    strict_dkim: bool = False
    strict_spf: bool = False
    percent: int | None = None
    reports: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SpfIdentity:
    """An SPF result to be held against the author domain: `scope` is "mfrom" or "helo"."""

    scope: Literal["mfrom", "helo"]
    domain: str
    result: str


@dataclass(frozen=True, slots=True)
class DmarcResult:
    """What DMARC makes of a message.

    `result` is "none" where the domain has no policy or does not exist. `disposition` is the action that the
    policy asks for, as it is written there; "none" for a message that passes. `policy` is `None` where none
    was found, or none that is valid. `passing` is true where the DNS could not say.
    """

    result: Literal["pass", "fail", "none"]
    disposition: str = "none"
    policy: DmarcPolicy | None = None
    reason: str = ""
    dkim: bool = False
    spf: bool = False
    passing: bool = False


TOO_MANY = "too many policies"


def author_domain(address: str) -> str | None:
    """The domain of an author address, lower case; `None` where it has none that could be in the DNS."""
    domain = _AFTER_DOMAIN.split(address.lower().rstrip("@").rpartition("@")[2].lstrip(), maxsplit=1)[0]
    return domain if _DOMAIN.match(domain) else None


def read_policy(record: str, domain: str) -> DmarcPolicy:
    """The policy in the text of a TXT record found at `_dmarc.domain`; `PolicyError` where it is none.

    Lenient as Mail::DMARC: white space and backslashes before semicolons do not matter, nor do tags that have
    no value.
    """
    cleaned = _SPACE.sub("", record).replace("\\;", ";").replace(";;", ";").replace(";0;", ";")
    tags: dict[str, str] = {}
    for piece in cleaned.removesuffix(";").split(";"):
        parts = _SPLIT.split(piece, maxsplit=1)
        if len(parts) == 2 and parts[1]:
            tags[parts[0].lower()] = parts[1]
    if tags.get("v", "").upper() != "DMARC1":
        raise PolicyError("unsupported version")
    reports = _report_places(tags.get("rua", ""))
    action = tags.get("p", "")
    if action in ("", "0"):
        if not reports:
            raise PolicyError("no p=")
        action = "none"
    if action.lower() not in ACTIONS:
        raise PolicyError("invalid p=")
    percent = tags.get("pct")
    return DmarcPolicy(
        domain,
        action,
        tags.get("sp"),
        tags.get("adkim", "r").lower() == "s",
        tags.get("aspf", "r").lower() == "s",
        int(percent) if percent is not None and percent.isascii() and percent.isdigit() else None,
        reports,
    )


def _report_places(text: str) -> tuple[str, ...]:
    """The addresses in `rua=` (RFC 7489 section 6.2); none where one of them has an impossible size."""
    found = []
    for place in filter(None, text.split(",")):
        uri, _, size = place.partition("!")
        if size and not _SIZE.match(size):
            return ()
        if uri.lower().startswith(("mailto:", "http:", "https:")):
            found.append(uri)
    return tuple(found)


async def evaluate(
    address: str,
    spf: Sequence[SpfIdentity],
    dkim: Sequence[SignatureResult],
    resolver: Resolver,
    organizational: Organizational,
    *,
    die: float = 0.0,
    deadline: Deadline | None = None,
) -> DmarcResult | None:
    """What DMARC makes of a message from `address`; `None` where that has no usable domain.

    `die` in [0, 1) decides whether a policy for a percentage of the mail (`pct=`) applies to this message.
    """
    domain = author_domain(address)
    whole = None if domain is None else organizational(domain)
    if domain is None or whole is None:
        return None
    places = [domain] if whole == domain else [domain, whole]
    found, exists = await gather(
        gather(*(resolver.query(f"_dmarc.{place}", "TXT", deadline) for place in places)),
        gather(*(_exists(place, resolver, deadline) for place in places)),
    )
    if True not in exists:
        return DmarcResult("none", reason=f"{domain} not in DNS", passing=None in exists)
    records: list[str] = []
    at = domain
    for place, answer in zip(places, found, strict=True):
        texts = (text.decode("latin-1") for text in answer.texts)
        if records := [text for text in texts if text[:8].lower() == "v=dmarc1"]:
            at = place
            break
    if not records:
        return DmarcResult("none", reason="no policy", passing=any(answer.passing for answer in found))
    if len(records) > 1:
        return DmarcResult("fail", reason=TOO_MANY)
    try:
        policy = read_policy(records[0], at)
    except PolicyError as error:
        return DmarcResult("fail", reason=str(error))
    if policy.subdomain_action is not None and policy.subdomain_action.lower() not in ACTIONS:
        if not await _may_report(policy, resolver, organizational, deadline):
            return DmarcResult("fail", reason="no valid rua")
        policy = replace(policy, action="none")
    return judge(policy, domain, spf, dkim, organizational, die)


async def _exists(domain: str, resolver: Resolver, deadline: Deadline | None) -> bool | None:
    """Whether the DNS knows the domain, `None` where it could not say (RFC 7489 appendix A.4)."""
    answers = await gather(*(resolver.query(domain, kind, deadline) for kind in ("MX", "NS", "A", "AAAA")))
    if any(answer.ok for answer in answers):
        return True
    return None if any(answer.passing for answer in answers) else False


async def _may_report(
    policy: DmarcPolicy, resolver: Resolver, organizational: Organizational, deadline: Deadline | None
) -> bool:
    """Whether any report address is the domain's own, or its host agrees to get reports (section 7.1)."""
    for uri in policy.reports:
        host = uri.rpartition("@")[2].rpartition("/")[2].lower()
        if (whole := organizational(host)) is not None and whole == organizational(policy.domain):
            return True
        answer = await resolver.query(f"{policy.domain}._report._dmarc.{host}", "TXT", deadline)
        if any(text[:8].lower() == b"v=dmarc1" for text in answer.texts):
            return True
    return False


def judge(
    policy: DmarcPolicy,
    domain: str,
    spf: Sequence[SpfIdentity],
    dkim: Sequence[SignatureResult],
    organizational: Organizational,
    die: float = 0.0,
) -> DmarcResult:
    """What `policy` makes of the results (RFC 7489 sections 3.1 and 6.6.2); DomainKeys signatures do not count."""
    signed = any(
        _aligned(result.domain or "", domain, policy.strict_dkim, organizational)
        for result in dkim
        if result.type != "DomainKeys" and result.valid
    )
    passes = [identity for identity in spf if "pass" in identity.result.lower()]
    passes.sort(key=lambda identity: identity.scope != "mfrom")
    permitted = bool(passes) and _aligned(passes[0].domain, domain, policy.strict_spf, organizational)
    if signed or permitted:
        return DmarcResult("pass", "none", policy, dkim=signed, spf=permitted)
    action = policy.action
    if policy.domain != domain and policy.subdomain_action is not None:
        action = policy.subdomain_action
    if action.lower() != "none" and policy.percent is not None and int(die * 100) >= policy.percent:
        # Section 6.6.4: those spared get the next milder action.
        action = "quarantine" if action == "reject" else "none"
        return DmarcResult("fail", action, policy, "sampled out")
    return DmarcResult("fail", "none" if action.lower() == "none" else action, policy)


def _aligned(identifier: str, domain: str, strict: bool, organizational: Organizational) -> bool:
    if not identifier:
        return False
    if identifier == domain:
        return True
    whole = None if strict else organizational(identifier.lower())
    return whole is not None and whole == organizational(domain)
