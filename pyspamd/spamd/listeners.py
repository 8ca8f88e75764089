"""The sockets a server listens on: what `--listen` says, opened; and TLS for those that have it.

Source: spamd 4.0.1's `server_sock_setup_unix` and `server_sock_setup_inet`; `perldoc spamd` on --listen.
"""

import errno
import grp
import os
import pwd
import re
import socket
import ssl
import stat
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from .journal import Journal
from .options import Exit, ServerOptions, StartError, TlsOptions

_UNIX: Final = re.compile(r"(?:(ssl):)?(/.*)", re.IGNORECASE | re.DOTALL)
_INET: Final = re.compile(
    r"""(?:(ssl):)?
    (?: \[([^\]]*)\] | ([a-z0-9._-]*) | ([a-f0-9]*:[a-f0-9]*:[a-f0-9:]*(?:%[a-z0-9._~-]*)?(?=\Z)) | (\*) )?
    (?: :([a-z0-9-]*) )?""",
    re.IGNORECASE | re.VERBOSE,
)
DEFAULT_PORT: Final = "783"
_BACKLOG: Final = 4096
_PATIENCE: Final = 3.0
"""Seconds to wait for a server that is just stopping to give the address up."""


@dataclass(frozen=True, slots=True)
class Place:
    """One address to listen on: a Unix socket's path, or an IP address and port."""

    path: str = ""
    address: str = ""
    port: int = 0
    tls: bool = False

    def __str__(self) -> str:
        if self.path:
            return f"UNIX domain socket {self.path}"
        return f"{'SSL ' if self.tls else ''}[{self.address}]:{self.port}"

    @property
    def family(self) -> socket.AddressFamily:
        """The address family."""
        if self.path:
            return socket.AF_UNIX
        return socket.AF_INET6 if ":" in self.address else socket.AF_INET


@dataclass(frozen=True, slots=True)
class Listener:
    """An open socket and what it listens on."""

    place: Place
    socket: socket.socket
    is_lent: bool = False
    """Whether a supervisor opened it, and a Unix socket's file is not ours to take away."""


def places(options: ServerOptions) -> list[list[Place]]:
    """What each `--listen` value stands for; one name may stand for several addresses."""
    return [list(_places(options, spec or "*")) for spec in options.listen]


def _places(options: ServerOptions, spec: str) -> Iterator[Place]:
    if unix := _UNIX.fullmatch(spec):
        if unix[1]:
            raise StartError(f"TLS over the Unix socket {unix[2]} is not supported", Exit.USAGE)
        yield Place(path=unix[2])
        return
    inet = _INET.fullmatch(spec)
    if inet is None:
        raise StartError(f"'{spec}' is not something to listen on", Exit.USAGE)
    tls = bool(inet[1]) or options.ssl or options.ssl_port is not None
    name = inet[2] or inet[3] or inet[4] or inet[5] or ("" if inet[2] is not None else "localhost")
    port = _port(inet[6] or (options.ssl_port if tls else None) or options.port or DEFAULT_PORT)
    for address in _addresses(name, options.families, spec):
        yield Place(address=address, port=port, tls=tls)


def _port(name: str) -> int:
    if name.isascii() and name.isdigit():
        if int(name) > 65535:
            raise StartError(f"{name} is not a port", Exit.USAGE)
        return int(name)
    try:
        return socket.getservbyname(name, "tcp")
    except OSError as error:
        raise StartError(f"there is no service named '{name}'", Exit.USAGE) from error


