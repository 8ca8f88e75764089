"""What `--version` says, and with `-D` which files would be read."""

import sys

from .. import __version__
from ..engine.assemble import Setup, files_of
from ..engine.tags import SPAMASSASSIN_VERSION


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
