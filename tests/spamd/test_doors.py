"""Which worker a client wakes: one, the same one while it is idle, and none that has enough to do."""

import asyncio
import os
import re
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest
import uvloop

from processes import HOST, eventually
from pyspamd.spamd.board import Board, State
from pyspamd.spamd.doors import Doors
from servers import Server, Start

HAM = b"Subject: x\n\nbody\n"
OK = b"SPAMD/1.1 0 EX_OK\r\nSpam: False ; 0.0 / 5.0\r\n\r\n"


def wakings(pid: int) -> int:
    """How often a process has stopped waiting for something."""
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"^voluntary_ctxt_switches:\s*(\d+)", status, re.MULTILINE)
    assert found is not None
    return int(found[1])


def settled(server: Server, count: int) -> set[int]:
    """So many workers, all of them waiting."""
    assert eventually(lambda: len(server.workers()) == count)
    workers, seen = server.workers(), [-1]

    def rest() -> bool:
        before, seen[:] = list(seen), [wakings(pid) for pid in workers]
        return before == seen

    assert eventually(rest)
    return set(workers)


def takers(server: Server, lines: int) -> "Counter[int]":
    """By process id, how many of the last connections in the log it took."""
    found = re.findall(r"\[(\d+)\] info: spamd: connection from ", server.log())
    return Counter(int(pid) for pid in found[-lines:])


def test_a_client_wakes_one_of_the_workers_that_wait(start: Start) -> None:
    server = start("-m", "8", "--min-children=8", "-x")
    workers = settled(server, 8)
    before = {pid: wakings(pid) for pid in workers}
    for _ in range(20):
        assert server.check(HAM) == OK
        time.sleep(0.01)  # lets the one that served it come to rest, as a rule
    idle = workers - takers(server, 20).keys()
    assert len(idle) >= 4
    # Each looks up once a second; woken for every client they would have woken twenty times.
    assert max(wakings(pid) - before[pid] for pid in idle) < 10


def test_round_robin_has_the_workers_take_turns(start: Start) -> None:
    server = start("-m", "4", "-x", "--round-robin")
    workers = settled(server, 4)
    assert [server.check(HAM) for _ in range(40)] == [OK] * 40
    assert takers(server, 40) == dict.fromkeys(workers, 10)


def test_clients_are_left_to_whoever_is_free(start: Start) -> None:
    server = start("-m", "3", "--min-children=3", "-x")
    workers = settled(server, 3)
    with ExitStack() as stack:
        for number in range(1, 10):
            stack.enter_context(server.connect())
            assert eventually(lambda n=number: takers(server, 9).total() == n)  # type: ignore[misc]
        assert takers(server, 9) == dict.fromkeys(workers, 3)


def test_a_client_for_whom_somebody_else_was_woken_is_heard() -> None:
    listener = socket.create_server((HOST, 0))
    listener.setblocking(False)
    heard: list[socket.socket] = []

    async def visit() -> None:
        doors = Doors(
            asyncio.get_running_loop(), {listener.fileno(): lambda: heard.append(listener.accept()[0])}
        )
        doors.open()
        await asyncio.sleep(0.05)
        with socket.create_connection(listener.getsockname()):
            for _ in range(40):
                await asyncio.sleep(0.1)
                if heard:
                    break
        doors.close()

    # A process that is asked first and does not come.
    script = """
import select, sys
first = select.epoll()
first.register(int(sys.argv[1]), select.EPOLLIN | select.EPOLLEXCLUSIVE)
print("waiting", flush=True)
first.poll(20)
"""
    number = str(listener.fileno())
    with subprocess.Popen(
        [sys.executable, "-c", script, number], stdout=subprocess.PIPE, pass_fds=[listener.fileno()]
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"waiting\n"
        time.sleep(0.1)
        with listener:
            asyncio.run(visit())
        assert other.wait(20) == 0
    assert len(heard) == 1
    heard[0].close()


def test_a_worker_that_is_free_but_does_not_come(start: Start) -> None:
    server = start("-m", "2", "--min-children=2", "-x")
    workers = settled(server, 2)
    with ExitStack() as stack:
        for number in range(1, 4):
            time.sleep(0.05)
            stack.enter_context(server.connect())
            assert eventually(lambda n=number: takers(server, 9).total() == n)  # type: ignore[misc]
        assert len(takers(server, 3)) == 1
        (free,) = workers - takers(server, 3).keys()
        os.kill(free, signal.SIGSTOP)
        try:
            assert [server.check(HAM) for _ in range(3)] == [OK] * 3
        finally:
            os.kill(free, signal.SIGCONT)


def test_who_is_free_is_on_the_board() -> None:
    board = Board(10)
    try:
        slots = [board.slot(index) for index in range(10)]
        assert not slots[3].another_is_free()
        slots[3].write(State(is_free=True))
        assert [slot.another_is_free() for slot in slots] == [index != 3 for index in range(10)]
        slots[3].clear()
        slots[0].write(State(is_free=True))
        slots[9].write(State(connections=1))
        assert [slot.another_is_free() for slot in slots] == [index != 0 for index in range(10)]
    finally:
        os.close(board.descriptor)


@pytest.mark.parametrize(
    "new_loop",
    [
        uvloop.new_event_loop,
        lambda: asyncio.SelectorEventLoop(selectors.EpollSelector()),
        lambda: asyncio.SelectorEventLoop(selectors.PollSelector()),  # no epoll instance, so nobody is spared
    ],
)
def test_any_event_loop_hears_of_clients_while_the_doors_are_open(
    new_loop: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    listener = socket.create_server((HOST, 0))
    listener.setblocking(False)
    heard: list[socket.socket] = []

    async def knock() -> None:
        with socket.create_connection(listener.getsockname()):
            await asyncio.sleep(0.05)

    async def visit() -> list[int]:
        def answer() -> None:
            heard.append(listener.accept()[0])

        doors = Doors(asyncio.get_running_loop(), {listener.fileno(): answer})
        counts = []
        for change in (doors.open, doors.open, doors.close, doors.close, doors.open):
            change()
            await asyncio.sleep(0.01)
            await knock()
            counts.append(len(heard))
        doors.close()
        return counts

    with asyncio.Runner(loop_factory=new_loop) as runner, listener:
        # Whoever came while they were closed has not been forgotten.
        assert runner.run(visit()) == [1, 2, 2, 2, 5]
    for line in heard:
        line.close()
