"""Host names found in header text: the `:host` of header requests.

Source: `_get` of Mail::SpamAssassin::PerMsgStatus.
"""

import re

from ..base.idn import idn_to_ascii
from ..base.registry import Registry, is_fqdn_valid

_WORD = re.compile(rb"\S+")
# A label that may be a top-level domain: nothing that could belong to a name comes after it.
_LAST_LABEL = re.compile(rb"\.([A-Za-z0-9-]++)(?![A-Za-z0-9._-])")
_HOST_OF_ADDRESS = re.compile(rb".*@(\S+)")
_MAX_BEFORE = 251
_JOINTS = b"._-"


def host_of_address(address: bytes) -> bytes | None:
    """What follows the last @ of an address, up to white space."""
    found = _HOST_OF_ADDRESS.search(address)
    return found[1] if found else None


def first_host(text: bytes, registry: Registry) -> bytes | None:
    """The host that `text` names: after its last @ if there is one, else the first in a top-level domain.

    What stands before an @ may look like a host and is none, hence the order.
    """
    if b"." not in text:
        return None
    if b"@" in text:
        for line in text.split(b"\n"):
            found = _after_last_at(line, registry)
            if found:
                if _is_valid(found):
                    return found
                break
    for word in _WORD.finditer(text):
        host = _in_word(word[0], registry)
        if host:
            return host
    return None


def _is_valid(host: bytes) -> bool:
    return is_fqdn_valid(idn_to_ascii(host.decode("latin-1")), ascii_only=True)


def _name_ends(word: bytes, registry: Registry, start: int = 0) -> list[tuple[int, int]]:
    """Where names can end in `word`: the dot before a top-level domain, and the position behind it."""
    return [
        (found.start(), found.end())
        for found in _LAST_LABEL.finditer(word, start)
        if found[1].decode("ascii").lower() in registry.tlds
    ]


def _after_last_at(line: bytes, registry: Registry) -> bytes | None:
    """The longest name right behind the last @ that has one."""
    for word in reversed(_WORD.findall(line)):
        at = word.rfind(b"@")
        if at < 0:
            continue
        ends = _name_ends(word, registry, word.find(b"@"))
        while at >= 0 and ends:
            name = _longest(word, at + 1, ends)
            if name:
                return name
            at = word.rfind(b"@", 0, at)
    return None


def _longest(word: bytes, start: int, ends: list[tuple[int, int]]) -> bytes | None:
    for dot, end in reversed(ends):
        if start < dot <= start + _MAX_BEFORE:
            return word[start:end]
    return None


def _in_word(word: bytes, registry: Registry) -> bytes | None:
    """The first well-formed name in `word`, read greedily from the left."""
    ends = _name_ends(word, registry)
    start = 0
    while ends:
        first_dot = ends[0][0]
        start = max(start, first_dot - _MAX_BEFORE)
        while start < first_dot and start > 0 and word[start - 1] in _JOINTS:
            start += 1
        name = _longest(word, start, ends) if start < first_dot else None
        if name is None:
            # Nothing can begin before this end any more.
            del ends[0]
            continue
        if _is_valid(name):
            return name
        start += len(name)
        ends = [end for end in ends if end[0] > start]
    return None
