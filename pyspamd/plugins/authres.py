"""AuthRes: what our own hosts have written into Authentication-Results fields.

authres_networks         internal
authres_trusted_authserv mx.example.com
header AUTHRES_DKIM_PASS eval:check_authres_result('dkim', 'pass')
"""

from typing import Final

from ..conf.directives import Str
from ..conf.lists import WordSet
from ..scan.authentication_results import authentication_results
from ..scan.plugin import Plugin, Reads, eval_test
from ..scan.scan import Scan

AUTHRES_NETWORKS: Final = Str(
    "authres_networks", default="internal", choices=("internal", "trusted", "all"), admin_only=True
)
TRUSTED_SERVERS: Final = WordSet("authres_trusted_authserv", lower_case=True, admin_only=True)
IGNORED_SERVERS: Final = WordSet("authres_ignored_authserv", lower_case=True, admin_only=True)


class AuthRes(Plugin):
    """SpamAssassin's AuthRes."""

    eval_area = "header"

    directives = (AUTHRES_NETWORKS, TRUSTED_SERVERS, IGNORED_SERVERS)

    def parsed_metadata(self, scan: Scan) -> None:
        """Read the fields; others may want to know them."""
        trusted, ignored = TRUSTED_SERVERS.of(scan.conf), IGNORED_SERVERS.of(scan.conf)

        def accepts(server: str) -> bool:
            return (not trusted or server in trusted) and server not in ignored

        networks = AUTHRES_NETWORKS.of(scan.conf)
        authentication_results(scan, "ALL" if networks == "all" else f"ALL-{networks.upper()}", accepts)

    @eval_test(reads=Reads.HEADER)
    def check_authres_result(self, scan: Scan, method: str, wanted: str) -> bool:
        """A method's result, of several "pass" before the first; `missing` where there is none."""
        results = [
            found.result
            for fields in authentication_results(scan)
            for found in fields.results
            if found.method == method
        ]
        if wanted.lower() == "missing":
            return not results
        if not results:
            return False
        return wanted.lower() == ("pass" if "pass" in results else results[0])
