"""Pyzor: the settings and rule of the Pyzor digest network, which is not asked yet.

use_pyzor 1
full PYZOR_CHECK eval:check_pyzor()
"""

from ..conf.directives import Bool, Duration, Float, Str
from ..scan.plugin import Plugin, Reads, eval_test
from ..scan.scan import Scan


class Pyzor(Plugin):
    """Understands its directives; its rule never hits, as where Pyzor is not installed."""

    eval_area = "full"

    directives = (
        Bool("use_pyzor", default=True),
        Float("pyzor_count_min", 5.0, aliases=("pyzor_max",)),
        Float("pyzor_welcomelist_min", 10.0, aliases=("pyzor_whitelist_min",)),
        Float("pyzor_welcomelist_factor", 0.2, aliases=("pyzor_whitelist_factor",)),
        Float("pyzor_fork", 1.0, admin_only=True),
        Float("pyzor_perl", 0.0, admin_only=True),
        Duration("pyzor_timeout", 5.0, admin_only=True),
        Str("pyzor_options", "", admin_only=True, pattern=r"[0-9A-Za-z ,._/-]+"),
        Str("pyzor_path", default=None, admin_only=True),
        Str("pyzor_server_file", default=None, admin_only=True),
    )

    @eval_test(reads=Reads.BODY | Reads.NETWORK)
    async def check_pyzor(self, scan: Scan) -> bool:
        """Whether the network has seen the message often enough: unknown, so no."""
        return False
