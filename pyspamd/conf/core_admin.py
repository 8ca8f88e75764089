"""Core directives of the administrator: plugins, limits, user preference stores, geography data.

Source: Mail::SpamAssassin::Conf, "ADMINISTRATOR SETTINGS" and "MISCELLANEOUS OPTIONS".
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from .ascii import lower, words
from .directives import (
    Action,
    BadValue,
    Bool,
    Build,
    Custom,
    Directive,
    Duration,
    Float,
    Str,
    required,
    shorten,
)
from .lists import EMPTY, frozen_table

_PLUGIN: Final = re.compile(
    r"((?:[A-Za-z0-9_]+::){0,10}[A-Za-z0-9_]+)(?:[ \t\n\r\f\v]+([^ \t\n\r\f\v]+\.p[my]))?", re.IGNORECASE
)
_FLAG: Final = re.compile(r"[a-zA-Z0-9_]{1,128}")
_GEO_MODULES: Final = {
    "maxmind::db::reader": "geoip2",
    "geoip2::database::reader": "geoip2",
    "geoip2": "geoip2",
    "geo::ip": "geoip",
    "geoip": "geoip",
    "ip::country::db_file": "dbfile",
    "db_file": "dbfile",
    "ip::country::fast": "fast",
    "fast": "fast",
}


def _plugin_loader(quiet: bool) -> Any:
    def act(text: str, build: Build) -> None:
        found = _PLUGIN.fullmatch(required(text))
        if found is None:
            raise BadValue(f"takes a plugin's name and perhaps a file, not '{shorten(text)}'")
        build.load_plugin(found[1], found[2], quiet=quiet)

    return act


def _enable_compat(text: str, build: Build) -> None:
    if not _FLAG.fullmatch(required(text)):
        raise BadValue(f"takes a flag's name, not '{shorten(text)}'")
    build.enable(text)


def _version_tag(tags: list[str], text: str, build: Build) -> list[str]:
    tag = re.sub(r"[^a-z0-9./_]", "_", lower(required(text)))
    if tag not in tags:
        tags.append(tag)
    return tags


def _lock_method(value: str, text: str, build: Build) -> str:
    if text not in ("nfssafe", "flock", "win32"):
        raise BadValue(f"takes nfssafe, flock or win32, not '{shorten(text)}'")
    return text


def _geodb_module(value: str | None, text: str, build: Build) -> str:
    module = _GEO_MODULES.get(lower(text))
    if module is None:
        raise BadValue(f"does not know '{shorten(text)}'")
    return module


def _country_db_type(text: str, build: Build) -> None:
    name = lower(text)
    module = next(
        (m for mark, m in (("geoip2", "geoip2"), ("geo", "geoip"), ("fast", "fast")) if mark in name), None
    )
    if module is None:
        raise BadValue(f"does not know '{shorten(text)}'")
    build.warn("country_db_type is obsolete; use geodb_module.")
    build.replace(GEODB_MODULE, module)


def _geodb_options(options: dict[str, str | None], text: str, build: Build) -> dict[str, str | None]:
    for word in words(text):
        option, _, path = word.partition(":")
        option = lower(option)
        if option == "reset":
            options.clear()
        elif option in ("country", "city", "isp"):
            options[option] = path if path not in ("", "0") else None
        else:
            raise BadValue(f"does not know '{shorten(word)}'")
    return options


def _geodb_search_path(paths: list[str], text: str, build: Build) -> list[str]:
    if required(text) == "reset":
        paths.clear()
    else:
        paths.extend(words(text))
    return paths


def _geodb_path(name: str, option: str) -> Action:
    """An older directive that names one database file."""

    def act(text: str, build: Build) -> None:
        build.container(GEODB_OPTIONS)[option] = required(text)
        build.warn(f"{name} is obsolete; use geodb_options.")

    return Action(name, act, admin_only=True)


TIME_LIMIT: Final = Duration("time_limit", default=300.0)
LOCK_METHOD: Final = Custom[str]("lock_method", "", _lock_method)
ENVELOPE_SENDER_HEADER: Final[Str[str | None]] = Str("envelope_sender_header", default=None)
MBOX_FORMAT_FROM_REGEX: Final[Str[str | None]] = Str("mbox_format_from_regex", default=None)
PARSE_DKIM_URIS: Final = Bool("parse_dkim_uris", default=True)
BODY_PART_SCAN_SIZE: Final = Float("body_part_scan_size", default=50000.0, admin_only=True)
RAWBODY_PART_SCAN_SIZE: Final = Float("rawbody_part_scan_size", default=500000.0, admin_only=True)
VERSION_TAGS: Final = Custom[tuple[str, ...]](
    "version_tag", (), _version_tag, thaw=list, freeze=tuple, admin_only=True
)
USER_SCORES_DSN: Final = Str("user_scores_dsn", default="", admin_only=True)
USER_SCORES_SQL_USERNAME: Final = Str("user_scores_sql_username", default="", admin_only=True)
USER_SCORES_SQL_PASSWORD: Final = Str("user_scores_sql_password", default="", admin_only=True)
USER_SCORES_SQL_CUSTOM_QUERY: Final[Str[str | None]] = Str(
    "user_scores_sql_custom_query", default=None, admin_only=True
)
USER_SCORES_LDAP_USERNAME: Final = Str("user_scores_ldap_username", default="", admin_only=True)
USER_SCORES_LDAP_PASSWORD: Final = Str("user_scores_ldap_password", default="", admin_only=True)
USER_SCORES_FALLBACK_TO_GLOBAL: Final = Bool("user_scores_fallback_to_global", default=True, admin_only=True)
GEODB_MODULE: Final = Custom[str | None]("geodb_module", None, _geodb_module, admin_only=True)
GEODB_OPTIONS: Final = Custom[Mapping[str, str | None]](
    "geodb_options", EMPTY, _geodb_options, thaw=dict, freeze=frozen_table, admin_only=True
)
GEODB_SEARCH_PATH: Final = Custom[tuple[str, ...]](
    "geodb_search_path", (), _geodb_search_path, thaw=list, freeze=tuple, admin_only=True
)

ADMIN_DIRECTIVES: Final[tuple[Directive[Any], ...]] = (
    Action("loadplugin", _plugin_loader(quiet=False), admin_only=True),
    Action("tryplugin", _plugin_loader(quiet=True), admin_only=True),
    Action("enable_compat", _enable_compat, admin_only=True),
    TIME_LIMIT,
    LOCK_METHOD,
    ENVELOPE_SENDER_HEADER,
    MBOX_FORMAT_FROM_REGEX,
    PARSE_DKIM_URIS,
    BODY_PART_SCAN_SIZE,
    RAWBODY_PART_SCAN_SIZE,
    VERSION_TAGS,
    USER_SCORES_DSN,
    USER_SCORES_SQL_USERNAME,
    USER_SCORES_SQL_PASSWORD,
    USER_SCORES_SQL_CUSTOM_QUERY,
    USER_SCORES_LDAP_USERNAME,
    USER_SCORES_LDAP_PASSWORD,
    USER_SCORES_FALLBACK_TO_GLOBAL,
    GEODB_MODULE,
    Action("country_db_type", _country_db_type, admin_only=True),
    GEODB_OPTIONS,
    GEODB_SEARCH_PATH,
    _geodb_path("country_db_path", "country"),
    _geodb_path("uri_country_db_path", "country"),
    _geodb_path("uri_country_db_isp_path", "isp"),
)
