"""A new configuration tried out beside the running server: a process of its own reads it and says what is wrong.

The process is this very program, started with `CHECK` in its environment; it compiles, leaves the faults it found
in a file, and ends. What it compiled is found again by the server that is started in its wake.
"""

import json
import os
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from . import process

CHECK: Final = "PYSPAMD_CHECK_ONLY"


def is_rehearsal() -> bool:
    """Whether this process is to try the configuration out and no more; asked once."""
    return bool(os.environ.pop(CHECK, ""))


def tell(faults: Sequence[str]) -> None:
    """In the rehearsing process: say what is wrong."""
    os.write(1, json.dumps(list(faults)).encode("ascii"))


class Rehearsal:
    """The process that tries the configuration out. Raises `OSError` where it cannot be started."""

    def __init__(self, folder: Path) -> None:
        self._told = os.fdopen(os.memfd_create("pyspamd-faults"), "w+b")  # no disk can be full
        # It keeps what is blocked now: a second SIGHUP to every process of this name is not for it.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGHUP])
        try:
            self._process = subprocess.Popen(
                process.original_command(),
                cwd=folder,
                env={**os.environ, CHECK: "1"},
                stdin=subprocess.DEVNULL,
                stdout=self._told,
            )
        except OSError:
            self._told.close()
            raise
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    @property
    def pid(self) -> int:
        """Its process id; whoever waits for children tells `ended`."""
        return self._process.pid

    def ended(self, status: int) -> list[str] | None:
        """The faults it found; `None` where it could not read the configuration at all."""
        self._process.returncode = status
        with self._told as file:
            file.seek(0)
            text = file.read()
        if status:
            return None
        try:
            return [str(fault) for fault in json.loads(text)]
        except ValueError:
            return None

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()
