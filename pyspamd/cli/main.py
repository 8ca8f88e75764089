"""The `pyspamd` command: one verb a file, each with its own options and help.

pyspamd serve -i 127.0.0.1 -p 783
pyspamd check < message
"""

import argparse
import importlib
import sys
from collections.abc import Sequence

from .. import __version__
from ..base.errors import PyspamdError

VERBS = ("serve", "check", "lint", "verify")
"""The verbs, in the order in which the help shows them; `cli/VERB.py` has `add_parser` and `run`."""

EXIT_USAGE = 64
EXIT_FAILURE = 2


def parser(verbs: Sequence[str] = VERBS) -> argparse.ArgumentParser:
    """The argument parser with the sub-parsers of the given verbs."""
    top = argparse.ArgumentParser(
        prog="pyspamd",
        description="A SpamAssassin-compatible scoring service that speaks the spamd protocol.",
        epilog="'pyspamd VERB --help' tells each verb's options.",
    )
    top.add_argument(
        "--version",
        action="version",
        version=f"pyspamd {__version__} (to rules and clients SpamAssassin 4.0.1)",
    )
    subparsers = top.add_subparsers(dest="verb", metavar="VERB", required=True)
    for verb in verbs:
        importlib.import_module(f".{verb}", __package__).add_parser(subparsers)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb; the exit status is the verb's, 2 for a fault told in one sentence, 64 for wrong usage."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    # Only the verb's own module is imported: `check` must not pay for the server.
    chosen = next((word for word in arguments if not word.startswith("-")), None)
    verbs = (chosen,) if chosen in VERBS else VERBS
    try:
        options = parser(verbs).parse_args(arguments)
    except SystemExit as leaving:
        return EXIT_USAGE if leaving.code not in (0, None) else 0
    try:
        status: int = importlib.import_module(f".{options.verb}", __package__).run(options)
    except PyspamdError as error:
        print(f"pyspamd {options.verb}: {error}", file=sys.stderr)
        return EXIT_FAILURE
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    return status


if __name__ == "__main__":
    sys.exit(main())
