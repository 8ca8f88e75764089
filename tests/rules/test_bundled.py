"""The bundled rules: sound, described, scored, our own, and right about invented mail and about the corpus."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

from pyspamd.conf.rules import RegexTest
from pyspamd.engine.engine import Engine
from pyspamd.engine.linting import lint

PROJECT = Path(__file__).resolve().parents[2]
RULES = PROJECT / "rules"
SHARED_NAMES = re.compile(r"DKIM_|DK_|USER_IN_|SUBJECT_IN_|URI_HOST_IN_|GTUBE$|__DKIM_")
"""Names that other programs and local.cf files know; all others are ours."""
ALONE = re.compile(r"USER_IN_|SUBJECT_IN_|URI_HOST_IN_|GTUBE$")
"""Rules that may settle the matter alone: the administrator's lists, the test string."""


def scored(engine: Engine) -> list[str]:
    return [name for name in engine.conf.rules if not name.startswith("__")]


def test_nothing_to_complain_about(engine: Engine) -> None:
    assert [str(problem) for problem in lint(engine)] == []


def test_the_example_of_a_site_file_is_sound(engine_of: Callable[..., Engine], tmp_path: Path) -> None:
    """As it stands, and with every line that waits behind a `#` put to use."""
    example = PROJECT / "local.cf.example"
    all_of_it = tmp_path / "local.cf"
    waiting = re.compile(r"^#(?=[a-z_]+ )", re.MULTILINE)
    text = example.read_text("latin-1")
    assert len(waiting.findall(text)) >= 10
    all_of_it.write_text(waiting.sub("", text), "latin-1")
    for path in (example, all_of_it):
        assert [str(problem) for problem in lint(engine_of(path))] == [], path.name


def test_every_rule_is_described_and_scored(engine: Engine) -> None:
    names = scored(engine)
    assert len(names) >= 100
    for name in names:
        assert 0 < len(engine.conf.descriptions.get(name, "")) <= 50, name
        score = engine.conf.score_of(name, 0)
        assert score != 0, f"{name}: a rule that scores 0 does not run, and counts for nothing in metas"
        assert score <= 3.5 or ALONE.match(name), name
        assert (score < 0) == engine.conf.has_flag(name, "nice"), name


def test_rates_over_a_sample_of_the_corpus(engine: Engine, corpus: Path) -> None:
    """`scripts/rule-counts` says the same of all of it."""
    taken: dict[str, list[bool]] = {}
    folders = ("spam1", "spam2", "newspam", "phish", "easyham", "openbmc", "hardham")
    for folder in folders:
        paths = sorted((corpus / "dev" / folder).glob("*.eml"))[::6]
        taken[folder] = [engine.check_sync(path.read_bytes()).is_spam for path in paths]
    spam = [flag for folder in folders[:4] for flag in taken[folder]]
    assert sum(spam) / len(spam) > 0.6
    assert not any(taken["easyham"] + taken["openbmc"])
    assert sum(taken["hardham"]) <= 1


def test_the_original_accepts_them(oracle: str) -> None:
    """But for the one plugin that it no longer has."""
    command = [
        "spamassassin",
        "-x",
        "--lint",
        "-C",
        str(RULES),
        "--siteconfigpath",
        str(PROJECT / "nonexistent"),
    ]
    said = subprocess.run(command, capture_output=True, text=True).stderr.splitlines()
    assert [line for line in said if "DomainKeys" not in line] == []


def test_they_are_our_own(engine: Engine, stock_rules: Path) -> None:
    """Neither a name nor a pattern is one of the original's."""
    stock = "\n".join(path.read_text("latin-1") for path in sorted(stock_rules.glob("*.cf")))
    definition = re.compile(
        r"^\s*(?:header|body|rawbody|uri|full|meta|mimeheader|uri_detail)\s+(\w+)\s+(.+)$", re.MULTILINE
    )
    names = {name for name, _ in definition.findall(stock)}
    texts = {text.strip() for _, text in definition.findall(stock)}
    assert len(names) > 1000
    for name, rule in engine.conf.rules.items():
        assert name not in names or SHARED_NAMES.match(name), name
        if isinstance(rule.test, RegexTest) and not SHARED_NAMES.match(name):
            assert len(rule.test.pattern) < 12 or not any(rule.test.pattern in text for text in texts), name
    descriptions = set(re.findall(r"^\s*describe\s+\w+\s+(.+?)\s*$", stock, re.MULTILINE))
    shared = {n for n, text in engine.conf.descriptions.items() if text in descriptions}
    assert shared <= {"GTUBE"}, "as the original describes them"
