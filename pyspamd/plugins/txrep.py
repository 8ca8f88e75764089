"""TxRep: the settings and rule of the senders' reputation, which remembers no scores here.

use_txrep 1
header TXREP eval:check_senders_reputation()
"""

from ..conf.directives import Bool, Float, Int, Str
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
        Str("user_awl_sql_override_username", ""),
        Float("txrep_user2global_ratio", 0.0, low=0, high=10),
        Bool(
            "auto_welcomelist_distinguish_signed",
            default=True,
            aliases=("auto_whitelist_distinguish_signed",),
        ),
        Bool("txrep_spf", default=True),
        Float("txrep_weight_email", 3.0, low=0, high=10),
        Float("txrep_weight_email_ip", 10.0, low=0, high=10),
        Float("txrep_weight_domain", 2.0, low=0, high=10),
        Float("txrep_weight_ip", 4.0, low=0, high=10),
        Float("txrep_weight_helo", 0.5, low=0, high=10),
        Str("txrep_report_details", "0", choices=("0", "1", "2")),
        Str("txrep_factory", "Mail::SpamAssassin::DBBasedAddrList", admin_only=True),
        Str(
            "auto_welcomelist_path",
            "__userstate__/tx-reputation",
            admin_only=True,
            aliases=("auto_whitelist_path",),
        ),
        Str(
            "auto_welcomelist_db_modules",
            "DB_File GDBM_File SDBM_File",
            admin_only=True,
            aliases=("auto_whitelist_db_modules",),
        ),
        Str(
            "auto_welcomelist_file_mode",
            "0700",
            admin_only=True,
            pattern=r"0?[0-7]{3}",
            aliases=("auto_whitelist_file_mode",),
        ),
        Str("user_awl_dsn", default=None, admin_only=True),
        Str("user_awl_sql_username", default=None, admin_only=True),
        Str("user_awl_sql_password", default=None, admin_only=True),
        Str("user_awl_sql_table", "txrep", admin_only=True),
    )

    @eval_test(reads=Reads.HEADER | Reads.HITS)
    def check_senders_reputation(self, scan: Scan) -> bool:
        """Whether the sender's earlier scores move this one: unknown, so no."""
        return False
