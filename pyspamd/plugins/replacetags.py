"""ReplaceTags: named pieces of regex that rules may contain, so that look-alike letters are written once.

replace_start <
replace_end   >
replace_tag   A     [a@4]
replace_post  P1    \\W?
body          FUN   /<post P1>\\bm<A>g<A>zine/i
replace_rules FUN
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from warnings import catch_warnings, simplefilter

from ..conf.conf import Conf
from ..conf.directives import Str
from ..conf.lists import KeyValue, WordSet
from ..conf.rules import HeaderTest, RegexTest, RuleDef
from ..scan.plugin import Plugin

REPLACE_TAG = KeyValue("replace_tag", privileged=True)
REPLACE_PRE = KeyValue("replace_pre", privileged=True)
REPLACE_INTER = KeyValue("replace_inter", privileged=True)
REPLACE_POST = KeyValue("replace_post", privileged=True)
REPLACE_RULES = WordSet("replace_rules", privileged=True)
REPLACE_START = Str("replace_start", "<", privileged=True)
REPLACE_END = Str("replace_end", ">", privileged=True)

_PIECES = re.compile(r"(<[^<>]+>)")
_NESTED = re.compile(r"<[^>]+>")
_NOTHING = re.compile("(?!)()")
MAX_PASSES = 6
"""Replacements may contain tags themselves, so deep."""


class ReplaceTags(Plugin):
    """Rewrites the patterns of `replace_rules` before they are compiled."""

    directives = (
        REPLACE_TAG,
        REPLACE_PRE,
        REPLACE_INTER,
        REPLACE_POST,
        REPLACE_RULES,
        REPLACE_START,
        REPLACE_END,
    )

    def rewrite_rules(self, rules: Mapping[str, RuleDef]) -> Mapping[str, RuleDef]:
        expander = TagExpander(self.conf)
        changed: dict[str, RuleDef] = {}
        for name in REPLACE_RULES.of(self.conf):
            rule = rules.get(name)
            if rule is None or not isinstance(rule.test, RegexTest | HeaderTest):
                continue
            pattern = expander.expand(rule.test.pattern)
            if pattern != rule.test.pattern:
                changed[name] = replace(rule, test=replace(rule.test, pattern=pattern))
        return changed


def _between(start: str, end: str) -> re.Pattern[str]:
    """What stands between start and end, which are regexes; what cannot be one is taken literally."""
    with catch_warnings():
        simplefilter("ignore")
        try:
            found = re.compile(f"{start}(.+?){end}")
        except re.error:
            return re.compile(f"{re.escape(start)}(.+?){re.escape(end)}")
    return found if found.groups else _NOTHING


class TagExpander:
    """Puts the configured expressions in the place of tags."""

    def __init__(self, conf: Conf) -> None:
        start, end = REPLACE_START.of(conf), REPLACE_END.of(conf)
        self._tag = _between(start, end)
        self._start, self._end = start, end
        self._modifiers = {
            word: (_between(f"{start}{word} ", end), table.of(conf))
            for word, table in (("pre", REPLACE_PRE), ("post", REPLACE_POST), ("inter", REPLACE_INTER))
        }
        self._tags = REPLACE_TAG.of(conf)

    def expand(self, pattern: str) -> str:
        """The pattern with its tags replaced; tags nobody defined stay."""
        for _ in range(MAX_PASSES):
            pattern, again = self._pass(pattern)
            if not again:
                break
        return pattern

    def _pass(self, pattern: str) -> tuple[str, bool]:
        around: dict[str, str] = {}
        for word, (wanted, table) in self._modifiers.items():
            found = wanted.search(pattern)
            if found:
                pattern = pattern[: found.start()] + pattern[found.end() :]
                around[word] = table.get(found.group(1), "")
        pieces = _PIECES.split(pattern)
        if around.get("pre"):
            pieces = [self._tag.sub(lambda m: around["pre"] + m.group(), piece, count=1) for piece in pieces]
        if around.get("post"):
            pieces = [self._tag.sub(lambda m: m.group() + around["post"], piece) for piece in pieces]
        if around.get("inter"):
            # An empty piece stands between two adjacent tags; the pattern's own ends are not between tags.
            inner = [piece or around["inter"] for piece in pieces[1:-1]]
            pieces = [pieces[0], *inner, *pieces[len(inner) + 1 :]]
        again = False
        for index, piece in enumerate(pieces):
            found = self._tag.search(piece)
            replacement = self._tags.get(found.group(1)) if found else None
            if found and replacement:
                pieces[index] = piece.replace(found.group(), replacement)
                again = again or bool(_NESTED.search(replacement))
        return "".join(pieces), again
