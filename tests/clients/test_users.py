"""Users and their preferences: the original and ours, asked for the same users under the same accounts.

Both servers run where /etc/passwd is one of our own (a mount nobody else sees), started by root as a distribution
starts them. What they answer, what they log and what they leave in homes must be the same.
"""

import os
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.oracle

RULES = """\
required_score 5
use_bayes 0
clear_headers
add_header all Status "_YESNO_, score=_SCORE_ required=_REQD_ tests=_TESTS_"
header FRIDAY Subject =~ /Friday/
score FRIDAY 2
body MEET /meet/
score MEET 1
"""
PRE = "loadplugin Mail::SpamAssassin::Plugin::Check\nloadplugin Mail::SpamAssassin::Plugin::WLBLEval\n"
MESSAGE = (
    b"From: Ann <ann@example.com>\nTo: bob@example.net\nSubject: Friday\n"
    b"Message-ID: <1@example.com>\n\nShall we meet?\n"
)
JOE = """\
required_score 2.5
score FRIDAY 2.25
rewrite_header Subject [JOE]
add_header all Joe yes
header JOES_OWN Subject =~ /Fri/
score JOES_OWN 4
use_auto_whitelist 0
clear_report_template
loadplugin Mail::SpamAssassin::Plugin::Phishing
"""
ACCOUNTS = """\
joe:x:64001:64001::{homes}/joe:/bin/sh
ann:x:64002:64002::{homes}/ann:/bin/sh
toor:x:0:0::{homes}/toor:/bin/sh
"""
USERS: tuple[bytes | None, ...] = (
    b"joe",
    b"ann",
    b"joe",
    b"toor",
    b"nobody",
    b"there-is-nobody",
    b"",
    b"../joe",
)
USERS += (b"joe@example.com", None, b"ann")


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A few rules, so that starting is quick."""
    folder = tmp_path_factory.mktemp("rules")
    folder.chmod(0o755)
    (folder / "a.cf").write_text(RULES)
    (folder / "a.pre").write_text(PRE)
    (folder / "user_prefs.template").write_text("# nothing\n")
    return folder


@pytest.fixture
def homes(tmp_path: Path) -> Path:
    """Where everybody's home is."""
    tmp_path.chmod(0o755)
    return tmp_path / "homes"


def furnish(homes: Path) -> None:
    """Make homes with and without preferences, and folders of virtual users; nothing else is left."""
    shutil.rmtree(homes, ignore_errors=True)
    for name, owner, text in (("joe", 64001, JOE), ("ann", 64002, None), ("toor", 0, "required_score 1\n")):
        folder = homes / name / ".spamassassin"
        (homes / name).mkdir(parents=True)
        if text is not None:
            folder.mkdir()
            (folder / "user_prefs").write_text(text)
        for path in (homes / name, folder, folder / "user_prefs"):
            if path.exists():
                os.chown(path, owner, owner)
    for name in ("example.com/joe", "joe@example.com", "example.com"):
        (homes / name).mkdir(parents=True, exist_ok=True)
        (homes / name / "user_prefs").write_text(f"required_score {len(name)}\n")


@pytest.fixture
def inside(homes: Path, tmp_path: Path) -> list[str]:
    """What runs a command where the accounts are ours."""
    unshare = shutil.which("unshare")
    if os.geteuid() != 0 or unshare is None:
        pytest.skip("external: only root can give a process accounts of its own")
    accounts = tmp_path / "passwd"
    accounts.write_text(Path("/etc/passwd").read_text() + ACCOUNTS.format(homes=homes))
    wrapper = [unshare, "--mount", "sh", "-c", 'mount --bind "$0" /etc/passwd && exec "$@"', str(accounts)]
    if subprocess.run([*wrapper, "true"], capture_output=True).returncode:
        pytest.skip("external: mounts of one's own cannot be made here")
    return wrapper


def asked(server: Any, users: tuple[bytes | None, ...]) -> list[tuple[bytes | None, bytes]]:
    answers = []
    for user in users:
        head = b"" if user is None else b"User: %b\r\n" % user
        for verb in ("PROCESS", "SYMBOLS"):
            answer = server.check(MESSAGE, verb, head)
            answer = re.sub(rb"=_[0-9A-F.]{17}", b"BOUNDARY", answer)
            answer = re.sub(rb"Received: from localhost by [^\n]*\n\twith [^\n]*\n\t[^\n]*\n", b"", answer)
            answer = re.sub(
                rb"(?:Content-length|X-Spam-Checker-Version): [^\n]*\n(?:\t[^\n]*\n)*", b"", answer
            )
            answers.append((user, answer))
    server.ask(b"PING SPAMC/1.2\r\n")  # answered by a worker that has written what it had to say
    return answers


def told(server: Any) -> list[str]:
    """What the log says of requests, without times and ports; what is wrong with preferences has its own words."""
    lines = []
    for line in server.log().splitlines():
        text = line.partition("] ")[2]
        if not text.partition(": ")[2].startswith("spamd: ") or re.search(
            r"server |child|spamd: preferences", text
        ):
            continue
        text = re.sub(r" at /usr/sbin/spamd line .*|(?<=/user_prefs): .*", "", text)  # where, and why
        text = re.sub(
            r"(?<=scantime=)[\d.]+|(?<=rport=)\d+|(?<=\]:)\d+ to port \d+, fd \d+|(?<=in )[\d.]+", "N", text
        )
        lines.append(
            re.sub(r",cache=\w+$", "", re.sub("//+", "/", text.replace("spamd: spamd: ", "spamd: ")))
        )
    return lines


def left(homes: Path) -> dict[str, tuple[int, int, str]]:
    return {
        str(path.relative_to(homes)): (
            path.stat().st_uid,
            path.stat().st_gid,
            stat.filemode(path.stat().st_mode),
        )
        for path in sorted(homes.rglob("*"))
    }


@pytest.mark.parametrize(
    "options",
    [
        "",
        "-x",
        "--create-prefs",
        "-u nobody",
        "-u joe",
        "-x -u nobody",
        "-P",
        "-x -P",
        "-U ann",
        "-x -U joe",
        "-u nobody -P",
        "-x -u nobody --virtual-config-dir={homes}/%d/%l",
        "-x -u nobody --virtual-config-dir={homes}/%u",
        "-x -u nobody --virtual-config-dir={homes}/%x",
        "-u nobody --virtual-config-dir={homes}/%u",
        "--user-config -u joe",
        "-x --user-config",
        "--allow_user_rules",
    ],
)
def test_users(
    options: str, oracle: str, rules: Path, homes: Path, inside: list[str], servers: Any, tmp_path: Path
) -> None:
    spamd = shutil.which("spamd", path=f"{os.environ['PATH']}:/usr/sbin")
    if spamd is None:
        pytest.skip("external: spamd is not installed")
    words = options.replace("--allow_user_rules", "--cf=allow_user_rules\t1").format(homes=homes).split(" ")
    words = [word.replace("\t", " ") for word in words if word]
    shared = ["-C", str(rules), "--siteconfigpath", str(rules), "-L", "-m", "1", "-s", "stderr", *words]
    ours = [sys.executable, "-m", "pyspamd", "serve", "--cache-dir="]
    seen = []
    for name, program in (("original", [spamd]), ("ours", ours)):
        folder = tmp_path / name
        folder.mkdir()
        furnish(homes)
        with servers(folder, [*inside, *program, *shared]) as server:
            seen.append((asked(server, USERS), told(server), left(homes)))
    for wanted, got in zip(*seen, strict=True):
        assert got == wanted
    assert any(answer for _, answer in seen[0][0])
