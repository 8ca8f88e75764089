"""Delimiters and modifiers around a regex, taken off as SpamAssassin takes them off."""

import pytest

from pyspamd.perlre.delimited import always_matching, compile_delimited, split_regex
from pyspamd.perlre.regex import RegexError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/foo/i", ("foo", "i")),
        ("//", ("", "")),
        ("/a\\/b/", ("a\\/b", "")),
        ("/a\\\\\\/b/", ("a\\\\\\/b", "")),
        ("m{a{1,3}b}ix", ("a{1,3}b", "ix")),
        ("m{a}b}", ("a}b", "")),
        ("m(a(b)c)i", ("a(b)c", "i")),
        ("m<a>", ("a", "")),
        ("m[a[b]]", ("a[b]", "")),
        ("m,x/y,i", ("x/y", "i")),
        ("qr!a!s", ("a", "s")),
        ("m a ", ("a", "")),
        ("m|a\\|b|", ("a\\|b", "")),
        ("m'a'", ("a", "")),
        ("bare (text)?", ("bare (text)?", "")),
        ("mail", ("mail", "")),
    ],
)
def test_split(text: str, expected: tuple[str, str]) -> None:
    assert split_regex(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "/foo",
        "/foo/e",
        "/foo/I",
        "/a/b/",
        "/a\\\\/b/",
        "m{a",
        "m,a,b,",
        "m<(?<n>a)>",
        "m\\a\\",
        "/(?{ 1 })/",
        "/(??{ 1 })/",
    ],
)
def test_refused(text: str) -> None:
    with pytest.raises(RegexError):
        split_regex(text)


@pytest.mark.parametrize("text", ["foo", "mail", "ma!", "", "(?{ 1 })"])
def test_bare_text_only_where_allowed(text: str) -> None:
    with pytest.raises(RegexError):
        split_regex(text, bare=False)


def test_modifiers_perl_has_no_use_for() -> None:
    for letter in "goczy":
        with pytest.raises(RegexError):
            compile_delimited(f"/a/{letter}")
    assert compile_delimited("/a b/xp").matches(b"ab")


@pytest.mark.parametrize("pattern", ["", "a||b", "|a", "a|", "a|\n"])
def test_matches_everything(pattern: str) -> None:
    assert always_matching(pattern)


@pytest.mark.parametrize("pattern", ["a|b", "a\\||b", "a\\|", "[|]x", "a\\||b\\|"])
def test_does_not_match_everything(pattern: str) -> None:
    assert always_matching(pattern) is None
