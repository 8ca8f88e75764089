"""How pages are taken apart, and character references decoded."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyspamd.mail.html_entities import decode, decode_octets
from pyspamd.mail.html_tokens import COMMENT, FINISH, Kind, attributes, tokens


def read(page: str) -> str:
    """The tokens of a page, written short: kind's first letters, then the text."""
    return " ".join(
        f"{kind.name[:2]}[{value}{'|' if more else ''}{more}]" for kind, value, more in tokens(page)
    )


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("a < b <I x>c", "TE[a ] TE[< b ] ST[i|x] TE[c] FI[]"),
        ("one two", "TE[one] TE[ two] FI[]"),
        ("one ", "TE[one] TE[ ] FI[]"),
        ("<<b>>", "TE[<] ST[b] TE[>] FI[]"),
        ("<!-->x-->y", "CO[<!-->x-->] TE[y] FI[]"),
        ("<!-- a > b", "CO[<!-- a >] TE[ b] FI[]"),
        ("<b", "CO[<b] FI[]"),
        ("<a b='c>d", "CO[<a b='c>d] FI[]"),
        ("</ a>b</>c</d e='>'>f", "CO[</ a>] TE[b] CO[</>] TE[c] EN[d] TE[f] FI[]"),
        ("<?x>y", "NO[] TE[y] FI[]"),
        ("<!DOCTYPE a>b<!x>", "DE[<!DOCTYPE a>] TE[b] CO[<!x>] FI[]"),
        ("<TITLE>a<b></title>c", "ST[title] TE[a<b>] EN[title] TE[c] FI[]"),
        ("<title>a <b>c", "ST[title] TE[a ] EN[title] ST[b] TE[c] FI[]"),
        ("<script><b>", "ST[script] LI[<b>] EN[script] FI[]"),
        ("<xmp><b>", "ST[xmp] LI[<b>] FI[]"),
        ("<![CDATA[a<b]]>c", "NO[] LI[a<b] NO[] TE[c] FI[]"),
        ("<![IGNORE[a]]>b", "TE[b] FI[]"),
        ("<![IGNORE[a", ""),
        ("<![INCLUDE[a]<b>]]>c", "NO[] TE[a]<b>] NO[] TE[c] FI[]"),
        ("<![if x]>a", "CO[<![if x]>] TE[a] FI[]"),
    ],
)
def test_tokens(page: str, expected: str) -> None:
    assert read(page) == expected


def test_attributes() -> None:
    assert attributes("a \"b\"=c D = 'e f' g==h i= j") == [
        ("a", "a"),
        ('"b"', "c"),
        ("D", "e f"),
        ("g", "=h"),
        ("i", "j"),
    ]


@pytest.mark.parametrize(
    ("text", "in_text", "in_attribute"),
    [
        ("&amp;&lt&apos;", "&<'", "&<'"),
        ("&eacutefoo &notit;", "\xe9foo \xacit;", "&eacutefoo &notit;"),
        ("&euro; &euro &AMP; &foo;", "\u20ac &euro &AMP; &foo;", "\u20ac &euro &AMP; &foo;"),
        ("&#65&#x42;&#;&#x;&#0;", "AB&#;&#x;&#0;", "AB&#;&#x;&#0;"),
        ("&#1114112; &#xFFFF; &#x1FFFE;", "&#1114112; &#xFFFF; \ufffd", "&#1114112; &#xFFFF; \ufffd"),
        ("&#xD83D;&#xDE00; &#xD83D;.", "\U0001f600 \ufffd.", "\U0001f600 \ufffd."),
    ],
)
def test_references(text: str, in_text: str, in_attribute: str) -> None:
    assert decode(text, prefixes=True, wide=False) == in_text
    assert decode(text, prefixes=False, wide=False) == in_attribute


def test_references_in_octets() -> None:
    assert decode_octets("&eacute;\xc3\xa9", prefixes=True) == "\xc3\xa9\xc3\xa9"
    assert decode_octets("\xe9&amp;", prefixes=True) == "\xc3\xa9&"


_PIECES = "< > / ! ? - [ ] \" ' = a b title script <!-- --> <![ <![CDATA[ <![IGNORE[ ]]> </ <a & &# ;"
MARKUP = st.lists(st.sampled_from(_PIECES.split()) | st.text(max_size=3)).map("".join)


@given(MARKUP)
def test_every_page_has_tokens(page: str) -> None:
    found = list(tokens(page))
    assert all(isinstance(kind, Kind) for kind, _, _ in found)
    if "<![" not in page:
        assert found[-1][0] is FINISH
        assert [kind for kind, _, _ in found].count(FINISH) == 1


@given(st.text(alphabet="ab &;#x0123456789eD\0\xe9\u20ac"), st.booleans())
def test_references_never_raise(text: str, prefixes: bool) -> None:
    assert isinstance(decode(text, prefixes, wide=True), str)


@pytest.mark.parametrize(
    "piece", ["<", "</", "<!--", "<title>", "<![x[", "<a '", "</a '", "<!DOCTYPE ", "-- ", "<?"]
)
def test_what_never_ends_is_read_once(piece: str) -> None:
    # Quadratic time would take hours here.
    page = "<!--" * (piece == "-- ") + piece * 100_000
    found = list(tokens(page))
    assert found[-1][0] is FINISH
    assert all(len(value) <= len(page) for kind, value, _ in found if kind is COMMENT)
