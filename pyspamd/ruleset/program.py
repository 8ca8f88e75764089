"""The compiled rule set: every active rule placed in the stage (priority) and area where it runs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from ..base.problems import Problem
from ..conf.conf import Conf
from ..conf.rules import EvalCall, HeaderExists, HeaderTest, MetaTest, PluginTest, RegexTest, RuleDef
from ..mail.header_view import plain_field
from ..perlre.prefilter import LiteralGate
from ..perlre.regex import Regex, RegexError
from .compiled_store import CompiledStore
from .meta_expression import MetaError, MetaExpression
from .metas import MetaGraph
from .patterns import PatternBundle, PatternRule
from .templates import capture_names, template_name

NETWORK_PRIORITY = -100
GATED_FROM = 60
"""How many rules must ask for one header before looking for their literals first costs less than it saves: a header
is short, and so are the runs of its rules."""
EVAL_AREAS = ("header", "body", "rawbody", "full")


@dataclass(frozen=True, slots=True)
class HeaderRule:
    """A header rule's pattern and whether it asks for its absence (`!~`)."""

    pattern: PatternRule
    negate: bool = False


@dataclass(frozen=True, slots=True)
class HeaderGroup:
    """The rules that look at one header value, so that it is fetched once; sorted by how they ask."""

    request: str
    field: bytes | None
    """The field's name in lower case where the request is nothing more than that."""
    default: bytes | None
    """What `[if-unset: …]` gives where the header is absent."""
    exists: tuple[str, ...]
    """Rules that only ask whether the header is there."""
    once: tuple[tuple[str, Regex], ...]
    """(rule, regex) of rules that hit once where the value matches."""
    gate: LiteralGate | None
    """Which of `once` may match a value at all, where they are many enough for that to pay."""
    negated: tuple[tuple[str, Callable[[bytes], bool]], ...]
    """(rule, test) of rules that hit where the value does not match."""
    counted: tuple[tuple[str, Regex, int], ...]
    """(rule, regex, limit) of rules that count matches."""
    special: tuple[HeaderRule, ...]
    """Rules that capture tags or wait for them."""
    absent: tuple[tuple[str, int], ...]
    """(rule, count) of what hits where the header is absent: known when the rules load."""


def rule_function(directive: str) -> str:
    """By what name the rules of a plugin's directive call the plugin; no `eval:` can have it."""
    return f"{directive} rule"


@dataclass(frozen=True, slots=True)
class EvalRule:
    """A rule that asks an eval test."""

    name: str
    area: str
    call: EvalCall


