"""What a configuration line may set: the base of every typed directive, and those that hold a single value.

A directive is a word of the language: its name, its type, its default and who may use it. Configuration
reaches it line by line (`add`), the loader freezes the outcome into `Conf.values`, and a plugin reads it,
typed, with `of`::

    from pyspamd.conf.directives import Bool, Duration

    USE_SHOUT = Bool("use_shout", default=True)
    SHOUT_TIMEOUT = Duration("shout_timeout", default=5.0, admin_only=True)

    if USE_SHOUT.of(conf):
        ...

Lists are in `lists`, mail addresses in `addresses`, networks in `networks`, rules in `rule_directives`.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Generic, Protocol, TypeVar

from ..base.errors import PyspamdError
from ..base.problems import Location
from .ascii import lower
from .rules import EvalCall, Test

T = TypeVar("T")
Text = TypeVar("Text", bound=str | None)
Whole = TypeVar("Whole", bound=int | None)
Real = TypeVar("Real", bound=float | None)
Scores = tuple[float, float, float, float]

_NUMBER: Final = re.compile(r"[+-]?[0-9]+(?:\.[0-9]*)?")
_DURATION: Final = re.compile(r"(\+?[0-9]+(?:\.[0-9]*)?)[ \t\n\r\f\v]*([smhdw])?", re.IGNORECASE)
SECONDS: Final = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
"""The units a time span may be written in."""


class BadValue(PyspamdError):  # noqa: N818
    """The text after a directive cannot be used; `str()` ends a sentence that the directive's name begins."""


class HasValues(Protocol):
    """Whatever holds frozen values by setting: a `Conf`."""

    @property
    def values(self) -> Mapping[str, Any]: ...


class Build(Protocol):
    """What a directive may ask of the configuration that is being built.

    The dictionaries are live: what a directive writes there stays.
    """

    scores: dict[str, Scores]
    descriptions: dict[str, str]
    tflags: dict[str, tuple[str, ...]]
    priorities: dict[str, int]

    @property
    def location(self) -> Location:
        """Where the line being read stands."""

    @property
    def user(self) -> bool:
        """Whether the line comes from user preferences."""

    def container(self, directive: "Directive[Any]") -> Any:
        """The value of another directive, thawed: a mutable container may be changed in place."""

    def replace(self, directive: "Directive[Any]", container: Any) -> None:
        """Put a new container (or scalar) in the place of another directive's."""

    def setting(self, name: str) -> "Directive[Any] | None":
        """The directive that keeps its value under `name`."""

    def define(self, name: str, area: str, test: Test) -> bool:
        """Define a rule at the present line; false (and a problem) if its name cannot be one."""

    def has_rule(self, name: str) -> bool:
        """Whether a rule of that name is defined."""

    def mention(self, directive: str, rule: str) -> None:
        """Remember that the present line speaks of a rule, which may never be defined."""

    def check_regex(self, name: str, pattern: str, flags: str) -> None:
        """Raise BadValue if the pattern is not one that a rule may have."""

    def check_meta(self, name: str, expression: str) -> None:
        """Raise BadValue if the expression is not one that a meta rule may have."""

    def eval_call(self, text: str) -> EvalCall | None:
        """The call that `text` writes, or `None` where it is not one."""

    def warn(self, text: str, rule: str | None = None) -> None:
        """Report something odd about the present line, which is used all the same."""

    def refuse(self, text: str, rule: str | None = None) -> None:
        """Report a fault of the present line which leaves the rest of it usable."""

    def path(self, text: str) -> Path:
        """A file name of the configuration, relative to the file that names it; `~` is a home."""

    def load_plugin(self, package: str, path: str | None, *, quiet: bool) -> None:
        """Load a plugin by its Perl package name; `quiet` says nothing where there is none."""

    def enable(self, flag: str) -> None:
        """Make `can(Mail::SpamAssassin::Conf::compat_FLAG)` true from here on."""


