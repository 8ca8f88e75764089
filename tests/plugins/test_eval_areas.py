"""What kind of rule may ask each eval test: the original's own table, and what becomes of a rule of another kind."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from pyspamd.engine.assemble import Setup, assemble, problems_of
from pyspamd.engine.catalog import PREFIX, Catalog
from pyspamd.engine.engine import Engine

ORIGINAL = r"""
use Mail::SpamAssassin; use JSON::PP;
my $text = join '', map { "loadplugin Mail::SpamAssassin::Plugin::$_\n" } @ARGV;
my $sa = Mail::SpamAssassin->new({ config_text => $text, local_tests_only => 1, dont_copy_prefs => 1,
  userprefs_filename => '/nonexistent', userstate_dir => '/nonexistent' });
$sa->init(0);
my ($types, $names) = ($sa->{conf}{eval_plugins_types}, \%Mail::SpamAssassin::Conf::TYPE_AS_STRING);
print JSON::PP->new->encode({ map { ($_ => defined $types->{$_} ? $names->{$types->{$_}} : 'any') }
  keys %{$sa->{conf}{eval_plugins}} });
"""
NOT_OURS = {"check_uri_detail", "check_test_plugin"}
"""Names that the original gives to kinds of rule of their own, and its own test."""


@pytest.mark.oracle
def test_areas_are_the_originals(oracle: str, tmp_path: Path) -> None:
    installed = Path("/usr/share/perl5/Mail/SpamAssassin/Plugin")
    names = sorted(path.stem for path in installed.glob("*.pm") if Catalog().find(PREFIX + path.stem))
    names = [name for name in names if name not in ("Test", "Reuse", "RaciallyCharged")]
    run = subprocess.run([oracle, "-e", ORIGINAL, *names], capture_output=True, text=True, check=True)
    there: dict[str, str] = json.loads(run.stdout)
    engine = engine_of(tmp_path, "".join(f"loadplugin {PREFIX}{name}\n" for name in names))
    here = {test.name: test.area for test in engine.evals.values() if " " not in test.name}
    assert len(there) > 220
    assert {name: area for name, area in there.items() if name not in NOT_OURS and name in here} == here
    assert there.keys() - here.keys() <= NOT_OURS


def engine_of(tmp_path: Path, text: str) -> Engine:
    (tmp_path / "rules.cf").write_text(text)
    return assemble(Setup(files=[tmp_path / "rules.cf"]))


CONFIGURATION = """
loadplugin Mail::SpamAssassin::Plugin::HeaderEval
loadplugin Mail::SpamAssassin::Plugin::HTMLEval
loadplugin Mail::SpamAssassin::Plugin::WLBLEval
header  IN_HEADER  eval:html_tag_exists('b')
body    IN_BODY    eval:html_tag_exists('b')
rawbody IN_RAWBODY eval:html_tag_exists('b')
full    IN_FULL    eval:html_tag_exists('b')
header  TO_HEADER  eval:check_for_missing_to_header()
body    TO_BODY    eval:check_for_missing_to_header()
meta    THEIRS     IN_HEADER || !TO_BODY
enlist_uri_host    (SHOPS) shop.example
header  SHOP       eval:check_uri_host_listed('SHOPS')
body    SHOP_BODY  eval:check_uri_host_listed('SHOPS')
"""


@pytest.mark.oracle
def test_rules_of_another_kind_never_hit(agreement: Any) -> None:
    message = b"Content-Type: text/html\n\n<b>bold</b> http://www.shop.example/\n"
    object.__setattr__(agreement, "strict", False)
    (verdict,) = agreement(CONFIGURATION, [message])
    assert {"IN_BODY", "IN_RAWBODY", "TO_HEADER", "SHOP", "THEIRS"} == verdict["hits"].keys()


def test_rules_of_another_kind_are_told(tmp_path: Path) -> None:
    problems = problems_of(engine_of(tmp_path, CONFIGURATION))
    assert sorted((problem.rule, problem.location.line) for problem in problems if problem.location) == [
        ("IN_FULL", 8),
        ("IN_HEADER", 5),
        ("SHOP_BODY", 14),
        ("TO_BODY", 10),
    ]
