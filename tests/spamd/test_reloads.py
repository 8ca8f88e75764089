"""Reading the configuration anew: when it is done, what is refused, and that the old one serves until the new can."""

import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from processes import eventually
from pyspamd.spamd import process, reloads
from pyspamd.spamd.journal import Journal
from pyspamd.spamd.reading import Reading, Watch, stamps
from pyspamd.spamd.reloads import Reloads
from servers import Server, Start

MESSAGE = b"From: a@example.com\nSubject: cheap pills\n\nbody\n"
RULES = """\
loadplugin Mail::SpamAssassin::Plugin::Check
header PILLS Subject =~ /pills/
score PILLS 2
"""
Configured = Callable[..., contextlib.AbstractContextManager[tuple[Server, Path]]]


@pytest.fixture
def configured(tmp_path: Path, servers: Any) -> Configured:
    """Runs a server with the real engine on a file of rules that the test may change."""
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "site.cf").write_text(RULES)

    @contextlib.contextmanager
    def run(*options: str) -> Iterator[tuple[Server, Path]]:
        command = [
            sys.executable,
            "-m",
            "pyspamd",
            "serve",
            "-C",
            str(folder),
            "--siteconfigpath",
            str(folder),
        ]
        command += ["--cache-dir=", "-L", "-x", "-m", "1", "-s", "stderr", *options]
        with servers(tmp_path, command) as server:
            yield server, folder / "site.cf"

    return run


def symbols(server: Server) -> bytes:
    answer: bytes = server.check(MESSAGE, "SYMBOLS")
    return answer.partition(b"\r\n\r\n")[2]


def test_a_new_mistake_leaves_the_old_rules_serving(configured: Configured) -> None:
    with configured("--watch=0") as (server, file):
        workers = server.workers()
        file.write_text(f"{RULES}header MORE Subject =~ /cheap/\nheader BROKEN Subject =~ /(cheap/\n")
        server.process.send_signal(signal.SIGHUP)
        assert server.said("going on with the old one")
        assert f"new in the configuration: {file}: BROKEN: " in server.log()
        assert symbols(server) == b"PILLS"
        assert server.workers() == workers
        file.write_text(f"{RULES}header MORE Subject =~ /cheap/\n")
        server.process.send_signal(signal.SIGHUP)
        assert server.said("restarting with the new configuration")
        assert eventually(lambda: symbols(server) == b"MORE,PILLS")


def test_a_hup_to_every_process_cuts_nobody(configured: Configured) -> None:
    """As `pkill -HUP pyspamd` sends it, again and again."""
    with configured("--watch=0") as (server, file), server.connect() as line:
        request = server.request(MESSAGE, "SYMBOLS")
        line.sendall(request[:-5])
        assert server.said("connection from")
        file.write_text(f"{RULES}header MORE Subject =~ /cheap/\n")
        server.process.send_signal(signal.SIGHUP)

        def is_new() -> bool:
            for pid in server.workers():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGHUP)
            return "restarting with the new configuration" in server.log()

        assert eventually(is_new)
        line.sendall(request[-5:])
        assert server.everything(line).partition(b"\r\n\r\n")[2] == b"PILLS"
        assert eventually(lambda: symbols(server) == b"MORE,PILLS")
        assert "cannot be used" not in server.log()


def test_a_mistake_that_was_there_before_hinders_nobody(configured: Configured, tmp_path: Path) -> None:
    file = tmp_path / "rules" / "site.cf"
    file.write_text(f"{RULES}no_such_directive 1\n")
    with configured("--watch=0") as (server, _):
        assert "no_such_directive" in server.log()
        file.write_text(f"# moved by a line\n{RULES}header MORE Subject =~ /cheap/\nno_such_directive 1\n")
        server.process.send_signal(signal.SIGHUP)
        assert eventually(lambda: symbols(server) == b"MORE,PILLS")
        # Once more of the same is a new one.
        file.write_text(f"{RULES}no_such_directive 1\nno_such_directive 1\n")
        server.process.send_signal(signal.SIGHUP)
        assert server.said("cannot be used (1 new mistake), going on with the old one")


def test_changed_files_are_read_without_being_asked(configured: Configured) -> None:
    with configured("--watch=0.3") as (server, file):
        file.with_name("more.cf").write_text("header MORE Subject =~ /cheap/\n")
        assert eventually(lambda: symbols(server) == b"MORE,PILLS")
        assert "files of the configuration have changed" in server.log()
        # What cannot be used is tried once and not again until it changes.
        file.with_name("more.cf").write_text("header BROKEN Subject =~ /(cheap/\n")
        assert server.said("going on with the old one")
        time.sleep(2.5)
        assert server.log().count("files of the configuration have changed") == 2
        assert symbols(server) == b"MORE,PILLS"
        file.with_name("more.cf").unlink()
        assert eventually(lambda: symbols(server) == b"PILLS")


def test_included_files_count_as_well(configured: Configured, tmp_path: Path) -> None:
    included = tmp_path / "included"
    included.write_text("score PILLS 3\n")
    (tmp_path / "rules" / "site.cf").write_text(f"{RULES}include {included}\n")
    with configured("--watch=0.3") as (server, _):
        included.write_text("score PILLS 3\nheader MORE Subject =~ /cheap/\n")
        assert eventually(lambda: symbols(server) == b"MORE,PILLS")


