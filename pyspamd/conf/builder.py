"""A configuration under construction: what directives write to while lines are read."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from ..base.problems import Location, Problem, Severity
from ..perlre.delimited import always_matching
from .conditions import current_name
from .conf import Conf, Mention
from .core_rules import IGNORE_ALWAYS_MATCHING
from .dialect import Dialect, words_of
from .directives import BadValue, Directive, Scores, shorten
from .rules import EvalCall, RuleDef, Test

_RULE_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
LONGEST_NAME: Final = 100
LONG_NAME: Final = 40
DEPRECATED: Final = frozenset(("Mail::SpamAssassin::Plugin::HashCash",))


class Builder:
    """Collects what lines say; implements `directives.Build`."""

    def __init__(self, dialect: Dialect, base: Conf | None = None) -> None:
        """Start from nothing, or (`base`) go on from a finished configuration as a user's preferences do."""
        self.dialect = dialect
        self.base = base
        self.file = ""
        self.line = 0
        self.column: int | None = None
        self.problems: list[Problem] = []
        self.files: list[str] = []
        self.update_versions: dict[str, str] = {}
        self.effective: list[str] = []
        """Every line that took effect, for the fingerprint."""
        self.mentions: list[Mention] = []
        self.rules: dict[str, RuleDef] = dict(base.rules) if base else {}
        self.scores: dict[str, Scores] = dict(base.scores) if base else {}
        self.descriptions: dict[str, str] = dict(base.descriptions) if base else {}
        self.tflags: dict[str, tuple[str, ...]] = dict(base.tflags) if base else {}
        self.priorities: dict[str, int] = dict(base.priorities) if base else {}
        self._containers: dict[str, Any] = {}

    @property
    def user(self) -> bool:
        """Whether the lines are a user's preferences."""
        return self.base is not None

    @property
    def location(self) -> Location:
        """Where the line being read stands."""
        return Location(self.file, self.line, self.column)

    def report(self, text: str, rule: str | None, severity: Severity) -> None:
        """Add a problem at the present line."""
        self.problems.append(Problem(self.location, rule, text, severity))

    def warn(self, text: str, rule: str | None = None) -> None:
        """See `Build.warn`."""
        self.report(text, rule, "warning")

    def refuse(self, text: str, rule: str | None = None) -> None:
        """See `Build.refuse`."""
        self.report(text, rule, "error")

    def container(self, directive: Directive[Any]) -> Any:
        """See `Build.container`."""
        setting = directive.setting
        if setting not in self._containers:
            known = self.base is not None and setting in self.base.values
            values = self.base.values if self.base else {}
            self._containers[setting] = directive.thaw(values[setting]) if known else directive.start()
        return self._containers[setting]

    def replace(self, directive: Directive[Any], container: Any) -> None:
        """See `Build.replace`."""
        self._containers[directive.setting] = container

    def setting(self, name: str) -> Directive[Any] | None:
        """See `Build.setting`."""
        return next((d for d in self.dialect.directives.values() if d.stores and d.setting == name), None)

    def has_rule(self, name: str) -> bool:
        """See `Build.has_rule`."""
        return name in self.rules

    def mention(self, directive: str, rule: str) -> None:
        """See `Build.mention`."""
        self.mentions.append(Mention(directive, rule, self.location))

    def define(self, name: str, area: str, test: Test) -> bool:
        """See `Build.define`."""
        if not _RULE_NAME.fullmatch(name):
            text = "A rule's name has letters, digits and underscores only and begins with no digit."
            self.refuse(text, shorten(name))
            return False
        if len(name) > LONGEST_NAME:
            self.refuse(f"The rule's name is longer than {LONGEST_NAME} characters.", shorten(name))
            return False
        if len(name) > LONG_NAME and self.dialect.lint and not name.startswith(("__", "T_")):
            self.warn(f"The rule's name is longer than {LONG_NAME} characters; 22 or fewer read well.", name)
        self.rules[name] = RuleDef(name, area, test, self.location, self.user)
        return True

    def check_regex(self, name: str, pattern: str, flags: str) -> None:
        """See `Build.check_regex`."""
        strict = self.dialect.lint or self.container(IGNORE_ALWAYS_MATCHING)
        fault = always_matching(pattern) if strict else None
        if fault:
            raise BadValue(f"has a regex that always matches: {fault}")
        if self.dialect.checks.regex is not None and "%{" not in pattern:
            fault = self.dialect.checks.regex(pattern, flags)
            if fault:
                raise BadValue(f"has an unusable regex '{shorten(pattern)}': {fault}")

    def check_meta(self, name: str, expression: str) -> None:
        """See `Build.check_meta`."""
        if self.dialect.checks.meta is not None:
            fault = self.dialect.checks.meta(name, expression)
            if fault:
                raise BadValue(f"has an unusable expression: {fault}")

    def eval_call(self, text: str) -> EvalCall | None:
        """See `Build.eval_call`."""
        return self.dialect.checks.eval_call(text)

    def path(self, text: str) -> Path:
        """See `Build.path`."""
        name = Path(text)
        if text.startswith("~"):
            try:
                name = name.expanduser()
            except RuntimeError as error:
                raise BadValue(f"names a home that is not known: '{shorten(text)}'") from error
        return name if name.is_absolute() else Path(self.file).parent / name

    def load_plugin(self, package: str, path: str | None, *, quiet: bool) -> None:
        """See `Build.load_plugin`."""
        package = current_name(package)
        if package in DEPRECATED:
            self.warn(f"The plugin {package} is obsolete; take its line out.")
            return
        if package in self.dialect.packages:
            return
        where = str(self.path(path)) if path else None
        try:
            spec = self.dialect.catalog.find(package, where)
        except Exception as error:  # a plugin's file is somebody's own code
            self.refuse(f"The plugin {package} cannot be loaded: {error}.")
            return
        if spec is None:
            if not quiet:
                self.refuse(f"There is no plugin {package}{f' at {where}' if where else ''} for pyspamd.")
            return
        added: dict[str, Directive[Any]] = {}
        for directive in spec.directives:
            added.update(words_of(directive))
            if directive.stores:
                self._containers.pop(directive.setting, None)
        self.dialect = self.dialect.with_plugin(package, spec, added)

    def enable(self, flag: str) -> None:
        """See `Build.enable`."""
        self.dialect = replace(self.dialect, compat=self.dialect.compat | {flag})

    def finish(self) -> Conf:
        """The finished configuration."""
        for name in self.rules:
            if name not in self.scores:
                score = 0.01 if name.startswith("T_") else 1.0
                score = -score if "nice" in self.tflags.get(name, ()) else score
                self.scores[name] = (score, score, score, score)
        return Conf(
            values=MappingProxyType(self._values()),
            rules=MappingProxyType(self.rules),
            scores=MappingProxyType(self.scores),
            descriptions=MappingProxyType(self.descriptions),
            tflags=MappingProxyType(self.tflags),
            priorities=MappingProxyType(self.priorities),
            plugins=tuple(spec.name for spec in self.dialect.packages.values()),
            specs=tuple(self.dialect.packages.values()),
            problems=tuple(self.problems),
            mentions=tuple(self.mentions),
            files=(*(self.base.files if self.base else ()), *self.files),
            update_versions={**(self.base.update_versions if self.base else {}), **self.update_versions},
            fingerprint=self._fingerprint(),
            dialect=self.dialect,
        )

    def _fingerprint(self) -> str:
        if self.base is not None and not self.effective:
            return self.base.fingerprint
        before = self.base.fingerprint if self.base else f"local_tests_only={self.dialect.local_tests_only}"
        lines = "\n".join((before, *self.effective))
        return hashlib.sha256(lines.encode("utf-8", "surrogatepass")).hexdigest()

    def _values(self) -> dict[str, Any]:
        before: Mapping[str, Any] = self.base.values if self.base else {}
        values: dict[str, Any] = {}
        for directive in self.dialect.directives.values():
            setting = directive.setting
            if not directive.stores:
                continue
            if setting in self._containers:
                values[setting] = directive.freeze(self._containers[setting])
            else:
                values[setting] = before.get(setting, directive.default)
        return values