class Directive(Generic[T]):
    """One word of the language, and the setting it fills.

    `name` is the word, `aliases` its older spellings, `setting` the key in `Conf.values` (else the name).
    User preferences may not have `admin_only` ones, nor `privileged` ones unless `allow_user_rules` is on.
    """

    stores = True
    """Whether the directive keeps a value at all."""

    def __init__(
        self,
        name: str,
        default: T,
        *,
        aliases: Sequence[str] = (),
        admin_only: bool = False,
        privileged: bool = False,
        setting: str | None = None,
    ) -> None:
        self.name = name
        self.default = default
        self.aliases = tuple(aliases)
        self.admin_only = admin_only
        self.privileged = privileged
        self.setting = setting or name

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"

    def start(self) -> Any:
        """The container that lines are added to before any line is read: the default, thawed."""
        return self.thaw(self.default)

    def add(self, container: Any, text: str, build: Build) -> Any:
        """The container after one more line; `text` is what follows the directive. Raises BadValue."""
        raise NotImplementedError

    def freeze(self, container: Any) -> T:
        """The container as the value that `of` gives."""
        frozen: T = container
        return frozen

    def thaw(self, value: T) -> Any:
        """The frozen value as a container of its own, for a user's preferences to change."""
        return value

    def of(self, conf: HasValues) -> T:
        """The value under this configuration; the default where the directive is unknown to it."""
        value: T = conf.values.get(self.setting, self.default)
        return value


def required(text: str) -> str:
    """`text`, or BadValue where there is none."""
    if not text:
        raise BadValue("needs a value")
    return text


def no_value(text: str) -> None:
    """BadValue if there is any text."""
    if text:
        raise BadValue(f"takes no value, but '{shorten(text)}' follows it")


