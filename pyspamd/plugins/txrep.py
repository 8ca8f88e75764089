"""TxRep: the settings and rule of the senders' reputation, which remembers no scores here.

use_txrep 1
header TXREP eval:check_senders_reputation()
"""

from ..conf.directives import Bool, Float, Int, Str
from ..conf.sender_history import history_directives
from ..scan.plugin import Plugin, Reads, eval_test
from ..scan.scan import Scan


class TxRep(Plugin):
    """Understands its directives; its rule never hits, as for senders never seen before."""

    eval_area = "header"

    directives = (
        Bool("use_txrep", default=False),
        Float("txrep_factor", 0.5, low=0, high=1),
        Float("txrep_dilution_factor", 0.98, low=0.7, high=1),
        Float("txrep_expiry_days", 365.0, low=0, high=10000),
        Float("txrep_learn_penalty", 20.0, low=0, high=200),
        Float("txrep_learn_bonus", 20.0, low=0, high=200),
        Float("txrep_autolearn", 0.0, low=0, high=5),
        Bool("txrep_track_messages", default=True),
        Float("txrep_welcomelist_out", 10.0, low=0, high=200, aliases=("txrep_whitelist_out",)),
        Int("txrep_ipv4_mask_len", 16, low=0, high=32),
        Int("txrep_ipv6_mask_len", 48, low=0, high=128),
        Float("txrep_user2global_ratio", 0.0, low=0, high=10),
        Bool("txrep_spf", default=True),
        Float("txrep_weight_email", 3.0, low=0, high=10),
        Float("txrep_weight_email_ip", 10.0, low=0, high=10),
        Float("txrep_weight_domain", 2.0, low=0, high=10),
        Float("txrep_weight_ip", 4.0, low=0, high=10),
        Float("txrep_weight_helo", 0.5, low=0, high=10),
        Str("txrep_report_details", "0", choices=("0", "1", "2")),
        Str("txrep_factory", "Mail::SpamAssassin::DBBasedAddrList", admin_only=True),
        *history_directives(signed=True, path="__userstate__/tx-reputation", table="txrep"),
    )

    @eval_test(reads=Reads.HEADER | Reads.HITS)
    def check_senders_reputation(self, scan: Scan) -> bool:
        """Whether the sender's earlier scores move this one: unknown, so no."""
        return False
