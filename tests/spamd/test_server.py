"""A real server process: requests, limits, time-outs, who may connect, what the log says."""

import json
import os
import re
import socket
import ssl
import stat
import subprocess
import threading
import time
import zlib
from pathlib import Path

import pytest

from processes import eventually
from servers import Server, Start

HAM = b"From: a@example.com\nSubject: x\nMessage-ID: <1.2@example.com>\n\nbody\n"
GTUBE = b"XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"
SPAM = b"Subject: x\n\n" + GTUBE + b"\n"


def test_answers_as_soon_as_the_promised_bytes_are_there(server: Server) -> None:
    assert server.check(HAM, half_close=False) == b"SPAMD/1.1 0 EX_OK\r\nSpam: False ; 0.0 / 5.0\r\n\r\n"
    assert server.check(SPAM.strip(), half_close=False).startswith(
        b"SPAMD/1.1 0 EX_OK\r\nSpam: True ; 1000.0 /"
    )
    assert server.ask(b"PING SPAMC/1.5\r\n\r\n", half_close=False) == b"SPAMD/1.5 0 PONG\r\n"
    assert server.ask(b"PING SPAMC/1.2\r\n", half_close=False) == b"SPAMD/1.5 0 PONG\r\n"
    assert server.ask(b"SKIP SPAMC/1.2\r\n", half_close=False) == b""


def test_answers_after_eof(server: Server) -> None:
    assert server.ask(b"CHECK SPAMC/1.2\r\n\r\n" + HAM).startswith(b"SPAMD/1.1 0 EX_OK\r\nSpam: False")
    answer = server.ask(b"PROCESS SPAMC/1.0\r\n" + HAM)
    assert answer.startswith(b"SPAMD/1.0 0 EX_OK\r\nX-Spam-Checker-Version:")
    assert answer.endswith(HAM)


def test_a_request_byte_by_byte(server: Server) -> None:
    with server.connect() as line:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in server.request(SPAM, "SYMBOLS"):
            line.sendall(bytes((byte,)))
        assert server.everything(line).endswith(b"\r\n\r\nGTUBE")


def test_the_log_is_in_spamds_words(server: Server) -> None:
    ids = b"Message-Id: (x) <s,1 2@example.com>\nResent-Message-ID: <r@example.com>\n"
    message = ids + SPAM
    server.check(message, "PROCESS", b"User: joe\r\n")
    uid = os.geteuid() or 65534
    assert server.said("mid=<s_1?2@example.com>")
    log = server.log()
    assert re.search(
        r"\w{3} [ \d]\d \d\d:\d\d:\d\d\.\d{3} \[\d+\] info: spamd: "
        r"connection from localhost \[127\.0\.0\.1\]:\d+"
        rf" to port {server.port}, fd \d+\n",
        log,
    )
    assert f"spamd: processing message <s,1?2@example.com> aka <r@example.com> for joe:{uid}\n" in log
    size = len(message)
    assert re.search(
        rf"spamd: identified spam \(1000\.0/5\.0\) for joe:{uid} in 0\.\d seconds, {size} bytes\.\n", log
    )
    assert re.search(
        rf"spamd: result: Y 1000 - GTUBE scantime=0\.\d,size={size},user=joe,"
        rf"uid={uid},required_score=5\.0,rhost=localhost,raddr=127\.0\.0\.1,rport=\d+,mid=<s_1\?2@example\.com>,"
        r"rmid=<r@example\.com>,autolearn=no autolearn_force=no,cache=bypass\n",
        log,
    )


def test_ham_is_logged_with_a_dot_and_nobody_as_unknown(server: Server) -> None:
    server.check(b"Message-Id: <ham-77@example.com>\n\nx\n")
    assert server.said("mid=<ham-77@example.com>")
    assert "spamd: checking message <ham-77@example.com> for (unknown):" in server.log()
    assert re.search(r"spamd: clean message \(1\.3/5\.0\) for \(unknown\):\d+ in", server.log())
    assert re.search(r"result: \.  1 - MISSING_SUBJECT scantime=.*ham-77", server.log())


def test_faults_are_logged(server: Server) -> None:
    assert server.ask(b"FROB\x07 SPAMC/1.5\r\n") == b"SPAMD/1.0 76 Bad header line: FROB\x07 SPAMC/1.5\r\n"
    assert server.said(r"warn: spamd: bad protocol: header error: FROB\x{07} SPAMC/1.5")


