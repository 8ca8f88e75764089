"""The master: compiles, forks workers, and looks after them.

It has the scorer built once and shared by all workers, puts a new worker where one ended, ends one that is
stuck and answers its clients, keeps as many as the load needs, and on SIGHUP, or when the configuration's files
have changed, makes way for a fresh master that inherits the sockets. Source: `perldoc spamd`, spamd 4.0.1's signal
handlers.
"""

import asyncio
import contextlib
import faulthandler
import gc
import os
import select
import signal
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ..base.errors import PyspamdError
from . import process, replies, supervisor
from .board import Board, Escrow
from .farewell import Farewells
from .inheritance import Inheritance, OldWorker
from .journal import Journal
from .listeners import close_all, open_all, tls_context
from .options import Exit, ServerOptions, StartError
from .rehearsal import is_rehearsal, tell
from .reloads import Reloads
from .request import Fault, Status
from .scaling import BUSY, IDLE, LEAVING, Scaling
from .server import Worker
from .service import Scorer
from .users import Users

TICK: Final = 1.0
SHORT_TICK: Final = 0.05
GRACE: Final = 1.0
"""Seconds that a scan may be late before its worker counts as stuck."""
TIME_TO_STOP: Final = 10.0
SHORT_LIFE: Final = 1.0
"""A worker that ends by itself sooner than this (seconds) has a fault that a new one would share."""
TOO_SLOW: Final = replies.fault(Fault(Status.TEMPFAIL, b"(the scan took too long and was ended)"))
BROKEN_OFF: Final = replies.fault(Fault(Status.TEMPFAIL, b"(the scan was broken off)"))

Build = Callable[[], Scorer]


@dataclass(slots=True)
class Child:
    """A worker as the master sees it."""

    pid: int
    slot: int
    escrow: Escrow
    born: float
    is_old: bool = False
    """Whether it belongs to a master before this one."""
    is_leaving: bool = False
    was_stuck: bool = False


