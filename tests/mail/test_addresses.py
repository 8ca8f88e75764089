"""Address headers: the original's reading of invented ones, and of what chance makes of their pieces."""

import random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pyspamd.mail import addresses
from pyspamd.mail.address_list import composed, read_address_list
from pyspamd.mail.addresses import Address, parse_header_addresses

CONFIGURATION = "util_rb_tld com org\n"

HEADERS = [
    b"body@example.com",
    b"A. Body <body@example.com>",
    b'"Body, A." <body@example.com>, "B" <b@example.org>',
    b"body@example.com (A. Body)",
    b"body@example.com (A. (B.) Body)",
    b'"body@example.com" <other@example.org>',
    b'"body@example.com"',
    b"Body, A. <body@example.com>",
    b"Friends: a@example.com, b@example.org;",
    b"undisclosed-recipients:;",
    b"<>",
    b"",
    b" \n ",
    b"=?utf-8?Q?A=2C_Body?= <body@example.com>",
    b'=?utf-8?Q?"Body"_<body@example.com>?=',
    b"A Body <body@example.com> <body@example.com>",
    b"A Body <<body@example.com>>",
    b"A Body <mailto:body@example.com>",
    b'"A \\"B\\" \\\\ Body" <body@example.com>',
    b'"a b"@example.com, "a\\"b"@example.com',
    b"<@route.example,@x.example:body@example.com>",
    b"body@[192.0.2.1], [body]@example.com",
    b"A Body\n\t<body@example.com>,\r\n Other <o@example.org>",
    b"body@example.com; other@example.org",
    b"a@b@example.com",
    b'""@example.com',
    b"body at example.com",
    b"M\xc3\xbcller <mueller@example.com>",
    b"a..b.@example.com, .c@example.com",
    b"'body@example.com'",
    b"body@example, <body@exa_mple.com>, <body@example.com.>",
]
PIECES = [
    *(
        b"foo",
        b"a.b",
        b"@",
        b"@",
        b"example.com",
        b"<",
        b">",
        b",",
        b",",
        b";",
        b":",
        b"(",
        b")",
        b'"',
        b"\\",
    ),
    *(
        b"\\\\",
        b'"q"',
        b'"q r"',
        b"(c)",
        b"(c(d)e)",
        b"(a\\)b)",
        b" ",
        b" ",
        b"\t",
        b"\n ",
        b"\r\n ",
        b"\r",
        b".",
    ),
    *(
        b"..",
        b"[192.0.2.1]",
        b"[",
        b"]",
        b"Foo Bar",
        b"=?utf-8?q?x?=",
        b"\xe9",
        b"\0",
        b"<a@b.com>",
        b"a@b.com",
    ),
    *(
        b"g: a@b.com, c@d.com;",
        b"<@x,@y:z@w>",
        b'"a\\"b"@c.org',
        b"'",
        b"\x7f",
        b"/",
        b"mailto:",
        b"MAILTO: ",
    ),
    *(b'"a@b.com" ', b"a_b.com", b"Last, First <l@f.org>"),
]


def values() -> list[bytes]:
    chance = random.Random(7)
    return HEADERS + [b"".join(chance.choices(PIECES, k=chance.randint(1, 9))) for _ in range(6000)]


def as_said(entry: Address) -> dict[str, Any]:
    fields = ("phrase", "user", "host", "address", "comment")
    said = {name: getattr(entry, name) for name in fields}
    return {name: text if text is None else text.decode("latin-1") for name, text in said.items()} | {
        "invalid": entry.invalid
    }


def test_headers_as_the_original_reads_them(original) -> None:
    calls = [("addresses", [value.decode("latin-1")], True) for value in values()]
    differing = []
    for value, answer in zip(values(), original(CONFIGURATION, calls), strict=True):
        theirs = [entry | {"invalid": bool(entry["invalid"])} for entry in answer]
        ours = [as_said(entry) for entry in parse_header_addresses(value)]
        if ours != theirs:
            differing.append((value, ours, theirs))
    assert differing == []


def test_whoever_finds_more_is_believed() -> None:
    # The quick reading takes both for one pair of brackets, the grammar does not.
    entries = parse_header_addresses(b"A <a@example.com>,<b@example.org>")
    assert [(entry.phrase, entry.address) for entry in entries] == [
        (b"A", b"a@example.com"),
        (None, b"b@example.org"),
    ]


def test_groups_of_the_grammar_are_flattened() -> None:
    found = read_address_list(b"x: a@example.com, B <b@example.org>; , c@example.net (C)")
    assert [(box.name, box.user, box.host, box.comment) for box in found][:2] == [
        (None, b"a", b"example.com", None),
        (b"B", b"b", b"example.org", None),
    ]


def test_users_are_quoted_where_they_must_be() -> None:
    # RFC 5322, sections 3.2.3 and 3.2.4.
    assert composed(b"a.b", b"example.com") == b"a.b@example.com"
    assert composed(b".a", b"example.com") == b'".a"@example.com'
    assert composed(b'a "b"', b"example.com") == b'"a \\"b\\""@example.com'
    assert composed(b"", b"example.com") == b'""@example.com'


@given(st.lists(st.sampled_from(PIECES) | st.binary(max_size=4), max_size=20).map(b"".join))
def test_never_raises(value: bytes) -> None:
    parse_header_addresses(value)
    read_address_list(value)


def test_long_values_are_read_through() -> None:
    for unit in (
        b"a",
        b"<",
        b">",
        b"(",
        b'"',
        b",",
        b"a,",
        b"@",
        b"a@b.com,",
        b"\\",
        b" ",
        b"<a ",
        b'"a"',
        b"(a)",
        b":",
    ):
        value = unit * (1_000_000 // len(unit))
        parse_header_addresses(value)


@given(
    st.lists(
        st.sampled_from(
            [b'"', b" ", b"a", b"B1", b".", b"'", b"-", b"<", b">", b"@", b"x.com", b"\t", b"\n", b"=", b":"]
        ),
        max_size=6,
    ).map(b"".join),
    st.sampled_from([b"u", b"a.b", b"a..b", b".a", b"-", b"O'N"]),
    st.sampled_from([b"x.com", b"x", b".x.com", b"x..com", b"-x.com", b"x.com.", b"1.2.3.4", b"x-.org"]),
    st.booleans(),
)
def test_usual_values_are_read_as_any_other(before: bytes, user: bytes, host: bytes, bracketed: bool) -> None:
    address = b"<%b@%b>" % (user, host) if bracketed else b"%b@%b" % (user, host)
    for value in (before + address, before + address + b" \n"):
        assert addresses._parse(value) == addresses._parse_any(value)
