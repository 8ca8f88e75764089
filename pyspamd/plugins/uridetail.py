"""URIDetail: rules over what is known of a single URI, all conditions of which must hold for the same one.

uri_detail SHORT_TEXT raw =~ /^https:/ text !~ /\\w{4}/ domain =~ /^example\\.com$/
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from ..conf.directives import BadValue, Build, required
from ..conf.rule_directives import RuleDirective, split_pattern
from ..conf.rules import PluginTest
from ..mail.uri_canon import as_octets
from ..mail.uris import UriDetail
from ..perlre.regex import compile_regex
from ..scan.plugin import Plugin, Reads, rule_test
from ..scan.scan import Scan

_RULE = re.compile(r"(\S+)\s+(.+)\Z", re.ASCII)
_CONDITION = re.compile(r"\b(\w+)\b\s*([=!]~)\s*((?:/.*?/|m(\W).*?\4)[imsx]*)(?=\s|\Z)", re.ASCII)
KEYS = ("raw", "type", "cleaned", "text", "domain", "host")


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition of a `uri_detail` rule."""

    key: str
    negate: bool
    pattern: str
    flags: str

    def holds(self, texts: Iterable[str]) -> bool:
        """Whether some text matches, or with `!~` some text does not."""
        regex = compile_regex(self.pattern, self.flags)
        return any(regex.matches(as_octets(text)) != self.negate for text in texts)


def _parse(text: str, build: Build) -> tuple[str, object]:
    found = _RULE.match(required(text))
    if not found:
        raise BadValue("needs a rule's name and its conditions")
    name, definition = found.groups()
    conditions: dict[str, Condition] = {}
    for key, operator, pattern, _ in _CONDITION.findall(definition):
        if key not in KEYS:
            raise BadValue(f"knows {', '.join(KEYS)}, not '{key}'")
        source, flags = split_pattern(pattern)
        build.check_regex(name, source, flags)
        conditions[key] = Condition(key, operator == "!~", source, flags)
    if not conditions:
        raise BadValue(f"has no condition for '{name}' that can be read")
    return name, tuple(conditions[key] for key in KEYS if key in conditions)


def _texts(detail: UriDetail, key: str) -> Iterable[str]:
    return {
        "raw": (detail.raw,),
        "type": detail.types,
        "cleaned": detail.cleaned,
        "text": detail.anchor_text,
        "domain": detail.domains,
        "host": detail.hosts,
    }[key]


class URIDetail(Plugin):
    """Runs `uri_detail` rules at their priority."""

    directives = (RuleDirective("uri_detail", _parse, area="body"),)
    features = frozenset({"has_host_key"})

    @rule_test("uri_detail", reads=Reads.HEADER | Reads.BODY)
    def run_rule(self, scan: Scan, *, rule: str) -> bool:
        """Whether every condition holds for one URI."""
        definition = self.conf.rules[rule].test
        assert isinstance(definition, PluginTest)
        assert isinstance(definition.argument, tuple)
        return any(
            all(condition.holds(_texts(detail, condition.key)) for condition in definition.argument)
            for detail in scan.uri_details.values()
        )
