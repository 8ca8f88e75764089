"""What flags, scores, priorities, tags and redirectors make of rules of every kind, held against the original."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

SETTINGS = Path(__file__).with_name("rule_settings.cf").read_text("latin-1")
FLAGS = (
    *("multiple", "multiple maxhits=2", "multiple maxhits=0", "multiple maxhits=1", "maxhits=3"),
    *(
        "multiple,maxhits=2",
        "multiple maxhits=2x",
        "multiple maxhits=",
        "multiple maxhits=-1",
        "a multiple b",
    ),
    *("multiple maxhits=2 maxhits=5", "Multiple", "xmultiple", "nosubject", "multiple nosubject"),
    *("nosubject multiple maxhits=3", "nolog", "nice", "net", "nice net", "learn", "userconf"),
    *("noautolearn", "autolearn_force", "noawl", "publish", "testing"),
)
KINDS = (
    *("header X-H =~ /a/", "header X-H !~ /zz/", "header exists:X-H", "body /a/", "rawbody /a/"),
    *("full /X-H|a/", "uri /a/", "mimeheader Content-Type =~ /t/", "mimeheader Content-Type !~ /zz/"),
    *("meta 1 + 1", "header eval:check_for_missing_to_header()", "uri_detail raw =~ /a/"),
)
TEXT = b"""a b a b aa
xa4by x.a.ay x-a_a -xa xaby x@4by xay xAy xaa x<A>y <A>

http://r.example/http://target.example/x http://www.example/index.php?u=http://target.example/y&b
http://x.two.example/ http://k.co.zz/ http://q.z.a.b.zz/ http://e.example/%20a%41
https://x.example/?to=https://target.example/ mailto:a@b.example a@c.example www.bare.example
"""
HTML = b"""<html><body background="http://bg.example/a.gif">a <a href="http://x.two.example/a b">Click here</a>
<img src="http://img.example/a%20.gif"> <a href="mailto:a@z.example">x</a><form action="http://form.example/a"></form>
<area href="http://area.example/a"><iframe src="http://frame.example/a"></iframe><link href="http://link.example/a">
<script src="http://script.example/a"></script><a href="//rel.example/a">r</a><a href="a.html">q</a></body></html>
"""
MESSAGES = [
    b"To: x@y.example\nSubject: a subject a\nX-H: aaa a\n\n" + TEXT,
    b"Subject: a\nX-H: b\n\n" + TEXT.upper(),
    b"Subject: z\nContent-Type: text/html\n\n" + HTML,
    b"Subject: a\nX-H: a\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\n"
    + TEXT
    + b"--b\nContent-Type: text/html\n\n"
    + HTML
    + b"\n--b--\n",
    b"X-H: a\n\n",
    b"Subject: a\n\n",
    b"X-H: a\n\n" + b"a" * 9000,
    b"\n\n",
]


def flagged() -> str:
    """A rule of every kind with every flag; `!~` that may count for ever is left out, for it does."""
    lines: list[str] = []
    for flags in FLAGS:
        for kind in KINDS:
            if kind.startswith("header X-H !~") and "multiple" in flags.split(","):
                continue
            if kind.startswith("header X-H !~") and "multiple" in flags:
                continue
            name = f"RULE_{len(lines)}"
            lines += [kind.replace(" ", f" {name} ", 1), f"tflags {name} {flags}"]
    return "\n".join(lines) + "\n"


@pytest.fixture
def lenient(agreement: Any) -> Any:
    """Both judges; some settings are faulty."""
    return replace(agreement, strict=False)


@pytest.mark.oracle
def test_flags(lenient: Any) -> None:
    verdicts = lenient(
        "loadplugin Mail::SpamAssassin::Plugin::URIDetail\n"
        "loadplugin Mail::SpamAssassin::Plugin::MIMEHeader\n"
        "loadplugin Mail::SpamAssassin::Plugin::HeaderEval\n" + flagged(),
        MESSAGES,
    )
    assert len(verdicts[0]["hits"]) > 230


@pytest.mark.oracle
def test_settings(lenient: Any) -> None:
    verdicts = lenient(SETTINGS, MESSAGES)
    assert len(verdicts[0]["hits"].keys() | verdicts[2]["hits"].keys()) > 30


@pytest.mark.oracle
def test_metas_that_need_one_another(lenient: Any) -> None:
    """They are evaluated once, behind the first priority. None here asks in which order."""
    (hit, _) = lenient(
        """
        header EARLY X-H =~ /a/
        priority EARLY -20
        header LATE X-H =~ /a/
        meta C1 C1 || EARLY
        meta C2 C2 || LATE
        meta C3 C3 && EARLY
        meta C4 !C4
        meta C5 (C6 && 0) || EARLY
        meta C6 (C5 && 0) || EARLY
        meta C7 (C5 && 0) + LATE
        meta C8 (C5 && 0) + !LATE
        """,
        [b"X-H: a\n\n", b"X-H: b\n\n"],
    )
    assert hit["hits"].keys() == {"EARLY", "LATE", "C1", "C4", "C5", "C6", "C8"}


@pytest.mark.oracle
@pytest.mark.parametrize(
    "marks", [("<", ">"), ("(", ")"), (r"\{", r"\}"), ("{", "}"), (r"(?:<|\{)", r"(?:>|\})")]
)
def test_tags_between_other_marks(lenient: Any, marks: tuple[str, str]) -> None:
    """Tags that make no usable regex leave the rule as it was written."""
    start, end = marks
    lenient(
        rf"""
        loadplugin Mail::SpamAssassin::Plugin::ReplaceTags
        replace_start {start}
        replace_end {end}
        replace_tag A [a4]
        replace_tag BAD (x
        replace_tag ALWAYS a||b
        body R1 /x<A>y/
        body R2 /x<BAD>y/
        body R3 /(?<A>x)<A>/
        body R4 /x<ALWAYS>y/
        body R5 /x<A><BAD>/
        body R6 /x{{A}}y/
        body R7 /x(A)y/
        replace_rules R1 R2 R3 R4 R5 R6 R7
        """,
        [
            b"Subject: s\n\nxay x4y x<BAD>y xx)y x<A>y xa x4 xa<BAD> xa||by\n",
            b"\n\nx{A}y x\\{A\\}y x(A)y x<a>y\n",
        ],
    )


@pytest.mark.parametrize("marks", [("[", "]"), ("(", "["), ("*", "+"), ("[[", "]]")])
def test_marks_that_are_no_regex_stop_nothing(agreement: Any, marks: tuple[str, str]) -> None:
    (verdict,) = agreement.ours(
        f"""
        loadplugin Mail::SpamAssassin::Plugin::ReplaceTags
        replace_start {marks[0]}
        replace_end {marks[1]}
        replace_tag A b
        body R1 /x<A>y/
        replace_rules R1
        """,
        [b"\n\nx<A>y\n"],
    )
    assert verdict["hits"].keys() == {"R1"}


@pytest.mark.oracle
def test_arguments_of_captured_tags_mean_nothing(agreement: Any) -> None:
    (verdict,) = agreement(
        r"""
        header NAMED  Subject =~ /(?<WORD>[a-z]+)/
        body   PLAIN  /%{WORD}!/
        body   CALLED /%{WORD(x)}!/
        body   EMPTY  /%{WORD()}!/
        full   OTHER  /%{NONE(x)}|word/
        header COMMON Subject =~ /%{HEADER(X-Word)}/
        """,
        [b"X-Word: word\nSubject: word\n\nword!\n"],
    )
    assert verdict["hits"].keys() == {"NAMED", "PLAIN", "CALLED", "EMPTY", "COMMON"}
