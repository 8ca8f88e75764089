"""Host names in ASCII form: rules of IDNA, and the original's own answers."""

from hypothesis import given
from hypothesis import strategies as st

from pyspamd.base.idn import idn_to_ascii

NAMES = [
    "Example.COM",
    "[192.0.2.1]:80",
    "bücher.example",
    "BÜCHER.Example",
    "straße.example",
    "σίγμας.example",
    "例え.example",
    "例え。example",
    "a\u2024b.example",
    "xn--bcher-kva.example",
    "A!.xn--bcher-kva.example",
    "A!.XN--ZZZZ.example",
    "A!.xn--ls8h.example",
    "💩.example",
    "-ü.example",
    "ab--ü.example",
    "a\u200db.example",
    "नी\u200d.example",
    "\u0301a.example",
    "ü_x.example",
    "ü x.example",
    "x y.Example",
    "א1.example",
    "1א.example",
    "ü..example",
    "ü" * 57 + ".example",
    "ü" * 58 + ".example",
    "A" * 64 + "!.example",
    ".".join(["A" * 60] * 4) + ".bbbb!",
    ".".join(["A" * 60] * 4) + ".bbbbbbbbbb!",
    "a\0ü.example",
    "l·l.example",
    "≠.example",
    "\u00ad!A.example",
]


def test_ascii_names_are_only_lowered() -> None:
    assert idn_to_ascii("WWW.Example.com") == "www.example.com"


def test_octets_and_characters_are_told_apart() -> None:
    octets = "é.example".encode().decode("latin-1")
    assert idn_to_ascii(octets) == "xn--9ca.example"
    assert idn_to_ascii("é.example", characters=True) == "xn--9ca.example"
    assert idn_to_ascii("é.example") == "xn--9ca.example"  # octets that are Latin-1 and not UTF-8
    assert idn_to_ascii(octets, characters=True) != "xn--9ca.example"


def test_what_cannot_be_converted_stays_as_octets() -> None:
    assert idn_to_ascii("\x80\xff.Example") == "\x80\xff.example"
    assert idn_to_ascii("-é.Example", characters=True) == "-é.Example".encode().decode("latin-1")


def test_names_as_the_original_converts_them(original) -> None:
    octets = [name.encode().decode("latin-1") for name in NAMES] + [
        "b\xfccher.Example",
        "\xd7.Example",
        "\xe9\x80",
    ]
    calls = [("idn", [name], False) for name in NAMES] + [("idn", [name], True) for name in octets]
    ours = [idn_to_ascii(name, characters=True) for name in NAMES] + [idn_to_ascii(name) for name in octets]
    assert ours == original("", calls)


@given(st.text(max_size=300), st.booleans())
def test_never_raises_and_answers_octets(name: str, characters: bool) -> None:
    idn_to_ascii(name, characters=characters).encode("latin-1")
