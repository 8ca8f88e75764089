"""The stock rule set, verdict for verdict: a sample of the corpus held against what SpamAssassin made of it.

`scripts/parity` does the same over the whole corpus; docs/differences.md explains what is left out here.
"""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from pyspamd.engine.assemble import Setup, assemble, problems_of
from pyspamd.engine.engine import Engine

@pytest.fixture(scope="module")
def engine(stock_rules: Path) -> Engine:
    off = ("use_bayes 0", "use_pyzor 0", "use_razor2 0")
    return assemble(Setup(stock=True, local_tests_only=True, cf=off))


def test_stock_rules_have_nothing_to_complain_about(engine: Engine) -> None:
    assert [str(problem) for problem in problems_of(engine)] == []


def test_verdicts_are_spamassassins(
    engine: Engine, corpus: Path, expected_local: dict[str, dict[str, Any]]
) -> None:
    async def judge() -> list[str]:
        differing = []
        for name in sorted(expected_local)[::11]:
            expected = expected_local[name]
            verdict = await engine.check((corpus / name).read_bytes())
            hits = {hit.rule for hit in verdict.hits} ^ set(expected["hits"])
            subtests = set(verdict.subtests) ^ set(expected["subtests"])
            if hits or subtests:
                differing.append(f"{name}: {sorted(hits | subtests)}")
            elif verdict.score != pytest.approx(expected["score"], abs=0.0011):
                differing.append(f"{name}: {verdict.score} for {expected['score']}")
        return differing

    assert asyncio.run(judge()) == []
