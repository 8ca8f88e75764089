"""Core directives about learning.

Source: Mail::SpamAssassin::Conf, "LEARNING OPTIONS" and the Bayes settings among the administrator's.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from .addresses import AddressList
from .ascii import lower, words
from .directives import BadValue, Bool, Build, Custom, Directive, Duration, Float, Str, required, shorten
from .lists import WordSet, frozen_table

_TOKEN_SOURCES: Final = ("header", "visible", "invisible", "uri", "mimepart")


def _token_sources(sources: dict[str, bool], text: str, build: Build) -> dict[str, bool]:
    for word in words(lower(required(text))):
        name = word.removeprefix("no")
        if word in ("none", "noall"):
            sources.clear()
        elif word == "all":
            sources.clear()
            sources.update(dict.fromkeys(_TOKEN_SOURCES, True))
        elif name in _TOKEN_SOURCES:
            sources[name] = name == word
        else:
            raise BadValue(f"does not know '{shorten(word)}'")
    return sources


def _file_mode(value: int, text: str, build: Build) -> int:
    if not re.fullmatch(r"0?[0-7]{3}", text):
        raise BadValue(f"takes an octal file mode, not '{shorten(text)}'")
    return int(text, 8)


def _path(value: str, text: str, build: Build) -> str:
    try:
        is_folder = build.path(required(text)).is_dir()
    except (OSError, ValueError):
        is_folder = False
    if is_folder:
        raise BadValue(f"takes the beginning of a file's name, and '{shorten(text)}' is a folder")
    return text


USE_LEARNER: Final = Bool("use_learner", default=True)
USE_BAYES: Final = Bool("use_bayes", default=True)
USE_BAYES_RULES: Final = Bool("use_bayes_rules", default=True)
BAYES_AUTO_LEARN: Final = Bool("bayes_auto_learn", default=True)
BAYES_TOKEN_SOURCES: Final = Custom[Mapping[str, bool]](
    "bayes_token_sources",
    frozen_table(dict.fromkeys(_TOKEN_SOURCES[:4], True)),
    _token_sources,
    thaw=dict,
    freeze=frozen_table,
)
"""Which parts of a message give tokens: true for those that do."""

BAYES_IGNORE_HEADER: Final = WordSet("bayes_ignore_header", lower_case=True)
BAYES_IGNORE_FROM: Final = AddressList("bayes_ignore_from")
BAYES_IGNORE_TO: Final = AddressList("bayes_ignore_to")
BAYES_MIN_HAM_NUM: Final = Float("bayes_min_ham_num", default=200.0)
BAYES_MIN_SPAM_NUM: Final = Float("bayes_min_spam_num", default=200.0)
BAYES_LEARN_DURING_REPORT: Final = Bool("bayes_learn_during_report", default=True)
BAYES_SQL_OVERRIDE_USERNAME: Final = Str("bayes_sql_override_username", default="")
BAYES_USE_HAPAXES: Final = Bool("bayes_use_hapaxes", default=True)
BAYES_JOURNAL_MAX_SIZE: Final = Float("bayes_journal_max_size", default=102400.0)
BAYES_EXPIRY_MAX_DB_SIZE: Final = Float("bayes_expiry_max_db_size", default=150000.0)
BAYES_AUTO_EXPIRE: Final = Bool("bayes_auto_expire", default=True)
BAYES_TOKEN_TTL: Final = Duration("bayes_token_ttl", default=1814400.0)
BAYES_SEEN_TTL: Final = Duration("bayes_seen_ttl", default=691200.0)
BAYES_LEARN_TO_JOURNAL: Final = Bool("bayes_learn_to_journal", default=False)
BAYES_PATH: Final = Custom[str]("bayes_path", "__userstate__/bayes", _path, admin_only=True)
BAYES_FILE_MODE: Final = Custom[int]("bayes_file_mode", 0o700, _file_mode, admin_only=True)
BAYES_STORE_MODULE: Final = Str("bayes_store_module", default="", pattern=r"[_A-Za-z0-9:]+", admin_only=True)
BAYES_SQL_DSN: Final = Str("bayes_sql_dsn", default="", admin_only=True)
BAYES_SQL_USERNAME: Final = Str("bayes_sql_username", default="", admin_only=True)
BAYES_SQL_PASSWORD: Final = Str("bayes_sql_password", default="", admin_only=True)
BAYES_SQL_USERNAME_AUTHORIZED: Final = Bool("bayes_sql_username_authorized", default=False, admin_only=True)

LEARNING_DIRECTIVES: Final[tuple[Directive[Any], ...]] = (
    USE_LEARNER,
    USE_BAYES,
    USE_BAYES_RULES,
    BAYES_AUTO_LEARN,
    BAYES_TOKEN_SOURCES,
    BAYES_IGNORE_HEADER,
    BAYES_IGNORE_FROM,
    BAYES_IGNORE_TO,
    BAYES_MIN_HAM_NUM,
    BAYES_MIN_SPAM_NUM,
    BAYES_LEARN_DURING_REPORT,
    BAYES_SQL_OVERRIDE_USERNAME,
    BAYES_USE_HAPAXES,
    BAYES_JOURNAL_MAX_SIZE,
    BAYES_EXPIRY_MAX_DB_SIZE,
    BAYES_AUTO_EXPIRE,
    BAYES_TOKEN_TTL,
    BAYES_SEEN_TTL,
    BAYES_LEARN_TO_JOURNAL,
    BAYES_PATH,
    BAYES_FILE_MODE,
    BAYES_STORE_MODULE,
    BAYES_SQL_DSN,
    BAYES_SQL_USERNAME,
    BAYES_SQL_PASSWORD,
    BAYES_SQL_USERNAME_AUTHORIZED,
)
