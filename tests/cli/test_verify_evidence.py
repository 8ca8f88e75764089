"""`pyspamd verify`: key and fields covered, canonical forms, where a body went wrong, what other servers claim."""

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from pyspamd.cli.main import main

BODY = b"Hello,\r\n\r\nthe report   is ready.\r\n\r\nAnn\r\n"
MESSAGE = (
    b"From: Ann <ann@example.com>\r\nTo: Bob <bob@example.net>\r\nSubject:  Report\r\n"
    b"Content-Type: text/plain\r\n\r\n" + BODY
)
RELAXED = b"Hello,\r\n\r\nthe report is ready.\r\n\r\nAnn\r\n"
FOOTER = b"-- \r\nYou get this as a member of the list.\r\n"


@pytest.fixture
def verify(zone_server: Any, key_record: str, tmp_path: Path, capfdbinary: Any) -> Any:
    """What `pyspamd verify` prints about a message."""
    line = zone_server(key_record)

    def verify(message: bytes, *options: str) -> bytes:
        name = tmp_path / "message.eml"
        name.write_bytes(message)
        assert (
            main(["verify", "--siteconfigpath", str(tmp_path / "none"), "--cf", line, *options, str(name)])
            == 0
        )
        printed: bytes = capfdbinary.readouterr().out
        return printed

    return verify


@pytest.fixture
def told(verify: Any) -> Any:
    """The JSON object about a message."""

    def told(message: bytes, *options: str) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(verify(message, "--json", *options))
        return answer

    return told


def test_key_and_cover(told: Any, sign: Any) -> None:
    (signature,) = told(sign(MESSAGE))["signatures"]
    assert signature["result"] == "pass"
    assert (signature["key_name"], signature["key_bits"], signature["algorithm"]) == (
        "s._domainkey.example.com",
        1024,
        "rsa-sha256",
    )
    assert signature["covered"] == ["from", "to", "subject"]
    assert (signature["body_size"], signature["unsigned_bytes"], signature["body_hash"]) == (
        len(RELAXED),
        0,
        "match",
    )
    assert "body_fault" not in signature


def test_the_same_for_people(verify: Any, sign: Any) -> None:
    text = verify(sign(MESSAGE) + FOOTER).decode()
    assert "DKIM d=example.com s=s: fail (body has been altered)\n" in text
    assert "key: s._domainkey.example.com, rsa-sha256, 1024 bits\n" in text
    assert "covers: from:to:subject; c=relaxed/relaxed\n" in text
    assert f"body: the body is as signed up to byte {len(RELAXED)} (line 6)" in text


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda m: m + FOOTER, ("appended", len(RELAXED), len(FOOTER) - 0)),
        (lambda m: m.replace(BODY, b"[External]\r\n" + BODY), ("prepended", 0, len(b"[External]\r\n"))),
        (lambda m: m.replace(b"ready", b"steady"), ("unknown", None, None)),
    ],
)
def test_body_faults(told: Any, sign: Any, change: Any, fault: tuple[str, int | None, int | None]) -> None:
    (signature,) = told(change(sign(MESSAGE)))["signatures"]
    assert (signature["result"], signature["body_hash"]) == ("fail", "differ")
    found = signature["body_fault"]
    # Relaxed, the blank at the end of the footer's first line is gone.
    size = fault[2] - 1 if fault[0] == "appended" and fault[2] else fault[2]
    assert (found["change"], found.get("first_byte"), found.get("size")) == (fault[0], fault[1], size)


def test_an_altered_header_leaves_the_body_alone(told: Any, sign: Any) -> None:
    (signature,) = told(sign(MESSAGE).replace(b"Report", b"Resort"))["signatures"]
    assert (signature["reason"], signature["body_hash"]) == ("message has been altered", "match")
    assert "body_fault" not in signature


def test_bytes_that_nobody_signed(told: Any, verify: Any, sign: Any) -> None:
    message = sign(MESSAGE, length=True) + FOOTER
    (signature,) = told(message)["signatures"]
    assert (signature["result"], signature["caveats"]) == ("pass", ["length"])
    assert signature["unsigned_bytes"] == len(FOOTER) - 1
    assert f"the last {len(FOOTER) - 1} of them not covered" in verify(message).decode()
    cut = message[: message.index(b"Ann\r\n\r\n") if b"Ann\r\n\r\n" in message else -len(FOOTER) - 5]
    (signature,) = told(cut)["signatures"]
    assert signature["body_fault"]["change"] == "shortened"


def test_canonical_forms(verify: Any, told: Any, sign: Any) -> None:
    message = sign(MESSAGE)
    body = verify(message, "--canonical", "body", "--signature", "1")
    assert body == RELAXED
    assert base64.b64encode(hashlib.sha256(body).digest()) in message
    header = verify(message, "--canonical", "header", "--signature", "1")
    assert header.startswith(b"from:Ann <ann@example.com>\r\nto:Bob <bob@example.net>\r\nsubject:Report\r\n")
    assert header.endswith(b"; b=")
    titled = verify(message, "--canonical", "body")
    assert titled.endswith(b"message.eml: DKIM d=example.com s=s\n" + RELAXED + b"\n")
    (signature,) = told(message, "--canonical", "body")["signatures"]
    assert signature["canonical_body"].encode("latin-1") == RELAXED
    assert verify(message, "--canonical", "body", "--signature", "2") == b""


RESULTS = b"Authentication-Results: mx.example.net; dkim=%b header.d=example.com header.s=s; spf=pass\r\n"


def test_claims(told: Any, verify: Any, sign: Any) -> None:
    message = sign(MESSAGE)
    agreed = told(RESULTS % b"pass" + message)
    assert [(c["method"], c["agrees"]) for c in agreed["claims"]] == [("dkim", True), ("spf", None)]
    assert agreed["disagreements"] == []
    text = verify(RESULTS % b"fail" + message).decode()
    assert "DISAGREES: mx.example.net says dkim=fail" in text and "here it is pass" in text
    unknown = told(RESULTS.replace(b"d=example.com", b"d=example.org") % b"pass" + message)
    assert "no such signature" in unknown["disagreements"][0]
    assert "is not mentioned" in unknown["disagreements"][1]


def test_which_servers_are_trusted(told: Any, sign: Any) -> None:
    message = RESULTS % b"fail" + sign(MESSAGE)
    for options in (
        ("--authserv-id", "mx.other.example"),
        ("--cf", "authres_trusted_authserv mx.other.example"),
        ("--cf", "authres_ignored_authserv mx.example.net"),
    ):
        assert told(message, *options)["claims"] == []
    assert len(told(message, "--authserv-id", "MX.example.net")["disagreements"]) == 1
    # Below the hop that brought the message in, only a server that is named counts.
    received = (
        b"Received: from x.example.org (x.example.org [192.0.2.1]) by mx.example.net with ESMTP; now\r\n"
    )
    assert told(received + message)["claims"] == []
    assert len(told(received + message, "--authserv-id", "mx.example.net")["claims"]) == 2


def test_truncated(told: Any, sign: Any) -> None:
    cut = b"X-Amavis-MessageSize: 90000, TRUNCATED to 900\r\n" + sign(MESSAGE)[:-8]
    assert told(cut)["signatures"][0]["result"] == "fail"
    answer = told(cut, "--cf", "trust_truncation_mark 1")
    assert (answer["truncated"], answer["signatures"][0]["result"]) == (True, "neutral")
