"""A machine that fails around a running server: disks, name servers, descriptors, memory, the clock. It scores on."""

import contextlib
import os
import re
import resource
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from processes import eventually
from servers import Server

Serve = Callable[..., Server]

RULES = """\
loadplugin Mail::SpamAssassin::Plugin::Check
loadplugin Mail::SpamAssassin::Plugin::DNSEval
util_rb_tld com org net example
body UNWANTED /nobody wants these words/
score UNWANTED 6
header LISTED eval:check_rbl('list', 'list.example.')
tflags LISTED net
"""
HAM = b"Received: from a.example (a.example [203.0.113.5]) by b.example\nFrom: a@example.com\nSubject: x\n\nwords %d\n"
SPAM = b"From: a@example.com\nSubject: x\n\nnobody wants these words %d\n"
AGAIN = re.compile(rb"SPAMD/1\.0 75 [^\r\n]+\r\n")


@pytest.fixture
def serve(servers: Any, tmp_path: Path) -> Iterator[Serve]:
    """Starts servers with two rules and a cache; `before` is shell that the server is started from."""
    tmp_path.chmod(0o755)
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "small.cf").write_text(RULES)
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    with contextlib.ExitStack() as stack:

        def one(*options: str, before: str = "", workers: int = 2) -> Server:
            line = [
                *(sys.executable, "-m", "pyspamd", "serve", "-C", "rules", "--siteconfigpath", "rules"),
                *("-x", "-s", "stderr", "-m", str(workers), f"--min-children={workers}", *user, *options),
            ]
            if "--cache-dir" not in options:
                line.append("--cache-dir=")
            if before:
                line = ["/bin/sh", "-c", f'{before}\nexec "$@"', "sh", *line]
            if "mount " in before:
                line = ["unshare", "--mount", *line]
            server = stack.enter_context(servers(tmp_path, line))
            assert eventually(lambda: len(server.workers()) == workers)
            return server

        yield one


