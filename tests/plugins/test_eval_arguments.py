"""Eval tests given more arguments than they take, or fewer, or odd ones, held against the original."""

from typing import Any

import pytest

RULES = """
loadplugin Mail::SpamAssassin::Plugin::BodyEval
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

header FEWER_10 eval:similar_recipients('0.2')
header FEWER_11 eval:check_for_shifted_date('-10')
header FEWER_12 eval:received_within_months('-10')
body   FEWER_13 eval:tvd_vertical_words('0')
body   FEWER_14 eval:multipart_alternative_difference('0')
body   FEWER_15 eval:check_for_uppercase('0')

body   MANY_1   eval:html_range('anchor', '5', '100')
body   MANY_2   eval:html_range('anchor', '5', 'inf')
body   MANY_3   eval:html_eval('comment', '> 3')
body   MANY_4   eval:html_eval('inside', '!= 2')

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

<html><head>%b</head><body><!--x-->some <b>bold</b> <a href=x>words</a></body></html>
"""
MESSAGES = [
    HEAD + b"\nplain words\n",
    HEAD + PAGE % b"<title>A longer title</title>",
    HEAD + PAGE % b"<title>a</title>",
    HEAD + PAGE % b"",
    HEAD.replace(b"Subject: words\n", b"To: a@example.org\n") + PAGE % b"<title>a</title>",
]


SHOUTED = b"SHOUTED WORDS, loud and clear. " * 12 + b"\n"
LETTERS = b"""Subject: x
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain; charset=%b

%b
--b--
"""


@pytest.mark.oracle
def test_too_many_are_ignored_and_missing_ones_empty(
    agreement: Any, caplog: pytest.LogCaptureFixture
) -> None:
    verdicts = agreement(RULES, MESSAGES)
    hits = {rule for verdict in verdicts for rule in verdict["hits"]}
    assert hits >= {f"MORE_{number}" for number in range(1, 8)}
    assert {"MANY_1", "MANY_2", "MANY_3", "MANY_4"} & hits == {"MANY_2", "MANY_3", "MANY_4"}
    assert "BELOW_1" in verdicts[3]["hits"]
    assert "BELOW_1" not in verdicts[0]["hits"]
    assert not [record for record in caplog.records if record.exc_info]


@pytest.mark.oracle
@pytest.mark.parametrize(
    "charset", [b"utf-8", b"koi8-r", b"ISO-2022-JP-2 (comment)", b'"x koi8-r y"', b"(gb2312)"]
)
def test_charsets_with_words_around_them(agreement: Any, charset: bytes) -> None:
    """Text in charsets that look like shouting in bytes does not shout."""
    agreement(
        """
        loadplugin Mail::SpamAssassin::Plugin::MIMEEval
        body SHOUTS eval:check_for_uppercase('10', '100')
        """,
        [LETTERS % (charset, SHOUTED)],
    )


@pytest.mark.oracle
def test_rawbody_rules_ask_about_the_raw_text(agreement: Any) -> None:
    """The same tests asked by rules of two kinds: what the first sees decides, so each kind stands alone."""
    page = b"<HTML><BODY><P ALIGN=LEFT>\n%b</P>\n</BODY></HTML>\n" % (
        b"<BR CLEAR=ALL>quiet words, all small\n" * 20
    )
    eightbit = b"<p>%b<!--%b--></p>\n" % (b"\xf0\xd2\xc9\xd7\xc5\xd4 " * 20, b"a b " * 300)
    head = b"Subject: x\nContent-Type: text/html; charset=%b\n\n"
    messages = [head % b"utf-8" + page, head % b"koi8-r" + eightbit]
    hits = []
    for area in ("body", "rawbody"):
        verdicts = agreement(
            f"""
            loadplugin Mail::SpamAssassin::Plugin::MIMEEval
            ok_locales en
            {area} QUIET   eval:check_for_uppercase('0', '10')
            {area} SHOUTS  eval:check_for_uppercase('10', '100')
            {area} FARAWAY eval:check_for_faraway_charset()
            """,
            messages,
        )
        hits.append([set(verdict["hits"]) for verdict in verdicts])
    in_body, in_rawbody = hits
    assert "SHOUTS" in in_rawbody[0] - in_body[0]
    assert "FARAWAY" in in_body[1] - in_rawbody[1]