@dataclass(slots=True)
class Stage:
    """All rules of one priority."""

    priority: int
    headers: tuple[HeaderGroup, ...] = ()
    body: PatternBundle = field(default_factory=PatternBundle)
    uri: PatternBundle = field(default_factory=PatternBundle)
    rawbody: PatternBundle = field(default_factory=PatternBundle)
    full: PatternBundle = field(default_factory=PatternBundle)
    evals: Mapping[str, tuple[EvalRule, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Program:
    """What the scheduler runs; shared by all messages under one configuration."""

    stages: tuple[Stage, ...]
    metas: MetaGraph
    plugin_rules: Mapping[str, tuple[RuleDef, ...]]
    """Rules that a plugin runs, by directive."""
    priorities: Mapping[str, int]
    names: frozenset[str]
    """Every rule that may hit."""
    problems: tuple[Problem, ...]
    _regexes: tuple[Regex, ...]

    def compile_all(self) -> None:
        """Compile every regex now, so that processes forked later share them."""
        for regex in self._regexes:
            _ = regex.code
        for stage in self.stages:
            for bundle in (stage.body, stage.uri, stage.rawbody, stage.full):
                if bundle.bulk is not None:
                    bundle.bulk.compile()

    @property
    def last_level(self) -> int:
        """The level at which everything is known: after the last stage and all network answers."""
        return len(self.stages)


def repeat_limit(flags: Sequence[str], area: str = "") -> int:
    """How many matches count, as `PatternRule.limit` has it; `maxhits=0` is one in headers and full messages."""
    if "multiple" not in flags:
        return 1
    for flag in flags:
        name, _, number = flag.partition("=")
        if name == "maxhits" and number.isdigit():
            return int(number) or (1 if area in ("header", "full") else 0)
    return 0


def compile_metas(
    rules: Mapping[str, RuleDef], store: CompiledStore, *, local_tests_only: bool, problems: list[Problem]
) -> dict[str, MetaExpression]:
    """Compile every meta rule; what does not parse becomes a problem and is left out."""
    metas: dict[str, MetaExpression] = {}
    for name, rule in rules.items():
        if isinstance(rule.test, MetaTest):
            try:
                metas[name] = store.meta(rule.test.expression, name, rules, local_tests_only=local_tests_only)
            except MetaError as error:
                problems.append(Problem(rule.location, name, str(error)))
    return metas


def arrange_priorities(
    conf: Conf, rules: Mapping[str, RuleDef], metas: Mapping[str, MetaExpression]
) -> dict[str, int]:
    """Each rule's priority: as written, lowered to that of the metas which need it, -100 for network rules.

    Source: Mail::SpamAssassin::Conf, `priority`.
    """
    written = {name: conf.priorities.get(name, 0) for name in rules}
    for name in sorted(written, key=lambda rule: written[rule]):
        base = written[name]
        for dependency in metas[name].names if name in metas else ():
            if written.get(dependency, base) > base:
                is_net = base < NETWORK_PRIORITY and conf.has_flag(dependency, "net")
                written[dependency] = NETWORK_PRIORITY if is_net else base
    return {
        name: priority or (NETWORK_PRIORITY if conf.has_flag(name, "net") else 0)
        for name, priority in written.items()
    }


class _Compiler:
    """Collects rules by priority and area, then builds the stages."""

    def __init__(self, conf: Conf, store: CompiledStore) -> None:
        self.conf = conf
        self.store = store
        self.problems: list[Problem] = []
        self.headers: dict[int, dict[tuple[str, str | None], list[tuple[RuleDef, HeaderRule | None]]]] = {}
        self.texts: dict[int, dict[str, list[PatternRule]]] = {}
        self.evals: dict[int, dict[str, list[EvalRule]]] = {}
        self.plugin_rules: dict[str, list[RuleDef]] = {}
        self.regexes: list[Regex] = []

    def add(self, rule: RuleDef, priority: int) -> None:
        """Place one rule."""
        test = rule.test
        if isinstance(test, RegexTest):
            pattern = self.pattern_rule(rule, test.pattern, test.flags)
            if pattern is not None:
                self.texts.setdefault(priority, {}).setdefault(rule.area, []).append(pattern)
        elif isinstance(test, HeaderTest):
            pattern = self.pattern_rule(rule, test.pattern, test.flags)
            if pattern is not None:
                group = self.headers.setdefault(priority, {}).setdefault((test.header, test.if_unset), [])
                group.append((rule, HeaderRule(pattern, test.negate)))
        elif isinstance(test, HeaderExists):
            self.headers.setdefault(priority, {}).setdefault((test.header, None), []).append((rule, None))
        elif isinstance(test, EvalCall):
            entry = EvalRule(rule.name, rule.area, test)
            self.evals.setdefault(priority, {}).setdefault(rule.area, []).append(entry)
        elif isinstance(test, PluginTest):
            self.plugin_rules.setdefault(test.directive, []).append(rule)
            if rule.area in EVAL_AREAS:
                entry = EvalRule(rule.name, rule.area, EvalCall(rule_function(test.directive)))
                self.evals.setdefault(priority, {}).setdefault(rule.area, []).append(entry)

    def pattern_rule(self, rule: RuleDef, pattern: str, flags: str) -> PatternRule | None:
        """The rule's regex, compiled; a regex that does not compile is a problem and no rule."""
        template = template_name(pattern)
        regex: Regex | None = None
        if not template:
            try:
                regex = self.store.regex(pattern, flags)
                self.regexes.append(regex)
            except RegexError as error:
                written = self.conf.rules[rule.name].test if rule.name in self.conf.rules else None
                if isinstance(written, RegexTest | HeaderTest) and written.pattern != pattern:
                    text = f"stays as written, for its tags make no usable regex: {error}"
                    self.problems.append(Problem(rule.location, rule.name, text, "warning"))
                    return self.pattern_rule(rule, written.pattern, flags)
                self.problems.append(Problem(rule.location, rule.name, str(error)))
                return None
        tflags = self.conf.tflags.get(rule.name, ())
        return PatternRule(
            rule.name,
            pattern,
            flags,
            regex,
            limit=repeat_limit(tflags, rule.area),
            skip_subject=rule.area == "body" and "nosubject" in tflags,
            captures=bool(capture_names(pattern)),
            template=template,
        )

    def stages(self) -> tuple[Stage, ...]:
        """Everything placed so far, lowest priority first."""
        found = {*self.headers, *self.texts, *self.evals, NETWORK_PRIORITY, 0}
        return tuple(self.stage(priority) for priority in sorted(found))

    def stage(self, priority: int) -> Stage:
        """The rules of one priority."""
        texts = self.texts.get(priority, {})
        return Stage(
            priority,
            tuple(
                self.header_group(request, default, members)
                for (request, default), members in self.headers.get(priority, {}).items()
            ),
            body=self.bundle(texts, "body"),
            uri=self.bundle(texts, "uri"),
            rawbody=self.bundle(texts, "rawbody"),
            full=self.bundle(texts, "full"),
            evals={area: tuple(rules) for area, rules in self.evals.get(priority, {}).items()},
        )

    def header_group(
        self, request: str, default: str | None, members: Sequence[tuple[RuleDef, HeaderRule | None]]
    ) -> HeaderGroup:
        """The rules that look at one header value."""
        unset = default.encode("latin-1", "replace") if default is not None else None
        once: list[tuple[str, Regex]] = []
        negated: list[tuple[str, Callable[[bytes], bool]]] = []
        counted: list[tuple[str, Regex, int]] = []
        special: list[HeaderRule] = []
        absent: list[tuple[str, int]] = []

        def matches_unset(regex: Regex) -> bool:
            return regex.matches(unset) if unset else regex.matches_empty

        for _, rule in members:
            if rule is None:
                continue
            name, regex, limit = rule.pattern.name, rule.pattern.regex, rule.pattern.limit
            if regex is None or rule.pattern.captures:
                special.append(rule)
                continue
            if rule.negate:
                negated.append((name, regex.matches))
                count = 0 if matches_unset(regex) else 1
            elif limit == 1:
                once.append((name, regex))
                count = int(matches_unset(regex))
            else:
                counted.append((name, regex, limit))
                count = regex.count(unset, limit) if unset else int(regex.matches_empty)
            if count:
                absent.append((name, count))
        exists = tuple(definition.name for definition, rule in members if rule is None)
        return HeaderGroup(
            request=request,
            field=plain_field(request),
            default=unset,
            exists=exists,
            once=tuple(once),
            gate=self.store.gate([regex for _, regex in once], "text") if len(once) >= GATED_FROM else None,
            negated=tuple(negated),
            counted=tuple(counted),
            special=tuple(special),
            absent=tuple(absent),
        )

    def bundle(self, texts: Mapping[str, Sequence[PatternRule]], area: str) -> PatternBundle:
        """The pattern rules of one area."""
        return PatternBundle.of(texts.get(area, ()), area, self.store)


def compile_program(
    conf: Conf,
    rules: Mapping[str, RuleDef],
    active: Callable[[str], bool],
    *,
    local_tests_only: bool,
    is_late: Callable[[RuleDef], bool] = lambda rule: False,
    store: CompiledStore | None = None,
) -> Program:
    """Compile `rules` (as plugins have rewritten them) into a program.

    `active` tells whether a rule's score is not 0; `is_late` whether its answer comes only when the network tests
    have settled. Faults become problems; a faulty rule is left out and everything else works.
    """
    compiler = _Compiler(conf, store or CompiledStore())
    metas = compile_metas(
        rules, compiler.store, local_tests_only=local_tests_only, problems=compiler.problems
    )
    priorities = arrange_priorities(conf, rules, metas)
    for name in sorted(rules):
        if name not in metas and active(name):
            compiler.add(rules[name], priorities[name])
    stages = compiler.stages()
    level_of = {stage.priority: level for level, stage in enumerate(stages)}
    levels = {
        name: level_of[priorities[name]]
        for name, rule in rules.items()
        if active(name)
        and not isinstance(rule.test, MetaTest)
        and (rule.area in EVAL_AREAS or not isinstance(rule.test, PluginTest))
        and priorities[name] in level_of
        and not is_late(rule)
    }
    first = min(priorities.values(), default=0)
    first = first if local_tests_only else min(first, NETWORK_PRIORITY)
    first_level = max((level for priority, level in level_of.items() if priority <= first), default=0)
    graph = MetaGraph(metas, active, levels, len(stages), first_level)
    return Program(
        stages,
        graph,
        {directive: tuple(found) for directive, found in compiler.plugin_rules.items()},
        priorities,
        frozenset(name for name in rules if active(name)),
        tuple(compiler.problems),
        tuple(compiler.regexes),
    )
