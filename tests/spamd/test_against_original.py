"""The wire held against the original: the same rules, the same bytes sent to spamd 4.0.1 and to ours.

Masked are the host's name, the version, dates and boundaries; nothing else.
"""

import os
import random
import re
import shutil
import subprocess
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from processes import eventually

RULES = """\
required_score 5
use_bayes 0
report_safe 1
clear_headers
add_header spam Flag _YESNOCAPS_
add_header all Level _STARS(*)_
add_header all Status "_YESNO_, score=_SCORE_ required=_REQD_ tests=_TESTS_ autolearn=_AUTOLEARN_ version=4"
clear_report_template
report What was found:
report Content preview:  _PREVIEW_
report Content analysis details:   (_SCORE_ points, _REQD_ required)
report  pts rule name              description
report ---- ---------------------- --------------------------------------------------
report _SUMMARY_
body NASTY /nasty words/
describe NASTY Words that are nasty
score NASTY 7.25
header HAS_SUBJECT exists:Subject
describe HAS_SUBJECT There is a subject
score HAS_SUBJECT 1.3
body ALMOST /almost words/
score ALMOST 3.68
"""
PRE = "loadplugin Mail::SpamAssassin::Plugin::Check\n"

HAM = b"From: a@example.com\nTo: b@example.net\nSubject: x\nMessage-ID: <1@example.com>\n\nbody\n"
SPAM = HAM + b"\nsome nasty words\n"
ALMOST = HAM + b"almost words\n"
MESSAGES = {
    "ham": HAM,
    "spam": SPAM,
    "almost": ALMOST,
    "crlf": SPAM.replace(b"\n", b"\r\n"),
    "without end": SPAM.rstrip(),
    "empty": b"",
    "headers only": b"Subject: x\nFrom: a@example.com\n",
    "mbox": b"From a@example.com Mon Jun  1 10:00:00 2026\n" + SPAM,
    "binary": b"Subject: x\n\n" + bytes(range(256)) * 4 + b"\n",
}
VERBS = ("CHECK", "SYMBOLS", "REPORT", "REPORT_IFSPAM", "HEADERS", "PROCESS")
VERSIONS = ("1.0", "1.1", "1.2", "1.3", "1.4", "1.5", "1.9", "2.0", "", "x", "1.3junk")


def framed(verb: str, version: str, message: bytes, head: bytes = b"") -> bytes:
    if version in ("1.0", "", "x"):
        return f"{verb} SPAMC/{version}\r\n".encode() + message
    length = b"Content-length: %d\r\n" % len(message)
    return f"{verb} SPAMC/{version}\r\n".encode() + head + length + b"\r\n" + message