@pytest.fixture
def small_disk(tmp_path: Path) -> tuple[Path, str]:
    """A folder, and the shell that puts a disk of 256 kB there, for the server alone and as long as it lives."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k,mode=0777", "tmpfs", str(folder)]
    if subprocess.run(["unshare", "--mount", *mount], capture_output=True).returncode:
        pytest.skip("external: only root can mount a small disk")
    return folder, shlex.join(mount)


FULL = "head -c 1M /dev/zero >{}/rest 2>/dev/null || true"


def asks(spamc: str, server: Server, message: bytes) -> tuple[int, bytes]:
    """What the real client says: its exit status with -c, 1 for spam, and the score."""
    run = subprocess.run(
        [spamc, "-d", "127.0.0.1", "-p", str(server.port), "-x", "-c"],
        input=message,
        capture_output=True,
        timeout=60,
    )
    return run.returncode, run.stdout


def scores_on(spamc: str, server: Server, count: int = 10) -> None:
    """Ham and spam are told from one another, each time another text."""
    for number in range(count):
        assert asks(spamc, server, HAM % number) == (0, b"0.0/5.0\n")
        assert asks(spamc, server, SPAM % number) == (1, b"6.0/5.0\n")


# Disks


def test_a_cache_on_a_full_disk(serve: Serve, spamc: str, small_disk: tuple[Path, str]) -> None:
    folder, mount = small_disk
    server = serve("-L", "--cache-dir", f"{folder}/cache", before=f"{mount}\n{FULL.format(folder)}")
    scores_on(spamc, server)
    assert server.said("nothing is remembered")


def test_a_cache_whose_disk_fills_up(serve: Serve, spamc: str, small_disk: tuple[Path, str]) -> None:
    folder, mount = small_disk
    server = serve("-L", "--cache-dir", f"{folder}/cache", before=mount)
    inside = Path(f"/proc/{server.pid}/root{folder}/rest")
    scores_on(spamc, server, 3)
    with contextlib.suppress(OSError), inside.open("wb") as rest:
        for _ in range(300):
            rest.write(bytes(1024))
            rest.flush()
    scores_on(spamc, server, 40)
    workers = server.workers()
    inside.unlink()
    scores_on(spamc, server, 3)
    assert server.workers() == workers


@pytest.mark.parametrize("mode", [0o500, 0o000])
def test_a_cache_that_cannot_be_written(serve: Serve, spamc: str, tmp_path: Path, mode: int) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    if os.geteuid() == 0:
        shutil.chown(cache, "nobody")
    cache.chmod(mode)
    # Its owner could open it again, and does.
    server = serve("-L", "--cache-dir", str(cache), before=f"chattr +i {cache} || true")
    try:
        scores_on(spamc, server)
    finally:
        subprocess.run(["chattr", "-i", str(cache)], capture_output=True)


def test_a_cache_that_has_no_place(serve: Serve, spamc: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    server = serve("-L", "--cache-dir", "file/cache")
    assert server.said("verdicts on bodies are not remembered")
    scores_on(spamc, server, 3)


def _emptied(file: Path) -> None:
    os.truncate(file, 0)


def _halved(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


def _scribbled(file: Path) -> None:
    with file.open("r+b") as out:
        out.write(os.urandom(file.stat().st_size))


def _gone(file: Path) -> None:
    shutil.rmtree(file.parent)


@pytest.mark.parametrize("harm", [_emptied, _halved, _scribbled, _gone])
def test_a_cache_that_breaks_while_it_is_used(
    serve: Serve, spamc: str, tmp_path: Path, harm: Callable[[Path], None]
) -> None:
    server = serve("-L", "--cache-dir", "cache")
    scores_on(spamc, server, 5)
    workers = server.workers()
    for file in (tmp_path / "cache").glob("cache.db*"):
        if file.exists():
            harm(file)
    scores_on(spamc, server, 10)
    assert server.workers() == workers, server.log()


def test_a_log_and_a_pid_file_on_a_full_disk(serve: Serve, spamc: str, small_disk: tuple[Path, str]) -> None:
    folder, mount = small_disk
    server = serve(
        "-L", "-s", f"{folder}/log", "-r", f"{folder}/pid", before=f"{mount}\nexport TMPDIR={folder}"
    )
    inside = Path(f"/proc/{server.pid}/root{folder}")
    with contextlib.suppress(OSError), (inside / "rest").open("wb") as rest:
        for _ in range(300):
            rest.write(bytes(1024))
            rest.flush()
    scores_on(spamc, server)
    before = server.workers()
    os.kill(server.pid, signal.SIGHUP)
    assert server.said("restarting with the new configuration")
    assert eventually(lambda: len(server.workers()) == 2 and not set(server.workers()) & set(before))
    scores_on(spamc, server)
    assert server.stop() == 0


def test_a_pid_file_on_a_disk_that_became_read_only(
    serve: Serve, spamc: str, small_disk: tuple[Path, str]
) -> None:
    folder, mount = small_disk
    server = serve("-L", "-r", f"{folder}/pid", before=mount)
    remount = ["mount", "-o", "remount,ro", str(folder)]
    subprocess.run(["nsenter", "-t", str(server.pid), "-m", *remount], check=True)
    before = server.workers()
    os.kill(server.pid, signal.SIGHUP)
    assert server.said("the pid file")
    assert eventually(lambda: len(server.workers()) == 2 and not set(server.workers()) & set(before))
    scores_on(spamc, server)
    assert server.stop() == 0


# Name servers


def test_no_name_server(serve: Serve, spamc: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    server = serve("--cf", f"dns_available yes\ndns_server [127.0.0.1]:{port}")
    begun = time.monotonic()
    scores_on(spamc, server, 3)
    assert time.monotonic() - begun < 30


def test_a_name_server_that_never_answers(serve: Serve, spamc: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        place = f"dns_server [127.0.0.1]:{silent.getsockname()[1]}"
        server = serve("--cf", f"dns_available yes\n{place}\nrbl_timeout 2 1\ntime_limit 10")
        scores_on(spamc, server, 2)
        assert silent.recv(512)


# Descriptors, processes, memory


def test_more_connections_than_descriptors(serve: Serve, spamc: str) -> None:
    """Idle clients take every descriptor there is; once they are timed out everybody else is served."""
    server = serve("-L", "-T", "2", before="ulimit -n 40", workers=1)
    workers = server.workers()
    with contextlib.ExitStack() as stack:
        for _ in range(60):
            stack.enter_context(server.connect())
        assert server.said("accept_a_conn: Too many open files")
        scores_on(spamc, server, 3)
    scores_on(spamc, server, 3)
    assert server.workers() == workers


def test_a_master_without_descriptors(serve: Serve, spamc: str) -> None:
    """It can neither put a worker in a dead one's place nor try a new configuration, until it has some again."""
    server = serve("-L")
    first, second = server.workers()
    used = max(int(entry.name) for entry in Path(f"/proc/{server.pid}/fd").iterdir())
    soft, hard = resource.prlimit(server.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (4, hard))
    assert used >= 4
    os.kill(server.pid, signal.SIGHUP)
    assert server.said(
        "the new configuration cannot be tried: Too many open files, going on with the old one"
    )
    os.kill(first, signal.SIGKILL)
    assert server.said("error: spamd: fork: Too many open files")
    assert server.workers() == [second]
    scores_on(spamc, server, 3)
    resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (soft, hard))
    assert eventually(lambda: len(server.workers()) == 2)
    scores_on(spamc, server, 3)


