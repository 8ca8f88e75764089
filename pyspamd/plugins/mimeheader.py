"""MIMEHeader: rules over the header fields of every MIME part.

mimeheader ZIP_ATTACHED Content-Type =~ /^application\\/zip/i
tflags     ZIP_ATTACHED multiple maxhits=3
"""

import re
from dataclasses import dataclass
from functools import cached_property, partial
from typing import NamedTuple

from ..base.remembered import remembered
from ..conf.directives import BadValue, Build, required
from ..conf.rule_directives import RuleDirective, put_captures_first, rule_and_rest, split_pattern
from ..conf.rules import PluginTest
from ..mail.headers import Headers
from ..perlre.regex import Regex, compile_regex, matching
from ..scan.plugin import Plugin, Reads, rule_test
from ..scan.scan import Scan

_DEFINITION = re.compile(r"([^:\s]+(?::(?:raw)?)?)\s*([=!]~)\s*(.+)\Z", re.ASCII)
_IF_UNSET = re.compile(r"\s+\[if-unset:\s+(.+)\]\Z", re.ASCII)
_RANGE = re.compile(r"range=(\d+)?(-)?(\d+)?\Z", re.ASCII)
MOST = 1000


@dataclass(frozen=True, slots=True)
class MimeHeaderTest:
    """Which field of each part is matched, with what."""

    header: str
    raw: bool
    negate: bool
    pattern: str
    flags: str
    if_unset: str


def _parse(text: str, build: Build) -> tuple[str, object]:
    name, definition = rule_and_rest(text)
    found = _DEFINITION.match(required(definition))
    if not found:
        raise BadValue("needs a field's name, =~ or !~, and a pattern")
    pattern = found.group(3)
    unset = _IF_UNSET.search(pattern)
    if unset:
        pattern = pattern[: unset.start()]
    source, flags = split_pattern(pattern)
    build.check_regex(name, source, flags)
    put_captures_first(name, source, build)
    header, _, modifier = found.group(1).partition(":")
    return name, MimeHeaderTest(
        header, modifier == "raw", found.group(2) == "!~", source, flags, unset.group(1) if unset else ""
    )


def _range(flags: tuple[str, ...]) -> tuple[int, int]:
    """First and last part that count, from `tflags range=1-3`, `2-`, `-4` or `5`."""
    for flag in flags:
        found = _RANGE.match(flag)
        if found:
            low, dash, high = found.groups()
            if dash is None:
                return (int(low), int(low)) if low else (0, MOST)
            return int(low or 0), int(high or MOST)
    return 0, MOST


class MIMEHeader(Plugin):
    """Runs `mimeheader` rules at their priority."""

    directives = (RuleDirective("mimeheader", _parse, area="body"),)
    features = frozenset(
        {
            "has_all_header",
            "has_tflags_range",
            "has_tflags_concat",
            "has_tflags_multiple",
            "has_capture_rules",
        }
    )

    @rule_test("mimeheader", reads=Reads.HEADER | Reads.BODY)
    def run_rule(self, scan: Scan, *, rule: str) -> bool | None:
        """Whether a part's field matches; a rule with `!~` always hits, as in the original."""
        prepared = self._prepared[rule]
        if isinstance(prepared, _Prepared):
            return _run(scan, rule, prepared)
        if rule not in scan.once(prepared, partial(prepared.hits, scan)):
            return False
        scan.hit(rule)
        return None

    @cached_property
    def _prepared(self) -> "dict[str, _Prepared | _PlainRules]":
        """How each rule is run; those that together are one object."""
        prepared: dict[str, _Prepared | _PlainRules] = {}
        plain: dict[_Field, _PlainRules] = {}
        for name, rule in self.conf.rules.items():
            if isinstance(rule.test, PluginTest) and isinstance(rule.test.argument, MimeHeaderTest):
                found = _prepare(rule.test.argument, self.conf.tflags.get(name, ()))
                prepared[name] = found
                if found.is_plain:
                    prepared[name] = together = plain.setdefault(found.field, _PlainRules(found.field))
                    together.rules.append((name, found.regex))
        return prepared


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A rule as it is run: which parts count, whether they are joined, how many matches hit."""

    test: MimeHeaderTest
    field: "_Field"
    regex: Regex
    first: int
    last: int
    concat: bool
    limit: int
    is_plain: bool
    """Whether it hits once, where any part's value matches, and captures nothing."""