def requests() -> Iterator[bytes]:
    for verb in VERBS:
        for version in VERSIONS:
            yield framed(verb, version, SPAM)
            yield framed(verb, version, HAM)
        for message in MESSAGES.values():
            yield framed(verb, "1.5", message)
            yield framed(verb, "1.2", message)
    yield from (
        b"",
        b"\r\n",
        b"\n",
        b"PING SPAMC/1.5\r\n\r\n",
        b"PING SPAMC/1.5\r\n",
        b"PING SPAMC/1.2\r\n",
        b"PING SPAMC/1.2",
        b"SKIP SPAMC/1.5\r\n\r\n",
        b"SKIP SPAMC/1.2\r\n",
        b"PINGSPAMC/1.2\r\n",
        b"ping SPAMC/1.2\r\n",
        b"CHECK SPAMC\r\n",
        b"CHECK  SPAMC/1.5\r\n",
        b"check CHECK SPAMC/1.5\r\nContent-length: 3\r\n\r\nabc",
        b"CHECK SPAMC/1.5",
        b"CHECK SPAMC/1.5\r\n",
        b"CHECK SPAMC/1.5\n\n",
        b"CHECK SPAMC/1.5\n\r\n" + HAM,
        b"CHECK SPAMC/1.5\r\nContent-length\r\n\r\n" + HAM,
        b"CHECK SPAMC/1.5\r\n: x\r\n\r\n" + HAM,
        b"CHECK SPAMC/1.5\r\nA:\r\nB: \r\nC:d\r\n\r\n" + HAM,
        b"CHECK SPAMC/1.5\r\nUser: joe\n\r\n" + HAM,
        b"CHECK SPAMC/1.5\r\nUser: \r\n\r\n" + HAM,
        b"CHECK SPAMC/1.5\r\nUser: a\tb\r\n\r\n" + HAM,
        b"CHECK SPAMC/1.5\r\nUser: \xff\xfe\r\n\r\n" + HAM,
        b"CHECK SPAMC/1.5\r\nContent-length: %d\n\r\n%b" % (len(HAM), HAM),
        b"CHECK SPAMC/1.5\r\nContent-length: %d \r\n\r\n%b" % (len(HAM), HAM),
        b"CHECK SPAMC/1.5\r\nContent-length:\t %d\r\n\r\n%b" % (len(HAM), HAM),
        b"CHECK SPAMC/1.5\r\nContent-length: 000%d\r\n\r\n%b" % (len(HAM), HAM),
        b"CHECK SPAMC/1.5\r\nContent-length: -1\r\n\r\n" + HAM,
        b"CHECK SPAMC/1.5\r\nContent-length: +5\r\n\r\n" + HAM,
        b"CHECK SPAMC/1.5\r\nContent-length: 1e2\r\n\r\n" + HAM,
        b"CHECK SPAMC/1.5\r\nContent-length:\r\n\r\n" + HAM,
        b"CHECK SPAMC/1.5\r\nContent-length:\r\n\r\n",
        b"CHECK SPAMC/1.5\r\nContent-length: 0\r\n\r\n" + HAM,
        b"CHECK SPAMC/1.5\r\nContent-length: 0\r\n\r\n",
        b"CHECK SPAMC/1.5\r\nContent-length: 0012\r\n\r\n" + HAM,
        *(b"CHECK SPAMC/1.5\r\nContent-length: %d\r\n\r\n%b" % (n, HAM) for n in range(1, 90, 4)),
        b"CHECK SPAMC/1.5\r\nContent-length: 5000\r\n\r\n" + HAM,
        b"CHECK SPAMC/1.5\r\nContent-length: 7\r\nContent-length: %d\r\n\r\n%b" % (len(HAM), HAM),
        b"CHECK SPAMC/1.5\r\n" + b"A: b\r\n" * 255 + b"\r\n" + HAM,
        b"CHECK SPAMC/1.5\r\n" + b"A: b\r\n" * 256 + b"\r\n" + HAM,
        b"CHECK SPAMC/1.5\r\n\r\n" + HAM,
        b"CHECK SPAMC/1.2\r\n\r\n" + HAM.rstrip(),
        b"SYMBOLS SPAMC/1.5\r\nCompress: gzip\r\nContent-length: 3\r\n\r\nabc",
        b"SYMBOLS SPAMC/1.5\r\nCompress: zlib\r\n\r\nabc",
        b"SYMBOLS SPAMC/1.5\r\nCompress: x-ZLIB-x\r\nContent-length: 3\r\n\r\nabc",
        b"TELL SPAMC/1.5\r\nSet: local\r\nRemove: local\r\n\r\n" + HAM,
        b"TELL SPAMC/1.5\r\nSet: remote\r\nRemove: local, remote\r\n\r\n" + HAM,
        framed("TELL", "1.5", HAM, b"Message-class: spam\r\n"),
        framed("TELL", "1.2", HAM, b"Message-class: \r\nSet: nothing\r\n"),
        framed("XTELL", "1.5", HAM),
    )
    for message in (SPAM, HAM, b"", SPAM + b"\n\n\n"):
        data = zlib.compress(message)
        for tail in (b"", b"rest"):
            yield framed("SYMBOLS", "1.5", data, b"Compress: zlib\r\n") + tail
        yield b"SYMBOLS SPAMC/1.5\r\nCompress: zlib\r\nContent-length: 9999\r\n\r\n" + data
        yield b"SYMBOLS SPAMC/1.5\r\nCompress: zlib\r\nContent-length: %d\r\n\r\n%b" % (len(data) - 3, data)


