"""Every URI of a message: where it stood, how else it can be read, which domains and hosts it names.

Source: `get_uri_detail_list`, `add_uri_detail_list` and `get_uri_list` of Mail::SpamAssassin::PerMsgStatus.

A URI is a Perl string held as `str`. One found in text stands for its octets, one a character; one found in
HTML for the characters the document meant. The two are equal where Perl would call them equal, and print as
Perl would print them; `as_octets` gives what rules match.

Example::

    >>> registry = Registry(frozenset({"com"}))
    >>> found = uri_details([b"see www.example.com/a"], (), UriSettings(registry))
    >>> found["http://www.example.com/a"].domains
    {'example.com': None}
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from ..base.registry import Registry
from .headers import Headers
from .message import Message
from .uri_canon import Redirectors, as_octets, canonicalize
from .uri_text import text_uris

MAX_URI_LENGTH: Final = 8192
_SIGNING_DOMAIN: Final = re.compile(r"\bd\s*=\s*([^;]+)", re.ASCII)
_SPACE: Final = re.compile(r"\s+", re.ASCII)
_NO_REDIRECTORS: Final = Redirectors()


@dataclass(frozen=True, slots=True)
class UriSettings:
    """What configuration says about URIs: `util_rb_*`, `redirector_pattern`, `parse_dkim_uris`."""

    registry: Registry
    redirectors: Redirectors = _NO_REDIRECTORS
    parse_dkim_uris: bool = True


@dataclass(slots=True)
class UriDetail:
    """One URI as it stood (`raw`), and what is known of it; the dicts are used as ordered sets.

    `types` holds the HTML elements that referred to it and `parsed`, `schemeless`, `unlinked`, `domainkeys`
    and the like; `cleaned` the spellings that `uri` rules see; `hosts` the domain of each host.
    """

    raw: str
    types: dict[str, None] = field(default_factory=dict)
    cleaned: dict[str, None] = field(default_factory=dict)
    anchor_text: list[str] = field(default_factory=list)
    domains: dict[str, None] = field(default_factory=dict)
    hosts: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class HtmlUri:
    """A URI that one HTML part refers to: by which elements (none for an anchor only), under which texts."""

    uri: str
    types: tuple[str, ...] = ()
    anchor_text: tuple[str, ...] = ()
    wide: bool = True
    """Whether it is characters (octets only where all of the document was ASCII)."""


class UriDetails(dict[str, UriDetail]):
    """URIs by their text as it stood, in the order they were found; plugins may add more."""

    __slots__ = ("settings", "truncated")

    def __init__(self, settings: UriSettings) -> None:
        super().__init__()
        self.settings = settings
        self.truncated = False
        """Whether a URI was longer than `MAX_URI_LENGTH` and is kept only to there."""

    def as_data(self) -> dict[str, Any]:
        """What `from_data` needs, as JSON can hold it."""
        rows = [
            [
                detail.raw,
                list(detail.types),
                list(detail.cleaned),
                detail.anchor_text,
                list(detail.domains),
                detail.hosts,
            ]
            for detail in self.values()
        ]
        return {"truncated": self.truncated, "uris": rows}

    @classmethod
    def from_data(cls, data: dict[str, Any], settings: UriSettings) -> "UriDetails":
        """The URIs that `as_data` wrote down. Raises KeyError, TypeError or ValueError for anything else."""
        details = cls(settings)
        details.truncated = bool(data["truncated"])
        for raw, types, cleaned, anchor_text, domains, hosts in data["uris"]:
            details[raw] = UriDetail(
                raw,
                dict.fromkeys(types),
                dict.fromkeys(cleaned),
                list(anchor_text),
                dict.fromkeys(domains),
                dict(hosts),
            )
        return details

    def add(
        self,
        uri: str,
        types: Iterable[str] = (),
        *,
        valid_domain: bool = False,
        wide: bool = False,
        canonical: bool = True,
        clean: bool = True,
    ) -> UriDetail | None:
        """Take in one URI; its detail, or `None` if it was refused.

        `types` defaults to `parsed`. `valid_domain` refuses a URI that names no valid domain. Without
        `canonical` no other spellings are worked out (`nocanon`), without `clean` rules will not see it
        (`noclean`).
        """
        settings = self.settings
        registry = settings.registry
        spellings = canonicalize(uri, settings.redirectors, registry, wide=wide) if canonical else [uri]
        domains: dict[str, None] = {}
        hosts: dict[str, str] = {}
        for number, spelling in enumerate(spellings):
            if len(spelling) > MAX_URI_LENGTH:
                self.truncated = True
                spelling = spellings[number] = spelling[:MAX_URI_LENGTH]
            found = registry.uri_to_domain(spelling, characters=wide)
            if found is not None:
                domains[found[0]] = None
                hosts[found[1]] = found[0]
        if valid_domain and not domains:
            return None
        detail = self.get(uri)
        if detail is None:
            detail = self[uri] = UriDetail(uri)
        if clean:
            detail.cleaned.update(dict.fromkeys(spellings))
        detail.domains.update(domains)
        detail.hosts.update(hosts)
        detail.types.update(dict.fromkeys(types or ("parsed",)))
        return detail


def uri_details(
    texts: Sequence[bytes], html_parts: Iterable[Iterable[HtmlUri]], settings: UriSettings
) -> UriDetails:
    """The URIs of a message's rendered body and of each of its HTML parts."""
    details = UriDetails(settings)
    for found in text_uris(texts, settings.registry):
        details.add(found.uri, found.types, valid_domain=True)
    for part in html_parts:
        for link in part:
            detail = details.add(link.uri, link.types, wide=link.wide)
            if detail is not None and link.anchor_text:
                detail.anchor_text += dict.fromkeys(link.anchor_text)
    return details


def add_signers(details: UriDetails, headers: Headers) -> None:
    """Take in the domains that sign: d= of DomainKey-Signature and then of DKIM-Signature fields."""
    if not details.settings.parse_dkim_uris:
        return
    for signature in headers.get("DomainKey-Signature") + headers.get("DKIM-Signature"):
        for signer in _SIGNING_DOMAIN.finditer(signature.decode("latin-1")):
            details.add(
                "domainkeys:" + _SPACE.sub("", signer[1]),
                ("domainkeys", "nocanon", "noclean"),
                valid_domain=True,
                canonical=False,
                clean=False,
            )


def body_uris(message: Message, settings: UriSettings) -> UriDetails:
    """The URIs of a message's body: what depends on nothing but that."""
    pages = [
        [
            HtmlUri(uri, tuple(link.types), link.anchor_text or (), page.wide or _has_characters(uri))
            for uri, link in page.uris.items()
        ]
        for page in message.html_pages
        if page is not None
    ]
    details = uri_details(message.body, pages, settings)
    if any(page is not None and page.facts.get("uri_truncated") for page in message.html_pages):
        details.truncated = True
    return details


def _has_characters(uri: str) -> bool:
    """Whether `uri` cannot be octets: a reference to a character above U+00FF stands in it."""
    return not uri.isascii() and max(uri) > "\xff"


def uri_list(details: Mapping[str, UriDetail]) -> list[str]:
    """Every spelling that `uri` rules see, each once (`get_uri_list`)."""
    found: dict[str, None] = {}
    for detail in details.values():
        found.update(detail.cleaned)
    return list(found)


def uri_subjects(details: Mapping[str, UriDetail]) -> list[bytes]:
    """`uri_list` in the octets that regexes of rules match."""
    return [as_octets(uri) for uri in uri_list(details)]