def shorten(text: str, limit: int = 60) -> str:
    """`text` as a sentence can quote it."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


class Bool(Directive[bool]):
    """`1` or `yes`, `0` or `no`."""

    def __init__(self, name: str, default: bool = False, **rest: Any) -> None:
        super().__init__(name, default, **rest)

    def add(self, container: Any, text: str, build: Build) -> bool:
        word = lower(required(text))
        if word in ("1", "yes"):
            return True
        if word in ("0", "no"):
            return False
        raise BadValue(f"takes 1 or 0, yes or no, not '{shorten(text)}'")


def number(text: str) -> float:
    """A decimal number as configuration writes it (no exponent). Raises BadValue."""
    if not _NUMBER.fullmatch(required(text)):
        raise BadValue(f"takes a number, not '{shorten(text)}'")
    return float(text)


def _check_range(value: float, low: float | None, high: float | None) -> None:
    if low is not None and value < low:
        raise BadValue(f"takes a number of at least {low:g}, not {value:g}")
    if high is not None and value > high:
        raise BadValue(f"takes a number of at most {high:g}, not {value:g}")


class Float(Directive[Real]):
    """A decimal number, optionally with bounds."""

    def __init__(
        self, name: str, default: Real, *, low: float | None = None, high: float | None = None, **rest: Any
    ) -> None:
        super().__init__(name, default, **rest)
        self.low, self.high = low, high

    def add(self, container: Any, text: str, build: Build) -> float:
        value = number(text)
        _check_range(value, self.low, self.high)
        return value


class Int(Directive[Whole]):
    """A whole number, optionally with bounds; a fraction is cut off."""

    def __init__(
        self, name: str, default: Whole, *, low: int | None = None, high: int | None = None, **rest: Any
    ) -> None:
        super().__init__(name, default, **rest)
        self.low, self.high = low, high

    def add(self, container: Any, text: str, build: Build) -> int:
        value = int(number(text))
        _check_range(value, self.low, self.high)
        return value


def duration(text: str) -> float:
    """Seconds, from a number with an optional unit (s, m, h, d, w). Raises BadValue."""
    found = _DURATION.fullmatch(required(text))
    if found is None:
        raise BadValue(f"takes a time span such as 30, 5m or 2d, not '{shorten(text)}'")
    return float(found[1]) * SECONDS[lower(found[2] or "")]


class Duration(Directive[Real]):
    """A time span in seconds; the units s, m, h, d and w are understood."""

    def add(self, container: Any, text: str, build: Build) -> float:
        return duration(text)


class Str(Directive[Text]):
    """One line of text.

    `choices` restricts it to some words (lower case), `pattern` to what the regex matches in full, and
    `allow_empty` lets it be set to nothing.
    """

    def __init__(
        self,
        name: str,
        default: Text,
        *,
        choices: Sequence[str] = (),
        pattern: str | None = None,
        allow_empty: bool = False,
        **rest: Any,
    ) -> None:
        super().__init__(name, default, **rest)
        self.choices = tuple(choices)
        self.pattern = re.compile(pattern, re.ASCII) if pattern is not None else None
        self.allow_empty = allow_empty

    def add(self, container: Any, text: str, build: Build) -> str:
        if not self.allow_empty:
            required(text)
        if self.choices:
            text = lower(text)
            if text not in self.choices:
                raise BadValue(f"takes one of {', '.join(self.choices)}, not '{shorten(text)}'")
        if self.pattern is not None and not self.pattern.fullmatch(text):
            raise BadValue(f"cannot be '{shorten(text)}'")
        return text


class Template(Directive[str]):
    """Lines of text, one line of configuration each; quotes around a line are taken off."""

    def __init__(self, name: str, default: str = "", **rest: Any) -> None:
        super().__init__(name, default, **rest)

    def add(self, container: Any, text: str, build: Build) -> str:
        if len(text) > 1 and text[0] == text[-1] == '"':
            text = text[1:-1]
        return f"{container}{text}\n"


class Custom(Directive[T]):
    """A directive whose lines one function understands.

    `add(container, text, build)` gives the container after the line, or raises BadValue. `thaw` and `freeze`
    turn the value into a container and back; leave both out where the value is never changed in place.
    """

    def __init__(
        self,
        name: str,
        default: T,
        add: Callable[[Any, str, Build], Any],
        *,
        thaw: Callable[[T], Any] | None = None,
        freeze: Callable[[Any], T] | None = None,
        **rest: Any,
    ) -> None:
        super().__init__(name, default, **rest)
        self._add, self._thaw, self._freeze = add, thaw, freeze

    def add(self, container: Any, text: str, build: Build) -> Any:
        return self._add(container, text, build)

    def freeze(self, container: Any) -> T:
        frozen: T = self._freeze(container) if self._freeze else container
        return frozen

    def thaw(self, value: T) -> Any:
        return self._thaw(value) if self._thaw else value


class Action(Directive[None]):
    """A directive without a value of its own: `act(text, build)` does what it says, or raises BadValue."""

    stores = False

    def __init__(self, name: str, act: Callable[[str, Build], None], **rest: Any) -> None:
        super().__init__(name, None, **rest)
        self._act = act

    def add(self, container: Any, text: str, build: Build) -> None:
        self._act(text, build)


class NoArgs(Action):
    """A directive that stands alone on its line: `act(build)` does what it says."""

    def __init__(self, name: str, act: Callable[[Build], None], **rest: Any) -> None:
        def alone(text: str, build: Build) -> None:
            no_value(text)
            act(build)

        super().__init__(name, alone, **rest)


class Clear(NoArgs):
    """Stands alone on its line and empties other directives' settings."""

    def __init__(self, name: str, *targets: Directive[Any], to: Any = None, **rest: Any) -> None:
        """`to` is the frozen value the targets get; without it, each gets its default."""

        def clear(build: Build) -> None:
            for target in targets:
                build.replace(target, target.start() if to is None else target.thaw(to))

        super().__init__(name, clear, **rest)