def _prepare(test: MimeHeaderTest, flags: tuple[str, ...]) -> _Prepared:
    limit = next((int(f[8:]) for f in flags if f.startswith("maxhits=") and f[8:].isdigit()), None)
    if limit is None:
        limit = MOST if "multiple" in flags else 1
    first, last = _range(flags)
    field = _Field(test.header, test.raw, test.if_unset)
    regex = compile_regex(test.pattern, test.flags)
    concat = "concat" in flags
    is_plain = limit == 1 and first <= 1 and last == MOST and not (test.negate or concat or regex.names)
    return _Prepared(test, field, regex, first, last, concat, limit, is_plain)


class _Field(NamedTuple):
    """What a rule looks at in every part; many rules look at the same few fields."""

    name: str
    raw: bool
    if_unset: str

    def values(self, scan: Scan) -> tuple[list[bytes], bool]:
        """Its value in every part, and whether any is not empty; of the whole message no X-Spam-* fields."""
        root = scan.message.root
        values = [
            self._value(scan.header_view.headers if part is root else part.headers)
            for part in scan.message.find_parts()
        ]
        return values, any(values)

    def _value(self, headers: Headers) -> bytes:
        if self.name == "ALL":
            return b"".join(headers.all_raw() if self.raw else headers.all())
        if self.raw:  # what is absent is empty, whatever `[if-unset: …]` says
            return (headers.raw(self.name) or [b""])[-1]
        values = headers.get(self.name)
        return values[-1] if values else self.if_unset.encode("latin-1", "replace")


class _PlainRules:
    """The plain rules that look at one field, run together: most of its values have been seen before."""

    def __init__(self, field: _Field) -> None:
        self.rules: list[tuple[str, Regex]] = []
        self._field = field
        self._matching = remembered(most=256, longest=200)(self._work_out)

    def _work_out(self, value: bytes) -> frozenset[str]:
        if not value:
            return frozenset([name for name, regex in self.rules if regex.matches_empty])
        return frozenset(matching(self.rules, value))

    def hits(self, scan: Scan) -> frozenset[str]:
        """Those that match the value of any part."""
        values, _ = scan.once(self._field, partial(self._field.values, scan))
        return frozenset().union(*map(self._matching, values[:MOST]))


def _run(scan: Scan, rule: str, prepared: _Prepared) -> bool | None:
    if prepared.test.negate:
        return True  # whatever the parts hold: the original never counts the match that should forbid it
    regex = prepared.regex
    values, filled = scan.once(prepared.field, partial(prepared.field.values, scan))
    if not (filled or prepared.concat or regex.matches_empty):
        return False
    if prepared.first > 1 or prepared.last < len(values):
        values = values[max(0, prepared.first - 1) : prepared.last]
    if prepared.concat:
        values = [b"".join(value if value.endswith(b"\n") else value + b"\n" for value in values)]
    for value in values:
        if regex.matches(value) if value else regex.matches_empty:
            if prepared.limit == 1 and not regex.names:
                scan.hit(rule)
            else:
                _hits(scan, rule, regex, value, prepared.limit)
            return None
    return False


def _hits(scan: Scan, name: str, regex: Regex, value: bytes, limit: int) -> int:
    """Report the matches in one value and set the tags that they capture."""
    count = 0
    captures: dict[str, list[str]] = {}
    for match in regex.finditer(value):
        for tag, found in match.named_all().items():
            values = captures.setdefault(tag, [])
            texts = dict.fromkeys(text.decode("latin-1") for text in found if text)
            values += [text for text in texts if text not in values]
        scan.hit(name)
        count += 1
        if count >= limit:
            break
    for tag, values in captures.items():
        scan.set_tag(tag, values[0] if len(values) == 1 else values)
    return count