def _addresses(name: str, families: str, spec: str) -> list[str]:
    if name.lower() == "localhost":
        found = ["::1", "127.0.0.1"]
    elif name in ("*", ""):
        found = ["::", "0.0.0.0"]  # noqa: S104 -- an asterisk asks for just that
    else:
        try:
            known = socket.getaddrinfo(name, 0, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        except OSError as error:
            raise StartError(
                f"'{spec}' is not an address of this machine: {error.strerror}", Exit.USAGE
            ) from error
        found = list(dict.fromkeys(str(entry[4][0]) for entry in known))
    chosen = [address for address in found if ("6" if ":" in address else "4") in families]
    if not chosen:
        raise StartError(f"'{spec}' has no address of the family asked for", Exit.USAGE)
    return chosen


def open_all(options: ServerOptions, journal: Journal) -> list[Listener]:
    """Open every place; of a name with several addresses, one is enough. Raises `StartError`."""
    opened: list[Listener] = []
    try:
        for group in places(options):
            opened += _open_group(group, options, journal)
    except BaseException:
        close_all(opened)
        raise
    return opened


def _open_group(group: Sequence[Place], options: ServerOptions, journal: Journal) -> list[Listener]:
    opened: list[Listener] = []
    faults: list[str] = []
    status = Exit.UNAVAILABLE
    for place in group:
        try:
            opened.append(_open(place, options))
        except OSError as error:
            if error.errno in (errno.EACCES, errno.EPERM):
                status = Exit.NO_PERMISSION
            faults.append(f"could not listen on {place}: {error.strerror}")
    if not opened:
        raise StartError("; ".join(faults), status)
    for fault in faults:
        journal.warn(fault)
    return opened


def _open(place: Place, options: ServerOptions) -> Listener:
    if place.path:
        return Listener(place, _open_unix(place.path, options))
    give_up = time.monotonic() + _PATIENCE
    while True:
        line = socket.socket(place.family, socket.SOCK_STREAM)
        try:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if place.family == socket.AF_INET6:
                line.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            line.bind((place.address, place.port))
            line.listen(_BACKLOG)
        except OSError as error:
            line.close()
            if error.errno != errno.EADDRINUSE or time.monotonic() > give_up:
                raise
            time.sleep(0.2)
            continue
        line.setblocking(False)
        if place.port:
            return Listener(place, line)
        return Listener(Place("", place.address, line.getsockname()[1], place.tls), line)


def _open_unix(name: str, options: ServerOptions) -> socket.socket:
    path = Path(name)
    if path.exists():
        if not stat.S_ISSOCK(path.stat().st_mode):
            raise StartError(f"{path} exists and is no socket", Exit.UNAVAILABLE)
        probe = socket.socket(socket.AF_UNIX)
        try:
            probe.connect(name)
        except OSError:
            path.unlink(missing_ok=True)
        else:
            raise StartError(f"another server is already running on {path}", Exit.UNAVAILABLE)
        finally:
            probe.close()
    line = socket.socket(socket.AF_UNIX)
    try:
        line.bind(name)
        owner, group = _owner(options)
        if owner != -1 or group != -1:
            os.chown(path, owner, group)
        path.chmod(options.socket_mode)
        line.listen(_BACKLOG)
    except BaseException:
        line.close()
        raise
    line.setblocking(False)
    return line


def _owner(options: ServerOptions) -> tuple[int, int]:
    owner = group = -1
    if options.socket_owner:
        try:
            owner = pwd.getpwnam(options.socket_owner).pw_uid
        except KeyError as error:
            raise StartError(f"there is no user '{options.socket_owner}'", Exit.NO_USER) from error
    if options.socket_group:
        try:
            group = grp.getgrnam(options.socket_group).gr_gid
        except KeyError as error:
            raise StartError(f"there is no group '{options.socket_group}'", Exit.NO_USER) from error
    return owner, group


def close_all(listeners: Sequence[Listener]) -> None:
    """Close the sockets and take the Unix ones' files away."""
    for listener in listeners:
        listener.socket.close()
        if listener.place.path and not listener.is_lent:
            Path(listener.place.path).unlink(missing_ok=True)


def tls_context(options: TlsOptions) -> ssl.SSLContext:
    """The TLS settings of a server. Raises `StartError`."""
    for option, name in (("--server-key", options.key), ("--server-cert", options.certificate)):
        if not Path(name).exists():
            raise StartError(f"TLS needs a file that {option} names: {name} does not exist", Exit.CONFIG)
    files = (options.certificate, options.key, options.ca_file, options.ca_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(options.certificate, options.key)
        if options.verify:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(options.ca_file, options.ca_path)
    except (OSError, ValueError) as error:
        names = ", ".join(filter(None, files))
        raise StartError(f"the certificates cannot be used ({names}): {error}", Exit.CONFIG) from error
    return context
