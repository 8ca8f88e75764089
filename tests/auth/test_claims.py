"""What other servers say in Authentication-Results, held against our own results."""

import random
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyspamd.auth.arc import ArcChain
from pyspamd.auth.claims import Claim, _clauses, compare, read_leniently, unmentioned
from pyspamd.auth.result import SignatureResult, SignatureType, Word
from pyspamd.auth.wireform import WireMessage

NO_CHAIN = ArcChain()
MESSAGE = WireMessage(
    b"DKIM-Signature: v=1; d=example.com; s=s; b=AbCd\r\n EfGh\r\n"
    b"DKIM-Signature: v=1; d=example.net; s=t; b=XyZw\r\n"
    b"DomainKey-Signature: d=example.com; s=s; b=QQQQ\r\n"
    b"From: ann@example.com\r\n\r\n"
)


def result(
    position: int, word: Word, kind: SignatureType = "DKIM", domain: str = "example.com", selector: str = "s"
) -> SignatureResult:
    return SignatureResult(
        type=kind,
        result=word,
        domain=domain,
        selector=selector,
        identity=f"@{domain}" if kind == "DKIM" else f"ann@{domain}",
        algorithm="rsa-sha256",
        position=position,
    )


RESULTS = [
    result(0, "pass"),
    result(1, "fail", domain="example.net", selector="t"),
    result(2, "pass", "DomainKeys"),
]


def claims(value: str, chain: ArcChain = NO_CHAIN) -> list[Claim]:
    field, problems = read_leniently(f"mx.example.org; {value}")
    assert field and not problems
    return compare([field], MESSAGE, RESULTS, chain)


@pytest.mark.parametrize(
    ("value", "ours", "agrees"),
    [
        ("dkim=pass header.d=example.com", ("pass",), True),
        ("dkim=pass header.i=@example.com", ("pass",), True),
        ("dkim=pass header.i=@Example.com header.b=AbCdEf", ("pass",), True),
        ("dkim=pass header.s=s", ("pass",), True),
        ("dkim=pass header.s=t", ("fail",), False),
        ("dkim=fail header.d=example.net header.a=rsa-sha256", ("fail",), True),
        ("dkim=fail header.d=example.net header.a=rsa-sha1", (), False),
        ("dkim=pass header.b=XyZw", ("fail",), False),
        ("dkim=pass header.d=example.org", (), False),
        ("dkim=none header.d=example.org", (), True),
        ("dkim=pass", ("pass", "fail"), True),
        ("domainkeys=pass header.from=ann@example.com", ("pass",), True),
        ("domainkeys=fail header.d=example.com", ("pass",), False),
        ("spf=pass smtp.mailfrom=example.com", (), None),
    ],
)
def test_one_claim(value: str, ours: tuple[str, ...], agrees: bool | None) -> None:
    (claim,) = claims(value)
    assert (claim.ours, claim.agrees) == (ours, agrees)
    assert claim.words.startswith("mx.example.org says ")


def test_the_chain() -> None:
    assert claims("arc=pass", ArcChain("pass"))[0].agrees is True
    assert claims("arc=pass", ArcChain("fail"))[0].agrees is False
    assert claims("arc=none")[0].agrees is True


def test_what_nobody_mentions() -> None:
    assert unmentioned(claims("dkim=pass header.d=example.com"), RESULTS) == [RESULTS[1]]
    assert (
        unmentioned(claims("dkim=pass header.d=example.com; dkim=fail header.d=example.net"), RESULTS) == []
    )
    assert unmentioned(claims("spf=pass"), RESULTS) == []


def test_what_nobody_has_registered_costs_only_itself() -> None:
    value = (
        'mx.example.org 1; spf=pass (a;b) smtp.mailfrom=x; compauth=pass reason=100; dkim=pass reason="a;b"'
    )
    field, problems = read_leniently(value)
    assert field and [found.method for found in field.results] == ["spf", "dkim"]
    assert problems == ("unknown method: compauth",)
    field, problems = read_leniently("mx.example.org; none")
    assert field and (field.results, problems) == ((), ())
    assert read_leniently(value, accepts=lambda server: False) == (None, ())
    assert read_leniently("") == (None, ("invalid server name: ;",))


@given(st.text(alphabet='mx.;=" ()\\adkimpsf/1:', max_size=60))
def test_reading_never_raises(value: str) -> None:
    read_leniently(value)
    read_leniently("mx; " + value)
    read_leniently(value, arc=True)


def test_clauses_are_those_of_the_plain_pattern() -> None:
    plainly = re.compile(r'(?:"(?:[^"\\]|\\.)*"|\((?:[^()\\]|\\.)*\)|[^;"(]|["(])+')
    dice = random.Random(3)
    for _ in range(20_000):
        value = "".join(dice.choices(['"', "(", ")", "\\", ";", "a", "\n"], k=dice.randint(0, 14)))
        assert _clauses(value) == plainly.findall(value), value


@pytest.mark.parametrize("piece", ["(\\", '"\\', "(", '("', "a;", "dkim=pass;", "mx;", "x; dkim=pass ("])
@pytest.mark.parametrize("server", ["mx", "m" * 200_000])
def test_a_long_value_is_read_in_time(piece: str, server: str) -> None:
    begun = time.process_time()
    read_leniently(f"{server}; " + piece * (400_000 // len(piece)))
    assert time.process_time() - begun < 60
