"""Forged mail, verdict for verdict: mails made from a seed, held against what the running original makes of them.

`scripts/forge` makes the same mails and any number of others; docs/differences.md tells what may differ.
"""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pyspamd.engine.assemble import Setup, assemble
from pyspamd.engine.verdict import Verdict

OFF = ("use_bayes 0", "use_pyzor 0", "use_razor2 0", "use_dcc 0")
TESTS = Path(__file__).resolve().parents[1]
# Where both are installed the original prefers Net::LibIDN2, which reads odd host names otherwise.
RUN = 'BEGIN { $INC{"Net/LibIDN2.pm"} = undef } my $script = shift @ARGV; do $script; die $@ if $@'


def forge(folder: Path, *options: str) -> list[Path]:
    """The mails that `scripts/forge` writes, in order."""
    command = [sys.executable, "-m", "forge", *options, str(folder)]
    subprocess.run(command, env={**os.environ, "PYTHONPATH": str(TESTS)}, check=True)
    return sorted(folder.glob("*.eml"))


def original_verdicts(perl: str, shared: Path, mails: list[Path]) -> list[dict[str, Any]]:
    """What the original makes of the mails, one after another in one process."""
    script = shared / "oracle" / "score_with_spamassassin.pl"
    if not script.exists():
        pytest.skip("external: the oracle's scorer is absent")
    said = "".join(f"{mail}\n" for mail in mails)
    run = subprocess.run(
        [perl, "-e", RUN, str(script)], input=said, capture_output=True, text=True, check=True
    )
    return [json.loads(line) for line in run.stdout.splitlines()]


def verdict_json(verdict: Verdict) -> dict[str, Any]:
    """A verdict in the original's terms."""
    assert verdict.facts is not None
    return {
        "hits": {hit.rule for hit in verdict.hits},
        "subtests": set(verdict.subtests),
        "score": round(verdict.score, 3),
        **verdict.facts(),
    }


def differences(ours: dict[str, Any], theirs: dict[str, Any]) -> list[str]:
    """What differs, in words; empty where all is equal."""
    found = [
        f"{rule} {'missing' if rule in theirs['hits'] else 'too much'}"
        for rule in ours["hits"] ^ set(theirs["hits"])
    ]
    found += [f"sub-rule {rule}" for rule in ours["subtests"] ^ set(theirs["subtests"])]
    if ours["score"] != pytest.approx(theirs["score"], abs=0.0011):
        found.append(f"score {ours['score']} for {theirs['score']}")
    found += [f"uri {uri!r}" for uri in set(ours["uris"]) ^ set(theirs["uris"])]
    found += [field for field in ("body_sha1", "rawbody_sha1", "relays") if ours[field] != theirs[field]]
    return sorted(found)


@pytest.mark.parametrize(
    ("count", "options"),
    [(180, ("--seed", "7")), (80, ("--seed", "7", "--rules")), (120, ("--seed", "7", "--posts"))],
    ids=["all kinds", "drawn from rules", "as they come today"],
)
def test_verdicts_are_the_originals(
    count: int, options: tuple[str, ...], oracle: str, stock_rules: Path, shared: Path, tmp_path: Path
) -> None:
    mails = forge(tmp_path / "mails", "--count", str(count), *options)
    assert len(mails) == count
    engine = assemble(Setup(stock=True, local_tests_only=True, cf=OFF))
    theirs = original_verdicts(oracle, shared, mails)

    async def judge() -> dict[str, list[str]]:
        found = {}
        for mail, expected in zip(mails, theirs, strict=True):
            differing = differences(verdict_json(await engine.check(mail.read_bytes())), expected)
            if differing:
                found[mail.name] = differing
        return found

    assert asyncio.run(judge()) == {}


def test_the_seed_decides(tmp_path: Path) -> None:
    first = forge(tmp_path / "first", "--count", "12", "--seed", "3")
    again = forge(tmp_path / "again", "--count", "12", "--seed", "3")
    other = forge(tmp_path / "other", "--count", "12", "--seed", "4")
    assert [mail.read_bytes() for mail in first] == [mail.read_bytes() for mail in again]
    assert {mail.read_bytes() for mail in first}.isdisjoint(mail.read_bytes() for mail in other)
