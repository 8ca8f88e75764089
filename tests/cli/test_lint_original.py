"""What `spamassassin --lint` complains of, and what `pyspamd` does: line by line, rule by rule, exit statuses too."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from pyspamd.cli.main import main

BROKEN = Path(__file__).with_name("broken.cf")
PROGRAM = r"""
use strict; use JSON::PP; use Mail::SpamAssassin;
my ($rules, $site) = @ARGV;
my @told;
local $SIG{__WARN__} = sub { push @told, [$_[0], undef, 0] };
my $sa = Mail::SpamAssassin->new({ rules_filename => $rules, site_rules_filename => $site, require_rules => 0,
  userprefs_filename => '/nonexistent', userstate_dir => '/nonexistent', dont_copy_prefs => 1,
  local_tests_only => 1 });
$sa->{lint_callback} = sub { my %told = @_; push @told, [$told{msg}, $told{rule}, $told{iserror}] };
my $errors = $sa->lint_rules();
print JSON::PP->new->latin1->encode([$errors, \@told]);
"""
LINE = re.compile(r"\(line (\d+)\)")
SILENT = (
    *("There is no plugin", "illegal IP address given"),  # told there too, but not as a fault of a line
    *("is no rule", "may not stand in a meta", "is never closed"),
)
"""Ours alone: what the original says on its standard error only, or only when debugging."""


def told_there(perl: str, rules: Path, site: Path) -> tuple[int, list[tuple[str, str | None]]]:
    """How many errors the original counts, and each complaint with the rule it names."""
    run = subprocess.run(
        [perl, "-e", PROGRAM, str(rules), str(site)], capture_output=True, text=True, check=True
    )
    errors, told = json.loads(run.stdout)
    return errors, [(text, rule) for text, rule, _ in told]


@pytest.mark.oracle
def test_every_complaint(oracle: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, told = told_there(oracle, BROKEN, tmp_path)
    there = {int(found[1]) for text, _ in told if (found := LINE.search(text))}
    rules = {rule for text, rule in told if rule and not LINE.search(text)}
    spoken = {word for text, _ in told if not LINE.search(text) for word in re.findall(r"[\w.-]+", text)}
    assert len(there) > 120 < len(there) + len(rules)
    assert main(["lint", "--format", "json", str(BROKEN)]) == 1
    problems = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    here = {problem["line"] for problem in problems}
    assert there - here == set()
    assert {rule for rule in rules if len(rule) < 60} - {problem["rule"] for problem in problems} == set()
    lines = BROKEN.read_text().splitlines()
    named = {number for number, line in enumerate(lines, 1) if spoken & set(line.split()[1:2])}
    ours_alone = [
        problem
        for problem in problems
        if problem["line"] not in there | named and not any(text in problem["text"] for text in SILENT)
    ]
    assert [(problem["line"], problem["text"]) for problem in ours_alone] == []


@pytest.mark.oracle
@pytest.mark.parametrize(
    "text",
    [
        "body A /a/",
        "body A /a(/",
        "ok_languages en\nbody A /a/",
        "if (version >\nendif\nbody A /a/",
        "frobnicate 1\nbody A /a/",
        "header A eval:check_for_missing_to_header('a\nbody B /b/",
        "header A exists:To\ndescribe A A description that is far longer than anybody ever thought it would be",
    ],
)
def test_exit_statuses(oracle: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "site").mkdir()
    loaded = "loadplugin Mail::SpamAssassin::Plugin::Check\nutil_rb_tld com\n"
    (tmp_path / "rules" / "rules.cf").write_text(f"{loaded}{text}\n")
    errors, _ = told_there(oracle, tmp_path / "rules", tmp_path / "site")
    sources = [
        "-C",
        str(tmp_path / "rules"),
        "--siteconfigpath",
        str(tmp_path / "site"),
        "-p",
        str(tmp_path / "none"),
    ]
    assert (main(["check", "--lint", *sources]) != 0) == (errors != 0), capsys.readouterr()
