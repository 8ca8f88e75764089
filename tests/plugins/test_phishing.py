"""Phishing and PhishTag: lists of links, and mail that is let through with its links turned."""

from pathlib import Path
from typing import Any

import pytest

OPENPHISH = """# a comment
http://open.example/login?a=1
  # another
https://both.example/x/y
mailto:joe@open.example
http://nowhere/none
http://host.open.example/a/b/c/d.html
"""
PHISHTANK = """phish_id,url,phish_detail_url
1,http://first.test/,x
2,"http://tank.example/a/b?c=d",x
# 3,http://commented.example/,x
4
5,https://both.example/x/y,x
"""
PHISHSTATS = """"2024-01-01","9.9","http://skipped.example/","192.0.2.1"
"2024-01-01","6.1","http://stats.example/z","192.0.2.1"
"2024-01-01","6","http://low.example/z","192.0.2.1"
"2024-01-01","7.5"
"""
RULES = """
loadplugin Mail::SpamAssassin::Plugin::Phishing
phishing_openphish_feed  {folder}/open.txt
phishing_phishtank_feed  {folder}/tank.csv
phishing_phishstats_feed {folder}/stats.csv
body URI_PHISHING eval:check_phishing()
"""
LINKS = [
    "http://open.example/login?a=1",
    "http://open.example/login?a=2",
    "http://open.example/login",
    "http://HOST.open.example/a/b/c/d.html",
    "http://host.open.example/a/b/c/d.html?more=1",
    "https://both.example/x/y",
    "http://first.test/",
    "http://tank.example/a/b?c=d",
    "http://tank.example/a/b?c=e",
    "http://commented.example/",
    "http://skipped.example/",
    "http://stats.example/z",
    "http://low.example/z",
    "mailto:joe@open.example",
]


def mails() -> list[bytes]:
    text = [f"Subject: x\n\nSee {link} now\n".encode() for link in LINKS]
    html = [f'Subject: x\nContent-Type: text/html\n\n<a href="{link}">x</a>\n'.encode() for link in LINKS]
    image = [f'Subject: x\nContent-Type: text/html\n\n<img src="{link}">\n'.encode() for link in LINKS]
    return text + html + image


@pytest.mark.oracle
@pytest.mark.parametrize(
    "lines", ["", "phishing_uri_noparam 1\n", "phishing_phishstats_minscore 5.5\nphishing_uri_noparam yes\n"]
)
def test_against_the_original(agreement: Any, tmp_path: Path, lines: str) -> None:
    for name, text in (("open.txt", OPENPHISH), ("tank.csv", PHISHTANK), ("stats.csv", PHISHSTATS)):
        (tmp_path / name).write_text(text)
    verdicts = agreement(RULES.format(folder=tmp_path) + lines, mails())
    assert any(verdict["hits"] for verdict in verdicts)


def test_feeds_that_are_missing_list_nothing(agreement: Any, tmp_path: Path) -> None:
    assert not any(v["hits"] for v in agreement.ours(RULES.format(folder=tmp_path / "none"), mails()))


TAG_RULES = """
loadplugin Mail::SpamAssassin::Plugin::PhishTag
header BAD  Subject =~ /bad/
score  BAD  50
header ALSO Subject =~ /also/
trigger_ratio  101
"""
FILE = """# what to do
target http://page.example/
BAD
 ALSO

BAD
target http://never.example/
NONE
"""
TAGGED = [
    b'Subject: bad also\nContent-Type: text/html\n\n<a href="http://a.example/?x=1">a</a> http://a.example/?x=1\n',
    b"Subject: bad\n\nhttp://a.example/\n",
    b"Subject: fine\n\nhttp://a.example/\n",
]


@pytest.mark.oracle
def test_phishtag(agreement: Any, tmp_path: Path) -> None:
    (tmp_path / "triggers").write_text(FILE)
    agreement(TAG_RULES + f"trigger_config {tmp_path}/triggers\n", TAGGED)
    let_through, *_ = agreement(TAG_RULES + "trigger_target BAD http://page.example/\n", TAGGED)
    assert let_through["score"] < -40
    agreement(TAG_RULES + "trigger_target BAD http://page.example/\ntrigger_ratio 0\n", TAGGED)


def test_phishtag_turns_links(tmp_path: Path) -> None:
    from pyspamd.engine.assemble import Setup, assemble
    from pyspamd.engine.rewrite import rewritten

    file = tmp_path / "rules.cf"
    file.write_text(
        "util_rb_tld example\nreport_safe 0\n" + TAG_RULES + "trigger_target BAD http://page.example/\n"
    )
    engine = assemble(Setup(files=[file], local_tests_only=True))
    body = rewritten(engine.check_sync(TAGGED[0])).partition(b"\n\n")[2]
    assert body == b'<a href="http://page.example/">a</a> http://page.example/\n'
