"""Whose mail it is: the `User:` header made into preferences, and the identity under which they are read.

Source: spamd 4.0.1's `handle_user_setuid_basic`, `handle_virtual_config_dir`; `perldoc spamd` on -u, -x, -U,
-P, -c, -H and --virtual-config-dir.

Started by root without -u, spamd becomes the user for the length of a scan. Here a worker runs as
`--default-user` and becomes the user only to read (or create) the preferences.
"""

import contextlib
import os
import pwd
import re
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ..base.errors import PyspamdError
from .journal import Journal
from .log import UNKNOWN
from .options import UserOptions
from .service import Preferences

_UNSAFE: Final = re.compile(r"[^-A-Za-z0-9+_.,@=]")
_ACCOUNT_LASTS: Final = 60.0
"""Seconds for which an account of the system is taken to stay as it is."""
_MOST_ACCOUNTS: Final = 1000
_LARGEST: Final = 1024 * 1024
_FRESH_PREFERENCES: Final = """\
# Preferences for judging this user's mail; the lines that begin with # do nothing.
# `perldoc Mail::SpamAssassin::Conf` lists what may stand here.

# How many points make a message spam.
# required_score 5

# Senders whose mail is welcome, and senders whose mail is not.
# welcomelist_from friend@example.com
# blocklist_from stranger@example.com
"""


class RefusedUserError(PyspamdError):
    """A user for whom nothing is judged, because there is none such and `--paranoid` was given."""


@dataclass(frozen=True, slots=True)
class Caller:
    """The user a request is for."""

    user: str | None
    shown: str
    """The name as the log has it."""
    uid: int
    preferences: Preferences | None = None
    home: str | None = None


