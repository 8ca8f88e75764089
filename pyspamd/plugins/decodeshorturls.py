"""DecodeShortURLs: links of services that shorten links, and where they lead.

    url_shortener     short.example .links.example
    url_shortener_get other.example
    body HAS_SHORT_URL     eval:short_url()
    body SHORT_URL_CHAINED eval:short_url_chained()

Without network only `short_url` answers. Where links lead is found out before other network tests begin, so that
they and all later rules see the targets.
"""

import asyncio
import logging
import random
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..conf.ascii import lower, words
from ..conf.conf import Conf
from ..conf.directives import Action, Bool, Build, Custom, Float, Str, required
from ..conf.lists import EMPTY, frozen_table
from ..net.http import HttpAnswer, fetch
from ..net.short_url_cache import ShortUrlCache
from ..scan.plugin import Plugin, Reads, eval_test
from ..scan.scan import Scan

logger = logging.getLogger(__name__)

BROWSER = " ".join(
    (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)",
        "Chrome/101.0.4951.67 Safari/537.36",
    )
)


def _put(method: str, table: dict[str, str], text: str) -> dict[str, str]:
    table.update(dict.fromkeys(words(lower(required(text))), method))
    return table


def _add(table: dict[str, str], text: str, build: Build) -> dict[str, str]:
    return _put("HEAD", table, text)


def _add_get(table: dict[str, str], text: str, build: Build) -> dict[str, str]:
    return _put("GET", table, text)


def _clear(text: str, build: Build) -> None:
    table: dict[str, str] = build.container(SHORTENERS)
    if not text:
        table.clear()
    for name in words(lower(text)):
        table.pop(name, None)


SHORTENERS = Custom[Mapping[str, str]]("url_shortener", EMPTY, _add, thaw=dict, freeze=frozen_table)
"""The method to ask with, by host (or `.domain` for all hosts below it)."""
SHORTENERS_GET = Custom[Mapping[str, str]](
    "url_shortener_get", EMPTY, _add_get, thaw=dict, freeze=frozen_table, setting="url_shortener"
)
CACHE_TYPE = Str("url_shortener_cache_type", "", privileged=True)
CACHE_DSN = Str("url_shortener_cache_dsn", "", privileged=True)
CACHE_TTL = Float("url_shortener_cache_ttl", 86400.0, admin_only=True)
CACHE_AUTOCLEAN = Float("url_shortener_cache_autoclean", 1000.0, admin_only=True)
LOG_INFO = Bool("url_shortener_loginfo", default=False, admin_only=True)
TIMEOUT = Float("url_shortener_timeout", 5.0, admin_only=True)
MOST_LINKS = Float("max_short_urls", 10.0, admin_only=True)
MOST_HOPS = Float("max_short_url_redirections", 10.0, admin_only=True)
USER_AGENT = Str("url_shortener_user_agent", BROWSER, admin_only=True)

_LINK = re.compile(r"https?://(?:[^@/?#]*@)?([^/?#:]+)(?::[0-9]+)?(.*?[A-Za-z0-9_])?", re.IGNORECASE)
_ANCHOR = re.compile(r"[#?].*")
_WWW = re.compile(r"www\.([^.]+\.[^.]+)")
_BELOW = re.compile(r"(?!www)[^.]+(\.[^.]+\.[^.]+)")
_STATUS = re.compile(r"[0-9]{3}")
_ABSOLUTE = re.compile(r"[a-z]+://", re.IGNORECASE)
_ROOT = re.compile(r"((?<![a-z])[a-z]++://.*?)[/?#].*")
_SQLITE = re.compile(r"dbi:SQLite:(?:dbname=|database=)?(.+)")


@dataclass(slots=True)
class _Found:
    """What the short links of one message led to."""

    links: dict[str, str] = field(default_factory=dict)
    """The method to ask with, by link."""
    statuses: set[str] = field(default_factory=set)
    redirected: bool = False
    chained: bool = False
    too_long: bool = False
    loops: bool = False


def method_for(uri: str, shorteners: Mapping[str, str]) -> str | None:
    """The method to ask a short link with; `None` where it is none."""
    found = _LINK.match(uri)
    if found is None:
        return None
    host = lower(found[1])
    dots = host.count(".")
    if dots == 1 and found[2] is None:
        return None
    if host in shorteners:
        return shorteners[host]
    if dots == 2:
        below = _WWW.fullmatch(host)
        if below:
            return shorteners.get(below[1])
        below = _BELOW.fullmatch(host)
        if below:
            return shorteners.get(below[1])
    return None


def target_of(uri: str, location: str) -> str:
    """Where a redirection leads; one that is relative goes on from the link as SpamAssassin does it."""
    if _ABSOLUTE.match(location):
        return location
    if location.startswith("/"):
        uri = _ROOT.sub(r"\1", uri, count=1)
    return uri + location