def test_tell(server: Server) -> None:
    answer = server.check(HAM, "TELL", b"Message-class: ham\r\nSet: local\r\nUser: ann\r\n")
    assert answer == b"SPAMD/1.1 0 EX_OK\r\nDidSet: local\r\n\r\n\r\n"
    assert server.said("spamd: Tell: Setting local for ann:")
    assert server.check(HAM, "TELL") == b"SPAMD/1.1 0 EX_OK\r\n\r\n\r\n"
    assert server.said("spamd: Tell: Did nothing for (unknown):")


def test_a_scorer_that_breaks_costs_one_answer(server: Server) -> None:
    answer = server.check(b"X-Fault: 1\n\nx")
    assert re.fullmatch(rb"SPAMD/1\.0 75 [^\r\n]+\r\n", answer)
    assert server.said("asked for")
    assert b"EX_OK" in server.check(HAM)


def test_a_message_larger_than_allowed_is_refused_although_all_of_it_is_sent(start: Start) -> None:
    server = start("--max-size", "1M", "-x")
    for size in (2 * 2**20, 100 * 2**20):
        answer = server.ask(b"CHECK SPAMC/1.5\r\nContent-length: %d\r\n\r\n" % size + bytes(size))
        assert re.fullmatch(rb"SPAMD/1\.0 69 Service Unavailable: [^\r\n]+\r\n", answer), size
    answer = server.ask(b"CHECK SPAMC/1.2\r\n\r\n" + bytes(5 * 2**20))
    assert answer.startswith(b"SPAMD/1.0 69 ")
    assert b"EX_OK" in server.check(bytes(2**20))


def test_100_megabytes_where_they_are_allowed(start: Start) -> None:
    server = start("--max-size", "101M", "-x")
    message = b"Subject: large\n\n" + b"x" * 100 * 2**20
    answer = server.check(message, "PROCESS")
    assert answer.endswith(message)
    assert b"Content-length: %d\r\n" % len(answer.partition(b"\r\n\r\n")[2]) in answer


def resident(pid: int) -> int:
    """A process' memory in MB."""
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found
    return int(found[1]) // 1024


def test_large_messages_leave_no_memory_behind(stock_server: Server) -> None:
    (worker,) = stock_server.workers()
    text = b"Subject: large\n\n" + b"some words on a line of this message\n" * 2**17
    assert text in stock_server.check(text, "PROCESS")
    before = resident(worker)
    for _ in range(15):
        assert text in stock_server.check(text, "PROCESS")
    assert stock_server.workers() == [worker]
    assert resident(worker) - before < 40
    # And many at once, whose answers nobody reads.
    lines = [stock_server.connect() for _ in range(12)]
    for line in lines:
        line.sendall(stock_server.request(text, "PROCESS"))
    for line in lines:
        assert line.recv(10) == b"SPAMD/1.1 "
        line.close()
    assert b"EX_OK" in stock_server.check(b"Subject: x\n\nx\n")
    assert eventually(lambda: resident(worker) - before < 60)


def test_one_message_of_the_largest_size_finds_room(start: Start) -> None:
    server = start("--max-size", "300M", "-x", "-m", "1")
    message = b"Subject: huge\n\n" + b"x" * 290 * 2**20
    assert server.check(message).startswith(b"SPAMD/1.1 0 EX_OK")


def test_zlib_bombs_do_not_grow(start: Start) -> None:
    server = start("--max-size", "4M", "-x", "-m", "1")
    bomb = zlib.compress(bytes(300 * 2**20), 9)
    head = b"CHECK SPAMC/1.5\r\nCompress: zlib\r\nContent-length: %d\r\n\r\n" % len(bomb)
    assert server.ask(head + bomb).startswith(b"SPAMD/1.0 69 ")
    (worker,) = server.workers()
    peak = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{worker}/status").read_text())
    assert peak and int(peak[1]) < 120 * 1024


def test_slow_clients_are_timed_out_in_spamds_words_and_hold_nobody_up(start: Start) -> None:
    server = start("--timeout-tcp=1", "--timeout-child=2", "-x", "-m", "1")
    silent, midway = server.connect(), server.connect()
    midway.sendall(b"CHECK SPAMC/1.5\r\nContent-length: 50\r\n\r\nab")
    with silent, midway:
        assert b"EX_OK" in server.check(HAM)
        told = b"SPAMD/1.0 79 Timeout: (1 second socket timeout reading input from client)\r\n"
        assert server.everything(silent) == told
        told = b"SPAMD/1.0 79 Timeout: (2 second timeout while trying to CHECK)\r\n"
        assert server.everything(midway) == told
    assert server.check(b"X-Wait: 30\n\nx", "REPORT") == told.replace(b"CHECK", b"REPORT")
    assert server.said("warn: spamd: timeout: (2 second timeout while trying to REPORT)")


