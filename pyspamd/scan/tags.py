"""Tags of one message: named values that templates print and that late rules wait for."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

Tag = str | Sequence[str] | Callable[[], str]


@dataclass(slots=True)
class _Waiting:
    """What is to be done once so many tags more are set."""

    missing: int
    action: Callable[[], object]


class Tags:
    """Values by upper-case name; text is latin-1, one character a byte."""

    def __init__(self) -> None:
        self._values: dict[str, Tag] = {}
        self._offers: dict[str, Callable[[], Tag | None]] = {}
        self._actions: dict[str, list[_Waiting]] = {}

    def set(self, name: str, value: Tag) -> None:
        """Set a tag, and do what was to be done once it is set (`when`)."""
        name = name.upper()
        self._values[name] = value
        self._offers.pop(name, None)
        for waiting in self._actions.pop(name, ()):
            waiting.missing -= 1
            if not waiting.missing:
                waiting.action()

    def offer(self, name: str, make: Callable[[], Tag | None]) -> None:
        """A tag whose value is worked out when it is first asked for, unless it is set before; `None`: no value."""
        if name.upper() not in self._values:
            self._offers[name.upper()] = make

    def _accept(self, name: str) -> None:
        if self._offers and (make := self._offers.pop(name, None)) is not None:
            value = make()
            if value is not None:
                self._values[name] = value

    def __contains__(self, name: str) -> bool:
        name = name.upper()
        self._accept(name)
        return name in self._values

    def values(self, name: str) -> list[str]:
        """All values of a tag; none where it is not set."""
        name = name.upper()
        self._accept(name)
        value = self._values.get(name)
        if value is None:
            return []
        if callable(value):
            return [value()]
        return [value] if isinstance(value, str) else list(value)

    def text(self, name: str) -> str | None:
        """A tag's values joined with spaces, or `None` where it is not set."""
        return " ".join(self.values(name)) if name in self else None

    def when(self, names: Sequence[str], action: Callable[[], object]) -> None:
        """Do `action` once each of these tags has been set: at once where none is missing or empty.

        A tag that is never set leaves the action undone, and nobody waits for it.
        Source: Mail::SpamAssassin::PerMsgStatus, `action_depends_on_tags`.
        """
        missing = [name.upper() for name in names if not self.text(name)]
        if not missing:
            action()
            return
        waiting = _Waiting(len(missing), action)
        for name in missing:
            self._actions.setdefault(name, []).append(waiting)
