"""Lists of address patterns: the index finds what trying every pattern would."""

import re

from hypothesis import given
from hypothesis import strategies as st

from pyspamd.conf.address_patterns import AddressPatterns

PIECES = st.lists(
    st.sampled_from(["*", "?", "@", ".", "a", "b", "ab", "=", "(", "\\", "\xe9"]), max_size=7
).map("".join)
ADDRESSES = st.text(alphabet="ab@.=_(\\\xe9*", max_size=8)


def one_by_one(patterns: list[str], address: str) -> set[str]:
    found = set()
    for pattern in patterns:
        text = re.sub(r"([^*?_a-zA-Z0-9])", r"\\\1", re.sub(r"[\0\\(]", "_", pattern))
        text = re.sub(r"\*+", ".*", text.replace("?", "."))
        if address == pattern or re.fullmatch(text, address):
            found.add(pattern)
    return found


@given(st.lists(PIECES, max_size=8), ADDRESSES)
def test_the_index_finds_what_a_search_finds(patterns: list[str], address: str) -> None:
    table = AddressPatterns(dict.fromkeys(patterns))
    matching = list(table.matching(address.encode("latin-1")))
    assert len(matching) == len(set(matching))
    assert set(matching) == one_by_one(patterns, address)
    assert table.matches(address.encode("latin-1")) == bool(matching)


def test_case_and_wildcards() -> None:
    friends = AddressPatterns({"*@example.com": 1, "jo?@example.net": 2, "*@*.example.org": 3, "all*": 4})
    assert list(friends.matching(b"Someone@EXAMPLE.com")) == ["*@example.com"]
    assert friends.matches(b"joe@example.net")
    assert not friends.matches(b"jo@example.net")
    assert friends.matches(b"x@deep.down.example.org")
    assert not friends.matches(b"x@example.org")
    assert friends["all*"] == 4
    assert friends.matches(b"allies@example.edu")
    assert not friends.matches(b"")


def test_a_newline_is_not_matched_by_a_star() -> None:
    assert not AddressPatterns({"*@example.com": None}).matches(b"x\ny@example.com")
    assert AddressPatterns({"*@example.com": None}).matches(b"x@example.com\n")


def test_many_wildcards_and_a_long_address_that_almost_matches() -> None:
    table = AddressPatterns({"*" + "a*" * 30 + "b@example.com": 1, "*-*-*-*-*-*@*.example.net": 2})
    assert not table.matches(b"a" * 8000 + b"@example.com")
    assert not table.matches(b"-" * 8000 + b"@example.net")
    assert table.matches(b"a" * 8000 + b"b@example.com")
    assert table.matches(b"-" * 8000 + b"@x.example.net")
