"""Which files are read, and in which order."""

from pathlib import Path

import pytest

from pyspamd.conf import sources
from pyspamd.conf.sources import Places, UnreadableFileError, choose_places, list_files, read_source


def make(folder: Path, *names: str) -> Path:
    folder.mkdir()
    for name in names:
        (folder / name).write_text(f"# {name}\n")
    return folder


def test_order(tmp_path: Path) -> None:
    rules = make(
        tmp_path / "rules", "20_b.cf", "10_a.cf", "Z.CF", "x.pre", "updates_spamassassin_org.cf", "note.txt"
    )
    site = make(tmp_path / "site", "v2.pre", "init.pre", "local.cf")
    (rules / "folder.cf").mkdir()
    names = [path.name for path in list_files(Places(rules, site))]
    assert names == [
        *("init.pre", "v2.pre", "x.pre"),
        *("updates_spamassassin_org.cf", "10_a.cf", "20_b.cf", "Z.CF"),
        "local.cf",
    ]
    assert "local.cf" not in [path.name for path in list_files(Places(rules, site), site_cf=False)]


def test_a_place_may_be_a_file(tmp_path: Path) -> None:
    site = make(tmp_path / "site", "local.cf")
    (tmp_path / "empty.cf").touch()
    files = list_files(Places(site / "local.cf", tmp_path / "empty.cf"))
    assert [path.name for path in files] == ["local.cf", "local.cf"]
    assert list_files(Places(tmp_path / "missing", None)) == []


def test_choices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bundled, stock, site = make(tmp_path / "bundled"), make(tmp_path / "stock"), make(tmp_path / "site")
    monkeypatch.setattr(sources, "BUNDLED", bundled)
    monkeypatch.setattr(sources, "STOCK_RULES", (tmp_path / "update", stock))
    monkeypatch.setattr(sources, "STOCK_SITE", (site,))
    monkeypatch.setattr(sources, "SITE", tmp_path / "own")
    assert choose_places() == Places(bundled, None)
    assert choose_places(stock=True) == Places(stock, site)
    assert choose_places("/x/rules", "/x/site") == Places(Path("/x/rules"), Path("/x/site"))
    make(tmp_path / "update")
    assert choose_places(stock=True).rules == tmp_path / "update"
    monkeypatch.setattr(sources, "BUNDLED", tmp_path / "no wheel")
    assert choose_places().rules == sources.CHECKOUT
    assert str(stock) in str(Places(stock, None))


def test_reading(tmp_path: Path) -> None:
    (tmp_path / "x.cf").write_bytes(b"describe A caf\xe9\xc3\xa9\r\n")
    assert read_source(tmp_path / "x.cf").text == "describe A caf\xe9\xc3\xa9\r\n"
    with pytest.raises(UnreadableFileError, match="cannot be read"):
        read_source(tmp_path)
