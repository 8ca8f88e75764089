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


@pytest.mark.oracle
def test_fields_of_an_earlier_check_are_seen_in_parts_only(agreement: Any) -> None:
    marked = b"X-Spam-Flag: YES\nX-Spam-Report: seen\n\tbefore\nX-Spamming: no\n"
    part = b"Content-Type: message/rfc822\nX-Spam-Status: Yes\n\n" + marked + b"Subject: inner\n\ntext\n"
    outer = b"Subject: x\nContent-Type: multipart/mixed; boundary=b\n" + marked
    verdicts = agreement(
        """
        loadplugin Mail::SpamAssassin::Plugin::MIMEHeader
        mimeheader FLAG     X-Spam-Flag =~ /YES/
        mimeheader RAW      X-Spam-Report:raw =~ /before/
        mimeheader STATUS   X-Spam-Status =~ /Yes/
        mimeheader EVERY    ALL =~ /X-Spam-/
        mimeheader EVERYRAW ALL:raw =~ /before/
        mimeheader OTHER    X-Spamming =~ /no/
        """,
        [outer + b"\n--b\n\ntext\n--b--\n", outer + b"\n--b\n" + part + b"--b--\n"],
    )
    assert verdicts[0]["hits"].keys() == {"OTHER"}
    assert "STATUS" in verdicts[1]["hits"]


@pytest.mark.oracle
def test_what_stands_for_absent_fields(agreement: Any) -> None:
    (verdict,) = agreement(
        """
        loadplugin Mail::SpamAssassin::Plugin::MIMEHeader
        mimeheader COOKED X-None =~ /^unset$/ [if-unset: unset]
        mimeheader RAW    X-None:raw =~ /unset/ [if-unset: unset]
        mimeheader EMPTY  X-None:raw =~ /^$/ [if-unset: unset]
        mimeheader EVERY  ALL =~ /unset/ [if-unset: unset]
        """,
        [b"Subject: x\n\nx\n"],
    )
    assert verdict["hits"].keys() == {"COOKED", "EMPTY"}