def test_only_sighup_where_nobody_is_to_watch(configured: Configured) -> None:
    with configured("--watch=0") as (server, file):
        file.write_text(f"{RULES}header MORE Subject =~ /cheap/\n")
        time.sleep(2.5)
        assert symbols(server) == b"PILLS"
        assert "restarting" not in server.log()


def test_folders_that_are_gone_for_a_while(configured: Configured) -> None:
    with configured("--watch=0.3") as (server, file):
        away = file.parent.rename(file.parent.with_name("away"))
        assert server.said("going on with the old one")
        assert symbols(server) == b"PILLS"
        away.rename(file.parent)
        time.sleep(1.5)
        assert symbols(server) == b"PILLS"


def test_a_broken_certificate_leaves_the_old_one(start: Start, certificate: Path, tmp_path: Path) -> None:
    key = tmp_path / "key.pem"
    key.write_bytes(certificate.read_bytes())
    files = ("--server-cert", str(certificate), "--server-key", str(key))
    server = start("-x", "-m", "1", *files, "-i", "ssl:127.0.0.1:0")
    workers = server.workers()
    good = key.read_bytes()
    key.write_text("")
    server.process.send_signal(signal.SIGHUP)
    assert server.said("going on with the old one")
    assert "the certificates cannot be used" in server.log()
    assert server.workers() == workers
    assert b"EX_OK" in server.check(MESSAGE)
    key.write_bytes(good)
    server.process.send_signal(signal.SIGHUP)
    assert server.said("restarting with the new configuration")
    assert eventually(lambda: len(server.workers()) == 1 and server.workers() != workers)


def test_a_configuration_that_breaks_after_it_was_tried_out(start: Start, tmp_path: Path) -> None:
    """The workers from before go on until one is there that can be used."""
    broken = tmp_path / "broken"
    server = start("-x", "-m", "2", "--min-children=2", "--broken-later-if", str(broken))
    assert eventually(lambda: len(server.workers()) == 2)
    workers = server.workers()
    broken.touch()
    server.process.send_signal(signal.SIGHUP)
    assert server.said("the workers from before go on: the configuration has just been broken")
    assert [b"EX_OK" in server.check(MESSAGE) for _ in range(20)] == [True] * 20
    assert server.workers() == workers
    broken.unlink()
    assert server.said("trying the configuration again")
    assert eventually(lambda: len(server.workers()) == 2 and not {*server.workers()} & {*workers})
    assert b"EX_OK" in server.check(MESSAGE)
    assert server.stop() == 0


def test_many_sighups_at_once(start: Start, tmp_path: Path) -> None:
    server = start("-x", "-m", "1", "--broken-if", str(tmp_path / "broken"))
    (tmp_path / "broken").touch()
    server.process.send_signal(signal.SIGHUP)
    assert server.said("server hit by SIGHUP")
    (tmp_path / "broken").unlink()
    for _ in range(50):  # while the first is still being looked at
        server.process.send_signal(signal.SIGHUP)
    assert server.said("restarting with the new configuration")
    assert eventually(lambda: server.log().count("server started") >= 2)
    assert b"EX_OK" in server.check(MESSAGE)
    assert server.stop() == 0


# The parts


def test_faults_are_counted() -> None:
    before = Reading(("a", "b", "b"))
    assert before.new_faults(["b", "a", "b"]) == []
    assert before.new_faults(["b", "b", "b", "c"]) == ["b", "c"]


def test_stamps_tell_states_of_files_apart(tmp_path: Path) -> None:
    file = tmp_path / "file"
    missing = stamps([str(file)])
    file.write_text("a")
    one = stamps([str(file)])
    file.write_text("ab")
    longer = stamps([str(file)])
    os.utime(file, (1, 1))
    assert len({str(state) for state in (missing, one, longer, stamps([str(file)]))}) == 4


def test_a_watch_waits_until_files_rest() -> None:
    now: dict[str, tuple[int, int, int] | None] = {"f": (1, 1, 1)}
    watch = Watch(Reading(files=dict(now), look=lambda: dict(now)), 10)
    assert not watch.has_news(10)
    now["f"] = (2, 1, 1)
    assert not watch.has_news(15)  # not yet time to look
    assert not watch.has_news(20)  # it has only just changed
    now["f"] = (3, 1, 1)
    assert not watch.has_news(30)  # and again
    assert watch.has_news(40)
    watch.refuse()
    assert not watch.has_news(50)
    now["f"] = (4, 1, 1)
    assert [watch.has_news(second) for second in (60, 70)] == [False, True]
    now["f"] = (1, 1, 1)  # back to what is in use
    assert [watch.has_news(second) for second in (80, 90, 100)] == [False] * 3


def test_a_trial_that_does_not_end_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "original_command", lambda: ["sleep", "60"])
    monkeypatch.setattr(reloads, "PATIENCE", 0.3)
    one = Reloads(Journal([]), tmp_path, Reading(), 0)
    one.consider(asked=True)
    assert one.pid is not None
    one.look_after()
    assert os.waitpid(one.pid, os.WNOHANG) == (0, 0)
    time.sleep(0.4)
    one.look_after()
    status = os.waitstatus_to_exitcode(os.waitpid(one.pid, 0)[1])
    assert status == -signal.SIGKILL
    assert not one.may_take_over(status)
    assert one.pid is None


def test_nothing_under_way_means_nothing_to_end(tmp_path: Path) -> None:
    one = Reloads(Journal([]), tmp_path, Reading(), 0)
    one.consider(asked=False)
    assert one.pid is None
    one.look_after()
    one.kill()
