"""DKIM: the RFCs' own examples, messages signed by dkimpy, keys and tags of every kind."""

import asyncio
import base64
import hashlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nacl.signing import SigningKey

from pyspamd.auth import dkim, signatures
from pyspamd.auth.canonical import relaxed_body, relaxed_field, simple_body
from pyspamd.auth.dkim import without_signature
from pyspamd.auth.result import SignatureResult
from pyspamd.net.zone import ZoneResolver

# RFC 8463 appendix A.
FOOTBALL_ZONE = """
brisbane._domainkey.football.example.com TXT v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=
test._domainkey.football.example.com TXT v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB
"""  # noqa: E501
FOOTBALL = b"""DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=brisbane; t=1528637909; h=from : to :
 subject : date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus
 Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==
DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=test; t=1528637909; h=from : to : subject :
 date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3
 DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz
 dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=
From: Joe SixPack <joe@football.example.com>
To: Suzie Q <suzie@shopping.example.net>
Subject: Is dinner ready?
Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)
Message-ID: <20030712040037.46341.5F8J@football.example.com>

Hi.

We lost the game.  Are you hungry yet?

Joe.
"""

# RFC 6376 appendix A.2 (as RFC 4871 has it).
BRISBANE_ZONE = (
    "brisbane._domainkey.example.com TXT v=DKIM1; p="
    "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDwIRP/UC3SBsEmGqZ9ZJW3/DkMoGeLnQg1fWn7/zYtIxN2SnFCjxOCKG9v3b4jYfcTNh5i"
    "jSsq631uBItLa7od+v/RtdC2UzJ1lWT947qR+Rcac2gbto/NMqJ0fzfVjH4OuKhitdY9tf6mcwGjaNBcWToIMmPSPDdQPNUYckcQ2QIDAQAB"
)
BRISBANE = b"""DKIM-Signature: v=1; a=rsa-sha256; s=brisbane; d=example.com;
      c=simple/simple; q=dns/txt; i=joe@football.example.com;
      h=Received : From : To : Subject : Date : Message-ID;
      bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
      b=AuUoFEfDxTDkHlLXSZEpZj79LICEps6eda7W3deTVFOk4yAUoqOB
      4nujc7YopdG5dWLSdNg6xNAZpOPr+kHxt1IrE+NahM6L/LbvaHut
      KVdkLLkpVaVVQPzeRDI009SO2Il5Lu7rDNH6mZckBdrIx0orEtZV
      4bmp/YzhwvcubU4=;
Received: from client1.football.example.com  [192.0.2.1]
      by submitserver.example.com with SUBMISSION;
      Fri, 11 Jul 2003 21:01:54 -0700 (PDT)
From: Joe SixPack <joe@football.example.com>
To: Suzie Q <suzie@shopping.example.net>
Subject: Is dinner ready?
Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)
Message-ID: <20030712040037.46341.5F8J@football.example.com>

Hi.

We lost the game. Are you hungry yet?

Joe.
"""

MESSAGE = (
    b"Received: by mx.example.com; Mon, 1 Jan 2024 00:00:00 +0000\r\n"
    b"From: Joe  <joe@example.com>\r\n"
    b"To: Sue <sue@example.net>\r\n"
    b"Subject: dinner\r\n\tand  supper\r\n"
    b"Date: Mon, 1 Jan 2024 00:00:00 +0000\r\n"
    b"\r\n"
    b"Hi  there. \r\n\r\n Are you\thungry?\r\n\r\n\r\n"
)


def verify(message: bytes, zone: str | ZoneResolver, **rest: Any) -> list[SignatureResult]:
    resolver = ZoneResolver(zone) if isinstance(zone, str) else zone
    return asyncio.run(dkim.verify(message, resolver, **rest))


def only(message: bytes, zone: str, **rest: Any) -> SignatureResult:
    (result,) = verify(message, zone, **rest)
    return result


@pytest.fixture
def zone(key: Any) -> str:
    return f"s1._domainkey.example.com TXT v=DKIM1; k=rsa; p={key.public}"


# The RFCs


