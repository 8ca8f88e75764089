"""Stores: what goes in comes out until its time is over, and whatever is wrong with the disk is a miss."""

import logging
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import diskcache
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyspamd.base.stores import DiskStore, MemoryStore, Store


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "below" / "store"


@pytest.fixture
def store(folder: Path) -> Iterator[DiskStore]:
    store = DiskStore(folder)
    yield store
    store.close()


def test_memory_forgets_when_the_time_is_over() -> None:
    clock = Clock()
    store = MemoryStore(clock=clock)
    store.set("key", b"value", 10)
    clock.now += 9.9
    assert store.get("key") == b"value"
    clock.now += 0.2
    assert store.get("key") is None


def test_memory_forgets_the_oldest_when_full() -> None:
    store = MemoryStore(most=2)
    for key in ("a", "b", "a", "c"):
        store.set(key, key.encode(), 10)
    assert [store.get(key) for key in ("a", "b", "c")] == [b"a", None, b"c"]


def test_memory_deletes() -> None:
    store = MemoryStore()
    store.set("key", b"value", 10)
    store.delete("key")
    store.delete("key")
    assert store.get("key") is None


@pytest.mark.parametrize("size", [0, 100, 100_000])
def test_disk_keeps_values_for_other_processes(store: DiskStore, folder: Path, size: int) -> None:
    value = bytes(range(256)) * (size // 256 + 1)
    store.set("key", value[:size], 60)
    other = DiskStore(folder)
    assert other.get("key") == value[:size]
    other.delete("key")
    assert store.get("key") is None
    other.close()


def test_disk_forgets_when_the_time_is_over(store: DiskStore) -> None:
    store.set("key", b"value", 0)
    assert store.get("key") is None


def test_disk_is_opened_anew_after_a_fork(store: DiskStore) -> None:
    store.set("key", b"value", 60)
    child = os.fork()
    if child == 0:
        store.set("answer", store.get("key") or b"nothing", 60)
        os._exit(0)
    os.waitpid(child, 0)
    assert store.get("answer") == b"value"


READ_EVERYTHING = """
import re, sys
from pathlib import Path
from pyspamd.base.stores import DiskStore

def resident():
    return int(re.search(r"RssAnon:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])

store = DiskStore(Path(sys.argv[1]))
keys = [f"key {number}" for number in range(3000)]
assert store.get(keys[0])
before = resident()
for key in keys:
    store.get(key)
print(resident() - before)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the kernel's figures are in /proc")
def test_disk_is_not_read_into_each_process(store: DiskStore, folder: Path) -> None:
    for number in range(3000):
        store.set(f"key {number}", os.urandom(4000), 60)
    told = subprocess.run(
        [sys.executable, "-c", READ_EVERYTHING, str(folder)], capture_output=True, text=True, check=True
    )
    assert int(told.stdout) < 4096  # KiB, of 12 MB read


def test_folder_is_private(folder: Path) -> None:
    folder.mkdir(parents=True, mode=0o755)
    store = DiskStore(folder)
    store.set("key", b"value", 60)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    store.close()


def broken(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    """`store` misses, does not raise, and says so once."""
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            store.set("key", b"value", 60)
            assert store.get("key") is None
            store.delete("key")
    assert len(caplog.records) == 1
    assert "cannot be used" in caplog.text


def test_folder_that_cannot_be_made(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_bytes(b"")
    broken(DiskStore(tmp_path / "file" / "store"), caplog)


def test_database_that_is_none(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder.mkdir(parents=True)
    (folder / "cache.db").write_bytes(b"this is no database, whatever its name says" * 100)
    broken(DiskStore(folder), caplog)


def test_database_that_breaks_while_open(
    store: DiskStore, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store.set("key", b"value", 60)
    other = DiskStore(folder)
    for part in folder.glob("cache.db*"):
        part.write_bytes(b"\xff" * part.stat().st_size)
    with caplog.at_level(logging.WARNING):
        assert other.get("key") is None
    assert len(caplog.records) == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_folder_of_another_user(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder.mkdir(parents=True)
    os.chown(folder, 12345, 12345)
    broken(DiskStore(folder), caplog)


class Trap:
    """Unpickling it leaves a mark."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return (os.mkdir, (str(self.mark),))


def test_what_somebody_pickled_is_not_unpickled(store: DiskStore, folder: Path, tmp_path: Path) -> None:
    store.set("key", b"value", 60)
    with diskcache.Cache(str(folder)) as foreign:
        foreign.set("key", Trap(tmp_path / "sprung"))
    assert store.get("key") is None
    assert not (tmp_path / "sprung").exists()


@given(st.text(max_size=40), st.binary(max_size=60), st.floats(allow_nan=True, allow_infinity=True))
def test_memory_takes_anything(key: str, value: bytes, ttl: float) -> None:
    store = MemoryStore()
    store.set(key, value, ttl)
    assert store.get(key) in (value, None)


def test_disk_takes_any_key(store: DiskStore) -> None:
    for key in ("", "\0", "\ud800", "é" * 10_000):
        store.set(key, b"value", 60)
        assert store.get(key) in (b"value", None)
        store.delete(key)
