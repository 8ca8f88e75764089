"""Rewritten messages, held against the original: added headers, marked subjects and addresses, wrappings."""

from typing import Any

import pytest

from pyspamd.engine.rewrite import report

HEADERS = (
    r"""
report_safe 0
add_header all Status "_YESNO_, score=_SCORE_ required=_REQD_ tests=_TESTS_ autolearn=_AUTOLEARN_"
add_header spam Flag _YESNOCAPS_
add_header all Level _STARS(*)_
add_header all Quoted "one\ntwo\tthree\\four\xfive\n\n   six"
add_header all Trailing backslash\
add_header all Subject _HEADER(Subject)_
add_header all From _HEADER(From)_ and more text to fold this header line somewhere around here, please, program, do
add_header ham Report _REPORT_
add_header all Word """
    + "w" * 120
    + r""" bbbbbbbbbb,cccccccccc,dddddddddd
add_header all Empty _SUBJPREFIX_
add_header all Bang hello !! world _TESTS( )_
add_header all Preview _PREVIEW_
"""
)
MARKS = "rewrite_header Subject *SPAM*\nrewrite_header From SPAM _SCORE_\nrewrite_header To (To)\n"
SETTINGS = {
    "headers": HEADERS,
    "marks": "report_safe 0\n" + MARKS,
    "no folding": HEADERS + "fold_headers 0\n" + MARKS,
    "cleared": HEADERS
    + "clear_headers\nadd_header all One 1\nadd_header all Two 2\nremove_header spam One\n",
    "wrapped": "add_header all Status _TESTS_\n",
    "wrapped as text": "report_safe 2\nunsafe_report Mind: _YESNO_\nreport_charset iso-8859-1\n",
    "wrapped and marked": "rewrite_header Subject [_SCORE(0)_/_REQD_]\nrewrite_header To _YESNO_\n"
    "rewrite_header From _TESTS_\nreport_safe_copy_headers Received X-One Return-Path From Nope\n",
    "all wrapped": "required_score -200\nclear_report_template\nrewrite_header Subject SPAM: _HEADER(Subject)_\n",
    "no width": "report_wrap_width 0\n",
    "narrow": "report_wrap_width 34\n",
    "wrapped with marks of many lines": "rewrite_header Subject _SUMMARY_|\nrewrite_header To _REPORT_|\n"
    "rewrite_header From _REPORT_|_SUMMARY_\nreport_safe 1\n",
    "marks of many lines": "rewrite_header Subject _SUMMARY_|\nrewrite_header To _REPORT_|\n"
    "rewrite_header From _REPORT_|_SUMMARY_\nreport_safe 0\n",
    "version tags": "version_tag Our.Own\nversion_tag our.own\nversion_tag 2_ü!\nadd_header all V _VERSION_\n",
    "nothing is spam": "required_score 500\n" + MARKS,
}


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS.keys())
def test_messages_come_out_as_the_originals(rewriting: Any, settings: str) -> None:
    rewriting.rewrite(rewriting.rules + settings, rewriting.messages)


@pytest.mark.parametrize("width", ["1", "-7", "20"])
def test_no_width_is_too_narrow_to_come_to_an_end(rewriting: Any, width: str) -> None:
    """The original never returns from these."""
    engine = rewriting.engine(f"{rewriting.rules}report_wrap_width {width}\n")
    printed = report(engine.check_sync(rewriting.messages[4]))
    lines = [line for line in printed.decode().splitlines() if line]
    assert " ".join(printed.decode().split()).count("A description too long for a line of the report") == 1
    assert len(lines) < 60
