"""The configuration, finished and frozen: what every other room reads and none can change.

Example::

    conf = load([Source("local.cf", "body HELLO /hello/i\\nscore HELLO 0.5\\n")], catalog)
    conf.rules["HELLO"].test            # RegexTest(pattern='hello', flags='i')
    conf.score_of("HELLO", 0)           # 0.5
    for_user = conf.with_user("score HELLO 2\\n", "joe's preferences")
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from ..base.problems import Location, Problem
from .address_patterns import AddressPatterns
from .directives import Scores
from .plugin_catalog import PluginSpec
from .rules import RuleDef

if TYPE_CHECKING:
    from .dialect import Dialect


class Mention(NamedTuple):
    """A line that speaks of a rule without defining it."""

    directive: str
    rule: str
    location: Location


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Conf:
    """All that configuration files said, checked and frozen."""

    values: Mapping[str, Any]
    """Settings by name; read them through their directive: `TIME_LIMIT.of(conf)`."""

    rules: Mapping[str, RuleDef]
    """Every rule that is defined, by name."""

    scores: Mapping[str, Scores]
    """Scores by rule and score set; every rule in `rules` has one."""

    descriptions: Mapping[str, str]
    tflags: Mapping[str, tuple[str, ...]]
    """The rule's flags as written, one word each (`net`, `maxhits=3`)."""

    priorities: Mapping[str, int]
    """Priorities that were set, by a line or by a pattern that captures tags (-10000)."""

    plugins: tuple[str, ...]
    """Class names of the loaded plugins, in the order in which they were loaded."""

    specs: tuple[PluginSpec, ...]
    """The loaded plugins as the catalog gave them, in the same order."""

    problems: tuple[Problem, ...]
    """Everything found wrong, in reading order."""

    mentions: "tuple[Mention, ...]"
    """Every `score`, `describe`, `tflags` and `priority` line, for `lint`."""

    files: tuple[str, ...]
    """The files that were read, in order."""

    update_versions: Mapping[str, str]
    """The rule update that a file says it comes from, by file."""

    fingerprint: str
    """SHA-256 in hexadecimal over every line that took effect: equal fingerprints, equal verdicts."""

    dialect: "Dialect"
    """What the language was at the end of the files; `with_user` goes on from there."""

    def score_of(self, rule: str, score_set: int) -> float:
        """A rule's score in set 0 to 3 (1: network, 2: Bayes); 0 for a rule that has none."""
        scores = self.scores.get(rule)
        return scores[score_set] if scores else 0.0

    def has_flag(self, rule: str, flag: str) -> bool:
        """Whether the rule's `tflags` line has that word."""
        return flag in self.tflags.get(rule, ())

    def address_list(self, name: str) -> AddressPatterns[Any] | None:
        """The address list of that name: a setting (`welcomelist_to`) or one that `enlist_addrlist` made."""
        found = self.values.get(name)
        if isinstance(found, AddressPatterns):
            return found
        listed = self.values.get("enlist_addrlist", {}).get(name)
        return listed if isinstance(listed, AddressPatterns) else None

    def with_user(
        self, text: str | bytes, file: str = "user_prefs", *, allow_rules: bool | None = None
    ) -> "Conf":
        """This configuration with a user's preferences on top; this one stays as it is.

        `text` is the preferences (latin-1). Administrator's directives are refused with a problem, so are
        privileged ones (rules, `tflags`, `priority`) unless `allow_rules`, by default what `allow_user_rules`
        says. The result's `problems` are those of the preferences alone.
        """
        from .loader import overlay  # the loader builds Conf objects, so it cannot be imported above

        return overlay(self, text, file, allow_rules=allow_rules)
