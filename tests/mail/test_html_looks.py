"""Colours, style attributes, and the stack of open elements."""

import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyspamd.mail.html import render
from pyspamd.mail.html_colours import NAMES, colour, is_close
from pyspamd.mail.html_looks import Looks
from pyspamd.mail.html_style import Declarations, background_layers, declarations


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (" White ", "#ffffff"),
        ("#FfFfFf", "#ffffff"),
        ("#abc", "#aabbcc"),
        ("#abcd", "#aabbcc"),
        ("#a", "#aa0000"),
        ("#12345678", "#123456"),
        ("#", "#"),
        ("ffffff", "invalid"),
        ("", "invalid"),
        ("rgb(1, 2,3)", "#010203"),
        ("rgb(100%,50%,0%)", "#ff7f00"),
        ("rgb(1,2)", "invalid"),
        ("nonsense", "invalid"),
    ],
)
def test_colours(text: str, expected: str) -> None:
    assert colour(text) == expected


@pytest.mark.oracle
def test_every_name_is_the_originals(oracle: str) -> None:
    code = "print Mail::SpamAssassin::HTML::name_to_rgb($_), qq(\\n) for @ARGV"
    done = subprocess.run(
        [oracle, "-MMail::SpamAssassin::HTML", "-e", code, *NAMES], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [f"#{digits}" for digits in NAMES.values()]


def test_close_colours() -> None:
    assert is_close("#ffffff", "#fefefe")
    assert is_close("invalid", "invalid")
    assert not is_close("#000000", "#ffffff")
    assert not is_close("invalid", "#ffffff")


@pytest.mark.parametrize(
    ("css", "expected"),
    [
        ("color:white", Declarations("#ffffff", None, None, None)),
        ("Color: red ! important;COLOR:blue", Declarations("#0000ff", None, None, None)),
        ("background-color:rgba(300,1,2,.5)", Declarations(None, "#ff0102", None, None)),
        ("color:inherit; color : red", Declarations(None, None, None, None)),
        ("color:transparent", Declarations("transparent", None, None, None)),
        ("color: ", Declarations("invalid", None, None, None)),
        ("color:", Declarations(None, None, None, None)),
        ("color:a\nb", Declarations(None, None, None, None)),
        ("background: url(x;y) red, blue", Declarations(None, None, None, None)),
        ("background: url(x y) red, #123 blue", Declarations(None, "#112233", None, None)),
        ("display : none;visibility:hidden", Declarations(None, None, "none", "hidden")),
        ("Display:none", Declarations(None, None, None, None)),
    ],
)
def test_declarations(css: str, expected: Declarations) -> None:
    assert declarations(css, wide=False) == expected


def test_a_blank_background_is_what_the_original_dies_on() -> None:
    assert declarations("color:red;background: ", wide=False) is None
    assert declarations("background:,", wide=False) == Declarations(None, None, None, None)


def test_background_layers() -> None:
    assert background_layers("a b,url('c,d') e") == [["a", "b"], ["url('c,d')", "e"]]
    assert background_layers(",x(") == [[], ["x("]]
    assert background_layers("  ") == []


def test_table_cells_end_each_other() -> None:
    looks = Looks(wide=False)
    for name in ("table", "tr", "td", "font", "td", "th"):
        looks.open(name, {})
    assert looks.names == ["table", "tr", "td"]
    looks.open("tr", {})
    assert looks.names == ["table", "tr"]
    looks.close("table")
    assert looks.names == []
    looks.close("table")
    assert len(looks.styles) == 1


def test_color_before_size_counts_the_size_around() -> None:
    # The original takes attributes in the order of a Perl hash, which is chance; ours is the written one.
    before = render("<big><font color=red size=1>x", wide=False, octets=29)
    after = render("<big><font size=1 color=red>x", wide=False, octets=29)
    assert (before.facts["max_size"], after.facts["max_size"]) == (4, 3)


@given(st.text(alphabet="color:background-display;rgb(),%'\" !#ftu\n", max_size=60), st.booleans())
def test_declarations_never_raise(css: str, wide: bool) -> None:
    found = declarations(css, wide)
    assert found is None or len(found) == 4
