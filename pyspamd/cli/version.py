"""`pyspamd version [-D]`: the version, and with `-D` which files would be read; the same for other verbs' options."""

import argparse
import sys

from .. import __version__
from ..engine.assemble import Setup, files_of
from ..engine.tags import SPAMASSASSIN_VERSION
from .sources import add_source_options, setup_of


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb and its options."""
    parser = subparsers.add_parser(
        "version",
        help="print the version",
        description="Print the version of pyspamd, and of SpamAssassin as rules and clients see it.",
    )
    parser.add_argument("-D", "--debug", action="store_true", help="tell which files would be read")
    add_source_options(parser)


def run(options: argparse.Namespace) -> int:
    """Print; the exit status is 0."""
    print(f"pyspamd {__version__} (to rules and clients SpamAssassin {SPAMASSASSIN_VERSION})")
    if options.debug:
        print_files(setup_of(options))
    sys.stdout.flush()
    return 0


def print_version() -> None:
    """Print the versions as `spamassassin -V` does."""
    print(f"SpamAssassin version {SPAMASSASSIN_VERSION} (pyspamd {__version__})")
    print(f"  running on Python version {sys.version.split()[0]}")


def print_files(setup: Setup) -> None:
    """Print the configuration files that the setup reads, in order."""
    files = files_of(setup)
    print(f"{len(files)} configuration files are read:" if files else "No configuration files are read.")
    for file in files:
        print(f"  {file}")
