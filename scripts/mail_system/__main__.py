"""Stands the mail system up, sends mail round it and tells what was seen; `scripts/topology` runs it."""

import argparse
import contextlib
import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from processes import free_ports
from pyspamd.net.zone import ZoneResolver

from .amavis import LIMIT, Log, running_amavis
from .keys import SigningKey
from .lists import FOOTER, Mailboxes, MailingList
from .nameserver import serving
from .opendkim import running_opendkim
from .postfix import Ports, running_postfix
from .programs import MissingError, TopologyError, alone
from .round_trip import READER, STRANGER, RoundTrip, Trip
from .scorer import PORT, REFUSED, UNWANTED, running_pyspamd
from .smtp import receiving
from .spamass_milter import running_spamass_milter

PATIENCE = 300.0
"""Seconds to wait for other runs that need the same port."""
MISSING = 77
"""The exit status where a program is not installed, or we are not root."""


@contextlib.contextmanager
def workspace(keep: bool) -> Iterator[Path]:
    """A folder that every user may enter."""
    folder = Path(tempfile.mkdtemp(prefix="pyspamd-topology-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        if keep:
            print(f"left in {folder}", file=sys.stderr)
        else:
            shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def mail_system(folder: Path) -> Iterator[tuple[RoundTrip, dict[str, SigningKey], Log]]:
    """All of it, up: what sends mail round, the keys, and the log of amavisd-new."""
    ports = Ports(*free_ports(12))
    keys = {
        "ours": SigningKey.create("example.com", "mail2026"),
        "strangers": SigningKey.create("example.org", "s1"),
        "domainkeys": SigningKey.create("example.org", "dk"),
    }
    zone = ZoneResolver([keys["ours"].record(), keys["strangers"].record(), keys["domainkeys"].record("")])
    boxes = Mailboxes()
    with contextlib.ExitStack() as stack:
        up = stack.enter_context
        up(serving(zone, ports.dns))
        up(receiving(ports.mailboxes, boxes))
        up(receiving(ports.plain_list, MailingList("plain@lists.example.net", READER, ports.entrance)))
        up(
            receiving(
                ports.footer_list, MailingList("footer@lists.example.net", READER, ports.entrance, FOOTER)
            )
        )
        log = up(running_pyspamd(folder / "pyspamd", ports.dns))
        up(running_opendkim(folder / "opendkim", ports.opendkim, keys["ours"]))
        amavis = up(running_amavis(folder / "amavis", ports))
        milter = up(running_spamass_milter(folder / "milter"))
        up(running_postfix(folder / "postfix", ports, milter))
        yield RoundTrip(ports, boxes, log), keys, amavis


def trips(mail: RoundTrip, keys: dict[str, SigningKey]) -> Iterator[Trip]:
    """Every message that goes round."""
    yield mail.submit("outgoing", STRANGER, STRANGER, 1)
    yield mail.receive("unsigned", None)
    yield mail.receive("dkim", keys["strangers"], words="signed")
    yield mail.receive("stripped", None, words="signed")
    yield mail.receive("domainkeys", keys["domainkeys"], domainkeys=True)
    yield mail.submit("plain-list", "plain@lists.example.net", READER, 2)
    yield mail.submit("footer-list", "footer@lists.example.net", READER, 2)
    yield mail.receive("spam", None, more=f"\n{UNWANTED}\n")
    long = "A line that is there very often.\n" * (2 * LIMIT // 33)
    yield mail.receive("large", None, more=long)
    yield mail.receive("large-signed", keys["strangers"], more=long)
    yield mail.receive("milter-dkim", keys["strangers"], by_milter=True)
    yield mail.receive("milter-spam", None, by_milter=True, more=f"\n{UNWANTED}\n")
    yield mail.receive("milter-refused", None, by_milter=True, more=f"\n{UNWANTED}, {REFUSED}\n")


def told(trip: Trip) -> dict[str, object]:
    """A trip for programs."""
    return {
        "name": trip.name,
        "verdicts": [asdict(verdict) for verdict in trip.verdicts],
        "signed": trip.is_signed,
        "status": trip.status,
        "refused": trip.refused,
    }


def main() -> int:
    parser = argparse.ArgumentParser(prog="topology", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object a message")
    parser.add_argument("--keep", action="store_true", help="leave the folder with all settings and logs")
    options = parser.parse_args()
    if os.geteuid() != 0:
        print("topology: only root can start a mail system", file=sys.stderr)
        return MISSING
    try:
        with alone(PORT, PATIENCE), workspace(options.keep) as folder:
            try:
                with mail_system(folder) as (mail, keys, amavis):
                    for trip in trips(mail, keys):
                        print(json.dumps(told(trip)) if options.json else _for_people(trip), flush=True)
                    print(json.dumps({"name": "amavis", **amavis.summary()}))
            except TopologyError:
                _show_logs(folder)
                raise
    except MissingError as error:
        print(f"topology: {error}", file=sys.stderr)
        return MISSING
    except TopologyError as error:
        print(f"topology: {error}", file=sys.stderr)
        return 1
    return 0


def _for_people(trip: Trip) -> str:
    lines = [f"{trip.name}: {'signed' if trip.is_signed else 'unsigned'} where it came to rest"]
    for number, verdict in enumerate(trip.verdicts, 1):
        tests = " ".join(verdict.tests) or "nothing"
        lines.append(f"    verdict {number}: {verdict.score} points, cache {verdict.cache}: {tests}")
    lines.append(
        f"    refused: {trip.refused}" if trip.refused else f"    X-Spam-Status: {trip.status or 'none'}"
    )
    return "\n".join(lines)


def _show_logs(folder: Path) -> None:
    for log in sorted(folder.glob("*/**/*")):
        if log.is_file() and re.search(r"log$|output$", log.name):
            print(f"--- {log.relative_to(folder)}\n{log.read_text('latin-1')[-4000:]}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