class Users:
    """Finds users; one object a worker. `as_root` says that the worker may become other users."""

    def __init__(self, options: UserOptions, journal: Journal, *, as_root: bool) -> None:
        self._options = options
        self._journal = journal
        self._as_root = as_root
        self._accounts: dict[str, tuple[pwd.struct_passwd, float]] = {}
        self._nobody = Caller(None, UNKNOWN, os.geteuid())
        self._told: set[str] = set()

    def of(self, name: bytes | None) -> Caller:
        """The caller that a `User:` header names. Raises `RefusedUserError`."""
        if name is None:
            self._fall_back()
            return self._nobody
        user = name.decode("latin-1")
        if not self._options.user_config and self._options.virtual_config_dir:
            return self._virtual(user, self._options.virtual_config_dir)
        return self._with_account(user)

    def _with_account(self, user: str) -> Caller:
        shown = user or UNKNOWN
        caller = Caller(user, shown, os.geteuid())
        name = self._options.user or user
        acting = self._account(name)
        if acting is None:
            self._unknown("getpwnam", name)
            self._fall_back()
            return caller
        if self._as_root:
            self._journal.info(f"setuid to {name} succeeded")
        becomes = acting if self._as_root and acting.pw_uid != 0 else None
        if becomes is not None:
            caller = Caller(user, shown, becomes.pw_uid)
        else:
            self._fall_back()
        if not self._options.user_config:
            return caller
        account = self._account(user)
        if account is None:
            self._unknown("userdir", user)
            return caller
        folder = Path(account.pw_dir, ".spamassassin")
        with self._acting(becomes):
            preferences = self._read(folder / "user_prefs", create=self._options.create_prefs)
        return Caller(user, shown, caller.uid, preferences, account.pw_dir)

    def _account(self, name: str) -> pwd.struct_passwd | None:
        found = self._accounts.get(name)
        now = time.monotonic()
        if found is not None and found[1] > now:
            return found[0]
        try:
            account = pwd.getpwnam(name)
        except (KeyError, ValueError):  # ValueError: a NUL within
            return None
        if len(self._accounts) >= _MOST_ACCOUNTS:
            self._accounts.clear()
        self._accounts[name] = account, now + _ACCOUNT_LASTS
        return account

    def _unknown(self, what: str, name: str) -> None:
        told = f"handle_user ({what}) unable to find user: '{name}'"
        if self._options.paranoid:
            raise RefusedUserError(told)
        self._journal.info(told)

    def _fall_back(self) -> None:
        """There is nobody to become: the default user it is, or with `--paranoid` nobody."""
        if not self._as_root:
            return
        if self._options.paranoid:
            raise RefusedUserError("in paranoid mode, still running as root: closing connection")
        self._journal.warn(
            "still running as root: user not specified with -u, not found, or set to root, "
            f"falling back to {self._options.default_user}"
        )

    def _virtual(self, user: str, pattern: str) -> Caller:
        folder = virtual_folder(pattern, user)
        path = folder / "user_prefs"
        self._journal.info(f"using default config for {user}: {path}")
        return Caller(user, user or UNKNOWN, os.geteuid(), self._read(path, create=False), str(folder))

    def _read(self, path: Path, *, create: bool) -> Preferences | None:
        try:
            # Not to be kept waiting by a pipe that a user put there.
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            if create:
                self._create(path)
            elif not isinstance(error, FileNotFoundError):
                self._tell_once(f"preferences {path} cannot be read: {error.strerror}")
            return None
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            self._tell_once(f"preferences {path} are not a plain file")
            return None
        with os.fdopen(descriptor, "rb") as file:
            data = file.read(_LARGEST + 1)
        if len(data) > _LARGEST:
            self._tell_once(f"preferences {path} are larger than {_LARGEST} bytes and are not read")
            return None
        return Preferences(data.decode("latin-1"), str(path))

    def _tell_once(self, text: str) -> None:
        """Warn of what would otherwise be told with every message."""
        if text in self._told:
            return
        if len(self._told) >= _MOST_ACCOUNTS:
            self._told.clear()
        self._told.add(text)
        self._journal.warn(text)

    def _create(self, path: Path) -> None:
        self._journal.info(f"creating default_prefs: {path}")
        try:
            path.parent.mkdir(mode=0o700, exist_ok=True)
            with path.open("x") as file:
                file.write(_FRESH_PREFERENCES)
        except OSError as error:
            self._journal.info(f"failed to create readable default_prefs: {path}: {error.strerror}")

    @contextlib.contextmanager
    def _acting(self, account: pwd.struct_passwd | None) -> Iterator[None]:
        """Be that user meanwhile. Nothing else runs in this process until it is over."""
        if account is None:
            yield
            return
        uid, gid, groups = os.geteuid(), os.getegid(), os.getgroups()
        os.seteuid(0)
        try:
            os.setgroups(os.getgrouplist(account.pw_name, account.pw_gid))
            os.setegid(account.pw_gid)
            os.seteuid(account.pw_uid)
            yield
        finally:
            os.seteuid(0)
            os.setegid(gid)
            os.setgroups(groups)
            os.seteuid(uid)


def virtual_folder(pattern: str, user: str) -> Path:
    """The folder of a virtual user: `%u` the user, `%l` and `%d` what stands before and after the `@`.

    `%x` is the user where that folder has preferences, else the domain; `%%` is a percent sign.
    """
    safe = _plain(_UNSAFE.sub("_", user))
    local, at, domain = safe.rpartition("@")
    if not at:
        local = domain = ""
    if "%x" in pattern:
        own = Path(pattern.replace("%x", safe))
        return own if _has_preferences(own) else Path(pattern.replace("%x", _plain(domain)))
    values = {"%u": safe, "%l": _plain(local), "%d": _plain(domain), "%%": "%"}
    return Path(re.sub("%[uld%]", lambda found: values[found[0]], pattern))


def _has_preferences(folder: Path) -> bool:
    try:
        return (folder / "user_prefs").is_file()
    except OSError:  # a name that no file can have
        return False


def _plain(name: str) -> str:
    """The name, unless it is a way up in the file system."""
    return "_" * len(name) if name in (".", "..") else name
