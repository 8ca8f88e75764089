"""Razor2: the settings and rules of the Razor signature network, which is not asked yet.

use_razor2 1
full RAZOR2_CHECK eval:check_razor2()
"""

from ..conf.directives import Duration, Float, Str
from ..scan.plugin import Plugin, Reads, eval_test
from ..scan.scan import Scan


class Razor2(Plugin):
    """Understands its directives; its rules never hit, as where Razor is not installed."""

    eval_area = "full"

    directives = (
        Float("use_razor2", 1.0),
        Float("razor_fork", 1.0, admin_only=True),
        Duration("razor_timeout", 5.0, admin_only=True),
        Str("razor_config", default=None, admin_only=True),
    )

    @eval_test(reads=Reads.BODY | Reads.NETWORK)
    async def check_razor2(self, scan: Scan) -> bool:
        """Whether the network lists the message: unknown, so no."""
        return False

    @eval_test(reads=Reads.BODY | Reads.NETWORK)
    async def check_razor2_range(self, scan: Scan, engine: str = "", low: str = "", high: str = "") -> bool:
        """Whether the network's confidence lies in the range: unknown, so no."""
        return False
