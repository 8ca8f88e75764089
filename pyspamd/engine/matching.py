"""The pattern rules of one stage over one message: header values, and the elements of its texts."""

import hashlib
from collections.abc import Callable, Sequence
from functools import partial

from ..perlre.regex import Regex, matching
from ..ruleset.patterns import PatternBundle, PatternRule
from ..ruleset.program import HeaderGroup
from ..scan.scan import Scan
from .body_hits import BodyHits
from .rule_tags import tag_values

AREA_PREFIX = {"header": "", "body": "BODY: ", "rawbody": "RAW: ", "full": "FULL: ", "uri": "URI: "}
"""What the report puts before the description of an area's rules."""
VIEWS: dict[str, Callable[[Scan], Sequence[bytes]]] = {
    "body": lambda scan: scan.body,
    "rawbody": lambda scan: scan.rawbody,
    "uri": lambda scan: scan.uris,
    "full": lambda scan: [scan.message.full],
}

BODY_AREAS = ("body", "rawbody")
"""Areas whose text depends on the body alone."""


class Matching:
    """Matches a message against pattern rules and records their hits; holds nothing about a message."""

    def __init__(self, *, templates_once: bool) -> None:
        """`templates_once` keeps a `%{TAG}` rule at the first value it met, whatever message that came with."""
        self._kept: dict[str, Regex] | None = {} if templates_once else None

    def header_group(self, scan: Scan, group: HeaderGroup, absent: bool) -> None:
        """Run the rules that look at one header value; `absent` where it is known not to be there."""
        add = scan.hits.add
        values = () if absent else scan.header_view.remembered(group.request)
        if values:
            value = values[0]
            if len(values) > 1:
                value = (b"" if value.endswith(b"\n") else b"\n").join(values)
            for name in group.exists:
                add(name)
            once = group.once
            if group.gate is not None:
                once = tuple([once[number] for number in sorted(group.gate.candidates(value))])
            for name in matching(once, value):
                add(name)
            for name, matches in group.negated:
                if not matches(value):
                    add(name)
            for name, regex, limit in group.counted:
                count = regex.count(value, limit)
                if count:
                    add(name, times=count)
        else:
            value = group.default or b""
            for name, count in group.absent:
                add(name, times=count)
        for rule in group.special:
            if rule.negate:
                unwanted = self._resolved(scan, rule.pattern)
                count = 0 if unwanted is None or unwanted.matches(value) else 1
            else:
                count = self._special(scan, rule.pattern, [value])
            if count:
                add(rule.pattern.name, times=count)

    def texts(
        self,
        scan: Scan,
        bundle: PatternBundle,
        area: str,
        priority: int,
        body_hits: BodyHits,
        early_body: list[bytes] | None,
    ) -> None:
        """Run pattern rules over their elements; what depends on the body alone, `body_hits` may play back.

        `early_body` is the body as replaced before the stage began, if it was.
        """
        prefix = AREA_PREFIX[area]
        if bundle.rules:
            view = VIEWS[area]
            if area == "body" and scan.body_replaced and scan.body is not early_body:
                early = scan.message.body if early_body is None else early_body
                found = iter(
                    body_hits.texts(scan, priority, area, lambda: bundle.hits_over(early, scan.body))
                )
            elif area in BODY_AREAS:
                found = iter(body_hits.texts(scan, priority, area, lambda: bundle.hits(view(scan))))
            elif area == "uri":
                # The header may add URIs: what is remembered holds for the very same ones only.
                uris = view(scan)
                same = f"uri {hashlib.sha1(repr(uris).encode(), usedforsecurity=False).hexdigest()}"
                found = iter(body_hits.texts(scan, priority, same, lambda: bundle.hits(uris)))
            else:
                found = bundle.hits(view(scan))
            for name, count in found:
                scan.hits.add(name, area=prefix, times=count)
        for rule in bundle.special:
            count = self._special(scan, rule, VIEWS[area](scan), keep=area != "full")
            if count:
                scan.hits.add(rule.name, area=prefix, times=count)

    def _special(self, scan: Scan, rule: PatternRule, elements: Sequence[bytes], *, keep: bool = True) -> int:
        """How often a rule hits that captures tags or waits for them."""
        regex = self._resolved(scan, rule, keep=keep) if elements else None
        if regex is None:
            return 0
        if not rule.captures:
            return rule.count(elements, regex)
        count, captures = rule.captured(elements, regex)
        for name, values in captures.items():
            texts = [value.decode("latin-1") for value in values]
            scan.set_tag(name, texts[0] if len(texts) == 1 else texts)
        return count

    def _resolved(self, scan: Scan, rule: PatternRule, *, keep: bool = True) -> Regex | None:
        """The regex with its tag in it, that of the first message where it is to be kept; none without the tag."""
        return rule.resolved(partial(tag_values, scan), self._kept if keep else None)
