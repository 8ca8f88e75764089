"""DKIM, DomainKeys, SPF, DMARC and AuthRes as rules see them: whole messages against a zone."""

import asyncio
import base64
import hashlib
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from pyspamd.engine.assemble import Setup, read_conf
from pyspamd.engine.engine import Engine
from pyspamd.net.zone import ZoneResolver

RULES = """
loadplugin Mail::SpamAssassin::Plugin::DKIM
loadplugin Mail::SpamAssassin::Plugin::DomainKeys
loadplugin Mail::SpamAssassin::Plugin::SPF
loadplugin Mail::SpamAssassin::Plugin::DMARC
loadplugin Mail::SpamAssassin::Plugin::AuthRes
util_rb_tld example com net org
trusted_networks 192.0.2.250
internal_networks 192.0.2.250
full   SIGNED        eval:check_dkim_signed()
full   SIGNED_MY     eval:check_dkim_signed('shop.example', '*.list.example')
full   VALID         eval:check_dkim_valid()
full   VALID_MY      eval:check_dkim_valid('.list.example')
full   VERIFIED      eval:check_dkim_verified()
full   VALID_AU      eval:check_dkim_valid_author_sig()
full   VALID_AU_MY   eval:check_dkim_valid_author_sig('other.example')
full   VALID_EF      eval:check_dkim_valid_envelopefrom()
full   DEPENDABLE    eval:check_dkim_dependable()
header TESTING       eval:check_dkim_testing()
header SIGNSOME      eval:check_dkim_signsome()
header SIGNALL       eval:check_dkim_signall()
header ADSP_N        eval:check_dkim_adsp('N')
header ADSP_A        eval:check_dkim_adsp('A')
header ADSP_D        eval:check_dkim_adsp('D')
header ADSP_ANY      eval:check_dkim_adsp('*', '.shop.example')
header ADSP_MED      eval:check_dkim_adsp('2')
header WELCOME       eval:check_for_dkim_welcomelist_from()
header WHITE         eval:check_for_dkim_whitelist_from()
header DEF_WELCOME   eval:check_for_def_dkim_welcomelist_from()
header DEF_WHITE     eval:check_for_def_dkim_whitelist_from()
full   ARC           eval:check_arc_signed()
full   ARC_OK        eval:check_arc_valid()
full   DK_SIGNED     eval:check_domainkeys_signed()
full   DK_VERIFIED   eval:check_domainkeys_verified()
header DK_TESTING    eval:check_domainkeys_testing()
header DK_SIGNSOME   eval:check_domainkeys_signsome()
header DK_SIGNALL    eval:check_domainkeys_signall()
header DK_WHITE      eval:check_for_dk_whitelist_from()
header DEF_DK_WHITE  eval:check_for_def_dk_whitelist_from()
header SPF_PASS      eval:check_for_spf_pass()
header SPF_FAIL      eval:check_for_spf_fail()
header SPF_NONE      eval:check_for_spf_none()
header SPF_TEMP      eval:check_for_spf_temperror()
header SPF_SKIPPED   eval:check_spf_skipped_noenvfrom()
header SPF_HELO_PASS eval:check_for_spf_helo_pass()
header SPF_HELO_FAIL eval:check_for_spf_helo_fail()
header SPF_WELCOME   eval:check_for_spf_welcomelist_from()
header DMARC_PASS    eval:check_dmarc_pass()
header DMARC_REJECT  eval:check_dmarc_reject()
header DMARC_QUAR    eval:check_dmarc_quarantine()
header DMARC_NONE    eval:check_dmarc_none()
header DMARC_MISSING eval:check_dmarc_missing()
header AR_SPF        eval:check_authres_result('spf', 'pass')
header AR_DKIM       eval:check_authres_result('dkim', 'missing')
"""
SENDER = b"Return-Path: <bounce@shop.example>\r\n"
RECEIVED = (
    b"Received: from mx.shop.example (mx.shop.example [192.0.2.7]) by mx.here.example with ESMTP;"
    b" Mon, 1 Jan 2024 00:00:00 +0000\r\n"
)
HEAD = SENDER + RECEIVED
BODY = b"From: Joe <joe@shop.example>\r\nTo: Sue <sue@here.example>\r\nSubject: dinner\r\n\r\nHello.\r\n"
KEY = rsa.generate_private_key(65537, 1024)
PUBLIC = base64.b64encode(
    KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
).decode()


