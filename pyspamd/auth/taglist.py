"""Lists of `tag=value` pairs, as signatures, keys and policies write them: RFC 6376, 3.2; RFC 4870, 3.3."""

import re
from collections.abc import Mapping

FOLDING = b" \t\r\n"
_NAME = re.compile(rb"[A-Za-z][A-Za-z0-9_]*\Z")
_WHITE = re.compile(rb"[ \t\r\n]+")
_DIGITS = re.compile(rb"[0-9]{1,76}\Z")


class TagListError(ValueError):
    """The text is no valid tag list; `str()` says why.

    `tags` is what could be made out all the same, to say whose list it is; `None` where a piece has no `=`.
    """

    def __init__(self, reason: str, tags: dict[bytes, bytes] | None = None) -> None:
        super().__init__(reason)
        self.tags = tags


def read_tags(text: bytes) -> dict[bytes, bytes]:
    """The tags of `text` with their values, white space around both removed; the last tag may end with a semicolon.

    Raises `TagListError` for a piece without `=`, a name that is none, and a name that occurs twice.
    """
    tags: dict[bytes, bytes] = {}
    wrong = ""
    for piece in text.split(b";"):
        name, equals, value = piece.partition(b"=")
        name = name.strip(FOLDING)
        if not equals:
            if name:
                raise TagListError("syntax error: a tag without a value")
            continue
        if not _NAME.match(name):
            wrong = wrong or "syntax error: not a tag name"
        elif name in tags:
            wrong = wrong or f"syntax error: duplicate tag {name.decode()}="
        tags[name] = value.strip(FOLDING)
    if wrong:
        raise TagListError(wrong, tags)
    return tags


def squeezed(value: bytes) -> bytes:
    """`value` without the white space that folding may have put anywhere, as in base64 text."""
    return _WHITE.sub(b"", value)


def names(value: bytes) -> tuple[bytes, ...]:
    """A colon-separated list, such as `h=`, in lower case and without white space around its members."""
    return tuple(name.strip(FOLDING) for name in value.lower().split(b":"))


def number(tags: Mapping[bytes, bytes], name: bytes) -> int | None:
    """The decimal number that tag `name` holds, `None` where it is missing; `TagListError` where it is no number."""
    value = tags.get(name)
    if value is None:
        return None
    if not _DIGITS.match(value):
        raise TagListError(f"syntax error: {name.decode()}= is not a number")
    return int(value)


def text(value: bytes) -> str:
    """`value` as text: UTF-8 where it is that (RFC 8616), else each byte a character."""
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")
