"""DomainKeys: messages signed by the RFC's own words, sender identities, keys, sending policies."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyspamd.auth import domainkeys
from pyspamd.auth.addresses import first_address
from pyspamd.auth.canonical import nofws_body, nofws_field
from pyspamd.auth.domainkeys import SendingPolicy, lookup_policy, read_policy, sender_domain
from pyspamd.auth.result import SignatureResult
from pyspamd.net.zone import ZoneResolver

MESSAGE = (
    b"Received: by mx.example.com; Mon, 1 Jan 2007 00:00:00 +0000\r\n"
    b"From: Joe  <joe@example.com>\r\n"
    b"To: Sue <sue@example.net>\r\n"
    b"Subject: dinner\r\n\tand  supper\r\n"
    b"\r\n"
    b"Hi  there. \r\n \r\n Are you\thungry?\r\n\r\n \r\n\r\n"
)


def verify(message: bytes, zone: str | ZoneResolver) -> list[SignatureResult]:
    resolver = ZoneResolver(zone) if isinstance(zone, str) else zone
    return asyncio.run(domainkeys.verify(message, resolver))


def only(message: bytes, zone: str) -> SignatureResult:
    (result,) = verify(message, zone)
    return result


@pytest.fixture
def zone(key: Any) -> str:
    return f"s1._domainkey.example.com TXT k=rsa; p={key.public}"


@pytest.mark.parametrize("form", ["simple", "nofws"])
@pytest.mark.parametrize("listed", ["", "from:to:subject", "received:from:x-none:subject"])
def test_signed(dk_sign: Any, zone: str, form: str, listed: str) -> None:
    signed = dk_sign(MESSAGE, form=form, listed=listed)
    result = only(signed, zone)
    assert result.detail == "pass"
    assert (result.type, result.domain, result.selector) == ("DomainKeys", "example.com", "s1")
    assert (result.identity, result.key_bits, result.canonicalization) == ("joe@example.com", 1024, form)
    assert result.covered == tuple(filter(None, listed.split(":")))
    assert only(signed.replace(b"\r\n", b"\n"), zone).detail == "pass"


@pytest.mark.parametrize("form", ["simple", "nofws"])
@pytest.mark.parametrize("body", [b"", b"\r\n\r\n", b"x", b"\r\n\r\nx\r\n"])
def test_bodies_at_the_edge(dk_sign: Any, zone: str, form: str, body: bytes) -> None:
    message = MESSAGE.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" + body
    assert only(dk_sign(message, form=form), zone).detail == "pass"


def test_rfc4870_nofws() -> None:
    # Section 3.4.2.2: every SP, HTAB, CR and LF inside a line goes, and so do empty lines at the end.
    assert nofws_field(b"Subject:  a \r\n\t b") == b"Subject:ab"
    assert nofws_body(b"a b\tc\r\n \t\r\nd\r\n\r\n \r\n") == b"abc\r\n\r\nd\r\n"
    assert nofws_body(b" \r\n") == b""
    assert nofws_body(b"a\rb\r\nc\nd\r\n") == b"ab\r\ncd\r\n"


def test_what_a_list_does_to_a_message(dk_sign: Any, zone: str) -> None:
    signed = dk_sign(MESSAGE)
    altered = "fail (message has been altered)"
    assert only(signed + b"the list\r\n", zone).detail == altered
    assert only(signed.replace(b"dinner", b"[list] dinner"), zone).detail == altered
    # Blanks may change, fields above the signature may come; below it none may without h=.
    assert only(signed.replace(b"Joe  <", b"Joe <"), zone).detail == "pass"
    assert only(b"Sender: owner@list.example\r\n" + signed, zone).detail == "pass"
    assert only(signed.replace(b"To: Sue", b"X-New: 1\r\nTo: Sue"), zone).detail == altered
    listed = dk_sign(MESSAGE, listed="from:to")
    assert only(listed.replace(b"To: Sue", b"X-New: 1\r\nTo: Sue"), zone).detail == "pass"


def test_repeated_fields(dk_sign: Any, zone: str) -> None:
    # Section 3.3: a name listed once stands for every field of that name.
    message = b"To: a@example.net\r\nTo: b@example.net\r\n" + MESSAGE
    signed = dk_sign(message, listed="from:to")
    assert only(signed, zone).detail == "pass"
    assert only(signed.replace(b"a@example", b"c@example"), zone).result == "fail"


def test_sender_counts_before_from(dk_sign: Any, zone: str) -> None:
    message = b"Sender: Ann <ann@example.com>\r\n" + MESSAGE.replace(b"joe@example.com", b"joe@example.org")
    assert only(dk_sign(message), zone).identity == "ann@example.com"
    message = b"Sender: Ann <ann@example.org>\r\n" + MESSAGE
    assert only(dk_sign(message), zone).detail == "permerror (bad identity)"
    # A Sender that the signature does not cover cannot say whose it is.
    assert only(dk_sign(message, listed="from:to"), zone).identity == "joe@example.com"


def test_folded_from(dk_sign: Any, zone: str) -> None:
    message = MESSAGE.replace(b"From: Joe  <", b"From: Joe\r\n <")
    assert only(dk_sign(message), zone).detail == "pass"


def test_signing_domain_and_sender(dk_sign: Any, key: Any) -> None:
    message = MESSAGE.replace(b"joe@example.com", b"joe@News.Example.COM")
    result = only(dk_sign(message), f"s1._domainkey.example.com TXT p={key.public}")
    assert (result.detail, result.signer) == ("pass", "news.example.com")
    other = dk_sign(MESSAGE, domain="ample.com")
    line = f"s1._domainkey.ample.com TXT p={key.public}"
    assert only(other, line).detail == "permerror (bad identity)"


def test_several_signatures(dk_sign: Any, zone: str, other_key: Any) -> None:
    inner = dk_sign(MESSAGE)
    both = dk_sign(inner, selector="s2", listed="from:to:subject", with_key=other_key)
    lines = f"{zone}\ns2._domainkey.example.com TXT p={other_key.public}"
    assert [(r.selector, r.detail) for r in verify(both, lines)] == [("s2", "pass"), ("s1", "pass")]


@pytest.mark.parametrize(
    ("tags", "detail"),
    [
        ("p=KEY", "pass"),
        ("g=; k=rsa; p=KEY", "pass"),
        ("v=DKIM1; g=; p=KEY", "pass"),
        ("g=joe; p=KEY", "pass"),
        ("g=j*; p=KEY", "pass"),
        ("g=*+list; p=KEY", "permerror (public key: granularity mismatch)"),
        ("g=Joe; p=KEY", "permerror (public key: granularity mismatch)"),
        ("k=dsa; p=KEY", "permerror (public key: unsupported key type)"),
        ("h=sha256; p=KEY", "permerror (public key: does not support hash algorithm 'sha1')"),
        ("k=rsa", "permerror (public key: missing p= tag)"),
        ("p=", "permerror (public key: revoked)"),
    ],
)
def test_key_records(dk_sign: Any, key: Any, tags: str, detail: str) -> None:
    line = "s1._domainkey.example.com TXT " + tags.replace("KEY", key.public)
    assert only(dk_sign(MESSAGE), line).detail == detail


def test_testing_and_short_keys_are_caveats(dk_sign: Any, short_key: Any) -> None:
    line = f"s1._domainkey.example.com TXT t=y; p={short_key.public}"
    result = only(dk_sign(MESSAGE, with_key=short_key), line)
    assert (result.detail, result.testing, result.key_bits) == ("pass", True, 512)
    assert result.caveats == ("short key", "testing")


def test_second_from_is_a_caveat(dk_sign: Any, zone: str) -> None:
    result = only(b"From: boss@bank.example\r\n" + dk_sign(MESSAGE), zone)
    assert (result.detail, result.caveats) == ("pass", ("unsigned From",))


@pytest.mark.parametrize(
    ("old", "new", "detail"),
    [
        (b"q=dns;", b"", "pass"),
        (b"a=rsa-sha1;", b"", "pass"),
        (b"c=nofws;", b"c=NOFWS;", "pass"),
        (b"q=dns;", b"q=http;", "permerror (unsupported query protocol, q=http)"),
        (b"a=rsa-sha1;", b"a=rsa-sha256;", "permerror (unsupported algorithm rsa-sha256)"),
        (b"c=nofws;", b"c=relaxed;", "permerror (unsupported canonicalization relaxed)"),
        (b"c=nofws;", b"", "fail (message has been altered)"),
        (b"d=example.com;", b"", "permerror (missing d tag)"),
        (b"d=example.com;", b"d=;", "permerror (invalid domain in d tag)"),
        (b"s=s1;", b"", "permerror (missing s tag)"),
        (b"q=dns;", b"s=s2;", "permerror (syntax error: duplicate tag s=)"),
        (b"q=dns;", b"dns;", "permerror (syntax error: a tag without a value)"),
    ],
)
def test_tags(dk_sign: Any, zone: str, old: bytes, new: bytes, detail: str) -> None:
    signed = dk_sign(MESSAGE)
    assert old in signed
    assert only(signed.replace(old, new, 1), zone).detail == detail


@pytest.mark.parametrize(
    ("line", "detail"),
    [
        ("x.example A 192.0.2.1", "permerror (public key: not available)"),
        ("s1._domainkey.example.com SERVFAIL", "temperror (public key: DNS error: SERVFAIL)"),
        ("s1._domainkey.example.com TIMEOUT", "temperror (public key: DNS query timed out)"),
    ],
)
def test_no_key(dk_sign: Any, line: str, detail: str) -> None:
    assert only(dk_sign(MESSAGE), line).detail == detail


# Addresses


@pytest.mark.parametrize(
    ("value", "address"),
    [
        (b" joe@example.com", b"joe@example.com"),
        (b' "Doe, Joe" <joe@example.com>, sue@example.net', b"joe@example.com"),
        (b" joe (at work) @ example.com (Example (Inc))", b"joe@example.com"),
        (b" Doe, Joe <joe@example.com>", b"Doe"),
        (b" =?utf-8?q?x?= <joe@[192.0.2.1]>", b"joe@[192.0.2.1]"),
        (b" friends: joe@example.com;", b"friends:joe@example.com"),
        (b" <>", b""),
        (b" , ,", None),
        (b" ", None),
        (b" (unclosed", b"unclosed"),
    ],
)
def test_first_address(value: bytes, address: bytes | None) -> None:
    assert first_address(value) == address


def test_sender_domain() -> None:
    assert sender_domain(MESSAGE) == "example.com"
    assert sender_domain(b"Sender: <a@Lists.Example.NET>\r\n" + MESSAGE) == "lists.example.net"
    assert sender_domain(b"Subject: x\r\n\r\n") is None


# Policies (section 3.6)


@pytest.mark.parametrize(
    ("record", "policy"),
    [
        (b"o=-", SendingPolicy(signs_all=True, published=True)),
        (b"o=~; t=y", SendingPolicy(testing=True, published=True)),
        (
            b"t=y; o=-; n=we sign; r=post@example.com",
            SendingPolicy(True, True, "post@example.com", "we sign", True),
        ),
        (b"v=spf1 -all", SendingPolicy()),
        (b"nothing", SendingPolicy()),
    ],
)
def test_policies(record: bytes, policy: SendingPolicy) -> None:
    assert read_policy(record) == policy
    assert read_policy(record).signs_some is not policy.signs_all


def test_policy_lookup() -> None:
    resolver = ZoneResolver("_domainkey.example.com TXT o=-\n_domainkey.sick.example SERVFAIL")
    look = lambda domain: asyncio.run(lookup_policy(domain, resolver))  # noqa: E731
    assert look("example.com").signs_all
    assert look("example.org") == SendingPolicy()
    assert look("sick.example") == SendingPolicy(passing=True)
    assert resolver.asked[0] == ("_domainkey.example.com", "TXT")


# Never raises


@given(st.binary(max_size=300), st.binary(max_size=200), st.binary(max_size=120))
def test_never_raises(value: bytes, record: bytes, sender: bytes) -> None:
    message = (
        b"DomainKey-Signature: " + value + b"\r\nDomainKey-Signature: d=example.com; s=s; b=AAAA; " + value
    )
    message += b"\r\nSender: " + sender + b"\r\n" + MESSAGE
    for result in verify(message, "s._domainkey.example.com TXT p=" + record.hex()):
        assert result.result in {"permerror", "fail"}
    first_address(sender)
    read_policy(record)
