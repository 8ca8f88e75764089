"""The server's smaller parts: where to listen, whose mail it is, sockets in safe keeping, memory for messages."""

import asyncio
import os
import pwd
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from pyspamd.spamd.board import Board, Escrow, State
from pyspamd.spamd.farewell import Farewells
from pyspamd.spamd.journal import Journal
from pyspamd.spamd.listeners import Place, open_all, places
from pyspamd.spamd.options import Exit, ServerOptions, StartError, UserOptions
from pyspamd.spamd.reading import Reading
from pyspamd.spamd.scaling import Scaling
from pyspamd.spamd.server import Worker
from pyspamd.spamd.users import Users, virtual_folder


def listening(*listen: str, **options: Any) -> list[Place]:
    return [place for group in places(ServerOptions(listen=listen, **options)) for place in group]


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("localhost", [("::1", 783, False), ("127.0.0.1", 783, False)]),
        ("", [("::", 783, False), ("0.0.0.0", 783, False)]),
        ("*:4000", [("::", 4000, False), ("0.0.0.0", 4000, False)]),
        (":4000", [("::1", 4000, False), ("127.0.0.1", 4000, False)]),
        ("127.0.0.1", [("127.0.0.1", 783, False)]),
        ("127.0.0.1:4000", [("127.0.0.1", 4000, False)]),
        ("[::1]:4000", [("::1", 4000, False)]),
        ("::1", [("::1", 783, False)]),
        ("ssl:127.0.0.1:4000", [("127.0.0.1", 4000, True)]),
        ("SSL:[127.0.0.1]", [("127.0.0.1", 783, True)]),
        ("127.0.0.1:smtp", [("127.0.0.1", 25, False)]),
    ],
)
def test_places(spec: str, expected: list[tuple[str, int, bool]]) -> None:
    assert [(p.address, p.port, p.tls) for p in listening(spec)] == expected


def test_places_by_options() -> None:
    assert listening("/run/x") == [Place(path="/run/x")]
    assert [p.port for p in listening("127.0.0.1", port="4000")] == [4000]
    assert [(p.port, p.tls) for p in listening("127.0.0.1", port="4000", ssl=True)] == [(4000, True)]
    assert [(p.port, p.tls) for p in listening("127.0.0.1", port="4000", ssl_port="4001")] == [(4001, True)]
    assert [p.address for p in listening("localhost", families="4")] == ["127.0.0.1"]
    assert [p.address for p in listening("*", families="6")] == ["::"]


@pytest.mark.parametrize(
    "spec", ["a b", "127.0.0.1:99999", "127.0.0.1:no-such-service", "ssl:/run/x", "[::1"]
)
def test_no_places(spec: str) -> None:
    with pytest.raises(StartError) as refused:
        listening(spec)
    assert refused.value.status == Exit.USAGE


@pytest.mark.parametrize(
    ("pattern", "user", "folder"),
    [
        ("/v/%u", "joe@example.com", "/v/joe@example.com"),
        ("/v/%d/%l", "joe@example.com", "/v/example.com/joe"),
        ("/v/%d/%l/x", "joe", "/v/x"),
        ("/v/%u%%", "a b/c\xe9", "/v/a_b_c_%"),
        ("/v/%u/x", "..", "/v/__/x"),
        ("/v/%d/%l/x", "..@..", "/v/__/__/x"),
        ("/v/%x", "joe@example.com", "/v/example.com"),
    ],
)
def test_virtual_users_folders(pattern: str, user: str, folder: str) -> None:
    assert virtual_folder(pattern, user) == Path(folder)


def test_a_virtual_users_own_folder_goes_before_the_domains(tmp_path: Path) -> None:
    own = tmp_path / "joe@example.com"
    own.mkdir()
    (own / "user_prefs").touch()
    assert virtual_folder(f"{tmp_path}/%x", "joe@example.com") == own
    assert virtual_folder(f"{tmp_path}/%x", "ann@example.com") == tmp_path / "example.com"
    # A user name may be longer than any file's.
    assert virtual_folder(f"{tmp_path}/%x", "a" * 300 + "@example.com") == tmp_path / "example.com"


