"""URIDNSBL: which hosts are looked up, where and how, and what answers mean."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pyspamd.engine.assemble import Setup, read_conf

Serve = Callable[..., str]

RULES = """
loadplugin Mail::SpamAssassin::Plugin::URIDNSBL
util_rb_2tld co.example
uridnsbl_skip_domain Skipped.example www.half.example
"""


def rule(name: str, line: str, flags: str = "net") -> str:
    directive, rest = line.split(None, 1)
    return f"{directive} {name} {rest}\nbody {name} eval:check_uridnsbl('{name}')\ntflags {name} {flags}\n"


RULES += "".join(
    (
        rule("DOMAIN", "urirhsbl d.list.example. A"),
        rule("DOMAIN_TXT", "urirhsbl d.list.example TXT"),
        rule("DOMAIN_ONLY", "urirhsbl d.list.example A", "net domains_only"),
        rule("ADDRESS_ONLY", "urirhsbl d.list.example A", "net ips_only"),
        rule("FULL_NAME", "urirhsbl d.list.example A", "net notrim"),
        rule("EXACT", "urirhssub d.list.example A 127.0.0.2"),
        rule("MASK", "urirhssub d.list.example A 4"),
        rule("HEX", "urirhssub d.list.example A 0x10"),
        rule("RANGE", "urirhssub d.list.example A 127.0.0.16-127.0.0.31"),
        rule("VALUE_MASK", "urirhssub d.list.example A 127.0.0.0/255.255.255.0"),
        rule("TEXT_EXACT", "urirhssub d.list.example TXT 16"),
        rule("TEXT_RANGE", "urirhssub d.list.example TXT 0-5"),
        rule("BY_DEFAULT", "uridnsbl i.list.example A"),
        rule("BY_NS", "uridnsbl i.list.example A", "net ns"),
        rule("BY_A", "uridnsbl i.list.example A", "net a"),
        rule("BY_BOTH", "uridnssub i.list.example A 127.0.0.2", "net a ns"),
        rule("NS_DOMAIN", "urinsrhsbl n.list.example A"),
        rule("NS_DOMAIN_SUB", "urinsrhssub n.list.example A 127.0.0.3"),
        rule("NS_NAME", "urifullnsrhsbl n.list.example A"),
        rule("NS_NAME_SUB", "urifullnsrhssub n.list.example A 127.0.0.4"),
        "score UNSCORED 0\n" + rule("UNSCORED", "urirhsbl d.list.example A"),
        "meta AFTERWARDS EXACT && !NS_NAME\n",
    )
)
ZONE = """
shop.example.d.list.example A 127.0.0.2
shop.example.d.list.example TXT 16
shop.co.example.d.list.example A 127.0.0.20
shop.co.example.d.list.example TXT see https://list.example/
www.shop.example.d.list.example A 127.0.0.4
skipped.example.d.list.example A 127.0.0.2
www.half.example.d.list.example A 127.0.0.2
half.example.d.list.example A 127.0.0.8
outside.example.d.list.example A 192.0.2.9
alias.example.d.list.example CNAME shop.example.d.list.example
9.113.0.203.d.list.example A 127.0.0.2
1.1.168.192.d.list.example A 127.0.0.2
shop.example NS ns1.host.example
shop.example NS NS2.Other.example
shop.example NS 203.0.113.77
half.example NS ns9.nowhere.example
www.shop.example A 203.0.113.20
www.shop.example A 203.0.113.21
ns1.host.example A 203.0.113.30
20.113.0.203.i.list.example A 127.0.0.2
30.113.0.203.i.list.example A 127.0.0.5
host.example.n.list.example A 127.0.0.3
ns2.other.example.n.list.example A 127.0.0.4
77.113.0.203.n.list.example A 127.0.0.3
dkim.example.d.list.example A 127.0.0.2
far.test.d.list.example A 127.0.0.2
"""


def mail(text: str, fields: str = "", kind: str = "text/plain") -> bytes:
    return f"From: a@b.test\nSubject: x\n{fields}Content-Type: {kind}\n\n{text}\n".encode()


HTML = """<p><a href="http://www.shop.example/a">here</a> <a href="http://half.example/"></a>
<img src="http://x.alias.example/i.gif"><form action="http://shop.co.example/"></form>
<a href="mailto:joe@far.test">write</a></p>"""
MESSAGES = [
    mail("nothing to see"),
    mail("see http://www.shop.example/ now"),
    mail("see http://a.b.shop.co.example/ and http://skipped.example/ and http://www.skipped.example/x"),
    mail("http://www.half.example/"),
    mail("http://other.half.example/ http://outside.example/"),
    mail("http://203.0.113.9/x http://192.168.1.1/ http://[2001:db8::1]/ http://3405803785/"),
    mail(HTML, kind="text/html"),
    mail("write to joe@far.test or mailto:joe@far.test"),
    mail("nothing", "DKIM-Signature: v=1; d=dkim.example; s=a; b=x\n"),
    mail("HTTP://WWW.SHOP.EXAMPLE/ http://www.alias.example/"),
]


@pytest.mark.oracle
def test_against_the_original(online: Any, dns: Serve) -> None:
    verdicts = online(dns(ZONE) + RULES, MESSAGES, tags=("URIHOSTS", "URIDOMAINS"))
    hit = {name for verdict in verdicts for name in verdict["hits"]}
    assert hit >= {
        "DOMAIN",
        "DOMAIN_TXT",
        "DOMAIN_ONLY",
        "ADDRESS_ONLY",
        "FULL_NAME",
        "EXACT",
        "MASK",
        "HEX",
        "RANGE",
    }
    assert hit >= {"VALUE_MASK", "TEXT_EXACT", "BY_A", "BY_BOTH", "NS_DOMAIN", "NS_DOMAIN_SUB", "NS_NAME"}
    # As in the original: the addresses of name servers are looked up for rules that want those of hosts.
    assert not hit & {"BY_DEFAULT", "BY_NS", "UNSCORED"}


@pytest.mark.oracle
@pytest.mark.parametrize(
    "lines",
    [
        "clear_uridnsbl_skip_domain\n",
        "clear_uridnsbl_skip_domain skipped.example other.example\n",
        "uridnsbl_skip_mailto 0\n",
        "uridnsbl_max_domains 0\n",
        "parse_dkim_uris 0\n",
        "skip_uribl_checks 1\n",
        "dns_query_restriction deny d.list.example\n",
    ],
)
def test_settings_against_the_original(online: Any, dns: Serve, lines: str) -> None:
    online(dns(ZONE) + RULES + lines, MESSAGES, tags=("URIHOSTS", "URIDOMAINS"))


def test_links_that_are_seen_come_first(agreement: Any, dns: Serve, tmp_path: Path) -> None:
    from dataclasses import replace

    lines = dns(ZONE) + RULES + "uridnsbl_max_domains 1\n"
    (verdict,) = replace(agreement, network=True).ours(lines, [MESSAGES[6]], ("URIHOSTS",))
    assert verdict["tags"]["URIHOSTS"] == "www.shop.example"
    assert "half.example" not in (tmp_path / "queries").read_text()


@pytest.mark.parametrize(
    "line",
    [
        "uridnsbl",
        "uridnsbl RULE zone",
        "uridnsbl RULE zone A more",
        "urirhssub RULE zone A",
        "urirhssub RULE zone A x",
        "uridnssub RULE zone A 1.2.3.444",
        "urinsrhssub RULE zone A 0x",
        "urifullnsrhssub RULE zone A 1-",
        "uridnsbl_max_domains many",
    ],
)
def test_bad_lines_are_told(line: str, tmp_path: Path) -> None:
    file = tmp_path / "rules.cf"
    file.write_text(f"loadplugin Mail::SpamAssassin::Plugin::URIDNSBL\n{line}\n")
    assert [problem.location.line for problem in read_conf(Setup(files=[file])).problems] == [2]