def test_rfc8463_example() -> None:
    results = verify(FOOTBALL, FOOTBALL_ZONE)
    assert [(r.algorithm, r.result, r.key_bits) for r in results] == [
        ("ed25519-sha256", "pass", 256),
        ("rsa-sha256", "pass", 1024),
    ]
    assert results[0].identity == "@football.example.com"
    assert results[0].covered[:3] == ("from", "to", "subject")
    assert results[0].timestamp == 1528637909


def test_rfc8463_example_altered() -> None:
    results = verify(FOOTBALL.replace(b"hungry", b"thirsty"), FOOTBALL_ZONE)
    assert [r.detail for r in results] == ["fail (body has been altered)"] * 2
    results = verify(FOOTBALL.replace(b"Is dinner", b"Was dinner"), FOOTBALL_ZONE)
    assert [r.detail for r in results] == ["fail (bad Ed25519 signature)", "fail (message has been altered)"]


def test_rfc6376_example() -> None:
    result = only(BRISBANE, BRISBANE_ZONE)
    assert (result.detail, result.identity, result.signer) == (
        "pass",
        "joe@football.example.com",
        "football.example.com",
    )
    assert only(BRISBANE.replace(b"dinner ready", b"dinner  ready"), BRISBANE_ZONE).result == "fail"


def test_rfc6376_canonical_forms() -> None:
    # Section 3.4.5; the field "B " keeps its blank before the colon only in the simple form.
    assert relaxed_field(b"A: X") == b"a:X"
    assert relaxed_field(b"B : Y\t\r\n\tZ  ") == b"b:Y Z"
    assert relaxed_body(b" C \r\nD \t E\r\n\r\n\r\n") == b" C\r\nD E\r\n"
    assert simple_body(b" C \r\nD \t E\r\n\r\n\r\n") == b" C \r\nD \t E\r\n"
    # Section 3.4.3 and 3.4.4: an empty body is one CRLF in the simple form, and nothing in the relaxed one.
    assert [simple_body(b""), simple_body(b"\r\n\r\n"), simple_body(b"x")] == [b"\r\n", b"\r\n", b"x\r\n"]
    assert [relaxed_body(b""), relaxed_body(b" \r\n\t\r\n"), relaxed_body(b"x ")] == [b"", b"", b"x\r\n"]


def test_rfc6376_hashes_of_the_empty_body() -> None:
    # Sections 3.4.3 and 3.4.4 print them.
    sha256 = lambda data: base64.b64encode(hashlib.sha256(data).digest())  # noqa: E731
    assert sha256(simple_body(b"")) == b"frcCV1k9oG9oKj3dpUqdJg1PxRT2RSN/XKdLCPjaYaY="
    assert sha256(relaxed_body(b"")) == b"47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="


def test_the_signature_itself_is_hashed_without_its_value() -> None:
    field = b"DKIM-Signature: v=1; b = AA==\r\n BB ; bh=b=CC; s=b"
    assert without_signature(field) == b"DKIM-Signature: v=1; b =; bh=b=CC; s=b"


# Messages signed by another implementation


@pytest.mark.parametrize("head", [b"simple", b"relaxed"])
@pytest.mark.parametrize("body", [b"simple", b"relaxed"])
@pytest.mark.parametrize("algorithm", [b"rsa-sha256", b"rsa-sha1"])
def test_signed_by_dkimpy(dkim_sign: Any, zone: str, head: bytes, body: bytes, algorithm: bytes) -> None:
    signed = dkim_sign(MESSAGE, forms=(head, body), algorithm=algorithm)
    result = only(signed, zone)
    assert result.detail == "pass"
    assert result.canonicalization == f"{head.decode()}/{body.decode()}"
    assert result.caveats == (("rsa-sha1",) if algorithm == b"rsa-sha1" else ())
    assert (result.domain, result.selector, result.signer) == ("example.com", "s1", "example.com")
    # As a local MTA hands it over: LF alone, with a mailbox separator.
    assert only(b"From joe Mon Jan  1\n" + signed.replace(b"\r\n", b"\n"), zone).detail == "pass"