class DecodeShortURLs(Plugin):
    """SpamAssassin's DecodeShortURLs, test for test; the cache is SQLite's or none."""

    eval_area = "body"

    directives = (
        SHORTENERS,
        SHORTENERS_GET,
        Action("clear_url_shortener", _clear),
        CACHE_TYPE,
        CACHE_DSN,
        Str("url_shortener_cache_username", "", privileged=True),
        Str("url_shortener_cache_password", "", privileged=True),
        CACHE_TTL,
        CACHE_AUTOCLEAN,
        LOG_INFO,
        TIMEOUT,
        MOST_LINKS,
        MOST_HOPS,
        USER_AGENT,
    )
    features = frozenset(
        {
            "has_short_url",
            "has_autoclean",
            "has_short_url_code",
            "has_user_agent",
            "has_get",
            "has_clear",
            "has_timeout",
            "has_max_redirections",
            "has_short_url_redir",
        }
    )
    hook_priority = {"check_dnsbl": -10}

    def __init__(self, conf: Conf) -> None:
        super().__init__(conf)
        self._cache = _cache(conf)

    def check_dnsbl(self, scan: Scan) -> "asyncio.Task[Any] | None":
        found = self._found(scan)
        if not found.links or MOST_LINKS.of(scan.conf) == 0:
            return None
        return asyncio.create_task(self._follow_all(scan, found))

    @staticmethod
    def _found(scan: Scan) -> _Found:
        return scan.once("short urls", lambda: _look(scan))

    async def _follow_all(self, scan: Scan, found: _Found) -> None:
        await asyncio.gather(*(self._follow(scan, found, uri, method) for uri, method in found.links.items()))
        autoclean = CACHE_AUTOCLEAN.of(scan.conf)
        if self._cache is not None and autoclean and random.random() < 1 / autoclean:  # noqa: S311
            await asyncio.to_thread(self._cache.clean)

    async def _follow(self, scan: Scan, found: _Found, uri: str, method: str | None) -> None:
        """Follow one link from shortener to shortener."""
        seen: set[str] = set()
        while method is not None:
            if len(seen) >= MOST_HOPS.of(scan.conf):
                found.too_long = True
                return
            location = await self._ask(scan, found, uri, method)
            if location is None or location == uri:
                return
            found.redirected = True
            found.chained = found.chained or bool(seen)
            target = target_of(uri, location)
            if target in seen:
                found.loops = True
                return
            seen.add(target)
            if target not in scan.uri_details:
                scan.add_uri(target)
            uri, method = target, method_for(target, SHORTENERS.of(scan.conf))

    async def _ask(self, scan: Scan, found: _Found, uri: str, method: str) -> str | None:
        """Where a link leads, or `None` where it is answered otherwise; remembered either way."""
        known = await asyncio.to_thread(self._cache.get, uri) if self._cache is not None else None
        if known is None:
            answer = await self._fetch(scan, uri, method)
            known = answer.location if answer.is_redirect else str(answer.status)
            is_status = not answer.is_redirect
        else:
            is_status = bool(_STATUS.fullmatch(known))
        if self._cache is not None:
            await asyncio.to_thread(self._cache.put, uri, known)
        if is_status:
            found.statuses.add(known)
            return None
        log = logger.info if LOG_INFO.of(scan.conf) else logger.debug
        log("short link %s leads to %s", uri, known)
        return known

    @staticmethod
    async def _fetch(scan: Scan, uri: str, method: str) -> HttpAnswer:
        return await fetch(uri, method, USER_AGENT.of(scan.conf), TIMEOUT.of(scan.conf))

    @eval_test(reads=Reads.BODY | Reads.HEADER)
    def short_url(self, scan: Scan) -> bool:
        """There is a short link."""
        return bool(self._found(scan).links)

    @eval_test(reads=Reads.BODY | Reads.HEADER | Reads.NETWORK)
    def short_url_redir(self, scan: Scan) -> bool:
        """A short link leads elsewhere."""
        return self._found(scan).redirected

    @eval_test(reads=Reads.BODY | Reads.HEADER | Reads.NETWORK)
    def short_url_200(self, scan: Scan) -> bool:
        """A short link is answered with a page."""
        return "200" in self._found(scan).statuses

    @eval_test(reads=Reads.BODY | Reads.HEADER | Reads.NETWORK)
    def short_url_404(self, scan: Scan) -> bool:
        """A short link is not known to its service."""
        return "404" in self._found(scan).statuses

    @eval_test(reads=Reads.BODY | Reads.HEADER | Reads.NETWORK)
    def short_url_code(self, scan: Scan, code: str = "") -> bool:
        """A short link is answered with this status."""
        return code in self._found(scan).statuses

    @eval_test(reads=Reads.BODY | Reads.HEADER | Reads.NETWORK)
    def short_url_chained(self, scan: Scan) -> bool:
        """A short link leads to another that leads elsewhere."""
        return self._found(scan).chained

    @eval_test(reads=Reads.BODY | Reads.HEADER | Reads.NETWORK)
    def short_url_maxchain(self, scan: Scan) -> bool:
        """A short link leads on and on."""
        return self._found(scan).too_long

    @eval_test(reads=Reads.BODY | Reads.HEADER | Reads.NETWORK)
    def short_url_loop(self, scan: Scan) -> bool:
        """A short link leads back to where it came from."""
        return self._found(scan).loops

    @eval_test(reads=Reads.NOTHING, area="any")
    def short_url_tests(self, scan: Scan) -> bool:
        """What an older plugin of this name had; never true."""
        return False


def _cache(conf: Conf) -> ShortUrlCache | None:
    kind, dsn = lower(CACHE_TYPE.of(conf)), CACHE_DSN.of(conf)
    if not kind:
        return None
    found = _SQLITE.fullmatch(dsn) if kind in ("dbi", "sqlite") else None
    if found is None:
        logger.warning(
            "url_shortener_cache_dsn %s is no SQLite database: short links are not remembered", dsn
        )
        return None
    return ShortUrlCache(Path(found[1]), CACHE_TTL.of(conf))


def _look(scan: Scan) -> _Found:
    found = _Found()
    shorteners = SHORTENERS.of(scan.conf)
    if not shorteners:
        return found
    for uri, detail in scan.uri_details.items():
        if not detail.domains or not detail.cleaned:
            continue
        uri = _ANCHOR.sub("", uri)
        method = method_for(uri, shorteners)
        if method is not None:
            found.links[uri] = method
            if len(found.links) >= MOST_LINKS.of(scan.conf):
                break
    return found
