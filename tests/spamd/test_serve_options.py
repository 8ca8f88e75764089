"""spamd's options, as scripts and unit files spell them, and what becomes of them."""

import argparse
import subprocess
import sys
from pathlib import Path

import pytest

from pyspamd.cli.serve import UNSUPPORTED, refuse_unsupported, server_options
from pyspamd.cli.serve_options import add_options
from pyspamd.spamd.options import Exit, ServerOptions, StartError


def parsed(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(exit_on_error=False)
    add_options(parser)
    return parser.parse_args(words)


def options(*words: str) -> ServerOptions:
    return server_options(parsed(*words))


def test_nothing_given_is_spamds_default() -> None:
    plain = options()
    assert plain.listen == ("localhost",)
    assert plain.allowed.contains("127.0.0.1")
    assert plain.allowed.contains("::1")
    assert not plain.allowed.contains("192.0.2.1")
    assert (plain.timeout_tcp, plain.timeout_child) == (30.0, 300.0)
    assert (plain.max_children, plain.min_children, plain.min_spare, plain.max_spare) == (5, 1, 1, 2)
    assert plain.users.user_config
    assert plain.users.default_user == "nobody"
    assert plain.max_size == 64 * 2**20


def test_a_distributions_unit_file() -> None:
    words = ["-d", "--pidfile=/run/spamd.pid", "--create-prefs", "--max-children", "5", "--helper-home-dir"]
    got = options(*words)
    assert got.daemonize
    assert got.pid_file == "/run/spamd.pid"
    assert got.users.create_prefs
    assert got.users.helper_home == ""


def test_letters_run_together() -> None:
    got = parsed("-xLdm7", "-p4000", "-unobody", "-i127.0.0.1", "-A10.,192.0.2.0/24", "-Dinfo,dns")
    assert (got.user_config, got.local, got.daemonize, got.max_children) == (False, True, True, 7)
    assert (got.port, got.username, got.listen, got.debug) == ("4000", "nobody", ["127.0.0.1"], "info,dns")
    allowed = server_options(got).allowed
    assert allowed.contains("10.1.2.3")
    assert allowed.contains("192.0.2.9")
    assert not allowed.contains("127.0.0.1")


def test_values_that_may_be_left_out() -> None:
    got = parsed("-i", "-D", "-H", "-x")
    assert (got.listen, got.debug, got.helper_home_dir) == ([""], "all", "")


def test_switches_can_be_turned_off_and_names_cut_short() -> None:
    assert not parsed("-d", "--nodaemonize").daemonize
    assert not parsed("-d", "--no-daemonize").daemonize
    assert parsed("--dae").daemonize
    assert parsed("-x", "--user-config").user_config
    assert parsed("--nouser-config").user_config is False
    assert not parsed("-L", "--nolocal").local


@pytest.mark.parametrize("name", ["--listen", "--listen-ip", "--ip-address", "-i"])
def test_listening_by_any_name(name: str) -> None:
    assert options(name, "127.0.0.1:4000", "--socketpath=/run/x").listen == ("127.0.0.1:4000", "/run/x")


def test_a_unix_sockets_path_is_made_absolute() -> None:
    assert options("--socketpath", "run/x").listen == (str(Path.cwd() / "run" / "x"),)


def test_numbers_are_put_in_order_as_spamd_does() -> None:
    got = options("-m", "3", "--min-children=9", "--min-spare=9", "--max-spare=0")
    assert (got.max_children, got.min_children, got.min_spare, got.max_spare) == (3, 3, 2, 3)
    assert options("-m", "0").max_children == 5
    assert options("--timeout-tcp=0", "--timeout-child=-1").timeout_tcp is None
    assert options("--timeout-child=-1").timeout_child == 300.0
    assert options("--max-conn-per-child=0").max_connections_per_child >= 200


@pytest.mark.parametrize(
    "words", [["--log-timestamp-fmt"], ["--log-timestamp-fmt="], ["--log-timestamp-fmt", ""]]
)
def test_no_time_stamp(words: list[str]) -> None:
    assert parsed(*words).log_timestamp_fmt == ""


def test_who_may_connect_in_every_notation() -> None:
    def allowed(text: str, address: str) -> bool:
        return options("-A", text).allowed.contains(address)

    for text in (
        "10.11.12.13",
        "10.",
        "10.11.",
        "10.11.12.0/24",
        "[10.11.12.13]",
        "[10.11.12.0]/24",
        "::1,10/8",
    ):
        assert allowed(text, "10.11.12.13")
        assert not allowed(text, "192.0.2.1")
    assert allowed("[2001:db8::]/32", "2001:db8::1")
    assert allowed("[2001:db8::/32]", "2001:db8::1")
    assert not allowed("!10.11.12.13,10.0.0.0/8", "10.11.12.13")
    assert allowed("!10.11.12.13,10.0.0.0/8", "10.11.12.14")


@pytest.mark.parametrize(
    "text",
    ["mail.example.com", "10.11.12.13/33", "10.0.0.0/8,!10.11.12.13", "10.1.2.256", "10.1.2.3;10.1.2.4"],
)
def test_who_may_connect_must_be_clear(text: str) -> None:
    """Names are not looked up, and an exclusion that comes too late would exclude nobody."""
    with pytest.raises(StartError) as refused:
        options("-A", text)
    assert refused.value.status == Exit.USAGE


def test_how_often_to_look_at_files() -> None:
    assert options().watch == 10.0
    assert options("--watch=0").watch == 0.0
    for text in ("-1", "nan", "inf", "often"):
        with pytest.raises(argparse.ArgumentError):
            parsed(f"--watch={text}")


@pytest.mark.parametrize(("text", "size"), [("1000", 1000), ("2k", 2048), ("3M", 3 * 2**20), ("1G", 2**30)])
def test_sizes(text: str, size: int) -> None:
    assert options("--max-size", text).max_size == size


@pytest.mark.parametrize("text", ["0", "-1", "1.5M", "M", "64MB", ""])
def test_no_sizes(text: str) -> None:
    with pytest.raises(argparse.ArgumentError, match="is no size"):
        parsed(f"--max-size={text}")


def test_families() -> None:
    assert [options(word).families for word in ("-4", "--ipv4", "--ipv4-only", "-6")] == ["4", "4", "4", "6"]


def test_tls_files_imply_one_another(tmp_path: Path) -> None:
    got = options("--ssl-ca-path", str(tmp_path))
    assert got.ssl
    assert got.tls.verify
    with pytest.raises(StartError):
        options("--ssl-verify")


@pytest.mark.parametrize("name", sorted(UNSUPPORTED))
def test_nothing_is_ignored(name: str) -> None:
    given = parsed()
    setattr(given, name, True)
    with pytest.raises(StartError) as refused:
        refuse_unsupported(given)
    assert refused.value.status == Exit.USAGE


def serve(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pyspamd", "serve", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)


def test_debugging_tells_of_the_areas_asked_for(tmp_path: Path) -> None:
    """A start that fails late enough to have read the configuration, and early enough not to last."""
    (tmp_path / "a.cf").write_text("# no rules\n")
    where = ("-C", str(tmp_path), "-i", "127.0.0.1", "-p", "0", "--cache-dir=", "-s", "stderr")
    for area, is_told in AREAS.items():
        done = serve(*where, "-D", area, folder=tmp_path)
        assert (f"dbg: config: read {tmp_path}/a.cf" in done.stderr) is is_told, area


AREAS = {"config": True, "all": True, "dns,config": True, "dns": False, "all,noconfig": False, "info": False}


def test_the_command_itself(tmp_path: Path) -> None:
    done = serve("--version", folder=tmp_path)
    assert done.returncode == 0
    assert done.stdout.startswith("SpamAssassin Server version 4.0.1\n")
    done = serve("--help", folder=tmp_path)
    assert done.returncode == 0
    assert "--max-size" in done.stdout
    assert serve("--no-such-option", folder=tmp_path).returncode == Exit.USAGE
    done = serve("-C", str(tmp_path), "-i", "127.0.0.1", "-p", "0", "--cache-dir=", folder=tmp_path)
    assert done.returncode == Exit.CONFIG
    assert "no rules were found" in done.stderr
