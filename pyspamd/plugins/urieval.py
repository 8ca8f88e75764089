"""URIEval: eval tests over the message's URIs.

body HTTPS_IP_MISMATCH eval:check_https_ip_mismatch()
"""

import re

from ..scan.plugin import Plugin, Reads, eval_test
from ..scan.scan import Scan

_REDIRECT = re.compile(r"https?://([^/:?]+).+?(https?:/{0,2}?([^/:?]+).*)$", re.IGNORECASE)
_AT_ADDRESS = re.compile(r"https?:/*(?:[^@/]+@)?\d+\.\d+\.\d+\.\d+", re.IGNORECASE | re.ASCII)
_SAYS_ADDRESS = re.compile(r"https:/*(?:[^@/]+@)?\d+\.\d+\.\d+\.\d+", re.IGNORECASE | re.ASCII)


class URIEval(Plugin):
    """SpamAssassin's URIEval, test for test."""

    @eval_test(reads=Reads.BODY | Reads.HEADER)
    def check_for_http_redirector(self, scan: Scan) -> bool:
        """A URI carries another one that leads to a different domain."""
        registry = scan.reading.registry
        for uri in scan.uris:
            text = uri.decode("latin-1")
            while found := _REDIRECT.match(text):
                text = found.group(2)
                ends = [registry.uri_to_domain(host) for host in (found.group(1), found.group(3))]
                names = [end[0] if end else host for end, host in zip(ends, found.group(1, 3), strict=True)]
                if names[0] != names[1]:
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
