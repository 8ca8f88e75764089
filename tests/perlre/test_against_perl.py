"""Constructs held against the running Perl: what it accepts (without a warning), matches and captures."""

import json
import random
import shutil
import subprocess
from typing import Any

import pytest

from pyspamd.perlre.regex import RegexError, compile_regex

PROGRAM = r"""
use strict; use warnings; use JSON::PP;
my $json = JSON::PP->new->ascii;
while (my $line = <STDIN>) {
  my ($pattern, @subjects) = @{ $json->decode($line) };
  utf8::downgrade($_) for $pattern, @subjects;
  my $regex = eval {
    local $SIG{__WARN__} = sub { die $_[0] if $_[0] !~ /deprecated/i };
    qr/$pattern/aa;
  };
  my $answer = undef;
  if (defined $regex) {
    for my $subject (@subjects) {
      my @found;
      while ($subject =~ /$regex/g) {
        push @found, [map { defined $-[$_] ? [$-[$_] + 0, $+[$_] + 0] : undef } 0 .. $#+];
        last if @found == 20;
      }
      push @$answer, \@found;
    }
  }
  print $json->encode([$answer]), "\n";
}
"""

PATTERNS = r"""
a.c
^abc$
(?m)^abc$
(?s)a.c
(?i)abc
(?i:a)bc
(?-i:a)bc
(?x) a b \  c # d
(?xx)[a b]c
(?n)(a)(?<x>b)
(?^:abc)
a{,2}b
a{ 1, 2 }b
a{2}
a{2,}?
a*+b
a++a
a??b
(?>a+)ab
(?=ab)a
(?!ab)a
(?<=a)b
(?<!a)b
(?<=a|bc)d
(?<=a{1,3})b
(a)(b)?\2
(a)\1
(?<n>a|b)\k<n>
(?<n>a)(?<n>b)\k{n}
(?P<n>a)(?P=n)
(?|(a)|(b))\1
(a|b(?1)?c)
(?<r>a(?&r)?b)
(?:(a)|b)(?(1)c|d)
(?<q>a)?(?(<q>)b|c)
\Aa
a\z
a\Z
a$
\bfoo\b
\Boo\B
\d\D\w\W\s\S
\h\H
\v\V
\R
a\Kb
\N+
[[:alpha:]]+
[[:^alpha:]]+
[[:punct:]]+
[[:space:]]
[[:word:]-]+
[[:xdigit:]]{2}
(?i)[[:upper:]]+
[]a]+
[^]a]+
[a\]b]+
[\w.-]+
[a-c-]+
[\x00-\x1f]
[\b]
[\n\t\e\a\f\r]
\x41\x{42}
\x{ 41 }
\101\012
\o{101}
\cA\c[
\N{U+41}
\N{LATIN SMALL LETTER A}
\N{3}
\xe9
(?i)\xe9
(?i)é
(?i)[à-ï]+
(?i)[^à-ï]+
(?i)ÿ
(?i)\x{178}
(?i)µ
(?i)ß
(?i)ss
(?i)k
(?i)(é)\1
\x{2019}
[\x{2019}a]
[^\x{2019}]
[a-\x{2019}]
(?aa)é
(?#comment)a
a|b|
(?:)
()
(*FAIL)|a
a(*COMMIT)b
a(*SKIP)b|a
a(*ACCEPT)b
(*pla:a)a
(*nlb:a)b
(*atomic:a+)b
{
^{a
a+{b
\{a\}
\p{L}
[\p{Lu}]
\pN
\Q.\E
\E
\y
\i
\8
\1
(a)\2
\g{-1}
\k<none>
(?&none)
[z-a]
[a-\d]
[\w-z]
[[:none:]]
[:alpha:]
[[.a.]]
[a
(a
a)
a**
a+*
a{2}{3}
*a
a|*
a{3,2}
a{99999}
a{1}?
\b*
^*
(?=a)*
(?:)*
(?:a?)*
a{
a{b
a{b}
\d{a}
\xg
\x{zz}
\x{41
\cé
\C
\o
\N{NO SUCH CHARACTER}
[\N]
[\R]
[\B]
(?z)a
(?g)a
(?i-a)a
(?ul)a
(?aaa)a
(?<=a+)b
(?<=(a|bc))d
(?<1>a)
(?<n
(?P>none)
(?
(?#a
(*NONE)
(*MARK)
(*UTF)a
(?C1)a
(?(DEFINE)a|b)
(?(x)a)
\K+
\b{wb}
"""

ATOMS = r"a b ab A . \w \W \d \s \S \b ^ $ [ab] [^a] \xc9 [[:alpha:]] \. \x{2019} - \x41 \z [^\n]"

