"""ARC: chains sealed by hand after RFC 8617, and by Mail::DKIM where it is installed."""

import asyncio
import base64
import hashlib
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyspamd.auth import arc
from pyspamd.auth.arc import ArcChain
from pyspamd.net.zone import ZoneResolver

MESSAGE = b"From: Joe <joe@example.com>\r\nTo: list@example.org\r\nSubject: dinner\r\n\r\nHi  there.\r\n\r\n"


def relaxed(field: bytes) -> bytes:
    """RFC 6376 section 3.4.2, one step after the other."""
    name, _, value = field.partition(b":")
    return name.lower() + b":" + re.sub(rb"[ \t]+", b" ", value.replace(b"\r\n", b"")).strip() + b"\r\n"


def seal(message: bytes, instance: int, key: Any, *, claim: str = "", domain: str = "") -> bytes:
    """Add one ARC set to a message (RFC 8617 section 5.1)."""
    domain = domain or f"hop{instance}.example"
    claim = claim or ("none" if instance == 1 else "pass")
    head, _, body = message.partition(b"\r\n\r\n")
    fields = re.split(rb"\r\n(?![ \t])", head)
    results = (
        f"ARC-Authentication-Results: i={instance}; {domain}; spf=pass smtp.mailfrom=example.com".encode()
    )
    text = re.sub(rb"[ \t]+", b" ", body).replace(b" \r\n", b"\r\n").rstrip(b"\r\n")
    digest = base64.b64encode(hashlib.sha256(text + b"\r\n" if text else b"").digest()).decode()
    own = (
        f"ARC-Message-Signature: i={instance}; a=rsa-sha256; c=relaxed/relaxed; d={domain}; s=arc;\r\n"
        f" h=from:to:subject; bh={digest}; b="
    ).encode()
    chosen = [
        next(f for f in reversed(fields) if f.lower().startswith(n)) for n in (b"from:", b"to:", b"subject:")
    ]
    signed = b"".join(map(relaxed, chosen)) + relaxed(own).removesuffix(b"\r\n")
    own += base64.b64encode(key.sign("sha256", signed))
    sealed = b""
    for number in range(1, instance):
        for name in (b"ARC-Authentication-Results", b"ARC-Message-Signature", b"ARC-Seal"):
            sealed += relaxed(next(f for f in fields if f.startswith(name + b": i=%d;" % number)))
    sealed += relaxed(results) + relaxed(own)
    seal_field = f"ARC-Seal: i={instance}; a=rsa-sha256; cv={claim}; d={domain}; s=arc; b=".encode()
    sealed += relaxed(seal_field).removesuffix(b"\r\n")
    seal_field += base64.b64encode(key.sign("sha256", sealed))
    return b"\r\n".join([seal_field, own, results, head]) + b"\r\n\r\n" + body


@pytest.fixture
def zone(key: Any) -> str:
    return "\n".join(f"arc._domainkey.hop{i}.example TXT v=DKIM1; p={key.public}" for i in range(1, 60))


def verify(message: bytes, zone: str | ZoneResolver, **rest: Any) -> ArcChain:
    resolver = ZoneResolver(zone) if isinstance(zone, str) else zone
    return asyncio.run(arc.verify(message, resolver, **rest))


def chained(hops: int, key: Any, message: bytes = MESSAGE) -> bytes:
    for instance in range(1, hops + 1):
        message = seal(message, instance, key)
    return message


@pytest.mark.parametrize("hops", [1, 2, 3])
def test_chains(key: Any, zone: str, hops: int) -> None:
    chain = verify(chained(hops, key), zone)
    assert (chain.result, chain.reason) == ("pass", "")
    assert chain.sealers == tuple(f"hop{i}.example" for i in range(1, hops + 1))
    assert [(s.part, s.instance, s.result) for s in chain.signatures[:2]] == [
        ("seal", hops, "pass"),
        ("message", hops, "pass"),
    ]
    assert len(chain.valid) == 2 * hops
    assert verify(chained(hops, key).replace(b"\r\n", b"\n"), zone).result == "pass"


def test_a_chain_of_a_truncated_message(key: Any, zone: str) -> None:
    cut = chained(2, key)[:-6]
    assert verify(cut, zone).result == "fail"
    chain = verify(cut, zone, truncated=True)
    assert (chain.result, [s.result for s in chain.signatures]) == (
        "neutral",
        ["pass", "neutral", "pass", "neutral"],
    )
    # A seal is over header fields alone.
    chain = verify(
        cut.replace(b"i=1; hop1.example; spf=pass", b"i=1; hop1.example; spf=fail"), zone, truncated=True
    )
    assert chain.result == "fail"


def test_no_chain() -> None:
    resolver = ZoneResolver()
    assert verify(MESSAGE, resolver) == ArcChain()
    assert not resolver.asked


def test_a_list_that_changes_the_body_and_seals(key: Any, zone: str) -> None:
    message = seal(seal(MESSAGE, 1, key).replace(b"Hi  there.", b"Hi there.\r\nthe list"), 2, key)
    chain = verify(message, zone)
    # The latest message signature must hold, the first one need not any more.
    assert chain.result == "pass"
    assert [s.detail for s in chain.signatures if s.part == "message"] == [
        "pass",
        "fail (body has been altered)",
    ]


