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
    """Hits and scores of 99.5 % and sub-rules of 99 % of the messages are the original's, text views of all."""
    names = sorted(expected_local)[::11]
    hits, subtests, views = [], [], []

    async def judge() -> None:
        for name in names:
            expected = expected_local[name]
            verdict = await engine.check((corpus / name).read_bytes())
            wrong = {hit.rule for hit in verdict.hits} ^ set(expected["hits"])
            if wrong or verdict.score != pytest.approx(expected["score"], abs=0.0011):
                hits.append(f"{name}: {sorted(wrong)} {verdict.score} for {expected['score']}")
            if wrong := set(verdict.subtests) ^ set(expected["subtests"]):
                subtests.append(f"{name}: {sorted(wrong)}")
            assert verdict.facts is not None
            facts = verdict.facts()
            views.extend(
                f"{name}: {view}"
                for view in ("body_sha1", "rawbody_sha1", "relays")
                if facts[view] != expected[view]
            )

    asyncio.run(judge())
    assert len(hits) <= len(names) * 0.005, hits
    assert len(subtests) <= len(names) * 0.01, subtests
    assert not views
