"""What a scorer's configuration was read from and what is wrong with it, so that a reload can be decided on."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

Stamp = tuple[int, int, int]
Stamps = Mapping[str, Stamp | None]


def stamps(files: Iterable[str]) -> Stamps:
    """What tells one state of each file from another: when it was written, its size, its inode; `None`: gone."""
    found: dict[str, Stamp | None] = {}
    for name in files:
        try:
            state = Path(name).stat()
        except OSError:
            found[name] = None
        else:
            found[name] = (state.st_mtime_ns, state.st_size, state.st_ino)
    return found


@dataclass(frozen=True, slots=True)
class Reading:
    """How a configuration was read."""

    faults: tuple[str, ...] = ()
    """What is wrong with it: file, rule and a sentence each, without line numbers, which move."""
    files: Stamps = field(default_factory=dict)
    """The files as they were when they were read."""
    look: Callable[[], Stamps] = dict
    """The files as they are now, those included that are new."""

    def new_faults(self, faults: Sequence[str]) -> list[str]:
        """Those of another reading's faults that this one has not, or not as often."""
        return list((Counter(faults) - Counter(self.faults)).elements())


class Watch:
    """Notices that files were changed and have come to rest. `seconds` lie between two looks; 0: never look."""

    def __init__(self, reading: Reading, seconds: float) -> None:
        self._reading = reading
        self._seconds = seconds
        self._next = seconds
        self._seen: Stamps = reading.files
        self._refused: Stamps | None = None

    def has_news(self, now: float) -> bool:
        """Whether there is something to read anew; `now` are monotonic seconds."""
        if not self._seconds or now < self._next:
            return False
        self._next = now + self._seconds
        before, self._seen = self._seen, self._reading.look()
        return self._seen == before and self._seen not in (self._reading.files, self._refused)

    def refuse(self) -> None:
        """The files as they are cannot be used: wait until they change again."""
        self._refused = self._seen
