"""`pyspamd check`: its options and exit statuses, mailboxes, JSON; the filter held against the original's."""

import bz2
import gzip
import json
import lzma
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pyspamd.cli.main import main

MESSAGE = (
    b"From: Someone <some@sender.example>\nTo: other@example.org\nSubject: Test\n"
    b"Date: Mon, 1 Jan 2024 10:00:00 +0000\nMessage-Id: <1@sender.example>\n\nalpha\n"
)
SEPARATOR = b"From some@sender.example Mon Jan  1 10:00:00 2024\n"
RULES = """
loadplugin Mail::SpamAssassin::Plugin::Check
util_rb_tld com org net example test
body ALPHA /alpha/
score ALPHA 6
header ANYONE From =~ /some/
score ANYONE 0.5
report _SUMMARY_
add_header all Status _YESNO_, _TESTS_
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with rules in `rules`, messages `spam` and `ham`, and nothing in the user's home."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "rules.cf").write_text(RULES)
    (tmp_path / "site").mkdir()
    (tmp_path / "spam").write_bytes(MESSAGE)
    (tmp_path / "ham").write_bytes(MESSAGE.replace(b"alpha", b"beta"))
    return tmp_path


def check(*words: str, sources: bool = True) -> int:
    """The exit status of `pyspamd check -L` with the folder's rules."""
    return main(["check", "-L", *(["-C", "rules", "--siteconfigpath", "site"] if sources else []), *words])


def statuses(capfdbinary: pytest.CaptureFixture[bytes]) -> list[bytes]:
    """The X-Spam-Status values that were printed."""
    return re.findall(rb"^X-Spam-Status: (.*)$", capfdbinary.readouterr().out, re.MULTILINE)


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("words", "status"),
    [
        (["spam"], 0),
        (["-e", "spam"], 5),
        (["ham", "-e"], 0),
        (["-e7", "ham", "spam"], 7),
        (["--exit-code=3", "spam", "ham"], 3),
        (["absent"], 1),
        (["absent", "ham"], 0),
        (["--json", "absent", "ham"], 2),
        (["--json", "--from-list", "absent"], 2),
        (["--mbx", "ham"], 2),
        (["--nonsense"], 64),
        (["--lint"], 0),
        (["--lint", "--cf", "frobnicate"], 1),
        (["--lint", "--cf", "ok_languages en"], 0),
        (["--report", "spam"], 2),
        (["-x", "-4", "-P", "-u", "nobody", "ham", "-t"], 0),
    ],
)
def test_exit_statuses(words: list[str], status: int) -> None:
    assert check(*words) == status


@pytest.mark.usefixtures("folder")
def test_rules_that_are_not_there_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["ham"], ["--lint"]):
        assert check("-C", "absent", "--siteconfigpath", "site", *words, sources=False) == 2
        assert "no rules were found" in capsys.readouterr().err


