"""Who wrote a message and who it is for, by every field that may say so.

Behaviour is that of Mail::SpamAssassin::PerMsgStatus: `all_from_addrs`, `all_from_addrs_domains` and
`all_to_addrs`.
Fields with an envelope address go back to qmail, Postfix, Exim, sendmail and procmail recipes.
"""

import re
from collections.abc import Iterable

from ..base.idn import idn_to_ascii
from ..base.registry import Registry, is_fqdn_valid
from .header_view import HeaderView

_SENDER_REQUESTS = (
    "From:addr",
    "Envelope-Sender:addr",
    "Resent-Sender:addr",
    "X-Envelope-From:addr",
    "EnvelopeFrom:addr",
)
_RECIPIENT_REQUESTS = (
    "To:addr",
    "Apparently-To:addr",
    "Delivered-To:addr",
    "Envelope-Recipients:addr",
    "Apparently-Resent-To:addr",
    "X-Envelope-To:addr",
    "Envelope-To:addr",
    "X-Delivered-To:addr",
    "X-Original-To:addr",
    "X-Rcpt-To:addr",
    "X-Real-To:addr",
    "Cc:addr",
)
_DOTS = re.compile(rb"\.\.+")
_FOR = re.compile(rb" for(?= (\S+))")
_RECEIVED_LINES = 3


def all_from_addresses(view: HeaderView) -> list[bytes]:
    """Every address the message may be from, each once; those who resent it, if anyone did."""
    resent = view.values("Resent-From:first:addr")
    if resent:
        return _once(resent)
    found = (address for request in _SENDER_REQUESTS for address in view.values(request))
    # Some clients write `user@host...`; rows of dots count as one.
    return _once(_DOTS.sub(b".", address) for address in found if address)


def all_from_domains(view: HeaderView, registry: Registry) -> list[bytes]:
    """The registered domains of `all_from_addresses`, each once and as `dummy@domain`."""
    found: dict[bytes, bytes] = {}
    for address in all_from_addresses(view):
        domains = registry.uri_to_domain(address)
        if domains:
            found.setdefault(domains[0].lower(), b"dummy@" + domains[0])
    return list(found.values())


def all_to_addresses(view: HeaderView) -> list[bytes]:
    """Every address the message may be for, each once; those it was resent to, if it was."""
    resent = [*view.values("Resent-To:first:addr"), *view.values("Resent-Cc:first:addr")]
    if resent:
        return _once(resent)
    # sendmail names the recipient in its Received line only; an MX and a fetcher may stand above it.
    addresses = [_recipient(line) for line in view.values("Received")[:_RECEIVED_LINES]]
    found = [address for address in addresses if address is not None]
    found += (address for request in _RECIPIENT_REQUESTS for address in view.values(request))
    return _once(found)


def _once(addresses: Iterable[bytes]) -> list[bytes]:
    return list(dict.fromkeys(addresses))


def _recipient(line: bytes) -> bytes | None:
    """The address in `for <user@host>;` of a Received line, if its host is well formed."""
    for found in _FOR.finditer(line):
        word = found[1]
        semicolon = word.rfind(b";")
        at = word.rfind(b"@", 0, max(semicolon - 1, 0))
        start = 1 if word[:1] == b"<" and at > 1 else 0
        if at <= start:
            continue
        end = word.index(b";", at + 2)
        bracket = word.find(b">;", at + 2, end + 1)
        if bracket >= 0:
            end = bracket
        host = idn_to_ascii(word[at + 1 : end].decode("latin-1"))
        return word[start:end] if is_fqdn_valid(host, ascii_only=True) else None
    return None
