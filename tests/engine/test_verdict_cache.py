"""The verdict cache, and the trap it must not fall into: what is remembered of a body says nothing of a signature.

The trap, as amavisd-new met it in 2006: a whole verdict remembered by body hash says "not signed" of the copy of
the message that comes back signed.
"""

import asyncio
import base64
from collections.abc import Callable
from pathlib import Path

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from pyspamd.base.stores import DiskStore, MemoryStore, Store
from pyspamd.engine.assemble import Setup, assemble
from pyspamd.engine.engine import Engine
from pyspamd.engine.verdict import Verdict
from pyspamd.engine.verdict_cache import VerdictCache, body_key
from pyspamd.net.zone import ZoneResolver

BODY = b"Dear friend,\n\nthe minutes of Tuesday's meeting are at http://wiki.example.org/minutes.\n\nAnn\n"
HEADER = (
    b"From: Ann <ann@example.org>\nTo: team@lists.example.net\nSubject: minutes\n"
    b"Date: Mon, 1 Jun 2026 10:00:00 +0000\nMessage-ID: <minutes@example.org>\n"
)
UNSIGNED = HEADER + b"\n" + BODY


@pytest.fixture(scope="module")
def private() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@pytest.fixture(scope="module")
def key_record(private: rsa.RSAPrivateKey) -> str:
    der = private.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return "v=DKIM1; k=rsa; p=" + base64.b64encode(der).decode()


@pytest.fixture(scope="module")
def signed(private: rsa.RSAPrivateKey) -> bytes:
    pem = private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    message = UNSIGNED.replace(b"\n", b"\r\n")
    field = dkim.sign(message, b"s1", b"example.org", pem, include_headers=[b"From", b"To", b"Subject"])
    return (bytes(field) + message).replace(b"\r\n", b"\n")


class Judge:
    """An engine with a zone of one's own; every verdict is asked of a fresh event loop."""

    def __init__(self, store: Store | None) -> None:
        self.engine: Engine = assemble(Setup(), store=store)
        self.zone = ""

    def __call__(self, message: bytes) -> Verdict:
        async def judge() -> Verdict:
            self.engine.resolver = ZoneResolver(self.zone)
            return await self.engine.check(message)

        return asyncio.run(judge())


@pytest.fixture(scope="module")
def make_judge(key_record: str) -> Callable[[Store | None], Judge]:
    def make(store: Store | None) -> Judge:
        judge = Judge(store)
        judge.zone = f"s1._domainkey.example.org TXT {key_record}\n"
        return judge

    return make


def names(verdict: Verdict) -> set[str]:
    return {hit.rule for hit in verdict.hits}


def test_a_body_that_comes_back_signed_is_verified(make_judge: Callable[..., Judge], signed: bytes) -> None:
    judge = make_judge(MemoryStore())
    # The message goes out unsigned and is scored on its way.
    first = judge(UNSIGNED)
    assert first.cache == "miss"
    assert not {"DKIM_SIGNED", "DKIM_VERIFIED"} & names(first)
    # The list sends it back, same body, now signed: the body is known, the signature is looked at afresh.
    second = judge(signed)
    assert second.cache == "hit"
    assert {"DKIM_SIGNED", "DKIM_VERIFIED", "DKIM_VALID_AU"} <= names(second)
    # And back again: the unsigned copy gains nothing from the signed one.
    third = judge(UNSIGNED)
    assert third.cache == "hit"
    assert names(third) == names(first)
    assert third.score == first.score


def test_a_tampered_header_is_seen_though_the_body_is_known(
    make_judge: Callable[..., Judge], signed: bytes
) -> None:
    judge = make_judge(MemoryStore())
    assert "DKIM_VERIFIED" in names(judge(signed))
    tampered = judge(signed.replace(b"To: team@lists.example.net", b"To: eve@example.com"))
    assert tampered.cache == "hit"
    assert "DKIM_SIGNED" in names(tampered)
    assert "DKIM_VERIFIED" not in names(tampered)


def test_a_revoked_key_is_seen_though_the_body_is_known(
    make_judge: Callable[..., Judge], signed: bytes
) -> None:
    judge = make_judge(MemoryStore())
    assert "DKIM_VERIFIED" in names(judge(signed))
    judge.zone = "s1._domainkey.example.org TXT v=DKIM1; p=\n"
    revoked = judge(signed)
    assert revoked.cache == "hit"
    assert "DKIM_VERIFIED" not in names(revoked)


def test_a_tampered_body_is_another_body(make_judge: Callable[..., Judge], signed: bytes) -> None:
    judge = make_judge(MemoryStore())
    judge(signed)
    other = judge(signed.replace(b"Tuesday", b"Thursday"))
    assert other.cache == "miss"
    assert "DKIM_VERIFIED" not in names(other)


