"""`pyspamd verify`: what every signature of a message is worth, and why.

pyspamd verify message.eml
pyspamd verify --authserv-id mx.example.com message.eml           # next to what that server has found out
pyspamd verify --canonical body --signature 1 message.eml         # the very bytes that were hashed
pyspamd verify --json --cf 'dns_server [127.0.0.1]:5300' *.eml    # one JSON object a message
"""

import argparse
import asyncio
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Any

from ..conf.conf import Conf
from ..conf.loader import load
from ..conf.sources import choose_places, files_in
from ..engine.catalog import Catalog
from ..engine.resolving import make_resolver
from ..net.dns import DnsResolver
from .signature_lines import as_text, title
from .signature_report import Reporter, Wanted
from .sources import add_source_options

AT_ONCE = 16
PLUGINS = (
    "loadplugin Mail::SpamAssassin::Plugin::DKIM",
    "loadplugin Mail::SpamAssassin::Plugin::AuthRes",
)
"""What has the directives that count here."""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb and its options."""
    parser = subparsers.add_parser(
        "verify",
        help="say what every signature of a message is worth",
        description="Verify the DKIM, DomainKeys and ARC signatures of messages, and hold the results against "
        "the Authentication-Results fields of servers that are trusted: those named with --authserv-id, wherever "
        "their fields stand, otherwise those that authres_trusted_authserv, authres_ignored_authserv and "
        "authres_networks allow.",
        epilog="Exit status: 0 whatever the signatures are worth; 2 where a message cannot be read.",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object a message")
    parser.add_argument(
        "--canonical",
        choices=("header", "body"),
        default="",
        help="print the canonical form that was hashed (in JSON a character for each octet)",
    )
    parser.add_argument(
        "--signature",
        type=int,
        metavar="N",
        help="with --canonical: only of signature N, from 1, without a title",
    )
    parser.add_argument(
        "--authserv-id",
        action="append",
        default=[],
        metavar="NAME",
        help="believe this server's Authentication-Results (repeatable)",
    )
    add_source_options(parser)
    parser.add_argument("messages", nargs="+", metavar="MESSAGE", help="a file, or - for standard input")


def run(options: argparse.Namespace) -> int:
    """Verify the messages; the exit status is as the help says."""
    conf = read_settings(options)
    for problem in conf.problems:
        print(f"pyspamd verify: {problem}", file=sys.stderr)
    wanted = Wanted(options.canonical, frozenset(name.lower() for name in options.authserv_id))
    form = f"canonical_{options.canonical}" if options.canonical else ""

    def show(told: dict[str, Any]) -> bytes:
        if form and not options.json:
            return canonical(told, form, options.signature)
        return (json.dumps(told) if options.json else as_text(told)).encode() + b"\n"

    return asyncio.run(verify_files(options.messages, conf, wanted, show))


def canonical(told: dict[str, Any], form: str, number: int | None) -> bytes:
    """The canonical form of every signature below its title, or of signature `number` alone, octet for octet."""
    if "error" in told:
        print(f"pyspamd verify: {told['file']}: {told['error']}", file=sys.stderr)
    forms = [
        (title(signature), str(signature.get(form, "")).encode("latin-1")) for signature in told["signatures"]
    ]
    if number is not None:
        return forms[number - 1][1] if 0 < number <= len(forms) else b""
    return b"".join(f"{told['file']}: {name}\n".encode() + text + b"\n" for name, text in forms)


def read_settings(options: argparse.Namespace) -> Conf:
    """The site's own configuration and the command line's: rules say nothing of signatures, and take time to read."""
    places = choose_places(options.configpath, options.siteconfigpath, stock=options.stock)
    files = files_in(places.site, "cf")
    return load(files, Catalog(), options.cf, pre_lines=(*PLUGINS, *options.pre))


async def verify_files(
    names: Sequence[str],
    conf: Conf,
    wanted: Wanted,
    show: Callable[[dict[str, Any]], bytes],
    out: IO[bytes] | None = None,
) -> int:
    """Print what the signatures of each file are worth, in the order given; 2 if a file could not be read."""
    # Without DNS every key is out of reach, which says nothing about the signatures.
    resolver = make_resolver(conf) or DnsResolver([])
    reporter = Reporter(conf, resolver, wanted)
    places = asyncio.Semaphore(AT_ONCE)
    out = out or sys.stdout.buffer

    async def one(name: str) -> dict[str, Any]:
        async with places:
            try:
                raw = read(name)
            except OSError as error:
                return {"file": name, "error": error.strerror or str(error), "signatures": []}
            return {"file": name, **await reporter.report(raw)}

    failed = False
    try:
        for answer in [asyncio.ensure_future(one(name)) for name in names]:
            told = await answer
            failed |= "error" in told
            out.write(show(told))
        out.flush()
    finally:
        await resolver.close()
    return 2 if failed else 0


def read(name: str) -> bytes:
    """The bytes of a file, or of standard input for "-"; raises `OSError`."""
    return sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
