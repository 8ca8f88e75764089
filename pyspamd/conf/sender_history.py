"""Directives that the two plugins which remember senders' scores, AWL and TxRep, have in common.

Source: Mail::SpamAssassin::Plugin::AWL and Mail::SpamAssassin::Plugin::TxRep, their settings.
"""

from typing import Any, Final

from .directives import Bool, Directive, Str

FILE_MODE: Final = r"0?[0-7]{3}"


def history_directives(*, signed: bool, path: str, table: str) -> tuple[Directive[Any], ...]:
    """Where scores are kept and how senders are told apart; the arguments are the defaults that differ.

    `signed`: whether signed senders count apart; `path`: the file; `table`: the SQL table.
    """
    return (
        Str("user_awl_sql_override_username", ""),
        Bool(
            "auto_welcomelist_distinguish_signed",
            default=signed,
            aliases=("auto_whitelist_distinguish_signed",),
        ),
        Str("auto_welcomelist_path", path, admin_only=True, aliases=("auto_whitelist_path",)),
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
            pattern=FILE_MODE,
            aliases=("auto_whitelist_file_mode",),
        ),
        Str("user_awl_dsn", default=None, admin_only=True),
        Str("user_awl_sql_username", default=None, admin_only=True),
        Str("user_awl_sql_password", default=None, admin_only=True),
        Str("user_awl_sql_table", table, admin_only=True),
    )
