"""The master's life with its workers: crashes, stuck scans, reloads, stops, the background, exit statuses."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from processes import eventually
from servers import Server, Start

HAM = b"Subject: x\n\nbody\n"
OK = b"SPAMD/1.1 0 EX_OK\r\nSpam: False ; 0.0 / 5.0\r\n\r\n"
TRY_AGAIN = re.compile(rb"SPAMD/1\.0 75 [^\r\n]+\r\n")


def asked_meanwhile(server: Server, message: bytes) -> tuple[threading.Thread, list[bytes]]:
    """A request under way in a thread of its own, and the list its answer goes to."""
    answers: list[bytes] = []
    thread = threading.Thread(target=lambda: answers.append(server.check(message)))
    thread.start()
    return thread, answers


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_workers_of_another_user_run_on_uvloop(start: Start) -> None:
    """That user may not be able to read the folder that Python is installed in."""
    server = start("-m", "1", "-x", "-u", "nobody")
    (worker,) = server.workers()
    os.kill(worker, signal.SIGUSR2)  # has it log where it is
    assert server.said("in _be_worker")
    assert "asyncio/runners.py" in server.log()
    assert "asyncio/base_events.py" not in server.log()


def test_a_crash_in_a_scan_is_answered_and_the_worker_replaced(start: Start) -> None:
    server = start("-m", "1", "-x")
    (before,) = server.workers()
    assert TRY_AGAIN.fullmatch(server.check(b"X-Crash: 1\n\nx"))
    assert server.check(HAM) == OK
    assert server.workers() != [before]
    assert server.said(f"handled cleanup of child pid [{before}] due to SIGCHLD: DIED, signal 11")


def test_a_worker_that_runs_out_of_memory_is_replaced_once_its_clients_are_served(start: Start) -> None:
    server = start("-m", "1", "-x")
    (before,) = server.workers()
    other, answers = asked_meanwhile(server, b"Subject: x\nX-Wait: 1\n\nx")
    assert server.said("checking message")
    assert TRY_AGAIN.fullmatch(server.check(b"X-Memory: 1\n\nx"))
    other.join(20)
    assert answers == [OK]
    assert eventually(lambda: len(server.workers()) == 1 and server.workers() != [before])
    assert server.check(HAM) == OK


def test_killed_workers_clients_are_told_to_try_again(start: Start) -> None:
    server = start("-m", "1", "-x")
    threads = [asked_meanwhile(server, b"X-Wait: 20\n\nx%d" % n) for n in range(5)]
    assert eventually(lambda: server.log().count("checking message") == 5)
    (worker,) = server.workers()
    os.kill(worker, signal.SIGKILL)
    for thread, answers in threads:
        thread.join(20)
        assert TRY_AGAIN.fullmatch(answers[0])
    assert server.check(HAM) == OK


def test_a_scan_stuck_in_a_regular_expression_is_ended_from_outside(start: Start) -> None:
    server = start("-m", "2", "--min-children=2", "-x", "--time-limit=1")
    stuck, answers = asked_meanwhile(server, b"X-Hang: 1\n\nx")
    assert server.said("checking message")
    for _ in range(20):  # the other worker serves meanwhile
        assert server.check(HAM) == OK
    stuck.join(20)
    assert TRY_AGAIN.fullmatch(answers[0])
    assert server.said("is stuck in a scan past its time limit")
    assert eventually(lambda: len(server.workers()) == 2)


def test_kill_9_of_every_worker_again_and_again(start: Start) -> None:
    server = start("-m", "2", "--min-children=2", "-x")
    for _ in range(5):
        for worker in server.workers():
            os.kill(worker, signal.SIGKILL)
        assert server.check(HAM) in (OK, b"")
        assert eventually(lambda: server.check(HAM) == OK)
    assert server.stop() == 0


def test_workers_are_replaced_after_their_connections(start: Start) -> None:
    server = start("-m", "1", "-x", "--max-conn-per-child=3")
    (before,) = server.workers()
    assert [server.check(HAM) for _ in range(10)] == [OK] * 10
    assert server.said(f"handled cleanup of child pid [{before}] due to SIGCHLD: exit 0")


def test_a_slow_client_of_a_worker_that_is_done_holds_nobody_up(start: Start) -> None:
    server = start("-m", "1", "-x", "--max-conn-per-child=2", "--timeout-child=20")
    with server.connect() as slow:
        slow.sendall(server.request(HAM)[:-1])
        begun = time.monotonic()
        assert [server.check(HAM) for _ in range(6)] == [OK] * 6
        assert time.monotonic() - begun < 10
        slow.sendall(b"\n")
        assert server.everything(slow) == OK


def test_the_number_of_workers_follows_the_load(start: Start) -> None:
    server = start("-m", "4", "-x", "--timeout-child=20")
    assert eventually(lambda: len(server.workers()) == 2)
    threads = [asked_meanwhile(server, b"X-Wait: 4\nSubject: x\n\nx") for _ in range(30)]
    assert eventually(lambda: len(server.workers()) > 2)
    for thread, answers in threads:
        thread.join(20)
        assert answers == [OK]
    assert eventually(lambda: len(server.workers()) == 2)


def test_round_robin_runs_all_workers(start: Start) -> None:
    server = start("-m", "4", "-x", "--round-robin")
    assert eventually(lambda: len(server.workers()) == 4)


def test_sighup_reloads_and_no_client_notices(start: Start, tmp_path: Path) -> None:
    socket_path = tmp_path / "s"
    server = start("-m", "2", "--min-children=2", "-x", "-r", str(tmp_path / "pid"), "-i", str(socket_path))
    before = server.workers()
    running, answers = asked_meanwhile(server, b"X-Wait: 3\nSubject: x\n\nx")
    slow = server.connect()
    slow.sendall(server.request(HAM)[:-5])
    server.process.send_signal(signal.SIGHUP)
    while "server started" not in server.log().partition("restarting with")[2]:
        assert server.check(HAM) == OK
    slow.sendall(server.request(HAM)[-5:])
    assert server.everything(slow) == OK
    slow.close()
    running.join(20)
    assert answers == [OK]
    assert eventually(lambda: len(server.workers()) == 2)
    assert not set(server.workers()) & set(before)
    assert (tmp_path / "pid").read_text() == f"{server.pid}\n"
    assert [server.check(HAM) for _ in range(20)] == [OK] * 20
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(str(socket_path))
        line.sendall(server.request(HAM))
        assert server.everything(line) == OK
    # And once more, and the clients of a new worker are still looked after.
    server.process.send_signal(signal.SIGHUP)
    assert eventually(lambda: server.log().count("server started") == 3)
    assert TRY_AGAIN.fullmatch(server.check(b"X-Crash: 1\n\nx"))
    assert server.stop() == 0
    assert not (tmp_path / "pid").exists()


def test_sighup_with_a_broken_configuration_keeps_the_old_one(start: Start, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    server = start("-m", "1", "-x", "--broken-if", str(broken))
    before = server.workers()
    broken.touch()
    server.process.send_signal(signal.SIGHUP)
    assert server.said("going on with the old one")
    assert "the configuration is broken" in server.log()
    assert server.check(HAM) == OK
    assert server.workers() == before
    broken.unlink()
    server.process.send_signal(signal.SIGHUP)
    assert server.said("restarting with the new configuration")
    assert eventually(lambda: server.check(HAM) == OK and server.workers() != before)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_lets_scans_finish(start: Start, number: int) -> None:
    server = start("-m", "2", "-x", "--min-children=2")
    running, answers = asked_meanwhile(server, b"X-Wait: 1\nSubject: x\n\nx")
    midway = server.connect()
    midway.sendall(server.request(HAM)[:-5])
    assert server.said("checking message")
    time.sleep(0.1)
    workers = server.workers()
    assert server.stop(number) == 0
    running.join()
    assert answers == [OK]
    assert TRY_AGAIN.fullmatch(server.everything(midway))
    midway.close()
    with pytest.raises(ConnectionRefusedError):
        server.connect()
    for worker in workers:
        with pytest.raises(ProcessLookupError):
            os.kill(worker, 0)
    assert f"server killed by {signal.Signals(number).name}, shutting down" in server.log()


def test_workers_do_not_outlive_their_master(start: Start) -> None:
    server = start("-m", "2", "--min-children=2", "-x")
    workers = server.workers()
    server.stop(signal.SIGKILL)
    assert eventually(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers))


def test_workers_run_as_another_user_than_root(start: Start) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can become somebody else")
    for options, real in ((("-u", "nobody"), 65534), ((), 0)):
        server = start("-m", "1", "-x", *options)
        (worker,) = server.workers()
        status = Path(f"/proc/{worker}/status").read_text()
        uids = re.search(r"^Uid:\s+(\d+)\s+(\d+)\s", status, re.M)
        assert uids
        assert (int(uids[1]), int(uids[2])) == (real, 65534)
        groups = re.search(r"^Groups:(.*)$", status, re.M)
        assert groups
        assert "0" not in groups[1].split()


# The background, and starts that fail


def command(*options: str, port: int = 0) -> list[str]:
    script = Path(__file__).with_name("gtube_server.py")
    return [sys.executable, str(script), "-L", "-i", "127.0.0.1", "-p", str(port), *options]


def test_the_background(tmp_path: Path, port: int) -> None:
    options = ("-d", "-r", "pid", "-s", "./log", "-x", "-m", "1")
    started = subprocess.run(command(*options, port=port), cwd=tmp_path, capture_output=True, timeout=30)
    assert (started.returncode, started.stdout, started.stderr) == (0, b"", b"")
    pid = int((tmp_path / "pid").read_text())
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
            line.sendall(b"PING SPAMC/1.2\r\n")
            assert line.recv(100) == b"SPAMD/1.5 0 PONG\r\n"
        os.kill(pid, signal.SIGHUP)
        give_up = time.monotonic() + 20
        while (tmp_path / "log").read_text().count("server started") < 2:
            assert time.monotonic() < give_up
            time.sleep(0.05)
        with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
            line.sendall(b"PING SPAMC/1.2\r\n")
            assert line.recv(100) == b"SPAMD/1.5 0 PONG\r\n"
    finally:
        os.kill(pid, signal.SIGTERM)
    give_up = time.monotonic() + 20
    while (tmp_path / "pid").exists():
        assert time.monotonic() < give_up
        time.sleep(0.05)
    first = (tmp_path / "log").read_text().splitlines()[0]
    assert re.fullmatch(
        r"\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4} \[\d+\] info: spamd: server started on .*", first
    )


@pytest.mark.parametrize(
    ("options", "status", "sentence"),
    [
        (("-q",), 64, "-q/--sql-config is not supported"),
        (("-Q",), 64, "-Q/--setuid-with-sql is not supported"),
        (("--ldap-config",), 64, "--ldap-config is not supported"),
        (("--setuid-with-ldap",), 64, "--setuid-with-ldap is not supported"),
        (("-v",), 64, "-v/--vpopmail is not supported"),
        (("--no-such-option",), 2, "unrecognized"),
        (("-A", "not-an-address"), 64, "not-an-address"),
        (("-i", "no such place"), 64, "no such place"),
        (("--virtual-config-dir=/x/%u",), 64, "needs -u"),
        (("-u", "there-is-no-such-user"), 67, "there-is-no-such-user"),
        (("-u", "root"), 64, "root"),
        (("-i", "192.0.2.1"), 69, "192.0.2.1"),
        (("-i", "/nonexistent/folder/socket"), 69, "/nonexistent/folder/socket"),
        (("-r", "/nonexistent/folder/pid"), 73, "/nonexistent/folder/pid"),
        (("--ssl",), 78, "server-key.pem"),
        (("--ssl-ca-file=/nonexistent/ca",), 78, "/nonexistent/ca"),
        (("--broken-if=/",), 78, "the configuration is broken"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
@pytest.mark.parametrize("background", [(), ("-d", "-s", "null")], ids=["", "background"])
def test_a_start_that_fails_says_why_and_how(
    options: tuple[str, ...], status: int, sentence: str, background: tuple[str, ...], tmp_path: Path
) -> None:
    failed = subprocess.run(
        command(*options, *background), cwd=tmp_path, capture_output=True, text=True, timeout=30
    )
    assert sentence in failed.stderr
    assert failed.returncode == status


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        failed = subprocess.run(
            command(port=taken.getsockname()[1]), cwd=tmp_path, capture_output=True, text=True, timeout=30
        )
    assert failed.returncode == 69
    assert "could not listen on [127.0.0.1]" in failed.stderr


def test_a_unix_socket_in_use(start: Start, tmp_path: Path) -> None:
    path = tmp_path / "s"
    server = start("-i", str(path), "-x")
    failed = subprocess.run(
        command("-i", str(path)), cwd=tmp_path, capture_output=True, text=True, timeout=30
    )
    assert failed.returncode == 69
    assert path.exists()
    server.stop(signal.SIGKILL)
    assert path.exists()
    again = start("-i", str(path), "-x")  # a socket that was left behind is in nobody's way
    assert again.check(HAM) == OK


def test_a_client_left_behind_is_heard_out_across_a_reload(start: Start) -> None:
    server = start("-m", "1", "-x")

    def sockets() -> int:
        found = Path(f"/proc/{server.pid}/fd").iterdir()
        return sum("socket:" in str(descriptor.readlink()) for descriptor in found)

    before = sockets()
    with server.connect() as slow:
        slow.sendall(server.request(HAM)[:-1])
        assert server.said("connection from")
        (worker,) = server.workers()
        os.kill(worker, signal.SIGKILL)
        assert server.said("answered 1 clients")
        assert sockets() > before
        os.kill(server.pid, signal.SIGHUP)
        assert eventually(lambda: server.log().count("server started on") == 2)
        assert sockets() > before
        slow.sendall(b"x" * 100_000)
        assert TRY_AGAIN.fullmatch(server.everything(slow))
    assert eventually(lambda: sockets() <= before)