def dkim(domain: str = "shop.example", identity: str = "", author: str = "joe@shop.example") -> bytes:
    """A DKIM-Signature for `BODY` with that author, relaxed/simple, over From and Subject."""
    digest = base64.b64encode(hashlib.sha256(b"Hello.\r\n").digest()).decode()
    i = f" i={identity};" if identity else ""
    value = f"v=1; a=rsa-sha256; c=relaxed/simple; d={domain}; s=s;{i} h=from:subject; bh={digest}; b="
    text = f"from:Joe <{author}>\r\nsubject:dinner\r\ndkim-signature:{value}".encode()
    signature = base64.b64encode(KEY.sign(text, padding.PKCS1v15(), hashes.SHA256()))
    return b"DKIM-Signature: " + value.encode() + signature + b"\r\n"


def domainkey() -> bytes:
    """A DomainKey-Signature for `BODY`, simple."""
    text = BODY
    signature = base64.b64encode(KEY.sign(text, padding.PKCS1v15(), hashes.SHA1()))
    return b"DomainKey-Signature: a=rsa-sha1; q=dns; c=simple; s=s; d=shop.example; b=" + signature + b"\r\n"


KEY_LINE = f"s._domainkey.shop.example TXT p={PUBLIC}"


@pytest.fixture
def hits(tmp_path: Path) -> Any:
    """What hits on a message, with more configuration and a zone."""

    def hits(message: bytes, zone: str = "", cf: str = "", resolver: Any = None) -> set[str]:
        (tmp_path / "rules.cf").write_text(RULES + cf)
        conf = read_conf(Setup(files=[tmp_path / "rules.cf"]))
        assert not conf.problems
        resolver = resolver if resolver is not None else ZoneResolver(zone)
        verdict = asyncio.run(Engine(conf, local_tests_only=False, resolver=resolver).check(message))
        return {hit.rule for hit in verdict.hits}

    return hits


def test_unsigned(hits: Any) -> None:
    resolver = ZoneResolver("")
    found = hits(HEAD + BODY, resolver=resolver)
    assert found & {"SIGNED", "VALID", "VALID_AU", "DK_SIGNED", "ARC", "TESTING", "SIGNSOME"} == set()
    assert {"DEPENDABLE", "ADSP_N", "AR_DKIM"} <= found
    # No key is asked for.
    assert not any("s._domainkey" in name for name, _ in resolver.asked)


def test_valid_author_signature(hits: Any) -> None:
    found = hits(HEAD + dkim() + BODY, KEY_LINE)
    assert {"SIGNED", "SIGNED_MY", "VALID", "VERIFIED", "VALID_AU", "VALID_EF", "DEPENDABLE"} <= found
    assert found & {"VALID_MY", "VALID_AU_MY", "ADSP_N", "ADSP_ANY", "DK_SIGNED"} == set()


def test_valid_signature_of_another(hits: Any) -> None:
    zone = f"s._domainkey.a.list.example TXT p={PUBLIC}\nshop.example A 192.0.2.1"
    found = hits(HEAD + dkim("a.list.example") + BODY, zone)
    assert {"SIGNED", "SIGNED_MY", "VALID", "VALID_MY"} <= found
    assert found & {"VALID_AU", "VALID_EF", "ADSP_N"} == set()


def test_invalid_signature(hits: Any) -> None:
    found = hits(HEAD + dkim() + BODY.replace(b"Hello", b"Hallo"), KEY_LINE)
    assert {"SIGNED", "SIGNED_MY", "DEPENDABLE"} <= found
    assert found & {"VALID", "VALID_AU", "VALID_EF"} == set()


