"""What a supervisor such as systemd is told of a server's life, and the sockets it hands over.

Source: sd_notify(3), sd_listen_fds(3), sd_watchdog_enabled(3). Without a supervisor nothing of this does anything.
"""

import contextlib
import os
import socket
import time
from typing import Final

from .listeners import Listener, Place

FIRST_DESCRIPTOR: Final = 3
_PASSED_ON: Final = ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES")


def tell(*lines: str) -> None:
    """Send the supervisor assignments such as `READY=1`; where nobody listens nothing happens."""
    path = os.environ.get("NOTIFY_SOCKET", "")
    if path[:1] not in ("/", "@"):
        return
    address = "\0" + path[1:] if path.startswith("@") else path
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.settimeout(1.0)
        line.sendto("\n".join(lines).encode(), address)


def ready(status: str) -> None:
    """The server answers; `status` is shown to people."""
    tell("READY=1", f"MAINPID={os.getpid()}", f"STATUS={status}")


def reloading() -> None:
    """A reload begins; `ready` ends it."""
    tell(
        "RELOADING=1",
        f"MONOTONIC_USEC={time.monotonic_ns() // 1000}",
        "STATUS=Reading the configuration anew",
    )


def stopping() -> None:
    """The server takes no more clients."""
    tell("STOPPING=1", "STATUS=Finishing what is in hand")


def alive() -> None:
    """A sign of life, where the supervisor wants them (`WatchdogSec=`)."""
    if "WATCHDOG_USEC" in os.environ and os.environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid()):
        tell("WATCHDOG=1")


def handed_over(*, tls: bool) -> list[Listener]:
    """The listening sockets that the supervisor opened for this process; taken once, none for most.

    They take the place of those that `--listen` names; `tls` says whether TCP ones speak TLS.
    """
    told = {name: os.environ.pop(name, "") for name in _PASSED_ON}
    if told["LISTEN_PID"] != str(os.getpid()) or not told["LISTEN_FDS"].isdecimal():
        return []
    listeners = []
    for descriptor in range(FIRST_DESCRIPTOR, FIRST_DESCRIPTOR + int(told["LISTEN_FDS"])):
        line = socket.socket(fileno=descriptor)
        line.set_inheritable(False)
        line.setblocking(False)
        name = line.getsockname()
        if line.family == socket.AF_UNIX:
            place = Place(path=os.fsdecode(name))
        else:
            place = Place(address=str(name[0]), port=int(name[1]), tls=tls)
        listeners.append(Listener(place, line, is_lent=True))
    return listeners
