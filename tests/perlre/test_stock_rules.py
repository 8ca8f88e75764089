"""SpamAssassin's stock rules and real text: all compile, Perl agrees, the prefilter loses nothing."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from pyspamd.perlre.delimited import compile_delimited, split_regex
from pyspamd.perlre.patternset import Entry, PatternSet
from pyspamd.perlre.prefilter import LiteralGate

RULE = re.compile(
    r"^\s*(?:body|rawbody|uri|full|header)\s+(\w+)\s+(?:[\w:-]+\s*[=!]~\s*)?((?:/|m\W).*?)\s*(?:\[if-unset:.*)?$"
)
PROGRAM = r"""
use strict; use warnings; use JSON::PP;
my $json = JSON::PP->new->ascii;
my ($rules, $elements) = map { $json->decode($_) } <STDIN>;
utf8::downgrade($_) for @$elements;
for my $rule (@$rules) {
  my ($pattern, $flags) = @$rule;
  utf8::downgrade($pattern);
  my $regex = $flags eq '' ? qr/$pattern/aa : qr/(?$flags)$pattern/aa;
  my $count = 0;
  for my $element (@$elements) { $count++ while $element =~ /$regex/g; }
  print "$count\n";
}
"""

pytestmark = pytest.mark.oracle


@pytest.fixture(scope="module")
def rules(stock_rules: Path) -> list[str]:
    """Every regex of the stock rules as written there, tags to be replaced left as they are."""
    found: dict[str, str] = {}
    for path in sorted(stock_rules.glob("*.cf")):
        for line in path.read_text("latin-1").splitlines():
            code = re.sub(r"(?<!\\)#.*", "", line).replace("\\#", "#").rstrip()
            if (rule := RULE.match(code)) and "%{" not in line:
                found[rule[1]] = rule[2]
    return list(found.values())


@pytest.fixture(scope="module")
def elements(corpus: Path) -> list[bytes]:
    """Paragraphs of some messages as they travelled; markup and encoded words make them all the harder."""
    texts: list[bytes] = []
    for path in sorted(corpus.rglob("*.eml"))[::187]:
        texts += [part.strip() for part in path.read_bytes()[:20000].split(b"\n\n")]
    return [text[:3000] for text in texts if text]


def test_stock_regexes_compile_and_gates_lose_nothing(rules: list[str], elements: list[bytes]) -> None:
    regexes = [compile_delimited(rule, bare=False) for rule in rules]
    assert len(regexes) > 1000
    entries = [Entry(regex, limit=0) for regex in regexes]
    plain = PatternSet(entries).hits(elements)
    assert len(plain) > 50
    for kind in ("text", "uri", "markup"):
        gate = LiteralGate.of(regexes, kind)
        assert PatternSet(entries, gate).hits(elements) == plain
        assert gate.candidates(b"") < set(range(len(regexes)))


def test_perl_agrees(rules: list[str], elements: list[bytes], oracle: str) -> None:
    sample, texts = rules[::3], elements[::7]
    given = json.dumps([split_regex(rule) for rule in sample]) + "\n"
    given += json.dumps([text.decode("latin-1") for text in texts]) + "\n"
    done = subprocess.run([oracle, "-e", PROGRAM], input=given, capture_output=True, text=True, check=True)
    expected = [int(line) for line in done.stdout.splitlines()]
    counts = [sum(compile_delimited(rule).count(text) for text in texts) for rule in sample]
    assert counts == expected
    assert sum(map(bool, counts)) > 20
