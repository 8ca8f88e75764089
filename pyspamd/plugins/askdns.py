"""AskDNS: rules that put a question to the DNS, made from tags, and look at the answer.

    askdns VOUCHED_FOR   _DKIMDOMAIN_.vouch.example   TXT  /\\bgood\\b/
    askdns HELO_UNKNOWN  _LASTEXTERNALHELO_           A    [NXDOMAIN]
    askdns LISTED_REPLY  _HEADER(Reply-To:addr:domain)_.domains.example  A  127.0.1.2-127.0.1.9
    tflags VOUCHED_FOR   net nice

The question is asked when all its tags have values; one question each, where a tag has several.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Final

from ..base.idn import idn_to_ascii
from ..base.registry import is_fqdn_valid
from ..conf.directives import BadValue, Build, required, shorten
from ..conf.rule_directives import RuleDirective
from ..conf.rules import PluginTest, RuleDef
from ..net.codes import CodeTest, address_value, parse_code_test
from ..net.listings import data_of
from ..net.resolver import Answer, Record
from ..perlre.delimited import split_regex
from ..perlre.regex import RegexError, compile_regex
from ..scan.lookups import MOST_NAMES, Lookups, lookups_of
from ..scan.plugin import Plugin
from ..scan.scan import Scan

_RULE = re.compile(r"([^ \t\n\r\f\v]+)\s+(\S+)(?:\s+([A-Za-z0-9,]+)(?:\s+(.*?))?)?\s*", re.ASCII | re.DOTALL)
_TAG = re.compile(r"_([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*(?:\(.*?\))?)_")
_HEADER_TAG = re.compile(r"HEADER\((.*?)\)")
_REGEX = re.compile(r"/.+/[a-z]*|m([^A-Za-z0-9_]).+([^A-Za-z0-9_])[a-z]*", re.DOTALL)
_QUOTED = re.compile(r"([\"'])(.*)\1", re.DOTALL)
_CODES = re.compile(r"\[((?:[A-Z]+|[0-9]+)(?:\s*,\s*(?:[A-Z]+|[0-9]+))*)\]", re.IGNORECASE | re.ASCII)

# fmt: off
TYPES: Final = frozenset((
    "ANY", "A", "AAAA", "MX", "TXT", "PTR", "NAPTR", "NS", "SOA", "CERT", "CNAME", "DNAME", "DHCID",
    "HINFO", "MINFO", "RP", "HIP", "IPSECKEY", "KX", "LOC", "GPOS", "SRV", "OPENPGPKEY", "SSHFP",
    "SPF", "TLSA", "URI", "CAA", "CSYNC",
))
# fmt: on
"""Types of records that a rule may ask for."""

RESPONSE_CODES: Final[Mapping[str, int]] = {
    "NOERROR": 0,
    "FORMERR": 1,
    "SERVFAIL": 2,
    "NXDOMAIN": 3,
    "NOTIMP": 4,
    "REFUSED": 5,
    "YXDOMAIN": 6,
    "YXRRSET": 7,
    "NXRRSET": 8,
    "NOTAUTH": 9,
    "NOTZONE": 10,
    "BADVERS": 16,
    "BADSIG": 16,
    "BADKEY": 17,
    "BADTIME": 18,
    "BADMODE": 19,
    "BADNAME": 20,
    "BADALG": 21,
    "BADTRUNC": 22,
}
"""Response codes by name (RFC 6895 section 2.3)."""

_NAMES_LAST = frozenset(("NS", "CNAME", "PTR", "MX"))


@dataclass(frozen=True, slots=True)
class Filter:
    """What an answer must be: one of these response codes, a match, this text, or an address that passes.

    At most one is set, but a text may be read as a test on addresses too; with none, any answer will do.
    """

    codes: frozenset[int] | None = None
    pattern: tuple[str, str] | None = None
    text: str | None = None
    test: CodeTest | None = None

    def matches(self, record: Record) -> bool:
        """Whether a record of a good answer passes."""
        data = presented(record)
        if self.pattern is not None:
            return compile_regex(*self.pattern).matches(data)
        if self.text is None or self.text.encode("latin-1", "replace") == data:
            return True
        return self.test is not None and record.type == "A" and self.test.matches(address_value(record.data))


@dataclass(frozen=True, slots=True)
class Question:
    """An `askdns` rule: the name's template, its tags, the type asked for, the types wanted, and the filter."""

    template: str
    tags: tuple[str, ...]
    type: str
    wanted: frozenset[str]
    filter: Filter


def presented(record: Record) -> bytes:
    """A record's data as the original has them: text joined and in UTF-8, names with their final dot."""
    if record.strings:
        return data_of(record)
    data = f"{record.data}." if record.type in _NAMES_LAST else record.data
    return data.encode("latin-1", "replace")


