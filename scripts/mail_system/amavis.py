"""amavisd-new with two ports: mail from outside, and ORIGINATING mail; both are scored by asking for spamd."""

import contextlib
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from .postfix import Ports
from .programs import need, running

LIMIT = 64 * 1024
"""Of a body larger than this (bytes) only the beginning is scored."""

SETTINGS = """\
use strict;
# Debian's amavisd-new 2.13 forgets to load what its SpamdClient needs.
require Amavis::IO::RW;

$max_servers = 2;
$daemon_user = 'amavis';
$daemon_group = 'amavis';
$mydomain = 'example.com';
$myhostname = 'mail.example.com';
@local_domains_maps = ([qw(example.com)]);
@mynetworks = qw(127.0.0.0/8);

$MYHOME = '{home}';
$TEMPBASE = "$MYHOME/tmp";
$QUARANTINEDIR = undef;
$db_home = "$MYHOME/db";
$pid_file = "$MYHOME/amavisd.pid";
$lock_file = "$MYHOME/amavisd.lock";
$logfile = "$MYHOME/amavis.log";
$log_level = 2;
$do_syslog = 0;
$enable_db = 0;
$enable_zmq = 0;
$enable_dkim_verification = 0;
$enable_dkim_signing = 0;

# Mail from outside comes in on the first port, mail of our own users on the second.
$inet_socket_bind = '127.0.0.1';
$inet_socket_port = [{ports.filter}, {ports.originating_filter}];
$forward_method = 'smtp:[127.0.0.1]:{ports.from_filter}';
$notify_method = $forward_method;
$interface_policy{{'{ports.originating_filter}'}} = 'ORIGINATING';
$policy_bank{{'ORIGINATING'}} = {{
  originating => 1,
  forward_method => 'smtp:[127.0.0.1]:{ports.from_filter_signed}',
}};

@bypass_virus_checks_maps = (1);
@bypass_banned_checks_maps = (1);
@bypass_header_checks_maps = (1);
$bypass_decode_parts = 1;
@av_scanners = ();
@decoders = ();

@spam_scanners = (['SpamdClient', 'Amavis::SpamControl::SpamdClient']);
$sa_tag_level_deflt = -999;
$sa_tag2_level_deflt = 5;
$sa_kill_level_deflt = 9999;
$final_spam_destiny = D_PASS;
$sa_mail_body_size_limit = {limit};

1;
"""


FAULTS = ("client failed", "size mismatch", "Failure reported", "Empty spamd response", "Error in spamd resp")
"""What its client of spamd logs where a conversation goes wrong."""


class Log:
    """amavisd-new's log."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def summary(self) -> dict[str, int | list[str]]:
        """How many messages were scored, how many of them as ORIGINATING, and what went wrong."""
        lines = self._path.read_text("latin-1").splitlines()
        return {
            "scored": sum("SpamdClient spamd score=" in line for line in lines),
            "originating": sum(re.search(r"Checking: \S+ ORIGINATING ", line) is not None for line in lines),
            "faults": [line for line in lines if any(fault in line for fault in FAULTS)],
        }


@contextlib.contextmanager
def running_amavis(folder: Path, ports: Ports) -> Iterator[Log]:
    """amavisd-new, up; its log."""
    program = need("amavisd")
    home = folder / "home"
    for path in (folder, home, home / "tmp", home / "db"):
        path.mkdir()
        path.chmod(0o755)
        if path != folder:
            shutil.chown(path, "amavis", "amavis")
    settings = folder / "amavisd.conf"
    settings.write_text(SETTINGS.format(home=home, ports=ports, limit=LIMIT))
    command = [program, "-c", str(settings), "foreground"]
    with running(command, folder, folder / "output", (ports.filter, ports.originating_filter)):
        yield Log(home / "amavis.log")