def test_time_limits_can_be_turned_off(start: Start) -> None:
    server = start("--timeout-tcp=0", "--timeout-child=0", "-x")
    assert b"EX_OK" in server.check(b"X-Wait: 0.2\n\nx")


def test_scans_that_wait_for_the_network_do_so_together(start: Start) -> None:
    server = start("-m", "1", "-x")
    answers: list[bytes] = []
    threads = [
        threading.Thread(target=lambda: answers.append(server.check(b"X-Wait: 1\nSubject: x\n\nx")))
        for _ in range(10)
    ]
    begun = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [b"SPAMD/1.1 0 EX_OK\r\nSpam: False ; 0.0 / 5.0\r\n\r\n"] * 10
    assert time.monotonic() - begun < 8


def test_a_client_that_goes_away_takes_its_scan_along(start: Start) -> None:
    server = start("-m", "1", "-x")
    with server.connect() as line:
        line.sendall(server.request(b"X-Wait: 20\nMessage-ID: <gone@example.com>\n\nx"))
        assert server.said("checking message <gone@example.com>")
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    assert server.stop() == 0
    assert "clean message" not in server.log()


def test_floods_of_connections_wait_outside(start: Start) -> None:
    server = start("-m", "1", "-x", "--timeout-tcp=3")
    flood = [server.connect() for _ in range(600)]
    try:
        (worker,) = server.workers()
        assert eventually(lambda: len(list(Path(f"/proc/{worker}/fd").iterdir())) > 250)
        time.sleep(0.3)
        assert len(list(Path(f"/proc/{worker}/fd").iterdir())) < 256 + 40
        # The flood is timed out; whoever has something to say is served.
        assert b"EX_OK" in server.check(HAM)
    finally:
        for line in flood:
            line.close()
    assert b"EX_OK" in server.check(HAM)


def test_only_allowed_addresses_may_connect(start: Start) -> None:
    server = start("-A", "192.0.2.1,[2001:db8::]/32", "-x")
    assert server.ask(b"") == b""
    assert server.said("warn: spamd: unauthorized connection from localhost [127.0.0.1]:")


def test_a_unix_socket_with_its_mode(start: Start, tmp_path: Path) -> None:
    path = tmp_path / "spamd.sock"
    server = start("-i", str(path), "--socketmode", "0600", "-x")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(str(path))
        line.sendall(server.request(HAM))
        assert b"EX_OK" in server.everything(line)
    assert server.said(f"info: spamd: got connection over {path}")
    assert f"rhost=localhost,raddr=127.0.0.1,rport={path}," in server.log()
    assert server.stop() == 0
    assert not path.exists()


def test_ipv6(start: Start) -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("there is no IPv6 here")
    server = start("-i", "[::1]", "-x")
    with socket.create_connection(("::1", server.port), timeout=10) as line:
        line.sendall(b"PING SPAMC/1.2\r\n")
        assert server.everything(line) == b"SPAMD/1.5 0 PONG\r\n"
    assert server.said("[::1]:")


def test_json_log(start: Start) -> None:
    server = start("--log-format=json", "-x")
    server.check(SPAM, "SYMBOLS", b"User: joe\xe9\r\n")
    assert server.said('"event": "result"')
    entries = [json.loads(line) for line in server.log().splitlines()]
    result = next(entry for entry in entries if entry["event"] == "result")
    assert result["cache"] == "bypass"
    assert result["is_spam"] is True
    assert (result["score"], result["required_score"], result["tests"]) == (1000.0, 5.0, ["GTUBE"])
    assert (result["verb"], result["user"], result["size"]) == ("SYMBOLS", "joe\xe9", len(SPAM))
    assert {"time", "level", "pid", "text", "raddr", "rport", "mid", "autolearn"} <= set(result)


def test_timing_is_logged(start: Start) -> None:
    server = start("--timing", "-x")
    server.check(HAM)
    assert server.said("info: timing: total ")


# Users