class Master:
    """Runs a server until it is told to stop."""

    def __init__(self, options: ServerOptions, build: Build, journal: Journal, title: str) -> None:
        self.options = options
        self.build = build
        self.journal = journal
        self.title = title
        self.children: dict[int, Child] = {}
        self._signals: set[int] = set()
        self._scaling = Scaling(options, journal)
        self._spawn_after = 0.0
        self._farewells = Farewells()
        self._folder = Path.cwd()

    # Start

    def run(self) -> int:
        """Start, serve, stop; the exit status. Raises `PyspamdError` where it cannot start."""
        inherited = Inheritance.take()
        options = self.options
        self._identity = process.identity(options.users)
        if is_rehearsal():
            if options.speaks_tls:
                tls_context(options.tls)
            tell(self.build().reading.faults)
            return Exit.OK
        if inherited is None:
            self._listeners = supervisor.handed_over(tls=options.ssl) or open_all(options, self.journal)
        else:
            self._listeners = list(inherited.listeners)
        word = -1
        if options.daemonize:
            if inherited is None:
                word = process.into_background()
            os.chdir("/")
            self.journal.drop_standard_error()
        try:
            process.stop_while_starting()
            process.return_large_blocks()
            signal.signal(signal.SIGHUP, self._note_signal)
            return self._serve(inherited, word)
        except process.Stopped as stopped:
            self.journal.info(f"server killed by {stopped.name} while starting, shutting down")
            close_all(self._listeners)
            return Exit.OK
        except BaseException as error:
            self.journal.error(f"cannot start: {error}")
            close_all(self._listeners)
            raise

    def _prepare(self, inherited: Inheritance | None) -> None:
        """Compile. Where the workers of the master before can go on, a fault does not end the server."""
        self._scorer: Scorer | None = None
        self._context: ssl.SSLContext | None = None
        try:
            if any(listener.place.tls for listener in self._listeners):
                self._context = tls_context(self.options.tls)
            self._scorer = self.build()
        except PyspamdError as error:
            if inherited is None or not inherited.workers:
                raise
            self.journal.error(f"the configuration cannot be used, the workers from before go on: {error}")
            return
        if self.options.allow_tell and not hasattr(self._scorer, "learn"):
            self.journal.warn("TELL is allowed, but there is nothing that learns: it will do nothing")

    def _serve(self, inherited: Inheritance | None, word: int) -> int:
        options = self.options
        self._prepare(inherited)
        reading = self._scorer.reading if self._scorer else None
        self._reloads = Reloads(self.journal, self._folder, reading, options.watch)
        self._board = Board(4 * options.max_children + 16, inherited.board if inherited else None)
        # Workers read from the one end and see it end when the master is gone.
        self._lifeline = inherited.lifeline if inherited else os.pipe()
        self._take_signals()
        for old in inherited.workers if inherited else ():
            escrow = Escrow.of_outlet(old.outlet)
            self.children[old.pid] = Child(old.pid, old.slot, escrow, time.monotonic(), is_old=True)
        self._farewells.take_over(inherited.farewells if inherited else ())
        if options.pid_file:
            try:
                process.write_pid(options.pid_file)
            except StartError as error:
                if inherited is None:
                    raise
                self.journal.warn(str(error))
        gc.collect()
        gc.freeze()
        process.return_free_memory()
        where = ", ".join(str(listener.place) for listener in self._listeners)
        self.journal.info(f"server started on {where} (running version {self.title})")
        self.journal.info(f"server pid: {os.getpid()}")
        self._target = self._scaling.first_target() if self._scorer else 0
        if word >= 0:
            process.leave_terminal()
        self._fill()
        process.release_signals()
        if word >= 0:
            os.write(word, b"1")
            os.close(word)
        for child in list(self.children.values()):
            if child.is_old and self._scorer:
                self._signal(child, signal.SIGUSR1)
        supervisor.ready(f"Listening on {where}")
        return self._look_after()

    def _take_signals(self) -> None:
        self._wake_out, wake_in = os.pipe()
        for descriptor in (self._wake_out, wake_in):
            os.set_blocking(descriptor, False)
        signal.set_wakeup_fd(wake_in, warn_on_full_buffer=False)
        self._wake_in = wake_in
        for number in process.MASTER_SIGNALS:
            signal.signal(number, self._note_signal)
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)
        faulthandler.register(signal.SIGUSR2, self.journal.descriptor)

    def _note_signal(self, number: int, frame: object) -> None:
        self._signals.add(number)

    # The loop

    def _look_after(self) -> int:
        last = time.monotonic()
        while True:
            ready, _, _ = select.select([self._wake_out], [], [], SHORT_TICK if self._farewells else TICK)
            if ready:
                with contextlib.suppress(BlockingIOError):
                    os.read(self._wake_out, 4096)
            for number in (signal.SIGTERM, signal.SIGINT):
                if number in self._signals:
                    return self._stop(number)
            self._reap()
            if self._reloads.pid is None:
                asked = signal.SIGHUP in self._signals
                self._signals.discard(signal.SIGHUP)
                self._reloads.consider(asked=asked)
            self._reloads.look_after()
            self._watch()
            self._farewells.look_after()
            supervisor.alive()
            if (
                self._reloads.pid is None
                and self._scorer
                and self.options.scaling
                and time.monotonic() - last >= TICK
            ):
                last = time.monotonic()
                self._scale()
            self._fill()

    def _fresh(self) -> list[Child]:
        return [c for c in self.children.values() if not (c.is_old or c.is_leaving)]

    def _fill(self) -> None:
        if time.monotonic() < self._spawn_after:
            return
        while len(self._fresh()) < self._target:
            if not self._spawn():
                return

    def _scale(self) -> None:
        """Keep between `min_spare` and `max_spare` workers idle, one step a tick."""
        letters, idle = [], []
        for child in self.children.values():
            is_busy = bool(self._board.slot(child.slot).read().scans)
            is_fresh = not (child.is_old or child.is_leaving)
            letters.append((BUSY if is_busy else IDLE) if is_fresh else LEAVING)
            if is_fresh and not is_busy:
                idle.append(child)
        step = self._scaling.step("".join(letters), time.monotonic())
        if step:
            self._target = len(self._fresh()) + step
        if step < 0:
            idle[-1].is_leaving = True
            self._signal(idle[-1], signal.SIGUSR1)

    # Workers

    def _spawn(self) -> bool:
        taken = {child.slot for child in self.children.values()}
        index = next((i for i in range(self._board.slots) if i not in taken), None)
        if index is None:
            return False
        slot = self._board.slot(index)
        slot.clear()
        escrow = None
        process.hold_signals()
        try:
            escrow = Escrow.create()
            pid = os.fork()
        except OSError as error:
            process.release_signals()
            if escrow is not None:
                escrow.close()
            self.journal.error(f"fork: {error.strerror}")
            self._spawn_after = time.monotonic() + TICK
            return False
        if pid == 0:
            self._be_worker(index, escrow)
        process.release_signals()
        escrow.keep_outlet()
        self.children[pid] = Child(pid, index, escrow, time.monotonic())
        self.journal.info(f"server successfully spawned child process, pid {pid}")
        return True

    def _be_worker(self, index: int, escrow: Escrow) -> None:
        """In the child: serve, then leave without a word to anything that is the master's."""
        status = int(Exit.SOFTWARE)
        try:
            for number in process.MASTER_SIGNALS:
                signal.signal(number, signal.SIG_DFL)
            signal.set_wakeup_fd(-1)
            process.release_signals()
            for descriptor in (self._wake_out, self._lifeline[1]):
                os.close(descriptor)
            for child in self.children.values():
                child.escrow.close()
            process.become(self._identity)
            process.find_home(self._identity, self.options.users)
            assert self._scorer is not None
            may_return = self._identity is not None and self._identity.may_return
            worker = Worker(
                self.options,
                self._scorer,
                self.journal,
                self._listeners,
                Users(self.options.users, self.journal, as_root=may_return),
                slot=self._board.slot(index),
                escrow=escrow,
                context=self._context,
                bell=self._wake_in,
            )
            with asyncio.Runner(loop_factory=_loop_factory()) as runner:
                runner.run(worker.run(self._lifeline[0]))
            status = int(Exit.OK)
        except BaseException as error:
            self.journal.error(f"child process failed: {type(error).__name__}: {error}")
        finally:
            os._exit(status)

    def _signal(self, child: Child, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child.pid, number)

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid == self._reloads.pid:
                if self._reloads.may_take_over(os.waitstatus_to_exitcode(status)):
                    self._hand_over()
            elif (child := self.children.pop(pid, None)) is not None:
                self._bury(child, status)

    def _bury(self, child: Child, status: int) -> None:
        self.journal.info(
            f"handled cleanup of child pid [{child.pid}] due to SIGCHLD: {process.exit_text(status)}"
        )
        reply = TOO_SLOW if child.was_stuck else BROKEN_OFF
        answered = child.escrow.settle(lambda client: self._farewells.answer(client, reply))
        if answered:
            self.journal.warn(f"answered {answered} clients of child pid {child.pid} with EX_TEMPFAIL")
        child.escrow.close()
        self._board.slot(child.slot).clear()
        if os.WIFEXITED(status) and status and time.monotonic() - child.born < SHORT_LIFE:
            self._spawn_after = time.monotonic() + TICK

    def _watch(self) -> None:
        now = time.monotonic()
        for child in self.children.values():
            state = self._board.slot(child.slot).read()
            child.is_leaving = child.is_leaving or state.is_leaving
            deadline = state.deadline
            if deadline and now > deadline + GRACE and not child.was_stuck:
                child.was_stuck = True
                self.journal.warn(f"child pid {child.pid} is stuck in a scan past its time limit, killing it")
                self._signal(child, signal.SIGKILL)

    # Reload and stop

    def _hand_over(self) -> None:
        """Make way for a fresh master; go on where it cannot be started."""
        process.hold_signals()
        inheritance = Inheritance(
            tuple(self._listeners),
            tuple(OldWorker(c.pid, c.slot, c.escrow.descriptor) for c in self.children.values()),
            self._board.descriptor,
            self._lifeline,
            self._farewells.descriptors,
        )
        inheritance.leave()
        command = process.original_command()
        try:
            os.chdir(self._folder)
            os.execv(command[0], command)  # noqa: S606 -- this very program again
        except OSError as error:
            inheritance.take_back()
            process.release_signals()
            self._reloads.go_on(f"the program cannot be started again: {error.strerror}")

    def _stop(self, number: int) -> int:
        self.journal.info(f"server killed by SIG{signal.Signals(number).name[3:]}, shutting down")
        supervisor.stopping()
        self._reloads.kill()
        close_all(self._listeners)
        if self.options.pid_file:
            with contextlib.suppress(OSError):
                Path(self.options.pid_file).unlink()
        for child in self.children.values():
            self._signal(child, signal.SIGTERM)
        give_up = time.monotonic() + TIME_TO_STOP
        while self.children and time.monotonic() < give_up:
            select.select([self._wake_out], [], [], 0.05)
            with contextlib.suppress(BlockingIOError):
                os.read(self._wake_out, 4096)
            self._reap()
        for child in self.children.values():
            self._signal(child, signal.SIGKILL)
        for pid in list(self.children):
            with contextlib.suppress(ChildProcessError):
                self._bury(self.children[pid], os.waitpid(pid, 0)[1])
        return Exit.OK


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    try:
        import uvloop
    except ImportError:  # not on this Python; slower, and otherwise the same
        return asyncio.new_event_loop
    return uvloop.new_event_loop