def test_subject_and_decoding_belong_to_the_body(make_judge: Callable[..., Judge]) -> None:
    judge = make_judge(None)
    known = body_key(judge.engine.read(UNSIGNED), "x")
    changed = {
        "another subject": UNSIGNED.replace(b"Subject: minutes", b"Subject: hours"),
        "another decoding": UNSIGNED.replace(b"Subject:", b"Content-Type: text/html\nSubject:"),
        "a second subject": UNSIGNED.replace(b"Subject:", b"Subject: x\nSubject:"),
        "another body": UNSIGNED + b"!",
        "other line ends in the header": HEADER.replace(b"\n", b"\r\n") + b"\r\n" + BODY,
    }
    for what, message in changed.items():
        assert body_key(judge.engine.read(message), "x") != known, what
    assert body_key(judge.engine.read(UNSIGNED), "other rules") != known
    same = UNSIGNED.replace(b"To: team@lists.example.net", b"To: other@example.com")
    assert body_key(judge.engine.read(same), "x") == known


def test_the_line_ends_of_the_header_tell_how_a_body_is_read() -> None:
    # Where the header ends its lines with CRLF, those of the body lose their CR; elsewhere a CR is text.
    body = b"Hello\r\nthere\r\n--x\n"
    head = HEADER + b"Content-Type: text/plain\n"
    kinds = [head + b"\n" + body, head.replace(b"\n", b"\r\n") + b"\r\n" + body]
    cold = assemble(Setup(stock=True, local_tests_only=True))
    for first, second in (kinds, kinds[::-1]):
        warm = assemble(Setup(stock=True, local_tests_only=True), store=MemoryStore())
        warm.check_sync(first)
        assert warm.check_sync(second).subtests == cold.check_sync(second).subtests
        assert warm.check_sync(second).test_names() == cold.check_sync(second).test_names()


def test_lifetimes(make_judge: Callable[..., Judge]) -> None:
    now = [0.0]
    judge = make_judge(None)
    judge.engine.cache = VerdictCache(MemoryStore(clock=lambda: now[0]), negative_ttl=600, positive_ttl=0)
    spam = UNSIGNED + b"\nXJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X\n"
    assert [judge(UNSIGNED).cache, judge(UNSIGNED).cache] == ["miss", "hit"]
    assert [judge(spam).cache, judge(spam).cache] == ["miss", "miss"]
    now[0] = 601
    assert judge(UNSIGNED).cache == "miss"
    judge.engine.cache = VerdictCache(MemoryStore(), negative_ttl=0, positive_ttl=0)
    assert [judge(UNSIGNED).cache, judge(UNSIGNED).cache] == ["bypass", "bypass"]


def test_truncated_messages_are_not_remembered(make_judge: Callable[..., Judge]) -> None:
    judge = make_judge(MemoryStore())

    async def truncated() -> Verdict:
        return await judge.engine.check(UNSIGNED, truncated=True)

    assert asyncio.run(truncated()).cache == "bypass"
    assert judge(UNSIGNED).cache == "miss"


@pytest.mark.parametrize(
    "damage", [b"", b"{", b"[]", b'{"texts": 1}', b"\x80\x81", b'{"texts": {}, "evals": []}']
)
def test_what_cannot_be_read_is_a_miss(make_judge: Callable[..., Judge], damage: bytes) -> None:
    store = MemoryStore()
    judge = make_judge(store)
    key = body_key(judge.engine.read(UNSIGNED), judge.engine.fingerprint)
    store.set(key, damage, 600)
    assert names(judge(UNSIGNED)) == names(make_judge(None)(UNSIGNED))


OTHER_WAY = (
    b"Received: from x.example (x.example [192.0.2.7]) by y.example; Mon, 1 Jan 2024 00:00:00 +0000\n"
    b"X-Mailer: another\nDKIM-Signature: v=1; d=signer.example.com; s=a\n"
)


def test_warm_verdicts_are_cold_ones(
    corpus: Path, stock_rules: Path, tmp_path: Path, expected_local: dict[str, object]
) -> None:
    """Field by field, over a sample of the corpus, with the stock rules and the store on disk, and with another
    header above the same body.
    """
    off = ("use_bayes 0", "use_pyzor 0", "use_razor2 0", "capture_templates_once 0")
    store = DiskStore(tmp_path / "cache")
    engine = assemble(Setup(stock=True, local_tests_only=True, cf=off), store=store)
    cold = engine.cache

    async def judge(raw: bytes) -> tuple[str, dict[str, object]]:
        verdict = await engine.check(raw)
        seen = {
            "score": verdict.score,
            "hits": [(hit.rule, hit.score, hit.area, hit.count, hit.logs) for hit in verdict.hits],
            "subtests": dict(verdict.subtests),
            "autolearn": verdict.autolearn,
        }
        return verdict.cache, seen

    async def compare() -> None:
        for name in sorted(expected_local)[::23]:
            raw = (corpus / name).read_bytes()
            engine.cache = None
            _, without = await judge(raw)
            engine.cache = cold
            await judge(raw)
            state, warm = await judge(raw)
            assert state == "hit", name
            assert warm == without, name
            engine.cache = None
            _, without = await judge(OTHER_WAY + raw)
            engine.cache = cold
            state, warm = await judge(OTHER_WAY + raw)
            assert (state, warm) == ("hit", without), name

    asyncio.run(compare())
    store.close()
