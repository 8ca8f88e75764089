"""Core directives about the verdict's looks: threshold, added headers, rewritten headers, report templates.

Source: Mail::SpamAssassin::Conf, "BASIC MESSAGE TAGGING OPTIONS" and "Message tagging options".
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from .ascii import head, lower
from .directives import (
    Action,
    BadValue,
    Bool,
    Build,
    Clear,
    Custom,
    Directive,
    Float,
    NoArgs,
    Str,
    Template,
    required,
    shorten,
)
from .lists import EMPTY, Words, frozen_table

Header = tuple[str, str]


@dataclass(frozen=True, slots=True)
class AddedHeaders:
    """The `X-Spam-*` headers to add, in order, as (name without `X-Spam-`, template), for ham and spam."""

    ham: tuple[Header, ...]
    spam: tuple[Header, ...]


_CHECKER: Final[Header] = ("Checker-Version", "SpamAssassin _VERSION_ (_SUBVERSION_) on _HOSTNAME_")
_ADD: Final = re.compile(
    r"(ham|spam|all)[ \t\n\r\f\v]+([A-Za-z0-9_-]+)[ \t\n\r\f\v]+([^\n]*?)[ \t\n\r\f\v]*", re.ASCII
)
_REMOVE: Final = re.compile(r"(ham|spam|all)[ \t\n\r\f\v]+([A-Za-z0-9_-]+)")
_ESCAPE: Final = re.compile(r"\\(.)")


@dataclass(slots=True)
class _Headers:
    """`AddedHeaders` while lines are read."""

    ham: dict[str, Header]
    """By name in lower case."""
    spam: dict[str, Header]

    def kinds(self, word: str) -> list[dict[str, Header]]:
        """The tables that `ham`, `spam` or `all` means."""
        return [found for kind, found in (("ham", self.ham), ("spam", self.spam)) if word in (kind, "all")]


def _by_name(headers: Iterable[Header]) -> dict[str, Header]:
    return {lower(header[0]): header for header in headers}


def _unescape(found: re.Match[str]) -> str:
    return {"\\": "\\", "t": "\t", "n": "\n"}.get(found[1], "")


def header_template(text: str) -> str:
    """The text of an `add_header` line: quotes off, `\\t`, `\\n`, `\\\\` resolved, other escapes dropped."""
    if len(text) > 1 and text[0] == text[-1] == '"':
        text = text[1:-1]
    return _ESCAPE.sub(_unescape, text + "\n")[:-1]


def _add_header(headers: _Headers, text: str, build: Build) -> _Headers:
    found = _ADD.fullmatch(text)
    if found is None:
        raise BadValue("needs ham, spam or all, a header's name and its text")
    for listed in headers.kinds(found[1]):
        listed.pop(lower(found[2]), None)
        listed[lower(found[2])] = (found[2], header_template(found[3]))
    return headers


ADDED_HEADERS: Final = Custom[AddedHeaders](
    "add_header",
    AddedHeaders((_CHECKER,), (_CHECKER,)),
    _add_header,
    thaw=lambda headers: _Headers(_by_name(headers.ham), _by_name(headers.spam)),
    freeze=lambda headers: AddedHeaders(tuple(headers.ham.values()), tuple(headers.spam.values())),
)


def _remove_header(text: str, build: Build) -> None:
    found = _REMOVE.fullmatch(text)
    if found is None:
        raise BadValue("needs ham, spam or all, and a header's name")
    if found[2] != _CHECKER[0]:
        headers: _Headers = build.container(ADDED_HEADERS)
        for listed in headers.kinds(found[1]):
            listed.pop(lower(found[2]), None)


def _clear_headers(build: Build) -> None:
    headers: _Headers = build.container(ADDED_HEADERS)
    name = lower(_CHECKER[0])
    kept = {name: headers.ham[name]} if name in headers.ham else {}
    headers.ham, headers.spam = dict(kept), dict(kept)


def _rewrite(table: dict[str, str], text: str, build: Build) -> dict[str, str]:
    name, rest = head(required(text))
    name = lower(name).capitalize() if name.isascii() else name
    if name not in ("From", "Subject", "To"):
        raise BadValue(f"rewrites Subject, From or To, not '{shorten(name)}'")
    if not rest:
        table.pop(name, None)
    else:
        table[name] = rest if name == "Subject" else rest.replace("(", "[").replace(")", "]")
    return table


def _report_safe(value: int, text: str, build: Build) -> int:
    if required(text) not in ("0", "1", "2"):
        raise BadValue(f"takes 0, 1 or 2, not '{shorten(text)}'")
    if text == "0":
        spam: dict[str, Header] = build.container(ADDED_HEADERS).spam
        spam.setdefault("report", ("Report", "_REPORT_"))
    return int(text)


REQUIRED_SCORE: Final = Float("required_score", default=5.0, aliases=("required_hits",))
REWRITE_HEADER: Final = Custom[Mapping[str, str]](
    "rewrite_header", EMPTY, _rewrite, thaw=dict, freeze=frozen_table
)
REPORT_SAFE: Final = Custom[int]("report_safe", 1, _report_safe)
REPORT_WRAP_WIDTH: Final = Float("report_wrap_width", default=75.0)
OK_LOCALES: Final = Str("ok_locales", default="all")
NORMALIZE_CHARSET: Final = Bool("normalize_charset", default=True)
FOLD_HEADERS: Final = Bool("fold_headers", default=True)
REPORT_SAFE_COPY_HEADERS: Final = Words("report_safe_copy_headers")
REPORT_CHARSET: Final = Str("report_charset", default="UTF-8")
REPORT_TEMPLATE: Final = Template("report", setting="report_template")
UNSAFE_REPORT_TEMPLATE: Final = Template("unsafe_report", setting="unsafe_report_template")
REPORT_CONTACT: Final = Str("report_contact", default="the administrator of that system")
REPORT_HOSTNAME: Final = Str("report_hostname", default="")

REPORT_DIRECTIVES: Final[tuple[Directive[Any], ...]] = (
    REQUIRED_SCORE,
    REWRITE_HEADER,
    ADDED_HEADERS,
    Action("remove_header", _remove_header),
    NoArgs("clear_headers", _clear_headers),
    REPORT_SAFE,
    REPORT_WRAP_WIDTH,
    OK_LOCALES,
    NORMALIZE_CHARSET,
    FOLD_HEADERS,
    REPORT_SAFE_COPY_HEADERS,
    REPORT_CHARSET,
    REPORT_TEMPLATE,
    Clear("clear_report_template", REPORT_TEMPLATE, to=""),
    UNSAFE_REPORT_TEMPLATE,
    Clear("clear_unsafe_report_template", UNSAFE_REPORT_TEMPLATE, to=""),
    REPORT_CONTACT,
    REPORT_HOSTNAME,
)
