"""What a rule is before it is compiled: its name, its area and its test, as typed records.

Source: `add_test` of Mail::SpamAssassin::Conf::Parser.
"""

from dataclasses import dataclass

from ..base.problems import Location


@dataclass(frozen=True, slots=True)
class RegexTest:
    """A `body`, `rawbody`, `full` or `uri` rule: pattern without delimiters (latin-1 text) and Perl flags."""

    pattern: str
    flags: str = ""


@dataclass(frozen=True, slots=True)
class HeaderTest:
    """`header NAME Field:modifier =~ /pattern/flags [if-unset: text]`; `negate` stands for `!~`.

    `header` is the request as written, modifiers included: `From:addr`, `ALL:raw`, `X-Spam-Relays-Untrusted`.
    """

    header: str
    pattern: str
    flags: str = ""
    negate: bool = False
    if_unset: str | None = None


@dataclass(frozen=True, slots=True)
class HeaderExists:
    """`header NAME exists:Field`."""

    header: str


@dataclass(frozen=True, slots=True)
class EvalCall:
    """`eval:function(args…)`: quoted and bare arguments alike arrive as text."""

    function: str
    args: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MetaTest:
    """`meta NAME expression`, the expression as written; `ruleset` parses it."""

    expression: str


@dataclass(frozen=True, slots=True)
class PluginTest:
    """A rule its plugin runs (`mimeheader`, `uri_detail`, `askdns` …); `argument` is the plugin's record."""

    directive: str
    argument: object


@dataclass(frozen=True, slots=True)
class EmptyTest:
    """A rule that is only declared, so that it may have a score; it hits if something else says so."""


Test = RegexTest | HeaderTest | HeaderExists | EvalCall | MetaTest | PluginTest | EmptyTest


@dataclass(frozen=True, slots=True)
class RuleDef:
    """One rule as defined last: a later definition replaces an earlier one of the same name."""

    name: str
    area: str
    test: Test
    location: Location
    user: bool = False
    """Defined in user preferences (`allow_user_rules`)."""
