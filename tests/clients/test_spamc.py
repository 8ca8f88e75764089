"""spamc in all its modes, asking the original and ours: the same exit status, the same output.

Masked are the host's name, the version, dates and boundaries, and the order of rules with equal points, which
the original leaves to chance.
"""

import re
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.oracle

GTUBE = b"XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"
HAM = (
    b"From: Ann <ann@example.com>\nTo: Bob <bob@example.net>\nSubject: Friday\n"
    b"Date: Mon, 23 Nov 2026 06:00:00 +0000\nMessage-ID: <20261123.0600.abc@example.com>\n\n"
    b"Shall we meet on Friday, as always? Bring the papers.\n"
)
SPAM = HAM + GTUBE + b"\n"
MIME = (
    b"From: a@example.com\nTo: b@example.net\nSubject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\nMIME-Version: 1.0\n"
    b'Content-Type: multipart/alternative; boundary="b"\n\n--b\nContent-Type: text/plain; charset=utf-8\n\n'
    b"Gr\xc3\xbc\xc3\x9fe\n--b\nContent-Type: text/html; charset=utf-8\n\n"
    b'<html><a href="http://example.com/">Gr&uuml;&szlig;e</a></html>\n--b--\n'
)
MESSAGES = {
    "ham": HAM,
    "spam": SPAM,
    "crlf": SPAM.replace(b"\n", b"\r\n"),
    "mime": MIME,
    "mbox": b"From ann@example.com Mon Nov 23 06:00:00 2026\n" + SPAM,
    "open end": HAM.rstrip(),
    "empty": b"",
    "binary": b"Subject: x\n\n" + bytes(range(256)) * 8,
}
BSMTP = (
    b"EHLO mail.example.com\nMAIL FROM:<ann@example.com>\nRCPT TO:<bob@example.net>\nDATA\n"
    + SPAM
    + b"..dots\n.\nQUIT\n"
)
MODES = (
    "", "-c", "-y", "-r", "-R", "--headers", "-E", "-E -c", "-E -y", "-E -r", "-E -R", "-E --headers",
    "-x", "-x -E", "-u nobody", "-u there-is-nobody -c", "-u nobody -R", "-l -R", "-f -c", "-t 60 -c", "-n 5 -c",
    "--filter-retries=2 --filter-retry-sleep=0 -c", "-4 -c", "-s 200", "-s 200 -c", "-s 200 -x", "-s 200 -E",
    "-s 200 -R -x", "-K", "-B -c", "-B -x -c",
)  # fmt: skip
TELL = ("-C report", "-C revoke", "-L spam", "-L ham", "-L forget", "-C nonsense", "-L nonsense")

ROW = rb"^ *-?[\d.]+ [A-Z][A-Z0-9_]+ +[^\n]*\n(?:  {26}[^\n]*\n)*"


def masked(output: bytes) -> bytes:
    output = re.sub(rb"----------=_[0-9A-F]{8}\.[0-9A-F]{8}", b"BOUNDARY", output)
    output = re.sub(rb"Received: from localhost by [^\n]*\n\twith [^\n]*\n\t[^\n]*\n", b"RECEIVED\n", output)
    output = re.sub(rb"X-Spam-Checker-Version:[^\n]*\n(?:\t[^\n]*\n)*", b"CHECKER\n", output)
    rows = sorted(found[0] for found in re.finditer(ROW, output, re.M))
    return re.sub(rb"(?:" + ROW + rb")+", lambda _: b"".join(rows), output, count=1, flags=re.M)


def run(
    spamc: str, options: list[str], message: bytes, folder: Path | None = None
) -> tuple[int, bytes, bytes]:
    done = subprocess.run([spamc, *options], input=message, capture_output=True, timeout=60, cwd=folder)
    return done.returncode, masked(done.stdout), re.sub(rb"\[\d+\]", b"[PID]", done.stderr)


def port(side: Any) -> list[str]:
    return ["-d", "127.0.0.1", "-p", str(side.plain.port)]


@pytest.mark.parametrize("mode", MODES)
def test_modes(pair: Any, spamc: str, mode: str) -> None:
    for name, message in MESSAGES.items():
        wanted, got = (run(spamc, [*port(side), *mode.split()], message) for side in pair)
        assert got == wanted, name


@pytest.mark.parametrize("mode", ["", "-c", "-y", "-R", "-E", "-E -R", "--headers", "-x -s 90"])
def test_bsmtp(pair: Any, spamc: str, mode: str) -> None:
    for message in (BSMTP, BSMTP.replace(b"\n", b"\r\n"), BSMTP.removesuffix(b".\nQUIT\n")):
        wanted, got = (run(spamc, [*port(side), "-B", *mode.split()], message) for side in pair)
        assert got == wanted


