"""Mail goes round a whole mail system on loopback, and pyspamd says the right thing of it each time."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "topology"
MISSING = 77
VALID = {"DKIM_SIGNED", "DKIM_VALID", "DKIM_VALID_AU", "DKIM_VERIFIED"}
VERIFIED_POINTS = -1.5  # as the script's configuration has it

Told = dict[str, Any]


@pytest.fixture(scope="module")
def told() -> dict[str, Told]:
    """What the script saw, by the name of the message."""
    run = subprocess.run([SCRIPT, "--json"], capture_output=True, text=True, timeout=600)
    if run.returncode == MISSING:
        pytest.skip(f"external: {run.stderr.strip()}")
    assert run.returncode == 0, run.stderr
    return {entry["name"]: entry for entry in map(json.loads, run.stdout.splitlines())}


def hits(verdict: Told) -> set[str]:
    return set(verdict["tests"])


def test_mail_goes_out_unsigned_past_the_filter_and_is_signed_on_its_way(told: dict[str, Told]) -> None:
    trip = told["outgoing"]
    (verdict,) = trip["verdicts"]
    assert not hits(verdict) & VALID
    assert trip["signed"]


def test_unsigned_mail_comes_in(told: dict[str, Told]) -> None:
    trip = told["unsigned"]
    (verdict,) = trip["verdicts"]
    assert not hits(verdict) & VALID
    assert trip["status"].startswith("No, score=")


def test_signed_mail_comes_in_and_the_site_scores_it(told: dict[str, Told]) -> None:
    trip = told["dkim"]
    (verdict,) = trip["verdicts"]
    (unsigned,) = told["stripped"]["verdicts"]
    assert hits(verdict) >= VALID
    assert verdict["score"] <= unsigned["score"] + VERIFIED_POINTS
    assert f"score={verdict['score']} " in trip["status"]
    assert "DKIM_VERIFIED" in trip["status"]


def test_a_remembered_body_without_the_signature_is_not_verified(told: dict[str, Told]) -> None:
    (verdict,) = told["stripped"]["verdicts"]
    assert verdict["cache"] == "hit"
    assert not hits(verdict) & VALID


def test_domainkeys_come_in_and_the_site_scores_them(told: dict[str, Told]) -> None:
    trip = told["domainkeys"]
    (verdict,) = trip["verdicts"]
    assert hits(verdict) >= {"DK_SIGNED", "DK_VERIFIED"}
    assert verdict["score"] <= told["dkim"]["verdicts"][0]["score"] - 1.1  # the scores are rounded
    assert "DK_VERIFIED" in trip["status"]


def test_the_same_body_first_unsigned_then_signed_back_from_the_list(told: dict[str, Told]) -> None:
    trip = told["plain-list"]
    first, second = trip["verdicts"]
    assert not hits(first) & VALID
    assert second["cache"] == "hit"
    assert hits(second) >= VALID
    assert second["score"] <= first["score"] + VERIFIED_POINTS
    assert trip["signed"]
    assert "DKIM_VERIFIED" in trip["status"]


def test_a_footer_breaks_the_signature(told: dict[str, Told]) -> None:
    trip = told["footer-list"]
    first, second = trip["verdicts"]
    assert not hits(first) & VALID
    assert hits(second) >= {"DKIM_SIGNED", "DKIM_BROKEN"}
    assert not hits(second) & {"DKIM_VALID", "DKIM_VALID_AU", "DKIM_VERIFIED"}
    assert trip["signed"]


def test_spam_is_marked(told: dict[str, Told]) -> None:
    trip = told["spam"]
    (verdict,) = trip["verdicts"]
    assert "LOCAL_UNWANTED" in hits(verdict)
    assert trip["status"].startswith("Yes, score=")


def test_a_message_cut_short_is_scored(told: dict[str, Told]) -> None:
    (verdict,) = told["large"]["verdicts"]
    assert 64 * 1024 <= verdict["size"] < 128 * 1024
    assert told["large"]["status"].startswith("No, ")


def test_a_signature_over_what_was_cut_off_is_neither_good_nor_broken(told: dict[str, Told]) -> None:
    (verdict,) = told["large-signed"]["verdicts"]
    assert "DKIM_SIGNED" in hits(verdict)
    assert not hits(verdict) & {"DKIM_VALID", "DKIM_VERIFIED", "DKIM_BROKEN"}
    assert verdict["cache"] == "bypass"


def test_amavis_had_nothing_to_complain_about(told: dict[str, Told]) -> None:
    amavis = told["amavis"]
    assert amavis["faults"] == []
    assert amavis["originating"] == 3
    trips = [trip for name, trip in told.items() if name != "amavis" and not name.startswith("milter")]
    assert amavis["scored"] == sum(len(trip["verdicts"]) for trip in trips)


def test_spamass_milter_adds_what_pyspamd_says(told: dict[str, Told]) -> None:
    trip = told["milter-dkim"]
    (verdict,) = trip["verdicts"]
    assert hits(verdict) >= VALID
    assert trip["status"].startswith(f"No, score={verdict['score']} required=5.0 tests=")
    assert "DKIM_VERIFIED" in trip["status"]


def test_spamass_milter_marks_spam_and_refuses_more_of_it(told: dict[str, Told]) -> None:
    marked, refused = told["milter-spam"], told["milter-refused"]
    assert marked["status"].startswith("Yes, score=")
    assert "LOCAL_UNWANTED" in marked["status"]
    assert not marked["refused"]
    assert "LOCAL_REFUSED" in hits(refused["verdicts"][0])
    assert refused["refused"].startswith("550 ")