def test_short_keys(hits: Any) -> None:
    message = HEAD + dkim() + BODY
    found = hits(message, KEY_LINE, "dkim_minimum_key_bits 2048\n")
    assert "VALID" in found and found & {"VALID_AU", "VALID_EF", "VALID_MY"} == set()
    # Without a minimum the size is not even looked at, and no signature is taken for the author's.
    assert "VALID_AU" not in hits(message, KEY_LINE, "dkim_minimum_key_bits 0\n")


@pytest.mark.parametrize(
    ("record", "rules"),
    [
        ("dkim=all", {"ADSP_A", "SIGNALL", "ADSP_ANY"}),
        ("dkim=discardable", {"ADSP_D", "ADSP_ANY"}),
        ("dkim=unknown", set()),
    ],
)
def test_adsp(hits: Any, record: str, rules: set[str]) -> None:
    zone = f"_adsp._domainkey.shop.example TXT {record}\nshop.example A 192.0.2.1"
    every = {"ADSP_A", "ADSP_D", "ADSP_N", "ADSP_ANY", "ADSP_MED", "SIGNALL"}
    assert hits(HEAD + BODY, zone) & every == rules
    assert hits(HEAD + dkim() + BODY, f"{zone}\n{KEY_LINE}") & every == set()


def test_adsp_override(hits: Any) -> None:
    for line in ("adsp_override shop.example custom_med\n", "adsp_override *.example CUSTOM_MED\n"):
        assert {"ADSP_MED", "ADSP_ANY"} <= hits(HEAD + BODY, "shop.example A 192.0.2.1", line)
    assert "ADSP_D" in hits(HEAD + BODY, "", "adsp_override @shop.example\n")


def test_a_key_that_does_not_come_in_time(hits: Any) -> None:
    zone = "s._domainkey.shop.example TIMEOUT\n_adsp._domainkey.shop.example TXT dkim=all"
    found = hits(HEAD + dkim() + BODY, zone, "dkim_timeout 1\n")
    assert "SIGNED" in found and found & {"VALID", "ADSP_A", "ADSP_N"} == set()


@pytest.mark.parametrize(
    ("line", "rules"),
    [
        ("welcomelist_from_dkim *@shop.example", {"WELCOME", "WHITE"}),
        ("whitelist_from_dkim joe@shop.example shop.example", {"WELCOME", "WHITE"}),
        ("whitelist_from_dkim *@shop.example other.example", set()),
        ("whitelist_from_dkim *@shop.example *.shop.example", set()),
        ("whitelist_from_dkim *@other.example shop.example", set()),
        ("def_welcomelist_from_dkim *@shop.example", {"DEF_WELCOME", "DEF_WHITE"}),
        ("welcomelist_auth *@shop.example", {"WELCOME", "WHITE", "SPF_WELCOME", "DK_WHITE"}),
        ("def_whitelist_auth *@shop.example", {"DEF_WELCOME", "DEF_WHITE", "DEF_DK_WHITE"}),
        ("whitelist_from_dkim *@shop.example\nunwhitelist_from_dkim *@shop.example", set()),
        ("whitelist_from_dk joe@shop.example", {"DK_WHITE"}),
        ("whitelist_from_dk *@shop.example other.example", set()),
        ("def_whitelist_from_dk *@shop.example shop.example", {"DEF_DK_WHITE"}),
        ("whitelist_from_spf *@shop.example", {"SPF_WELCOME"}),
    ],
)
def test_welcome_lists(hits: Any, line: str, rules: set[str]) -> None:
    zone = f"{KEY_LINE}\nshop.example TXT v=spf1 ip4:192.0.2.7 -all"
    every = {"WELCOME", "WHITE", "DEF_WELCOME", "DEF_WHITE", "DK_WHITE", "DEF_DK_WHITE", "SPF_WELCOME"}
    assert hits(HEAD + dkim() + domainkey() + BODY, zone, line + "\n") & every == rules
    unsigned = hits(HEAD + BODY, "", line + "\n")
    assert unsigned & every == set()


