"""URIs as a page gives them: trimmed, and resolved against its base (RFC 3986, 5.2)."""

import re
from typing import NamedTuple

from .perl_characters import ASCII_SPACE, WIDE_SPACE

MAX_LENGTH = 8192

_AS_THEY_ARE = re.compile(r"(?:data|mailto|file|cid|tel):", re.IGNORECASE)
_ABSOLUTE_BASE = re.compile(r"(?:https?|ftp):/{0,2}", re.IGNORECASE)
_BASE_HEAD = re.compile(r"[a-z]+:/{0,2}[^/]+/", re.IGNORECASE)
_WITHOUT_SCHEME = re.compile(r"(www|ftp)[0-9]*\.", re.IGNORECASE)
_PARTS = re.compile(r"(?:([^:/?#]+):)?(?://([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?")

SPACE = {True: WIDE_SPACE, False: ASCII_SPACE + "\xa0"}


class Parts(NamedTuple):
    """A URI taken apart (RFC 3986, appendix B); None for what is absent, which an empty part is not."""

    scheme: str | None
    authority: str | None
    path: str
    query: str | None
    fragment: str | None


def trimmed(uri: str, wide: bool) -> tuple[str, bool]:
    """The URI without white space around it, and whether it had to be cut to SpamAssassin's longest."""
    uri = uri.strip(SPACE[wide])
    return uri[:MAX_LENGTH], len(uri) > MAX_LENGTH


def is_left_alone(uri: str) -> bool:
    """Whether the URI's scheme (`mailto:` and the like) keeps it from being resolved."""
    return _AS_THEY_ARE.match(uri) is not None


def parts(uri: str) -> Parts:
    """The URI taken apart; a fragment ends with its line."""
    found = _PARTS.match(uri)
    assert found is not None  # every part is optional
    return Parts(found[1], found[2], found[3], found[4], found[5])


def base_of(uri: str) -> str | None:
    """What relative URIs of a page with this `<base href>` are relative to; None if it is not absolute.

    A last path segment that looks like a file name (`x.html`) is left off, and a slash ends the rest.
    """
    if not _ABSOLUTE_BASE.match(uri):
        return None
    head = _BASE_HEAD.match(uri)
    if head:
        uri = uri[: _file_name_start(uri, head.end())]
    return uri if uri.endswith("/") else uri + "/"


def _file_name_start(uri: str, earliest: int) -> int:
    """Where the file name that ends the URI starts, or the URI's length if none does."""
    dot = uri.rfind(".")
    if dot < 0 or "/" in uri[dot:] or not 2 <= len(uri) - dot - 1 <= 4:
        return len(uri)
    start = max(uri.rfind("/", 0, dot) + 1, uri.rfind(".", 0, dot) + 1, earliest)
    return start if start < dot and "\n" not in uri[earliest:start] else len(uri)


def without_dot_segments(path: str) -> str:
    """The path with `.` and `..` segments resolved (RFC 3986, 5.2.4, as SpamAssassin does it)."""
    if path.startswith("./"):
        path = path[1:]
    elif path.startswith("../"):
        path = path[2:]
    if "/." not in path:
        return "" if path == "0" else path
    kept: list[str] = []
    at = 0
    while at >= 0:
        end = path.find("/", at + 1)
        segment = path[at:] if end < 0 else path[at:end]
        name = segment[:-1] if end < 0 and segment.endswith("\n") else segment
        if name not in ("/.", "/.."):
            kept.append(segment)
        else:
            if name == "/.." and kept:
                kept.pop()
            if end < 0:
                kept.append("/" + segment[len(name) :])
        at = end
    return "".join(kept)


def _merged(base: Parts, path: str) -> str:
    """The path of a relative reference put after the base's directory (RFC 3986, 5.2.3)."""
    if base.authority is not None and base.path in ("", "0"):
        return "/" + path
    return base.path[: base.path.rfind("/") + 1] + path


def target(base: str, uri: str) -> str:
    """The URI resolved against the base, `""` for none; unschemed `//www.` and `//ftp.` get their scheme."""
    if not base and uri.startswith(("http://", "https://")) and "#" not in uri and "/." not in uri:
        return uri
    reference = parts(uri)
    ground = parts(base)
    scheme, authority, path, query, fragment = reference
    if scheme is not None and scheme == ground.scheme:
        scheme = None
    if scheme is not None or authority is not None:
        path = without_dot_segments(path)
    else:
        authority = ground.authority
        if not path:
            path = ground.path
            query = ground.query if query is None else query
        else:
            path = without_dot_segments(path if path.startswith("/") else _merged(ground, path))
    if scheme is None:
        scheme = ground.scheme
    result = ""
    if scheme and scheme != "0":
        result = scheme + ":"
    elif authority is not None:
        known = _WITHOUT_SCHEME.match(authority)
        if known:
            result = "http:" if known[1].lower() == "www" else "ftp:"
    if authority is not None:
        result += "//" + authority
    result += path
    if query is not None:
        result += "?" + query
    if fragment is not None:
        result += "#" + fragment
    return result
