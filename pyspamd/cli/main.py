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

from ..base.errors import PyspamdError

VERBS = ("serve", "check", "lint", "verify", "version")
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
        "--version", action="store_true", help="the same as the verb; with -D also which files would be read"
    )
    subparsers = top.add_subparsers(dest="verb", metavar="VERB", required=True)
    for verb in verbs:
        importlib.import_module(f".{verb}", __package__).add_parser(subparsers)
        subparsers.choices[verb].set_defaults(parser=subparsers.choices[verb])
    return top


def understood(arguments: Sequence[str], verbs: Sequence[str] = VERBS) -> argparse.Namespace:
    """The options of the verb that was asked for; what it does not know is told with its own usage."""
    options, unknown = parser(verbs).parse_known_args(arguments)
    if unknown:
        of_verb: argparse.ArgumentParser = options.parser
        of_verb.error(f"unrecognized arguments: {' '.join(unknown)}")
    return options


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb; the exit status is the verb's, 2 for a fault told in one sentence, 64 for wrong usage."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    # Only the verb's own module is imported: `check` must not pay for the server.
    chosen = next((word for word in arguments if not word.startswith("-")), None)
    if chosen not in VERBS and "--version" in arguments:
        arguments = ["version", *(word for word in arguments if word != "--version")]
        chosen = "version"
    verbs = (chosen,) if chosen in VERBS else VERBS
    try:
        options = understood(arguments, verbs)
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
