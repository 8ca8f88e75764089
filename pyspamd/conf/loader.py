"""Loads configuration: files and extra lines in, one frozen `Conf` out, every fault a `Problem`.

Example::

    catalog = StaticCatalog([StaticSpec("Shout", directives=(SHOUT_LENGTH,))])
    conf = load([Path("/etc/pyspamd/local.cf")], catalog, cf_lines=["score HELLO 0.5"])
    for problem in conf.problems:
        print(problem)
"""

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from ..base.problems import Location, Problem
from .builder import Builder
from .conf import Conf
from .core import CORE
from .core_network import INTERNAL_NETWORKS, MSA_NETWORKS, TRUSTED_NETWORKS
from .dialect import Checks, Dialect, environment_language, words_of
from .directives import Directive
from .networks import NetworkList
from .plugin_catalog import PluginCatalog
from .reading import Reading
from .sources import Source, UnreadableFileError, as_latin1, read_source

COMMAND_LINE: Final = "(command line)"
"""The file name that lines given on the command line go by."""


def core_words() -> dict[str, Directive[Any]]:
    """Every word the language has without plugins."""
    words: dict[str, Directive[Any]] = {}
    for directive in CORE:
        words.update(words_of(directive))
    return words


def load(
    files: Iterable[Path | Source],
    catalog: PluginCatalog,
    cf_lines: Sequence[str | bytes] = (),
    *,
    pre_lines: Sequence[str | bytes] = (),
    local_tests_only: bool = False,
    language: str | None = None,
    lint: bool = False,
    checks: Checks | None = None,
) -> Conf:
    """Read `files` in their order and make a `Conf` of them.

    `pre_lines` come before all files and `cf_lines` after them; each may hold several lines, as bytes or as
    latin-1 text (for a command's argument, pass `os.fsencode` of it). `language` is the locale that `lang`
    lines ask for, by default the environment's. `lint` turns on what SpamAssassin checks only then. `checks`
    are what higher rooms say of patterns and metas. A file that cannot be read is a problem.
    """
    dialect = Dialect(
        core_words(),
        catalog,
        language=language if language is not None else environment_language(os.environ),
        local_tests_only=local_tests_only,
        lint=lint,
        checks=checks or Checks(),
    )
    builder = Builder(dialect)
    reading = Reading(builder)
    _read_lines(reading, pre_lines)
    for file in files:
        try:
            source = file if isinstance(file, Source) else read_source(file)
        except UnreadableFileError as error:
            builder.problems.append(Problem(Location(str(file), 1), None, f"{str(error).capitalize()}."))
            continue
        if source.name in builder.dialect.read:
            continue
        builder.dialect = replace(builder.dialect, read=builder.dialect.read | {source.name})
        reading.read(source)
    _read_lines(reading, cf_lines)
    return finish(builder)


def overlay(conf: Conf, text: str | bytes, file: str, *, allow_rules: bool | None = None) -> Conf:
    """`conf` with a user's preferences on top: see `Conf.with_user`."""
    builder = Builder(conf.dialect, conf)
    Reading(builder, allow_rules=allow_rules).read(Source(file, as_latin1(text)))
    return finish(builder)


def finish(builder: Builder) -> Conf:
    """The builder's configuration after the checks that need all of it."""
    _settle_networks(builder)
    return builder.finish()


def _settle_networks(builder: Builder) -> None:
    """Internal and submission networks that the trusted ones do not contain are left out, with a problem.

    Where only internal networks are configured, those stand for the trusted ones.
    """
    reference = next(
        (d for d in (TRUSTED_NETWORKS, INTERNAL_NETWORKS) if builder.container(d).configured), None
    )
    if reference is None:
        return
    known = builder.container(reference).set
    for directive in (INTERNAL_NETWORKS, MSA_NETWORKS):
        listed = builder.container(directive)
        if directive is reference or not listed.configured:
            continue
        outside = listed.set.outside(known)
        for network in outside:
            fault = f"{directive.name} has '{network.text}', which is not among {reference.name}: left out."
            builder.problems.append(Problem(listed.places.get(network.text), None, fault))
        if outside:
            builder.replace(directive, NetworkList(listed.set.without(outside), configured=True))


def _read_lines(reading: Reading, lines: Sequence[str | bytes]) -> None:
    if lines:
        reading.read(Source(COMMAND_LINE, "\n".join(map(as_latin1, lines))))
