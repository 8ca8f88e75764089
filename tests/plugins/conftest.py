"""A DNS server with a zone of one's own, for rules that ask the network."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

Serve = Callable[..., str]


@pytest.fixture
def dns(shared: Path, tmp_path: Path) -> Iterator[Serve]:
    """Starts a server for a zone (lines `NAME TYPE DATA`); answers the configuration that points at it.

    What it was asked stands in `queries` below the test's folder, a line each.
    """
    servers: list[subprocess.Popen[str]] = []
    program = shared / "oracle" / "fake_dns.py"
    if not program.exists():
        pytest.skip("external: fake_dns.py of the shared material is absent")

    def serve(zone: str, *options: str) -> str:
        file, settings = tmp_path / "zone", tmp_path / "dns.cf"
        file.write_text(zone)
        command = [sys.executable, str(program), "--port", "0", "--zone", str(file), "--cf", str(settings)]
        command += ["--log", str(tmp_path / "queries"), *options]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        servers.append(server)
        assert server.stdout is not None
        assert server.stdout.readline().startswith("fake dns on")
        return settings.read_text()

    yield serve
    for server in servers:
        server.kill()
        server.communicate()


@pytest.fixture
def online(agreement: Any) -> Any:
    """Both judges, asking the DNS server that the configuration names."""
    return replace(agreement, network=True)
