"""Users' preferences: engines of recent users are kept, and what they take is bounded."""

import time
from pathlib import Path

import pytest

from pyspamd.engine import engine as module
from pyspamd.engine.assemble import Setup, assemble
from pyspamd.engine.engine import Engine
from pyspamd.engine.rewrite import report, rewritten


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    (tmp_path / "rules.cf").write_text("body HELLO /hello/\nscore HELLO 1\n")
    return assemble(Setup(files=[tmp_path / "rules.cf"], local_tests_only=True))


def test_a_users_engine_is_made_once(engine: Engine) -> None:
    first = engine.for_user("score HELLO 2\n", "user_prefs")
    assert engine.for_user("score HELLO 3\n", "user_prefs") is not first
    assert engine.for_user("score HELLO 2\n", "user_prefs") is first
    assert engine.for_user(" \n", "user_prefs") is engine


def test_no_more_engines_are_kept_than_there_is_room_for(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "USERS_KEPT", 3)
    kept = [engine.for_user(f"score HELLO {n}\n", "user_prefs") for n in range(3)]
    assert engine.for_user("score HELLO 0\n", "user_prefs") is kept[0]
    engine.for_user("score HELLO 4\n", "user_prefs")
    assert engine.for_user("score HELLO 0\n", "user_prefs") is kept[0]
    assert engine.for_user("score HELLO 1\n", "user_prefs") is not kept[1]  # the longest unused went


def test_long_preferences_push_others_out(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "USERS_TEXT_KEPT", 2_000)
    small = engine.for_user("score HELLO 2\n", "user_prefs")
    long = "welcomelist_from friend@example.com\n" * 60
    engine.for_user(long, "user_prefs")
    assert engine.for_user("score HELLO 2\n", "user_prefs") is not small


HOSTILE = {
    "networks": "".join(f"trusted_networks 10.{n // 256}.{n % 256}.1\n" for n in range(30_000)),
    "internal networks": "trusted_networks 10/8\n"
    + "".join(f"internal_networks 10.{n // 256}.{n % 256}.1\n" for n in range(30_000)),
    "networks that exclude": "".join(f"trusted_networks !10.{n // 256}.{n % 256}.1\n" for n in range(30_000)),
    "headers": "".join(f"add_header all N{n} _REPORT_ _PREVIEW_\n" for n in range(20_000)),
    "a report": f"clear_report_template\nreport {'_SUMMARY__PREVIEW_' * 50_000}\n",
    "scores": "".join(f"score RULE_{n} 1\n" for n in range(40_000)),
    "lists": "".join(f"welcomelist_from *{n}*{n}*@*.example\n" for n in range(25_000)),
    "nothing that is known": "x\n" * 40_000,
    "ifs": "if (version > 3)\n" * 30_000,
    "a deep condition": f"if {'(' * 50_000}1{')' * 50_000}\nendif\n",
    "a long condition": f"if {'1 && ' * 50_000}1\nendif\n",
    "numbers": f"required_score {'9' * 100_000}\nscore HELLO {'1' * 100_000}\n",
}
"""Preferences that a hostile user might write, up to a megabyte, which is the most that is read."""


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_preferences_cost_seconds_at_most(engine: Engine, kind: str) -> None:
    begun = time.process_time()
    verdict = engine.for_user(HOSTILE[kind][: 2**20], "user_prefs").check_sync(b"Subject: x\n\nhello\n" * 100)
    size = len(rewritten(verdict)) + len(report(verdict))
    assert time.process_time() - begun < 60
    assert "HELLO" in verdict.test_names()
    assert size < 5 * 2**20


def test_mistakes_in_preferences_do_not_fill_the_log(
    engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    engine.for_user("x\n" * 1000, "user_prefs")
    assert len(caplog.records) <= 21
    assert "1000 problems in all" in caplog.text


def test_preferences_include_no_other_file(engine: Engine, tmp_path: Path) -> None:
    """It would be read with the rights of the server, and its lines would be in the log."""
    (tmp_path / "other.cf").write_text("score HELLO 7\n")
    user = engine.for_user(f"include {tmp_path}/other.cf\n", "user_prefs")
    assert user.check_sync(b"Subject: x\n\nhello\n").score == 1
    assert [problem.text for problem in user.conf.problems] == [
        "include is for administrators and is not read from user preferences."
    ]
