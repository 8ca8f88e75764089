"""AWL: the settings and rule of the automatic welcome list, which remembers no scores here.

use_auto_welcomelist 1
header AWL eval:check_from_in_auto_welcomelist()
"""

from ..conf.directives import Bool, Float, Int, Str
from ..scan.plugin import Plugin, Reads, eval_test
from ..scan.scan import Scan

_FILE_MODE = r"0?[0-7]{3}"


class AWL(Plugin):
    """Understands its directives; its rule never hits, as for senders never seen before."""

    eval_area = "header"

    directives = (
        Bool("use_auto_welcomelist", default=True, aliases=("use_auto_whitelist",)),
        Float("auto_welcomelist_factor", 0.5, aliases=("auto_whitelist_factor",)),
        Int("auto_welcomelist_ipv4_mask_len", 16, low=0, high=32, aliases=("auto_whitelist_ipv4_mask_len",)),
        Int("auto_welcomelist_ipv6_mask_len", 48, low=0, high=128, aliases=("auto_whitelist_ipv6_mask_len",)),
        Str("user_awl_sql_override_username", ""),
        Bool(
            "auto_welcomelist_distinguish_signed",
            default=False,
            aliases=("auto_whitelist_distinguish_signed",),
        ),
        Str(
            "auto_welcomelist_factory",
            "Mail::SpamAssassin::DBBasedAddrList",
            admin_only=True,
            aliases=("auto_whitelist_factory",),
        ),
        Str(
            "auto_welcomelist_path",
            "__userstate__/auto-welcomelist",
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
            pattern=_FILE_MODE,
            aliases=("auto_whitelist_file_mode",),
        ),
        Str("user_awl_dsn", default=None, admin_only=True),
        Str("user_awl_sql_username", default=None, admin_only=True),
        Str("user_awl_sql_password", default=None, admin_only=True),
        Str("user_awl_sql_table", "awl", admin_only=True),
    )

    @eval_test(reads=Reads.HEADER | Reads.HITS)
    def check_from_in_auto_welcomelist(self, scan: Scan) -> bool:
        """Whether the sender's earlier scores move this one: unknown, so no."""
        return False

    check_from_in_auto_whitelist = check_from_in_auto_welcomelist