@pytest.mark.parametrize(
    ("site", "user", "rules"),
    [
        ("", "whitelist_from_dkim *@shop.example", {"WELCOME", "WHITE"}),
        ("", "welcomelist_from_dkim joe@* shop.example", {"WELCOME", "WHITE"}),
        ("", "welcomelist_from_dkim joe@* .other.example", set()),
        ("", "whitelist_from_dk *@shop.example", {"DK_WHITE"}),
        ("", "def_whitelist_from_dk *@shop.example shop.example", {"DEF_DK_WHITE"}),
        ("", "def_welcomelist_from_dkim *@shop.example", {"DEF_WELCOME", "DEF_WHITE"}),
        ("", "welcomelist_auth *@shop.example", {"WELCOME", "WHITE", "SPF_WELCOME", "DK_WHITE"}),
        ("", "def_welcomelist_auth j?e@shop.example", {"DEF_WELCOME", "DEF_WHITE", "DEF_DK_WHITE"}),
        ("whitelist_from_dkim *@shop.example", "unwelcomelist_from_dkim *@shop.example", set()),
        (
            "whitelist_from_dkim *@shop.example",
            "unwhitelist_from_dkim joe@shop.example",
            {"WELCOME", "WHITE"},
        ),
        ("def_whitelist_from_dkim *@shop.example", "unwhitelist_from_dkim *@shop.example", set()),
        ("whitelist_auth *@shop.example", "unwelcomelist_auth *@shop.example", set()),
        ("def_welcomelist_auth *@shop.example", "unwhitelist_auth *@shop.example", set()),
        ("whitelist_from_dk *@shop.example", "unwhitelist_from_dk *@shop.example", set()),
        ("whitelist_from_spf *@shop.example", "unwhitelist_from_spf *@shop.example", set()),
        ("whitelist_from_dkim *@other.example", "whitelist_from_dkim *@shop.example", {"WELCOME", "WHITE"}),
    ],
)
def test_welcome_lists_of_a_user(tmp_path: Path, site: str, user: str, rules: set[str]) -> None:
    zone = f"{KEY_LINE}\nshop.example TXT v=spf1 ip4:192.0.2.7 -all"
    every = {"WELCOME", "WHITE", "DEF_WELCOME", "DEF_WHITE", "DK_WHITE", "DEF_DK_WHITE", "SPF_WELCOME"}
    (tmp_path / "rules.cf").write_text(f"{RULES}\n{site}\n")
    engine = Engine(
        read_conf(Setup(files=[tmp_path / "rules.cf"])), local_tests_only=False, resolver=ZoneResolver(zone)
    )
    message = HEAD + dkim() + domainkey() + BODY

    def found(engine: Engine, message: bytes) -> set[str]:
        return {hit.rule for hit in asyncio.run(engine.check(message)).hits} & every

    everybody = found(engine, message)
    theirs = engine.for_user(user + "\n", "user_prefs")
    assert not theirs.conf.problems
    assert found(theirs, message) == rules
    # One user's list lets in nothing unsigned, and nothing for anybody else.
    assert found(theirs, HEAD + BODY) <= {"SPF_WELCOME"}
    assert found(engine, message) == everybody


