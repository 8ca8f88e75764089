"""How many workers there should be: one more or one fewer at a time, after who is idle.

Source: `perldoc spamd` on --min-children, --min-spare and --max-spare; Mail::SpamAssassin::SpamdForkScaling, whose
log lines administrators watch.
"""

from typing import Final

from .journal import Journal
from .options import ServerOptions

IDLE: Final = "I"
BUSY: Final = "B"
LEAVING: Final = "K"
_REMIND: Final = 60.0
"""Seconds between two remarks that there are too few workers."""


class Scaling:
    """Decides and tells; one object a master."""

    def __init__(self, options: ServerOptions, journal: Journal) -> None:
        self._options = options
        self._journal = journal
        self._told = ""
        self._reminded: float | None = None

    def first_target(self) -> int:
        """How many workers to start with."""
        options = self._options
        if not options.scaling:
            return options.max_children
        return max(min(options.max_children, options.max_spare), options.min_children)

    def step(self, states: str, now: float) -> int:
        """1 for one worker more, -1 for one fewer, else 0; `states` has a letter a worker."""
        options = self._options
        if states != self._told:
            self._told = states
            self._journal.raw("info", f"child states: {states}", "prefork")
        idle = states.count(IDLE)
        count = idle + states.count(BUSY)
        if idle < options.min_spare:
            if count < options.max_children:
                return 1
            if self._reminded is None or now >= self._reminded + _REMIND:
                self._reminded = now
                text = "server reached --max-children setting, consider raising it"
                self._journal.raw("info", text, "prefork")
        elif idle > options.max_spare and count > options.min_children:
            return -1
        return 0
