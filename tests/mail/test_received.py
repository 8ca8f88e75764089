"""Received lines of every format, read as the original reads them, and hostile ones read at all."""

import random
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from original_relays import LINES, originals
from pyspamd.mail.received import parse_received
from pyspamd.mail.received_products import read_product
from pyspamd.mail.received_shapes import SHAPES
from pyspamd.mail.relay import Handover, Relay, Skipped

PIECES = sorted({piece for line in LINES for piece in re.findall(rb"\([^()]*\)|\[[^\]]*\]|\S+", line)})
FIELDS = ("ip", "rdns", "helo", "by", "ident", "envfrom", "id", "auth", "lc_rdns", "lc_helo", "lc_by")
FLAGS = ("no_reverse_dns", "rdns_not_in_headers", "ip_private")


def ours(line: bytes) -> dict[str, Any]:
    """What we make of `line`, in the words of the original's driver."""
    read = parse_received(line)
    if read is None:
        return {"unparseable": 1}
    if isinstance(read, Skipped):
        sender = read.envelope_from
        return {"fetched": int(read.fetched), "sender": None if sender is None else sender.decode("latin-1")}
    assert isinstance(read, Relay)
    said = {name: getattr(read, name) for name in (*FIELDS, "as_string")}
    answer: dict[str, Any] = {name: value.decode("latin-1") for name, value in said.items() if value}
    return answer | {name: 1 for name in FLAGS if getattr(read, name)}


def differing(perl: str, stock_rules: Path, lines: list[bytes]) -> list[bytes]:
    """The lines of which the original says something else."""
    calls = (["line", line.decode("latin-1")] for line in lines)
    answers = originals(perl, stock_rules, "", calls)
    return [line for line, answer in zip(lines, answers, strict=True) if ours(line) != answer]


@pytest.mark.oracle
def test_every_format_is_read_as_the_original_reads_it(oracle: str, stock_rules: Path) -> None:
    assert differing(oracle, stock_rules, LINES) == []


@pytest.mark.oracle
def test_spoilt_lines_are_read_as_the_original_reads_them(oracle: str, stock_rules: Path) -> None:
    chance = random.Random(1)
    assert differing(oracle, stock_rules, [spoilt(chance) for _ in range(4000)]) == []


def spoilt(chance: random.Random) -> bytes:
    """A line with pieces lost, doubled, swapped for those of other lines, or with an octet changed."""
    line = chance.choice(LINES)
    words = line.split(b" ")
    for _ in range(chance.randint(1, 3)):
        place = chance.randrange(len(words))
        match chance.randrange(4):
            case 0:
                words[place : place + 1] = []
            case 1:
                words.insert(place, chance.choice(PIECES))
            case 2:
                words[place] = chance.choice(PIECES)
            case 3:
                word = bytearray(words[place] or b" ")
                word[chance.randrange(len(word))] = chance.choice(b'()[]<>@:;. =,"%a1!\t\0\xe9')
                words[place] = bytes(word)
        words = words or [b"from"]
    return b" ".join(words)


def test_every_shape_has_a_line() -> None:
    seen = set()
    for line in LINES:
        body = b" ".join(line.split())[5:]
        if line.startswith(b"from ") and read_product(body, Handover()) is None:
            readers = (
                number
                for number, (word, read) in enumerate(SHAPES)
                if word in body and read(body, Handover()) is not None
            )
            seen.add(next(readers, None))
    assert seen >= set(range(len(SHAPES)))


@pytest.mark.oracle
def test_corpus_lines(corpus: Path, oracle: str, stock_rules: Path) -> None:
    lines = []
    for path in sorted(corpus.rglob("*.eml"))[::7]:
        block = path.read_bytes().replace(b"\r\n", b"\n").split(b"\n\n", 1)[0] + b"\n"
        lines += re.findall(rb"^received[ \t]*:(.*?\n)(?![ \t])", block, re.S | re.M | re.I)
    assert len(lines) > 1000
    assert len(differing(oracle, stock_rules, lines)) == 0


WORDS = st.sampled_from([*PIECES, b"from", b"by", b"with", b"(", b")", b"["]) | st.binary(max_size=8)


@given(st.lists(WORDS))
def test_no_line_raises(words: list[bytes]) -> None:
    for line in (b" ".join(words), b"from " + b" ".join(words), b"".join(words)):
        read = parse_received(line)
        if isinstance(read, Relay):
            assert not re.search(rb"[\s\0#\[\]()<>|]", read.ip + read.rdns + read.helo + read.by + read.ident)


UNITS = b"([,] (,@,a@,(a@1.2.3.4), by ,by,; , (a),]) (AUTH: PLAIN a ,1:,[,)) (] (".split(b",")
STARTS = b"from x (,from x (y [192.0.2.1]) ,from x (HELO y) (,from aol.com authenticated ".split(b",")


@pytest.mark.parametrize("unit", UNITS)
def test_repetition_does_not_hold_the_reader_up(unit: bytes) -> None:
    # Quadratic matching would take minutes on lines of this length, exponential matching for ever.
    filler = unit * (200_000 // len(unit))
    for start in STARTS:
        for end in (b"", b" by mx.example.net with SMTP", b") by mx.example.net (x)"):
            assert ours(start + filler + end)
