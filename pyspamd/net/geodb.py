"""Where addresses are and who runs their networks, from MaxMind's files (format 2.0, `.mmdb`).

The files are read with `maxminddb`, which need not be installed: without it, or without files, nothing is
known. Behaviour follows Mail::SpamAssassin::GeoDB with GeoIP2 files.
"""

import importlib
import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal

from ..base.ip_text import is_address, is_private

logger = logging.getLogger(__name__)

Kind = Literal["city", "country", "isp", "asn"]

SEARCH_PATH: Final = ("/usr/local/share/GeoIP", "/usr/share/GeoIP", "/var/lib/GeoIP", "/opt/share/GeoIP")
FILES: Final[Mapping[Kind, tuple[str, ...]]] = {
    "city": ("GeoIP2-City.mmdb", "GeoLite2-City.mmdb", "dbip-city.mmdb", "dbip-city-lite.mmdb"),
    "country": (
        "GeoIP2-Country.mmdb",
        "GeoLite2-Country.mmdb",
        "dbip-country.mmdb",
        "dbip-country-lite.mmdb",
    ),
    "isp": ("GeoIP2-ISP.mmdb", "GeoLite2-ISP.mmdb"),
    "asn": ("GeoIP2-ASN.mmdb", "GeoLite2-ASN.mmdb"),
}
"""Files by kind, best first; a city file knows countries too, and one of providers their networks' numbers."""
UNKNOWN: Final = "XX"
PRIVATE: Final = "**"


def _reader(path: str) -> Any:
    """A reader of the file, or `None` (with a word in the log) where it cannot be read."""
    try:
        module = importlib.import_module("maxminddb")
    except ImportError:
        logger.info(
            "geodb: %s is not read: pyspamd[geo], that is the package maxminddb, is not installed", path
        )
        return None
    try:
        return module.open_database(path)
    except (OSError, ValueError, module.InvalidDatabaseError) as error:
        logger.warning("geodb: %s cannot be read: %s", path, error)
        return None


class GeoDb:
    """What files say of addresses; each kind of file is opened once."""

    def __init__(
        self,
        wanted: Collection[Kind],
        files: Mapping[str, str | None] | None = None,
        search_path: Iterable[str] = (),
    ) -> None:
        """Open files of the kinds `wanted`: those of `files` (path by kind), else the first on the path."""
        kinds = {*wanted, *(("city",) if "country" in wanted else ()), *(("isp",) if "asn" in wanted else ())}
        self._readers: dict[str, Any] = {}
        folders = tuple(search_path) or SEARCH_PATH
        for kind in FILES:
            if kind not in kinds or (kind == "country" and "city" in self._readers):
                continue
            if kind == "asn" and "isp" in self._readers:
                continue
            path = (files or {}).get(kind) or _first_file(folders, FILES[kind])
            reader = _reader(path) if path else None
            if reader is not None:
                self._readers[kind] = reader

    def knows(self, kind: Kind) -> bool:
        """Whether there is a file that tells this."""
        if kind == "country":
            return "country" in self._readers or "city" in self._readers
        return kind in self._readers or (kind == "asn" and "isp" in self._readers)

    def _record(self, kinds: Sequence[Kind], address: str) -> Mapping[str, Any]:
        """What the first file of these kinds says of an address."""
        reader = next((self._readers[kind] for kind in kinds if kind in self._readers), None)
        if reader is None:
            return {}
        try:
            record = reader.get(address)
        except ValueError:
            return {}
        return record if isinstance(record, dict) else {}

    def country(self, address: str) -> str | None:
        """The country's code: `XX` where it is not known, `**` for a private address, `None` without a file."""
        octets = address.encode("latin-1", "replace")
        if is_private(octets):
            return PRIVATE
        if not self.knows("country"):
            return None
        if not is_address(octets):
            return UNKNOWN
        return _text(self._record(("city", "country"), address), "country", "iso_code") or UNKNOWN

    def continent(self, address: str) -> str | None:
        """The continent's code, `XX` where it is not known, `None` without a file."""
        if not self.knows("country"):
            return None
        return _text(self._record(("city", "country"), address), "continent", "code") or UNKNOWN

    def provider(self, address: str) -> str | None:
        """The name of the provider."""
        return _text(self._record(("isp",), address), "isp")

    def system(self, address: str) -> tuple[str | None, str]:
        """The number of the autonomous system and the name of who runs it."""
        record = self._record(("asn", "isp"), address)
        return _text(record, "autonomous_system_number"), _text(
            record, "autonomous_system_organization"
        ) or ""


def _first_file(folders: Iterable[str], names: Iterable[str]) -> str | None:
    return next(
        (str(path) for folder in folders for name in names if (path := Path(folder, name)).is_file()), None
    )


def _text(record: Mapping[str, Any], *keys: str) -> str | None:
    """What stands under the keys, as text in octets."""
    value: Any = record
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return None if value is None else str(value).encode().decode("latin-1")
