"""Names and mail addresses in From, To, Cc and the like.

Source: `parse_header_addresses` of Mail::SpamAssassin::Util.
Values are raw: encoded words are decoded only once names and addresses have been told apart, or a decoded
name could forge an address.

Example::

    >>> [(entry.phrase, entry.address) for entry in parse_header_addresses(b'"A. Body" <body@example.com>')]
    [(b'A. Body ', b'body@example.com')]
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import count
from typing import Final

from ..base.idn import idn_to_ascii
from ..base.registry import is_fqdn_valid
from ..perlre.regex import compile_regex
from .address_list import Mailbox, composed, read_address_list

MAX_VALUE_LENGTH: Final = 8192
"""Octets of a value that are looked at; header fields are read no further than that."""
MOST_UNTOLD: Final = 100
"""Entries of one value kept that say nothing, each of which goes by the whole value for its phrase."""

_QUOTED: Final = rb'"(?:[^"\\]++|\\.)*+"'
_COMMENT: Final = rb"\((?:[^()\\]++|\\.)*+\)"
_PHRASE: Final = rb"((?:" + _QUOTED + rb'|[^",;<]++)+)'
_MAIL: Final = rb"(?:" + _QUOTED + rb"|[^@\s<>()\[\],:;]+)@(?:[^\"\s<>()\[\],:;]+|\[[\d:.]+\])"
# Matched by PCRE2, whose limits end what would go on for ever: `<a><a><a>…` can be told apart in very many ways.
_ENTRY: Final = compile_regex(
    (
        rb"\G\s*(?:"
        rb"(?:" + _PHRASE + rb"\s*)?"
        rb"<\s*([^>@]*\S+|\s*)\s*>"
        rb"(?:\s*<\s*(?:(?:" + _QUOTED + rb")?\S+|\s*)\s*>)*"
        rb"|(?:(" + _MAIL + rb")|" + _PHRASE + rb")"
        rb")(?:\s*\(((?:[^()\\]++|\\.)*+)\))?"
        rb"\s*(?:[,;]|\z)"
    ).decode("ascii")
)
_PLAIN_MAIL: Final = rb"([A-Za-z0-9._+=-]+)@([A-Za-z0-9.-]+)"
_USUAL: Final = re.compile(
    rb"\s*+(?:"
    rb"(?:\"([A-Za-z0-9 .'_-]*+)\"([ \t]*+)|([A-Za-z0-9'_-][A-Za-z0-9 .'_-]*+))?<" + _PLAIN_MAIL + rb">"
    rb"|" + _PLAIN_MAIL + rb")\s*+\Z"
)
_GROUP: Final = re.compile(rb'[^"()<>]+:\s*(?:;.*)?', re.DOTALL)
_WHOLE_MAIL: Final = re.compile(rb"(?:" + _MAIL + rb")$")
_IN_BRACKETS: Final = re.compile(rb"<(" + _MAIL + rb")>")
_COMMENTS: Final = re.compile(_COMMENT, re.DOTALL)
_PHRASE_PARTS: Final = re.compile(rb'"((?:[^"\\]++|\\.)*+)"|([^"]++)', re.DOTALL)
_LONE_BACKSLASH: Final = re.compile(rb"\\(?!\\)")
_USER_AND_HOST: Final = re.compile(rb"([^@]*)@([^@]*)")
_BEHIND_HOST: Final = re.compile(rb"([^@]*@[^@]*).*")
_TWO_WORDS: Final = re.compile(rb"([^\s@]+)@([^\s@]+)$")
_SPACE: Final = b" \t\n\r\f\v"


@dataclass(frozen=True, slots=True)
class Address:
    """One entry of an address header; `None` is what it does not have.

    `phrase` is the display name, or the comment where there is no name; `invalid` says that the host is none.
    """

    phrase: bytes | None
    user: bytes | None
    host: bytes | None
    address: bytes | None
    comment: bytes | None
    invalid: bool


LONGEST_KEPT: Final = 1024
"""Octets of a value up to which it is remembered for long: one of 8 kB can name a thousand addresses."""


def parse_header_addresses(value: bytes) -> tuple[Address, ...]:
    """The entries of an address header, given its raw value without the field name; none if it is blank.

    A quick and forgiving reading comes first. Where it finds fewer entries than the commas promise, the
    grammar is asked as well, and whoever finds more is believed.
    """
    return _remembered(value) if len(value) <= LONGEST_KEPT else _remembered_long(value[:MAX_VALUE_LENGTH])


def _parse(value: bytes) -> tuple[Address, ...]:
    usual = _USUAL.match(value)
    return _parse_any(value) if usual is None else (_read_usual(*usual.groups(b"")),)


def _read_usual(
    quoted: bytes, blank: bytes, name: bytes, user: bytes, host: bytes, bare_user: bytes, bare_host: bytes
) -> Address:
    """What `_parse_any` makes of nothing but an address, or one behind a plain name, which most values are."""
    user, host = user or bare_user, host or bare_host
    phrase = quoted + blank or name or None
    return Address(phrase, user, host, user + b"@" + host, None, not _is_host(host))


def _parse_any(value: bytes) -> tuple[Address, ...]:
    if not value.strip(_SPACE):
        return ()
    found = _entries(value)
    if len(found) < value.count(b",") + 1:
        whole = _unescaped(value)
        by_grammar = [_from_grammar(mailbox, whole) for mailbox in read_address_list(whole)]
        if len(by_grammar) > len(found):
            untold = count(1)
            found = [a for a in by_grammar if a.phrase is not whole or next(untold) <= MOST_UNTOLD]
    return tuple(found)


_remembered = lru_cache(maxsize=256)(_parse)
_remembered_long = lru_cache(maxsize=16)(_parse)


def _unescaped(value: bytes) -> bytes:
    return value.replace(b"\\\\", b"")


def _entries(value: bytes) -> list[Address]:
    """The quick reading: entry by entry from the left, as far as they can be told apart."""
    value = _unescaped(value.rstrip(_SPACE))
    if group := _GROUP.match(value):
        value = value[group.end() :]
    if not value.strip(_SPACE):
        return []
    found: list[Address] = []
    position = 0
    while entry := _ENTRY.search(value, position):
        found.append(_read_entry(*entry.groups()))
        position = entry.end()
    if value.find(b"@", position) >= 0:
        for bracketed in _IN_BRACKETS.finditer(value, position):
            if _is_plausible(bracketed[1]):
                found.append(_with_address(None, bracketed[1], None))
    return found


def _read_entry(
    name: bytes | None,
    bracketed: bytes | None,
    address: bytes | None,
    bare: bytes | None,
    comment: bytes | None,
) -> Address:
    """What the groups of `_ENTRY` say."""
    phrase = name if name is not None else bare
    if bracketed is not None:
        address = _COMMENTS.sub(b"", bracketed)
        if not _WHOLE_MAIL.match(address):
            address = None
    if address is not None and not _is_plausible(address):
        address = None
    if phrase is not None:
        phrase = _phrase_text(phrase)
        if address is None and _is_address(phrase):
            phrase, address = None, phrase
        elif phrase in (address, b""):
            phrase = None
    if phrase is None:
        phrase = comment
    return _with_address(phrase, address, comment)


def _phrase_text(phrase: bytes) -> bytes:
    """A display name without its quotes, escapes and comments."""
    text = b""
    for part in _PHRASE_PARTS.finditer(phrase):
        quoted, bare = part.groups()
        if quoted is not None:
            text += _LONE_BACKSLASH.sub(b"", quoted).replace(b"\\\\", b"\\")
        else:
            text += _COMMENTS.sub(b"", bare)
    return text


def _is_plausible(address: bytes) -> bool:
    return not address.startswith(b'""@') and address.count(b'"') != 1


def _is_address(phrase: bytes) -> bool:
    """Whether a display name is an address and nothing else."""
    if not (_WHOLE_MAIL.match(phrase) and _is_plausible(phrase)):
        return False
    found = _USER_AND_HOST.match(phrase)
    return found is not None and _is_host(found[2])


def _is_host(host: bytes) -> bool:
    return is_fqdn_valid(idn_to_ascii(host.decode("latin-1")), ascii_only=True)


def _with_address(phrase: bytes | None, address: bytes | None, comment: bytes | None) -> Address:
    user = host = None
    if address is not None:
        # What follows a second @ does not count.
        address = _BEHIND_HOST.sub(rb"\1", address, count=1)
        if found := _USER_AND_HOST.match(address):
            user, host = found.groups()
    return Address(phrase, user, host, address, comment, host is None or not _is_host(host))


def _from_grammar(mailbox: Mailbox, value: bytes) -> Address:
    user, host = mailbox.user or None, mailbox.host or None
    address = composed(user, host) if user is not None and host is not None else None
    phrase, comment = mailbox.name, mailbox.comment
    invalid = address is None or mailbox.flawed
    if user is None and address is None and comment is None and phrase is not None and _is_plausible(phrase):
        # A quoted address with nothing beside it is taken for what it was meant to be.
        both = _TWO_WORDS.match(phrase)
        if both is not None and _is_host(both[2]):
            user, host = both.groups()
            return Address(None, user, host, phrase, None, False)
    if phrase is None:
        phrase = comment
    if phrase is None and address is None:
        phrase = value
    return Address(phrase, user, host, address, comment, invalid)
