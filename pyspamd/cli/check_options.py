"""The options of `pyspamd check`: those of `spamassassin` by their names, and our own."""

import argparse

from .sources import add_source_options

EXIT_SPAM = 5
REFUSED = {
    "report": "reporting to collaborating networks",
    "revoke": "revoking reports",
    "add_to_welcomelist": "automatic welcome lists",
    "add_to_blocklist": "automatic welcome lists",
    "remove_from_welcomelist": "automatic welcome lists",
    "add_addr_to_welcomelist": "automatic welcome lists",
    "add_addr_to_blocklist": "automatic welcome lists",
    "remove_addr_from_welcomelist": "automatic welcome lists",
}
"""Options of `spamassassin` that are understood and not done, by their names here, and what they ask for."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add all options."""
    parser.add_argument(
        "files",
        nargs="*",
        metavar="FILE",
        help="messages: files (gzip, bzip2 and xz are unpacked), folders, Maildirs, *.mbox; standard input without any",
    )
    _add_filter(parser)
    _add_json(parser)
    add_source_options(parser)
    _add_ignored(parser)


def _add_filter(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("as spamassassin has them")
    group.add_argument(
        "-t",
        "--test-mode",
        "--test",
        action="store_true",
        help="add the report after the message; nothing is learnt",
    )
    group.add_argument(
        "-d",
        "--remove-markup",
        "--despamassassinify",
        action="store_true",
        help="take SpamAssassin's markup off instead of judging; with -t, off and judged anew",
    )
    group.add_argument(
        "-e",
        "--exit-code",
        "--error-code",
        nargs="?",
        const=str(EXIT_SPAM),
        metavar="N",
        help=f"exit with N ({EXIT_SPAM}) where a message is spam",
    )
    group.add_argument(
        "-p",
        "--prefspath",
        "--prefs-file",
        metavar="FILE",
        help="the user's preferences, ~/.spamassassin/user_prefs by default; "
        "read after the site's configuration and believed like it",
    )
    group.add_argument(
        "--mbox",
        dest="form",
        action="store_const",
        const="mbox",
        default="detect",
        help="the files are mboxes",
    )
    group.add_argument(
        "--mbx",
        dest="form",
        action="store_const",
        const="mbx",
        help="the files are mailboxes in UW's mbx format",
    )
    group.add_argument(
        "--lint", action="store_true", help="only tell what is wrong with the configuration, without network"
    )
    group.add_argument("--net", action="store_true", help="with --lint: with network after all")
    group.add_argument(
        "-D",
        "--debug",
        nargs="?",
        const="all",
        metavar="AREA",
        help="log on standard error what is read and done (every area)",
    )
    group.add_argument(
        "-V", "--version", action="store_true", help="print the version; with -D also what would be read"
    )


def _add_json(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("for programs")
    group.add_argument("--json", action="store_true", help="print one JSON object a message and nothing else")
    group.add_argument(
        "--facts", action="store_true", help="with --json: the text views' digests, URIs and relays too"
    )
    group.add_argument("--jobs", type=int, default=1, metavar="N", help="with --json: judge in N processes")
    group.add_argument(
        "--from-list",
        metavar="FILE",
        help="read the messages' names, one a line, from FILE (- for standard input)",
    )


def _add_ignored(parser: argparse.ArgumentParser) -> None:
    """What is accepted and changes nothing, and what is refused with a sentence."""
    for ignored in (
        ("-x", "--nocreate-prefs", "--no-create-prefs"),
        ("--create-prefs",),
        ("-4", "--ipv4", "--ipv4only", "--ipv4-only"),
        ("-6",),
        ("--progress",),
        ("-P", "--pipe"),
        ("-S", "--stop-at-threshold"),
    ):
        parser.add_argument(*ignored, dest="ignored", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument(
        "-c", dest="configpath", metavar="PATH", default=argparse.SUPPRESS, help=argparse.SUPPRESS
    )
    parser.add_argument("-u", "--username", metavar="NAME", help=argparse.SUPPRESS)
    parser.add_argument("-r", "--report", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("-k", "--revoke", action="store_true", help=argparse.SUPPRESS)
    for short, verb, preposition, takes in (
        ("-W", "add", "to", "welcomelist whitelist"),
        ("", "add", "to", "blocklist blacklist"),
        ("-R", "remove", "from", "welcomelist whitelist"),
    ):
        new, old = takes.split()
        flags = [f"--{verb}-{preposition}-{new}", f"--{verb}-{preposition}-{old}"]
        addresses = [flag.replace(f"{verb}-", f"{verb}-addr-", 1) for flag in flags]
        parser.add_argument(
            *filter(None, (short, *flags)),
            action="store_true",
            help=argparse.SUPPRESS,
            dest=f"{verb}_{preposition}_{new}",
        )
        parser.add_argument(
            *addresses, metavar="ADDRESS", help=argparse.SUPPRESS, dest=f"{verb}_addr_{preposition}_{new}"
        )