def test_domainkeys(hits: Any) -> None:
    message = HEAD + domainkey() + BODY
    found = hits(message, KEY_LINE + "\n_domainkey.shop.example TXT o=-")
    assert {"DK_SIGNED", "DK_VERIFIED", "SIGNED", "VALID", "VALID_AU"} <= found
    assert found & {"DK_SIGNALL", "DK_SIGNSOME", "DK_TESTING"} == set()
    found = hits(message, KEY_LINE.replace("p=", "t=y; p="))
    assert {"DK_VERIFIED", "DK_TESTING"} <= found
    found = hits(message.replace(b"Hello", b"Hallo"), KEY_LINE + "\n_domainkey.shop.example TXT o=-; t=y")
    assert {"DK_SIGNED", "DK_SIGNALL", "DK_TESTING"} <= found and "DK_VERIFIED" not in found
    found = hits(HEAD + BODY, "_domainkey.shop.example TXT o=~")
    assert "DK_SIGNSOME" in found and found & {"DK_SIGNED", "DK_SIGNALL"} == set()


def test_domainkeys_policy_is_asked_for_only_where_it_matters(hits: Any) -> None:
    resolver = ZoneResolver(KEY_LINE)
    hits(HEAD + domainkey() + BODY, resolver=resolver)
    assert ("_domainkey.shop.example", "TXT") not in resolver.asked


def test_arc(hits: Any) -> None:
    found = hits(b"ARC-Seal: i=1; a=rsa-sha256; cv=none; d=x.example; s=s; b=AAAA\r\n" + HEAD + BODY)
    assert "ARC" in found and "ARC_OK" not in found


def test_spf(hits: Any) -> None:
    zone = "shop.example TXT v=spf1 ip4:192.0.2.7 -all\nmx.shop.example TXT v=spf1 -all"
    found = hits(HEAD + BODY, zone)
    assert {"SPF_PASS", "SPF_HELO_FAIL"} <= found
    assert found & {"SPF_FAIL", "SPF_NONE", "SPF_SKIPPED"} == set()
    assert "SPF_NONE" in hits(HEAD + BODY)
    assert "SPF_TEMP" in hits(HEAD + BODY, "shop.example SERVFAIL")
    assert "SPF_SKIPPED" in hits(RECEIVED + BODY, zone)


def test_spf_explanation(tmp_path: Path) -> None:
    (tmp_path / "rules.cf").write_text(RULES)
    conf = read_conf(Setup(files=[tmp_path / "rules.cf"]))
    zone = "shop.example TXT v=spf1 -all exp=why.example\nwhy.example TXT %{i} is not ours"
    engine = Engine(conf, local_tests_only=False, resolver=ZoneResolver(zone))
    verdict = asyncio.run(engine.check(HEAD + BODY))
    (hit,) = [hit for hit in verdict.hits if hit.rule == "SPF_FAIL"]
    assert "SPF failed: 192.0.2.7 is not ours" in " ".join(map(str, hit.logs))


INTERNAL = (
    b"Received: from relay.here.example (relay.here.example [192.0.2.250]) by in.here.example with ESMTP;"
    b" Mon, 1 Jan 2024 00:00:01 +0000\r\n"
)


def test_what_our_own_hosts_have_found_out(hits: Any) -> None:
    zone = "shop.example TXT v=spf1 -all\nmx.shop.example TXT v=spf1 -all"
    header = b"Received-SPF: pass (here) receiver=relay; identity=mailfrom; client-ip=192.0.2.7\r\n"
    message = SENDER + header + INTERNAL + RECEIVED + BODY
    found = hits(message, zone)
    assert {"SPF_PASS", "SPF_HELO_FAIL"} <= found
    assert "SPF_FAIL" in hits(message, zone, "ignore_received_spf_header 1\nalways_trust_envelope_sender 1\n")
    results = b"Authentication-Results: relay.here.example; spf=pass smtp.mailfrom=shop.example\r\n"
    assert {"SPF_PASS", "AR_SPF"} <= hits(results + INTERNAL + HEAD + BODY, zone)
    # Below the first foreign host anybody may have written it.
    forged = hits(
        SENDER + INTERNAL + RECEIVED + header + results + BODY, zone, "always_trust_envelope_sender 1\n"
    )
    assert "SPF_FAIL" in forged and "AR_SPF" not in forged


