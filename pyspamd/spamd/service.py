"""What the server needs of whoever judges messages: one protocol for the judge, one for what it says.

`scoring.py` fulfils them with the engine; tests fulfil them with a few lines.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from ..base.clock import Deadline
from .reading import Reading


@dataclass(frozen=True, slots=True)
class Preferences:
    """A user's own configuration: its text (latin-1, one character a byte) and the file it comes from."""

    text: str
    file: str


@dataclass(frozen=True, slots=True)
class Occasion:
    """What is known of a request beside the message."""

    user: str | None
    """Who the client says the mail is for (latin-1), `None` where it does not say."""

    preferences: Preferences | None
    home: str | None
    """The user's directory, where there is one."""

    remote_name: str
    remote_address: str
    deadline: Deadline


class Judgement(Protocol):
    """A verdict as replies and log lines need it; scores are in points."""

    @property
    def is_spam(self) -> bool:
        """Whether the score reaches what is required."""

    @property
    def score(self) -> float:
        """The message's score."""

    @property
    def required(self) -> float:
        """The threshold."""

    @property
    def autolearn(self) -> str:
        """What became of automatic learning: `no`, `ham`, `spam`, `disabled` …"""

    @property
    def cache(self) -> str:
        """`hit`, `miss` or `bypass`."""

    @property
    def log_items(self) -> Mapping[str, str]:
        """What plugins add to the result line."""

    def test_names(self) -> Sequence[str]:
        """Names of the rules that hit, sorted."""

    def report(self) -> bytes:
        """The report text."""

    def rewritten(self) -> bytes:
        """The whole message with its headers added, or wrapped in a report."""


class Scorer(Protocol):
    """Judges messages; compiled in the master, opened in each worker."""

    @property
    def time_limit(self) -> float | None:
        """Seconds after which a scan ought to have ended by itself; `None`: no limit."""

    @property
    def reading(self) -> Reading:
        """What its configuration was read from, and what is wrong with it."""

    async def open(self) -> None:
        """Begin work in this process: open sockets and stores."""

    async def close(self) -> None:
        """End it."""

    async def check(self, message: bytes, occasion: Occasion) -> Judgement:
        """Judge one message. Never raises on what a sender wrote."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """What a TELL request wants learned, forgotten, reported or revoked."""

    is_spam: bool
    set_local: bool
    set_remote: bool
    remove_local: bool
    remove_remote: bool


@dataclass(frozen=True, slots=True)
class Learned:
    """What was done of a lesson: `local`, `remote`."""

    did_set: tuple[str, ...] = ()
    did_remove: tuple[str, ...] = ()


class Learner(Protocol):
    """A scorer that also learns; without it TELL answers that nothing was done."""

    async def learn(self, message: bytes, lesson: Lesson, occasion: Occasion) -> Learned:
        """Learn from, forget, report or revoke a message."""
