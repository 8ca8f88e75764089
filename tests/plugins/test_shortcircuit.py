"""Shortcircuit: which rules no longer run, and what the verdict says of it."""

from typing import Any

import pytest

RULES = """
loadplugin Mail::SpamAssassin::Plugin::Shortcircuit
loadplugin Mail::SpamAssassin::Plugin::MIMEHeader
loadplugin Mail::SpamAssassin::Plugin::Bayes
use_bayes 1
header   SHORTCIRCUIT eval:check_shortcircuit()
describe SHORTCIRCUIT The scan was cut short
tflags   SHORTCIRCUIT userconf noautolearn
header   __EARLY  Subject =~ /early/
priority __EARLY  -500
header   BEFORE   Subject =~ /\\S/
priority BEFORE   -600
header   FRIEND   X-Friend =~ /yes/
header   __SUB    X-Sub =~ /yes/
header   SOLID    X-Solid =~ /yes/
score    SOLID    -3
header   SURE     X-Sure =~ /yes/
score    SURE     7.5
priority SURE     -300
header   OTHER    From =~ /\\S/
body     WORD     /word/
score    WORD     0.5
rawbody  RAW      /word/
full     FULL     /word/
uri      LINK     /example/
mimeheader TEXT   Content-Type =~ /text/
meta     BOTH     __EARLY && BEFORE
priority BOTH     -400
meta     LATE     OTHER || WORD
header   BODYLATE X-Late =~ /yes/
shortcircuit WORD on
"""
TAGS = ("SC", "SCRULE", "SCTYPE")
BODY = "\nsome word and http://www.example.com/x\n"


def mail(*fields: str) -> bytes:
    return ("From: a@example.com\nTo: b@example.org\n" + "".join(f + "\n" for f in fields) + BODY).encode()


MESSAGES = [
    mail("Subject: none"),
    mail("Subject: early"),
    mail("Subject: none", "X-Friend: yes"),
    mail("Subject: none", "X-Sub: yes"),
    mail("Subject: none", "X-Solid: yes"),
    mail("Subject: none", "X-Sure: yes", "X-Solid: yes"),
    mail("Subject: none", "X-Late: yes"),
]


@pytest.mark.oracle
@pytest.mark.parametrize(
    "lines",
    [
        "",
        "shortcircuit WORD off\n",
        "shortcircuit WORD off\nshortcircuit FRIEND ham\nshortcircuit __SUB spam\nshortcircuit SOLID on\n",
        "shortcircuit BOTH on\nshortcircuit __EARLY off\n",
        "shortcircuit BOTH ham\nshortcircuit_ham_score -7\n",
        "shortcircuit SURE spam\nshortcircuit_spam_score 30\nshortcircuit SOLID ham\n",
        "shortcircuit SURE spam\nshortcircuit_spam_score 0\n",
        "shortcircuit OTHER on\n",
        "shortcircuit LATE on\nshortcircuit WORD off\n",
        "shortcircuit WORD off\nshortcircuit RAW on\n",
        "shortcircuit WORD off\nshortcircuit FULL spam\npriority FULL 100\npriority RAW 200\n",
        "shortcircuit WORD off\nshortcircuit LINK on\npriority RAW 1\n",
        "shortcircuit WORD off\nshortcircuit TEXT on\npriority TEXT -20\n",
        "shortcircuit BEFORE ham\ntflags BEFORE net\n",
        "tflags SOLID nice\nshortcircuit SOLID spam\npriority SOLID 0\n",
        "shortcircuit WORD off\nshortcircuit_max_spam_score 5\npriority OTHER -100\npriority LINK -50\n",
        "shortcircuit WORD off\nshortcircuit_min_ham_score -2\npriority SOLID -300\npriority OTHER -100\n",
    ],
)
def test_against_the_original(agreement: Any, lines: str) -> None:
    agreement(RULES + lines, MESSAGES, tags=TAGS)


@pytest.mark.oracle
def test_what_is_cut_short(agreement: Any) -> None:
    (verdict,) = agreement(RULES + "shortcircuit SURE spam\n", [mail("Subject: x", "X-Sure: yes")], tags=TAGS)
    assert set(verdict["hits"]) == {"SHORTCIRCUIT", "SURE", "BEFORE"}
    assert verdict["score"] == 108.5
    assert verdict["tags"] == {"SC": "SURE (spam)", "SCRULE": "SURE", "SCTYPE": "spam"}
    assert verdict["autolearn"] == "disabled"


def test_bad_lines_are_told(tmp_path: Any) -> None:
    from pyspamd.engine.assemble import Setup, read_conf

    for line in ("shortcircuit", "shortcircuit A", "shortcircuit A maybe", "shortcircuit A on now"):
        file = tmp_path / "rules.cf"
        file.write_text(f"loadplugin Mail::SpamAssassin::Plugin::Shortcircuit\n{line}\n")
        assert len(read_conf(Setup(files=[file])).problems) == 1, line
