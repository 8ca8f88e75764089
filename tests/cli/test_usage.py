"""How the commands answer to wrong usage, and what they say of themselves."""

import gzip
import json
from pathlib import Path

import pytest

from pyspamd import __version__
from pyspamd.cli.main import VERBS, main

MAIL = "Return-Path: <a@example.com>\nFrom: a@example.com\nSubject: {}\n\nHello.\n"
SEPARATOR = "From a@example.com Mon Apr  1 10:00:00 2024\n"
USAGE = 64


@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_has_a_help(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([verb, "--help"]) == 0
    said = capsys.readouterr().out
    assert said.startswith(f"usage: pyspamd {verb} ")
    assert "--siteconfigpath" in said


def test_the_help_names_each_verb(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    said = capsys.readouterr().out
    assert all(f"\n    {verb} " in said for verb in VERBS)


@pytest.mark.parametrize("arguments", [["version"], ["--version"], ["--version", "-D"], ["version", "-D"]])
def test_version(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 0
    first, *more = capsys.readouterr().out.splitlines()
    assert first == f"pyspamd {__version__} (to rules and clients SpamAssassin 4.0.1)"
    assert bool(more) == ("-D" in arguments)


@pytest.mark.parametrize(
    ("arguments", "prog", "named"),
    [
        ([], "pyspamd", "VERB"),
        (["bogus"], "pyspamd", "bogus"),
        (["check", "--bogus", "message"], "pyspamd check", "--bogus"),
        (["serve", "stray"], "pyspamd serve", "stray"),
        (["verify"], "pyspamd verify", "MESSAGE"),
        (["lint", "--format", "yaml"], "pyspamd lint", "yaml"),
    ],
)
def test_wrong_usage_is_told_by_the_verb(
    arguments: list[str], prog: str, named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == USAGE
    said = capsys.readouterr().err
    last = said.splitlines()[-1]
    assert said.startswith(f"usage: {prog} [")
    assert last.startswith(f"{prog}: error: ")
    assert named in last


def test_check_has_nothing_to_judge(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "-L", str(tmp_path)]) == 1
    assert capsys.readouterr().err == "pyspamd check: there is no message to judge\n"


def test_options_for_programs_need_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "-L", "--jobs", "2", "message"]) == 2
    assert capsys.readouterr().err == "pyspamd check: --facts and --jobs go with --json\n"


def test_a_packed_mbox_holds_the_same_messages(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = "".join(f"{SEPARATOR}{MAIL.format(subject)}\n" for subject in ("one", "FREE MONEY NOW", "three"))
    (tmp_path / "plain.mbox").write_text(text)
    (tmp_path / "packed.mbox.gz").write_bytes(gzip.compress(text.encode()))
    hits = []
    for name in ("plain.mbox", "packed.mbox.gz"):
        assert main(["check", "-L", "--json", str(tmp_path / name)]) == 0
        verdicts = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        hits.append([verdict["hits"] for verdict in verdicts])
        assert [Path(verdict["file"]).name.removeprefix(name) for verdict in verdicts] == [
            f".{at}" for at in (0, text.index(SEPARATOR, 1), text.rindex(SEPARATOR))
        ]
    assert hits[0] == hits[1]
    assert hits[0][0] != hits[0][1]


def test_lint_of_an_empty_folder_does_not_read_something_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["lint", str(tmp_path)]) == 2
    assert capsys.readouterr().err == f"pyspamd lint: no *.pre and no *.cf files in {tmp_path}\n"


def test_lint_counts_in_plain_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "one.cf").write_text("body GOOD /x/\nfrobnicate yes\n")
    assert main(["lint", str(tmp_path)]) == 1
    said = capsys.readouterr()
    assert said.err == "1 problem in 1 file with 1 rule\n"
    assert said.out.startswith(f"{tmp_path}/one.cf:2:")
