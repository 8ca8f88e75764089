"""Organizational domains (RFC 7489 section 3.2) by the Public Suffix List, as the package publicsuffixlist has it.

The list counts as a whole, with the suffixes that private registries have added, as for Mail::DMARC.
"""

from functools import lru_cache

from publicsuffixlist import PublicSuffixList


@lru_cache(maxsize=1)
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList(accept_unknown=False)


def load() -> None:
    """Read the list now, so that processes forked later share it; otherwise the first question reads it."""
    _suffixes()


@lru_cache(maxsize=4096)
def organizational_domain(domain: str) -> str | None:
    """The public suffix of `domain` and one label more, lower case; `None` where its top level is not known.

    A public suffix is its own organizational domain, as Mail::DMARC has it.
    """
    domain = domain.lower()
    suffixes = _suffixes()
    if not suffixes.publicsuffix(domain):
        return None
    return suffixes.privatesuffix(domain) or domain
