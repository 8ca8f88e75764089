"""What every plugin is: eval tests that say what they read, directives, and hooks the engine calls.

A plugin of one's own, complete::

    from pyspamd.conf.directives import Int
    from pyspamd.scan.plugin import Plugin, Reads, eval_test
    from pyspamd.scan.scan import Scan

    SHOUT_LENGTH = Int("shout_length", default=10)

    class Shout(Plugin):
        directives = (SHOUT_LENGTH,)

        @eval_test(reads=Reads.HEADER)
        def check_for_shouting(self, scan: Scan) -> bool:
            subject = scan.get("Subject") or b""
            return len(subject) >= SHOUT_LENGTH.of(scan.conf) and subject.isupper()

A rule then says ``header SHOUTING eval:check_for_shouting()``.
"""

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Flag, auto
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from ..conf.conf import Conf
from ..conf.directives import Directive
from ..conf.rules import RuleDef
from ..ruleset.program import rule_function

if TYPE_CHECKING:
    from .scan import Scan

Function = TypeVar("Function", bound=Callable[..., Any])
Answer = bool | int | None


class Reads(Flag):
    """What an eval test's answer depends on; the verdict cache remembers only answers that are `BODY` alone.

    `BODY` is everything the verdict cache's key covers: raw body, MIME header fields, subject, user preferences.
    A test that looks at anything else in the message says `HEADER` too; one that asks the world, `NETWORK`;
    one that looks at the score or at other rules' hits, `HITS`.
    """

    NOTHING = 0
    HEADER = auto()
    BODY = auto()
    NETWORK = auto()
    HITS = auto()


@dataclass(frozen=True, slots=True)
class EvalTest:
    """An eval test bound to its plugin object."""

    name: str
    call: Callable[..., Answer | Awaitable[Answer]]
    reads: Reads
    is_async: bool
    wants_rule: bool
    wants_text: bool
    deferred: bool = False
    area: str = "any"
    """What kind of rule may ask it: `header`, `body`, `rawbody`, `full`, or any."""
    offline: bool = False
    least: int = 0
    """How many arguments it cannot do without."""
    most: int | None = None
    """How many arguments it takes; `None` for any number."""

    def arguments(self, given: tuple[str, ...]) -> tuple[str, ...]:
        """What it is called with: as in Perl, arguments that nobody takes are ignored, missing ones empty."""
        return given[: self.most] + ("",) * (self.least - len(given))

    @property
    def is_late(self) -> bool:
        """Whether the answer is known only when the network tests have settled."""
        return self.is_async or self.deferred

    def serves(self, area: str) -> bool:
        """Whether rules of this kind may ask it; what `body` rules ask, `rawbody` rules may ask too."""
        return self.area in ("any", area) or (self.area, area) == ("body", "rawbody")


def eval_test(
    *, reads: Reads, deferred: bool = False, area: str = "", offline: bool = False
) -> Callable[[Function], Function]:
    """Make a method an eval test that rules call by the method's name.

    The method takes the `Scan` and the rule's arguments (text) and answers truth or a count; the count becomes the
    rule's value for metas. A parameter named `rule` receives the rule's name, one named `text` what rules of its area
    look at (`body` or `rawbody` elements). An `async def` asks the network: it starts at priority -100 beside all
    others and settles before the metas that need it. A method that answers `None` says that it reports its hits
    itself, with `scan.hit`.

    Where no network may be used, an `async def` is called only if it is marked `offline`: it has something to say
    then, too.

    A `deferred` test is never called: the plugin's hooks (`check_dnsbl`) look for the rules that name it and
    report their hits, until the network tests settle.

    `area` is the kind of rule that may ask, where it is another than the plugin's `eval_area`.
    """

    def mark(function: Function) -> Function:
        function.__eval_area__ = area  # type: ignore[attr-defined]
        function.__eval_reads__ = reads  # type: ignore[attr-defined]
        function.__eval_deferred__ = deferred  # type: ignore[attr-defined]
        function.__eval_offline__ = offline  # type: ignore[attr-defined]
        return function

    return mark


def rule_test(directive: str, *, reads: Reads) -> Callable[[Function], Function]:
    """Make a method run the rules of one of this plugin's kinds (`RuleDirective(directive, …, area="body")`).

    It takes the `Scan` and the rule's name, `rule`, and answers as an eval test does. Rules run in their area's turn
    among the eval tests of their priority.
    """

    def mark(function: Function) -> Function:
        function.__rule_function__ = rule_function(directive)  # type: ignore[attr-defined]
        return eval_test(reads=reads, area="any")(function)

    return mark


