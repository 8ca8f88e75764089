"""Our reading of configuration held against SpamAssassin's, setting by setting and rule by rule."""

import os
import random
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pyspamd.conf.conf import Conf
from pyspamd.conf.core_own import OWN_DIRECTIVES
from pyspamd.conf.dialect import Checks
from pyspamd.conf.loader import core_words, load
from pyspamd.conf.plugin_catalog import StaticCatalog
from pyspamd.conf.rules import EmptyTest, EvalCall, HeaderExists, HeaderTest, MetaTest, PluginTest, RegexTest
from pyspamd.conf.sources import Places, list_files
from pyspamd.perlre.regex import RegexError, compile_regex
from pyspamd.ruleset.meta_expression import MetaError, compile_meta

pytestmark = pytest.mark.oracle

Original = Callable[..., list[dict[str, Any]]]
FLAG = re.compile(r"\w+(?:=[^ \t\n\r\f\v,;]*)?", re.ASCII)
TYPES = {8: "header", 10: "body", 12: "full", 14: "rawbody", 16: "uri", 18: "meta", 20: "empty"}


def qr(test: RegexTest | HeaderTest) -> str:
    """The pattern as Perl prints it once it is compiled."""
    mods = f"(?{test.flags})" if test.flags else ""
    pattern = re.sub(r"(?<!\\)%\{([A-Z][A-Z0-9_]*(?:\([^)}]*\))?)\}", r"%\\{\1\\}", test.pattern)
    return f"(?^aa:{mods}{pattern})"


def rules_of(conf: Conf) -> dict[str, object]:
    """Our rules in the terms of the original's tables."""
    found: dict[str, object] = {}
    for name, rule in conf.rules.items():
        match rule.test:
            case RegexTest() as test:
                found[name] = (rule.area, qr(test))
            case HeaderTest() as test:
                found[name] = ("header", test.header, qr(test), test.negate, test.if_unset)
            case HeaderExists(header):
                found[name] = ("exists", header)
            case EvalCall(function, args):
                found[name] = (rule.area, "eval", function, args)
            case MetaTest(expression):
                found[name] = ("meta", expression)
            case PluginTest():
                found[name] = "plugin"
            case EmptyTest():
                found[name] = "empty"
    return found


def rules_there(dump: dict[str, Any]) -> dict[str, object]:
    """The original's rules in the same terms."""
    found: dict[str, object] = {}
    for name, number in dump["test_types"].items():
        kind, text = int(number), dump["tests"][name]
        if kind % 2:
            call = dump["calls"][name]
            area = "header" if kind == 0x13 else TYPES[kind - 1]
            if call is None:
                found[name] = "empty"
            elif call[0].startswith("_mimeheader") or call[0] == "check_uri_detail":
                found[name] = "plugin"
            else:
                found[name] = (area, "eval", call[0], tuple(call[1:]))
        elif name in dump.get("test_opt_exists", {}):
            found[name] = ("exists", dump["test_opt_header"][name])
        elif TYPES[kind] == "header":
            unset = dump.get("test_opt_unset", {}).get(name)
            header = dump["test_opt_header"][name]
            found[name] = (
                "header",
                header,
                dump["test_qrs"][name],
                name in dump.get("test_opt_neg", {}),
                unset,
            )
        elif TYPES[kind] == "meta":
            found[name] = ("meta", text)
        elif TYPES[kind] == "empty":
            found[name] = "plugin" if name in dump.get("askdns", {}) else "empty"
        else:
            found[name] = (TYPES[kind], dump["test_qrs"][name])
    return found


