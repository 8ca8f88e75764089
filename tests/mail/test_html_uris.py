"""Resolution of URIs, by the examples of RFC 3986, and what SpamAssassin adds to it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyspamd.mail import html_uris

BASE = "http://a/b/c/d;p?q"

# RFC 3986, 5.4.1 and 5.4.2; the last is the answer for parsers that are backward compatible.
EXAMPLES = """
g:h=g:h g=http://a/b/c/g ./g=http://a/b/c/g g/=http://a/b/c/g/ /g=http://a/g //g=http://g
?y=http://a/b/c/d;p?y g?y=http://a/b/c/g?y #s=http://a/b/c/d;p?q#s g#s=http://a/b/c/g#s g?y#s=http://a/b/c/g?y#s
;x=http://a/b/c/;x g;x=http://a/b/c/g;x g;x?y#s=http://a/b/c/g;x?y#s .=http://a/b/c/ ./=http://a/b/c/
..=http://a/b/ ../=http://a/b/ ../g=http://a/b/g ../..=http://a/ ../../=http://a/ ../../g=http://a/g
../../../g=http://a/g ../../../../g=http://a/g /./g=http://a/g /../g=http://a/g g.=http://a/b/c/g.
.g=http://a/b/c/.g g..=http://a/b/c/g.. ..g=http://a/b/c/..g ./../g=http://a/b/g ./g/.=http://a/b/c/g/
g/./h=http://a/b/c/g/h g/../h=http://a/b/c/h g?y/./x=http://a/b/c/g?y/./x g#s/../x=http://a/b/c/g#s/../x
http:g=http://a/b/c/g
"""


@pytest.mark.parametrize("example", EXAMPLES.split())
def test_resolves_as_in_the_rfc(example: str) -> None:
    reference, _, expected = example.partition("=")
    assert html_uris.target(BASE, reference) == expected


def test_the_empty_reference_is_the_base() -> None:
    assert html_uris.target(BASE, "") == BASE


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("//www2.example.com/x", "http://www2.example.com/x"),
        ("//ftp.example.com", "ftp://ftp.example.com"),
        ("//example.com", "//example.com"),
        ("http://example.com/a/./../b?c#d", "http://example.com/b?c#d"),
        ("http://example.com/x#two\nlines", "http://example.com/x#two"),
        ("0", ""),
    ],
)
def test_without_a_base(uri: str, expected: str) -> None:
    assert html_uris.target("", uri) == expected


@pytest.mark.parametrize(
    ("href", "expected"),
    [
        ("http://example.com/dir/index.html", "http://example.com/dir/"),
        ("http://example.com/index.html", "http://example.com/"),
        ("http://example.com/a.b.html", "http://example.com/a./"),
        ("http://example.com", "http://example.com/"),
        ("HTTPS:/x", "HTTPS:/x/"),
        ("http://example.com/file.suffix", "http://example.com/file.suffix/"),
        ("relative/", None),
        ("mailto:a@example.com", None),
    ],
)
def test_base(href: str, expected: str | None) -> None:
    assert html_uris.base_of(href) == expected


def test_trimming() -> None:
    assert html_uris.trimmed(" \xa0http://example.com/\u2003\n", wide=True) == ("http://example.com/", False)
    assert html_uris.trimmed("\x85x", wide=False) == ("\x85x", False)
    cut, was_cut = html_uris.trimmed("x" * 9000, wide=False)
    assert (len(cut), was_cut) == (8192, True)


@given(st.text(alphabet="ab.:/?#\n%0", max_size=30), st.text(alphabet="ab.:/?#\n0", max_size=30))
def test_never_raises(base: str, uri: str) -> None:
    known = html_uris.base_of(base)
    assert known is None or known.endswith("/")
    assert isinstance(html_uris.target(base, uri), str)
