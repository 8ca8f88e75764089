"""`pyspamd serve`: the spamd daemon, with spamd's options.

pyspamd serve -L -i 127.0.0.1 -p 1783 -u nobody -x
pyspamd serve -d -r /run/pyspamd.pid --socketpath=/run/pyspamd.sock
"""

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from .. import __version__
from ..base.errors import PyspamdError
from ..base.ipset import BadNetwork, IPSet
from ..base.problems import Problem
from ..base.stores import DiskStore, Store
from ..engine.assemble import Setup, assemble, files_of, problems_of
from ..engine.tags import SPAMASSASSIN_VERSION
from ..spamd import process
from ..spamd.journal import Journal, open_journal, take_logging
from ..spamd.master import Master
from ..spamd.options import Exit, ServerOptions, StartError, TlsOptions, UserOptions
from ..spamd.reading import Reading, Stamps, stamps
from ..spamd.scoring import EngineScorer
from .caches import cache_folder, compiled_folder
from .serve_options import add_options
from .sources import no_rules, setup_of

logger = logging.getLogger("pyspamd.config")  # the area that -D knows it by


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb and its options."""
    parser = subparsers.add_parser(
        "serve",
        help="serve the spamd protocol",
        description="Answer spamc and every other client of the spamd protocol. Options are spamd's.",
        epilog="Exit status: 0 stopped on request; 64 options that cannot be used; 67 no such user; 69 no "
        "socket to listen on; 73 a file cannot be made; 77 not permitted; 78 no usable configuration.",
    )
    add_options(parser)


def run(options: argparse.Namespace) -> int:
    """Serve until told to stop; the exit status is as the help says."""
    if options.version:
        print(f"SpamAssassin Server version {SPAMASSASSIN_VERSION}\n  by pyspamd {__version__}")
        return Exit.OK
    try:
        return _serve(options)
    except PyspamdError as error:
        print(f"pyspamd serve: {error}", file=sys.stderr)
        return error.status if isinstance(error, StartError) else Exit.CONFIG


def _serve(options: argparse.Namespace) -> int:
    refuse_unsupported(options)
    server = server_options(options)
    setup = _with_families(_absolute(setup_of(options)), server.families)
    journal = open_journal(
        options.syslog,
        options.syslog_socket or "",
        None if (options.log_timestamp_fmt or "").lower() == "default" else options.log_timestamp_fmt,
        options.log_format,
    )
    take_logging(journal, (options.debug or "").split(","))
    if options.stop_at_threshold:
        journal.warn("the option -S does nothing, as in spamd")

    def build() -> EngineScorer:
        files = _files_now(setup)
        engine = assemble(
            setup,
            store=_store(options.cache_dir, process.identity(server.users), journal),
            compiled=compiled_folder(options.cache_dir),
        )
        problems = problems_of(engine)
        _tell_problems(engine.conf.files, [str(problem) for problem in problems], journal)
        if not engine.active:
            raise StartError(no_rules(setup), Exit.CONFIG)
        reading = _reading(setup, files, engine.conf.files, problems)
        return EngineScorer(engine, reading, for_users=server.users.reads_preferences)

    return Master(server, build, journal, SPAMASSASSIN_VERSION).run()


def _files_now(setup: Setup) -> Stamps:
    """The files that would be read, as they are; none where they cannot be found."""
    try:
        return stamps(str(path) for path in files_of(setup))
    except (OSError, PyspamdError):
        return {}


def _reading(setup: Setup, files: Stamps, all_files: Sequence[str], problems: Sequence[Problem]) -> Reading:
    """How a configuration was read; `files` are those that were looked at before, the others are included ones."""
    included = stamps(name for name in all_files if name not in files)
    return Reading(
        tuple(_fault(problem) for problem in problems if problem.severity == "error"),
        {**included, **files},
        lambda: {**stamps(included), **_files_now(setup)},
    )


def _fault(problem: Problem) -> str:
    """A problem in words that stay the same when lines are inserted before it."""
    where = [problem.location.file if problem.location else None, problem.rule, problem.text]
    return ": ".join(filter(None, where))


def _tell_problems(files: Sequence[str], problems: Sequence[str], journal: Journal) -> None:
    journal.raw("info" if files else "warn", f"read {len(files)} files", "config")
    for name in files:
        logger.debug("read %s", name)
    for problem in problems:
        journal.raw("warn", problem, "config")


# Options


UNSUPPORTED = {
    "sql_config": ("-q/--sql-config", "preferences are not read from SQL"),
    "setuid_with_sql": ("-Q/--setuid-with-sql", "preferences are not read from SQL"),
    "ldap_config": ("--ldap-config", "preferences are not read from LDAP"),
    "setuid_with_ldap": ("--setuid-with-ldap", "preferences are not read from LDAP"),
    "vpopmail": ("-v/--vpopmail", "vpopmail's users are not looked up; --virtual-config-dir may do"),
    "from_option": ("-F", "SpamAssassin 2.4 removed it"),
    "add_from": ("--add-from", "SpamAssassin 2.4 removed it"),
}
"""Options that spamd has or had and that would silently do nothing here."""


def refuse_unsupported(options: argparse.Namespace) -> None:
    """Raise `StartError` for an option that would do nothing."""
    for name, (option, why) in UNSUPPORTED.items():
        if getattr(options, name) not in (None, False):
            raise StartError(f"{option} is not supported: {why}", Exit.USAGE)


def server_options(options: argparse.Namespace) -> ServerOptions:
    """The server's options from the parsed command line. Raises `StartError`."""
    verify = options.ssl_verify or bool(options.ssl_ca_file or options.ssl_ca_path)
    for option, name in (("--ssl-ca-file", options.ssl_ca_file), ("--ssl-ca-path", options.ssl_ca_path)):
        if name and not Path(name).exists():
            raise StartError(f"{option}: {name} does not exist", Exit.CONFIG)
    if verify and not (options.ssl_ca_file or options.ssl_ca_path):
        raise StartError("--ssl-verify needs --ssl-ca-file or --ssl-ca-path", Exit.USAGE)
    if options.virtual_config_dir and not options.username:
        raise StartError("--virtual-config-dir needs -u", Exit.USAGE)
    if options.groupname and not options.username:
        raise StartError("-g needs -u", Exit.USAGE)
    try:
        mode = int(options.socketmode, 8) if options.socketmode else 0o666
    except ValueError as error:
        raise StartError(
            f"--socketmode takes an octal number, not {options.socketmode}", Exit.USAGE
        ) from error
    unix = [str(Path(options.socketpath).absolute())] if options.socketpath else []
    listen = [*options.listen, *unix] or ["localhost"]
    children = max(1, options.max_children or 5)
    min_spare = max(0, options.min_spare)
    if min_spare > children:
        min_spare = children - 1
    max_spare = options.max_spare if options.max_spare >= min_spare else min_spare + 1
    defaults = ServerOptions()
    return ServerOptions(
        listen=tuple(listen),
        port=options.port,
        ssl=options.ssl or verify,
        ssl_port=options.ssl_port,
        tls=TlsOptions(
            options.server_cert or defaults.tls.certificate,
            options.server_key or defaults.tls.key,
            verify,
            options.ssl_ca_file,
            options.ssl_ca_path,
        ),
        families={"4": "4", "6": "6"}.get(options.family, "46"),
        socket_owner=options.socketowner,
        socket_group=options.socketgroup,
        socket_mode=mode,
        allowed=_allowed(options.allowed_ips),
        allow_tell=options.allow_tell,
        timeout_tcp=_seconds(options.timeout_tcp, defaults.timeout_tcp),
        timeout_child=_seconds(options.timeout_child, defaults.timeout_child),
        max_children=children,
        min_children=min(max(1, options.min_children), children),
        min_spare=min_spare,
        max_spare=max_spare,
        scaling=not options.round_robin,
        max_connections_per_child=_at_least_one(
            options.max_conn_per_child, defaults.max_connections_per_child
        ),
        max_size=options.max_size,
        pid_file=os.path.abspath(options.pidfile) if options.pidfile else None,  # noqa: PTH100
        daemonize=options.daemonize,
        timing=options.timing,
        watch=options.watch,
        users=UserOptions(
            options.username,
            options.groupname,
            options.default_user,
            options.user_config,
            options.create_prefs,
            options.virtual_config_dir,
            options.paranoid,
            options.helper_home_dir,
        ),
    )


