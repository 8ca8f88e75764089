"""A message that the client has cut, through the server and through `pyspamd check`: signatures beyond checking."""

import base64
import contextlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from dkim import DKIM

from processes import eventually

ZONE_SERVER = Path(__file__).parents[1] / "zone_server.py"
RULES = """
loadplugin Mail::SpamAssassin::Plugin::DKIM
loadplugin Mail::SpamAssassin::Plugin::BodyEval
full __DKIM_DEPENDABLE eval:check_dkim_dependable()
full DKIM_SIGNED       eval:check_dkim_signed()
full DKIM_VALID        eval:check_dkim_valid()
meta DKIM_INVALID      DKIM_SIGNED && !DKIM_VALID
body SHORT             eval:check_body_length('1000')
"""
MESSAGE = b"From: Ann <ann@example.com>\r\nSubject: report\r\n\r\n" + b"The report is ready.\r\n" * 100
# As amavisd-new puts it in front of what it sends.
PREFIX = (
    b"Return-Path: <ann@example.com>\r\nX-Envelope-To: <bob@example.net>\r\n"
    b"X-Amavis-MessageSize: %d, TRUNCATED to 1000\r\n"
)


@pytest.fixture(scope="module")
def signed() -> Iterator[tuple[bytes, str]]:
    """A signed message, and the `dns_server` line for a server that has its key."""
    key = rsa.generate_private_key(65537, 1024)
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    field = DKIM(MESSAGE).sign(b"s", b"example.com", pem, include_headers=[b"from", b"subject"])
    record = f"s._domainkey.example.com TXT p={base64.b64encode(public).decode()}"
    with subprocess.Popen(
        [sys.executable, str(ZONE_SERVER), record], stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout
        try:
            yield bytes(field) + MESSAGE, f"dns_server [127.0.0.1]:{server.stdout.readline().strip()}"
        finally:
            server.kill()


@pytest.fixture
def site(tmp_path: Path, signed: tuple[bytes, str]) -> Callable[[str], list[str]]:
    """The options for rules, a name server and one line more."""
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules/rules.cf").write_text(RULES)

    def options(line: str) -> list[str]:
        none = str(tmp_path / "none")
        return ["-C", str(tmp_path / "rules"), "--siteconfigpath", none, "--cf", signed[1], "--cf", line]

    return options


def forms(signed: bytes) -> dict[str, bytes]:
    """The message whole, cut by the client, and cut by a sender who says so himself."""
    prefix = PREFIX % len(signed)
    cut = signed[: 1000 - len(prefix)]
    received = b"Received: from x (x [192.0.2.1]) by y with ESMTP; Mon, 1 Jan 2024 00:00:00 +0000\r\n"
    return {"whole": signed, "cut": prefix + cut, "forged": received + prefix + cut}


EXPECTED = {
    ("whole", 0): {"DKIM_SIGNED", "DKIM_VALID"},
    ("cut", 0): {"DKIM_SIGNED", "DKIM_INVALID"},
    ("forged", 0): {"DKIM_SIGNED", "DKIM_INVALID"},
    ("whole", 1): {"DKIM_SIGNED", "DKIM_VALID"},
    ("cut", 1): {"DKIM_SIGNED"},
    ("forged", 1): {"DKIM_SIGNED", "DKIM_INVALID"},
}


@pytest.mark.parametrize("trusted", [0, 1])
def test_check(
    site: Callable[[str], list[str]], signed: tuple[bytes, str], tmp_path: Path, trusted: int
) -> None:
    names = []
    for name, message in forms(signed[0]).items():
        (tmp_path / name).write_bytes(message)
        names.append(str(tmp_path / name))
    line = f"trust_truncation_mark {trusted}"
    done = subprocess.run(
        [sys.executable, "-m", "pyspamd", "check", "--json", *site(line), *names],
        capture_output=True,
        text=True,
    )
    answers: list[dict[str, Any]] = [json.loads(text) for text in done.stdout.splitlines()]
    assert len(answers) == 3, done.stderr
    for answer in answers:
        name = Path(answer["file"]).name
        assert set(answer["hits"]) - {"SHORT"} == EXPECTED[name, trusted], name
        # The size of the body is the whole one's, where somebody who is believed says what that is.
        assert ("SHORT" in answer["hits"]) is (name != "whole" and EXPECTED[name, trusted] != {"DKIM_SIGNED"})


@pytest.mark.parametrize("trusted", [0, 1])
def test_server(
    servers: Callable[[Path, list[str]], contextlib.AbstractContextManager[Any]],
    site: Callable[[str], list[str]],
    signed: tuple[bytes, str],
    tmp_path: Path,
    trusted: int,
) -> None:
    command = [sys.executable, "-m", "pyspamd", "serve", "-x", "-m", "1", "-s", "stderr"]
    command += ["--cache-dir", str(tmp_path / "cache"), *site(f"trust_truncation_mark {trusted}")]
    with servers(tmp_path, command) as server:
        for name, message in forms(signed[0]).items():
            before = len(server.log())
            answer = server.check(message, "SYMBOLS").rpartition(b"\r\n\r\n")[2].decode().strip()
            assert set(answer.split(",")) - {"SHORT"} == EXPECTED[name, trusted], name
            assert eventually(lambda before=before: "cache=" in server.log()[before:])
            bypassed = "cache=bypass" in server.log()[before:]
            assert bypassed is (EXPECTED[name, trusted] == {"DKIM_SIGNED"}), name
