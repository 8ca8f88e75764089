"""The domains that lists of URIs and addresses are never asked about, for every plugin that asks them."""

from typing import Final

from ..conf.lists import WordSet

SKIP_DOMAINS: Final = WordSet("uridnsbl_skip_domain", lower_case=True, setting="uridnsbl_skip_domains")
"""Hosts and domains, in lower case; the directive is URIDNSBL's, so it is empty where that is not loaded."""
