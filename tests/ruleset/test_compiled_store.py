"""What is kept between starts says the same as what is worked out anew, and is trusted only where it may be."""

import hashlib
import marshal
import os
import random
import shutil
from pathlib import Path
from typing import Any

import pytest

from pyspamd.conf.conditions import Facts
from pyspamd.conf.grammar import parse_lines
from pyspamd.conf.rules import EvalCall
from pyspamd.engine.assemble import Setup, assemble, problems_of
from pyspamd.perlre.gates import gate_of
from pyspamd.perlre.regex import RegexError
from pyspamd.ruleset import compiled_store
from pyspamd.ruleset.compiled_store import CompiledStore
from pyspamd.ruleset.meta_expression import MetaError

TEXT = "body FOO /foo|bar/i\n# a note\nlang de describe FOO \xfcber\nmeta X (FOO + 2 > 1) # so\n"
PATTERNS = (("caf\xe9|tea", "i"), ("(?<a>x)|(?<a>y)", ""), ("viagra|cialis", "i"), (".", ""))
METAS = ("A && (B + C > 2)", "!A", "A || B", "()", "local_tests_only + 1")


CONDITIONS = ("plugin(Here) && version >= 3.004", "1 + 2 * -1 > 5 || !1", "!plugin(There) && (1 < 2 < 3)")
CALLS = ("f(1, 'a,b')", "g()", "h(")


def stored(file: Path) -> CompiledStore:
    """A store read back from what another one wrote of TEXT, PATTERNS and METAS."""
    store = CompiledStore(file)
    list(store.statements(TEXT))
    for condition in CONDITIONS:
        store.condition(condition)
    for call in CALLS:
        store.eval_call(call)
    store.gate([store.regex(*each) for each in PATTERNS], "text")
    for expression in METAS:
        store.meta(expression, "X")
    store.save()
    assert file.exists()
    return CompiledStore(file)


def test_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    again = stored(tmp_path / "rules")
    expected = parse_lines(TEXT)

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("worked out anew")

    for name in ("parse_lines", "parse_condition", "parse_eval", "compile_regex", "gate_of", "compile_meta"):
        monkeypatch.setattr(compiled_store, name, refuse)
    assert list(again.statements(TEXT)) == expected
    facts = Facts(plugin=lambda name: name == "Here")
    assert [again.condition(each).holds(facts) for each in CONDITIONS] == [True, False, True]
    assert [again.eval_call(each) for each in CALLS] == [EvalCall("f", ("1", "a,b")), EvalCall("g"), None]
    regexes = [again.regex(*each) for each in PATTERNS]
    assert [regex.matches(b"CAF\xc9") for regex in regexes] == [True, False, False, True]
    gate = again.gate(regexes, "text")
    assert gate.candidates(b"a tea") == {0, 1, 3} - ({1} if gate_of(*PATTERNS[1]) else set())
    values = {"A": 1, "B": 2, "C": 1}
    answers = [again.meta(each, "X").evaluate(values) for each in METAS]
    assert [bool(each) for each in answers] == [True, False, True, False, True]
    assert again.meta(METAS[0], "X").names == ("A", "B", "C")
    assert again.meta("()", "X").is_declaration


def test_the_folder_is_for_nobody_else(tmp_path: Path) -> None:
    stored(tmp_path / "kept" / "rules")
    assert (tmp_path / "kept").stat().st_mode & 0o077 == 0
    assert (tmp_path / "kept" / "rules").stat().st_mode & 0o077 == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_file_of_somebody_else_is_not_read(tmp_path: Path, caplog: Any) -> None:
    """Or whoever may write there could have code run."""
    file = tmp_path / "rules"
    stored(file)
    os.chown(file, 65534, -1)
    before = file.read_bytes()
    store = CompiledStore(file)
    assert "belongs to somebody else" in caplog.text
    assert store.regex("new", "").matches(b"a new one")
    store.save()
    assert file.read_bytes() == before


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "text", "old", "other"])
def test_damaged_files_are_as_good_as_none(tmp_path: Path, damage: str) -> None:
    file = tmp_path / "rules"
    stored(file)
    whole = file.read_bytes()
    body = bytearray(whole.partition(b"\n")[2])
    if damage == "flipped":
        body[random.Random(1).randrange(len(body))] ^= 1
        file.write_bytes(whole.partition(b"\n")[0] + b"\n" + bytes(body))
    elif damage in ("old", "other"):
        data = {**marshal.loads(bytes(body)), "versions": "another"} if damage == "old" else ["no", "mapping"]
        other = marshal.dumps(data)
        file.write_bytes(hashlib.sha256(other).hexdigest().encode() + b"\n" + other)
    else:
        file.write_bytes({"cut": whole[: len(whole) // 2], "empty": b"", "text": b"rules\n"}[damage])
    again = CompiledStore(file)
    assert again.regex("caf\xe9|tea", "i").matches(b"TEA")
    assert list(again.statements(TEXT)) == parse_lines(TEXT)
    again.save()
    assert CompiledStore(file).regex("caf\xe9|tea", "i").matches(b"TEA")


def test_faults_are_not_kept(tmp_path: Path) -> None:
    store = CompiledStore(tmp_path / "rules")
    for _ in range(2):
        with pytest.raises(RegexError):
            store.regex("(open", "")
        with pytest.raises(MetaError):
            store.meta("A &&", "X")
    store.save()
    assert not (tmp_path / "rules").exists()


def test_a_folder_that_cannot_be_made_is_no_fault(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    store = CompiledStore(tmp_path / "file" / "rules")
    assert store.regex("a", "").matches(b"a")
    store.save()


def test_after_saving_nothing_gathers(tmp_path: Path) -> None:
    """Preferences of a million users are read with the site's store."""
    store = stored(tmp_path / "rules")
    store.save()
    assert store.regex("one user's", "").matches(b"one user's rule")
    assert store.meta("A", "X").names == ("A",)
    assert all(not kept.used and not kept.old for kept in store._kinds.values())
    assert not store._made


@pytest.mark.oracle
def test_a_second_start_judges_alike(stock_rules: Path, tmp_path: Path) -> None:
    """The stock rules with what a first start left, against none."""
    setup = Setup(stock=True, local_tests_only=True)
    message = (
        b"Received: from a.example (a.example [192.0.2.1]) by b.example\nSubject: V1AGRA\n\nfree money now\n"
    )
    verdicts = []
    for folder in (tmp_path / "kept", tmp_path / "kept", None):
        engine = assemble(setup, compiled=folder)
        verdict = engine.check_sync(message)
        problems = [str(problem) for problem in problems_of(engine)]
        verdicts.append((verdict.score, verdict.test_names(), dict(verdict.subtests), problems))
    assert verdicts[0] == verdicts[1] == verdicts[2]
    shutil.rmtree(tmp_path / "kept")