@pytest.mark.parametrize("mode", TELL)
def test_tell(pair: Any, spamc: str, mode: str) -> None:
    wanted, got = (run(spamc, [*port(side), *mode.split()], SPAM) for side in pair)
    assert got == wanted


@pytest.mark.parametrize("mode", ["", "-c", "-E -R", "--headers", "-K"])
def test_unix_socket(pair: Any, spamc: str, mode: str) -> None:
    for message in (HAM, SPAM):
        wanted, got = (run(spamc, ["-U", str(side.path), *mode.split()], message) for side in pair)
        assert got == wanted


@pytest.mark.parametrize("mode", ["", "-c", "-E -R", "--headers", "-y", "-s 200"])
def test_tls_with_a_clients_certificate(pair: Any, spamc: str, certificates: Any, mode: str) -> None:
    """Held against the original without TLS: with it, the original's longer answers get lost now and then."""
    tls = ["-S", "--ssl-cert", str(certificates.client), "--ssl-key", str(certificates.client_key)]
    tls += ["--ssl-ca-file", str(certificates.authority), "-d", "localhost", "-p", str(pair[1].tls.port)]
    for message in (HAM, SPAM, MIME, SPAM + b"x" * 70 * 1024):
        wanted = run(spamc, [*port(pair[0]), *mode.split()], message)
        assert run(spamc, [*tls, *mode.split()], message) == wanted


def test_tls_without_a_certificate_is_refused(pair: Any, spamc: str) -> None:
    for side in pair:
        options = [
            "-p",
            str(side.tls.port),
            "-4",
            "-S",
            "-x",
            "-c",
            "--connect-retries=1",
            "--filter-retries=1",
        ]
        assert run(spamc, options, SPAM)[0] not in (0, 1)
    assert run(spamc, [*port(pair[1]), "-c"], SPAM)[0] == 1


@pytest.mark.parametrize("randomly", [[], ["-H"]])
def test_the_second_host_where_the_first_is_away(pair: Any, spamc: str, randomly: list[str]) -> None:
    for mode in ("-c", "-R", ""):
        answers = [
            run(
                spamc,
                ["-d", "127.0.0.9,127.0.0.1", "-p", str(side.plain.port), *randomly, *mode.split()],
                SPAM,
            )
            for side in pair
        ]
        assert answers[1] == answers[0]
        assert b"GTUBE" in answers[1][1] or mode == "-c"


def test_a_configuration_file(pair: Any, spamc: str, tmp_path: Path) -> None:
    for side, name in zip(pair, ("theirs", "ours"), strict=True):
        (tmp_path / name).write_text(f"# where to ask\n-d 127.0.0.1\n-p {side.plain.port}\n-R\n")
    wanted, got = (run(spamc, ["-F", str(tmp_path / name), "-E"], SPAM) for name in ("theirs", "ours"))
    assert got == wanted
    assert got[0] == 1


def test_a_pipe_to_a_command(pair: Any, spamc: str) -> None:
    wanted, got = (run(spamc, [*port(side), "-e", "/bin/cat", "-"], SPAM) for side in pair)
    assert got == wanted


@pytest.mark.parametrize("mode", ["", "-c", "-x", "-x -X", "-R", "-E", "-K", "-x -c"])
def test_nobody_there(spamc: str, mode: str) -> None:
    """What spamc makes of a silent port is its own affair; the mail must come through whole."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: refused
        there = ["-d", "127.0.0.1", "-p", str(taken.getsockname()[1])]
        status, output, _ = run(spamc, [*there, "--connect-retries=2", "--retry-sleep=0", *mode.split()], HAM)
    if mode in ("", "-E"):
        assert (status, output) == (0, HAM)
    elif "-x" in mode:
        assert status == (75 if "-X" in mode else 69)


def test_connect_retries_reach_a_server_that_comes_late(pair: Any, spamc: str) -> None:
    """The port opens only while spamc is trying; whatever answers there is ours."""
    ours = pair[1].plain.port
    with socket.socket() as gate:
        gate.bind(("127.0.0.1", 0))
        there = ["-d", "127.0.0.1", "-p", str(gate.getsockname()[1])]
        client = subprocess.Popen(
            [spamc, *there, "--connect-retries=20", "--retry-sleep=1", "-c"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert client.stdin is not None
        client.stdin.write(SPAM)
        client.stdin.close()
        gate.listen()
        gate.settimeout(30)
        line, _ = gate.accept()
        with line, socket.create_connection(("127.0.0.1", ours)) as onward:
            while data := line.recv(65536):
                onward.sendall(data)
            onward.shutdown(socket.SHUT_WR)
            while data := onward.recv(65536):
                line.sendall(data)
    assert client.stdout is not None
    assert client.stdout.read().startswith(b"10")
    client.stdout.close()
    assert client.wait(30) == 1
