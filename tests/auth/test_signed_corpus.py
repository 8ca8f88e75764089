"""Every signature of the shared signed messages, asked over a DNS server, is worth what Mail::DKIM says."""

import asyncio
import collections
import json
import subprocess
import sys
from pathlib import Path

import pytest

from pyspamd.auth import signatures
from pyspamd.net.dns import DnsResolver

# How Mail::DKIM's words map to RFC 8601's; it knows no difference between the kinds of invalid.
SAME = {"pass": {"pass"}, "fail": {"fail"}, "invalid": {"permerror", "temperror", "policy"}}


@pytest.mark.oracle
def test_as_mail_dkim_has_them(signed_corpus: Path, shared: Path) -> None:
    server = subprocess.Popen(
        [sys.executable, shared / "oracle" / "fake_dns.py", "--port", "0", "--zone", signed_corpus / "zone"],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert server.stdout
        port = int(server.stdout.readline().rpartition(":")[2])
        different, seen = asyncio.run(compare(signed_corpus, port))
    finally:
        server.terminate()
        server.wait()
        assert server.stdout
        server.stdout.close()
    assert not different
    assert sum(seen.values()) > 400
    assert {("DKIM", "pass"), ("DomainKeys", "pass"), ("DKIM", "temperror"), ("DKIM", "policy")} <= set(seen)


async def compare(folder: Path, port: int) -> tuple[list[str], collections.Counter[tuple[str, str]]]:
    resolver = DnsResolver([("127.0.0.1", port)])
    different: list[str] = []
    seen: collections.Counter[tuple[str, str]] = collections.Counter()
    for entry in map(json.loads, (folder / "expected.jsonl").read_text("latin-1").splitlines()):
        found = await signatures.verify((folder / entry["file"]).read_bytes(), resolver)
        for ours, theirs in zip(found.readable, entry["signatures"], strict=True):
            seen[ours.type, ours.result] += 1
            same = (ours.type, ours.domain, ours.selector) == (
                theirs["type"],
                theirs["domain"],
                theirs["selector"],
            )
            if not same or ours.result not in SAME[theirs["result"]]:
                different.append(f"{entry['file']}: {theirs['detail']}, ours: {ours.detail}")
    await resolver.close()
    return different, seen
