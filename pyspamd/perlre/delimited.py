"""Regexes as configuration writes them, `/text/flags` or `m{text}flags`, taken apart.

The rules are those of SpamAssassin's `compile_regexp`: a pattern is never unquoted, only stripped, and a
delimiter may not stand bare inside it unless the delimiters are a pair of brackets.
"""

import re
from typing import Final

from .regex import Regex, RegexError, compile_regex

_PAIRS: Final = {"{": "}", "(": ")", "<": ">", "[": "]"}
_OPENING: Final = re.compile(r"(?:m|qr)([^A-Za-z0-9_])", re.DOTALL)
_CODE: Final = re.compile(r"\(\?\??\{")


def split_regex(text: str, *, bare: bool = True) -> tuple[str, str]:
    """The pattern and the modifiers of `text`; text without delimiters is a pattern if `bare`, else an error.

    Rules (`body`, `header`, `uri` …) need delimiters, so they ask with `bare=False`; what plugins take as an
    argument often may do without. Raises RegexError.
    """
    if text.startswith("/"):
        closing, inner = "/", text[1:]
    elif opening := _OPENING.match(text):
        if opening[1] == "\\":
            raise RegexError("a backslash cannot delimit a regex")
        closing, inner = _PAIRS.get(opening[1], opening[1]), text[opening.end() :]
    elif bare:
        _refuse_code(text)
        return text, ""
    else:
        raise RegexError("a regex needs delimiters, as in /text/ or m{text}")
    ended = re.search(re.escape(closing) + r"([a-df-z]*)\Z", inner)
    if ended is None:
        raise RegexError(f"the regex does not end with '{closing}' and modifiers")
    pattern, flags = inner[: ended.start()], ended[1]
    _refuse_code(pattern)
    if closing not in "})]":
        stripped = pattern.replace("\\\\", "")
        if re.search(r"(?<!\\)" + re.escape(closing), stripped):
            raise RegexError(f"the delimiter '{closing}' stands inside the regex without a backslash")
    return pattern, flags


def compile_delimited(text: str, *, bare: bool = True) -> Regex:
    """`split_regex` and `compile_regex` in one."""
    return compile_regex(*split_regex(text, bare=bare))


def always_matching(pattern: str) -> str | None:
    """Why `pattern` would match everything (an empty alternative), or `None`; rules may not be such."""
    if not pattern:
        return "it is empty"
    if re.search(r"(?<!\\)\|\|", pattern):
        return "it has an empty alternative between two '|'"
    if re.search(r"\A\||\|(?<!\\\|)\n?\Z", pattern):
        return "it begins or ends with '|'"
    return None


def _refuse_code(pattern: str) -> None:
    if _CODE.search(pattern):
        raise RegexError("code inside a regex is not allowed")
