"""The bundled rules: sound, described, scored, our own, within their ceilings; nobody can forge trust."""

import re
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from pyspamd.conf.rules import EvalCall, RegexTest
from pyspamd.engine.engine import Engine
from pyspamd.engine.linting import lint

PROJECT = Path(__file__).resolve().parents[2]
RULES = PROJECT / "rules"
SCORES = RULES / "50_scores.cf"
TEXT = "\n".join(path.read_text("latin-1") for path in sorted(RULES.glob("*.cf")))
SCORE = re.compile(r"^\s*score\s+(\w+)", re.MULTILINE)
ORDINARY = (
    b"Received: from mail.example.com (mail.example.com [203.0.113.66])\n\tby mx.example.net with ESMTPS id 4F2;"
    b"\n\tTue, 02 Apr 2024 10:00:05 +0000\nFrom: Alice <alice@example.com>\nTo: bob@example.net\nSubject: Lunch\n"
    b"Date: Tue, 02 Apr 2024 10:00:00 +0000\nMessage-ID: <20240402100000.GA1@mail.example.com>\n\nOn Thursday?\n"
)
SHARED_NAMES = re.compile(r"DKIM_|DK_|SPF_|DMARC_|USER_IN_|SUBJECT_IN_|URI_HOST_IN_|GTUBE$|__DKIM_")
"""Names that other programs and local.cf files know; all others are ours."""
ALONE = re.compile(r"USER_IN_|SUBJECT_IN_|URI_HOST_IN_|GTUBE$")
"""Rules that may settle the matter alone: the administrator's lists, the test string."""


WAITING = re.compile(r"^#(?=[a-z_]+ )", re.MULTILINE)
"""What makes an example of a line in local.cf.example."""


def original_lint(site: Path) -> list[str]:
    """What SpamAssassin says of the bundled rules and a site's files, but for its missing DomainKeys plugin."""
    command = ["spamassassin", "-x", "--lint", "-C", str(RULES), "--siteconfigpath", str(site)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    said = [line for line in run.stderr.splitlines() if "DomainKeys" not in line]
    assert said or run.returncode == 0
    return said


def scored(engine: Engine) -> list[str]:
    return [name for name in engine.conf.rules if not name.startswith("__")]


def test_nothing_to_complain_about(engine: Engine) -> None:
    assert [str(problem) for problem in lint(engine)] == []


def test_the_example_of_a_site_file_is_sound(engine_of: Callable[..., Engine], tmp_path: Path) -> None:
    """As it stands, and with every line that waits behind a `#` put to use."""
    example = PROJECT / "local.cf.example"
    all_of_it = tmp_path / "local.cf"
    text = example.read_text("latin-1")
    assert len(WAITING.findall(text)) >= 10
    all_of_it.write_text(WAITING.sub("", text), "latin-1")
    for path in (example, all_of_it):
        assert [str(problem) for problem in lint(engine_of(path))] == [], path.name


def test_the_original_accepts_the_example_of_a_site_file(oracle: str, tmp_path: Path) -> None:
    text = (PROJECT / "local.cf.example").read_text("latin-1")
    (tmp_path / "local.cf").write_text(WAITING.sub("", text), "latin-1")
    assert original_lint(tmp_path) == []


def test_every_rule_is_described_and_scored(engine: Engine) -> None:
    names = scored(engine)
    assert len(names) >= 100
    written = Counter(SCORE.findall(TEXT))
    assert {rule: count for rule, count in written.items() if count > 1} == {}, "scored twice"
    assert set(written) == set(names), "scored but not defined, or defined but not scored"
    for name in names:
        assert 0 < len(engine.conf.descriptions.get(name, "")) <= 50, name
        score = engine.conf.score_of(name, 0)
        assert score != 0, f"{name}: a rule that scores 0 does not run, and counts for nothing in metas"
        assert score <= 3 or ALONE.match(name), name
        assert (score < 0) == engine.conf.has_flag(name, "nice"), name


def test_scores_keep_below_their_ceilings() -> None:
    ceilings = re.findall(
        r"^score (\w+) +(\S+)  # \d+ : \d+ <= (\S+)$", SCORES.read_text("latin-1"), re.MULTILINE
    )
    assert len(ceilings) == len(re.findall(r"^score ", SCORES.read_text("latin-1"), re.MULTILINE)) >= 300
    assert [rule for rule, score, ceiling in ceilings if float(score) > float(ceiling)] == []


def test_what_lowers_a_score_cannot_be_written_by_a_sender(engine: Engine) -> None:
    """It takes a signature, the sender's own host, the administrator's list, or a way through trusted hosts only."""
    tests = {
        name: rule.test
        for name, rule in engine.conf.rules.items()
        if engine.conf.has_flag(name, "nice") and not ALONE.match(name)
    }
    assert {"DK_VERIFIED", "DKIM_VALID", "DKIM_VALID_AU", "DKIM_VERIFIED", "SPF_PASS", "DMARC_PASS"} <= set(
        tests
    )
    for name, test in tests.items():
        assert isinstance(test, EvalCall), name
        assert test.function.startswith(
            ("check_dkim_", "check_domainkeys_", "check_for_spf_", "check_dmarc_")
        ) or (test.function == "check_all_trusted"), name
    by_default = (
        "def_welcomelist_from",
        "def_whitelist_from",
        "def_whitelist_from_dkim",
        "def_whitelist_from_dk",
    )
    assert not re.search(rf"^\s*(?:{'|'.join(by_default)})\w*\s", TEXT, re.MULTILINE), (
        "nobody is trusted unasked"
    )


@pytest.mark.parametrize(
    "forged",
    [
        "Authentication-Results: mx.example.net; dkim=pass header.d=example.com; spf=pass; dmarc=pass",
        "Received-SPF: pass (mx.example.net: domain of example.com designates 203.0.113.66 as permitted sender)",
        "DKIM-Signature: v=1; a=rsa-sha256; d=example.com; s=s; h=from; bh=frcCV1k9oG9oKj3dpUqdJg1PxRT2RSN=; b=AA",
        "DomainKey-Signature: a=rsa-sha1; q=dns; c=simple; s=s; d=example.com; b=AAAA",
        "X-Spam-Status: No, score=-100.0 required=5.0 tests=USER_IN_WELCOMELIST",
        "X-Spam-Relays-External: ",
        "List-Id: <dev.lists.example.org>",
        "In-Reply-To: <1@example.net>",
    ],
)
def test_headers_of_trust_that_anybody_can_write_lower_nothing(engine: Engine, forged: str) -> None:
    with_it = engine.check_sync(f"{forged}\n".encode() + ORDINARY)
    assert with_it.score >= 0
    assert {hit.rule for hit in with_it.hits if hit.score < 0} == set()


def test_the_original_accepts_them(oracle: str) -> None:
    """But for the one plugin that it no longer has."""
    assert original_lint(PROJECT / "nonexistent") == []


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
