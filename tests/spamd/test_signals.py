"""Signals to the master, at any time: while it starts, as a container's first process, and those it has no use for."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from processes import eventually
from servers import Start

HAM = b"Subject: x\n\nbody\n"
OK = b"SPAMD/1.1 0 EX_OK\r\nSpam: False ; 0.0 / 5.0\r\n\r\n"
GTUBE_SERVER = Path(__file__).with_name("gtube_server.py")


def starting(folder: Path, *options: str, before: tuple[str, ...] = ()) -> subprocess.Popen[bytes]:
    """A server that takes its time to start, with a Unix socket to tell how far it is."""
    command = [*before, sys.executable, str(GTUBE_SERVER), "-s", "stderr", "-x", "-m", "1"]
    command += ["-i", str(folder / "socket"), *options]
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_start_can_be_stopped(tmp_path: Path, number: int) -> None:
    process = starting(tmp_path, "--build-for=30")
    assert eventually((tmp_path / "socket").exists)
    time.sleep(0.3)
    process.send_signal(number)
    assert process.wait(5) == 0
    log = (tmp_path / "log").read_text()
    assert f"server killed by {signal.Signals(number).name} while starting, shutting down" in log
    assert "Traceback" not in log
    assert not (tmp_path / "socket").exists()


def test_a_start_in_the_background_can_be_stopped(tmp_path: Path) -> None:
    process = starting(tmp_path, "--build-for=30", "-d", "-s", "./log-of-it")
    assert eventually((tmp_path / "socket").exists)
    time.sleep(0.3)
    listing = subprocess.run(["ps", "-o", "pid=", "--ppid", str(process.pid)], capture_output=True, text=True)
    os.kill(int(listing.stdout), signal.SIGTERM)
    assert process.wait(5) != 0  # the one who waits for word of the start must not take this for a success
    assert "while starting" in (tmp_path / "log-of-it").read_text()


def test_sighup_while_starting_reloads_afterwards(tmp_path: Path) -> None:
    process = starting(tmp_path, "--build-for=1")
    try:
        assert eventually((tmp_path / "socket").exists)
        time.sleep(0.3)
        process.send_signal(signal.SIGHUP)
        assert eventually(lambda: (tmp_path / "log").read_text().count("server started") == 2)
        assert process.poll() is None
    finally:
        process.terminate()
        assert process.wait(20) == 0


def first_process() -> tuple[str, ...]:
    """What runs a command as the first process of a process space of its own."""
    unshare = shutil.which("unshare")
    if os.geteuid() != 0 or unshare is None:
        pytest.skip("only root can make a process space")
    wrapper = (unshare, "--pid", "--fork", "--mount-proc", "--kill-child")
    if subprocess.run([*wrapper, "true"], capture_output=True).returncode:
        pytest.skip("process spaces cannot be made here")
    return wrapper


@pytest.mark.parametrize("when", ["starting", "serving"])
def test_a_containers_first_process(tmp_path: Path, when: str) -> None:
    """The kernel delivers it no signal that it has no handler for, and orphans become its children."""
    build_for = "--build-for=30" if when == "starting" else "--build-for=0"
    process = starting(tmp_path, build_for, before=first_process())
    log = tmp_path / "log"
    assert eventually(
        lambda: (tmp_path / "socket").exists() and (when == "starting" or "spawned" in log.read_text())
    )
    time.sleep(0.5)
    listing = subprocess.run(["ps", "-o", "pid=", "--ppid", str(process.pid)], capture_output=True, text=True)
    inside = int(listing.stdout)
    if when == "serving":
        assert "server pid: 1\n" in log.read_text()
        target = f"--target={inside}"
        orphan = ["nsenter", target, "--pid", "sh", "-c", "(sleep 0.2 & exec true) & wait"]
        subprocess.run(orphan, check=True, timeout=20)
        time.sleep(2)
        children = ["ps", "-o", "stat=", "--ppid", str(inside)]
        assert "Z" not in subprocess.run(children, capture_output=True, text=True).stdout
    os.kill(inside, signal.SIGTERM)
    assert process.wait(10) == 0
    assert "server killed by SIGTERM" in log.read_text()


def test_signals_that_mean_nothing_or_ask_where_it_is(start: Start) -> None:
    server = start("-x", "-m", "1")
    for number in (signal.SIGUSR1, signal.SIGPIPE, signal.SIGUSR2):
        server.process.send_signal(number)
        time.sleep(0.1)
        assert server.check(HAM) == OK
    assert server.said("most recent call first")
    (worker,) = server.workers()
    os.kill(worker, signal.SIGUSR2)
    assert eventually(lambda: server.log().count("most recent call first") >= 2)
    assert server.check(HAM) == OK
    assert server.workers() == [worker]


def test_a_storm_of_dying_children(start: Start) -> None:
    server = start("-x", "-m", "3", "--min-children=3")
    for _ in range(300):
        server.process.send_signal(signal.SIGCHLD)
    for _ in range(5):
        for worker in server.workers():
            with suppress(ProcessLookupError):  # one of those killed in the last round
                os.kill(worker, signal.SIGKILL)
        assert server.check(HAM) == OK
    assert eventually(lambda: len(server.workers()) == 3)
    log = server.log()
    assert len(re.findall(r"handled cleanup of child pid \[\d+\] due to SIGCHLD: KILLED, signal 9", log)) >= 5
    assert server.stop() == 0


def test_the_where_goes_to_the_log_file(start: Start, tmp_path: Path) -> None:
    log = tmp_path / "its.log"
    server = start("-x", "-m", "1", "-s", str(log))
    server.process.send_signal(signal.SIGUSR2)
    assert eventually(lambda: "most recent call first" in log.read_text())
