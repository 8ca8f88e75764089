"""Registry boundaries: invented hosts, each held against the original's answer."""

import itertools
import random
import re

from hypothesis import given
from hypothesis import strategies as st

from pyspamd.base.registry import Registry, domain_to_search_list, is_fqdn_valid

TLDS = ["com", "org", "uk", "us", "example", "xn--p1ai", "jp"]
TWO_LEVEL = ["co.uk", "fed.us", "tokyo.jp"]
THREE_LEVEL = ["shop.co.uk", "ward.tokyo.jp"]
CONFIGURATION = f"""
util_rb_tld {" ".join(TLDS)}
util_rb_2tld {" ".join(TWO_LEVEL)}
util_rb_3tld {" ".join(THREE_LEVEL)}
"""
REGISTRY = Registry(TLDS, TWO_LEVEL, THREE_LEVEL)

ENDS = [
    *("com", "COM", "com.", "com..", "com\n", "co.uk", "shop.co.uk", "uk", "tokyo.jp", "ward.tokyo.jp"),
    *("us", "ny.us", "ci.ny.us", "xx.us", "k12.ny.us", "pvt.k12.ny.us", "co.x.ny.us", "fed.us"),
    *("nosuch", "рф", "xn--p1ai", ""),
]
STARTS = [
    *("", "www.", "a.b.", "a..b.", ".", "_x.", "x_y.", "-x.", "é.", "a b.", "a\nb."),
    *("x" * 63 + ".", "x" * 64 + "."),
]
PREFIXES = [
    *("", "http://", "HTTP:", "https:/", "ftp://me:pw@", "cid:", "javascript:", "x/y@"),
    *("mailto:", "mailto:me@"),
]
SUFFIXES = ["", "/p?q", "?q", "#f", ":80", ":", ":80/", "&x.com", "%2e", "%20", "?a@b", "@z.com", "\n"]
ADDRESSES = ["192.0.2.1", "192.0.2.256", "2001:db8::1", "::1", "[::1]", "IPv6:::1", "192.0.2.1\n"]

ALL_HOSTS = (
    [start + end for start, end in itertools.product(STARTS, ENDS)] + ADDRESSES + [".".join(["ab"] * 100)]
)


# Libraries differ about capitals and empty labels beside what is no plain host name.
PLAIN = re.compile(r"[a-zA-Z0-9_.:\[\]-]*")
HOSTS = [
    host
    for host in ALL_HOSTS
    if PLAIN.fullmatch(host) or (host == host.lower() and not re.search(r"^\.|\.\.|^-|-\.", host))
]


def as_octets(text: str) -> str:
    return text.encode().decode("latin-1")


def test_hosts_as_the_original_reads_them(original) -> None:
    calls, ours = [], []
    for host, octets in itertools.product(HOSTS, (False, True)):
        name = as_octets(host) if octets else host
        wide = not octets
        for function, arguments, answer in (
            ("split", [name], list(REGISTRY.split_domain(name, characters=wide))),
            ("split", [name, 1], list(REGISTRY.split_domain(name, ascii_only=True, characters=wide))),
            ("valid", [name], int(REGISTRY.is_domain_valid(name, characters=wide))),
            ("valid", [name, 1], int(REGISTRY.is_domain_valid(name, ascii_only=True, characters=wide))),
            ("fqdn", [name], int(is_fqdn_valid(name, characters=wide))),
            ("fqdn", [name, 1], int(is_fqdn_valid(name, ascii_only=True, characters=wide))),
            ("search", [name], domain_to_search_list(name)),
        ):
            calls.append((function, arguments, octets))
            ours.append(answer)
    assert ours == original(CONFIGURATION, calls)


def test_uris_as_the_original_reads_them(original) -> None:
    chance = random.Random(5)
    uris = [p + chance.choice(HOSTS) + s for p, s in itertools.product(PREFIXES, SUFFIXES) for _ in range(8)]
    calls = [("domain", [uri], False) for uri in uris] + [("domain", [as_octets(uri)], True) for uri in uris]
    found = [REGISTRY.uri_to_domain(uri, characters=True) for uri in uris]
    found += [REGISTRY.uri_to_domain(as_octets(uri)) for uri in uris]
    assert [list(pair or ()) for pair in found] == original(CONFIGURATION, calls)
    assert sum(pair is not None for pair in found) > 300


def test_answers_in_kind() -> None:
    assert REGISTRY.split_domain(b"www.a.shop.co.uk") == (b"www", b"a.shop.co.uk")
    assert REGISTRY.trim_domain("WWW.Example.com") == "example.com"
    assert REGISTRY.uri_to_domain(b"http://me@www.a.com:80/x") == (b"a.com", b"www.a.com")
    assert domain_to_search_list(b"2.10.Example.com") == [
        b"2.10.example.com",
        b"10.example.com",
        b"example.com",
        b"com",
    ]


@given(st.text(max_size=200), st.booleans())
def test_text_never_raises(text: str, characters: bool) -> None:
    REGISTRY.split_domain(text, characters=characters)
    REGISTRY.is_domain_valid(text, characters=characters)
    REGISTRY.uri_to_domain(text, characters=characters)
    is_fqdn_valid(text, ascii_only=characters)
    domain_to_search_list(text)


@given(st.binary(max_size=200))
def test_octets_never_raise(octets: bytes) -> None:
    REGISTRY.split_domain(octets)
    REGISTRY.uri_to_domain(b"http://" + octets)
    REGISTRY.uri_to_domain(b"mailto:" + octets)
    domain_to_search_list(octets)


def test_long_input_is_read_in_one_go() -> None:
    for unit in (b"a.", b".", b"@", b"mailto:", b"x:", b"a"):
        octets = unit * 400_000
        assert REGISTRY.uri_to_domain(octets) is None
        assert REGISTRY.uri_to_domain(b"mailto:" + octets) is None
        assert REGISTRY.trim_domain(octets).count(b".") < 2
