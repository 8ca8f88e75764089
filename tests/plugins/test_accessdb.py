"""AccessDB: Berkeley DB tables made by the original's own library, and what they make of senders."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from pyspamd.base.berkeley_db import NotADatabase, parse_hash, read_hash

MAKE = """
use DB_File; use Fcntl;
my ($path, @pairs) = @ARGV;
my $info = DB_File::HASHINFO->new; $info->{bsize} = 1024;
tie my %table, "DB_File", $path, O_CREAT|O_RDWR, 0644, $info or die "$path: $!";
while (@pairs) { my $key = shift @pairs; my $value = shift @pairs; $key =~ s/NUL$/\\0/; $table{$key} = $value }
$table{"filler$_"} = "x" x ($_ * 7) for 1..300;
untie %table;
"""
TABLE = {
    "bad@spam.test": "REJECT",
    "good@spam.test": "OK",
    "spam.example": "550 no",
    "From:from.example": "discard",
    "user@": "ERROR:5.7.1 no",
    "sub.friend.example": "SKIP",
    "friend.example": "REJECT",
    "192.0.2": "REJECT",
    "198.51.100.7": "SKIP",
    "relay.exampleNUL": "reject",
    "odd.example": "WHATEVER",
    "zero.example": "0",
    "empty.example": "",
    "long.example": "REJECT " + "x" * 3000,
}
RULES = """
loadplugin Mail::SpamAssassin::Plugin::AccessDB
header ACCESSDB eval:check_access_database('{path}')
header NO_TABLE eval:check_access_database('{path}.none')
"""


def mail(sender: str, relay: str = "host.other.example [203.0.113.5]") -> bytes:
    name, _, ip = relay.partition(" ")
    return (
        f"Received: from {name} ({name} {ip}) by mx.here.example with ESMTP id 1;"
        f" Mon, 1 Jan 2024 00:00:00 +0000\nFrom: {sender}\nSubject: x\n\nHello.\n"
    ).encode()


MESSAGES = [
    mail("bad@spam.test"),
    mail("good@spam.test"),
    mail("x@spam.example"),
    mail("x@deep.below.spam.example"),
    mail("x@from.example"),
    mail("user@any.test"),
    mail("x@friend.example"),
    mail("x@sub.friend.example"),
    mail("x@odd.example"),
    mail("x@zero.example"),
    mail("x@empty.example"),
    mail("x@long.example"),
    mail("x@any.test", "a.relay.example [203.0.113.5]"),
    mail("x@any.test", "a.b.test [192.0.2.77]"),
    mail("bad@spam.test", "a.b.test [198.51.100.7]"),
    b"From: bad@spam.test\n\nNo relay.\n",
    b"Subject: nobody\n\nNo sender.\n",
]


@pytest.fixture
def table(oracle: str, tmp_path: Path) -> Path:
    """A table of the mail server."""
    path = tmp_path / "access.db"
    pairs = [text for pair in TABLE.items() for text in pair]
    made = subprocess.run([oracle, "-e", MAKE, str(path), *pairs], capture_output=True, text=True)
    if made.returncode:
        pytest.skip(f"this Perl has no DB_File: {made.stderr}")
    return path


@pytest.mark.oracle
def test_reads_what_db_file_writes(table: Path) -> None:
    found = read_hash(table)
    expected = {f"filler{n}".encode(): b"x" * (n * 7) for n in range(1, 301)}
    expected |= {key.replace("NUL", "\0").encode(): value.encode() for key, value in TABLE.items()}
    assert found == expected


@pytest.mark.oracle
def test_against_the_original(agreement: Any, table: Path) -> None:
    verdicts = agreement(RULES.format(path=table), MESSAGES)
    assert sum("ACCESSDB" in verdict["hits"] for verdict in verdicts) >= 6


def test_what_is_no_table(tmp_path: Path) -> None:
    for data in (b"", b"x" * 100, b"\0" * 12 + b"\x61\x15\x06\0" + b"\0" * 100):
        with pytest.raises(NotADatabase):
            parse_hash(data)
    with pytest.raises(NotADatabase):
        read_hash(tmp_path / "none")
