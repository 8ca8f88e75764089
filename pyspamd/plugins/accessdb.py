"""AccessDB: whether the mail server's access table would have refused a message.

header ACCESSDB eval:check_access_database('/etc/mail/access.db')
score  ACCESSDB 3
"""

import logging
import re
from collections.abc import Iterator
from pathlib import Path

from ..base.berkeley_db import NotADatabase, read_hash
from ..scan.plugin import Plugin, Reads, eval_test
from ..scan.scan import Scan

logger = logging.getLogger(__name__)

_WORD_END = re.compile(rb"\W")
_NOT_IN_ADDRESS = re.compile(rb"[^0-9.]")
_ACCEPTED = frozenset((b"OK", b"SKIP"))
_REFUSED = frozenset((b"REJECT", b"ERROR", b"DISCARD"))


def _parents(name: bytes) -> Iterator[bytes]:
    """A host's or domain's name and each of its parents."""
    while b"." in name:
        yield name
        name = name.partition(b".")[2]
    yield name


def _networks(address: bytes) -> Iterator[bytes]:
    """An address and each network around it, as access tables write them."""
    while b"." in address:
        yield address
        address = address.rpartition(b".")[0]
    yield address


def _keys(scan: Scan) -> Iterator[bytes]:
    for sender in scan.from_addresses:
        yield sender
        user, _, domain = sender.partition(b"@")
        if user not in (b"", b"0"):
            yield user + b"@"
        if domain not in (b"", b"0"):
            yield from _parents(domain)
    if scan.relays.untrusted:
        relay = scan.relays.untrusted[0]
        if not relay.no_reverse_dns:
            yield from _parents(relay.lc_rdns)
        yield from _networks(_NOT_IN_ADDRESS.sub(b"", relay.ip))


def _would_refuse(scan: Scan, table: dict[bytes, bytes]) -> bool:
    refused = False
    for key in dict.fromkeys(_keys(scan)):
        for asked in (b"From:" + key, key):
            found = table.get(asked)
            if found in (None, b"", b"0"):
                found = table.get(asked + b"\0")
            if found in (None, b"", b"0"):
                continue
            action = _WORD_END.split(found or b"", maxsplit=1)[0].upper()
            if action in _ACCEPTED:
                return False
            refused = refused or action in _REFUSED or action.isdigit()
    return refused


class AccessDB(Plugin):
    """SpamAssassin's AccessDB; tables are Berkeley DB hash files."""

    eval_area = "header"

    @eval_test(reads=Reads.HEADER)
    def check_access_database(self, scan: Scan, path: str = "") -> bool:
        """The table refuses a sender, or the host or network that handed the message over, and accepts none."""
        try:
            table = read_hash(Path(path))
        except NotADatabase as error:
            logger.debug("accessdb: %s", error)
            return False
        return _would_refuse(scan, table)