ADDRESS_LISTS = [
    "welcomelist_from",
    "welcomelist_allows_relays",
    "blocklist_from",
    "welcomelist_to",
    "more_spam_to",
    "all_spam_to",
    "blocklist_to",
    "welcomelist_auth",
    "def_welcomelist_auth",
    "bayes_ignore_from",
    "bayes_ignore_to",
]
PAIRS = ["welcomelist_from_rcvd", "def_welcomelist_from_rcvd"]
NETWORKS = ["trusted_networks", "internal_networks", "msa_networks"]
NUMBERS = [
    "required_score",
    "report_safe",
    "report_wrap_width",
    "normalize_charset",
    "always_trust_envelope_sender",
    "skip_rbl_checks",
    "dns_test_interval",
    "dns_block_time",
    "use_learner",
    "use_bayes",
    "use_bayes_rules",
    "bayes_auto_learn",
    "bayes_min_ham_num",
    "bayes_min_spam_num",
    "bayes_learn_during_report",
    "bayes_use_hapaxes",
    "bayes_journal_max_size",
    "bayes_expiry_max_db_size",
    "bayes_auto_expire",
    "bayes_token_ttl",
    "bayes_seen_ttl",
    "bayes_learn_to_journal",
    "time_limit",
    "fold_headers",
    "parse_dkim_uris",
    "allow_user_rules",
    "body_part_scan_size",
    "rawbody_part_scan_size",
    "bayes_sql_username_authorized",
    "user_scores_fallback_to_global",
    "ignore_always_matching_regexps",
]
TEXTS = [
    "ok_locales",
    "dns_available",
    "bayes_sql_override_username",
    "lock_method",
    "envelope_sender_header",
    "report_charset",
    "report_template",
    "report_contact",
    "report_hostname",
    "unsafe_report_template",
    "mbox_format_from_regex",
    "bayes_path",
    "bayes_store_module",
    "bayes_sql_dsn",
    "bayes_sql_username",
    "bayes_sql_password",
    "user_scores_dsn",
    "user_scores_sql_username",
    "user_scores_sql_password",
    "user_scores_sql_custom_query",
    "user_scores_ldap_username",
    "user_scores_ldap_password",
]
LISTS = ["originating_ip_headers", "report_safe_copy_headers", "dns_servers"]


def number_table(table: dict[str, Any] | None) -> dict[str, float]:
    return {key: float(value) for key, value in (table or {}).items()}


def flags(table: dict[str, Any] | None) -> dict[str, bool]:
    return {key: bool(int(value)) for key, value in (table or {}).items()}


