"""Eval tests given more arguments than they take, or fewer, held against the original."""

from typing import Any

import pytest

RULES = """
loadplugin Mail::SpamAssassin::Plugin::HeaderEval
loadplugin Mail::SpamAssassin::Plugin::HTMLEval
loadplugin Mail::SpamAssassin::Plugin::MIMEEval
loadplugin Mail::SpamAssassin::Plugin::RelayEval
loadplugin Mail::SpamAssassin::Plugin::SPF
loadplugin Mail::SpamAssassin::Plugin::WLBLEval
enlist_addrlist (L) *@sender.example

header MORE_1   eval:check_for_missing_to_header('x', 5)
header MORE_2   eval:check_for_numeric_helo(1)
header MORE_3   eval:check_spf_skipped_noenvfrom('a')
header MORE_4   eval:check_from_in_list('L', 'M')
body   MORE_5   eval:html_tag_exists('b', 'i')
body   MORE_6   eval:check_for_mime_html_only(0)
body   MORE_7   eval:html_title_subject_ratio(0.5, 100)

header FEWER_1  eval:check_for_from_domain_in_received_headers()
header FEWER_2  eval:check_header_count_range('Subject')
header FEWER_3  eval:check_header_count_range('Subject', 1)
header FEWER_4  eval:check_from_in_list()
body   FEWER_5  eval:html_tag_exists()
body   FEWER_6  eval:html_text_match('title')
body   FEWER_7  eval:html_text_not_match('title')
body   FEWER_8  eval:html_title_subject_ratio()
body   FEWER_9  eval:html_range('length')

body   EMPTY_1  eval:html_text_match('title', '')
body   EMPTY_2  eval:html_text_not_match('title', '')
body   BELOW_1  eval:html_title_subject_ratio('-1')
body   BELOW_2  eval:html_title_subject_ratio('-0.1')
"""
HEAD = b"""Received: from 192.0.2.7 (unknown [192.0.2.7]) by mx.example.org (Postfix) with SMTP id 4ABC1
From: Someone <some@sender.example>
Subject: words
"""
PAGE = b"""Content-Type: text/html

<html><head>%b</head><body>some <b>bold</b> words</body></html>
"""
MESSAGES = [
    HEAD + b"\nplain words\n",
    HEAD + PAGE % b"<title>A longer title</title>",
    HEAD + PAGE % b"<title>a</title>",
    HEAD + PAGE % b"",
    HEAD.replace(b"Subject: words\n", b"To: a@example.org\n") + PAGE % b"<title>a</title>",
]


@pytest.mark.oracle
def test_too_many_are_ignored_and_missing_ones_empty(agreement: Any, caplog: pytest.LogCaptureFixture) -> None:
    verdicts = agreement(RULES, MESSAGES)
    hits = {rule for verdict in verdicts for rule in verdict["hits"]}
    assert hits >= {f"MORE_{number}" for number in range(1, 8)}
    assert "BELOW_1" in verdicts[3]["hits"]
    assert "BELOW_1" not in verdicts[0]["hits"]
    assert not [record for record in caplog.records if record.exc_info]