@pytest.mark.parametrize(
    ("record", "rule"),
    [
        ("v=DMARC1; p=reject", "DMARC_REJECT"),
        ("v=DMARC1; p=quarantine", "DMARC_QUAR"),
        ("v=DMARC1; p=none", "DMARC_NONE"),
        ("v=spf1", "DMARC_MISSING"),
    ],
)
def test_dmarc(hits: Any, record: str, rule: str) -> None:
    # Unlike the other tests' names these must be below a top level that the Public Suffix List knows.
    every = {"DMARC_PASS", "DMARC_REJECT", "DMARC_QUAR", "DMARC_NONE", "DMARC_MISSING"}
    zone = f"_dmarc.example.com TXT {record}\nexample.com MX 10 mx.example.com\n"
    head, body = (text.replace(b"shop.example", b"news.example.com") for text in (HEAD, BODY))
    assert hits(head + body, zone) & every == {rule}
    passing = {"DMARC_MISSING" if rule == "DMARC_MISSING" else "DMARC_PASS"}
    key = f"s._domainkey.example.com TXT p={PUBLIC}"
    signature = dkim("example.com", author="joe@news.example.com")
    assert hits(head + signature + body, zone + key) & every == passing
    spf = f"{zone}news.example.com TXT v=spf1 ip4:192.0.2.7 -all"
    assert hits(head + body, spf) & every == passing


def test_dmarc_of_a_domain_below_no_known_top_level(hits: Any) -> None:
    every = {"DMARC_PASS", "DMARC_REJECT", "DMARC_MISSING"}
    zone = "_dmarc.shop.example TXT v=DMARC1; p=reject\nshop.example MX 10 mx.shop.example\n"
    assert hits(HEAD + BODY, zone) & every == set()


def test_dmarc_of_neighbours_under_a_public_suffix(hits: Any) -> None:
    # example.co.uk and other.co.uk have different owners, and so have a.github.io and b.github.io.
    for suffix in ("co.uk", "github.io"):
        zone = f"_dmarc.one.{suffix} TXT v=DMARC1; p=reject\none.{suffix} A 192.0.2.1\n"
        zone += f"s._domainkey.two.{suffix} TXT p={PUBLIC}"
        message = HEAD + dkim(f"two.{suffix}", author=f"joe@one.{suffix}")
        message += BODY.replace(b"shop.example", f"one.{suffix}".encode())
        found = hits(message, zone)
        assert {"VALID", "DMARC_REJECT"} <= found


def test_authres(hits: Any) -> None:
    results = b"Authentication-Results: mx.here.example; spf=pass smtp.mailfrom=x; dkim=fail header.d=x\r\n"
    message = results + INTERNAL + HEAD + BODY
    assert "AR_SPF" in hits(message) and "AR_DKIM" not in hits(message)
    for line in ("authres_trusted_authserv mx.other.example", "authres_ignored_authserv mx.here.example"):
        assert "AR_SPF" not in hits(message, cf=line + "\n")
    below = INTERNAL + HEAD + results + BODY
    assert "AR_SPF" not in hits(below)
    assert "AR_SPF" in hits(below, cf="authres_networks all\n")


CUT = b"X-Amavis-MessageSize: 2000, TRUNCATED to 900\r\n"
TRUSTED = """
trust_truncation_mark 1
full __DKIM_DEPENDABLE eval:check_dkim_dependable()
meta DKIM_INVALID      SIGNED && !VALID
"""


