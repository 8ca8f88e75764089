"""Canonical URIs: the original's spellings of invented URIs, and hostile ones that must not take long."""

import itertools
import random
import re

from hypothesis import given
from hypothesis import strategies as st

from pyspamd.base.registry import Registry
from pyspamd.mail.uri_canon import Redirectors, as_octets, canonicalize, url_encode
from pyspamd.perlre.regex import compile_regex

TLDS = ("com", "org", "net")
PATTERNS = [
    r"^https?://go\.example\.com/\w+/(.*)$",
    r"[?&]jump=(.*?)(?:$|[&\#])",
    r"^http://never\.example/",
]
CONFIGURATION = f"util_rb_tld {' '.join(TLDS)}\n" + "".join(f"redirector_pattern m'{p}'i\n" for p in PATTERNS)
REGISTRY = Registry(TLDS)
REDIRECTORS = Redirectors([compile_regex(pattern, "i") for pattern in PATTERNS])

SCHEMES = [
    "http://",
    "https://",
    "HTTP:",
    "http:/",
    "ftp://",
    "ftp.",
    "",
    "//",
    "\\\\",
    "news:",
    "mailto:",
    "/",
    "#",
]
HOSTS = [
    *("www.example.com", "me@www.example.com", "a@b@example.org", "example.com.", "example.com!!", "shop"),
    *("www.shop", "www.com", "localhost", "%77ww.example.com", "&#119;ww.example.com", "&#x77;ww&#x2e;a.com"),
    *("192.0.2.1", "0300.0.02.0x1", "0xC0000201", "0xffC0000201", "3221225985", "99999999999999999999", "0"),
    *("a.com&#12290;org", "bücher.com", "例え。com", "a\u2024com", "x\x01y.com", "go.example.com", "a b.com"),
]
RESTS = [
    *("", "/", ":80/", ":443", ":8080/p", ":", "?q=1", "#top", "/a%20b%7e%00?x", "/\n p", '/<b>"', "/é"),
    *("/abc/www.example.org/x", "/?jump=http://x.example.net&y", "/?jump=none", "/http://in.example.net/a#b"),
    *("?subject=x", "&x.com", "%20%20", "<me@example.com>", "/https:/b.org&http://c.org"),
]
# Libraries for internationalized names differ about capitals beside odd characters.
URIS = [
    uri
    for parts in itertools.product(SCHEMES, HOSTS, RESTS)
    if not re.search(r"0x(?:ff)?C0000201[^/]*[^/0-9A-Za-z]", uri := "".join(parts))
]


def octets_of(uri: str) -> str:
    return uri.encode().decode("latin-1")


def test_spellings_as_the_original_has_them(original) -> None:
    chance = random.Random(11)
    uris = chance.sample(URIS, 2500)
    calls = [("canonicalize", [uri], False) for uri in uris]
    calls += [("canonicalize", [octets_of(uri)], True) for uri in uris]
    ours = [sorted(canonicalize(uri, REDIRECTORS, REGISTRY, wide=True)) for uri in uris]
    ours += [sorted(canonicalize(octets_of(uri), REDIRECTORS, REGISTRY)) for uri in uris]
    theirs = [sorted(answer) for answer in original(CONFIGURATION, calls)]
    assert [pair for pair in zip(calls, ours, theirs, strict=True) if pair[1] != pair[2]] == []


def test_white_space_of_characters_and_of_octets() -> None:
    assert canonicalize("\u2003http://a.com\xa0", wide=True) == ["http://a.com"]
    assert "\xa0http://a.com" in canonicalize("\xa0http://a.com")


def test_redirectors_ask_each_pattern_in_turn() -> None:
    assert REDIRECTORS.target("http://go.example.com/x/www.a.org") == "www.a.org"
    assert REDIRECTORS.target("http://a.com/?jump=nodot&x") is None
    assert REDIRECTORS.target("http://never.example/") is None
    assert REDIRECTORS.target("http://a.com/?jump=\u2603.org&x") == "\u2603.org"
    with_reference = [compile_regex(r"(.)\1\?to=(.*)"), compile_regex(r"(?:.)\?to=(.*)")]
    assert Redirectors(with_reference).target("http://a.com/x?to=b.org") == "b.org"


def test_a_pattern_that_gives_up_does_not_hide_the_others() -> None:
    patterns = [compile_regex("(?:(?:x|x|y)+)+[!]"), compile_regex("to=(.*)")]
    assert Redirectors(patterns).target("http://a.com/" + "x" * 40 + "?to=b.org") == "b.org"


def test_a_redirection_to_itself_ends() -> None:
    endless = Redirectors([compile_regex("^(.*)$")])
    assert canonicalize("http://a.com/%", endless)[0] == "http://a.com/%"


def test_octets_stand_for_characters_one_by_one() -> None:
    assert as_octets("http://a.com/\xe9") == b"http://a.com/\xe9"
    assert as_octets("http://a.com/\u2603\xe9") == b"http://a.com/\x9d\xe9"


def test_encoding_keeps_what_must_stay_encoded() -> None:
    assert url_encode('%41%20%7f%e9%25"<\xe9%') == "A%20%7f%e9%%22%3c%e9%25"


@given(st.text(max_size=120), st.booleans())
def test_never_raises(uri: str, wide: bool) -> None:
    for prefix in ("", "http://", "mailto:", "http://a.com/?jump="):
        spellings = canonicalize(prefix + uri, REDIRECTORS, REGISTRY, wide=wide)
        assert len(spellings) == len(set(spellings)) > 0


def test_long_uris_are_worked_through() -> None:
    for unit in (
        "a",
        ".",
        "@",
        "/",
        "%41",
        "&#46;",
        "!",
        "<",
        "<a@",
        ">",
        "http://a.",
        "?",
        ":80",
        "0x",
        "0",
        "\\",
    ):
        for prefix in ("http://", "mailto:", ""):
            assert canonicalize(prefix + unit * (8000 // len(unit)), REDIRECTORS, REGISTRY)