def test_a_users_preferences_are_believed_like_the_sites(
    folder: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    (folder / "prefs").write_text("required_score 1\nheader MINE Subject =~ /Test/\nscore MINE 2\n")
    assert check("-p", "prefs", "ham") == 0
    assert statuses(capfdbinary) == [b"Yes, ANYONE,MINE"]
    assert check("-p", "prefs", "--cf", "required_score 50", "ham") == 0
    assert statuses(capfdbinary) == [b"No, ANYONE,MINE"]
    (folder / "home" / ".spamassassin").mkdir(parents=True)
    (folder / "prefs").rename(folder / "home" / ".spamassassin" / "user_prefs")
    assert check("ham") == 0
    assert statuses(capfdbinary) == [b"Yes, ANYONE,MINE"]


def test_markup_comes_off_and_the_rest_is_judged_anew(
    folder: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert check("spam") == 0
    (folder / "marked").write_bytes(capfdbinary.readouterr().out)
    assert check("-d", "marked") == 0
    assert capfdbinary.readouterr().out == MESSAGE
    assert check("-td", "marked", "--cf", "report_safe 0") == 0
    printed = capfdbinary.readouterr().out
    assert printed.startswith(b"X-Spam-Checker-Version: SpamAssassin 4.0.1 (pyspamd ")
    rows = printed.rpartition(b"\nalpha\n")[2].splitlines()
    assert sorted(rows) == [
        b"",
        b" 0.5 ANYONE                 No description available.",
        b" 6.0 ALPHA                  BODY: No description available.",
    ]


def test_files_hold_messages_in_many_ways(folder: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """An mbox's start and its last separator hold no message, nor does a line that is only like a separator."""
    ham = (folder / "ham").read_bytes()
    mbox = SEPARATOR + ham + b"\nFrom here on\n\n" + SEPARATOR + ham + b"\n"
    (folder / "a.mbox").write_bytes(mbox + SEPARATOR)
    (folder / "box").write_bytes(b"not a message\n" + mbox)
    mbx = b"*mbx*\r\n".ljust(2048, b"\0")
    for text in (ham, ham):
        mbx += b" 1-Jan-2024 10:00:00 +0000,%d;000000000000-00000001\r\n" % len(text) + text
    (folder / "m.mbx").write_bytes(mbx)
    for name, packed in (("gz", gzip.compress), ("bz2", bz2.compress), ("xz", lzma.compress)):
        (folder / f"ham.{name}").write_bytes(packed(ham))
    (folder / "mail" / "below").mkdir(parents=True)
    (folder / "mail" / "one").write_bytes(ham)
    (folder / "mail" / ".two").write_bytes(ham)
    (folder / "mail" / "below" / "three").write_bytes(ham)
    for part in ("new", "cur", "tmp"):
        (folder / "maildir" / part).mkdir(parents=True)
    (folder / "maildir" / "new" / "1.host").write_bytes(ham)
    (folder / "maildir" / "cur" / "2.host:2,S").write_bytes(ham)
    (folder / "maildir" / "cur" / "3.host:2,ST").write_bytes(ham)
    for words, messages in (
        (["a.mbox"], 2),
        (["--mbox", "box"], 2),
        ([":mbox:box"], 2),
        (["box"], 1),
        (["--mbx", "m.mbx"], 2),
        (["ham.gz", "ham.bz2", "ham.xz"], 3),
        (["mail"], 2),
        (["maildir"], 2),
    ):
        assert check(*words) == 0, words
        assert len(statuses(capfdbinary)) == messages, words


def test_json_names_every_message(folder: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    (folder / "list").write_bytes(b"ham\n\nspam\n")
    assert check("--json", "--from-list", "list", "--jobs", "2", "--facts", "spam") == 0
    lines = [json.loads(line) for line in capfdbinary.readouterr().out.splitlines()]
    assert [(line["file"], line["hits"]) for line in lines] == [
        ("spam", {"ALPHA": 6.0, "ANYONE": 0.5}),
        ("ham", {"ANYONE": 0.5}),
        ("spam", {"ALPHA": 6.0, "ANYONE": 0.5}),
    ]
    assert all(line["body_sha1"] for line in lines)
    (folder / "list").write_bytes(b"")
    assert check("--json", "--from-list", "list") == 0
    assert capfdbinary.readouterr().out == b""


@pytest.mark.usefixtures("folder")
def test_versions_and_what_is_read(capsys: pytest.CaptureFixture[str]) -> None:
    sources = ["-C", "rules", "--siteconfigpath", "site"]
    assert main(["--version"]) == 0
    assert main(["--version", "-D", *sources]) == 0
    assert main(["check", "-V"]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == printed[1]
    assert printed[2:4] == ["1 configuration files are read:", "  rules/rules.cf"]
    assert printed[4].startswith("SpamAssassin version 4.0.1 (pyspamd ")


def test_the_filter_writes_what_the_original_writes(folder: Path, oracle: str) -> None:
    """One start of each, with several messages, a user's preferences and the report after each."""
    (folder / "prefs").write_text(
        "rewrite_header Subject [_SCORE_]\nheader MINE Subject =~ /Test/\nscore MINE 2\n"
    )
    (folder / "site" / "site.pre").write_text("# nothing\n")
    words = [
        "-L",
        "-x",
        "-C",
        "rules",
        "--siteconfigpath",
        "site",
        "-p",
        "prefs",
        "-e",
        "9",
        "-t",
        "ham",
        "spam",
    ]
    script = Path("/usr/bin/spamassassin")
    if not script.exists():
        pytest.skip("external: the spamassassin script is not installed")
    theirs = subprocess.run([str(script), *words], capture_output=True)
    ours = subprocess.run([sys.executable, "-m", "pyspamd.cli.main", "check", *words], capture_output=True)
    assert ours.returncode == theirs.returncode == 9
    rows = rb"(?m)^(?:[ -]?[\d.]+ [A-Z]+ .*\n)+"
    assert [_masked(part) for part in re.split(rows, ours.stdout)] == [
        _masked(part) for part in re.split(rows, theirs.stdout)
    ]
    assert sorted(ours.stdout.count(name) for name in (b"ALPHA", b"MINE", b"ANYONE")) == sorted(
        theirs.stdout.count(name) for name in (b"ALPHA", b"MINE", b"ANYONE")
    )


def _masked(text: bytes) -> bytes:
    text = re.sub(rb"-{10}=_[0-9A-F]{8}\.[0-9A-F]{8}", b"BOUNDARY", text)
    text = re.sub(rb"(4\.0\.1) \([^)]*\) on(?: |\n\t)", rb"\1 on ", text)
    return re.sub(rb"\w{3}, +\d+ \w{3} \d{4} [\d:]{8} [+-]\d{4}", b"DATE", text)
