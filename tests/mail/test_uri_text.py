"""URIs in plain text: invented paragraphs held against the original, and text made to be slow."""

import random

from hypothesis import given
from hypothesis import strategies as st

from pyspamd.base.registry import Registry
from pyspamd.mail.uri_text import text_uris
from pyspamd.mail.uris import UriSettings, uri_details, uri_list

TLDS = ("com", "org", "net", "co", "uk", "xn--p1ai")
CONFIGURATION = f"util_rb_tld {' '.join(TLDS)}\nutil_rb_2tld co.uk\n"
REGISTRY = Registry(TLDS, ("co.uk",))
SETTINGS = UriSettings(REGISTRY)

PIECES = [
    *(b"http://", b"HTTPS://", b"ftp://", b"mailto:", b"MailTo:", b"www.", b"WWW12.", b"www123.", b"ftp."),
    *(
        b"example.com",
        b"shop.example.co.uk",
        b"a.nosuch",
        b"example.com.",
        b"foo_bar.com",
        b"-a.com",
        b"a.COM",
    ),
    *(
        b"me@example.com",
        b"@",
        b"@@",
        b"a+b",
        b".",
        b"..",
        b"/",
        b"/path.org/x",
        b":80",
        b":123456",
        b"xn--p1ai",
    ),
    *(
        b" ",
        b" ",
        b" ",
        b"\n",
        b"\t",
        b",",
        b";",
        b"(",
        b")",
        b"[",
        b"]",
        b"<",
        b">",
        b"{",
        b"}",
        b'"',
        b"'",
        b"`",
    ),
    *(
        b"|",
        b"!",
        b"?",
        b"#",
        b"$",
        b"%",
        b"%2e",
        b"%40",
        b"%20",
        b"&",
        b"&nbsp;",
        b"*",
        b"-",
        b"_",
        b"~",
        b"=",
    ),
    *(
        b"\x1b(B",
        b"\x1b$",
        b"\x1b",
        b"\xc3\xa9",
        b"\xa0",
        b"\xe3\x80\x82",
        b"\x00",
        b"\x0b",
        b"\x85",
        b"cid:",
    ),
    *(b"skype:", b"e-mail:", b"word", b"x" * 250, b"x" * 251, b"y" * 2047, b"a." * 126),
]


def paragraphs(chance: random.Random) -> list[bytes]:
    counts = [chance.randint(1, 16) for _ in range(chance.randint(1, 4))]
    texts = [b"".join(chance.choices(PIECES, k=count)) for count in counts]
    # Libraries for internationalized names differ about capitals in them.
    return [text if text.isascii() else text.lower() for text in texts]


def test_text_as_the_original_reads_it(original) -> None:
    chance = random.Random(3)
    texts = [paragraphs(chance) for _ in range(2500)]
    calls = [("uris", [[part.decode("latin-1") for part in text], [], ""], True) for text in texts]
    differing, found = [], 0
    for text, answer in zip(texts, original(CONFIGURATION, calls), strict=True):
        details = uri_details(text, (), SETTINGS)
        ours = {
            uri: (sorted(detail.cleaned), sorted(detail.domains), detail.hosts, sorted(detail.types))
            for uri, detail in details.items()
        }
        theirs = {
            uri: (detail["cleaned"], detail["domains"], detail["hosts"], detail["types"])
            for uri, detail in answer["details"].items()
        }
        found += len(theirs)
        if ours != theirs or sorted(uri_list(details)) != answer["list"]:
            differing.append((text, ours, theirs))
    assert differing == []
    assert found > 1000


def test_paragraphs_do_not_run_into_one_another() -> None:
    assert [
        found.uri for found in text_uris([b"see www.example", b"com and me@exa", b"mple.com"], REGISTRY)
    ] == [
        "http://www.example",
        "http://mple.com",
    ]


def test_each_spelling_counts_once() -> None:
    found = list(text_uris([b"www.example.com, www.example.com! http://www.example.com"], REGISTRY))
    assert [(uri.uri, uri.types) for uri in found] == [
        ("http://www.example.com", ("parsed", "schemeless")),
        ("http://www.example.com", ("parsed",)),
    ]


@given(
    st.lists(st.lists(st.sampled_from(PIECES) | st.binary(max_size=3), max_size=12).map(b"".join), max_size=4)
)
def test_never_raises(texts: list[bytes]) -> None:
    uri_details(texts, (), SETTINGS)


def test_a_megabyte_without_spaces_is_read_through() -> None:
    for unit in (
        b"a",
        b".",
        b"a.",
        b"@",
        b"a@",
        b"+@",
        b"-@-]",
        b"/",
        b".com/",
        b"www.",
        b"http://",
        b"mailto:",
        b"a.com:1/",
    ):
        assert len(list(text_uris([unit * (1_000_000 // len(unit))], REGISTRY))) < 2
    joined = b"x@example.com,www.example.com/a.com " * 20_000
    assert len(list(text_uris([joined], REGISTRY))) == 2
