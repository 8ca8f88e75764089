"""Stores of small values that may be forgotten at any time: in memory, or on disk for all workers together.

    store = DiskStore(Path("/var/cache/pyspamd"), size_limit=256 * 2**20)
    store.set("key", b"value", ttl=600)
    store.get("key")      # b"value", or None once the ten minutes are over

A store never raises: a full, read-only or broken one forgets, and says so once in the log.
"""

import logging
import os
import sqlite3
import time
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import diskcache

logger = logging.getLogger(__name__)
SIZE_LIMIT = 256 * 2**20
"""Bytes a store on disk may take; beyond that the least recently stored values go."""
BUSY_TIMEOUT = 0.25
"""Seconds to wait for another process that writes; a store is not worth more."""
PAGES_KEPT = 128
"""Pages of the database that each process keeps for itself (1 page: 4 kB)."""


class Store(Protocol):
    """Values (bytes) by key (text), each for a time."""

    def get(self, key: str) -> bytes | None:
        """The value, or `None` where it is unknown or has expired."""

    def set(self, key: str, value: bytes, ttl: float) -> None:
        """Keep a value for `ttl` seconds."""

    def delete(self, key: str) -> None:
        """Forget a value."""


class MemoryStore:
    """A store in this process; holds at most `most` values."""

    def __init__(self, most: int = 10_000, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._clock = clock
        self._values: OrderedDict[str, tuple[float, bytes]] = OrderedDict()

    def get(self, key: str) -> bytes | None:
        found = self._values.get(key)
        if found is None:
            return None
        if found[0] <= self._clock():
            del self._values[key]
            return None
        return found[1]

    def set(self, key: str, value: bytes, ttl: float) -> None:
        self._values[key] = (self._clock() + ttl, value)
        self._values.move_to_end(key)
        while len(self._values) > self._most:
            self._values.popitem(last=False)

    def delete(self, key: str) -> None:
        self._values.pop(key, None)


class DiskStore:
    """A store in a folder that only its user can read, shared by processes; values are plain bytes, never pickles.

    Each process opens the store itself, on first use, so it may be made before workers fork.
    """

    def __init__(self, folder: Path, size_limit: int = SIZE_LIMIT) -> None:
        self._folder = folder
        self._size_limit = size_limit
        self._cache: diskcache.Cache | None = None
        self._owner = 0
        self._warned = False

    def get(self, key: str) -> bytes | None:
        value = self._attempt(lambda cache: cache.get(key))
        return value if isinstance(value, bytes) else None

    def set(self, key: str, value: bytes, ttl: float) -> None:
        self._attempt(lambda cache: cache.set(key, value, expire=ttl))

    def delete(self, key: str) -> None:
        self._attempt(lambda cache: cache.delete(key))

    def close(self) -> None:
        """Let go of the files."""
        if self._cache is not None:
            self._cache.close()
            self._cache = None

    def _attempt(self, action: Callable[[diskcache.Cache], object]) -> object:
        try:
            return action(self._opened())
        except (OSError, sqlite3.Error, diskcache.Timeout, ValueError) as error:
            if not self._warned:
                self._warned = True
                logger.warning(
                    "the store %s cannot be used, so nothing is remembered: %s", self._folder, error
                )
            return None

    def _opened(self) -> diskcache.Cache:
        if self._cache is None or self._owner != os.getpid():
            # A connection to the database must not be carried across a fork.
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            facts = self._folder.stat()
            if facts.st_uid != os.geteuid():
                raise PermissionError("it belongs to another user")
            if facts.st_mode & 0o077:
                self._folder.chmod(0o700)
            self._cache = diskcache.Cache(
                str(self._folder),
                disk=_BytesOnly,
                size_limit=self._size_limit,
                eviction_policy="least-recently-stored",
                timeout=BUSY_TIMEOUT,
                sqlite_synchronous=0,
                # Nothing is mapped into memory: a mapped file that somebody cuts short ends the process.
                sqlite_mmap_size=0,
                # What is not among them the kernel has, once for all workers.
                sqlite_cache_size=PAGES_KEPT,
                sqlite_journal_mode="persist",
            )
            self._owner = os.getpid()
        return self._cache


class _BytesOnly(diskcache.Disk):  # type: ignore[misc]
    """Reads and writes bytes as they are; what anybody else put there in another form is not looked at."""

    def fetch(self, mode: int, filename: str | None, value: object, read: bool) -> object:
        if mode == diskcache.core.MODE_PICKLE:
            raise ValueError("a value in it was not written by this program")
        return super().fetch(mode, filename, value, read)