def compare(ours: Conf, dump: dict[str, Any]) -> None:
    """Assert that both read the same."""
    values = ours.values
    assert rules_of(ours) == rules_there(dump)
    for index in range(4):
        there = {rule: float(score) for rule, score in dump["scoreset"][index].items()}
        assert {rule: scores[index] for rule, scores in ours.scores.items()} == pytest.approx(there)
    assert dict(ours.descriptions) == dump["descriptions"]
    there = {rule: FLAG.findall(text) for rule, text in dump["tflags"].items()}
    assert {rule: list(words) for rule, words in ours.tflags.items()} == there
    there = {rule: int(priority) for rule, priority in dump.get("priority", {}).items() if int(priority)}
    assert {rule: priority for rule, priority in ours.priorities.items() if priority} == there
    for setting in ADDRESS_LISTS:
        assert set(values[setting].entries) == set(dump.get(setting) or {}), setting
    for setting in PAIRS:
        pairs = {address: tuple(entry["domain"]) for address, entry in (dump.get(setting) or {}).items()}
        assert values[setting].entries == pairs, setting
    for setting in NETWORKS:
        assert [net.text for net in values[setting].set.networks] == dump[setting], setting
        assert values[setting].configured == (dump.get(f"{setting}_configured") == "1"), setting
    for setting in NUMBERS:
        assert float(values[setting]) == float(dump.get(setting, values[setting])), setting
    for setting in TEXTS:
        assert values[setting] == dump.get(setting), setting
    for setting in LISTS:
        assert list(values[setting]) == (dump.get(setting) or []), setting
    assert values["bayes_ignore_header"] == set(dump["bayes_ignore_header"])
    assert values["bayes_file_mode"] == int(dump["bayes_file_mode"], 8)
    assert number_table(dict(values["bayes_token_sources"])) == number_table(dump["bayes_token_sources"])
    assert number_table(dict(values["dns_options"])) == number_table(dump["dns_options"])
    assert dict(values["dns_query_restriction"]) == flags(dump.get("dns_query_blocked"))
    block_rule = {rule: set(domains) for rule, domains in (dump.get("dns_block_rule") or {}).items()}
    assert {rule: set(domains) for rule, domains in values["dns_block_rule"].items()} == block_rule
    for setting in ("valid_tlds", "two_level_domains", "three_level_domains"):
        ours_lower = {
            name.lower() for name in values[setting]
        }  # which case nonsense keeps is libidn's affair
        assert ours_lower == {name.lower() for name in dump.get(setting) or {}}, setting
    assert [list(header) for header in values["add_header"].ham] == dump["headers_ham"]
    assert [list(header) for header in values["add_header"].spam] == dump["headers_spam"]
    assert dict(values["rewrite_header"]) == dump["rewrite_header"]
    assert dict(values["subjprefix"]) == dump["subjprefix"]
    hosts = {name: flags(listed) for name, listed in (dump.get("uri_host_lists") or {}).items() if listed}
    assert {name: dict(listed) for name, listed in values["uri_host_lists"].items()} == hosts
    for name, listed in values["enlist_addrlist"].items():
        assert set(listed.entries) == set(dump[name]), name
    assert [qr(pattern) for pattern in values["redirector_pattern"]] == (
        dump.get("redirector_patterns") or []
    )
    timeouts = values["rbl_timeout"]
    assert timeouts.longest == float(dump["rbl_timeout"])
    shortest = dump.get("rbl_timeout_min")
    assert timeouts.shortest == (None if shortest is None else float(shortest))
    zones = {zone: number_table(entry) for zone, entry in (dump.get("by_zone") or {}).items()}
    assert dict(timeouts.by_zone) == {
        zone: (entry["rbl_timeout"], entry.get("rbl_timeout_min")) for zone, entry in zones.items()
    }
    if "ports" in dump:
        allowed = {port for port in range(65536) if values["dns_local_ports"].allows(port)}
        assert allowed == set(dump["ports"])
    geodb = dump.get("geodb") or {}
    assert values["geodb_module"] == geodb.get("module")
    assert dict(values["geodb_options"]) == (geodb.get("options") or {})
    assert list(values["geodb_search_path"]) == (geodb.get("geodb_search_path") or [])
    prefix = "Mail::SpamAssassin::Plugin::"
    assert set(ours.plugins) == {name.removeprefix(prefix) for name in dump["plugins_loaded"]}


def test_stock_configuration(stock_rules: Path, catalog: StaticCatalog, original: Original) -> None:
    site = Path("/etc/spamassassin")
    (there,) = original(stock_rules, site)
    ours = load(list_files(Places(stock_rules, site)), catalog, language="en_US")
    assert [str(problem) for problem in ours.problems] == []
    compare(ours, there["conf"])


EVERY = Path(__file__).with_name("every_construct")


@pytest.fixture
def every_construct(tmp_path: Path) -> Path:
    """A copy of the folder with configuration that uses every construct, well and badly."""
    return Path(shutil.copytree(EVERY, tmp_path / "every"))


def test_every_construct(every_construct: Path, catalog: StaticCatalog, original: Original) -> None:
    rules, site = every_construct / "rules", every_construct / "site"
    there, there_user = original(rules, site, site / "user_prefs")
    ours = load(list_files(Places(rules, site)), catalog, language="en_US")
    compare(ours, there["conf"])
    for_user = ours.with_user((site / "user_prefs").read_bytes(), str(site / "user_prefs"))
    compare(for_user, there_user["conf"])


LINE = re.compile(r" in (\S+) \(line (\d+)\)")


def test_faults_stand_where_the_original_finds_them(
    every_construct: Path, catalog: StaticCatalog, original: Original
) -> None:
    rules, site = every_construct / "rules", every_construct / "site"
    warnings = original(rules, site)[0]["warnings"]
    ours = load(list_files(Places(rules, site)), catalog, language="en_US").problems
    here = {(each.location.file, each.location.line) for each in ours if each.location}
    there = {(found[1], int(found[2])) for text, _, _ in warnings if (found := LINE.search(text))}
    assert len(there) > 90
    assert there - here == set()
    named = {rule for text, rule, _ in warnings if rule and not LINE.search(text)}
    assert named - {each.rule for each in ours if each.rule} == {rule for rule in named if len(rule) > 60}