def homes(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    me = pwd.getpwuid(os.geteuid())
    account = pwd.struct_passwd((me.pw_name, "x", me.pw_uid, me.pw_gid, "", str(folder), "/bin/sh"))
    monkeypatch.setattr(pwd, "getpwnam", lambda name: account)


def test_preferences_in_homes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    homes(monkeypatch, tmp_path)
    users = Users(UserOptions(create_prefs=True), Journal([]), as_root=False)
    assert users.of(None).preferences is None
    assert users.of(b"joe").preferences is None  # but now there is a file to change
    path = tmp_path / ".spamassassin" / "user_prefs"
    assert path.parent.stat().st_mode & 0o777 == 0o700
    path.write_bytes(b"required_score 3 # \xe9\n")
    caller = users.of(b"joe")
    assert (caller.user, caller.shown, caller.home) == ("joe", "joe", str(tmp_path))
    assert caller.preferences is not None
    assert (caller.preferences.text, caller.preferences.file) == ("required_score 3 # \xe9\n", str(path))
    assert Users(UserOptions(user_config=False), Journal([]), as_root=False).of(b"joe").preferences is None


def test_odd_preferences_are_left_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    homes(monkeypatch, tmp_path)
    users = Users(UserOptions(), Journal([]), as_root=False)
    (tmp_path / ".spamassassin").mkdir()
    path = tmp_path / ".spamassassin" / "user_prefs"
    os.mkfifo(path)
    assert users.of(b"joe").preferences is None
    path.unlink()
    path.mkdir()
    assert users.of(b"joe").preferences is None
    path.rmdir()
    path.write_bytes(b"#" * (1024 * 1024 + 1))
    assert users.of(b"joe").preferences is None


class _Heard:
    """A sink that keeps what is written."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def write(self, level: str, texts: Sequence[str], moment: float) -> None:
        self.lines += [f"{level}: {text}" for text in texts]

    def reopen(self) -> None:
        """Nothing to do."""


STILL_ROOT = "warn: spamd: still running as root: user not specified with -u, not found, or set to root, "


def test_the_log_says_who_a_worker_becomes() -> None:
    """In the original's words: log readers count them."""
    heard = _Heard()
    users = Users(UserOptions(user_config=False), Journal([heard]), as_root=True)
    for name in (b"nobody", b"root", b"there-is-nobody", None):
        users.of(name)
    fall_back = f"{STILL_ROOT}falling back to nobody"
    assert heard.lines == [
        "info: spamd: setuid to nobody succeeded",
        "info: spamd: setuid to root succeeded",
        fall_back,
        "info: spamd: handle_user (getpwnam) unable to find user: 'there-is-nobody'",
        fall_back,
        fall_back,
    ]
    heard.lines.clear()
    users = Users(UserOptions(user_config=False), Journal([heard]), as_root=False)
    users.of(b"nobody")
    users.of(None)
    assert heard.lines == []


def test_preferences_that_cannot_be_read_are_told_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    homes(monkeypatch, tmp_path)
    heard = _Heard()
    users = Users(UserOptions(), Journal([heard]), as_root=False)
    (tmp_path / ".spamassassin").touch()  # no folder
    for _ in range(3):
        assert users.of(b"joe").preferences is None
    assert len(heard.lines) == 1
    assert "user_prefs cannot be read" in heard.lines[0]


# How many workers


def test_one_worker_more_or_fewer_at_a_time() -> None:
    heard = _Heard()
    scaling = Scaling(
        ServerOptions(max_children=3, min_children=1, min_spare=1, max_spare=2), Journal([heard])
    )
    assert scaling.first_target() == 2
    assert scaling.step("II", 0) == 0
    assert scaling.step("BB", 1) == 1
    assert scaling.step("BBB", 2) == 0
    assert scaling.step("BBBK", 30) == 0
    assert scaling.step("BBI", 40) == 0
    assert scaling.step("BBB", 50) == 0
    assert scaling.step("III", 60) == -1
    reached = "info: prefork: server reached --max-children setting, consider raising it"
    states = [
        f"info: prefork: child states: {letters}"
        for letters in ("II", "BB", "BBB", "BBBK", "BBI", "BBB", "III")
    ]
    assert heard.lines == [*states[:3], reached, *states[3:]]
    assert scaling.step("BBB", 70) == 0
    assert heard.lines[-1] == reached  # a minute later it is said again


def test_being_somebody_else_for_a_moment() -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can become somebody else")
    users = Users(UserOptions(), Journal([]), as_root=True)
    before = os.geteuid(), os.getegid(), os.getgroups()
    nobody = pwd.getpwnam("nobody")
    with pytest.raises(RuntimeError), users._acting(nobody):
        assert (os.geteuid(), os.getegid()) == (nobody.pw_uid, nobody.pw_gid)
        raise RuntimeError
    assert (os.geteuid(), os.getegid(), os.getgroups()) == before
    assert users.of(b"nobody").uid == nobody.pw_uid


# Safe keeping


def test_slots_are_shared_by_descriptor() -> None:
    board = Board(10)
    board.slot(3).write(State(12.5, 1, 2, True))
    again = Board(10, os.dup(board.descriptor))
    assert again.slot(3).read() == State(12.5, 1, 2, True)
    assert again.slot(2).read() == State()
    again.slot(3).clear()
    assert board.slot(3).read() == State()
    for one in (board, again):
        os.close(one.descriptor)


def test_sockets_in_safe_keeping() -> None:
    escrow = Escrow.create()
    pairs = [socket.socketpair() for _ in range(100)]
    tickets = [escrow.deposit(theirs.fileno()) for _, theirs in pairs]
    assert all(tickets)
    for place in (50, 0, 99, 3):
        escrow.withdraw(tickets[place])
    for _, theirs in pairs:
        theirs.close()  # the worker is gone
    farewells = Farewells()
    assert escrow.settle(lambda client: farewells.answer(client, b"later\r\n")) == 96
    assert escrow.settle(lambda client: farewells.answer(client, b"later\r\n")) == 0
    answers = []
    for mine, _ in pairs:
        answers.append(mine.recv(100))
        mine.close()
    assert answers.count(b"later\r\n") == 96
    assert [place for place, answer in enumerate(answers) if not answer] == [0, 3, 50, 99]
    escrow.close()
    farewells.look_after()
    assert not farewells


def test_clients_left_behind_are_heard_out() -> None:
    farewells = Farewells()
    mine, theirs = socket.socketpair()
    mine.sendall(b"the beginning of a request")
    farewells.answer(theirs, b"later\r\n")
    assert farewells
    mine.sendall(b"and the rest")
    farewells.look_after()
    assert farewells
    assert [mine.recv(100), mine.recv(100)] == [b"later\r\n", b""]
    mine.close()
    farewells.look_after()
    assert not farewells


# Memory


class _NoScorer:
    time_limit = None
    reading = Reading()

    async def open(self) -> None: ...

    async def close(self) -> None: ...


def test_large_messages_are_put_off_when_there_are_too_many() -> None:
    options = ServerOptions(
        listen=("127.0.0.1",),
        port="0",
        memory_for_bodies=5 * 2**20,
        max_connections_per_child=4,
        users=UserOptions(user_config=False),
    )
    journal = Journal([])
    listeners = open_all(options, journal)
    users = Users(options.users, journal, as_root=False)
    worker = Worker(options, _NoScorer(), journal, listeners, users)  # type: ignore[arg-type]
    port = listeners[0].place.port
    head = b"CHECK SPAMC/1.5\r\nContent-length: %d\r\n\r\n" % (4 * 2**20)

    async def clients() -> None:
        _, to_first = await asyncio.open_connection("127.0.0.1", port)
        to_first.write(head + bytes(3 * 2**20))
        await to_first.drain()
        second, to_second = await asyncio.open_connection("127.0.0.1", port)
        to_second.write(head + bytes(3 * 2**20))
        assert (await second.read()).startswith(b"SPAMD/1.0 75 Temporary failure: ")
        third, to_third = await asyncio.open_connection("127.0.0.1", port)
        to_third.write(b"PING SPAMC/1.2\r\n")
        assert await third.read() == b"SPAMD/1.5 0 PONG\r\n"
        for writer in (to_first, to_second, to_third):
            writer.close()
        fourth, to_fourth = await asyncio.open_connection("127.0.0.1", port)
        to_fourth.write(b"PING SPAMC/1.2\r\n")
        assert await fourth.read() == b"SPAMD/1.5 0 PONG\r\n"
        to_fourth.close()

    async def both() -> None:
        await asyncio.wait_for(asyncio.gather(worker.run(), clients()), 30)

    asyncio.run(both())
    assert worker.bodies == 0
    for listener in listeners:
        listener.socket.close()


class _Echo:
    """A judgement that hands the message back."""

    is_spam, score, required, autolearn, cache, log_items = False, 0.0, 5.0, "no", "bypass", {}

    def __init__(self, message: bytes) -> None:
        self._message = message

    def test_names(self) -> list[str]:
        return []

    def rewritten(self) -> bytes:
        return self._message


class _EchoScorer(_NoScorer):
    async def check(self, message: bytes, occasion: object) -> _Echo:
        return _Echo(message)


def test_an_answer_that_nobody_reads_counts_as_well() -> None:
    options = ServerOptions(
        listen=("127.0.0.1",), port="0", max_connections_per_child=1, users=UserOptions(user_config=False)
    )
    journal = Journal([])
    listeners = open_all(options, journal)
    users = Users(options.users, journal, as_root=False)
    worker = Worker(options, _EchoScorer(), journal, listeners, users)  # type: ignore[arg-type]
    message = b"Subject: x\n\n" + bytes(40 * 2**20)

    async def client() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", listeners[0].place.port)
        writer.write(b"PROCESS SPAMC/1.5\r\nContent-length: %d\r\n\r\n%b" % (len(message), message))
        await writer.drain()
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"SPAMD/1.1 0 EX_OK\r\n")
        assert worker.bodies > 10 * 2**20
        assert await reader.readexactly(len(message)) == message
        writer.close()

    async def both() -> None:
        await asyncio.wait_for(asyncio.gather(worker.run(), client()), 60)

    asyncio.run(both())
    assert worker.bodies == 0
    for listener in listeners:
        listener.socket.close()
