"""AWL and TxRep: every directive is understood, and no rule of theirs hits."""

from typing import Any

import pytest

SETTINGS = """
loadplugin Mail::SpamAssassin::Plugin::AWL
header AWL eval:check_from_in_auto_welcomelist()
header OLD eval:check_from_in_auto_whitelist()
use_auto_whitelist 1
auto_welcomelist_factor 0.3
auto_whitelist_ipv4_mask_len 24
auto_welcomelist_ipv6_mask_len 64
user_awl_sql_override_username all
auto_whitelist_distinguish_signed 1
auto_welcomelist_factory Mail::SpamAssassin::SQLBasedAddrList
auto_whitelist_path /nonexistent/awl
auto_welcomelist_db_modules DB_File
auto_welcomelist_file_mode 0600
user_awl_dsn DBI:SQLite:x
user_awl_sql_username me
user_awl_sql_password secret
user_awl_sql_table awl
loadplugin Mail::SpamAssassin::Plugin::TxRep
header TXREP eval:check_senders_reputation()
use_txrep 1
txrep_factor 0.4
txrep_dilution_factor 0.9
txrep_expiry_days 100
txrep_learn_penalty 10
txrep_learn_bonus 10
txrep_autolearn 1
txrep_track_messages 0
txrep_whitelist_out 5
txrep_welcomelist_out 5
txrep_ipv4_mask_len 24
txrep_ipv6_mask_len 64
txrep_user2global_ratio 2
txrep_spf 0
txrep_weight_email 1
txrep_weight_email_ip 1
txrep_weight_domain 1
txrep_weight_ip 1
txrep_weight_helo 1
txrep_report_details 2
txrep_factory Mail::SpamAssassin::SQLBasedAddrList
"""


def test_settings(agreement: Any) -> None:
    (verdict,) = agreement.ours(SETTINGS, [b"From: a@example.com\n\nHello.\n"])
    assert verdict["hits"] == {}


@pytest.mark.parametrize(
    "line", ["txrep_factor 2", "auto_welcomelist_file_mode 999", "txrep_report_details 3"]
)
def test_what_does_not_fit_is_told(agreement: Any, line: str) -> None:
    with pytest.raises(AssertionError, match=line.split()[0]):
        agreement.ours(SETTINGS + line + "\n", [])
