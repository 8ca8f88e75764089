"""DCC: the settings and rules of the Distributed Checksum Clearinghouse, which is not asked yet.

use_dcc 1
full DCC_CHECK eval:check_dcc()
"""

from ..conf.directives import Bool, Duration, Float, Str
from ..scan.plugin import Plugin, Reads, eval_test
from ..scan.scan import Scan


class DCC(Plugin):
    """Understands its directives; its rules never hit, as where DCC is not installed."""

    eval_area = "full"

    directives = (
        Bool("use_dcc", default=True),
        Bool("use_dcc_rep", default=True),
        Float("dcc_body_max", 999999.0),
        Float("dcc_fuz1_max", 999999.0),
        Float("dcc_fuz2_max", 999999.0),
        Float("dcc_rep_percent", 90.0),
        Duration("dcc_timeout", 5.0, admin_only=True),
        Str("dcc_home", default=None, admin_only=True),
        Str("dcc_dccifd_path", default=None, admin_only=True),
        Str("dcc_path", default=None, admin_only=True),
        Str("dcc_options", default=None, admin_only=True),
        Str("dccifd_options", default=None, admin_only=True),
        Float("dcc_learn_score", default=None, admin_only=True),
    )

    @eval_test(reads=Reads.BODY | Reads.NETWORK)
    async def check_dcc(self, scan: Scan) -> bool:
        """Whether the clearinghouse calls the message bulk: unknown, so no."""
        return False

    @eval_test(reads=Reads.HEADER | Reads.NETWORK)
    async def check_dcc_reputation_range(self, scan: Scan, low: str = "", high: str = "") -> bool:
        """Whether the sender's reputation lies in the range: unknown, so no."""
        return False
