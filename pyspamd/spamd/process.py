"""What a server does to its process: goes into the background, gives privileges up, writes its pid file."""

import contextlib
import ctypes
import grp
import os
import pwd
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from .options import Exit, StartError, UserOptions

_MMAP_THRESHOLD: Final = -3
"""M_MMAP_THRESHOLD of glibc's malloc.h."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom workers become; `may_return`: only in effect, so that they can become other users for a moment."""

    name: str
    uid: int
    gid: int
    may_return: bool


def identity(options: UserOptions) -> Identity | None:
    """Whom workers become, `None` for whoever started the server. Raises `StartError`."""
    if options.user is not None:
        account = _account(options.user)
        if account.pw_uid == 0:
            raise StartError("the server cannot run as root, name another user with -u", Exit.USAGE)
        gid = account.pw_gid
        if options.group is not None:
            try:
                gid = grp.getgrnam(options.group).gr_gid
            except KeyError as error:
                raise StartError(f"there is no group '{options.group}'", Exit.NO_USER) from error
        if os.geteuid() not in (0, account.pw_uid):
            raise StartError(f"only root can run the server as {options.user}", Exit.NO_PERMISSION)
        return Identity(account.pw_name, account.pw_uid, gid, False) if os.geteuid() == 0 else None
    if os.geteuid() != 0:
        return None
    account = _account(options.default_user)
    if account.pw_uid == 0:
        raise StartError("mail cannot be judged as root, name another user with -u", Exit.USAGE)
    return Identity(account.pw_name, account.pw_uid, account.pw_gid, True)


def _account(name: str) -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(name)
    except KeyError as error:
        raise StartError(f"there is no user '{name}'", Exit.NO_USER) from error


def become(who: Identity | None) -> None:
    """Give privileges up."""
    if who is None:
        return
    os.setgroups(os.getgrouplist(who.name, who.gid))
    if who.may_return:
        os.setegid(who.gid)
        os.seteuid(who.uid)
        return
    os.setgid(who.gid)
    os.setuid(who.uid)
    if 0 in (os.getuid(), os.geteuid()):
        raise StartError(f"could not become {who.name}", Exit.NO_PERMISSION)


def return_free_memory() -> None:
    """Give back what is free now; processes forked later take no copies of it. Source: malloc_trim(3)."""
    with contextlib.suppress(OSError, AttributeError):  # another C library
        ctypes.CDLL(None).malloc_trim(0)


def return_large_blocks() -> None:
    """Have the C library give every block of 1 MB or more back to the system as soon as it is freed.

    By default it takes large blocks from its own heap once it has seen some, and a worker that has judged large
    messages would stay as large as they were. Source: mallopt(3), M_MMAP_THRESHOLD.
    """
    with contextlib.suppress(OSError, AttributeError):  # another C library
        ctypes.CDLL(None).mallopt(_MMAP_THRESHOLD, 1024 * 1024)


def find_home(who: Identity | None, options: UserOptions) -> None:
    """Set HOME, for helpers such as Pyzor: what `-H` says, else the home of whom we became."""
    if options.helper_home:
        os.environ["HOME"] = options.helper_home
    elif who is not None:
        os.environ["HOME"] = pwd.getpwnam(who.name).pw_dir


def make_folder(path: Path, who: Identity | None) -> None:
    """Make a folder that only the workers' user can read. Raises `StartError`."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        if who is not None and path.stat().st_uid != who.uid:
            if any(path.iterdir()):
                owner = f"the folder {path} belongs to another user than {who.name}"
                raise StartError(f"{owner} (change that, or name another folder)", Exit.CANNOT_CREATE)
            os.chown(path, who.uid, who.gid)
    except OSError as error:
        raise StartError(f"the folder {path} cannot be made: {error.strerror}", Exit.CANNOT_CREATE) from error


def into_background() -> int:
    """Fork; the parent waits for word that the server is up and exits, the child returns where to give it.

    Write one byte to the descriptor when the server answers; else the parent exits with the child's status.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child:
        os.close(writing)
        with contextlib.suppress(KeyboardInterrupt):
            if os.read(reading, 1):
                os._exit(0)
        _, status = os.waitpid(child, 0)
        os._exit(os.waitstatus_to_exitcode(status) & 0xFF or int(Exit.SOFTWARE))
    os.close(reading)
    os.setsid()
    os.chdir("/")
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1):
        os.dup2(null, descriptor)
    return writing


def leave_terminal() -> None:
    """Give standard error up too, once nothing is left to say there."""
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 2)
    os.close(null)


def write_pid(path: str) -> None:
    """Write the pid file. Raises `StartError`."""
    try:
        Path(path).write_text(f"{os.getpid()}\n")
    except OSError as error:
        raise StartError(
            f"the pid file {path} cannot be written: {error.strerror}", Exit.CANNOT_CREATE
        ) from error


def exit_text(status: int) -> str:
    """How a child ended, in spamd's words; `status` is what waitpid gave."""
    if os.WIFEXITED(status):
        return f"exit {os.WEXITSTATUS(status)}"
    number = os.WTERMSIG(status)
    names = {1: "HANGUP", 2: "interrupted", 6: "ABORTED", 9: "KILLED", 15: "TERMINATED"}
    return f"{names.get(number, 'DIED')}, signal {number} ({status:04x})"


def original_command() -> list[str]:
    """The command line that started this Python, for starting it again."""
    return [sys.executable, *sys.orig_argv[1:]]


class Stopped(BaseException):
    """A signal asked the server to end while it was starting."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.name = signal.Signals(number).name


def stop_while_starting() -> None:
    """Have SIGTERM and SIGINT raise `Stopped`.

    Without a handler the kernel ends other processes by these signals, but not a container's first.
    """

    def stop(number: int, frame: object) -> None:
        raise Stopped(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)


def hold_signals() -> None:
    """Let signals wait, across `exec` too, until `release_signals`."""
    signal.pthread_sigmask(signal.SIG_BLOCK, MASTER_SIGNALS)


def release_signals() -> None:
    """Let signals through again."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, MASTER_SIGNALS)


# SIGUSR1, which tells a worker to retire, does nothing to a master, but should it meet one, it must not end it.
MASTER_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD, signal.SIGUSR1)
