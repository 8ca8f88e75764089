"""PhishTag: now and then lets a phishing mail through, its links turned to a page that warns of such mail.

trigger_ratio  0.1
trigger_target URI_PHISHING https://intranet.example/about-phishing
"""

import logging
import random
import re
from collections.abc import Collection
from pathlib import Path

from ahocorasick_rs import BytesAhoCorasick, MatchKind

from ..conf.conf import Conf
from ..conf.directives import Float, Str
from ..conf.lists import KeyValue
from ..mail.uri_canon import as_octets
from ..scan.plugin import Plugin
from ..scan.scan import Scan

logger = logging.getLogger(__name__)

TARGETS = KeyValue("trigger_target", admin_only=True)
FILE = Str("trigger_config", "", admin_only=True)
RATIO = Float("trigger_ratio", 0.0, admin_only=True)

RULE = "PHISHTAG_TOSS"
LET_THROUGH = -100.0
_TARGET = re.compile(r"target\s+(\S+)", re.ASCII)


def _read(path: str) -> list[tuple[str, list[str]]]:
    """(page, rules) by entry of a file: a line `target PAGE`, then a rule's name a line, then an empty line."""
    if not path.strip():
        return []
    try:
        lines = Path(path).read_bytes().decode("latin-1").split("\n")
    except OSError as error:
        logger.warning("trigger_config %s cannot be read: %s", path, error.strerror)
        return []
    entries: list[tuple[str, list[str]]] = []
    inside = False
    for line in lines:
        if line.lstrip().startswith("#"):
            continue
        found = _TARGET.match(line)
        if found:
            entries.append((found[1], []))
            inside = True
        elif not line.strip():
            inside = False
        elif inside:
            entries[-1][1].append("".join(line.split()))
    return entries


class PhishTag(Plugin):
    """SpamAssassin's PhishTag: the rules of an entry must all have hit, then chance decides."""

    directives = (TARGETS, FILE, RATIO)

    def __init__(self, conf: Conf) -> None:
        super().__init__(conf)
        self._entries = _read(FILE.of(conf))
        self._entries += [(page, [rule]) for rule, page in TARGETS.of(conf).items()]

    def check_end(self, scan: Scan) -> None:
        pages = [page for page, rules in self._entries if all(map(scan.has_hit, rules))]
        if not pages or RATIO.of(scan.conf) <= random.random() * 100:  # noqa: S311
            return
        page = random.choice(pages).encode("latin-1", "replace")  # noqa: S311
        scan.hit(RULE, area="BODY: ", score=LET_THROUGH)
        links = {as_octets(uri) for uri, detail in scan.uri_details.items() if "a" in detail.types}
        if links := links - {b""}:
            scan.rewrite_body(_replaced(scan.message.body_bytes, links, page))


def _replaced(body: bytes, links: Collection[bytes], page: bytes) -> bytes:
    """The body with each of the links, where it begins first and is longest, replaced by the page."""
    automaton = BytesAhoCorasick(links, matchkind=MatchKind.LeftmostLongest)
    pieces: list[bytes] = []
    at = 0
    for _, start, end in automaton.find_matches_as_indexes(body):
        pieces += (body[at:start], page)
        at = end
    return b"".join((*pieces, body[at:]))
