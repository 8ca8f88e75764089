"""Every recorded conversation with spamd 4.0.1, held against a real server by the oracle's own script."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest


@pytest.mark.oracle
def test_every_recorded_conversation(shared: Path, recorded_server: Any) -> None:
    script, folder = shared / "oracle" / "replay.py", shared / "protocol"
    count = len(list(folder.glob("*.in")))
    assert count
    for _ in range(2):  # and again, with everything warm
        command = [sys.executable, str(script), str(recorded_server.port), str(folder)]
        run = subprocess.run(command, capture_output=True, text=True, timeout=120)
        assert run.returncode == 0, run.stderr
        assert run.stdout.startswith(f"{count} of {count} ")