def masked(answer: bytes) -> bytes:
    answer = re.sub(rb"----------=_[0-9A-F]{8}\.[0-9A-F]{8}", b"BOUNDARY", answer)
    answer = re.sub(rb"Received: from localhost by .*\r?\n\twith .*\r?\n\t.*\r?\n", b"RECEIVED\n", answer)
    answer = re.sub(rb"(?<=X-Spam-Checker-Version:)[^\r\n]*(?:\r?\n\t[^\r\n]*)*", b"", answer)
    if b"RECEIVED" in answer or b"Checker-Version" in answer:
        answer = re.sub(rb"Content-length: \d+", b"Content-length: N", answer)
    return answer


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rules")
    (folder / "tiny.cf").write_text(RULES)
    (folder / "tiny.pre").write_text(PRE)
    folder.chmod(0o755)  # spamd reads its rules as nobody
    return folder


@pytest.fixture(scope="module")
def pair(oracle: str, rules: Path, servers: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The original and ours, on the same rules."""
    spamd = shutil.which("spamd") or "/usr/sbin/spamd"
    if not Path(spamd).exists():
        pytest.skip("external: spamd is not installed")
    configuration = ["-C", str(rules), "--siteconfigpath", str(rules)]
    options = [*configuration, "-L", "-x", "-m", "1", "-s", "stderr", "--allow-tell"]
    options += ["-u", "nobody"] if os.geteuid() == 0 else []
    with (
        servers(tmp_path_factory.mktemp("original"), [spamd, *options]) as theirs,
        servers(
            tmp_path_factory.mktemp("ours"),
            [sys.executable, "-m", "pyspamd", "serve", "--cache-dir=", *options],
        ) as ours,
    ):
        yield theirs, ours


@pytest.mark.oracle
def test_every_answer_is_the_originals(pair: Any) -> None:
    theirs, ours = pair
    different = []
    for data in requests():
        wanted, got = masked(theirs.ask(data)), masked(ours.ask(data))
        if wanted != got:
            different.append((data[:120], wanted, got))
    assert not different, f"{len(different)} answers differ, such as {different[:4]}"


# Requests put together by chance

ENDS = [b"\r\n"] * 12 + [b"\n"] * 2 + [b"\r", b"", b"\n\r", b"\r\r\n"]
ODD_VERBS = (
    b"check",
    b"CHECKS",
    b"XCHECK",
    b"REPORT_IFHAM",
    b"",
    b" PROCESS",
    b"TELLPING",
    b"PING CHECK",
    b"\0CHECK",
)
ODD_VERSIONS = (
    b"1.0|1.1|1.6|2|10||0|-1|1|1.5 | 1.5|x|1.2x|.5|1.|+1.5|1e1|0x2|1_5|inf|nan|INFx|1.5\r|\xff".split(b"|")
)
VALUES = {
    b"User": b"nobody|root||a b|\xc3\xa9|a\tb|a\x7fb|a\rb|../..|u@example.com|0|a:b".split(b"|"),
    b"Compress": b"zlib|ZLIB|gzip||xzlibx".split(b"|"),
    b"Set": b"local|remote|local, remote|LOCAL||none".split(b"|"),
    b"Remove": b"local|remote|local,remote|Remote||x".split(b"|"),
    b"Message-class": b"spam|ham|SPAM||egg".split(b"|"),
    b"DelAlways": b"1||yes".split(b"|"),
}
ODD_HEADERS = (
    b"no colon|:|: v|a:|a :b| User: x|\0: \0|a:b:c|\r|-|User :nobody|User:nobody|User:\r x|X: y".split(b"|")
)


def header_by_chance(chance: random.Random, length: int) -> bytes:
    kind = chance.randrange(10)
    if kind < 3:
        odd = (b"0", b"", b"x", b"-3", b"1 2", b"77", b"%d " % length, b"00%d" % length, b"%d\t" % length)
        near = (b"%d" % length, b"%d" % (length + 1), b"%d" % max(0, length - 1))
        return b"Content-length:" + chance.choice([b" ", b"", b"  "]) + chance.choice([*near * 3, *odd])
    if kind < 5:
        return chance.choice(ODD_HEADERS)
    name = chance.choice(list(VALUES))
    return name + b": " + chance.choice(VALUES[name])


def request_by_chance(chance: random.Random) -> bytes:
    message = chance.choice([HAM, SPAM, b"", b"\n", b"Subject: x\n\none\ntwo\n", b"a\r\nb\r\n\r\nc\r\n"])
    if is_compressed := chance.random() < 0.15:
        message = zlib.compress(message)
        broken = [message[:-3], message + b"more", b"", message[:5] + b"\0" + message[6:]]
        message = chance.choice([message] * 4 + broken)
    verb = chance.choice([*VERBS, "PING", "SKIP", "TELL"]).encode()
    verb = chance.choice(ODD_VERBS) if chance.random() < 0.05 else verb
    version = (
        chance.choice(ODD_VERSIONS) if chance.random() < 0.2 else chance.choice([b"1.2", b"1.3", b"1.5"])
    )
    protocol = chance.choice([b" SPAMC/"] * 12 + [b" spamc/", b" SPAMC", b"  SPAMC/"])
    headers = [header_by_chance(chance, len(message)) for _ in range(chance.choice([0, 0, 1, 1, 2, 3, 5]))]
    if is_compressed:
        headers.append(b"Compress: zlib")
    if is_compressed or chance.random() < 0.5:
        headers.insert(chance.randrange(len(headers) + 1), b"Content-length: %d" % len(message))
    head = b"".join(line + chance.choice(ENDS) for line in (verb + protocol + version, *headers))
    blank = chance.choice([b"\r\n"] * 9 + [b"\n", b"", b"\r"])
    return head + blank + message + chance.choice([b""] * 9 + [b"\n", b"more\n", b"x"])


@pytest.mark.oracle
@pytest.mark.parametrize("seed", range(4))
def test_requests_put_together_by_chance(pair: Any, seed: int) -> None:
    """What differs on purpose is not put together: a compressed message comes back as sent, not with other ends."""
    theirs, ours = pair
    chance = random.Random(seed)
    for _ in range(250):
        data = request_by_chance(chance)
        wanted, got = (without_last_lines(masked(server.ask(data)), data) for server in (theirs, ours))
        assert got == wanted, data


def without_last_lines(answer: bytes, data: bytes) -> bytes:
    return answer.rstrip(b"\r\n") if b"zlib" in data else answer


@pytest.mark.oracle
def test_spamc_makes_the_same_of_both(pair: Any, spamc: str) -> None:
    for options in (
        "-c", "-y", "-r", "-R", "--headers", "", "-E", "-E -r", "-E -R", "-E --headers", "-E -y", "-K",
        "-x -s 20", "-s 20", "-c -s 20", "-l -c", "-B", "-u somebody -c", "-C report",
        "-C revoke", "-L forget",
    ):  # fmt: skip
        for message in (HAM, SPAM, ALMOST, SPAM.replace(b"\n", b"\r\n"), b""):
            wanted, got = (
                subprocess.run(
                    [spamc, "-p", str(server.port), *options.split()],
                    input=message,
                    capture_output=True,
                    timeout=30,
                )
                for server in pair
            )
            assert (got.returncode, masked(got.stdout), got.stderr) == (
                wanted.returncode,
                masked(wanted.stdout),
                wanted.stderr,
            ), (options, message)


RESULT = re.compile(
    r"(?<=scantime=)[\d.]+|(?<=rport=)\d+|(?<=\]:)\d+|(?<=port )\d+|(?<=fd )\d+|(?<=in )[\d.]+|(?<=uid=)\d+"
)


@pytest.mark.oracle
def test_the_log_says_the_same(pair: Any) -> None:
    lines = []
    for server in pair:
        begin = len(server.log())
        server.check(SPAM, "PROCESS", b"User: joe\r\n")
        server.check(HAM.replace(b"<1@", b"(a (b) c) <1,2\x01 3@"))
        server.check(
            HAM.replace(b"Message-ID: <1@example.com>", b"Resent-message-id:\n  <r@x>\nMessage-Id:   x y")
        )
        server.ask(b"nonsense \x80\r\n")
        server.check(HAM, "TELL", b"User: joe\r\n")
        server.ask(b"SKIP SPAMC/1.2\r\n")
        assert eventually(lambda s=server, b=begin: "skipped large" in s.log()[b:])
        told = [line.partition("] ")[2] for line in server.log()[begin:].splitlines()]
        said = [RESULT.sub("N", line) for line in told if "spamd: " in line and "child" not in line]
        lines.append([re.sub(r",cache=\w+$|(?<=joe:)\d+|(?<=\(unknown\):)\d+", "", line) for line in said])
    assert lines[0] == lines[1]