@pytest.mark.parametrize("body", [b"simple", b"relaxed"])
@pytest.mark.parametrize("text", [b"", b"\r\n", b" \r\n", b"x", b"x \t\r\n \r\n", b"\r\nx\r\n"])
def test_bodies_at_the_edge(dkim_sign: Any, zone: str, body: bytes, text: bytes) -> None:
    message = MESSAGE.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" + text
    signed = dkim_sign(message, forms=(b"relaxed", body))
    assert only(signed, zone).detail == "pass"


def test_ed25519(dkim_sign: Any) -> None:
    secret = SigningKey.generate()

    class Pair:
        pem = base64.b64encode(bytes(secret))

    signed = dkim_sign(MESSAGE, algorithm=b"ed25519-sha256", with_key=Pair)
    public = base64.b64encode(bytes(secret.verify_key)).decode()
    result = only(signed, f"s1._domainkey.example.com TXT v=DKIM1; k=ed25519; p={public}")
    assert (result.detail, result.key_bits) == ("pass", 256)
    wrong = only(signed, "s1._domainkey.example.com TXT v=DKIM1; k=ed25519; p=AAAA")
    assert wrong.detail == "permerror (public key: no Ed25519 key in p=)"


def test_what_a_list_does_to_a_message(dkim_sign: Any, zone: str) -> None:
    signed = dkim_sign(MESSAGE)
    assert only(signed + b"-- \r\nthe list\r\n", zone).detail == "fail (body has been altered)"
    assert only(signed.replace(b"dinner", b"[list] dinner"), zone).detail == "fail (message has been altered)"
    # Unsigned fields, blanks that the relaxed form does not see.
    assert only(b"Received: from elsewhere\r\n" + signed, zone).detail == "pass"
    assert only(signed.replace(b"Subject: dinner", b"SUBJECT:   dinner"), zone).detail == "pass"


def test_length(dkim_sign: Any, zone: str) -> None:
    signed = dkim_sign(MESSAGE, forms=(b"relaxed", b"simple"), length=True)
    for message in (signed, signed + b"added\r\n"):
        result = only(message, zone)
        assert (result.detail, result.caveats) == ("pass", ("length",))
        assert result.body_length == len(simple_body(MESSAGE.partition(b"\r\n\r\n")[2]))
    assert only(signed.replace(b"hungry", b"angry!"), zone).detail == "fail (body has been altered)"


def test_second_from_is_a_caveat(dkim_sign: Any, zone: str) -> None:
    signed = dkim_sign(MESSAGE)
    result = only(b"From: boss@bank.example\r\n" + signed, zone)
    assert (result.detail, result.caveats) == ("pass", ("unsigned From",))
    oversigned = dkim_sign(MESSAGE, headers=[b"from", b"from", b"to"])
    assert only(oversigned, zone).caveats == ()
    result = only(b"From: boss@bank.example\r\n" + oversigned, zone)
    assert result.detail == "fail (message has been altered)"


def test_several_signatures(dkim_sign: Any, zone: str, key: Any, other_key: Any) -> None:
    first = dkim_sign(MESSAGE)
    both = dkim_sign(first, domain=b"example.net", selector=b"s2", with_key=other_key)
    results = verify(both, f"{zone}\ns2._domainkey.example.net TXT p={other_key.public}")
    assert [(r.domain, r.result, r.key_bits) for r in results] == [
        ("example.net", "pass", 2048),
        ("example.com", "pass", 1024),
    ]
    broken = both.replace(b"d=example.net", b"d=example.org")
    assert [r.result for r in verify(broken, zone)] == ["permerror", "pass"]


def test_repeated_fields_are_taken_from_the_bottom(dkim_sign: Any, zone: str) -> None:
    message = b"To: a@example.com\r\nTo: b@example.com\r\n" + MESSAGE
    signed = dkim_sign(message, headers=[b"from", b"to", b"to"])
    assert only(signed, zone).detail == "pass"
    assert only(signed.replace(b"To: a@", b"To: c@"), zone).detail == "pass"
    assert only(signed.replace(b"To: b@", b"To: c@"), zone).detail == "fail (message has been altered)"


# Keys


def record(**tags: str) -> str:
    return "s1._domainkey.example.com TXT " + "; ".join(f"{name}={value}" for name, value in tags.items())


