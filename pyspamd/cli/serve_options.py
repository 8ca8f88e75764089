"""The options of `pyspamd serve`: spamd's by their names and letters, then our own."""

import argparse
import contextlib
from typing import Any

from ..spamd.request import DEFAULT_MAX_SIZE
from .sources import add_source_options

Group = Any
"""An argument group; argparse keeps its type to itself."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add every option."""
    add_source_options(parser)
    parser.add_argument(
        "--nolocal", "--no-local", dest="local", action="store_false", default=False, help=argparse.SUPPRESS
    )
    _add_listening(parser.add_argument_group("listening"))
    _add_tls(parser.add_argument_group("TLS"))
    _add_workers(parser.add_argument_group("workers"))
    _add_users(parser.add_argument_group("users"))
    _add_process(parser.add_argument_group("process and log"))
    _add_unsupported(parser)


def _switch(group: Group, *names: str, dest: str, text: str, negative: bool = True) -> None:
    """A switch that `--no…` turns off again."""
    group.add_argument(*names, dest=dest, action="store_true", help=text)
    if negative:
        long = next(name[2:] for name in names if name.startswith("--"))
        group.add_argument(
            f"--no{long}", f"--no-{long}", dest=dest, action="store_false", help=argparse.SUPPRESS
        )


def _add_listening(group: Group) -> None:
    group.add_argument(
        *("-i", "--listen", "--listen-ip", "--ip-address"),
        dest="listen",
        action="append",
        nargs="?",
        const="",
        default=[],
        metavar="[ssl:][ADDRESS][:PORT]",
        help="listen there: an address, * for all, or a Unix socket's path (repeatable; localhost)",
    )
    group.add_argument("-p", "--port", metavar="PORT", help="the port where -i names none (783)")
    for letter, names in (("4", ("--ipv4-only", "--ipv4only", "--ipv4")), ("6", ())):
        group.add_argument(
            f"-{letter}",
            *names,
            dest="family",
            action="store_const",
            const=letter,
            help=f"IPv{letter} only",
        )
    group.add_argument(
        *("-A", "--allowed-ips"),
        action="append",
        default=[],
        metavar="HOST,…",
        help="addresses and networks that may connect (127.0.0.1,::1)",
    )
    group.add_argument("--socketpath", metavar="PATH", help="listen on a Unix socket")
    group.add_argument("--socketowner", metavar="NAME", help="the Unix socket's owner")
    group.add_argument("--socketgroup", metavar="NAME", help="the Unix socket's group")
    group.add_argument("--socketmode", metavar="MODE", help="the Unix socket's mode, octal (0666)")
    group.add_argument(
        "--max-size",
        type=_size,
        default=DEFAULT_MAX_SIZE,
        metavar="BYTES",
        help="largest message, decompressed; k, M and G may follow the number (64M)",
    )
    group.add_argument("--timeout-tcp", "-T", type=int, metavar="SECONDS", help="wait for the command (30)")
    group.add_argument(
        "--timeout-child", "-t", type=int, metavar="SECONDS", help="time for one request (300)"
    )


def _add_tls(group: Group) -> None:
    group.add_argument("--ssl", action="store_true", help="TLS on TCP connections")
    group.add_argument("--ssl-port", metavar="PORT", help="the port for TLS where -i names none")
    group.add_argument("--server-cert", metavar="FILE", help="the server's certificate (PEM)")
    group.add_argument("--server-key", metavar="FILE", help="the server's key (PEM)")
    group.add_argument("--ssl-verify", action="store_true", help="clients must show a certificate")
    group.add_argument("--ssl-ca-file", metavar="FILE", help="whom clients' certificates must be signed by")
    group.add_argument("--ssl-ca-path", metavar="DIR", help="the same, a folder of certificates")


def _add_workers(group: Group) -> None:
    group.add_argument("-m", "--max-children", type=int, metavar="N", help="most worker processes (5)")
    group.add_argument("--min-children", type=int, default=1, metavar="N", help="fewest worker processes (1)")
    group.add_argument("--min-spare", type=int, default=1, metavar="N", help="fewest idle workers (1)")
    group.add_argument("--max-spare", type=int, default=2, metavar="N", help="most idle workers (2)")
    group.add_argument(
        "--max-conn-per-child",
        type=int,
        metavar="N",
        help="connections a worker serves, then it is replaced (5000)",
    )
    _switch(
        group, "--round-robin", dest="round_robin", text="always run --max-children workers, which take turns"
    )


