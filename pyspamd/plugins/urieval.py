"""URIEval: eval tests over the message's URIs.

body HTTPS_IP_MISMATCH eval:check_https_ip_mismatch()
"""

import re
from functools import cache

from ..scan.plugin import Plugin, Reads, eval_test
from ..scan.scan import Scan

# `https?://([^/:?]+).+?(https?:/{0,2}?([^/:?]+).*)$` in two: the second where the host runs into the inner scheme.
_INNER = r"(https?:/{0,2}?([^/:?]+).*)$"
_REDIRECT = re.compile(rf"https?://([^/:?]++).+?{_INNER}", re.IGNORECASE)
_CLOSE_REDIRECT = re.compile(rf"https?://([^/:?]+?)[^/:?\n]{_INNER}", re.IGNORECASE)
_AT_ADDRESS = re.compile(r"https?:/*(?:[^@/]+@)?\d+\.\d+\.\d+\.\d+", re.IGNORECASE | re.ASCII)
_SAYS_ADDRESS = re.compile(r"https:/*(?:[^@/]+@)?\d+\.\d+\.\d+\.\d+", re.IGNORECASE | re.ASCII)


class URIEval(Plugin):
    """SpamAssassin's URIEval, test for test."""

    @eval_test(reads=Reads.BODY | Reads.HEADER)
    def check_for_http_redirector(self, scan: Scan) -> bool:
        """A URI carries another one that leads to a different domain."""
        registry = scan.reading.registry

        @cache
        def name(host: str) -> str:
            end = registry.uri_to_domain(host)
            return end[0] if end else host

        for uri in scan.uris:
            text, at = uri.decode("latin-1"), 0
            while found := _REDIRECT.match(text, at) or _CLOSE_REDIRECT.match(text, at):
                at = found.start(2)
                if name(found[1]) != name(found[3]):
                    return True
        return False

    @eval_test(reads=Reads.BODY)
    def check_https_ip_mismatch(self, scan: Scan) -> bool:
        """A link goes to a bare address while its text promises https to a name."""
        return any(
            "https:" in text.lower() and not _SAYS_ADDRESS.match(text)
            for page in scan.html_pages
            for uri, link in page.uris.items()
            if _AT_ADDRESS.match(uri)
            for text in link.anchor_text or ()
        )

    @eval_test(reads=Reads.BODY | Reads.HEADER)
    def check_uri_truncated(self, scan: Scan) -> bool:
        """A URI was so long that it was cut."""
        return scan.uri_details.truncated
