"""The adversary's kit at a tenth of its size: every bomb is answered, and the worker that met it lives on."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "bombs"


@pytest.fixture(scope="module")
def told() -> list[dict[str, Any]]:
    run = subprocess.run([SCRIPT, "--json", "--scale=0.1"], capture_output=True, text=True, timeout=400)
    assert run.returncode == 0, run.stderr
    return [json.loads(line) for line in run.stdout.splitlines()]


def test_every_bomb_is_answered(told: list[dict[str, Any]]) -> None:
    assert len(told) > 30
    fine = "SPAMD/1.1 0 EX_OK"
    assert [(one["name"], one["reply"]) for one in told if one["reply"] != fine] == [
        ("zlib: a thousandfold", told[-2]["reply"])
    ]


def test_what_would_become_too_large_is_refused(told: list[dict[str, Any]]) -> None:
    (bomb,) = (one for one in told if one["name"] == "zlib: a thousandfold")
    assert bomb["reply"].startswith("SPAMD/1.0 69 Service Unavailable: message of over ")
