"""The original and ours side by side on the same rules, for clients to ask both."""

import contextlib
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from servers import Server, free_port, running


@dataclass(frozen=True)
class Certificates:
    """Files of an authority and what it signed (PEM)."""

    authority: Path
    server: Path
    server_key: Path
    client: Path
    client_key: Path


@dataclass(frozen=True)
class Side:
    """One of the two servers."""

    plain: Server
    tls: Server
    path: Path
    """Its Unix socket."""


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Made on the spot."""
    folder = tmp_path_factory.mktemp("certificates")
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("external: openssl is not installed")

    def run(*words: str) -> None:
        subprocess.run([openssl, *words], cwd=folder, check=True, capture_output=True)

    subject = ("-nodes", "-newkey", "rsa:2048", "-subj")
    run("req", "-x509", "-days", "3", *subject, "/CN=authority", "-keyout", "ca.key", "-out", "ca.pem")
    (folder / "names").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    for one in ("server", "client"):
        run("req", *subject, "/CN=localhost", "-keyout", f"{one}.key", "-out", f"{one}.csr")
        signing = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "3", "-extfile", "names")
        run("x509", "-req", "-in", f"{one}.csr", "-out", f"{one}.pem", *signing)
    files = [folder / name for name in ("ca.pem", "server.pem", "server.key", "client.pem", "client.key")]
    for file in files:
        file.chmod(0o644)
    return Certificates(*files)


@pytest.fixture(scope="module")
def pair(
    oracle: str,
    stock_rules: Path,
    certificates: Certificates,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Side, Side]]:
    """spamd 4.0.1 and ours with SpamAssassin's rules: TCP, TLS with clients' certificates, a Unix socket."""
    spamd = shutil.which("spamd", path=f"{os.environ['PATH']}:/usr/sbin")
    if spamd is None:
        pytest.skip("external: spamd is not installed")
    options = ["-L", "-x", "-m", "2", "--min-children=2", "-s", "stderr", "--allow-tell", "-i", "127.0.0.1"]
    options += ["-u", "nobody"] if os.geteuid() == 0 else []
    tls = [
        "--ssl",
        *("--server-cert", str(certificates.server), "--server-key", str(certificates.server_key)),
        *("--ssl-verify", "--ssl-ca-file", str(certificates.authority)),
    ]
    ours = [sys.executable, "-m", "pyspamd", "serve", "--stock", "--cache-dir="]
    sides = []
    with contextlib.ExitStack() as stack:
        for name, program in (("original", [spamd]), ("ours", ours)):
            folder = tmp_path_factory.mktemp(name)
            folder.chmod(folder.stat().st_mode | stat.S_IRGRP | stat.S_IXGRP | stat.S_IROTH | stat.S_IXOTH)
            socket_path = folder / "socket"
            pair = []
            for extra in (["-i", str(socket_path)], tls):
                port = free_port()
                command = [*program, *options, "-p", str(port), "--cf", "use_bayes 0", *extra]
                pair.append(stack.enter_context(running(folder, command, port)))
            sides.append(Side(*pair, socket_path))
        yield sides[0], sides[1]


@pytest.fixture(scope="module")
def recorded_server(stock_rules: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Ours as the server was whose conversations are recorded: Bayes on and empty, users' files not read."""
    port = free_port()
    home = tmp_path_factory.mktemp("recorded")
    options = ["-L", "-x", "-m", "2", "--min-children=2", "-s", "stderr", "-i", "127.0.0.1", "-p", str(port)]
    options += ["-u", "nobody"] if os.geteuid() == 0 else []
    command = [sys.executable, "-m", "pyspamd", "serve", "--stock", "--cache-dir=", *options]
    with running(home, command, port) as server:
        yield server
