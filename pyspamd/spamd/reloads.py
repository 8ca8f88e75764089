"""When the configuration is read anew, and whether what was read may take over.

That is on SIGHUP, when files have changed, and again and again where no worker can be made of what there is. The
new configuration is tried out beside the running server; one with mistakes that the running one has not is told
and left alone.
"""

import time
from pathlib import Path
from typing import Final

from . import supervisor
from .journal import Journal
from .reading import Reading, Watch
from .rehearsal import Rehearsal

TRY_AGAIN: Final = 10.0
"""Seconds between two attempts to read a configuration that no worker can be made of."""
FAULTS_TOLD: Final = 20
PATIENCE: Final = 300.0
"""Seconds for trying a configuration out; who needs longer waits for something that does not come."""


class Reloads:
    """One object a master. `reading` is the running configuration's, `None` where there is none."""

    def __init__(self, journal: Journal, folder: Path, reading: Reading | None, watch: float) -> None:
        self._journal = journal
        self._folder = folder
        self._reading = reading
        self._watch = Watch(reading, watch) if reading else None
        self._next = time.monotonic() + TRY_AGAIN
        self._give_up = float("inf")
        self._rehearsal: Rehearsal | None = None

    @property
    def pid(self) -> int | None:
        """The process that tries a configuration out; `None` where there is none."""
        return self._rehearsal.pid if self._rehearsal else None

    def consider(self, *, asked: bool) -> None:
        """Begin a reload if somebody asked for one, or if it is time."""
        now = time.monotonic()
        if asked:
            self._journal.reopen()
            self._journal.info("server hit by SIGHUP, restarting")
        elif self._watch is not None:
            if not self._watch.has_news(now):
                return
            self._journal.info("files of the configuration have changed, restarting")
        elif now >= self._next:
            self._journal.info("trying the configuration again")
        else:
            return
        self._next = now + TRY_AGAIN
        self._give_up = now + PATIENCE
        supervisor.reloading()
        try:
            self._rehearsal = Rehearsal(self._folder)
        except OSError as error:
            self.go_on(f"the new configuration cannot be tried: {error.strerror}")

    def look_after(self) -> None:
        """Give a trial up that takes too long, so that there can be another."""
        if self._rehearsal is not None and time.monotonic() > self._give_up:
            self._give_up = float("inf")
            self._journal.error(
                f"the new configuration takes more than {PATIENCE:g} seconds to read, giving it up"
            )
            self._rehearsal.kill()

    def may_take_over(self, status: int) -> bool:
        """Whether what was tried out is good enough, now that its process has ended; if not, why is in the log."""
        assert self._rehearsal is not None
        faults, self._rehearsal = self._rehearsal.ended(status), None
        if faults is None:
            why = f"status {status}"
        else:
            new = self._reading.new_faults(faults) if self._reading else []
            for fault in new[:FAULTS_TOLD]:
                self._journal.error(f"new in the configuration: {fault}")
            why = f"{len(new)} new mistake{'s' if len(new) > 1 else ''}" if new else ""
        if not why:
            self._journal.info("restarting with the new configuration")
            return True
        if self._watch is not None:
            self._watch.refuse()
        self.go_on(f"the new configuration cannot be used ({why})")
        return False

    def go_on(self, why: str) -> None:
        """Tell that a reload came to nothing."""
        self._journal.error(f"{why}, going on with the old one")
        supervisor.ready("The new configuration cannot be used, going on with the old one")

    def kill(self) -> None:
        """End the process that tries a configuration out, if there is one."""
        if self._rehearsal is not None:
            self._rehearsal.kill()
