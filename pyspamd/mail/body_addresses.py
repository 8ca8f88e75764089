"""Mail addresses that a message's text offers for an answer, without those that merely name a correspondent.

Source: Mail::SpamAssassin::Plugin::FreeMail, which looks for a reply address other than the sender's.
"""

import re
from collections.abc import Iterable, Sequence

from ..base.registry import Registry

_LOCAL = rb"[a-z0-9!#$%&'*+/=?^_`{|}~-]+"
_MAIL = (
    rb"(?=.{0,64}@)(?<![a-z0-9!#$%&'*+/=?^_`{|}~-])"
    rb"(" + _LOCAL + rb"(?:\." + _LOCAL + rb")*@(?:[a-z0-9](?:[a-z0-9-]{0,59}[a-z0-9])?\.){1,4}"
    rb"([a-z0-9-]+))(?![a-z0-9-]|\.[a-z0-9])"
)
_ADDRESS = re.compile(_MAIL, re.IGNORECASE)
_MAILTO = re.compile(rb"mailto:" + _MAIL, re.IGNORECASE)
_IN_URL = re.compile(rb"<?https?://\S{0,255}(?:@|%40)\S{0,255}", re.IGNORECASE)
_NAMED = re.compile(
    rb"<?(?<!mailto:)" + _MAIL + rb"(?:>|\s{1,10}(?!(?:fa(?:x|csi)|tel|phone|e?-?mail))[a-z]{2,11}:)",
    re.IGNORECASE,
)
MOST_LINKED, MOST = 20, 40


def _has_valid_domain(found: re.Match[bytes], registry: Registry) -> bool:
    return found.group(2).lower().decode("latin-1") in registry.tlds


def linked_address(uri: bytes, registry: Registry) -> bytes | None:
    """The address of a `mailto:` URI in lower case, or `None` where there is no valid one."""
    found = _MAILTO.match(uri)
    return found.group(1).lower() if found and _has_valid_domain(found, registry) else None


def reply_addresses(
    links: Iterable[bytes], body: Sequence[bytes], registry: Registry
) -> tuple[list[bytes], list[bytes]]:
    """Addresses in lower case, each once: linked ones first, then those in the text, 40 at most; and the text left.

    Addresses in brackets, in URLs and before a label (`someone@example.com wrote:`) do not count; they are blanked
    out in the text that is returned.
    """
    found: dict[bytes, None] = {}
    for uri in links:
        address = linked_address(uri, registry)
        if address is not None:
            found[address] = None
            if len(found) >= MOST_LINKED:
                break

    def dropped(match: re.Match[bytes]) -> bytes:
        return b" " if _has_valid_domain(match, registry) else match.group()

    left = list(body)
    for number, element in enumerate(body):
        if b"@" not in element and b"%40" not in element:
            continue
        left[number] = text = _NAMED.sub(dropped, _IN_URL.sub(b" ", element))
        for match in _ADDRESS.finditer(text):
            if _has_valid_domain(match, registry):
                found[match.group(1).lower()] = None
                if len(found) >= MOST:
                    return list(found), left
    return list(found), left
