"""Programs that read spamd's log, handed the original's log of some requests and ours of the same.

logwatch is Debian's own, unpacked below the virtual environment. The other readers are known by what they look for:
each pattern here is as strict as the strictest program known to look for that line.
"""

import contextlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.oracle

HAM = (
    b"From: Ann <ann@example.com>\nTo: Bob <bob@example.net>\nSubject: Friday\n"
    b"Date: Mon, 23 Nov 2026 06:00:00 +0000\nMessage-ID: <20261123.0600.abc@example.com>\n\nShall we meet?\n"
)
SPAM = HAM + b"XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X\n"
RESENT = b"Resent-Message-ID: <again@example.com>\n" + SPAM

Programs = list[tuple[str, list[str]]]

NUMBER = r"-?\d+\.\d"
READERS = {
    "a connection": r"^spamd: connection from (\S+) \[([^\]]+)\](?::| at port )\d+ to port \d+, fd \d+$",
    "who it is for": r"^spamd: setuid to (\S+) succeeded$",
    "root": r"^spamd: still running as root: user not specified with -u, not found, or set to root, "
    r"falling back to (\S+)",
    "a message": r"^spamd: (processing|checking) message (<[^>]*>|\(unknown\))(?: aka (<[^>]*>))? for ([^:]+):(\d+)$",
    "ham": rf"^spamd: clean message \(({NUMBER})/({NUMBER})\) for (.+):(\d+) in \d+\.\d seconds, +(\d+) bytes\.\s*$",
    "spam": rf"^spamd: identified spam \(({NUMBER})/({NUMBER})\) for (.+):(\d+) in \d+\.\d seconds, +(\d+) bytes\.\s*$",
    "a result": r"^spamd: result: ([Y.]) +(-?\d+) - ([A-Z0-9_,]*) scantime=\d+\.\d,size=(\d+),user=([^,]*),uid=(\d+),"
    r"required_score=(\d+\.\d),rhost=([^,]+),raddr=([^,]+),rport=[^,]+,mid=(<[^>]*>|\(unknown\)),(?:rmid=(<[^>]*>),)?"
    r"(?:bayes=[\d.]+,)?autolearn=([^,]+)",
    "a result's autolearn": r"spamd: result: .*,autolearn=(\w+)\b",
    "a fault": r"^spamd: bad protocol: header error: (.*)$",
    "a skipped message": r"^spamd: (skipped large message) in +\d+\.\d seconds$",
    "an unknown user": r"^spamd: handle_user \((\w+)\) unable to find user: '([^']*)'",
    "learning": r"^spamd: Tell: (Did nothing) for ([^:]+):(\d+) in \d+\.\d seconds, (\d+) bytes$",
    "life": r"^spamd: (server successfully spawned child process), pid \d+$",
    "start": r"^spamd: server started on .*\[(127\.0\.0\.1)\]:\d+ \(running version (\S+)\)$",
    "the pid": r"^spamd: (server pid): \d+$",
    "the end": r"^spamd: (server killed by SIG\w+, shutting down)$",
}


def texts(log: str) -> list[str]:
    """The lines as a log reader sees them: without time, process and level."""
    return [re.sub(r"^.*?\] [a-z]+: ", "", line) for line in log.splitlines() if "] " in line]


@pytest.fixture(scope="module")
def programs(oracle: str, stock_rules: Path) -> Programs:
    """The original and ours."""
    spamd = shutil.which("spamd", path=f"{os.environ['PATH']}:/usr/sbin")
    if spamd is None:
        pytest.skip("external: spamd is not installed")
    ours = [sys.executable, "-m", "pyspamd", "serve", "--stock", "--cache-dir="]
    return [("original", [spamd]), ("ours", ours)]


@pytest.fixture(scope="module")
def logs(programs: Programs, servers: Any, tmp_path_factory: pytest.TempPathFactory) -> list[list[str]]:
    """What the original and ours log of the same requests, from start to stop."""
    options = ["-L", "-x", "-m", "1", "-s", "stderr", "--allow-tell", "--cf", "use_bayes 0"]
    found = []
    for name, program in programs:
        with servers(tmp_path_factory.mktemp(name), [*program, *options]) as server:
            for user in (b"User: nobody\r\n", b"User: there-is-nobody\r\n", b""):
                for message in (HAM, SPAM, RESENT, b"Subject: x\n\nx\n"):
                    server.check(message, "PROCESS", user)
                    server.check(message, "SYMBOLS", user)
            server.check(SPAM, "TELL", b"User: nobody\r\nMessage-class: spam\r\n")
            server.ask(b"SKIP SPAMC/1.2\r\n")
            server.ask(b"FROB SPAMC/1.5\r\n")
            server.ask(b"CHECK SPAMC/1.5\r\nContent-length: x\r\n\r\n")
            server.ask(b"")
            server.ask(b"PING SPAMC/1.2\r\n")
            server.stop()
            found.append(texts(server.log()))
    return found


@pytest.mark.parametrize("what", READERS)
def test_patterns(logs: list[list[str]], what: str) -> None:
    wanted, got = (
        [found.groups() for line in log if (found := re.search(READERS[what], line))] for log in logs
    )
    if what in ("who it is for", "root") and os.geteuid() != 0:
        assert wanted == got == []
        return
    assert wanted
    assert got == wanted


def test_logwatch(logs: list[list[str]]) -> None:
    places = [Path(sys.prefix, "logwatch", "usr", "share", "logwatch"), Path("/usr/share/logwatch")]
    place = next((place for place in places if place.is_dir()), None)
    if place is None:
        pytest.skip("external: logwatch is neither installed nor unpacked")
    script = ["perl", f"-I{place}/lib", str(place / "scripts" / "services" / "spamassassin")]
    wanted, got = (
        subprocess.run(
            script, input="".join(f"{line}\n" for line in log), capture_output=True, text=True, check=True
        ).stdout
        for log in logs
    )
    assert "Total Spam:" in got
    assert "**Unmatched Entries**" not in got.replace("server reached --max-children", "")
    assert got == wanted


STRANGER = r"^spamd: unauthorized connection from \S+ \[127\.0\.0\.1\]:\d+ to port \d+, fd \d+\b"


def test_a_stranger_at_the_door(programs: Programs, servers: Any, tmp_path: Path) -> None:
    """What fail2ban and its like look for."""
    for name, program in programs:
        (tmp_path / name).mkdir()
        options = ["-L", "-x", "-m", "1", "-s", "stderr", "-A", "192.0.2.1"]
        with servers(tmp_path / name, [*program, *options]) as server:
            with contextlib.suppress(ConnectionResetError):
                assert server.ask(b"PING SPAMC/1.2\r\n") == b""
            assert server.said("unauthorized")
            line = next(line for line in texts(server.log()) if "unauthorized" in line)
            assert re.search(STRANGER, line)
