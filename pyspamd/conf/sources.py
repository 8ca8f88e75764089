"""Where configuration comes from: the files to read, in the order in which they count.

Order (as SpamAssassin's): the site's `*.pre`, the rules' `*.pre`, the rules' `*.cf`, the site's `*.cf`; in
a folder by name, byte by byte. Example::

    places = choose_places(stock=True)
    conf = load(list_files(places), catalog, cf_lines=["required_score 6"])
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from ..base.errors import PyspamdError
from .conditions import VERSION

BUNDLED: Final = Path(__file__).resolve().parent.parent / "bundled_rules"
"""The rules inside the wheel."""

CHECKOUT: Final = Path(__file__).resolve().parents[2] / "rules"
"""The rules of a checkout."""

SITE: Final = Path("/etc/pyspamd")
STOCK_RULES: Final = (Path("/var/lib/spamassassin") / VERSION, Path("/usr/share/spamassassin"))
STOCK_SITE: Final = (Path("/etc/spamassassin"), Path("/etc/mail/spamassassin"))
OFFICIAL_CHANNEL: Final = "updates_spamassassin_org.cf"
"""The file that goes first whatever its name, so that others can change its scores."""


class UnreadableFileError(PyspamdError):
    """A configuration file or folder that cannot be read."""


@dataclass(frozen=True, slots=True)
class Source:
    """A configuration file's name and its text: latin-1, one character a byte."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Places:
    """The folders (or single files) of rules and of the site's own configuration; `None`: there is none."""

    rules: Path | None
    site: Path | None

    def __str__(self) -> str:
        return f"rules from {self.rules or 'nowhere'}, site configuration from {self.site or 'nowhere'}"


def choose_places(
    config: str | Path | None = None,
    site: str | Path | None = None,
    *,
    stock: bool = False,
) -> Places:
    """The places that options name: `-C`, `--siteconfigpath` and `--stock`; without them, our own.

    Another package's files are read only where they are asked for.
    """
    own_rules = BUNDLED if BUNDLED.is_dir() else CHECKOUT
    rules = Path(config) if config else _first_existing(STOCK_RULES if stock else (own_rules,))
    local = Path(site) if site else _first_existing(STOCK_SITE if stock else (SITE,))
    return Places(rules, local)


def _first_existing(paths: Sequence[Path]) -> Path | None:
    return next((path for path in paths if path.exists()), None)


def list_files(places: Places, *, site_cf: bool = True) -> list[Path]:
    """The files of `places` in reading order; `site_cf=False` leaves the site's `*.cf` out."""
    return [
        *files_in(places.site, "pre"),
        *files_in(places.rules, "pre"),
        *files_in(places.rules, "cf"),
        *(files_in(places.site, "cf") if site_cf else ()),
    ]


def files_in(place: Path | None, suffix: Literal["pre", "cf"]) -> list[Path]:
    """The files with that suffix in a folder, in reading order; a place that is a file is itself one."""
    if place is None or not place.exists():
        return []
    if not place.is_dir():
        return [place] if place.is_file() and place.stat().st_size else []
    try:
        names = [entry.name for entry in place.iterdir()]
    except OSError as error:
        raise UnreadableFileError(f"the folder {place} cannot be read: {error.strerror}") from error
    chosen = [name for name in names if name.lower().endswith("." + suffix) and (place / name).is_file()]
    chosen.sort(key=lambda name: (name != OFFICIAL_CHANNEL, os.fsencode(name)))
    return [place / name for name in chosen]


def read_source(path: Path) -> Source:
    """A file's text, one character a byte. Raises UnreadableFileError."""
    try:
        return Source(str(path), path.read_bytes().decode("latin-1"))
    except OSError as error:
        raise UnreadableFileError(f"the file {path} cannot be read: {error.strerror}") from error


def as_latin1(text: str | bytes) -> str:
    """An argument's text as configuration text: one character a byte, UTF-8 where it is wider."""
    if isinstance(text, bytes):
        return text.decode("latin-1")
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogateescape" if _only_escapes(text) else "replace").decode("latin-1")
    return text


def _only_escapes(text: str) -> bool:
    return not any("\ud800" <= char <= "\udfff" and not "\udc80" <= char <= "\udcff" for char in text)