@pytest.mark.parametrize(
    ("tags", "detail"),
    [
        ({"v": "DKIM1", "p": "KEY"}, "pass"),
        ({"p": "KEY"}, "pass"),
        ({"p": "BARE"}, "pass"),
        ({"p": "KEY", "s": "email:x"}, "pass"),
        ({"p": "KEY", "h": "sha1 : sha256"}, "pass"),
        ({"p": "KEY", "n": "", "x": "unknown"}, "pass"),
        ({"p": "KEY", "t": "s"}, "pass"),
        ({"p": "KEY", "g": "*"}, "pass"),
        ({"p": "KEY", "g": ""}, "pass"),
        ({"p": '"KEY"'}, "pass"),
        ({"v": "DKIM1", "p": "KEY", "g": ""}, "permerror (public key: granularity is empty)"),
        ({"p": "KEY", "g": "joe"}, "permerror (public key: granularity mismatch)"),
        ({"v": "DKIM2", "p": "KEY"}, "permerror (public key: unsupported version)"),
        ({"k": "dsa", "p": "KEY"}, "permerror (public key: unsupported key type)"),
        ({"k": "ed25519", "p": "KEY"}, "permerror (public key: no Ed25519 key in p=)"),
        ({"v": "DKIM1"}, "permerror (public key: missing p= tag)"),
        ({"p": ""}, "permerror (public key: revoked)"),
        ({"p": "?"}, "permerror (public key: invalid data)"),
        ({"p": "AAAA"}, "permerror (public key: no RSA key in p=)"),
        ({"p": "KEY", "s": "tlsrpt"}, "permerror (public key: does not support email)"),
        ({"p": "KEY", "h": "sha1"}, "permerror (public key: does not support hash algorithm 'sha256')"),
        ({"p": "KEY", "p ": "KEY"}, "permerror (public key: syntax error: duplicate tag p=)"),
    ],
)
def test_key_records(dkim_sign: Any, key: Any, tags: dict[str, str], detail: str) -> None:
    tags = {name: value.replace("KEY", key.public).replace("BARE", key.bare) for name, value in tags.items()}
    assert only(dkim_sign(MESSAGE), record(**tags)).detail == detail


@pytest.mark.parametrize(
    ("line", "detail"),
    [
        ("x.example A 192.0.2.1", "permerror (public key: not available)"),
        ("s1._domainkey.example.com A 192.0.2.1", "permerror (public key: not available)"),
        ("s1._domainkey.example.com SERVFAIL", "temperror (public key: DNS error: SERVFAIL)"),
        ("s1._domainkey.example.com REFUSED", "temperror (public key: DNS error: REFUSED)"),
        ("s1._domainkey.example.com TIMEOUT", "temperror (public key: DNS query timed out)"),
        ("s1._domainkey.example.com TXT v=spf1 -all", "permerror (public key: unsupported version)"),
    ],
)
def test_no_key(dkim_sign: Any, line: str, detail: str) -> None:
    result = only(dkim_sign(MESSAGE), line)
    assert (result.detail, result.key_bits) == (detail, None)


def test_the_key_is_found_among_other_records_and_behind_an_alias(dkim_sign: Any, key: Any) -> None:
    lines = f"""
    s1._domainkey.example.com CNAME keys.example.net
    keys.example.net TXT v=spf1 -all
    keys.example.net TXT v=DKIM1; p={key.public}
    """
    assert only(dkim_sign(MESSAGE), lines.replace("\n    ", "\n")).detail == "pass"


def test_testing_and_short_keys_are_caveats(dkim_sign: Any, key: Any, short_key: Any) -> None:
    result = only(dkim_sign(MESSAGE), record(t="y:s", p=key.public))
    assert (result.detail, result.testing, result.caveats) == ("pass", True, ("testing",))
    head = (
        b"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/simple; d=example.com; s=s1; h=from; bh="
        + base64.b64encode(hashlib.sha256(simple_body(MESSAGE.partition(b"\r\n\r\n")[2])).digest())
        + b"; b="
    )
    signature = short_key.sign(
        "sha256", b"from:Joe <joe@example.com>\r\ndkim-signature" + head[14:].replace(b": v", b":v")
    )
    result = only(head + base64.b64encode(signature) + b"\r\n" + MESSAGE, record(p=short_key.public))
    assert (result.detail, result.key_bits, result.caveats) == ("pass", 512, ("short key",))


