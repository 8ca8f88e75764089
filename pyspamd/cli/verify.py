"""`pyspamd verify`: what every signature of a message is worth."""

import argparse
import asyncio
import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO, Any

from ..auth import signatures
from ..auth.result import SignatureResult
from ..auth.wireform import WireMessage
from ..base.clock import Deadline
from ..net.dns import DnsOptions, DnsResolver
from ..net.nameservers import NameServer, read_server

TIMEOUT = 10.0
AT_ONCE = 16


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb and its options."""
    parser = subparsers.add_parser("verify", help="say what every signature of a message is worth")
    parser.add_argument("--json", action="store_true", help="one JSON object a message")
    parser.add_argument(
        "--cf", action="append", default=[], metavar="LINE", help="configuration; may be repeated"
    )
    parser.add_argument("messages", nargs="+", metavar="MESSAGE", help="a file, or - for standard input")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Verify; 0 unless a message could not be read."""
    return asyncio.run(verify_files(args.messages, read_lines(args.cf), as_json=args.json))


# To be replaced by pyspamd.conf once that reads configurations: only these two directives mean anything here.
def read_lines(lines: Iterable[str]) -> tuple[tuple[NameServer, ...] | None, int]:
    """The name servers (`None`: the system's) and the least key size that `--cf` lines ask for."""
    servers: list[NameServer] = []
    bits = 1024
    for line in "\n".join(lines).splitlines():
        word, _, value = line.strip().partition(" ")
        if word == "dns_server":
            servers.append(read_server(value))
        elif word == "dkim_minimum_key_bits":
            bits = int(value)
    return (tuple(servers) or None), bits


async def verify_files(
    names: Sequence[str],
    settings: tuple[tuple[NameServer, ...] | None, int],
    *,
    as_json: bool,
    out: IO[str] | None = None,
) -> int:
    """Print what the signatures of each file are worth, in the order given; 1 if a file could not be read."""
    servers, least_bits = settings
    resolver = DnsResolver(servers, DnsOptions())
    places = asyncio.Semaphore(AT_ONCE)
    out = out or sys.stdout

    async def one(name: str) -> dict[str, Any]:
        async with places:
            try:
                raw = read(name)
            except OSError as error:
                return {"file": name, "error": error.strerror or str(error), "signatures": []}
            return {"file": name, "signatures": await judged(raw, resolver, least_bits)}

    try:
        told = [asyncio.ensure_future(one(name)) for name in names]
        failed = False
        for entry in told:
            answer = await entry
            failed |= "error" in answer
            print(json.dumps(answer) if as_json else as_text(answer), file=out)
    finally:
        await resolver.close()
    return int(failed)


def read(name: str) -> bytes:
    """The bytes of a file, or of standard input for "-"; raises `OSError`."""
    return sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()


async def judged(raw: bytes, resolver: DnsResolver, least_bits: int) -> list[dict[str, object]]:
    """Every signature of a message as JSON objects; a key below `least_bits` bits is a caveat."""
    found = await signatures.verify(WireMessage(raw), resolver, deadline=Deadline.after(TIMEOUT))
    return [_with_key_caveat(result, least_bits) for result in found.results]


def _with_key_caveat(result: SignatureResult, least_bits: int) -> dict[str, object]:
    told = result.as_json()
    caveats: list[str] = [caveat for caveat in result.caveats if caveat != "short key"]
    if result.key_bits is not None and result.algorithm != "ed25519-sha256" and result.key_bits < least_bits:
        caveats.append("short key")
    return {**told, "caveats": caveats}


def as_text(answer: dict[str, Any]) -> str:
    """One message's answer for people: a line for the file, a line for each signature."""
    lines = [f"{answer['file']}: {answer.get('error') or len(answer['signatures']) or 'no signatures'}"]
    for told in answer["signatures"]:
        reason = f" ({told['reason']})" if told["reason"] else ""
        caveats = f"; caveats: {', '.join(told['caveats'])}" if told["caveats"] else ""
        who = f"{told['type']} d={told['domain'] or '?'} s={told['selector'] or '?'}"
        lines.append(f"  {who}: {told['result']}{reason}{caveats}")
    return "\n".join(lines)
