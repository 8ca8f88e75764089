"""The `pyspamd` command: one verb a file, each with its own options and help.

pyspamd serve -i 127.0.0.1 -p 783
pyspamd check < message
"""

import argparse
import gc
import importlib
import os
import sys
from collections.abc import Sequence
from typing import Final, NoReturn

from .. import __version__
from ..base.errors import PyspamdError

VERBS = ("serve", "check", "lint", "verify")
"""The verbs, in the order in which the help shows them; `cli/VERB.py` has `add_parser` and `run`."""

EXIT_USAGE = 64
EXIT_FAILURE = 2
EXIT_OUTPUT: Final = 74

COLLECTOR: Final = (20_000, 20, 50)
"""Thresholds of Python's collector: what a configuration is made of stays, and looking at it often finds nothing."""


class Parser(argparse.ArgumentParser):
    """A parser that lets options and files stand in any order, as the original's programs do."""

    def parse_known_args(self, args=None, namespace=None):  # type: ignore[no-untyped-def]
        """As the base class's; file names may stand between options."""
        if self._subparsers is not None or self.__dict__.get("_permuting"):
            return super().parse_known_args(args, namespace)
        self._permuting = True
        try:
            return self.parse_known_intermixed_args(args, namespace)
        finally:
            self._permuting = False


def parser(verbs: Sequence[str] = VERBS) -> argparse.ArgumentParser:
    """The argument parser with the sub-parsers of the given verbs."""
    top = Parser(
        prog="pyspamd",
        description="A SpamAssassin-compatible scoring service that speaks the spamd protocol.",
        epilog="'pyspamd VERB --help' tells each verb's options.",
    )
    top.add_argument(
        "--version", action="store_true", help="print the version; with -D also which files would be read"
    )
    subparsers = top.add_subparsers(dest="verb", metavar="VERB", required=True)
    for verb in verbs:
        importlib.import_module(f".{verb}", __package__).add_parser(subparsers)
    return top


def _version(arguments: Sequence[str]) -> int:
    """`pyspamd --version [-D] [-C …]`: the version, and what would be read."""
    from ..engine.tags import SPAMASSASSIN_VERSION
    from .sources import add_source_options, setup_of
    from .version import print_files

    options = argparse.ArgumentParser(prog="pyspamd --version")
    options.add_argument("--version", action="store_true", help=argparse.SUPPRESS)
    options.add_argument("-D", "--debug", action="store_true", help="tell which files would be read")
    add_source_options(options)
    chosen = options.parse_args(arguments)
    print(f"pyspamd {__version__} (to rules and clients SpamAssassin {SPAMASSASSIN_VERSION})")
    if chosen.debug:
        print_files(setup_of(chosen))
    sys.stdout.flush()
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb; the exit status is the verb's, 2 for a fault told in one sentence, 64 for wrong usage."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    # Only the verb's own module is imported: `check` must not pay for the server.
    chosen = next((word for word in arguments if not word.startswith("-")), None)
    verbs = (chosen,) if chosen in VERBS else VERBS
    try:
        if chosen not in VERBS and "--version" in arguments:
            return _version(arguments)
        options = parser(verbs).parse_args(arguments)
    except SystemExit as leaving:
        return EXIT_USAGE if leaving.code not in (0, None) else 0
    except BrokenPipeError:
        return _unheard()
    try:
        status: int = importlib.import_module(f".{options.verb}", __package__).run(options)
    except PyspamdError as error:
        print(f"pyspamd {options.verb}: {error}", file=sys.stderr)
        return EXIT_FAILURE
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        return _unheard()
    return status


def _unheard() -> int:
    """Nobody reads our output any more: leave without a word about it."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def command() -> NoReturn:
    """`main` as a process of its own.

    It leaves without taking apart all that was compiled, which takes as long as judging some twenty messages.
    """
    gc.set_threshold(*COLLECTOR)
    status = 0
    try:
        status = main()
        sys.stdout.flush()
        sys.stderr.flush()
    except BrokenPipeError:
        pass
    except OSError as error:
        os.write(2, f"pyspamd: {error}\n".encode(errors="backslashreplace"))
        status = EXIT_OUTPUT
    os._exit(status)


if __name__ == "__main__":
    command()
