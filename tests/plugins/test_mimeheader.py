"""MIMEHeader: when rules that capture tags run, and what others make of the tags; held against the original."""

from typing import Any

import pytest

RULES = r"""
loadplugin Mail::SpamAssassin::Plugin::MIMEHeader
loadplugin Mail::SpamAssassin::Plugin::Shortcircuit

mimeheader NAMED      Content-Type =~ /name="(?<FILE>\w+)/
mimeheader KINDS      Content-Type =~ /^(?<KIND>[a-z]+)\//
tflags     KINDS      multiple
mimeheader LATE       Content-Type =~ /charset=(?<CHARSET>[\w-]+)/
priority   LATE       5
mimeheader PLAIN      Content-Type =~ /plain/

header     IN_SUBJECT Subject =~ /%{FILE}/
body       IN_BODY    /%{FILE}/
rawbody    IN_RAW     /%{KIND}/
full       IN_FULL    /^Subject: .*%{FILE}/m
uri        IN_URI     /%{FILE}/
body       TOO_EARLY  /%{CHARSET}/
body       IN_TIME    /%{CHARSET}/
priority   IN_TIME    6
meta       NAMED_TWICE NAMED && IN_BODY
"""
MESSAGE = b"""Subject: your invoice
Content-Type: multipart/mixed; boundary="b"

--b
Content-Type: text/plain; charset=utf-8

see the invoice at http://x.example/invoice, in utf-8 text
--b
Content-Type: application/zip; name="invoice.zip"

application
--b--
"""
MESSAGES = [MESSAGE, MESSAGE.replace(b"invoice.zip", b"other.zip"), b"Subject: invoice\n\ninvoice\n"]


@pytest.mark.oracle
def test_captured_tags_are_there_in_time(agreement: Any) -> None:
    (first, *_) = agreement(RULES, MESSAGES, tags=("FILE", "KIND", "CHARSET"))
    assert first["hits"].keys() >= {"IN_SUBJECT", "IN_BODY", "IN_FULL", "IN_URI", "IN_TIME", "NAMED_TWICE"}
    assert "TOO_EARLY" not in first["hits"]
    assert first["tags"]["FILE"] == "invoice"


@pytest.mark.oracle
def test_what_captures_has_run_where_a_scan_ends_early(agreement: Any) -> None:
    (first, *_) = agreement(RULES + "header ENDS Subject =~ /./\nshortcircuit ENDS on\n", MESSAGES)
    assert {"NAMED", "PLAIN"} & first["hits"].keys() == {"NAMED"}
