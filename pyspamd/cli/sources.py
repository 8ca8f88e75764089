"""The options that name configuration, shared by all verbs, with SpamAssassin's spelling."""

import argparse

from ..engine.assemble import Setup


def add_source_options(parser: argparse.ArgumentParser) -> None:
    """Add `-C`, `--siteconfigpath`, `--stock`, `--cf`, `--pre` and `-L`."""
    group = parser.add_argument_group("configuration")
    group.add_argument(
        "-C",
        "--configpath",
        "--config-file",
        "--config-dir",
        metavar="PATH",
        help="folder or file of the rules",
    )
    group.add_argument("--siteconfigpath", metavar="PATH", help="folder or file of the site's configuration")
    group.add_argument(
        "--stock", action="store_true", help="read exactly the files that SpamAssassin itself would read"
    )
    group.add_argument(
        "--cf", metavar="LINE", action="append", default=[], help="one more configuration line (repeatable)"
    )
    group.add_argument(
        "--pre",
        metavar="LINE",
        action="append",
        default=[],
        help="one more line before all files (repeatable)",
    )
    group.add_argument(
        "-L",
        "--local",
        "--local-only",
        action="store_true",
        help="local tests only: ask nothing over the network",
    )


def no_rules(setup: Setup) -> str:
    """What to tell somebody whose configuration has no rules."""
    where = f" in {setup.config}" if setup.config else ""
    return f"no rules were found{where}; -C names a folder of them"


def setup_of(options: argparse.Namespace, *, lint: bool = False) -> Setup:
    """The setup that parsed options name."""
    return Setup(
        config=options.configpath,
        site=options.siteconfigpath,
        stock=options.stock,
        cf=tuple(options.cf),
        pre=tuple(options.pre),
        local_tests_only=options.local,
        lint=lint,
    )