def _argument_counts(parameters: Iterable[inspect.Parameter]) -> tuple[int, int | None]:
    """How many arguments of a rule a bound eval test needs, and how many it takes (`None` for any number)."""
    kinds = [each for each in list(parameters)[1:] if each.name not in ("rule", "text")]
    taken = [each for each in kinds if each.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD]
    needed = sum(each.default is inspect.Parameter.empty for each in taken)
    takes_any = any(each.kind is inspect.Parameter.VAR_POSITIONAL for each in kinds)
    return needed, None if takes_any else len(taken)


class Plugin:
    """The base class; one object serves every message under one `Conf`, so it holds nothing about a message."""

    directives: ClassVar[tuple[Directive[Any], ...]] = ()
    """The directives this plugin adds to the language."""

    features: ClassVar[frozenset[str]] = frozenset()
    """What `can(Mail::SpamAssassin::Plugin::Name::feature)` finds; `has()` finds the eval tests too."""

    eval_area: ClassVar[str] = "any"
    """What kind of rule may ask this plugin's eval tests; rules of another kind never hit."""

    hook_priority: ClassVar[Mapping[str, int]] = MappingProxyType({})
    """For hooks that other plugins build on: a lower number is called sooner (0 where none is given)."""

    def __init__(self, conf: Conf) -> None:
        self.conf = conf

    @classmethod
    def eval_names(cls) -> frozenset[str]:
        """The names of this class' eval tests."""
        return frozenset(
            name for name, function in cls._tests() if not hasattr(function, "__rule_function__")
        )

    @classmethod
    def _tests(cls) -> Iterable[tuple[str, object]]:
        for name in dir(cls):
            function = inspect.getattr_static(cls, name)
            if hasattr(function, "__eval_reads__"):
                yield name, function

    def eval_tests(self) -> Iterable[EvalTest]:
        """This object's eval tests, those that run its own kinds of rule included."""
        for name, _ in self._tests():
            method = getattr(self, name)
            parameters = inspect.signature(method).parameters
            least, most = _argument_counts(parameters.values())
            yield EvalTest(
                getattr(method, "__rule_function__", name),
                method,
                method.__eval_reads__,
                inspect.iscoroutinefunction(method),
                "rule" in parameters,
                "text" in parameters,
                method.__eval_deferred__,
                method.__eval_area__ or self.eval_area,
                method.__eval_offline__,
                least,
                most,
            )

    # Hooks, in the order in which a message meets them. Names are SpamAssassin's (Mail::SpamAssassin::Plugin);
    # the engine calls only those that a class overrides.

    def rewrite_rules(self, rules: Mapping[str, RuleDef]) -> Mapping[str, RuleDef]:
        """Change rule definitions before they are compiled; return only those that changed."""
        return {}

    async def post_message_parse(self, scan: "Scan") -> None:
        """The message has been read, and nothing has been made of its parts; wait here for what changes them."""

    def check_start(self, scan: "Scan") -> None:
        """The scan opens; nothing has been parsed yet."""

    def extract_metadata(self, scan: "Scan") -> None:
        """Add metadata headers (`scan.set_metadata`) that rules may ask for."""

    def parsed_metadata(self, scan: "Scan") -> None:
        """Relays, senders and metadata are known; start look-ups here with `scan.spawn`."""

    def check_dnsbl(self, scan: "Scan") -> "asyncio.Task[Any] | None":
        """Priority -100 begins and DNS is available: start this plugin's own network rules.

        Whatever other rules cannot do without is returned, and the scan waits for it.
        """
        return None

    def check_rules_at_priority(self, scan: "Scan", priority: int) -> None:
        """Run this plugin's own kinds of rule that stand at this priority."""

    def have_shortcircuited(self, scan: "Scan") -> bool:
        """Whether no further priority shall run."""
        return False

    def hit_rule(self, scan: "Scan", rule: str, score: float) -> None:
        """A rule has hit (also called for sub-rules)."""

    def check_post_dnsbl(self, scan: "Scan") -> None:
        """All network tasks have settled or met the deadline."""

    def check_cleanup(self, scan: "Scan") -> None:
        """Last chance to add hits; metas are resolved once more afterwards."""

    def autolearn_discriminator(self, scan: "Scan") -> bool | None:
        """Whether to learn the message as spam (`True`), as ham (`False`), or not at all (`None`)."""
        return None

    def check_end(self, scan: "Scan") -> None:
        """The score is final."""


def overrides(plugin: Plugin, hook: str) -> bool:
    """Whether the plugin's class defines the hook itself, so that calling it is worth while."""
    return getattr(type(plugin), hook, None) is not getattr(Plugin, hook)
