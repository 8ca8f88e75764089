"""The master: starts, compiles, goes round its workers until it is told to stop.

It has the scorer built once and shared by all workers, keeps as many of them as the load needs, and on SIGHUP, or
when the configuration's files have changed, makes way for a fresh master that inherits the sockets. Source:
`perldoc spamd`, spamd 4.0.1's signal handlers.
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
from pathlib import Path
from typing import Final, NoReturn

from ..base.errors import PyspamdError
from . import process, supervisor
from .board import Board, Escrow
from .children import Children
from .farewell import Farewells
from .inheritance import Inheritance
from .journal import Journal
from .listeners import close_all, open_all, tls_context
from .options import Exit, ServerOptions, StartError
from .rehearsal import is_rehearsal, tell
from .reloads import Reloads
from .scaling import IDLE, Scaling
from .server import Worker
from .service import Scorer
from .users import Users

TICK: Final = 1.0
"""Seconds between two rounds, unless a signal or a worker wants one sooner."""
SHORT_TICK: Final = 0.05
"""The same while clients of dead workers, or the last workers, are waited for."""
TIME_TO_STOP: Final = 10.0
"""Seconds that workers have to finish what is in hand when the server stops."""

Build = Callable[[], Scorer]


class Master:
    """Runs a server until it is told to stop."""

    def __init__(self, options: ServerOptions, build: Build, journal: Journal, title: str) -> None:
        self.options = options
        self.build = build
        self.journal = journal
        self.title = title
        self._signals: set[int] = set()
        self._scaling = Scaling(options, journal)
        self._farewells = Farewells()
        self._folder = Path.cwd()

    # Start

    def run(self) -> int:
        """Start, serve, stop; the exit status. Raises `PyspamdError` where it cannot start."""
        inherited = Inheritance.take()
        options = self.options
        self._identity = process.identity(options.users)
        # Workers run as another user, to whom the folder that Python is installed in may be closed.
        self._new_loop = _loop_factory()
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
        self._children = Children(self.journal, self._board, self._farewells)
        self._children.adopt(inherited.workers if inherited else ())
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
        if self._scorer:
            self._children.retire_old()
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
            self._wait(SHORT_TICK if self._farewells else TICK)
            for number in (signal.SIGTERM, signal.SIGINT):
                if number in self._signals:
                    return self._stop(number)
            self._reap()
            if self._reloads.pid is None:
                asked = signal.SIGHUP in self._signals
                self._signals.discard(signal.SIGHUP)
                self._reloads.consider(asked=asked)
            self._reloads.look_after()
            self._children.watch()
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

    def _wait(self, seconds: float) -> None:
        """Sleep, but not through a signal or what a worker has to say."""
        if select.select([self._wake_out], [], [], seconds)[0]:
            with contextlib.suppress(BlockingIOError):
                os.read(self._wake_out, 4096)

    def _fill(self) -> None:
        self._children.fill(self._target, self._be_worker)

    def _scale(self) -> None:
        """Keep between `min_spare` and `max_spare` workers idle, one step a tick."""
        states = self._children.states()
        step = self._scaling.step("".join(letter for _, letter in states), time.monotonic())
        if step:
            self._target = len(self._children.fresh()) + step
        if step < 0:
            [child for child, letter in states if letter == IDLE][-1].retire()

    def _be_worker(self, index: int, escrow: Escrow) -> NoReturn:
        """In the child: serve, then leave without a word to anything that is the master's."""
        status = int(Exit.SOFTWARE)
        try:
            for number in process.MASTER_SIGNALS:
                signal.signal(number, signal.SIG_DFL)
            # Whoever sends it to every process of this name means the master, and nobody's client is to pay.
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
            signal.set_wakeup_fd(-1)
            process.release_signals()
            for descriptor in (self._wake_out, self._lifeline[1]):
                os.close(descriptor)
            self._children.close()
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
            with asyncio.Runner(loop_factory=self._new_loop) as runner:
                runner.run(worker.run(self._lifeline[0]))
            status = int(Exit.OK)
        except BaseException as error:
            self.journal.error(f"child process failed: {type(error).__name__}: {error}")
        finally:
            os._exit(status)

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
            else:
                self._children.bury(pid, status)

    # Reload and stop

    def _hand_over(self) -> None:
        """Make way for a fresh master; go on where it cannot be started."""
        process.hold_signals()
        inheritance = Inheritance(
            tuple(self._listeners),
            self._children.to_hand_over(),
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
        self._children.stop()
        give_up = time.monotonic() + TIME_TO_STOP
        while self._children and time.monotonic() < give_up:
            self._wait(SHORT_TICK)
            self._reap()
        self._children.kill()
        return Exit.OK


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    try:
        import uvloop
    except ImportError:  # not on this Python; slower, and otherwise the same
        return asyncio.new_event_loop
    return uvloop.new_event_loop