WORDS = r"""
FOO BAR __X T_Y FOO BAR /a/ m{x}x m,a,b, !x 1 0 2.5 -1 (1) (-2.5) yes no 10.0.0.0/8 10. !10.1/16 ::1
a@b.example *@b.example A?b@C ham spam all Subject From x =~ !~ exists:X Subject:addr From:raw eval:f()
eval:check_rbl("a") eval:f('a',b) f( "" " \t \n \\ \# #c 5m 2h com co.uk (LIST) (x !h.example [1.2.3.4]:53
1.2.3.4:53 test: start end [if-unset:~z] version >= 3.004 4.000001 plugin(No::X) ! && || ( ) FOO&&BAR
plugin(Mail::SpamAssassin::Plugin::WLBLEval) can(Mail::SpamAssassin::Conf::feature_edns) has(a::b) de en
edns=512 norotate v6,nov4 1-5 1024-2000 0700 net nice multiple maxhits=3 $ %{A} (?<A>b) a||b /a|/ ++
allow deny .z. reset country:/x 3 == ^ ? : < 1.2.3 flock header uri noall none nouri @@VERSION@@
"""
STRUCTURE = "if ifplugin else endif endif file require_version nosuch mimeheader"
LIKELY = "header body uri full score describe tflags if ifplugin else endif rbl_timeout add_header"
APART = {"meta", "loadplugin", "tryplugin", "bayes_path", "country_db_type", "enable_compat"}
"""Directives whose effect reaches outside the configuration; metas, whose grammar has tests of its own."""


def random_line(chance: random.Random) -> str:
    """A line of configuration that may mean anything or nothing."""
    known = sorted(core_words().keys() - APART - {directive.name for directive in OWN_DIRECTIVES})
    keyword = chance.choice(LIKELY.split() if chance.random() < 0.3 else [*known, *STRUCTURE.split()])
    if chance.random() < 0.1:
        keyword = chance.choice([keyword.upper(), keyword.replace("_", "-"), f"lang de {keyword}"])
    text = ""
    for _ in range(chance.randrange(6)):
        word = chance.choice([*WORDS.replace("~", " ").split(), "\xe9", "\0", "\v", "\xa0"])
        text += word + chance.choice(["", " ", " ", "  ", "\t", ","])
    return chance.choice(["", "", " ", "\t"]) + keyword + chance.choice([" ", " ", "\t", ""]) + text


def regex_fault(pattern: str, flags: str) -> str | None:
    try:
        compile_regex(pattern, flags)
    except RegexError as error:
        return str(error)
    return None


def meta_fault(name: str, expression: str) -> str | None:
    try:
        compile_meta(expression, name, {}, local_tests_only=False)
    except MetaError as error:
        return str(error)
    return None


CHECKS = Checks(regex_fault, meta_fault)


@pytest.mark.parametrize("seed", range(int(os.environ.get("PYSPAMD_RANDOM_CONFIGURATIONS", "5"))))
def test_random_configuration(seed: int, tmp_path: Path, catalog: StaticCatalog, original: Original) -> None:
    chance = random.Random(seed)
    rules, site, user = tmp_path / "rules", tmp_path / "site", tmp_path / "user"
    rules.mkdir()
    site.mkdir()
    plugins = [f"loadplugin Mail::SpamAssassin::Plugin::{name}" for name in ("WLBLEval", "MIMEHeader")]
    (site / "init.pre").write_text("\n".join(plugins))
    for number in range(3):
        lines = [random_line(chance) for _ in range(120)]
        (rules / f"{number}.cf").write_text("\n".join(lines), encoding="latin-1")
    user.write_text("\n".join(random_line(chance) for _ in range(60)), encoding="latin-1")
    there, there_user = original(rules, site, user)
    ours = load(list_files(Places(rules, site)), catalog, language="en_US", checks=CHECKS)
    compare(ours, there["conf"])
    compare(ours.with_user(user.read_bytes(), str(user)), there_user["conf"])