def _add_users(group: Group) -> None:
    group.add_argument("-u", "--username", metavar="USER", help="run as this user")
    group.add_argument("-g", "--groupname", metavar="GROUP", help="run as this group")
    group.add_argument(
        "-U",
        "--default-user",
        default="nobody",
        metavar="USER",
        help="started by root without -u: run as (nobody)",
    )
    group.add_argument(
        *("-x", "--nouser-config", "--no-user-config"),
        dest="user_config",
        action="store_false",
        help="read no preferences from users' homes",
    )
    group.add_argument("--user-config", dest="user_config", action="store_true", help=argparse.SUPPRESS)
    group.set_defaults(user_config=True)
    _switch(group, "-c", "--create-prefs", dest="create_prefs", text="create users' preferences files")
    group.add_argument(
        "--virtual-config-dir",
        metavar="PATTERN",
        help="folders of virtual users' preferences: %%u %%l %%d %%x",
    )
    _switch(group, "-P", "--paranoid", dest="paranoid", text="hang up on unknown users")
    _switch(
        group,
        "-l",
        "--allow-tell",
        dest="allow_tell",
        text="allow TELL: learning and reporting",
        negative=False,
    )
    group.add_argument(
        *("-H", "--helper-home-dir"),
        nargs="?",
        const="",
        metavar="DIR",
        help="HOME for helpers such as Pyzor",
    )


def _add_process(group: Group) -> None:
    _switch(group, "-d", "--daemonize", dest="daemonize", text="run in the background")
    group.add_argument("-r", "--pidfile", metavar="FILE", help="write the server's process id there")
    group.add_argument(
        *("-s", "--syslog"),
        default="mail",
        metavar="FACILITY",
        help="log there: a facility, stderr, null, a file",
    )
    group.add_argument("--syslog-socket", metavar="TYPE", help="how to reach syslog: unix, inet, none")
    group.add_argument(
        "--log-timestamp-fmt",
        nargs="?",
        const="",
        metavar="FORMAT",
        help="strftime format of the log's times; empty: none",
    )
    group.add_argument(
        "--log-format", choices=("text", "json"), default="text", help="spamd's lines, or JSON"
    )
    group.add_argument("-D", "--debug", nargs="?", const="all", metavar="AREA,…", help="log what is done")
    group.add_argument(
        "--watch",
        type=_seconds,
        default=10.0,
        metavar="SECONDS",
        help="look that often whether files of the configuration have changed, and read them anew; 0: only on "
        "SIGHUP (10)",
    )
    group.add_argument("--timing", action="store_true", help="log how long requests take")
    group.add_argument("-V", "--version", action="store_true", help="print the version")
    group.add_argument(
        "--cache-dir", metavar="DIR", help="where verdicts on bodies are remembered; empty: nowhere"
    )
    group.add_argument("-S", "--stop-at-threshold", action="store_true", help=argparse.SUPPRESS)


def _add_unsupported(parser: argparse.ArgumentParser) -> None:
    """Options that are understood only to be refused by name."""
    for names, dest in (
        (("-q", "--sql-config"), "sql_config"),
        (("-Q", "--setuid-with-sql"), "setuid_with_sql"),
        (("--ldap-config",), "ldap_config"),
        (("--setuid-with-ldap",), "setuid_with_ldap"),
        (("-v", "--vpopmail"), "vpopmail"),
        (("--add-from",), "add_from"),
    ):
        parser.add_argument(*names, dest=dest, action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("-F", dest="from_option", nargs="?", const="", help=argparse.SUPPRESS)


def _seconds(text: str) -> float:
    """A number of seconds that is not negative."""
    with contextlib.suppress(ValueError):
        if 0 <= (seconds := float(text)) < float("inf"):
            return seconds
    raise argparse.ArgumentTypeError(f"'{text}' is no number of seconds")


def _size(text: str) -> int:
    """A number of bytes: `64M`, `500k`, `1000`."""
    scale = {"k": 2**10, "m": 2**20, "g": 2**30}.get(text[-1:].lower(), 0)
    with contextlib.suppress(ValueError):
        if (number := int(text[:-1]) * scale if scale else int(text)) >= 1:
            return number
    raise argparse.ArgumentTypeError(f"'{text}' is no size, which is a number that k, M or G may follow")
