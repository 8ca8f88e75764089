"""Reports and template tags, held against the original."""

from typing import Any

import pytest

TAGS = """
report _YESNO_ _YESNO(spammy,hammy)_ _YESNO(a)_ _YESNO()_ _YESNO(,x)_ _YESNOCAPS_ _YESNOCAPS(ja,nein)_
report _SCORE_ _SCORE(0)_ _SCORE(00)_ _SCORE( )_ _SCORE(  )_ _SCORE(x)_ _HITS_ _HITS(00)_ _REQD_
report _STARS_ _STARS(x)_ _STARS(0)_ _STARS(ab)_ _STARS( )_
report _TESTS_ _TESTS( )_ _TESTS(, )_ _TESTS(0)_ _TESTSSCORES_ _TESTSSCORES( )_
report _SUBTESTS_ _SUBTESTS(;)_ _SUBTESTSCOLLAPSED_ _SUBTESTSCOLLAPSED(;)_
report _HEADER(From)_ _HEADER(Nope)_ _HEADER()_ _HEADER_ _HEADER(From:addr)_ _HEADER(Subject:raw)_ _HEADER(ALL)_
report _PREVIEW_ _CONTACTADDRESS_ _HOSTNAME_ _VERSION_ _DATE_ _RULESVERSION_
report _REMOTEHOSTNAME_ _REMOTEHOSTADDR_ _FIRSTTRUSTEDIP_ _FIRSTTRUSTEDREVIP_
report _LASTEXTERNALIP_ _LASTEXTERNALREVIP_ _LASTEXTERNALRDNS_ _LASTEXTERNALHELO_
report _RELAYSTRUSTED_ _RELAYSUNTRUSTED_ _RELAYSINTERNAL_ _RELAYSEXTERNAL_
report _RELAYSTRUSTEDREVIP_ _RELAYSUNTRUSTEDREVIP_ _RELAYSINTERNALREVIP_ _RELAYSEXTERNALREVIP_
report _SENDERDOMAIN_ _AUTHORDOMAIN_ _SUBJPREFIX_ _LANGUAGES_ _RBL_ _ASN_ _DCCB_ _PYZOR_ _DKIMDOMAIN_
report _AUTOLEARN_ _AUTOLEARNSCORE_ _BAYES_ _BAYESTC_ _TOKENSUMMARY_ _HAMMYTOKENS_ _SPAMMYTOKENS(2)_
report _NOSUCH_ _NOSUCH(arg)_ _ADDEDHEADER_ _ADDEDHEADERHAM_ _lower_ __SCORE__ _SCORE__REQD_ _RELAYCOUNTRY_
report   "quoted"  and back\\slash
report
report _REPORT_
report_safe 0
"""


@pytest.mark.parametrize(
    "settings",
    [
        "report_contact me@example.org\nreport_hostname host.example.org\n",
        "required_score 4.96\nreport_wrap_width 50\n",
        "required_score 5.1\nscore EDGE 5.06\n",
    ],
    ids=["plain", "reached", "rounds up to what is required"],
)
def test_every_tag_says_what_the_original_says(rewriting: Any, settings: str) -> None:
    rewriting.rewrite(rewriting.rules + TAGS + settings, rewriting.messages)


def test_the_report_has_a_row_for_every_hit(rewriting: Any) -> None:
    settings = "clear_report_template\nreport Content preview:  _PREVIEW_\nreport\nreport _SUMMARY_\n"
    results = rewriting.rewrite(rewriting.rules + settings, rewriting.messages)
    assert b"\n  12 BODY_A                 BODY: Alpha\n" in results[0]
    assert results[0].count(b" 0.3 BODY_M ") == 8  # in the wrapping's report and in the one after it


FREEMAIL = """
loadplugin Mail::SpamAssassin::Plugin::FreeMail
freemail_domains free.example
freemail_add_describe_email 1
header FREE_FROM eval:check_freemail_from()
describe FREE_FROM Sent by free mail
score FREE_FROM 1
priority FREE_FROM 1
header FREE_REPLY eval:check_freemail_replyto('replyto')
score FREE_REPLY 2
priority FREE_REPLY 2
header FREE_QUIET eval:check_freemail_replyto('replyto')
score FREE_QUIET 0.5
tflags FREE_QUIET nolog
priority FREE_QUIET 3
report _SUMMARY_
report _REPORT_
"""


def test_log_lines_are_cut_where_the_original_cuts_them(rewriting: Any) -> None:
    messages = []
    for length in (1, 10, 16, 17, 18, 33, 34, 35, 36, 45, 60):
        name = b"a" * length + b"@free.example"
        head = b"From: %s\nReply-To: b%s\nTo: c@example.org\n" % (name, name)
        messages.append(head + b"Subject: x\n\nwrite\n")
    results = rewriting.rewrite(FREEMAIL, messages)
    assert b" -> " in results[0] and b"[*REDACTED*]" in results[0]