def test_truncated_messages_are_neither_valid_nor_broken(hits: Any) -> None:
    zone = f"{KEY_LINE}\n_domainkey.shop.example TXT o=-\n_adsp._domainkey.shop.example TXT dkim=all"
    for signature in (dkim() + domainkey(), domainkey()):
        broken = {"DKIM_INVALID", "DK_SIGNALL", "ADSP_A", "SIGNALL"}
        cut = CUT + HEAD + signature + BODY[:-3]
        found = hits(CUT + HEAD + signature + BODY, zone, TRUSTED)
        assert "VALID" in found and found & broken == set()
        found = hits(cut, zone, TRUSTED)
        assert "SIGNED" in found
        assert found & {"VALID", "VALID_AU", "DK_VERIFIED", "DEPENDABLE", *broken} == set()
        # Nobody is believed by default, and never the sender.
        for found in (
            hits(cut, zone, TRUSTED.replace("mark 1", "mark 0")),
            hits(HEAD + signature + CUT + BODY[:-3], zone, TRUSTED),
        ):
            assert {"SIGNED", "DKIM_INVALID"} <= found and "DEPENDABLE" in found
    # A signature that is bad whatever followed stays bad.
    forged = CUT + HEAD + dkim().replace(b"; b=", b"; t=1; b=") + BODY[:-3]
    assert {"DKIM_INVALID", "DEPENDABLE"} <= hits(forged, zone, TRUSTED)


def test_dmarc_does_not_fail_for_what_is_missing(hits: Any) -> None:
    zone = "_dmarc.example.com TXT v=DMARC1; p=reject\nexample.com MX 10 mx.example.com\n"
    zone += f"s._domainkey.example.com TXT p={PUBLIC}"
    head, body = (text.replace(b"shop.example", b"example.com") for text in (HEAD, BODY))
    cut = CUT + head + dkim("example.com", author="joe@example.com") + body[:-3]
    assert "DMARC_REJECT" in hits(cut, zone)
    found = hits(cut, zone, "trust_truncation_mark 1\n")
    assert found & {"DMARC_REJECT", "DMARC_PASS", "DMARC_MISSING"} == set()
    permitted = zone + "\nexample.com TXT v=spf1 ip4:192.0.2.7 -all"
    assert "DMARC_PASS" in hits(cut, permitted, "trust_truncation_mark 1\n")


def test_without_network(tmp_path: Path) -> None:
    (tmp_path / "rules.cf").write_text(RULES)
    engine = Engine(read_conf(Setup(files=[tmp_path / "rules.cf"])))
    verdict = asyncio.run(engine.check(HEAD + dkim() + BODY))
    assert {hit.rule for hit in verdict.hits} == {"AR_DKIM"}


SPF_TESTS = "pass neutral none fail softfail permerror temperror helo_pass helo_none helo_fail helo_softfail"
OUR_HOST = b"Received: from out.example.com (out.example.com [192.0.2.1]) by mx.example.org with ESMTP id 1\n"


@pytest.mark.parametrize("settings", ["", "dns_available no\n", "ignore_received_spf_header 1\n"])
def test_what_our_own_hosts_found_out_counts_without_network(agreement: Any, settings: str) -> None:
    rules = "loadplugin Mail::SpamAssassin::Plugin::SPF\nwelcomelist_from_spf *@example.com\n" + settings
    for number, name in enumerate(SPF_TESTS.split()):
        rules += f"header SPF_{number} eval:check_for_spf_{name}()\n"
        rules += f"header NET_{number} eval:check_for_spf_{name}()\ntflags NET_{number} net\n"
    rules += "header SPF_LISTED eval:check_for_spf_welcomelist_from()\n"
    rules += "header SPF_SKIPPED eval:check_spf_skipped_noenvfrom()\n"
    messages = []
    for field in (
        b"Received-SPF: pass (x)\n",
        b"Received-SPF: softfail (x) identity=mailfrom; x\nReceived-SPF: fail (x) identity=helo; x\n",
        b"Authentication-Results: mx.example.org; spf=temperror smtp.mailfrom=joe@example.com\n",
        b"",
    ):
        for sender in (b"Return-Path: <joe@example.com>\n", b""):
            messages.append(sender + field + OUR_HOST + b"From: joe@example.com\n\nHello\n")
    verdicts = agreement(rules, messages)
    assert {"SPF_0", "SPF_LISTED"} <= set(verdicts[0]["hits"]) or "ignore" in settings
    assert "SPF_SKIPPED" in verdicts[1]["hits"]
