"""Senders that prove who they are, and senders that only say so: DomainKeys, DKIM, SPF and DMARC by the bundled rules.

The messages are signed here, with dkimpy and by the words of RFC 4870, and judged against a zone of invented names.
"""

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from dkim import DKIM

from pyspamd.engine.engine import Engine
from pyspamd.net.zone import ZoneResolver

RULES = Path(__file__).resolve().parents[2] / "rules"
KEY = rsa.generate_private_key(65537, 1024)
PEM = KEY.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
PUBLIC = base64.b64encode(KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
ZONE = f"""
s._domainkey.partner.example.com TXT k=rsa; p={PUBLIC.decode()}
s._domainkey.other.example.org TXT k=rsa; p={PUBLIC.decode()}
_domainkey.partner.example.com TXT o=-
partner.example.com A 203.0.113.10
partner.example.com TXT v=spf1 ip4:203.0.113.10 -all
soft.example.com A 203.0.113.10
soft.example.com TXT v=spf1 ip4:203.0.113.10 ~all
_dmarc.partner.example.com TXT v=DMARC1; p=reject
_dmarc.soft.example.com TXT v=DMARC1; p=quarantine
"""
LISTS = (
    "trusted_networks 192.0.2.1 192.168.0.0/16",
    "whitelist_from_dk *@partner.example.com",
    "whitelist_from_dkim *@partner.example.com",
    "whitelist_from_dkim *@agency.example.org other.example.org",
    "whitelist_from_spf *@partner.example.com",
)


def mail(author: str = "alice@partner.example.com", host: str = "203.0.113.10", more: str = "") -> bytes:
    """What comes in before anybody signs it: the envelope's sender is the author."""
    return (
        f"From: Alice <{author}>\r\nTo: bob@example.net\r\nSubject: Lunch\r\n"
        f"Date: Tue, 02 Apr 2024 10:00:00 +0000\r\nMessage-ID: <20240402.1@mail.example.com>\r\n{more}\r\n"
        "On Thursday?\r\n"
    ).encode()


def received(message: bytes, author: str = "alice@partner.example.com", host: str = "203.0.113.10") -> bytes:
    """The same as our server hands it over."""
    return (
        f"Return-Path: <{author}>\r\nReceived: from mail.example.com (mail.example.com [{host}])\r\n"
        "\tby mx.example.net (Postfix) with ESMTPS id 4F2;\r\n\tTue, 02 Apr 2024 10:00:05 +0000\r\n"
    ).encode() + message


def dkim(message: bytes, domain: str = "partner.example.com") -> bytes:
    """With a DKIM signature."""
    signature: bytes = DKIM(message).sign(
        b"s", domain.encode(), PEM, include_headers=[b"from", b"to", b"subject"]
    )
    return signature + message


def domainkeys(message: bytes, domain: str = "partner.example.com") -> bytes:
    """With a DomainKeys signature (RFC 4870, `c=simple`): everything below it, as it stands."""
    value = base64.b64encode(KEY.sign(message, padding.PKCS1v15(), hashes.SHA1())).decode()
    head = f"DomainKey-Signature: a=rsa-sha1; q=dns; c=simple; s=s; d={domain}; b={value}\r\n"
    return head.encode() + message


@pytest.fixture(scope="module")
def hits(engine_of: Callable[..., Engine]) -> Callable[[bytes], dict[str, float]]:
    """What the bundled rules and `LISTS` make of a message, with `ZONE` for the world."""
    engine = engine_of(cf=LISTS, network=True)
    engine.resolver = ZoneResolver(ZONE)

    def found(message: bytes) -> dict[str, float]:
        return {hit.rule: hit.score for hit in engine.check_sync(message).hits}

    return found


Hits = Callable[[bytes], dict[str, float]]
WHITE = {"USER_IN_DK_WHITELIST", "USER_IN_DKIM_WHITELIST", "USER_IN_SPF_WHITELIST"}


def test_a_partner_who_signs_with_dkim_is_let_in(hits: Hits) -> None:
    found = hits(received(dkim(mail())))
    assert {"DKIM_SIGNED", "DKIM_VALID", "DKIM_VALID_AU", "DKIM_VALID_EF", "DKIM_VERIFIED"} <= set(found)
    assert {"USER_IN_DKIM_WHITELIST", "USER_IN_SPF_WHITELIST", "SPF_PASS", "DMARC_PASS"} <= set(found)
    assert found["USER_IN_DKIM_WHITELIST"] == -100
    assert "DKIM_BROKEN" not in found


def test_a_partner_who_signs_with_domainkeys_is_let_in(hits: Hits) -> None:
    found = hits(received(domainkeys(mail())))
    assert {"DK_SIGNED", "DK_VERIFIED", "USER_IN_DK_WHITELIST"} <= set(found)
    assert found["USER_IN_DK_WHITELIST"] == -100
    assert found["DK_VERIFIED"] < 0


def test_an_agency_signs_for_its_client_where_the_list_says_so(hits: Hits) -> None:
    client = "news@agency.example.org"
    found = hits(received(dkim(mail(client), "other.example.org"), client))
    assert "USER_IN_DKIM_WHITELIST" in found
    assert "USER_IN_DKIM_WHITELIST" not in hits(received(dkim(mail(client)), client))


@pytest.mark.parametrize(
    "message",
    [
        received(mail(), host="198.51.100.66"),
        received(dkim(mail()).replace(b"On Thursday", b"On Saturday"), host="198.51.100.66"),
        received(domainkeys(mail()).replace(b"On Thursday", b"On Saturday"), host="198.51.100.66"),
        received(dkim(mail(), "other.example.org"), host="198.51.100.66"),
        received(domainkeys(mail(), "other.example.org"), host="198.51.100.66"),
        received(
            dkim(mail()).replace(b"From: Alice", b"From: Mallory <m@evil.example>, Alice"),
            host="198.51.100.66",
        ),
        received(
            b"Authentication-Results: mx.example.net; dkim=pass header.d=partner.example.com; spf=pass\r\n"
            b"Received-SPF: pass (mx.example.net: partner.example.com)\r\n" + mail(),
            host="198.51.100.66",
        ),
    ],
    ids=["unsigned", "changed", "changed-dk", "stranger", "stranger-dk", "author-added", "said-so"],
)
def test_who_only_claims_to_be_the_partner_is_not(hits: Hits, message: bytes) -> None:
    found = hits(message)
    assert WHITE & set(found) == set()
    assert {"SPF_PASS", "DMARC_PASS", "DKIM_VALID_AU"} & set(found) == set()
    assert found["SPF_FAIL"] > 0
    assert sum(found.values()) > 1


def test_a_broken_signature_is_told(hits: Hits) -> None:
    found = hits(received(dkim(mail()).replace(b"On Thursday", b"On Saturday")))
    assert {"DKIM_SIGNED", "DKIM_BROKEN"} <= set(found)
    assert not {"DKIM_VALID", "DKIM_VERIFIED"} & set(found)


def test_what_the_authors_domain_wants_is_counted(hits: Hits) -> None:
    forged = hits(received(mail(), host="198.51.100.66"))
    assert "DMARC_REJECT" in forged
    soft = hits(received(mail("a@soft.example.com"), "a@soft.example.com", "198.51.100.66"))
    assert {"SPF_SOFTFAIL", "DMARC_QUARANTINE"} <= set(soft)
    assert soft["DMARC_QUARANTINE"] < forged["DMARC_REJECT"] < 5


def test_a_list_that_breaks_a_signature_is_not_taken_for_a_forger(hits: Hits) -> None:
    post = dkim(mail(more="List-Id: <dev.lists.example.org>\r\n")).replace(b"Subject: ", b"Subject: [dev] ")
    found = hits(received(post, "dev-bounces@lists.example.org", "198.51.100.60"))
    assert "DMARC_LOST_ON_LIST" in found
    assert not {"DMARC_REJECT", "SPF_FAIL"} & set(found)
    assert sum(found.values()) < 1


def test_without_network_nothing_is_said_of_signatures(engine: Engine) -> None:
    found = {hit.rule for hit in engine.check_sync(received(dkim(domainkeys(mail())))).hits}
    assert [rule for rule in found if rule.startswith(("DK", "SPF", "DMARC"))] == []


def test_our_own_users_mail_on_its_way_out_is_no_forgery(hits: Hits) -> None:
    """It is not signed yet, and comes from wherever the user is: that he logged in counts, or that his desk is ours."""
    for way in (
        "from [10.20.30.40] (dyn-7.dsl.example.org [198.51.100.7])\r\n\t(Authenticated sender: alice)\r\n"
        "\tby mx.partner.example.com (Postfix) with ESMTPSA id 4F2;\r\n\tTue, 02 Apr 2024 10:00:05 +0000",
        "from desk7.partner.example.com (desk7.partner.example.com [192.168.1.7])\r\n"
        "\tby mx.partner.example.com (Postfix) with ESMTP id 4F2;\r\n\tTue, 02 Apr 2024 10:00:05 +0000",
    ):
        head = f"Return-Path: <alice@partner.example.com>\r\nReceived: {way}\r\n"
        found = hits(head.encode() + mail())
        assert not {"DMARC_REJECT", "SPF_FAIL", "SPF_SOFTFAIL"} & set(found), way
        assert sum(found.values()) < 1


def test_the_original_judges_senders_alike(dns: Callable[..., str], online: Callable[..., Any]) -> None:
    """By the same files, without the one plugin that it no longer has."""
    files = [*sorted(RULES.glob("*.pre")), *sorted(RULES.glob("*.cf"))]
    text = "\n".join(file.read_text("latin-1") for file in files)
    text = text.replace("loadplugin Mail::SpamAssassin::Plugin::DomainKeys\n", "")
    lists = "\n".join(line for line in LISTS if "whitelist_from_dk " not in line)
    away = "198.51.100.66"
    messages = [
        received(mail()),
        received(dkim(mail())),
        received(domainkeys(mail())),
        received(dkim(mail(), "other.example.org"), host=away),
        received(dkim(mail()).replace(b"On Thursday", b"On Saturday"), host=away),
        received(mail(), host=away),
        received(mail("a@soft.example.com"), "a@soft.example.com", away),
        received(dkim(mail("news@agency.example.org"), "other.example.org"), "news@agency.example.org"),
        received(mail(more="List-Id: <dev.lists.example.org>\r\n"), "dev-bounces@lists.example.org", away),
    ]
    verdicts = online(f"{text}\n{lists}\n{dns(ZONE)}", messages)
    hits = set().union(*(verdict["hits"] for verdict in verdicts))
    assert {"DKIM_VALID", "DKIM_BROKEN", "SPF_FAIL", "SPF_SOFTFAIL", "DMARC_PASS", "DMARC_REJECT"} <= hits
    assert {"DMARC_QUARANTINE", "DMARC_LOST_ON_LIST"} | WHITE - {"USER_IN_DK_WHITELIST"} <= hits