def _seconds(value: int | None, default: float | None) -> float | None:
    """A time-out as spamd takes it: 0 is none, a negative one the default."""
    if value is None or value < 0:
        return default
    return float(value) or None


def _at_least_one(value: int | None, default: int) -> int:
    return default if value is None or value < 1 else value


def _allowed(lists: Sequence[str]) -> IPSet:
    names = [name for text in lists for name in text.split(",") if name] or ["127.0.0.1", "::1"]
    allowed = IPSet()
    for name in names:
        plain = name.removeprefix("[").replace("]", "", 1) if name.startswith("[") else name
        try:
            is_new = allowed.add(plain)
        except BadNetwork as error:
            raise StartError(f"-A: {error}", Exit.USAGE) from error
        if not is_new and plain.lstrip().startswith("!"):
            raise StartError(f"-A: {name} comes after a network that allows it already", Exit.USAGE)
    return allowed


def _absolute(setup: Setup) -> Setup:
    """The setup with paths that still hold when the server has gone to the root folder."""
    config, site = (str(Path(p).absolute()) if p else None for p in (setup.config, setup.site))
    return replace(setup, config=config, site=site)


def _with_families(setup: Setup, families: str) -> Setup:
    """`-4` and `-6` hold for DNS too."""
    if families == "46":
        return setup
    line = "dns_options nov6" if families == "4" else "dns_options nov4"
    return replace(setup, cf=(*setup.cf, line))


def _store(name: str | None, who: process.Identity | None, journal: Journal) -> Store | None:
    """The verdict cache's store; where it cannot be, the server scores without one."""
    folder = cache_folder(name)
    if folder is None:
        return None
    try:
        process.make_folder(folder, who)
    except StartError as error:
        journal.raw("warn", f"{error}; verdicts on bodies are not remembered", "cache")
        return None
    return DiskStore(folder)
