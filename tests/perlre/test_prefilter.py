"""The literal prefilter loses no match: tried with patterns made together with strings they match."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyspamd.perlre.bytesets import folded, members
from pyspamd.perlre.gates import LOWER_TABLE, SQUEEZE_DELETE, SQUEEZE_TABLE, TIERS, Gate, gate_of
from pyspamd.perlre.groups import read_flags
from pyspamd.perlre.likelihood import KINDS
from pyspamd.perlre.literals import required_literals
from pyspamd.perlre.parser import parse
from pyspamd.perlre.patternset import Entry, PatternSet
from pyspamd.perlre.prefilter import LiteralGate, prefilter_is_on, set_prefilter
from pyspamd.perlre.regex import Regex, compile_regex
from pyspamd.perlre.syntax import OneOf

LETTERS = "abcdeiIlLosS013457!|@$&# .-_\t\n\xc9\xe9\xc3\xa9\xff\x80"
ESCAPED = {character: f"\\x{ord(character):02x}" for character in LETTERS if not character.isalnum()}
Pair = tuple[str, str]


def other_case(character: str) -> str:
    swapped = character.swapcase()
    return swapped if len(swapped) == 1 and ord(swapped) < 256 else character


def swapped(text: str, cases: list[bool]) -> str:
    """`text` with the case of some letters changed, those of Latin-1 included."""
    return "".join(
        other_case(character) if change else character
        for character, change in zip(text, cases * len(text), strict=False)
    )


@st.composite
def leaves(draw: st.DrawFn) -> Pair:
    kind = draw(st.sampled_from(["text", "text", "any case", "class", "escape", "dot", "position", "entity"]))
    if kind in ("text", "any case"):
        text = draw(st.text(LETTERS, min_size=1, max_size=5))
        pattern = "".join(ESCAPED.get(character, character) for character in text)
        if kind == "text":
            return pattern, text
        return f"(?i:{pattern})", swapped(text, draw(st.lists(st.booleans(), min_size=1, max_size=5)))
    if kind == "class":
        members = draw(st.text(LETTERS, min_size=1, max_size=6))
        inside = "".join(ESCAPED.get(character, character) for character in members)
        return f"[{inside}]", draw(st.sampled_from(members))
    if kind == "escape":
        samples = [("\\w", "x"), ("\\d", "7"), ("\\s", "\t"), ("\\W", "\xe9"), ("[_\\W]", "_")]
        return draw(st.sampled_from(samples))
    if kind == "dot":
        return ".", draw(st.sampled_from("ab\xe9 "))
    if kind == "entity":
        return draw(st.sampled_from([("(?:o|&#111;)", "&#111;"), ("(?:o|&#111;)", "o")]))
    return draw(st.sampled_from([("", ""), ("(?:\\b|)", ""), ("(?!zzz)", ""), ("(?:)", "")]))


@st.composite
def grown(draw: st.DrawFn, inner: st.SearchStrategy[Pair]) -> Pair:
    """A larger pattern around smaller ones, with a string it matches."""
    kinds = ["both", "both", "either", "repeat", "exactly", "ahead", "capture", "atomic", "condition"]
    kind = draw(st.sampled_from(kinds))
    pattern, text = draw(inner)
    if kind == "both":
        second, more = draw(inner)
        return pattern + second, text + more
    if kind == "either":
        others = [draw(inner)[0] for _ in range(draw(st.integers(1, 3)))]
        place = draw(st.integers(0, len(others)))
        return "(?:" + "|".join([*others[:place], pattern, *others[place:]]) + ")", text
    if kind == "repeat":
        low, more = draw(st.integers(0, 4)), draw(st.integers(0, 3))
        sign = draw(st.sampled_from([f"{{{low},{low + more}}}", f"{{{low},}}"]))
        return f"(?:\\B|{pattern}|\\b){sign}" if not text else f"(?:{pattern}){sign}", text * (low + more)
    if kind == "exactly":
        times = draw(st.integers(0, 5))
        return f"(?:{pattern}){{{times}}}", text * times
    if kind == "ahead":
        return f"(?={pattern}){pattern}", text
    if kind == "capture":
        return f"({pattern})", text
    if kind == "atomic":
        return f"(?>{pattern})", text
    return f"(?(?={pattern}){pattern}|x)", text


PAIRS = st.recursive(leaves(), grown, max_leaves=8)


def simplified(tier: str, subject: bytes) -> bytes:
    squeezed = tier.startswith("squeezed")
    return subject.translate(SQUEEZE_TABLE, SQUEEZE_DELETE) if squeezed else subject.translate(LOWER_TABLE)


def places(literals: frozenset[bytes], text: bytes) -> int:
    return sum(text.startswith(literal, at) for literal in literals for at in range(len(text)))


@settings(max_examples=1500, deadline=None)
@given(PAIRS, st.text(LETTERS, max_size=6), st.text(LETTERS, max_size=6))
def test_a_match_has_its_literals(pair: Pair, before: str, after: str) -> None:
    pattern, text = pair
    subject = (before + text + after).encode("latin-1")
    try:
        regex = compile_regex(pattern)
    except Exception as error:
        assert "without end" in str(error) or "no width" in str(error), pattern
        return
    if not regex.matches(subject):  # an atomic group may have eaten what follows, or a condition failed
        return
    root = parse(pattern, 0).root
    for tier in TIERS.values():
        if tier.ascii_only and (not subject.isascii() or b"&#" in subject):
            continue
        found = required_literals(root, tier)
        look = simplified(tier.name, subject)
        if found.literals is not None:
            assert places(found.literals, look), (tier.name, found.literals)
        if found.counted is not None:
            assert places(found.counted.literals, look) >= found.counted.times, (tier.name, found.counted)
    for kind in KINDS:
        assert LiteralGate([gate_of(pattern, "", kind)]).candidates(subject) == {0}


@settings(max_examples=300, deadline=None)
@given(st.lists(PAIRS, min_size=1, max_size=8), st.lists(st.text(LETTERS, max_size=20), max_size=5))
def test_gated_is_ungated(pairs: list[Pair], noise: list[str]) -> None:
    regexes = []
    for pattern, _ in pairs:
        try:
            regexes.append(compile_regex(pattern))
        except Exception:
            continue
    elements = [text.encode("latin-1") for text in [text for _, text in pairs] + noise]
    entries = [Entry(regex, limit=2) for regex in regexes]
    plain = PatternSet(entries).hits(elements)
    gate = LiteralGate.of(regexes)
    assert PatternSet(entries, gate).hits(elements) == plain
    assert PatternSet(entries, gate, joined=True).hits(elements) == plain


def regexes_of(*patterns: str) -> list[Regex]:
    return [compile_regex(pattern, "i") for pattern in patterns]


@given(st.lists(st.text("abct \xe9&#", max_size=12), max_size=6), st.booleans())
def test_spread_is_candidates_by_element(texts: list[str], on: bool) -> None:
    regexes = [
        compile_regex(pattern, "i") for pattern in ("cat", "(?:b.c){3}", "\\w+", "t(?:a|\\xe9)b", "ta+t")
    ]
    gate = LiteralGate.of(regexes)
    elements = [text.encode("latin-1") for text in texts]
    set_prefilter(on)
    try:
        spread = gate.spread(elements)
        for place, element in enumerate(elements):
            assert {number for number, places in spread.items() if place in places} == gate.candidates(
                element
            )
    finally:
        set_prefilter(True)


def test_only_candidates_run() -> None:
    gate = LiteralGate.of(regexes_of("viagra", "xanax|valium", ".", "\\bcasino\\b.*\\bbonus\\b"))
    assert gate.candidates(b"Buy VALIUM today") == {1, 2}
    assert gate.candidates(b"casin0") == {2}
    assert gate.candidates(b"the Casino pays a Bonus") == {2, 3}


def test_blanks_and_case_make_no_difference() -> None:
    gate = LiteralGate.of(regexes_of("lottery\\swinner"))
    assert gate.candidates(b"LOTTERY\tWinner") == {0}
    assert gate.candidates(b"LOTTERY  Winner") == set()


def test_several_places_needed() -> None:
    words = "name address telephone occupation nationality gender country position"
    pattern = f"(?:(?:{words.replace(' ', '|')}):\\W{{1,5}}){{4}}"
    known = gate_of(pattern)
    assert known is not None
    assert known.times == 4
    gate = LiteralGate.of(regexes_of(pattern))
    assert gate.candidates(b"name: address: gender:") == set()
    assert gate.candidates(b"name: address: gender: gender:") == {0}


def test_what_a_lookahead_repeats_is_not_counted() -> None:
    regex = compile_regex("(?:(?=.*zebra).){4}")
    assert regex.matches(b"abcdzebra")
    assert LiteralGate.of([regex]).candidates(b"abcdzebra") == {0}


def test_squeezed_and_ascii_gates() -> None:
    gates: list[Gate | None] = [Gate("squeezed", (b"viagra",)) for _ in range(20)]
    gates += [Gate("lower ascii", (b"pill",)), Gate("lower ascii", ()), None]
    gate = LiteralGate(gates)
    assert gate.candidates(b"v.i.a.g.r.a") == {*range(20), 22}
    assert gate.candidates(b"a pill") == {20, 22}
    assert gate.candidates(b"\xe9") == {20, 21, 22}
    assert gate.candidates(b"&#111;") == {20, 21, 22}
    assert gate.candidates(b"nothing") == {22}


def test_switch() -> None:
    gate = LiteralGate.of(regexes_of("viagra", "valium"))
    assert prefilter_is_on()
    set_prefilter(False)
    try:
        assert not prefilter_is_on()
        assert gate.candidates(b"") == {0, 1}
    finally:
        set_prefilter(True)
    assert gate.candidates(b"") == set()


@pytest.mark.parametrize("pattern", ["a(*ACCEPT)bcdefgh", "\\p{Lu}", "(?:abcd|\\1)(x)", "(abcd)?\\1", "[^a]"])
def test_what_is_not_understood_has_no_gate(pattern: str) -> None:
    assert gate_of(pattern) is None


CLASSES = r"""
[A-Z] [a-z] [Z-_] [\x80-\xff] [\xe0-\xe5] [^\xc9] [^a-c\s] \w \W \d \D \s \S \h \H \v \V \N . [\H] [\w-] []\\]
[[:alpha:]] [[:punct:]] [^[:print:]] [[:^upper:]] [[:cntrl:]\d] [[:space:]] [[:graph:]]
[[:xdigit:]] [[:blank:]] [\x{2019}a] [^\x{2019}a] [k\x{212a}] [\x{178}] [a-\x{2019}]
[\b] [\cA-\cZ] [\0-\012] [--/] [a\-z] [\]\[^]
"""


@pytest.mark.parametrize("flags", ["", "i", "s", "is"])
def test_the_tree_knows_the_bytes_of_a_class(flags: str) -> None:
    for source in CLASSES.split():
        regex = compile_regex(source, flags)
        matched = [byte for byte in range(256) if regex.matches(bytes([byte]))]
        root = parse(source, read_flags(flags, 0)).root
        assert isinstance(root, OneOf)
        assert members(root.mask) == matched, source


def test_the_tree_knows_both_cases_of_a_byte() -> None:
    for byte in range(256):
        regex = compile_regex(f"\\x{byte:02x}", "i")
        matched = [other for other in range(256) if regex.matches(bytes([other]))]
        assert matched == members(folded(1 << byte))


@pytest.mark.parametrize("pattern", ["x{1000}", "x{65535}", "(?:a.*?){300}", "(?:ab|cd){40,}"])
def test_very_many_repetitions_have_a_gate_or_none(pattern: str) -> None:
    gate = gate_of(pattern)
    assert gate is None or gate.times > 0 < len(gate.literals)
