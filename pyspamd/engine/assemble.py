"""From options to a ready engine: choose the files, read them with all plugins at hand, check, compile.

setup = Setup(stock=True, local_tests_only=True)
engine = assemble(setup)
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..base.problems import Problem
from ..base.stores import Store
from ..conf.conf import Conf
from ..conf.core_own import SPAM_CHECK_NEGATIVE_TTL, SPAM_CHECK_POSITIVE_TTL
from ..conf.dialect import Checks
from ..conf.loader import load
from ..conf.sources import choose_places, files_in, list_files
from ..net.resolver import Resolver
from ..perlre.regex import RegexError
from ..ruleset.compiled_store import CompiledStore
from ..ruleset.meta_expression import MetaError
from .catalog import Catalog
from .engine import Engine
from .verdict_cache import VerdictCache


@dataclass(frozen=True, slots=True)
class Setup:
    """Where configuration comes from and what may be asked: the options that all verbs share."""

    config: str | None = None
    """`-C`: the folder (or file) of the rules."""
    site: str | None = None
    """`--siteconfigpath`: the folder (or file) of the site's own configuration."""
    stock: bool = False
    """Read exactly what SpamAssassin itself would read."""
    cf: Sequence[str] = ()
    pre: Sequence[str] = ()
    local_tests_only: bool = False
    lint: bool = False
    files: Sequence[Path] = field(default_factory=tuple)
    """Read just these files, whatever else is named."""
    preferences: Path | None = None
    """A user's own file (or folder of them), read after the site's and believed like it."""


def _checks(patterns: CompiledStore, local_tests_only: bool) -> Checks:
    """What can be said of lines, patterns and metas while they are read; what comes out is kept for later."""

    def regex_fault(pattern: str, flags: str) -> str | None:
        try:
            patterns.regex(pattern, flags)
        except RegexError as error:
            return str(error)
        return None

    def meta_fault(name: str, expression: str) -> str | None:
        try:
            patterns.meta(expression, name, local_tests_only=local_tests_only)
        except MetaError as error:
            return str(error)
        return None

    return Checks(
        regex=regex_fault,
        meta=meta_fault,
        statements=patterns.statements,
        condition=patterns.condition,
        eval_call=patterns.eval_call,
    )


def files_of(setup: Setup) -> list[Path]:
    """The files that are read, in order."""
    if setup.files:
        return list(setup.files)
    files = list_files(choose_places(setup.config, setup.site, stock=setup.stock))
    return files + files_in(setup.preferences, "cf")


def read_conf(setup: Setup, patterns: CompiledStore | None = None) -> Conf:
    """The configuration that the setup names; whatever is wrong with it is in `problems`.

    What its patterns compile to is left in `patterns`.
    """
    return load(
        files_of(setup),
        Catalog(),
        setup.cf,
        pre_lines=setup.pre,
        local_tests_only=setup.local_tests_only,
        lint=setup.lint,
        checks=_checks(patterns or CompiledStore(), setup.local_tests_only),
    )


def assemble(
    setup: Setup,
    *,
    resolver: Resolver | None = None,
    store: Store | None = None,
    compiled: Path | None = None,
) -> Engine:
    """A ready engine.

    `store` is the verdict cache's, none for no cache; `compiled` the folder in which compiled patterns are kept
    between starts, none for nowhere.
    """
    patterns = CompiledStore(compiled / "rules" if compiled else None)
    conf = read_conf(setup, patterns)
    cache = None
    if store is not None:
        cache = VerdictCache(
            store,
            negative_ttl=SPAM_CHECK_NEGATIVE_TTL.of(conf),
            positive_ttl=SPAM_CHECK_POSITIVE_TTL.of(conf),
        )
    return Engine(
        conf, local_tests_only=setup.local_tests_only, resolver=resolver, cache=cache, patterns=patterns
    )


def problems_of(engine: Engine) -> list[Problem]:
    """Everything wrong with an engine's configuration and rules, in reading order where there is one."""
    return [*engine.conf.problems, *engine.problems]
