"""Exim's `spam` condition: a message handed to a real Exim, scored by the original and by ours.

Exim's package excludes Postfix's, so it is looked for unpacked below the virtual environment as well; it needs
root and the user its package would make.
"""

import os
import pwd
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.oracle

GTUBE = "XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"
MESSAGE = """\
From: Ann <ann@example.com>
To: Bob <bob@example.net>
Subject: Friday
Date: Mon, 23 Nov 2026 06:00:00 +0000
Message-ID: <20261123.0600.abc@example.com>

Shall we meet on Friday, as always?
{more}
"""
SETTINGS = """\
primary_hostname = mail.example.com
spool_directory = {folder}
log_file_path = {folder}/log_%s
exim_path = {exim}
exim_user = {user}
exim_group = {user}
never_users =
host_lookup =
keep_environment =
spamd_address = 127.0.0.1 {port}
acl_smtp_rcpt = accept
acl_smtp_data = check

begin acl
check:
  warn spam = nobody:true
       add_header = X-Score: $spam_score, $spam_score_int, $spam_bar, $spam_action
       add_header = X-Report: $spam_report
  deny spam = nobody
       condition = ${{if >{{$spam_score_int}}{{9000}}}}
       message = scored $spam_score
  accept

begin routers
all:
  driver = accept
  transport = file

begin transports
file:
  driver = appendfile
  file = {folder}/delivered
  user = {user}
"""
USER = "Debian-exim"

Deliver = Callable[[int, str], tuple[str, str]]


@pytest.fixture
def deliver(tmp_path: Path) -> Deliver:
    """Hands a message to an Exim that asks the port; its conversation and what was delivered."""
    unpacked = Path(sys.prefix, "exim", "usr", "sbin", "exim4")
    exim = str(unpacked) if unpacked.exists() else shutil.which("exim4", path="/usr/sbin:/usr/bin")
    if exim is None:
        pytest.skip("external: Exim is neither installed nor unpacked")
    if os.geteuid() != 0:
        pytest.skip("external: only root can run an Exim with a configuration of its own")
    if USER not in (entry.pw_name for entry in pwd.getpwall()):
        pytest.skip(f"external: there is no user {USER}, without whom Exim does not start")

    def run(port: int, message: str) -> tuple[str, str]:
        folder = tmp_path / f"spool-{port}"
        folder.mkdir()
        shutil.chown(folder, USER)
        tmp_path.chmod(0o711)
        settings = folder / "exim.conf"
        settings.write_text(SETTINGS.format(folder=folder, exim=exim, user=USER, port=port))
        envelope = "EHLO client.example.org\nMAIL FROM:<ann@example.com>\nRCPT TO:<bob@example.net>\n"
        talk = f"{envelope}DATA\n{message}.\nQUIT\n"
        done = subprocess.run(
            [exim, "-C", str(settings), "-odi", "-bs"],
            input=talk.replace("\n", "\r\n"),
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.stdout.startswith("220 "), done.stderr
        told = "".join(log.read_text() for log in folder.glob("log_*"))
        assert "spam acl condition" not in told, told
        delivered = folder / "delivered"
        return done.stdout, delivered.read_text() if delivered.exists() else ""

    return run


def masked(text: str) -> str:
    text = re.sub(r"(?m)^(?:Received|From |Message-Id).*\n(?:[ \t].*\n)*", "", text)
    text = re.sub(r"\bid=\S+|\w+, +\d+ \w+ \d{4} \d\d:\d\d:\d\d \+0000|spool-\d+", "N", text)
    rows = r"(?:^ +-?[\d.]+ [A-Z]\w+ .*\n)+"
    return re.sub(rows, lambda found: "".join(sorted(found[0].splitlines(keepends=True))), text, flags=re.M)


@pytest.mark.parametrize("more", ["", "Bring the papers.", "naïve café\n.\n", "=\n" * 3000])
def test_ham(pair: Any, deliver: Deliver, more: str) -> None:
    message = MESSAGE.format(more=more).replace("\n.\n", "\n..\n")
    wanted, got = (tuple(map(masked, deliver(side.plain.port, message))) for side in pair)
    assert got == wanted
    assert re.search(r"^X-Score: -?\d+\.\d, -?\d+, [-+/]*, no action$", got[1], re.M)
    assert "Content analysis details:" in got[1]
    assert "Content-length" not in got[1]


def test_spam_is_refused_while_it_is_sent(pair: Any, deliver: Deliver) -> None:
    message = MESSAGE.format(more=GTUBE)
    wanted, got = (tuple(map(masked, deliver(side.plain.port, message))) for side in pair)
    assert got == wanted
    assert re.search(r"^550 scored 1\d\d\d\.\d\r?$", got[0], re.M)
    assert got[1] == ""
