"""A rendered page: its texts, URIs and facts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyspamd.mail.html import HtmlPage, HtmlUri, render


def page(source: str, wide: bool = False) -> HtmlPage:
    return render(source, wide=wide, octets=len(source.encode("utf-8", "replace")))


def test_text_seen_and_unseen() -> None:
    made = page("<p>Hello <b>you</b><span style='display:none'> ghost</span>, <br> there</p>")
    assert made.text == b"\n\nHello you ghost,\nthere\n\n"
    assert made.visible == b"\n\nHello you,\nthere\n\n"
    assert made.invisible == b" ghost"


def test_bytes_and_characters() -> None:
    assert page("caf&eacute;").text == b"caf\xe9"
    assert page("caf&eacute; &euro;").text == "caf\xe9 \u20ac".encode()
    assert page("caf\xe9", wide=True).text == "caf\xe9".encode()
    assert not page("<br>", wide=True).rendered.wide
    octets = render("caf\xc3\xa9&eacute;", wide=False, octets=13, utf8_mode=True)
    assert (octets.text, octets.rendered.wide) == ("caf\xe9\xe9".encode(), False)


def test_uris() -> None:
    made = page(
        "<base href='http://example.com/d/'><a href=x>one<img src=y></a><a href=x>two</a><a>three</a>"
        "<iframe src='cid:1'></iframe>"
    )
    assert made.uris == {
        "http://example.com/d/": HtmlUri(frozenset({"base"}), None),
        "http://example.com/d/x": HtmlUri(frozenset({"a"}), None),
        "x": HtmlUri(frozenset(), ("one<img>\n", "two")),
        "http://example.com/d/y": HtmlUri(frozenset({"img"}), None),
        "": HtmlUri(frozenset(), ("three",)),
        "cid:1": HtmlUri(frozenset({"iframe"}), None),
    }
    assert made.facts["anchor"] == ["one<img>\n", "two", "three"]
    assert made.facts["uri_truncated"] is None
    assert page(f"<a href=http://example.com/{'x' * 9000}>").facts["uri_truncated"] == 1


def test_counts() -> None:
    facts = page("<!doctype html><b>wo</b>rds</i><foo><o:p></o:p></foo> x <!-- c -->").facts
    assert facts["inside"] == {"!doctype": 0, "b": 0, "i": 0, "foo": 0, "o:p": 0}
    assert facts["bad_tag_ratio"] == 2 / 8
    assert facts["non_element_ratio"] == 1 / 4
    assert facts["closed_extra_ratio"] == 1 / 8
    assert facts["obfuscation_ratio"] == 1 / 8
    assert facts["backhair_count"] == 1
    assert facts["comment"] == ["<!-- c -->"]
    assert facts["length"] == 66


def test_sizes_of_text_and_images() -> None:
    facts = page(
        "a b\fc<font size=7><small><font size=-2>d<img width=10 height=5%><img width=0 height=2>"
    ).facts
    assert (facts["min_size"], facts["max_size"]) == (1, 7)
    assert facts["image_area"] == 10 * 30 + 200 * 2
    assert facts["html_length"] == 6
    assert facts["non_space_len"] == 4


def test_ratio_needs_a_length() -> None:
    assert "ratio" not in render("", wide=False, octets=0).facts
    assert render("<b>ab</b>", wide=False, octets=10).facts["ratio"] == 0.8


@pytest.mark.parametrize(
    ("source", "fact"),
    [
        ("<font color=white>x", "font_low_contrast"),
        ("<font color=nonsense>x", "font_invalid_color"),
        ("<font face='x!'>", "font_face_bad"),
        ("<form action='mailto:a@example.com'>", "form_action_mailto"),
        ("<embed src=x>", "embeds"),
        ("<object>", "embeds"),
    ],
)
def test_facts_that_are_there_or_not(source: str, fact: str) -> None:
    assert page(source).facts[fact] == 1
    assert fact not in page("<font color=red face=Arial>x<form action=y>").facts


def test_where_the_original_gives_up() -> None:
    made = page("<object>one <p style='background: ;'>two <a href=http://example.com/>three</a>")
    assert made.text == b"one "
    assert set(made.facts) == {"html", "embeds", "html_length", "non_space_len", "ratio"}
    assert made.uris == {}


def test_a_page_that_ends_in_an_ignored_section_has_no_facts() -> None:
    assert set(page("one <![IGNORE[ <a href=x>").facts) == {"html", "html_length", "non_space_len", "ratio"}


_PIECES = """
< > </ <! -- <![ ]]> <a <a|href=x> </a> <p|style=" color:white; background:|; " ' = <b> </b> <td> <big>
<font|size=1> </font> <title> </title> <script> <style> </style> <img|width=1|height=%> <base|href=http://a/b.cd>
&amp; &#xD83D; &#xDE00; &eacute &#8364; \xe9 \u0301 \xa0 \u0661 \udc80 <br/> <o:p>
<meta|http-equiv=refresh|content="url=;">
"""
PIECES = st.sampled_from(_PIECES.split())


@given(st.lists(PIECES | st.text(max_size=2)), st.sampled_from(["wide", "bytes", "octets"]))
def test_never_raises(pieces: list[str], sort: str) -> None:
    source = "".join(pieces).replace("|", " ")
    if sort != "wide":
        source = source.encode("utf-8", "surrogatepass").decode("latin-1")
    made = render(source, wide=sort == "wide", octets=len(source), utf8_mode=sort == "octets")
    assert made.facts["html_length"] == len(made.rendered.characters)
    assert (
        len(made.visible_rendered.characters) + len(made.invisible_rendered.characters)
        == made.facts["html_length"]
    )
    assert isinstance(made.text, bytes)
