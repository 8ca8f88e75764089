"""Rules with `%{TAG}`: each value makes a regex of its own, and none of them is kept for ever."""

from pyspamd.perlre.regex import compile_regex
from pyspamd.ruleset.patterns import PatternRule


def test_regexes_of_messages_are_not_kept() -> None:
    rule = PatternRule("RULE", "to=%{ADDRESS}$", "i", None, template="ADDRESS")
    before = compile_regex.cache_info().currsize
    for number in range(1000):
        address = f"user+{number}@example.com"
        values = {"ADDRESS": [address, "other@example.com"]}
        regex = rule.resolved(values.__getitem__)
        assert regex is not None
        assert regex.matches(b"https://example.org/?TO=" + address.upper().encode())
        assert not regex.matches(b"https://example.org/?to=user+x@example.com")
    assert compile_regex.cache_info().currsize - before < 100