def test_identity(dkim_sign: Any, zone: str, key: Any) -> None:
    signed = dkim_sign(MESSAGE, identity=b"joe@news.example.com")
    result = only(signed, zone)
    assert (result.detail, result.identity, result.signer) == (
        "pass",
        "joe@news.example.com",
        "news.example.com",
    )
    strict = only(signed, record(t="s", p=key.public))
    assert strict.detail == "permerror (public key: does not support signing subdomains)"
    assert only(signed, record(g="j*e", p=key.public)).detail == "pass"
    assert only(signed, record(g="*x", p=key.public)).detail == "permerror (public key: granularity mismatch)"
    for identity in (b"joe@notexample.com", b"joe@com", b"joe"):
        moved = signed.replace(b"i=joe@news.example.com", b"i=" + identity)
        assert only(moved, zone).detail == "permerror (bad identity)"


# Tags


@pytest.mark.parametrize(
    ("old", "new", "detail"),
    [
        (b"v=1", b"v=2", "permerror (unsupported version 2)"),
        (b"v=1;", b"", "permerror (missing v tag)"),
        (b"a=rsa-sha256", b"a=rsa-md5", "permerror (unsupported algorithm rsa-md5)"),
        (b"c=relaxed/relaxed", b"c=nowsp", "permerror (unsupported canonicalization nowsp/simple)"),
        (b"c=relaxed/relaxed", b"c=relaxed/nowsp", "permerror (unsupported canonicalization relaxed/nowsp)"),
        (b"q=dns/txt", b"q=dns", "permerror (unsupported query protocol, q=dns)"),
        (b"d=example.com", b"d=", "permerror (missing d tag)"),
        (b"s=s1", b"z=s1", "permerror (missing s tag)"),
        (b"bh=", b"bx=", "permerror (missing bh tag)"),
        (b"h=from", b"h=x-from", "permerror (From field not signed)"),
        (b"q=dns/txt", b"x=soon", "permerror (syntax error: x= is not a number)"),
        (b"q=dns/txt", b"l=-1", "permerror (syntax error: l= is not a number)"),
        (b"q=dns/txt", b"x=100", "permerror (x= is not later than t=)"),
        (b"q=dns/txt", b"v=1", "permerror (syntax error: duplicate tag v=)"),
        (b"q=dns/txt", b"9=1", "permerror (syntax error: not a tag name)"),
        (b"q=dns/txt", b"junk", "permerror (syntax error: a tag without a value)"),
    ],
)
def test_tags(dkim_sign: Any, zone: str, old: bytes, new: bytes, detail: str) -> None:
    signed = dkim_sign(MESSAGE)
    field, _, rest = signed.partition(b"\r\nReceived")
    assert old in field
    resolver = ZoneResolver(zone)
    (result,) = verify(field.replace(old, new, 1) + b"\r\nReceived" + rest, resolver)
    assert result.detail == detail
    assert result.readable is (new != b"junk")
    # What is refused for its tags alone asks for no key.
    assert not resolver.asked


def test_expiration_and_the_clock(dkim_sign: Any, zone: str) -> None:
    signed = dkim_sign(MESSAGE).replace(b"q=dns/txt", b"x=2000000000", 1)
    assert only(signed, zone, now=2000000000).detail == "fail (message has been altered)"
    assert only(signed, zone, now=2000000001).detail == "policy (signature is expired)"
    assert only(signed, zone, now=2000000001).expiration == 2000000000


def test_signature_of_the_wrong_size(dkim_sign: Any, zone: str, other_key: Any) -> None:
    signed = dkim_sign(MESSAGE, with_key=other_key)
    assert only(signed, zone).detail == "fail (bad RSA signature)"


def test_inappropriate_key(dkim_sign: Any) -> None:
    line = "s1._domainkey.example.com TXT k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
    assert only(dkim_sign(MESSAGE), line).detail == "permerror (public key: inappropriate key algorithm)"


