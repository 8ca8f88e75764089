"""ADSP and DMARC: records read, domains looked up, identifiers aligned."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyspamd.auth import adsp, dmarc
from pyspamd.auth.adsp import Practices, read_practices
from pyspamd.auth.dmarc import DmarcPolicy, DmarcResult, PolicyError, SpfIdentity, author_domain, read_policy
from pyspamd.auth.result import SignatureResult
from pyspamd.net.zone import ZoneResolver

# ADSP (RFC 5617)


@pytest.mark.parametrize(
    ("record", "practice", "published"),
    [
        (b"dkim=all", "all", True),
        (b"dkim=discardable; t=s", "discardable", True),
        (b" dkim = unknown ", "unknown", True),
        (b"dkim=strict", "discardable", True),
        (b"dkim=later-invention", "unknown", True),
        (b"v=spf1 -all", "unknown", False),
        (b"", "unknown", False),
    ],
)
def test_practices(record: bytes, practice: str, published: bool) -> None:
    found = read_practices(record)
    assert (found.practice, found.published) == (practice, published)


def test_adsp_lookup() -> None:
    resolver = ZoneResolver("""
_adsp._domainkey.bank.example TXT dkim=discardable
bank.example MX 10 mx.bank.example
mute.example A 192.0.2.1
sick.example SERVFAIL
_adsp._domainkey.sick.example SERVFAIL
""")
    look = lambda domain: asyncio.run(adsp.lookup(domain, resolver))  # noqa: E731
    assert look("bank.example") == Practices("discardable", published=True)
    assert look("mute.example") == Practices("unknown")
    assert look("gone.example") == Practices("nxdomain")
    assert look("sick.example") == Practices("unknown", passing=True)


# DMARC (RFC 7489)


def organizational(domain: str) -> str | None:
    """As if `example` and `co.example` were where the registry delegates."""
    labels = domain.lower().split(".")
    if labels[-1] != "example":
        return None
    return ".".join(labels[-3:] if labels[-2:-1] == ["co"] else labels[-2:])


def signed(domain: str, result: Any = "pass", type: Any = "DKIM") -> SignatureResult:  # noqa: A002
    return SignatureResult(type=type, result=result, domain=domain, selector="s")


def judge(
    zone: str,
    author: str = "joe@news.shop.example",
    spf: tuple[SpfIdentity, ...] = (),
    dkim: tuple[SignatureResult, ...] = (),
    **rest: Any,
) -> DmarcResult | None:
    zone += "\nnews.shop.example A 192.0.2.1\nshop.example MX 10 mx.shop.example"
    return asyncio.run(dmarc.evaluate(author, spf, dkim, ZoneResolver(zone), organizational, **rest))


def outcome(*args: Any, **rest: Any) -> tuple[str, str]:
    found = judge(*args, **rest)
    assert found
    return found.result, found.disposition


POLICY = "_dmarc.shop.example TXT v=DMARC1; p=reject; sp=quarantine"


def test_policy_discovery() -> None:
    assert outcome(POLICY) == ("fail", "quarantine")
    assert outcome(POLICY, "joe@shop.example") == ("fail", "reject")
    assert outcome(POLICY.replace("; sp=quarantine", "")) == ("fail", "reject")
    assert outcome("_dmarc.news.shop.example TXT v=DMARC1; p=none; sp=reject\n" + POLICY) == ("fail", "none")
    assert outcome("") == ("none", "none")
    # A domain that is not in the DNS, one without a registry, one without a domain.
    found = judge("_dmarc.gone.example TXT v=DMARC1; p=reject", "joe@gone.example")
    assert found and (found.result, found.reason) == ("none", "gone.example not in DNS")
    assert judge(POLICY, "joe@shop.invalid") is None
    assert judge(POLICY, "joe") is None
    found = judge(POLICY + "\n_dmarc.shop.example TXT v=DMARC1; p=none")
    assert found and (found.result, found.reason) == ("fail", dmarc.TOO_MANY)
    found = judge("_dmarc.shop.example SERVFAIL")
    assert found and (found.result, found.passing) == ("none", True)


def test_alignment() -> None:
    assert outcome(POLICY, dkim=(signed("mail.shop.example"),)) == ("pass", "none")
    assert outcome(POLICY, dkim=(signed("mail.other.example"),)) == ("fail", "quarantine")
    assert outcome(POLICY, dkim=(signed("mail.shop.example", "fail"),)) == ("fail", "quarantine")
    assert outcome(POLICY, dkim=(signed("shop.example", type="DomainKeys"),)) == ("fail", "quarantine")
    strict = POLICY + "; adkim=s; aspf=s"
    assert outcome(strict, dkim=(signed("shop.example"),)) == ("fail", "quarantine")
    assert outcome(strict, dkim=(signed("news.shop.example"),)) == ("pass", "none")
    sender = SpfIdentity("mfrom", "bounce.shop.example", "pass")
    helo = SpfIdentity("helo", "mx.other.example", "pass")
    assert outcome(POLICY, spf=(helo, sender)) == ("pass", "none")
    assert outcome(strict, spf=(sender,)) == ("fail", "quarantine")
    # The envelope sender counts before the HELO name, and that only where the former does not pass.
    assert outcome(POLICY, spf=(SpfIdentity("mfrom", "list.example", "pass"), sender)) == (
        "fail",
        "quarantine",
    )
    failed = SpfIdentity("mfrom", "list.example", "fail")
    assert outcome(POLICY, spf=(failed, SpfIdentity("helo", "mx.shop.example", "pass"))) == ("pass", "none")
    # Two shops below one registry are no kin.
    zone = "a.co.example A 192.0.2.1\n_dmarc.a.co.example TXT v=DMARC1; p=reject"
    assert outcome(zone, "joe@a.co.example", dkim=(signed("b.co.example"),)) == ("fail", "reject")


def test_percentage() -> None:
    zone = POLICY.replace("sp=quarantine", "pct=30")
    assert outcome(zone, die=0.29) == ("fail", "reject")
    assert outcome(zone, die=0.30) == ("fail", "quarantine")


@pytest.mark.parametrize(
    ("record", "policy"),
    [
        ("v=DMARC1;p=none", DmarcPolicy("x", "none")),
        ("v=DMARC1; p = reject ; sp=none; pct=5;", DmarcPolicy("x", "reject", "none", percent=5)),
        ("v=DMARC1\\; p=Quarantine\\;", DmarcPolicy("x", "Quarantine")),
        ("v=dmarc1; rua=mailto:a@x.example!10m", DmarcPolicy("x", "none", reports=("mailto:a@x.example",))),
        ("v=DMARC1; p=reject; junk; x=", DmarcPolicy("x", "reject")),
        ("v=DMARC1; adkim=s; aspf=S; p=none", DmarcPolicy("x", "none", None, True, True)),
    ],
)
def test_policies(record: str, policy: DmarcPolicy) -> None:
    assert read_policy(record, "x") == policy


@pytest.mark.parametrize("record", ["v=DMARC2; p=none", "p=none", "v=DMARC1", "v=DMARC1; p=maybe"])
def test_no_policies(record: str) -> None:
    with pytest.raises(PolicyError):
        read_policy(record, "x")


def test_invalid_subdomain_policy() -> None:
    record = "_dmarc.shop.example TXT v=DMARC1; p=reject; sp=maybe"
    assert outcome(record) == ("fail", "none")
    found = judge(record + "; rua=mailto:post@shop.example")
    assert found and found.policy and found.policy.action == "none"
    elsewhere = record + "; rua=mailto:post@reports.example"
    found = judge(elsewhere)
    assert found and found.reason == "no valid rua"
    found = judge(elsewhere + "\nshop.example._report._dmarc.reports.example TXT v=DMARC1")
    assert found and found.policy


def test_author_domain() -> None:
    assert author_domain("Joe@Shop.Example") == "shop.example"
    assert author_domain("joe@shop.example> (x)") == "shop.example"
    assert author_domain("joe@192.0.2.1") is None
    assert author_domain("joe@-x.example") is None


@given(st.text(max_size=80), st.text(max_size=60))
def test_never_raises(record: str, author: str) -> None:
    line = record.encode("latin-1", "replace").decode("latin-1").replace("\n", " ").replace("\r", " ")
    judge(f"_dmarc.shop.example TXT v=DMARC1;{line}\n_adsp._domainkey.shop.example TXT {line}", author)
    judge(f"_dmarc.shop.example TXT v=DMARC1; p=reject; {line}")
    read_practices(record.encode("utf-8", "replace"))
