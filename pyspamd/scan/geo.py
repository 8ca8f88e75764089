"""The files that say where addresses are, as the configuration names them; opened once a process."""

import logging
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from ..conf.conf import Conf
from ..conf.core_admin import GEODB_MODULE, GEODB_OPTIONS, GEODB_SEARCH_PATH
from ..net.geodb import GeoDb, Kind

logger = logging.getLogger(__name__)

WANTED: Final[Mapping[str, tuple[Kind, ...]]] = {
    "RelayCountry": ("country",),
    "URILocalBL": ("country", "isp"),
    "ASN": ("asn",),
}
"""What plugins want to know."""


@lru_cache(maxsize=16)
def _open(wanted: frozenset[Kind], files: tuple[tuple[str, str | None], ...], path: tuple[str, ...]) -> GeoDb:
    return GeoDb(wanted, dict(files), path)


@lru_cache(maxsize=16)
def _refuse(module: str) -> GeoDb:
    logger.warning("geodb: geodb_module %s is not supported, only the MaxMind files of GeoIP2 are", module)
    return GeoDb(())


def geodb_of(conf: Conf) -> GeoDb:
    """The files that the loaded plugins want, as `geodb_options` and `geodb_search_path` name them."""
    module = GEODB_MODULE.of(conf)
    if module not in (None, "geoip2"):
        return _refuse(module or "")
    wanted = frozenset(kind for plugin in conf.plugins for kind in WANTED.get(plugin, ()))
    files = tuple(sorted(GEODB_OPTIONS.of(conf).items()))
    return _open(wanted, files, GEODB_SEARCH_PATH.of(conf))