def _parse_filter(name: str, text: str, build: Build) -> Filter:
    if _REGEX.fullmatch(text):
        try:
            pattern, flags = split_regex(text, bare=False)
        except RegexError as error:
            raise BadValue(f"has an unusable regex '{shorten(text)}': {error}") from error
        build.check_regex(name, pattern, flags)
        return Filter(pattern=(pattern, flags))
    if quoted := _QUOTED.fullmatch(text):
        return Filter(
            text=quoted[2], test=parse_code_test(quoted[2], plain=True) if _is_plain(quoted[2]) else None
        )
    if listed := _CODES.fullmatch(text):
        codes = [word.strip().upper() for word in listed[1].split(",")]
        unknown = [code for code in codes if code not in RESPONSE_CODES and not code.isdigit()]
        if unknown:
            raise BadValue(f"does not know the response code {unknown[0]}")
        return Filter(codes=frozenset(int(RESPONSE_CODES.get(code, code)) for code in codes))
    test = parse_code_test(text, plain=True)
    if test is None:
        raise BadValue(f"cannot use the filter '{shorten(text)}'")
    return Filter(text=test.text, test=test)


def _is_plain(text: str) -> bool:
    """Whether quoted text is what a test on addresses comes down to, and so is one."""
    return re.fullmatch(r"[0-9]+(?:[/-][0-9]+)?", text) is not None


def _parse(text: str, build: Build) -> tuple[str, object]:
    found = _RULE.fullmatch(required(text))
    if found is None:
        raise BadValue(
            f"takes a rule, a name to ask for, types of records and a filter, not '{shorten(text)}'"
        )
    name, template, types = found[1], found[2], (found[3] or "A").upper().rstrip(",")
    wanted = types.split(",")
    for word in wanted:
        if word not in TYPES:
            raise BadValue(f"does not know the type of record '{shorten(word)}'")
    asked = "ANY" if len(wanted) > 1 else wanted[0]
    passes = _parse_filter(name, found[4], build) if found[4] is not None else Filter()
    tags = tuple(sorted(dict.fromkeys(_TAG.findall(template))))
    return name, Question(template, tags, asked, frozenset(wanted), passes)


class AskDNS(Plugin):
    """Runs `askdns` rules; each as soon as its tags have values."""

    directives = (RuleDirective("askdns", _parse),)
    features = frozenset({"has_tag_header"})

    def check_dnsbl(self, scan: Scan) -> None:
        lookups = lookups_of(scan)
        if lookups is None:
            return
        for rule in scan.program.plugin_rules.get("askdns", ()):
            question = _question(rule)
            missing = [tag for tag in question.tags if not _header_of(tag)]
            if all(_values(scan, tag) for tag in question.tags if _header_of(tag)):
                scan.tags.when(missing, partial(_ask, scan, lookups, rule.name, question))


def _question(rule: RuleDef) -> Question:
    assert isinstance(rule.test, PluginTest)
    question = rule.test.argument
    assert isinstance(question, Question)
    return question


def _header_of(tag: str) -> str | None:
    found = _HEADER_TAG.fullmatch(tag)
    return found[1] if found else None


def _values(scan: Scan, tag: str) -> list[str]:
    """What stands for a tag in questions; as in the original, its values when it was first needed."""
    return scan.once(("askdns", tag), lambda: _read_values(scan, tag))


def _read_values(scan: Scan, tag: str) -> list[str]:
    header = _header_of(tag)
    if header is not None:
        value = scan.get(header) if header else None
        return [value.decode("latin-1")] if value else []
    return [value for value in scan.tags.values(tag) if value]


def _names(scan: Scan, question: Question) -> list[str]:
    """The template filled in, once for every choice of values, as far as there are not too many."""
    names = {question.template: None}
    for tag in question.tags:
        values = _values(scan, tag)
        filled = (name.replace(f"_{tag}_", value) for name in names for value in values)
        names = dict.fromkeys(islice(filled, MOST_NAMES))
    return [idn_to_ascii(name) for name in names]


def _ask(scan: Scan, lookups: Lookups, rule: str, question: Question) -> None:
    for name in scan.once(("askdns", question.template, "names"), lambda: _names(scan, question)):
        if is_fqdn_valid(name, ascii_only=True):
            lookups.ask(name, question.type, partial(_judge, scan, rule, question, name.rstrip(".")), (rule,))


def _judge(scan: Scan, rule: str, question: Question, name: str, answer: Answer) -> None:
    """Report the rule if the answer is what it waits for."""
    if question.filter.codes is not None:
        code = RESPONSE_CODES.get(answer.rcode or "")
        if code is None and (number := (answer.rcode or "").removeprefix("RCODE")).isdigit():
            code = int(number)
        if code in question.filter.codes:
            for record in answer.found or (None,):
                _hit(scan, rule, question, name, presented(record) if record else b"")
        return
    for record in answer.found:
        if ("ANY" in question.wanted or record.type in question.wanted) and question.filter.matches(record):
            _hit(scan, rule, question, name, presented(record))


def _hit(scan: Scan, rule: str, question: Question, name: str, data: bytes) -> None:
    scan.log(rule, f"{name} {question.type}:{data.decode('latin-1')}")
    scan.hit(rule, area="ASKDNS: ")
