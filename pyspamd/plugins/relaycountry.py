"""RelayCountry: the countries that a message passed through, for rules and templates.

    geodb_options  country:/var/lib/GeoIP/GeoLite2-Country.mmdb
    header         THROUGH_ANTARCTICA X-Relay-Countries =~ /\\bAQ\\b/
    add_header     all Countries _RELAYCOUNTRY_

Fields and tags: `X-Relay-Countries` (`_RELAYCOUNTRY_`) for untrusted relays, `X-Relay-Countries-External`
(`_RELAYCOUNTRYEXT_`), `X-Relay-Countries-Auth` (`_RELAYCOUNTRYAUTH_`) for trusted ones from the first that
knew its sender, `X-Relay-Countries-All` (`_RELAYCOUNTRYALL_`).
"""

from collections.abc import Sequence
from functools import cached_property

from ..mail.relay import Relay
from ..net.geodb import GeoDb
from ..scan.geo import geodb_of
from ..scan.plugin import Plugin
from ..scan.scan import Scan


class RelayCountry(Plugin):
    """Names the country of each relay."""

    @cached_property
    def _geodb(self) -> GeoDb:
        return geodb_of(self.conf)

    def extract_metadata(self, scan: Scan) -> None:
        if not self._geodb.knows("country"):
            return
        relays = scan.relays
        trusted = relays.trusted
        first = next((place for place, relay in enumerate(trusted) if relay.auth), len(trusted))
        for suffix, tag, chosen in (
            ("", "", relays.untrusted),
            ("-External", "EXT", relays.external),
            ("-Auth", "AUTH", trusted[first:]),
            ("-All", "ALL", [*relays.internal, *relays.external]),
        ):
            countries = self._countries(chosen)
            scan.set_metadata(f"X-Relay-Countries{suffix}", " ".join(countries).encode("latin-1"))
            scan.set_tag(f"RELAYCOUNTRY{tag}", countries[0] if len(countries) == 1 else countries)

    def _countries(self, relays: Sequence[Relay]) -> list[str]:
        return [self._geodb.country(relay.ip.decode("latin-1")) or "" for relay in relays]