def test_preferences_of_virtual_users(start: Start, tmp_path: Path) -> None:
    folder = tmp_path / "users" / "example.com" / "joe"
    folder.mkdir(parents=True)
    tmp_path.chmod(0o755)
    (folder / "user_prefs").write_text("required_score 0.5\n")
    me = "nobody" if os.geteuid() == 0 else os.environ.get("USER", "nobody")
    server = start("-x", "-u", me, "--virtual-config-dir", f"{tmp_path}/users/%d/%l")
    assert b"Spam: True ; 1.3 / 0.5" in server.check(b"\nx", head=b"User: joe@example.com\r\n")
    assert b"Spam: False ; 1.3 / 5.0" in server.check(b"\nx", head=b"User: ann@example.com\r\n")
    assert b"Spam: False ; 1.3 / 5.0" in server.check(b"\nx", head=b"User: ../../etc@..\r\n")
    assert server.said(f"using default config for joe@example.com: {folder}/user_prefs")


def test_paranoia_hangs_up_on_unknown_users(start: Start) -> None:
    server = start("-P", "-x")
    assert server.check(HAM, head=b"User: there-is-no-such-user\r\n") == b""
    assert server.said("unable to find user: 'there-is-no-such-user'")
    assert b"EX_OK" in server.check(HAM, head=b"User: nobody\r\n")
    if os.geteuid() == 0:  # nobody named is nobody to become, and root never judges
        assert server.check(HAM) == server.check(HAM, head=b"User: root\r\n") == b""
        assert server.said("in paranoid mode, still running as root: closing connection")


def test_unknown_users_have_the_defaults(start: Start) -> None:
    server = start()
    assert b"EX_OK" in server.check(HAM, head=b"User: there-is-no-such-user\r\n")
    assert server.said("handle_user (getpwnam) unable to find user: 'there-is-no-such-user'")


# TLS


def tls_line(server: Server, *, certificate: Path | None = None) -> ssl.SSLSocket:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if certificate:
        context.load_cert_chain(certificate)
    return context.wrap_socket(server.connect())


def test_tls(start: Start, certificate: Path, spamc: str) -> None:
    files = ("--server-cert", str(certificate), "--server-key", str(certificate))
    server = start("--ssl", *files, "-x", "-m", "1")
    message = b"Subject: x\n\n" + b"x" * 300_000
    with tls_line(server) as line:
        line.sendall(server.request(message, "PROCESS"))
        assert server.everything(line).endswith(message)
    assert server.said(", TLSv1_3/TLS_AES_256_GCM_SHA384")
    # spamc says that it will send no more before it reads its answer.
    asked = [spamc, "-S", "-p", str(server.port), "-y"]
    waiting = b"X-Wait: 0.5\n" + SPAM
    assert subprocess.run(asked, input=waiting, capture_output=True, timeout=20).stdout.strip() == b"GTUBE"
    # What is no TLS is not answered, and harms nobody.
    with server.connect() as line:
        line.sendall(server.request(HAM))
        assert b"SPAMD" not in server.everything(line)
    assert server.said("TLS failed")
    with tls_line(server) as line:
        line.sendall(b"PING SPAMC/1.5\r\n\r\n")
        assert server.everything(line) == b"SPAMD/1.5 0 PONG\r\n"


def test_nothing_is_said_in_plain_text_where_tls_is_spoken(start: Start, certificate: Path) -> None:
    files = ("--server-cert", str(certificate), "--server-key", str(certificate))
    server = start("--ssl", *files, "-x", "-m", "1", "--timeout-tcp=1")
    with server.connect() as silent:
        assert server.everything(silent) == b""
    assert server.said("timeout: (1 second socket timeout reading input from client)")
    with server.connect() as silent:
        assert server.stop() == 0
        assert server.everything(silent) == b""


def test_tls_with_client_certificates(start: Start, certificate: Path) -> None:
    files = ("--server-cert", str(certificate), "--server-key", str(certificate))
    server = start("--ssl-ca-file", str(certificate), *files, "-x", "-m", "1")
    with tls_line(server, certificate=certificate) as line:
        line.sendall(b"PING SPAMC/1.2\r\n")
        assert server.everything(line) == b"SPAMD/1.5 0 PONG\r\n"
    with pytest.raises(OSError), tls_line(server) as line:
        line.sendall(b"PING SPAMC/1.2\r\n")
        if not server.everything(line):
            raise ConnectionResetError
