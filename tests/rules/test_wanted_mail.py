"""Wanted mail, written by hand as its programs write it: `wanted/*.eml` stays well below the threshold.

Private mail from many programs, lists, bounces, invitations, receipts, notices of banks and parcel services,
newsletters on money and medicine, and mail in many languages and charsets: what a site's readers cannot do without.
"""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pyspamd.engine.engine import Engine
from pyspamd.engine.rewrite import report

RULES = Path(__file__).resolve().parents[2] / "rules"
WANTED = sorted((Path(__file__).parent / "wanted").glob("*.eml"))
MARGIN = 4.0
"""A site's own rules, or a bad day of a sender's, must not be enough to lose such mail."""


def test_there_is_enough_of_it() -> None:
    assert len(WANTED) >= 95


@pytest.mark.parametrize("path", WANTED, ids=[path.stem for path in WANTED])
def test_wanted_mail_stays_well_below_the_threshold(engine: Engine, path: Path) -> None:
    verdict = engine.check_sync(path.read_bytes())
    assert verdict.required >= MARGIN + 1
    assert verdict.score < MARGIN, {hit.rule: hit.score for hit in verdict.hits}


def test_the_original_says_the_same_by_the_same_rules(agreement: Callable[..., Any]) -> None:
    files = [*sorted(RULES.glob("*.pre")), *sorted(RULES.glob("*.cf"))]
    verdicts = agreement(
        "\n".join(file.read_text("latin-1") for file in files), [path.read_bytes() for path in WANTED]
    )
    assert sum(len(json.dumps(verdict["hits"])) > 2 for verdict in verdicts) > 50


def test_the_readme_shows_what_a_reader_will_see(engine: Engine) -> None:
    readme = (RULES.parent / "README.md").read_text("utf-8")
    name = re.search(r"spamc .* < tests/rules/wanted/(\S+)", readme)
    shown = [
        line.strip()
        for line in re.findall(r"^    (?: -?\d+\.\d [A-Z_]+ .*|Content analysis .*)$", readme, re.MULTILINE)
    ]
    assert name
    assert len(shown) >= 3
    verdict = engine.check_sync((Path(__file__).parent / "wanted" / name[1]).read_bytes())
    said = [line.strip() for line in report(verdict).decode().splitlines()]
    assert [line for line in shown if line not in said] == []
    assert sum(bool(re.match(r"-?\d+\.\d [A-Z_]+ ", line)) for line in said) == len(shown) - 1
