"""Users' preferences: engines of recent users are kept, and what they take is bounded."""

from pathlib import Path

import pytest

from pyspamd.engine import engine as module
from pyspamd.engine.assemble import Setup, assemble
from pyspamd.engine.engine import Engine


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
