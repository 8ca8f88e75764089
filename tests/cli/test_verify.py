"""`pyspamd verify`: its output for programs and for people, over a name server of the test's own."""

import json
from pathlib import Path
from typing import Any

import pytest

from pyspamd.cli.main import main

# RFC 8463 appendix A, the Ed25519 signature alone.
ZONE = (
    "brisbane._domainkey.football.example.com TXT v=DKIM1; k=ed25519; "
    "p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
)
MESSAGE = b"""DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=brisbane; t=1528637909; h=from : to :
 subject : date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus
 Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==
From: Joe SixPack <joe@football.example.com>
To: Suzie Q <suzie@shopping.example.net>
Subject: Is dinner ready?
Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)
Message-ID: <20030712040037.46341.5F8J@football.example.com>

Hi.

We lost the game.  Are you hungry yet?

Joe.
"""


@pytest.fixture(scope="module")
def name_server(zone_server: Any) -> str:
    """The `dns_server` line for a server that knows `ZONE`."""
    return str(zone_server(ZONE))


def test_json(name_server: str, tmp_path: Path, capsys: Any) -> None:
    good, bad, plain = tmp_path / "good.eml", tmp_path / "bad.eml", tmp_path / "plain.eml"
    good.write_bytes(MESSAGE)
    bad.write_bytes(MESSAGE.replace(b"hungry", b"thirsty"))
    plain.write_bytes(MESSAGE[MESSAGE.index(b"From:") :])
    site = ["--siteconfigpath", str(tmp_path / "none")]
    status = main(["verify", "--json", *site, "--cf", name_server, *map(str, (good, bad, plain))])
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert status == 0
    assert [line["file"] for line in lines] == [str(good), str(bad), str(plain)]
    first = lines[0]["signatures"][0]
    assert {key: first[key] for key in ("type", "domain", "selector", "result", "reason", "caveats")} == {
        "type": "DKIM",
        "domain": "football.example.com",
        "selector": "brisbane",
        "result": "pass",
        "reason": "",
        "caveats": [],
    }
    assert [s["result"] for line in lines for s in line["signatures"]] == ["pass", "fail"]


def test_text(name_server: str, tmp_path: Path, capsys: Any) -> None:
    message = tmp_path / "good.eml"
    message.write_bytes(b"ARC-Seal: i=1; cv=none\n" + MESSAGE)
    assert main(["verify", "--siteconfigpath", str(tmp_path), "--cf", name_server, str(message)]) == 0
    out = capsys.readouterr().out
    assert "DKIM d=football.example.com s=brisbane: pass" in out
    assert "ARC chain: fail (missing ARC-Message-Signature 1)" in out


def test_without_dns_nothing_is_known(tmp_path: Path, capsys: Any) -> None:
    message = tmp_path / "good.eml"
    message.write_bytes(MESSAGE)
    lines = ["--siteconfigpath", str(tmp_path / "none"), "--cf", "dns_available no"]
    assert main(["verify", "--json", *lines, str(message)]) == 0
    assert json.loads(capsys.readouterr().out)["signatures"][0]["result"] == "temperror"


def test_a_missing_file(name_server: str, tmp_path: Path, capsys: Any) -> None:
    assert main(["verify", "--json", "--cf", name_server, str(tmp_path / "absent")]) == 2
    told = json.loads(capsys.readouterr().out)
    assert (told["error"], told["signatures"]) == ("No such file or directory", [])
