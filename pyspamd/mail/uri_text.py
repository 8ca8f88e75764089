"""URIs, host names and mail addresses that a reader's mail program would make clickable in plain text.

Source: `_tbirdurire` and `_process_text_uri_list` of Mail::SpamAssassin::PerMsgStatus. One regex there tries
three shapes at every place; here each shape is found from the character that gives it away (a scheme, an `@`,
a top-level domain behind a dot), and the leftmost of the three is taken. The result is the same, the time
grows only with the length of the text.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from ..base.registry import Registry, is_fqdn_valid
from .uri_canon import url_encode

# What ends a URI, and what ends a mail address besides.
_END: Final = rb"><\"`}\]{\[|\s\x1b\xa0"
_MAIL_END: Final = _END + rb",('\x80-\xff"
_MAIL_END_OR_AT: Final = re.compile(rb"[" + _MAIL_END + rb"@]")
_MARK_MAIL_END: Final = bytes(
    ord("@") if _MAIL_END_OR_AT.match(bytes([octet])) else octet for octet in range(256)
)
_MARK_HOST: Final = bytes(
    octet if bytes([octet]).isalnum() or octet in b"._-" else ord(" ") for octet in range(256)
)
_FIND_END: Final = re.compile(rb"[" + _END + rb"]")
_FIND_MAIL_END: Final = re.compile(rb"[" + _MAIL_END + rb"]")
# Where a URI or an address may begin: at either edge of a word, behind a delimiter, or behind the escape
# sequence with which ISO 2022 changes character sets.
_FIND_START: Final = re.compile(rb"\b|(?<=\x1b\([^\n])|(?<=[><\"'`,{\[(|\s\x1b\xa0])")
_KNOWN: Final = re.compile(
    rb"[hHfFwW](?:(?<![A-Za-z0-9_].)|(?<=\x1b\([^\n].))"
    rb"(?:(?<=[hH])[tT][tT][pP][sS]?://|(?<=[fF])[tT][pP](?:://|\.)|(?<=[wW])[wW][wW][0-9]{0,2}\.)",
    re.DOTALL,
)
_MAILTO: Final = re.compile(rb"[mM](?:(?<![A-Za-z0-9_].)|(?<=\x1b\([^\n].))[aA][iI][lL][tT][oO]:", re.DOTALL)
_TOP: Final = re.compile(rb"\.([A-Za-z0-9-]++)(?=(\.?(?::[0-9]{1,5})?)(?:/|[" + _END + rb"]|\Z))")
_BEFORE_NAME: Final = frozenset(b"!\"#$&'()*+,/:;<=>?@[\\]^`{|}~ \t\n\r\f\v\x1b\xa0")
# Between texts: ends a URI, may stand before a bare name, and is nothing that a URI may begin behind.
_GAP: Final = b"]]"
_PUNCTUATION: Final = b"-~!@#^&*()_+=:;'?,."

_MAX_REST: Final = 2048
_MAX_MAIL_PART: Final = 251
_MAX_NAME: Final = 252

_CONTENT_ID: Final = re.compile(rb"[cm]id:", re.I)
_BARE_SCHEME: Final = re.compile(rb"[A-Za-z0-9_]+:/{0,2}$")
_SCHEME: Final = re.compile(rb"(?:https?|ftp|mailto):", re.I)
_FTP: Final = re.compile(rb"ftp\.", re.I)
_WWW: Final = re.compile(rb"www[0-9]{0,2}\.", re.I)
_MISREAD: Final = re.compile(rb"(?:skype|e?-?mail)?:+", re.I)
_ESCAPE: Final = re.compile(r"%[0-9a-fA-F]{2}")
_MAIL_HOST: Final = re.compile(r"@([^?&>]*)")


class _Found(NamedTuple):
    """A clickable stretch of the text; `host_end` is where the host of a bare name ends, else 0."""

    start: int
    end: int
    is_mail: bool = False
    host_end: int = 0


@dataclass(frozen=True, slots=True)
class TextUri:
    """A URI found in text: octets one a character, its scheme added if it had none, and how it was found."""

    uri: str
    types: tuple[str, ...]


def text_uris(texts: Sequence[bytes], registry: Registry) -> Iterator[TextUri]:
    """The URIs in `texts` (a message's rendered body) from left to right; each spelling counts once."""
    text = _GAP.join(texts)
    seen: set[bytes] = set()
    for found in _clickable(text, registry.tlds):
        raw = text[found.start : found.end]
        if b")" in raw:
            closed = raw.partition(b"(")[0].rfind(b")")
            if closed >= 0:
                raw = raw[:closed]
        raw = raw.rstrip(_PUNCTUATION)
        if raw in seen:
            continue
        seen.add(raw)
        if found.is_mail and b"@" not in raw:
            continue
        if found.host_end and not is_fqdn_valid(text[found.start : found.host_end], ascii_only=True):
            continue
        uri = _completed(raw, registry)
        if uri is not None:
            yield uri


def _completed(raw: bytes, registry: Registry) -> TextUri | None:
    """`raw` with the scheme a mail program would give it; `None` where it would not be followed."""
    if _CONTENT_ID.match(raw) or _BARE_SCHEME.match(raw):
        return None
    types: tuple[str, ...] = ("parsed",)
    if not _SCHEME.match(raw):
        types = ("parsed", "schemeless")
        at = raw.find(b"@")
        if _FTP.match(raw):
            raw = b"ftp://" + raw
        elif _WWW.match(raw) or 0 <= raw.find(b"/") < raw.rfind(b"@") - 1:
            raw = b"http://" + raw
        elif at >= 0:
            if raw.find(b".", at + 2) < 0 or b"&nbsp;" in raw:
                return None
            misread = _MISREAD.match(raw)
            raw = b"mailto:" + raw[misread.end() if misread else 0 :]
        else:
            if b"." not in raw:
                return None
            raw = b"http://" + raw
            types = ("parsed", "schemeless", "unlinked")
    uri = raw.decode("latin-1")
    if raw[:7].lower() == b"mailto:":
        if "%" in uri and _ESCAPE.search(uri):
            uri = url_encode(uri)
        host = _MAIL_HOST.search(uri)
        if host is None:
            return None
        name = host[1]
        while name.endswith("%20"):
            name = name[:-3]
        if not registry.is_domain_valid(name):
            return None
    return TextUri(uri, types)


def _clickable(text: bytes, tlds: frozenset[str]) -> Iterator[_Found]:
    """What stands out, leftmost first; at one place a known scheme goes before mail, mail before a name."""
    finder = _Finder(text, tlds)
    lower = text.lower()
    finders: list[Callable[[int], _Found | None]] = []
    if b"://" in text or b"www" in lower or b"ftp." in lower:
        finders.append(finder.known_scheme)
    if b"mailto:" in lower:
        finders.append(finder.mailto)
    if b"@" in text:
        finders.append(finder.address)
    if b"." in text:
        finders.append(finder.bare_name)
    waiting = [(found, find) for find in finders if (found := find(0)) is not None]
    while waiting:
        first = min([found for found, _ in waiting], key=_start)
        yield first
        waiting = [
            (after, find)
            for found, find in waiting
            if (after := found if found.start >= first.end else find(first.end)) is not None
        ]


def _start(found: _Found) -> int:
    return found.start


class _Finder:
    """Looks for each of the shapes in one text, from a given place on.

    Where the next delimiter stands is remembered, so that no stretch is walked over more than once a shape.
    """

    __slots__ = ("_end", "_end_from", "_mail_end", "_mail_end_from", "_text", "_tlds")

    def __init__(self, text: bytes, tlds: frozenset[str]) -> None:
        self._text = text
        self._tlds = tlds
        self._end = self._end_from = self._mail_end = self._mail_end_from = -1

    def known_scheme(self, position: int) -> _Found | None:
        """The next `http://`, `https://`, `ftp://`, `www.` or `ftp.` with something behind it."""
        for found in _KNOWN.finditer(self._text, position):
            end = self._next_end(found.end())
            if 0 < end - found.end() <= _MAX_REST:
                return _Found(found.start(), end)
        return None

    def mailto(self, position: int) -> _Found | None:
        """The next `mailto:` with something behind it."""
        for found in _MAILTO.finditer(self._text, position):
            end = self._next_mail_end(found.end())
            if 0 < end - found.end() <= _MAX_REST:
                return _Found(found.start(), end, is_mail=True)
        return None

    def address(self, position: int) -> _Found | None:
        """The next thing that looks like a mail address: a short word, `@`, and not much behind it."""
        text = self._text
        at = text.find(b"@", position)
        while at >= 0:
            end = self._next_mail_end(at + 1)
            if end - at - 1 > _MAX_MAIL_PART:
                at = text.find(b"@", end - _MAX_MAIL_PART - 1)
                continue
            lowest = max(position, at - _MAX_MAIL_PART)
            start = lowest + text[lowest:at].translate(_MARK_MAIL_END).rfind(b"@") + 1
            if start < at < end - 1:
                # Not beyond the @: where no word begins, each of thousands would have the whole text searched.
                begins = _FIND_START.search(text, start, at)
                if begins is not None and begins.start() < at:
                    return _Found(begins.start(), end, is_mail=True)
            at = text.find(b"@", at + 1)
        return None

    def bare_name(self, position: int) -> _Found | None:
        """The next host name with a top-level domain that exists, with a port and a path if there are any."""
        text = self._text
        for found in _TOP.finditer(text, position):
            if found[1].lower().decode("ascii") not in self._tlds:
                continue
            dot = found.start()
            lowest = max(position, dot - _MAX_NAME)
            start = lowest + text[lowest:dot].translate(_MARK_HOST).rfind(b" ") + 1
            if start >= dot or not text[start : start + 1].isalnum():
                continue
            if start > 0 and text[start - 1] not in _BEFORE_NAME:
                continue
            end = found.end(2)
            if text[end : end + 1] == b"/":
                path = end + 1
                end = self._next_end(path)
                if not 0 < end - path <= _MAX_REST:
                    continue
            return _Found(start, end, host_end=found.end(1))
        return None

    def _next_end(self, position: int) -> int:
        if not self._end_from <= position <= self._end:
            found = _FIND_END.search(self._text, position)
            self._end = found.start() if found else len(self._text)
            self._end_from = position
        return self._end

    def _next_mail_end(self, position: int) -> int:
        if not self._mail_end_from <= position <= self._mail_end:
            found = _FIND_MAIL_END.search(self._text, position)
            self._mail_end = found.start() if found else len(self._text)
            self._mail_end_from = position
        return self._mail_end
