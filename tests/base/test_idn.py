"""Host names in ASCII form: rules of IDNA, and the original's own answers."""

from hypothesis import given
from hypothesis import strategies as st

from pyspamd.base.idn import idn_to_ascii

# Names that IDNA 2003 and IDNA 2008 agree about: the original uses whichever library it finds.
NAMES = [
    "Example.COM",
    "[192.0.2.1]:80",
    "bücher.example",
    "BÜCHER.example",
    "例え.example",
    "例え。example",
    "ａ．example",
    "a\u2024b.example",
    "xn--bcher-kva.example",
    "💩.example",
    "1א.example",
    "ü_x.example",
    "x y.example",
    "ü" * 57 + ".example",
    "ü" * 58 + ".example",
    "a" * 64 + "!.example",
    "a\0ü.example",
    "\u00adü.example",
    "ü.example.",
]


def test_ascii_names_are_only_lowered() -> None:
    assert idn_to_ascii("WWW.Example.com") == "www.example.com"


def test_odd_ascii_names_are_no_host_names_and_stay() -> None:
    assert idn_to_ascii("Two%20Words.Example") == "Two%20Words.Example"


def test_mapping_is_that_of_idna_2003() -> None:
    # RFC 3491: nameprep folds the sharp s, and leaves labels in ASCII alone.
    assert idn_to_ascii("Straße.Example", characters=True) == "strasse.Example"
    assert idn_to_ascii("ü..example", characters=True) == "ü..example".encode().decode("latin-1")
    assert idn_to_ascii("xn--ü.example", characters=True) == "xn--ü.example".encode().decode("latin-1")


def test_octets_and_characters_are_told_apart() -> None:
    octets = "é.example".encode().decode("latin-1")
    assert idn_to_ascii(octets) == "xn--9ca.example"
    assert idn_to_ascii("é.example", characters=True) == "xn--9ca.example"
    assert idn_to_ascii("é.example") == "xn--9ca.example"  # octets that are Latin-1 and not UTF-8
    assert idn_to_ascii(octets, characters=True) != "xn--9ca.example"


def test_what_cannot_be_converted_stays_as_octets() -> None:
    assert idn_to_ascii("\x80\xff.Example") == "\x80\xff.example"
    assert idn_to_ascii("☃é\u0378.Example", characters=True) == "☃é\u0378.Example".encode().decode("latin-1")


def test_names_as_the_original_converts_them(original) -> None:
    octets = [name.encode().decode("latin-1") for name in NAMES] + [
        "b\xfccher.example",
        "\xd7.Example",
        "\xe9\x80",
    ]
    calls = [("idn", [name], False) for name in NAMES] + [("idn", [name], True) for name in octets]
    ours = [idn_to_ascii(name, characters=True) for name in NAMES] + [idn_to_ascii(name) for name in octets]
    assert ours == original("", calls)


@given(st.text(max_size=300), st.booleans())
def test_never_raises_and_answers_octets(name: str, characters: bool) -> None:
    idn_to_ascii(name, characters=characters).encode("latin-1")