def test_a_worker_without_memory(serve: Serve, spamc: str) -> None:
    """What does not fit is to be tried again, or a worker dies of it and is replaced; what does fit is judged."""
    server = serve("-L", workers=1, before="ulimit -v 350000")
    large = HAM % 1 + b"Some more words of it.\n" * 2_500_000
    for _ in range(3):
        reply = server.check(large)
        assert AGAIN.fullmatch(reply) or b" 0 EX_OK" in reply, (reply, server.log()[-3000:])
    scores_on(spamc, server, 5)


def test_everything_at_once(serve: Serve, spamc: str) -> None:
    """More clients than connections are open at a time: all are answered."""
    server = serve("-L", workers=1)
    with contextlib.ExitStack() as stack:
        lines = [stack.enter_context(server.connect(60)) for _ in range(300)]
        for number, line in enumerate(lines):
            line.sendall(server.request(SPAM % number))
        for line in lines:
            assert b"Spam: True ; 6.0 / 5.0" in server.everything(line)


# The clock

CLOCK = """\
import os, time
_real = time.time
def _told():
    try:
        with open(os.environ["CLOCK_OFFSET"]) as file:
            return _real() + float(file.read() or 0)
    except OSError:
        return _real()
time.time = _told
"""


def test_a_clock_that_jumps(serve: Serve, spamc: str, tmp_path: Path) -> None:
    """Forward and back by years; what is remembered of bodies does not matter to the verdict."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(CLOCK)
    offset = tmp_path / "offset"
    before = f"export PYTHONPATH={tmp_path}/site CLOCK_OFFSET={offset}"
    server = serve("-L", "--cache-dir", "cache", before=before)
    workers = server.workers()
    for seconds in (0, 10**8, -(10**8), 86400, -1.6e9, 7e9, 0):
        (tmp_path / "new").write_text(str(seconds))
        (tmp_path / "new").rename(offset)
        begun = time.monotonic()
        scores_on(spamc, server, 3)
        assert time.monotonic() - begun < 20
    assert re.search(r"^\w{3} +\d+ \d\d:\d\d:\d\d", server.log(), re.M)
    assert server.workers() == workers
    assert " error: " not in server.log()
