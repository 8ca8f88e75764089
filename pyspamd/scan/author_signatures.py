"""What the signatures of the message being judged say of its authors: who signed, and what counts as an author's own.

The names and the measure are those of Mail::SpamAssassin::Plugin::DKIM: an author signature is one whose signer
(`SignatureResult.signer`) is the domain of a From address.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from ..auth.result import SignatureResult
from ..auth.signatures import Signatures
from ..auth.taglist import text
from ..conf.ascii import lower
from ..conf.directives import Float
from .scan import Scan

DKIM_MINIMUM_KEY_BITS: Final = Float("dkim_minimum_key_bits", default=1024.0)

_AUTHOR_DOMAIN = re.compile(r"@([^@]*[^@ \t]|[^@])[ \t]*\Z")


@dataclass(slots=True)
class AuthorSignatures:
    """All signatures of a message, and by author domain (lower case) what they come to.

    `least_bits` is the size of key from which a signature counts, 0 for any. `dependable` says that what fails does
    not fail for the message having been cut.
    """

    signatures: tuple[SignatureResult, ...]
    valid: bool
    dependable: bool
    author_domains: frozenset[str]
    least_bits: float
    signed_by_author: set[str] = field(default_factory=set)
    valid_by_author: set[str] = field(default_factory=set)
    too_late: set[str] = field(default_factory=set)
    """Author domains whose key did not come in time."""

    def is_strong(self, result: SignatureResult) -> bool:
        """Whether the key is of fair size, as far as that is known."""
        return not self.least_bits or result.key_bits is None or result.key_bits >= self.least_bits

    def signed_by(self, domains: Iterable[str], *, valid: bool, author: bool = False) -> bool:
        """Whether one of the domains has signed, any domain where none is given.

        `valid` asks for a valid signature with a key of fair size, `author` for one of an author's domain.
        """
        wanted = list(domains)
        for result in self.signatures:
            if valid and not (result.valid and self.is_strong(result)):
                continue
            signer = result.signer
            if signer is None or (author and signer not in self.author_domains):
                continue
            if not wanted or any(is_within(signer, domain) for domain in wanted):
                return True
        return False


def is_within(domain: str, wanted: str) -> bool:
    """Whether `domain` (lower case) is the one wanted, or with `.wanted` or `*.wanted` also one below it."""
    wanted = lower(wanted)
    parent = wanted.removeprefix("*")
    if parent.startswith("."):
        return domain == parent[1:] or domain.endswith(parent)
    return domain == wanted


def authors_of(scan: Scan) -> tuple[str, ...]:
    """The addresses in From."""
    return tuple(text(address) for address in scan.values("From:addr"))


def author_signatures(scan: Scan, found: Signatures) -> AuthorSignatures:
    """What `found`, the message's signatures, come to for its authors."""
    matches = map(_AUTHOR_DOMAIN.search, authors_of(scan))
    told = AuthorSignatures(
        found.readable,
        bool(found.valid),
        _is_dependable(scan, found.readable),
        frozenset(match[1].lower() for match in matches if match),
        DKIM_MINIMUM_KEY_BITS.of(scan.conf),
    )
    for result in told.signatures:
        signer = result.signer
        if not result.selector or signer is None or signer not in told.author_domains:
            continue
        told.signed_by_author.add(signer)
        # SpamAssassin looks at the size only where a minimum is set, and without one nothing is an author's signature.
        if result.valid and told.least_bits and result.key_bits and result.key_bits >= told.least_bits:
            told.valid_by_author.add(signer)
        elif result.result == "temperror" and "timed out" in result.reason:
            told.too_late.add(signer)
    return told


def _is_dependable(scan: Scan, results: tuple[SignatureResult, ...]) -> bool:
    """Whether the message is whole, as a rule says or as we know; nothing fails where nothing is signed."""
    return not results or not (scan.has_hit("__TRUNCATED") or any(result.uncheckable for result in results))
