"""A short soak: killed workers, reloads, rude clients, and not one wrong answer; `scripts/soak` does it at length."""

import base64
import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "soak"
HEAD = "From: Ann <ann{n}@example.com>\nTo: Bob <bob@example.net>\nSubject: {subject}\nMessage-ID: <{n}@example.com>\n"
GTUBE = "XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"


def messages() -> Iterator[str]:
    """Invented messages of several kinds and sizes."""
    words = "the minutes of the meeting are here and whoever finds a mistake in them finds it before friday".split()
    for n in range(30):
        text = "\n".join(
            " ".join(words[(n + i) % len(words) :] + words[: i % 7]) for i in range(5 + 40 * (n % 4))
        )
        head = HEAD.format(n=n, subject=f"Meeting {n}")
        kind = n % 5
        if kind == 0:
            yield f"{head}\n{text}\n"
        elif kind == 1:
            yield f"{head}\n{text}\n{GTUBE}\n"
        elif kind == 2:
            page = f'<html><body><p>{text}</p><a href="http://www.example.com/{n}">minutes</a></body></html>'
            yield f"{head}MIME-Version: 1.0\nContent-Type: text/html; charset=utf-8\n\n{page}\n"
        elif kind == 3:
            data = base64.encodebytes(text.encode() * 3).decode()
            yield (
                f'{head}MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="b{n}"\n\n--b{n}\n\n{text}\n'
                f"--b{n}\nContent-Type: text/plain; name=minutes.txt\nContent-Transfer-Encoding: base64\n\n{data}"
                f"--b{n}--\n"
            )
        else:
            yield f"{head.replace('To:', 'Cc:')}{text}\n"


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    if shutil.which("ps") is None:
        pytest.skip("external: ps is not installed")
    folder = tmp_path_factory.mktemp("messages")
    for number, message in enumerate(messages()):
        (folder / f"{number}.eml").write_text(message)
    options = ["--requests=500", "--calm=150", "--clients=30", "--workers=3", "--kill-every=0.4"]
    run = subprocess.run(
        [SCRIPT, "--json", "--messages", folder, *options], capture_output=True, text=True, timeout=400
    )
    assert run.stdout, run.stderr
    return dict(json.loads(run.stdout))


def test_every_well_behaved_client_is_answered_rightly(told: dict[str, Any]) -> None:
    fire = told["under fire"]
    assert fire["right answers"] == 500
    assert fire["wrong answers"] == 0, told["samples of wrong answers"]
    assert fire["connections refused"] == 0
    assert fire["no answer in time"] == 0
    assert fire["given up"] == 0
    assert fire["killed"] > 0
    assert fire["rude acts"] > 0


def test_a_client_is_hardly_ever_left_without_a_word(told: dict[str, Any]) -> None:
    """A worker killed in the microseconds between two system calls may take one client with it."""
    assert told["under fire"]["closed without an answer"] <= 2


def test_nothing_is_left_behind(told: dict[str, Any]) -> None:
    assert told["came to rest"]
    assert told["after"]["processes"] == told["before"]["processes"]
    assert told["after"]["descriptors"] <= told["before"]["descriptors"]
    assert told["right afterwards"]
    assert told["in peace"]["not right"] == 0
    assert told["internal errors"] == 0
    assert told["stuck scans"] == 0
