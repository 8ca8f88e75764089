"""HTTPSMismatch: links whose text promises https to one domain while they lead to another.

body HTTPS_HTTP_MISMATCH eval:check_https_http_mismatch('1', '10')
"""

import re

from ..base.ip_text import is_address
from ..base.registry import Registry
from ..mail.html import HtmlPage
from ..mail.perl_characters import by_space
from ..scan.arguments import number
from ..scan.plugin import Plugin, Reads, eval_test
from ..scan.scan import Scan

_HOST = re.compile(r"https?://([^/:?#]+)", re.IGNORECASE)
_PROMISED = by_space(r"https://([^SPACE/:?#]+)", re.IGNORECASE)


def _is_ip(host: str) -> bool:
    return host.isascii() and is_address(host.encode())


def _destination(uri: str, registry: Registry) -> str | None:
    """The registered domain a link leads to, or `None` for an address or an unknown domain."""
    found = _HOST.match(uri)
    if not found or _is_ip(found.group(1)):
        return None
    domain = registry.trim_domain(found.group(1))
    known = registry.uri_to_domain(domain)
    return domain if known and registry.is_domain_valid(known[0]) else None


def _promises_other(text: str, wide: bool, domain: str, registry: Registry) -> bool:
    found = _PROMISED[wide].search(text)
    if not found:
        return False
    host = found.group(1)
    if not _is_ip(host):
        host = registry.trim_domain(host)
        if not registry.is_domain_valid(host):
            return False
    return host != domain


def _mismatch(page: HtmlPage, registry: Registry) -> tuple[bool, int]:
    """(whether a link of the page misleads, how many of its links have a text and a known domain)."""
    misleads, anchors = False, 0
    for uri, link in page.uris.items():
        domain = _destination(uri, registry) if link.anchor_text else None
        if domain is not None:
            anchors += 1
            misleads = misleads or any(
                _promises_other(text, page.wide, domain, registry) for text in link.anchor_text or ()
            )
    return misleads, anchors


class HTTPSMismatch(Plugin):
    """SpamAssassin's HTTPSMismatch."""

    eval_area = "body"

    @eval_test(reads=Reads.BODY)
    def check_https_http_mismatch(self, scan: Scan, low: str = "1", high: str | None = None) -> bool:
        """A page has a misleading link, and at least `low` and fewer than `high` links."""
        least = number(low) or 1
        for page in scan.html_pages:
            misleads, anchors = _mismatch(page, scan.reading.registry)
            if misleads and anchors >= least and (high is None or anchors < number(high)):
                return True
        return False
