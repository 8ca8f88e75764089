"""Unicode properties by every name and in every place, byte by byte what the running Perl makes of them."""

import json
import shutil
import subprocess

import pytest

from pyspamd.perlre.patternset import Entry, PatternSet
from pyspamd.perlre.prefilter import LiteralGate
from pyspamd.perlre.properties import _BARE_BLOCKS, _BLOCKS, _LISTED, _SCRIPTS
from pyspamd.perlre.regex import RegexError, compile_regex

PROGRAM = r"""
use strict; use warnings; use JSON::PP;
my $json = JSON::PP->new->ascii->allow_nonref;
while (my $line = <STDIN>) {
  my $pattern = $json->decode($line);
  my @found = eval {
    local $SIG{__WARN__} = sub { die $_[0] if $_[0] !~ /deprecated/i };
    my $regex = qr/$pattern/aa;
    grep { chr($_) =~ $regex } 0 .. 255;
  };
  print $json->encode($@ eq '' ? \@found : undef), "\n";
}
"""
NAMES = [
    *_LISTED,
    *_SCRIPTS,
    *_BARE_BLOCKS,
    *(f"In{name}" for name in _BLOCKS if name not in ("ascii", "latin1")),
    *(f"Is{name}" for name in ("Alpha", "Upper", "L", "Lu", "Latin", "Cyrillic", "Space", "Word", "Han")),
    *(
        "gc=Lu",
        "General_Category: Uppercase Letter",
        "Category=Sc",
        "gc=L&",
        "IsGC=Lu",
        "sc=Latin",
        "Script: Greek",
    ),
    *(
        "scx=Han",
        "Script_Extensions=Latin",
        "Block: Basic Latin",
        "blk=Latin1",
        "Blk=Cyrillic",
        "Is_Block=Thai",
    ),
    *(
        "L_",
        "l_",
        " Lu ",
        "l u",
        "L-u",
        "UPPERCASE LETTER",
        "^Lu",
        "^ L",
        " ^Upper",
        "XPosix_Punct",
        "is_upper",
    ),
    *("Cyrillic", "Common", "Emoji", "Math", "Dash", "ID_Start", "IsCommon", "^IsCyrillic", "White Space"),
    *("Nonsense", "gc=Nonsense", "IsNonsense", "InNonsense", "^^Lu", "gc=", "=Lu", "InLu", "IsInCyrillic"),
]
SETTINGS = (
    *(
        "%s",
        "(?i)%s",
        "(?i:%s)",
        "[%s]",
        "[^%s]",
        "(?i)[%s]",
        "(?i)[^%s]",
        "[%sé]",
        "(?i)[%sx-z]",
        "(?xx)[ %s ]",
    ),
    *("(?u)%s", "^%s$", "(?=%s).", "(?i)(?-i:%s)", "[%s-]", "[-%s]", "a|%s", "%s{1,3}"),
)


@pytest.mark.oracle
def test_every_name_is_perls(oracle: str) -> None:
    patterns = [
        setting % text
        for name in NAMES
        for text in (rf"\p{{{name}}}", rf"\P{{{name}}}")
        for setting in (
            SETTINGS if name in ("Lu", "posixupper", "L", "thai", "latin", "any") else SETTINGS[:4]
        )
    ]
    patterns += [r"[ \x{100}]", r"(?xx)[ \x{100}]", r"(?xx)[ \x41 b]", r"(?xx)[^ \x{42}]"]
    patterns += [r"\pL", r"\PL", r"[\pL\PL]", r"[^\pL\PL]", r"(?i)\pU", r"[\p{Lu}-z]", r"\p", r"\p{"]
    patterns += [r"[\pN\pP]", r"\p{}"]
    lines = "".join(json.dumps(pattern) + "\n" for pattern in patterns)
    perl = shutil.which("perl") or oracle
    run = subprocess.run([perl, "-e", PROGRAM], input=lines, capture_output=True, text=True, check=True)
    answers = [json.loads(line) for line in run.stdout.splitlines()]
    different = [
        (pattern, answer)
        for pattern, answer in zip(patterns, answers, strict=True)
        if (answer, answer) != (matched(pattern), found_in_a_set(pattern))
    ]
    assert different == []
    assert sum(answer is not None and 0 < len(answer) < 256 for answer in answers) > 500


def matched(pattern: str) -> list[int] | None:
    """The bytes in which the pattern is found, `None` for one that cannot be used."""
    try:
        regex = compile_regex(pattern)
    except RegexError:
        return None
    return [byte for byte in range(256) if regex.matches(bytes([byte]))]


def found_in_a_set(pattern: str) -> list[int] | None:
    """The same, asked with a gate in front."""
    try:
        regex = compile_regex(pattern)
    except RegexError:
        return None
    entries = PatternSet([Entry(regex)], LiteralGate.of([regex]), joined=False)
    return [byte for byte in range(256) if entries.hits([bytes([byte])])]
