"""Where short links led before: SpamAssassin's SQLite table of them, so that both can share a file."""

import logging
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Final

logger = logging.getLogger(__name__)

LONGEST_KEY: Final = 256
LONGEST_VALUE: Final = 512
BUSY_TIMEOUT: Final = 1.0
"""Seconds to wait for another process that writes."""
_CREATE = """
create table if not exists short_url_cache (
    short_url text primary key not null, decoded_url text not null, hits integer not null default 1,
    created integer not null, modified integer not null)
"""
_PUT = """
insert into short_url_cache (short_url, decoded_url, created, modified) values (?, ?, ?, ?)
on conflict(short_url) do update set decoded_url = excluded.decoded_url, modified = excluded.modified, hits = hits + 1
"""


class ShortUrlCache:
    """A table in a file; `ttl` is how many seconds an entry lives. What fails is not remembered, and never raises."""

    def __init__(self, path: Path, ttl: float) -> None:
        self.path = path
        self.ttl = ttl

    def get(self, url: str) -> str | None:
        """Where the link led, or the status it was answered with (three digits); `None` where it is unknown."""
        try:
            with closing(self._connect()) as table, table:
                self._expire(table, url)
                row = table.execute(
                    "select decoded_url from short_url_cache where short_url = ?", (url,)
                ).fetchone()
                return row[0] if row else None
        except sqlite3.Error as error:
            logger.debug("short link cache: %s", error)
            return None

    def put(self, url: str, target: str) -> None:
        """Remember where a link led."""
        if len(url) > LONGEST_KEY or len(target) > LONGEST_VALUE:
            return
        now = int(time.time())
        try:
            with closing(self._connect()) as table, table:
                table.execute(_PUT, (url, target, now, now))
        except sqlite3.Error as error:
            logger.debug("short link cache: %s", error)

    def clean(self) -> None:
        """Drop every entry that has expired."""
        try:
            with closing(self._connect()) as table, table:
                table.execute("delete from short_url_cache where created < ?", (int(time.time() - self.ttl),))
        except sqlite3.Error as error:
            logger.debug("short link cache: %s", error)

    def _connect(self) -> sqlite3.Connection:
        table = sqlite3.connect(self.path, timeout=BUSY_TIMEOUT)
        table.execute(_CREATE)
        return table

    def _expire(self, table: sqlite3.Connection, url: str) -> None:
        table.execute(
            "delete from short_url_cache where short_url = ? and created < ?",
            (url, int(time.time() - self.ttl)),
        )