# What a message costs


def test_unsigned_messages_ask_nothing() -> None:
    resolver = ZoneResolver()
    for number in range(1000):
        message = MESSAGE.replace(b"dinner", b"dinner %d" % number)
        assert not asyncio.run(signatures.verify(message, resolver)).results
    assert not resolver.asked


def test_a_key_is_asked_for_once(dkim_sign: Any, zone: str) -> None:
    resolver = ZoneResolver(zone)
    twice = dkim_sign(dkim_sign(MESSAGE))
    assert [r.result for r in verify(twice, resolver)] == ["pass", "pass"]
    assert resolver.asked == [("s1._domainkey.example.com", "TXT")]


def test_no_more_than_so_many(dkim_sign: Any, zone: str) -> None:
    signed = dkim_sign(MESSAGE)
    field = signed.partition(b"Received")[0]
    found = asyncio.run(signatures.verify(field * 60 + MESSAGE, ZoneResolver(zone)))
    assert len(found.results) == signatures.MOST_SIGNATURES


def test_truncated_messages_are_not_bad(dkim_sign: Any, dk_sign: Any, zone: str) -> None:
    for sign in (dkim_sign, dk_sign):
        signed = sign(MESSAGE)
        cut = asyncio.run(signatures.verify(signed[:-20], ZoneResolver(zone))).results[0]
        known = asyncio.run(signatures.verify(signed[:-20], ZoneResolver(zone), truncated=True)).results[0]
        assert (cut.result, known.result, known.uncheckable) == ("fail", "neutral", True)
        # Cut in the middle of the header.
        head = signed[: signed.index(b"\r\n\r\n") - 3]
        assert asyncio.run(signatures.verify(head, ZoneResolver(zone), truncated=True)).results[0].uncheckable
        whole = asyncio.run(signatures.verify(signed, ZoneResolver(zone), truncated=True)).results[0]
        assert whole.result == "pass"


def test_what_is_bad_whatever_followed_stays_bad(
    dkim_sign: Any, dk_sign: Any, zone: str, other_key: Any
) -> None:
    forged = dkim_sign(MESSAGE).replace(b"dinner", b"supper")[:-20]
    for message in (
        forged,
        dkim_sign(MESSAGE, with_key=other_key)[:-20],
        dk_sign(MESSAGE, with_key=other_key)[:-20],
    ):
        found = asyncio.run(signatures.verify(message, ZoneResolver(zone), truncated=True))
        assert found.results[0].result == "fail"


# Never raises


@given(st.binary(max_size=300), st.binary(max_size=200))
def test_never_raises_on_signatures(value: bytes, key_text: bytes) -> None:
    lines = "s._domainkey.example.com TXT " + key_text.decode("latin-1").replace("\n", " ").replace("\r", " ")
    message = b"DKIM-Signature: " + value + b"\r\nDKIM-Signature: v=1; a=rsa-sha256; d=example.com; s=s;"
    message += b" h=from; bh=AAAA; b=AAAA; " + value + b"\r\n" + MESSAGE
    for result in verify(message, lines):
        assert result.result in {"permerror", "policy", "fail"}


TAGS = st.lists(
    st.tuples(
        st.sampled_from(["v", "a", "b", "bh", "c", "d", "h", "i", "l", "q", "s", "t", "x", "z"]),
        st.sampled_from(
            [
                "1",
                "rsa-sha256",
                "ed25519-sha256",
                "AAAA",
                "AA==",
                "a=b",
                "example.com",
                "@example.com",
                "from:to",
                "relaxed/simple",
                "0",
                "99999999999999999999",
                "dns/txt",
                "é",
                "=3b",
                "s",
                "",
            ]
        ),
    ),
    max_size=16,
)


@given(TAGS, st.binary(max_size=80))
def test_never_raises_on_tag_soup(tags: list[tuple[str, str]], der: bytes) -> None:
    field = "DKIM-Signature: " + ";".join(f"{name}={value}" for name, value in tags)
    lines = f"s._domainkey.example.com TXT p={base64.b64encode(der).decode() or 'AAAA'}"
    verify(field.encode("latin-1") + b"\r\n" + MESSAGE, lines)
