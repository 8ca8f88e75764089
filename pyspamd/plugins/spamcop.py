"""SpamCop: the settings of reporting to SpamCop; reports themselves are not sent yet.

spamcop_from_address postmaster@example.com
spamcop_max_report_size 50
"""

from ..conf.directives import Float, Str
from ..scan.plugin import Plugin


class SpamCop(Plugin):
    """Understands its directives; has no rules."""

    directives = (
        Str("spamcop_from_address", "", pattern=r"\S+@\S+"),
        Str("spamcop_to_address", "spamassassin-submit@spam.spamcop.net", pattern=r"\S+@\S+"),
        Float("spamcop_max_report_size", 50.0),
        Str("spamcop_relayhost", default=None),
    )
