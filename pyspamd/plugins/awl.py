"""AWL: the settings and rule of the automatic welcome list, which remembers no scores here.

use_auto_welcomelist 1
header AWL eval:check_from_in_auto_welcomelist()
"""

from ..conf.directives import Bool, Float, Int, Str
from ..conf.sender_history import history_directives
from ..scan.plugin import Plugin, Reads, eval_test
from ..scan.scan import Scan


class AWL(Plugin):
    """Understands its directives; its rule never hits, as for senders never seen before."""

    eval_area = "header"

    directives = (
        Bool("use_auto_welcomelist", default=True, aliases=("use_auto_whitelist",)),
        Float("auto_welcomelist_factor", 0.5, aliases=("auto_whitelist_factor",)),
        Int("auto_welcomelist_ipv4_mask_len", 16, low=0, high=32, aliases=("auto_whitelist_ipv4_mask_len",)),
        Int("auto_welcomelist_ipv6_mask_len", 48, low=0, high=128, aliases=("auto_whitelist_ipv6_mask_len",)),
        Str(
            "auto_welcomelist_factory",
            "Mail::SpamAssassin::DBBasedAddrList",
            admin_only=True,
            aliases=("auto_whitelist_factory",),
        ),
        *history_directives(signed=False, path="__userstate__/auto-welcomelist", table="awl"),
    )

    @eval_test(reads=Reads.HEADER | Reads.HITS)
    def check_from_in_auto_welcomelist(self, scan: Scan) -> bool:
        """Whether the sender's earlier scores move this one: unknown, so no."""
        return False

    check_from_in_auto_whitelist = check_from_in_auto_welcomelist
