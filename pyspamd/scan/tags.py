"""Tags of one message: named values that templates print and that late rules wait for."""

import asyncio
from collections.abc import Callable, Sequence

Tag = str | Sequence[str] | Callable[[], str]


class Tags:
    """Values by upper-case name; text is latin-1, one character a byte."""

    def __init__(self) -> None:
        self._values: dict[str, Tag] = {}
        self._waiting: dict[str, asyncio.Event] = {}

    def set(self, name: str, value: Tag) -> None:
        """Set a tag and wake those that wait for it."""
        name = name.upper()
        self._values[name] = value
        event = self._waiting.get(name)
        if event is not None:
            event.set()

    def __contains__(self, name: str) -> bool:
        return name.upper() in self._values

    def values(self, name: str) -> list[str]:
        """All values of a tag; none where it is not set."""
        value = self._values.get(name.upper())
        if value is None:
            return []
        if callable(value):
            return [value()]
        return [value] if isinstance(value, str) else list(value)

    def text(self, name: str) -> str | None:
        """A tag's values joined with spaces, or `None` where it is not set."""
        return " ".join(self.values(name)) if name in self else None

    async def wait(self, name: str) -> list[str]:
        """The values, as soon as the tag is set; waits for ever where it never is, so give the task a deadline."""
        name = name.upper()
        if name not in self._values:
            await self._waiting.setdefault(name, asyncio.Event()).wait()
        return self.values(name)