SUBJECTS = [
    "",
    "abc",
    "ABC abc\nabc\n",
    "aab bcd aabbcc",
    "foo  bar.foo-oo_o",
    "caf\xe9 CAF\xc9 \xe8\xc8\xef\xcf \xff\xfe \xb5\xdf\xd7\xf7",
    "caf\xc3\xa9 \xe2\x80\x99 \xa0\x85",
    "\t\x0b\x0c\r\n\x00\x01\x07\x08\x1b[]{a}",
    "aaaa bbb {a a{b a.b A\nB k K ss \xdf SS st",
    "x-12 3f FF \\ ] ^ $",
]


@pytest.fixture(scope="module")
def perl() -> str:
    found = shutil.which("perl")
    version = subprocess.run([found, "-e", "print $]"], capture_output=True, text=True) if found else None
    if found is None or version is None or not "5.036" <= version.stdout < "5.037":
        pytest.skip("external: no perl 5.36, which these answers are compared with")
    return found


def answers(perl: str, patterns: list[str], subjects: list[str]) -> list[Any]:
    lines = "".join(json.dumps([pattern, *subjects]) + "\n" for pattern in patterns)
    done = subprocess.run([perl, "-e", PROGRAM], input=lines, capture_output=True, text=True, check=True)
    return [json.loads(line)[0] for line in done.stdout.splitlines()]


def ours(pattern: str, subjects: list[str]) -> list[Any] | None:
    try:
        regex = compile_regex(pattern)
    except RegexError:
        return None
    found = []
    for subject in subjects:
        spans = []
        for match in regex.finditer(subject.encode("latin-1")):
            groups = [match.span(number) for number in range(regex.group_count + 1)]
            spans.append([None if span[0] < 0 else list(span) for span in groups])
            if len(spans) == 20:
                break
        found.append(spans)
    return found


def same(left: list[Any] | None, right: list[Any] | None) -> bool:
    """Whether two answers agree; Perl leaves out groups behind the last one that took part."""
    if left is None or right is None:
        return left is right
    for lefts, rights in zip(left, right, strict=True):
        for one, other in zip(lefts, rights, strict=False):
            width = max(len(one), len(other))
            if one + [None] * (width - len(one)) != other + [None] * (width - len(other)):
                return False
    return [len(spans) for spans in left] == [len(spans) for spans in right]


def test_constructs(perl: str) -> None:
    patterns = [line for line in PATTERNS.split("\n") if line]
    for pattern, expected in zip(patterns, answers(perl, patterns, SUBJECTS), strict=True):
        assert same(ours(pattern, SUBJECTS), expected), pattern


def test_random_patterns(perl: str) -> None:
    """Patterns put together at random from what rules use."""
    source = random.Random(20)
    atoms = ATOMS.split()
    atoms += [" ", "\xe9", "\xc9", "[a-c\xe0-\xe5]"]
    signs = ["*", "+", "?", "{2}", "{1,2}", "{,2}", "{2,}", "*?", "+?", "??", "*+", "++"]
    openings = ["(", "(?:", "(?i:", "(?=", "(?!", "(?<=", "(?<!", "(?>", "(?-i:", "(?s:", "(?<n>"]

    def pattern(depth: int) -> str:
        out = ""
        for _ in range(source.randint(1, 3)):
            if depth and source.random() < 0.4:
                opening = source.choice(openings)
                # What Perl makes of several lengths in a lookbehind has its own quirks in each version.
                atom = opening + (source.choice("ab.\xe9") if "<" in opening else pattern(depth - 1)) + ")"
            else:
                atom = source.choice(atoms)
            out += atom + (source.choice(signs) if source.random() < 0.3 else "")
            out += "|" if source.random() < 0.1 else ""
        return out

    patterns = [source.choice(["", "(?i)", "(?s)", "(?m)"]) + pattern(2) for _ in range(1500)]
    letters = "abcAB\xe9\xc9 .-1\n"
    subjects = ["".join(source.choices(letters, k=source.randint(0, 9))) for _ in range(15)]
    different = [
        text
        for text, expected in zip(patterns, answers(perl, patterns, subjects), strict=True)
        if not same_matches(ours(text, subjects), expected)
    ]
    assert different == []


def same_matches(left: list[Any] | None, right: list[Any] | None) -> bool:
    """Whether whole matches agree (what a group kept from an earlier turn of a loop may differ)."""
    if left is None or right is None:
        return left is right
    wholes = [[[found[0] for found in spans] for spans in answer] for answer in (left, right)]
    return wholes[0] == wholes[1]
