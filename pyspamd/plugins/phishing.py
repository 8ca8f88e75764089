"""Phishing: links that stand in a downloaded list of phishing sites.

phishing_openphish_feed  /var/lib/feeds/openphish.txt
phishing_phishtank_feed  /var/lib/feeds/phishtank.csv
phishing_phishstats_feed /var/lib/feeds/phishstats.csv
body URI_PHISHING eval:check_phishing()
"""

import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from ..base.registry import Registry
from ..conf.conf import Conf
from ..conf.directives import Bool, Float, Str
from ..scan.arguments import number
from ..scan.plugin import Plugin, Reads, eval_test
from ..scan.reading import Reading
from ..scan.scan import Scan

logger = logging.getLogger(__name__)

OPENPHISH: Str[str | None] = Str("phishing_openphish_feed", default=None, admin_only=True)
PHISHTANK: Str[str | None] = Str("phishing_phishtank_feed", default=None, admin_only=True)
PHISHSTATS: Str[str | None] = Str("phishing_phishstats_feed", default=None, admin_only=True)
NO_PARAMETERS = Bool("phishing_uri_noparam", default=False, admin_only=True)
LEAST_SCORE = Float("phishing_phishstats_minscore", 6.0, admin_only=True)

_COMMENT = re.compile(r"\s*#", re.ASCII)
_PARAMETERS = re.compile(r"\?.*")
FEWEST_SLASHES = 4
"""Without its parameters a link with fewer could be anybody's."""


def _openphish(lines: Iterable[str]) -> Iterator[str]:
    return (line for line in lines if not _COMMENT.match(line))


def _columns(lines: Iterable[str], least: int) -> Iterator[list[str]]:
    """The columns of a table whose first line names them."""
    for row, line in enumerate(lines):
        columns = line.split(",")
        if row and not _COMMENT.match(line) and len(columns) >= least:
            yield [column.replace('"', "") for column in columns]


def _phishtank(lines: Iterable[str]) -> Iterator[str]:
    return (columns[1] for columns in _columns(lines, 2))


def _phishstats(lines: Iterable[str], least: float) -> Iterator[str]:
    return (columns[2] for columns in _columns(lines, 3) if number(columns[1]) > least)


@dataclass(frozen=True, slots=True)
class _Feeds:
    """Where the feeds are, and how they are read."""

    files: tuple[tuple[str, int] | None, ...]
    """Path and time of the last change (nanoseconds) of OpenPhish's, PhishTank's and PhishStats' feeds."""
    no_parameters: bool
    least_score: float
    registry: Registry = field(compare=False)

    @classmethod
    def of(cls, conf: Conf) -> "_Feeds":
        """The feeds that the configuration names and that are there."""
        paths = (OPENPHISH.of(conf), PHISHTANK.of(conf), PHISHSTATS.of(conf))
        files = tuple(
            (path, Path(path).stat().st_mtime_ns) if path and Path(path).is_file() else None for path in paths
        )
        return cls(files, NO_PARAMETERS.of(conf), LEAST_SCORE.of(conf), Reading(conf).registry)


def _lines(file: tuple[str, int] | None) -> list[str]:
    if file is None:
        return []
    try:
        text = Path(file[0]).read_bytes().decode("latin-1")
    except OSError as error:
        logger.warning("the feed %s cannot be read: %s", file[0], error.strerror)
        return []
    return text.removesuffix("\n").split("\n")


@lru_cache(maxsize=2)
def _links(feeds: _Feeds) -> Mapping[str, Mapping[str, str]]:
    """By link, by its domain, the first feed that has it."""
    openphish, phishtank, phishstats = map(_lines, feeds.files)
    known: dict[str, dict[str, str]] = {}
    for name, links in (
        ("OpenPhish", _openphish(openphish)),
        ("PhishTank", _phishtank(phishtank)),
        ("PhishStats", _phishstats(phishstats, feeds.least_score)),
    ):
        for link in links:
            found = feeds.registry.uri_to_domain(link)
            if found is not None:
                key = _PARAMETERS.sub("", link, count=1) if feeds.no_parameters else link
                known.setdefault(key, {}).setdefault(found[0], name)
    return known


class Phishing(Plugin):
    """SpamAssassin's Phishing; the lists are read when the rules are."""

    eval_area = "body"

    directives = (OPENPHISH, PHISHTANK, PHISHSTATS, NO_PARAMETERS, LEAST_SCORE)

    def __init__(self, conf: Conf) -> None:
        super().__init__(conf)
        self._known = _links(_Feeds.of(conf))

    @eval_test(reads=Reads.BODY | Reads.HEADER)
    def check_phishing(self, scan: Scan, *, rule: str) -> bool:
        """A link of the message is in a feed."""
        if not self._known:
            return False
        shorten = NO_PARAMETERS.of(scan.conf)
        for uri, detail in scan.uri_details.items():
            if uri[:7].lower() == "mailto:" or not detail.hosts or not {"a", "parsed"} & detail.types.keys():
                continue
            for link in detail.cleaned:
                key = _PARAMETERS.sub("", link, count=1) if shorten else link
                if shorten and key.count("/") < FEWEST_SLASHES:
                    continue
                if key in self._known:
                    found = scan.reading.registry.uri_to_domain(link)
                    domain = found[0] if found else ""
                    scan.log(rule, f"{self._known[key].get(domain, '')} ({domain})")
                    return True
        return False
