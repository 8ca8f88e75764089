"""A private Postfix: mail from outside and mail of our own users enter by different ports and filters.

outside    -> entrance   -> amavisd 10024 -> from_filter        -> mailboxes
our users  -> submission -> amavisd 10026 -> from_filter_signed -> OpenDKIM -> lists, other domains
"""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from processes import HOST, eventually

from .programs import TopologyError, listens, need


@dataclass(frozen=True)
class Ports:
    """Where everything listens, all on 127.0.0.1."""

    entrance: int
    submission: int
    from_filter: int
    from_filter_signed: int
    filter: int
    originating_filter: int
    opendkim: int
    dns: int
    plain_list: int
    footer_list: int
    mailboxes: int
    milter_entrance: int


MAIN = """\
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/maillog
maillog_file_prefixes = {folder}
import_environment = MAIL_CONFIG
myhostname = mail.example.com
mydestination =
alias_maps =
alias_database =
local_recipient_maps =
local_transport = error:there are no users here
inet_interfaces = loopback-only
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
relay_domains = example.com, example.org, lists.example.net
transport_maps = inline:{{
    {{ plain@lists.example.net = smtp:[127.0.0.1]:{ports.plain_list} }},
    {{ footer@lists.example.net = smtp:[127.0.0.1]:{ports.footer_list} }} }}
default_transport = smtp:[127.0.0.1]:{ports.mailboxes}
relay_transport = smtp:[127.0.0.1]:{ports.mailboxes}
smtp_dns_support_level = disabled
smtpd_peername_lookup = no
smtp_tls_security_level = none
smtpd_tls_security_level = none
minimal_backoff_time = 2s
queue_run_delay = 2s
"""

PLAIN_AGAIN = """\
    -o content_filter=
    -o receive_override_options=no_unknown_recipient_checks,no_header_body_checks,no_address_mappings
    -o smtpd_authorized_xforward_hosts=127.0.0.0/8
"""

MASTER = """\
127.0.0.1:{ports.entrance} inet n - n - - smtpd
    -o content_filter=filter:[127.0.0.1]:{ports.filter}
127.0.0.1:{ports.submission} inet n - n - - smtpd
    -o content_filter=filter:[127.0.0.1]:{ports.originating_filter}
127.0.0.1:{ports.from_filter} inet n - n - - smtpd
{again}127.0.0.1:{ports.from_filter_signed} inet n - n - - smtpd
{signing}    -o smtpd_milters=inet:127.0.0.1:{ports.opendkim}
    -o milter_default_action=tempfail
127.0.0.1:{ports.milter_entrance} inet n - n - - smtpd
    -o smtpd_milters=unix:{milter}
    -o milter_default_action=tempfail
filter unix - - n - 4 smtp
    -o smtp_send_xforward_command=yes
    -o disable_dns_lookups=yes
    -o max_use=20
smtp unix - - n - - smtp
relay unix - - n - - smtp
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
proxymap unix - - n - - proxymap
postlog unix-dgram n - n - 1 postlogd
"""


def _write(folder: Path, ports: Ports, milter: Path) -> Path:
    settings = folder / "etc"
    for path in (settings, folder / "queue", folder / "data"):
        path.mkdir()
    subprocess.run(["chown", "postfix", folder / "data"], check=True)
    # Milters are asked before cleanup; elsewhere nothing of theirs is run a second time.
    again = PLAIN_AGAIN.replace("no_address_mappings", "no_address_mappings,no_milters")
    (settings / "main.cf").write_text(MAIN.format(folder=folder, ports=ports))
    (settings / "master.cf").write_text(
        MASTER.format(ports=ports, again=again, signing=PLAIN_AGAIN, milter=milter)
    )
    return settings


@contextlib.contextmanager
def running_postfix(folder: Path, ports: Ports, milter: Path) -> Iterator[Path]:
    """Postfix, up, with spamass-milter behind the socket `milter`; the path of its log."""
    program = need("postfix")
    folder.mkdir()
    settings = _write(folder, ports, milter)
    environment = {**os.environ, "MAIL_CONFIG": str(settings)}

    def postfix(*words: str) -> subprocess.CompletedProcess[str]:
        command = [program, "-c", str(settings), *words]
        return subprocess.run(
            command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60
        )

    log = folder / "maillog"
    log.touch()
    try:
        started = postfix("start")
        entrances = (
            *(ports.entrance, ports.submission, ports.milter_entrance),
            *(ports.from_filter, ports.from_filter_signed),
        )
        if started.returncode or not eventually(lambda: all(map(listens, entrances))):
            raise TopologyError(f"postfix on {HOST} did not start:\n{started.stderr}{log.read_text()}")
        yield log
    finally:
        postfix("abort")
