"""The plugin that docs/plugins.md teaches, taken from the page and run."""

import re
from pathlib import Path

import pytest

from pyspamd.engine.assemble import Setup, assemble, problems_of
from pyspamd.engine.engine import Engine

PAGE = Path(__file__).resolve().parents[2] / "docs" / "plugins.md"


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    page = PAGE.read_text("utf-8")
    [code] = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    [rules] = re.findall(r"```cf\n(.*?)```", page, re.DOTALL)
    (tmp_path / "shout.py").write_text(code)
    (tmp_path / "shout.cf").write_text(rules.replace("/etc/pyspamd/", f"{tmp_path}/"))
    return assemble(Setup(files=[tmp_path / "shout.cf"], local_tests_only=True))


@pytest.mark.parametrize(
    ("subject", "hits"), [("BUY THIS NOW", True), ("Buy this now", False), ("SHORT", False), ("", False)]
)
def test_the_taught_plugin_runs(engine: Engine, subject: str, hits: bool) -> None:
    assert problems_of(engine) == []
    verdict = engine.check_sync(f"From: a@example.com\nSubject: {subject}\n\nHello\n".encode())
    assert ("SHOUTING" in verdict.test_names()) is hits


def test_a_user_may_not_load_one(engine: Engine, tmp_path: Path) -> None:
    overlaid = engine.conf.with_user(f"loadplugin Shout {tmp_path}/shout.py\n")
    assert len(overlaid.problems) == 1


@pytest.mark.parametrize("code", ["class Other: pass", "import nowhere_to_be_found", "1 +"])
def test_what_cannot_be_loaded_is_a_problem_with_file_and_line(tmp_path: Path, code: str) -> None:
    (tmp_path / "shout.py").write_text(code)
    (tmp_path / "a.cf").write_text(f"\nloadplugin Shout {tmp_path}/shout.py\nbody X /x/\n")
    engine = assemble(Setup(files=[tmp_path / "a.cf"]))
    [problem] = engine.conf.problems
    assert problem.location is not None
    assert (problem.location.file, problem.location.line) == (str(tmp_path / "a.cf"), 2)
    assert "X" in engine.rules


FAULTY = """
from pyspamd.scan.plugin import Plugin, Reads, eval_test

class Faulty(Plugin):
    @eval_test(reads=Reads.HEADER)
    def check_faulty(self, scan):
        raise {fault}

    def check_end(self, scan):
        raise {fault}
"""


@pytest.mark.parametrize("fault", ["ValueError('x')", "RecursionError", "MemoryError"])
def test_a_fault_costs_its_own_answer_and_want_of_memory_the_verdict(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, fault: str
) -> None:
    """A verdict from which rules are missing for want of memory would be wrong, and be remembered."""
    (tmp_path / "faulty.py").write_text(FAULTY.format(fault=fault))
    rules = f"loadplugin Faulty {tmp_path}/faulty.py\nheader X eval:check_faulty()\nbody Y /words/\n"
    (tmp_path / "a.cf").write_text(f"loadplugin Mail::SpamAssassin::Plugin::Check\n{rules}")
    engine = assemble(Setup(files=[tmp_path / "a.cf"], local_tests_only=True))
    assert problems_of(engine) == []
    if fault == "MemoryError":
        with pytest.raises(MemoryError):
            engine.check_sync(b"Subject: x\n\nwords\n")
        return
    assert engine.check_sync(b"Subject: x\n\nwords\n").test_names() == ["Y"]
    assert caplog.text.count("plugin fault in") == 1
    assert ": X: eval test check_faulty failed" in caplog.text
