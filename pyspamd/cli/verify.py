"""`pyspamd verify`: what every signature of a message is worth.

pyspamd verify message.eml
pyspamd verify --json --cf 'dns_server [127.0.0.1]:5300' *.eml    # one JSON object a message
"""

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

from ..auth import arc, signatures
from ..auth.result import SignatureResult
from ..auth.wireform import WireMessage
from ..base.clock import Deadline
from ..conf.conf import Conf
from ..conf.loader import load
from ..conf.sources import choose_places, files_in
from ..engine.catalog import Catalog
from ..engine.resolving import make_resolver
from ..net.dns import DnsResolver
from ..net.resolver import Resolver
from ..plugins.dkim import DKIM_MINIMUM_KEY_BITS
from ..scan.signatures import DKIM_TIMEOUT
from .sources import add_source_options

AT_ONCE = 16
PLUGIN = "loadplugin Mail::SpamAssassin::Plugin::DKIM"


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb and its options."""
    parser = subparsers.add_parser(
        "verify",
        help="say what every signature of a message is worth",
        description="Verify the DKIM, DomainKeys and ARC signatures of messages.",
        epilog="Exit status: 0 whatever the signatures are worth; 2 where a message cannot be read.",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object a message")
    add_source_options(parser)
    parser.add_argument("messages", nargs="+", metavar="MESSAGE", help="a file, or - for standard input")


def run(options: argparse.Namespace) -> int:
    """Verify the messages; the exit status is as the help says."""
    conf = read_settings(options)
    for problem in conf.problems:
        print(f"pyspamd verify: {problem}", file=sys.stderr)
    return asyncio.run(verify_files(options.messages, conf, as_json=options.json))


def read_settings(options: argparse.Namespace) -> Conf:
    """The site's own configuration and the command line's: rules say nothing of signatures, and take time to
    read.
    """
    places = choose_places(options.configpath, options.siteconfigpath, stock=options.stock)
    files = files_in(places.site, "cf")
    return load(files, Catalog(), options.cf, pre_lines=(PLUGIN, *options.pre))


async def verify_files(names: Sequence[str], conf: Conf, *, as_json: bool, out: IO[str] | None = None) -> int:
    """Print what the signatures of each file are worth, in the order given; 2 if a file could not be read."""
    # Without DNS every key is out of reach, which says nothing about the signatures.
    resolver = make_resolver(conf) or DnsResolver([])
    places = asyncio.Semaphore(AT_ONCE)
    out = out or sys.stdout

    async def one(name: str) -> dict[str, Any]:
        async with places:
            try:
                raw = read(name)
            except OSError as error:
                return {"file": name, "error": error.strerror or str(error), "signatures": []}
            return {"file": name, **await judged(raw, resolver, conf)}

    failed = False
    try:
        for answer in [asyncio.ensure_future(one(name)) for name in names]:
            told = await answer
            failed |= "error" in told
            print(json.dumps(told) if as_json else as_text(told), file=out)
    finally:
        await resolver.close()
    return 2 if failed else 0


def read(name: str) -> bytes:
    """The bytes of a file, or of standard input for "-"; raises `OSError`."""
    return sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()


async def judged(raw: bytes, resolver: Resolver, conf: Conf) -> dict[str, object]:
    """Every signature of a message as JSON objects, and where there is ARC, what the chain is worth."""
    wire = WireMessage(raw)
    deadline = Deadline.after(DKIM_TIMEOUT.of(conf))
    found, chain = await asyncio.gather(
        signatures.verify(wire, resolver, deadline=deadline), arc.verify(wire, resolver, deadline=deadline)
    )
    least_bits = DKIM_MINIMUM_KEY_BITS.of(conf)
    results = [*found.results, *chain.signatures]
    told: dict[str, object] = {"signatures": [_told(result, least_bits) for result in results]}
    if chain.result != "none":
        told["arc"] = {"result": chain.result, "reason": chain.reason}
    return told


def _told(result: SignatureResult, least_bits: float) -> dict[str, object]:
    """The result as JSON; which key is short is for the configuration to say."""
    caveats: list[str] = [caveat for caveat in result.caveats if caveat != "short key"]
    if result.key_bits is not None and result.algorithm.startswith("rsa") and result.key_bits < least_bits:
        caveats.append("short key")
    return {**result.as_json(), "caveats": caveats}


def as_text(answer: dict[str, Any]) -> str:
    """One message's answer for people: a line for the file, a line for each signature."""
    lines = [f"{answer['file']}: {answer.get('error') or len(answer['signatures']) or 'no signatures'}"]
    for told in answer["signatures"]:
        reason = f" ({told['reason']})" if told["reason"] else ""
        caveats = f"; caveats: {', '.join(told['caveats'])}" if told["caveats"] else ""
        who = f"{told['type']} d={told['domain'] or '?'} s={told['selector'] or '?'}"
        lines.append(f"  {who}: {told['result']}{reason}{caveats}")
    if "arc" in answer:
        reason = f" ({answer['arc']['reason']})" if answer["arc"]["reason"] else ""
        lines.append(f"  ARC chain: {answer['arc']['result']}{reason}")
    return "\n".join(lines)