def test_altered_afterwards(key: Any, zone: str) -> None:
    chain = verify(chained(2, key).replace(b"Hi  there", b"Hi  thief"), zone)
    assert (chain.result, chain.reason) == (
        "fail",
        "ARC-Message-Signature 2: fail (body has been altered)",
    )
    # The seals are over the ARC fields alone.
    assert [s.result for s in chain.signatures if s.part == "seal"] == ["pass", "pass"]
    chain = verify(
        chained(2, key).replace(b"i=1; hop1.example; spf=pass", b"i=1; hop1.example; spf=fail"), zone
    )
    assert chain.reason == "ARC-Seal 2: fail (message has been altered)"


@pytest.mark.parametrize(
    ("gone", "reason"),
    [
        (rb"ARC-Seal: i=1.*?\r\n(?![ \t])", "missing ARC-Seal 1"),
        (rb"ARC-Message-Signature: i=1.*?\r\n(?![ \t])", "missing ARC-Message-Signature 1"),
        (rb"ARC-Authentication-Results: i=1.*?\r\n(?![ \t])", "missing ARC-Authentication-Results 1"),
    ],
)
def test_missing_parts(key: Any, zone: str, gone: bytes, reason: str) -> None:
    message = re.sub(gone, b"", chained(2, key), count=1, flags=re.S)
    chain = verify(message, zone)
    assert (chain.result, chain.reason) == ("fail", reason)


def test_misfits(key: Any, zone: str) -> None:
    message = chained(1, key)
    first = message.partition(b"\r\n")[0]
    twice = verify(first + b"\r\n" + message, zone)
    assert (twice.result, twice.reason) == ("fail", "more than one ARC-Seal 1")
    assert not twice.valid
    assert (
        verify(message.replace(b"ARC-Seal: i=1", b"ARC-Seal: i=x"), zone).reason
        == "invalid ARC-Seal instance 'x'"
    )
    assert verify(message.replace(b"Seal: i=1;", b"Seal: i=1; i=1;"), zone).reason.endswith(
        "duplicate tag i="
    )
    results = b"ARC-Authentication-Results: i=1; twice.example; none\r\n"
    assert verify(results + message, zone).reason == "more than one ARC-Authentication-Results 1"


def test_claims(key: Any, zone: str) -> None:
    assert verify(seal(MESSAGE, 1, key, claim="pass"), zone).reason == "wrong cv for ARC-Seal 1"
    message = seal(seal(MESSAGE, 1, key), 2, key, claim="fail")
    assert verify(message, zone).reason == "wrong cv for ARC-Seal 2"


def test_too_many_hops(key: Any, zone: str) -> None:
    message = seal(MESSAGE, 1, key).replace(b"i=1;", b"i=51;")
    assert verify(message, zone).reason == "invalid ARC-Seal instance '51'"


def test_keys(key: Any, other_key: Any) -> None:
    message = chained(1, key)
    assert "not available" in verify(message, "").reason
    assert "SERVFAIL" in verify(message, "arc._domainkey.hop1.example SERVFAIL").reason
    wrong = verify(message, f"arc._domainkey.hop1.example TXT p={other_key.public}")
    assert wrong.reason.endswith("fail (bad RSA signature)")


def test_tags(key: Any, zone: str) -> None:
    message = chained(1, key)
    cases = {
        (b"cv=none;", b"cv=none; h=from;"): "permerror (h= is not allowed in ARC-Seal)",
        (b"Seal: i=1; a=rsa-sha256", b"Seal: i=1; a=rsa-md5"): "permerror (unsupported algorithm rsa-md5)",
        (b"h=from:to", b"h=arc-seal:to"): "fail (ARC-Message-Signature covers ARC-Seal)",
        (b"cv=none;", b"cv=none; x=1;"): "policy (signature is expired)",
    }
    for (old, new), detail in cases.items():
        assert old in message
        assert detail in [s.detail for s in verify(message.replace(old, new), zone).signatures]


SIGNER = r"""
use Mail::DKIM::ARC::Signer; use Mail::DKIM::PrivateKey; use Mail::DKIM::TextWrap;
my ($key, $hops, $m) = @ARGV;
for my $i (1 .. $hops) {
    $m = "Authentication-Results: hop$i.example; dkim=pass header.d=example.com\015\012$m";
    my $s = Mail::DKIM::ARC::Signer->new(Algorithm => 'rsa-sha256', Chain => $i == 1 ? 'none' : 'pass',
        Domain => "hop$i.example", SrvId => "hop$i.example", Selector => 'arc', Timestamp => 1700000000,
        Key => Mail::DKIM::PrivateKey->load(Data => $key));
    $s->PRINT($m); $s->CLOSE; $m = join("\015\012", $s->as_strings) . "\015\012$m";
}
binmode STDOUT; print $m;
"""


@pytest.mark.oracle
@pytest.mark.parametrize("hops", [1, 3])
def test_chains_sealed_by_mail_dkim(oracle: str, key: Any, zone: str, hops: int, tmp_path: Path) -> None:
    data = b"".join(line for line in key.pem.splitlines() if b"-----" not in line).decode()
    script = tmp_path / "sign.pl"
    script.write_text(SIGNER)
    command = [oracle, str(script), data, str(hops), MESSAGE.decode()]
    made = subprocess.run(command, capture_output=True, check=True).stdout
    chain = verify(made, zone)
    assert (chain.result, chain.reason) == ("pass", "")
    assert len(chain.valid) == 2 * hops


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_never_raises(seal_value: bytes, signature: bytes) -> None:
    message = b"ARC-Seal: i=1; " + seal_value + b"\r\nARC-Message-Signature: " + signature + b"\r\n" + MESSAGE
    assert verify(message, "").result == "fail"
