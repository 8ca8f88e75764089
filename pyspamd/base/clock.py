"""Time as a parameter: deadlines that shrink, on a monotonic clock that tests can replace."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

Monotonic = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Deadline:
    """A moment on a monotonic clock, in seconds; `None` means there is none."""

    at: float | None = None
    clock: Monotonic = field(default=time.monotonic, compare=False)

    @classmethod
    def after(cls, seconds: float | None, clock: Monotonic = time.monotonic) -> "Deadline":
        """The moment `seconds` from now, or no deadline for `None` or a value that is not positive."""
        return cls(clock() + seconds if seconds is not None and seconds > 0 else None, clock)

    def left(self) -> float | None:
        """Seconds left, never below 0, or `None` where there is no deadline."""
        return None if self.at is None else max(0.0, self.at - self.clock())

    def passed(self) -> bool:
        """Whether the moment has gone by."""
        return self.at is not None and self.clock() >= self.at

    def sooner(self, seconds: float | None) -> "Deadline":
        """The earlier of this deadline and `seconds` from now."""
        other = Deadline.after(seconds, self.clock)
        if self.at is None:
            return other
        return self if other.at is None or self.at <= other.at else other
