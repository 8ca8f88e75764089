"""What the language is at some point of reading: its words, the loaded plugins, and what conditions ask."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from .conditions import Condition, parse_condition
from .directives import Directive
from .evalcall import parse_eval
from .grammar import Statement, parse_lines
from .plugin_catalog import PLUGIN_PREFIX, PluginCatalog, PluginSpec
from .rules import EvalCall

CORE_MODULE: Final = "Mail::SpamAssassin::Conf"

CORE_FEATURES: Final = frozenset(
    (
        "feature_bayes_auto_learn_on_error",
        "feature_bayes_stopwords",
        "feature_blocklist_welcomelist",
        "feature_bug6558_free",
        "feature_capture_rules",
        "feature_compile_regexp",
        "feature_dns_block_rule",
        "feature_dns_local_ports_permit_avoid",
        "feature_dns_query_restriction",
        "feature_edns",
        "feature_geodb",
        "feature_get_host",
        "feature_header_address_parser",
        "feature_header_first_last",
        "feature_header_match_many",
        "feature_local_tests_only",
        "feature_meta_rules_matching",
        "feature_originating_ip_headers",
        "feature_registryboundaries",
        "feature_subjprefix",
        "feature_uri_host_listed",
        "feature_welcomelist_blocklist",
        "feature_yesno_takes_args",
        "has_tflags_nolog",
        "has_tflags_nosubject",
        "perl_min_version_5010000",
    )
)
"""What `can(Mail::SpamAssassin::Conf::…)` answers yes to in 4.0.1: public names that rules test for."""

ALWAYS_LOADED: Final = frozenset((PLUGIN_PREFIX + "RaciallyCharged",))
"""Plugins that count as loaded though nothing loads them."""


@dataclass(frozen=True, slots=True)
class Checks:
    """What higher rooms can tell about a definition while it is read; each answers what is wrong, or `None`.

    A rule that fails is not defined, so that an earlier definition of its name stays, as in SpamAssassin.
    """

    regex: Callable[[str, str], str | None] | None = None
    """Asked with a pattern (latin-1, without delimiters) and its flags."""

    meta: Callable[[str, str], str | None] | None = None
    """Asked with a meta rule's name and expression."""

    statements: Callable[[str], Iterable[Statement]] = parse_lines
    """Takes a file's text apart; a higher room may remember what came out the last time."""

    condition: Callable[[str], Condition] = parse_condition
    """Reads the condition of an `if`; may be remembered too."""

    eval_call: Callable[[str], EvalCall | None] = parse_eval
    """Reads the call of an eval test; may be remembered too."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """The language at one point; immutable, so that a user's preferences can go on from the site's."""

    directives: Mapping[str, Directive[Any]]
    """Every word of the language, aliases too."""

    catalog: PluginCatalog
    packages: Mapping[str, PluginSpec] = field(default_factory=dict)
    """Loaded plugins by full Perl name."""

    compat: frozenset[str] = frozenset()
    """Flags that `enable_compat` has set."""

    language: str = "en_US"
    local_tests_only: bool = False
    lint: bool = False
    checks: Checks = Checks()
    read: frozenset[str] = frozenset()
    """Files that were read already and are not read again."""

    def with_plugin(self, package: str, spec: PluginSpec, added: Mapping[str, Directive[Any]]) -> "Dialect":
        """The language after a plugin was loaded."""
        return replace(
            self, directives={**self.directives, **added}, packages={**self.packages, package: spec}
        )

    def is_loaded(self, package: str) -> bool:
        """`plugin(package)`."""
        return package in self.packages or package in ALWAYS_LOADED

    def can(self, method: str) -> bool:
        """`can(method)`: a feature that is there and says yes."""
        module, _, name = method.rpartition("::")
        if module == CORE_MODULE:
            return name in CORE_FEATURES or (name.startswith("compat_") and name[7:] in self.compat)
        spec = self.packages.get(module)
        return spec is not None and name in spec.features

    def has(self, method: str) -> bool:
        """`has(method)`: a feature or an eval test that is there."""
        module, _, name = method.rpartition("::")
        spec = self.packages.get(module)
        return self.can(method) or (spec is not None and name in spec.evals)


def words_of(directive: Directive[Any]) -> dict[str, Directive[Any]]:
    """The words that stand for a directive: its name and aliases."""
    return dict.fromkeys((directive.name, *directive.aliases), directive)


def environment_language(environment: Mapping[str, str]) -> str:
    """The locale that `lang xx` lines are compared with, from the usual variables, first found first."""
    found = environment.get("LANGUAGE", "").partition(":")[0]
    for variable in ("LC_ALL", "LC_MESSAGES", "LANG"):
        found = found or environment.get(variable, "")
    if found in ("", "C", "POSIX"):
        return "en_US"
    for mark in "@.+,":
        found = found.partition(mark)[0]
    return found
