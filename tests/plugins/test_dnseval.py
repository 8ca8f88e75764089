"""DNSEval: which hosts and domains are looked up where, and what answers mean."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pyspamd.base.clock import Deadline
from pyspamd.engine.assemble import Setup, assemble
from pyspamd.net.resolver import Answer, Record
from pyspamd.net.wire import build, read

RULES = """
loadplugin Mail::SpamAssassin::Plugin::DNSEval
clear_trusted_networks
clear_internal_networks
trusted_networks 192.0.2.0/24 198.51.100.7
internal_networks 192.0.2.0/24
originating_ip_headers X-Yahoo-Post-IP
header   ANY          eval:check_rbl('any', 'any.list.example.')
header   ANY_NICE     eval:check_rbl('any', 'any.list.example.')
tflags   ANY_NICE     net nice
header   ANY_TWO      eval:check_rbl_sub('any', '127.0.0.2')
header   ANY_BIT      eval:check_rbl_sub('any', '8')
header   ANY_REGEX    eval:check_rbl_sub('any', '^127\\.0\\.0\\.[34]$')
header   __ANY_SUB    eval:check_rbl_sub('any', '127.0.0.2')
header   OTHER_SET    eval:check_rbl_sub('other', '127.0.0.2')
header   NO_SUBTEST   eval:check_rbl('any', 'any.list.example.', '127.0.0.99')
header   BIT          eval:check_rbl('bit', 'any.list.example.', '2')
header   LAST         eval:check_rbl('last-lastexternal', 'last.list.example.')
header   FIRST        eval:check_rbl('first-firsttrusted', 'first.list.example.')
header   UNTRUSTED    eval:check_rbl('untrusted-untrusted', 'untrusted.list.example.')
header   NOTFIRST     eval:check_rbl('not-notfirsthop', 'notfirst.list.example.')
header   TEXT         eval:check_rbl_txt('text', 'text.list.example')
header   TEXT_MATCH   eval:check_rbl_txt('text2', 'text.list.example', '(?i:BAD)')
header   TEXT_NOT     eval:check_rbl_txt('text3', 'text.list.example', 'good')
header   VOUCHED      eval:check_rbl_accreditor('v-firsttrusted', 'any.list.example.', '127.0.0.2', 'trusty')
header   FROM_HOST    eval:check_rbl_from_host('h', 'names.list.example.')
header   FROM_DOMAIN  eval:check_rbl_from_domain('d', 'names.list.example.')
header   FROM_SUB     eval:check_rbl_from_domain('d', 'names.list.example.', '^127\\.0\\.1\\.')
header   ENVELOPE     eval:check_rbl_envfrom('e', 'names.list.example.')
header   RECEIVED     eval:check_rbl_rcvd('r', 'names.list.example.')
header   RCVD_NAMES   eval:check_rbl_rcvd('r2', 'names.list.example.')
tflags   RCVD_NAMES   net domains_only
header   RCVD_IPS     eval:check_rbl_rcvd('r3', 'names.list.example.')
tflags   RCVD_IPS     net ips_only
header   HEADERS      eval:check_rbl_headers('x', 'names.list.example.')
header   HEADERS_X    eval:check_rbl_headers('x2', 'names.list.example.', '', 'X-Web,X-Sent-By')
header   SENDER       eval:check_dns_sender()
meta     LATE         ANY_TWO && !LAST
"""
ZONE = """
9.113.0.203.any.list.example A 127.0.0.2
9.113.0.203.any.list.example A 127.0.0.12
20.113.0.203.any.list.example A 127.0.0.3
30.113.0.203.any.list.example A 10.0.0.2
9.113.0.203.last.list.example A 127.0.0.4
20.113.0.203.last.list.example A 127.0.0.4
7.100.51.198.last.list.example A 127.0.0.9
9.113.0.203.first.list.example A 127.0.0.4
30.113.0.203.untrusted.list.example A 127.0.0.4
20.113.0.203.untrusted.list.example A 127.0.0.4
9.113.0.203.notfirst.list.example A 127.0.0.4
40.113.0.203.notfirst.list.example A 127.0.0.4
9.113.0.203.text.list.example TXT a bad host, see https://list.example/?9 (http://list.example/)
8.b.d.0.1.0.0.2.any.list.example A 127.0.0.2
7.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.any.list.example A 127.0.0.2
mail.shop.example.names.list.example A 127.0.0.2
shop.example.names.list.example A 127.0.1.2
gone.test.names.list.example A 127.0.0.2
mx.far.example.names.list.example A 127.0.0.2
9.113.0.203.names.list.example A 127.0.0.2
30.113.0.203.names.list.example A 127.0.0.2
web.example.names.list.example A 127.0.0.2
4.3.2.1.names.list.example A 127.0.0.2
"""


def received(name: str, ip: str, by: str) -> str:
    return f"Received: from {name} ({name} [{ip}]) by {by} with ESMTP; Mon, 1 Jan 2024 00:00:00 +0000\n"


NEAR = received("mx.near.example", "203.0.113.9", "mx.here.test")
HEAD = "From: Joe <joe@mail.shop.example>\nTo: sue@here.test\nSubject: hello\nX-Sent-By: 1.2.3.4\nX-Web: web.example\n"
ENVELOPE = "Return-Path: <bounce@shop.example>\n"
MESSAGES = [
    (top + HEAD + more + "\nHello.\n").encode()
    for top, more in (
        (ENVELOPE + NEAR, ""),
        (ENVELOPE, ""),
        ("", ""),
        (ENVELOPE + received("relay.here.test", "192.0.2.5", "mx.here.test") + NEAR, ""),
        (
            ENVELOPE
            + received("friend.example", "198.51.100.7", "mx.here.test")
            + NEAR
            + received("mx.far.example", "203.0.113.30", "mx.near.example"),
            "",
        ),
        (
            ENVELOPE
            + received("a.example", "203.0.113.40", "mx.here.test")
            + received("b.example", "10.1.1.1", "a.example")
            + received("c.example", "203.0.113.20", "b.example")
            + received("d.example", "203.0.113.20", "c.example")
            + received("e.example", "203.0.113.9", "d.example"),
            "X-Yahoo-Post-IP: 203.0.113.30\n",
        ),
        (ENVELOPE + received("v6.example", "IPv6:2001:db8::7", "mx.here.test"), "Reply-To: a@gone.test\n"),
        (
            "Return-Path: <list@a--trusty.mail.example>\n" + NEAR,
            "Reply-To: a@[1.2.3.4]\nX-Source-IP: 1.2.3.4\nX-WebmailclientIP: 1.2.3.4\n",
        ),
        (NEAR, "Accreditor: other, Trusty; x=y\nReply-To: x@..gone..test.\n"),
        (
            ENVELOPE
            + "".join(received(f"h{n}.example", f"203.0.113.{n}", "mx.here.test") for n in range(9, 22)),
            "Resent-From: a@shop.example\n",
        ),
    )
]


@pytest.mark.oracle
def test_against_the_original(online: Any, dns: Callable[..., str]) -> None:
    verdicts = online(dns(ZONE) + RULES, MESSAGES)
    hit = {rule for verdict in verdicts for rule in verdict["hits"]}
    assert hit >= {
        "ANY",
        "ANY_NICE",
        "ANY_TWO",
        "LAST",
        "FIRST",
        "UNTRUSTED",
        "NOTFIRST",
        "TEXT",
        "VOUCHED",
        "BIT",
    }
    assert hit >= {"FROM_HOST", "FROM_DOMAIN", "FROM_SUB", "ENVELOPE", "RECEIVED", "HEADERS", "HEADERS_X"}
    assert not hit & {"OTHER_SET", "NO_SUBTEST", "TEXT_NOT", "SENDER"}


@pytest.mark.oracle
def test_a_rule_whose_subtest_cannot_be_used_is_told_with_its_place(
    online: Any, dns: Callable[..., str], caplog: pytest.LogCaptureFixture
) -> None:
    rules = (
        dns(ZONE)
        + """
loadplugin Mail::SpamAssassin::Plugin::DNSEval
header BROKEN eval:check_rbl('any', 'any.list.example.', '(')
header OLD    eval:check_rbl_sub('any', 'sb:S1 > 2')
header LONE   eval:check_rbl_sub('any')
"""
    )
    (verdict,) = online.ours(rules, MESSAGES[:1])
    assert verdict["hits"] == {}
    for rule, why in (("BROKEN", "no regex"), ("OLD", "obsolete"), ("LONE", "needs a set")):
        (told,) = [text for text in caplog.messages if why in text]
        assert re.search(rf"/rules\.cf:\d+:\d+: {rule}: ", told)


@pytest.mark.oracle
def test_the_list_as_tag(online: Any, dns: Callable[..., str]) -> None:
    (verdict,) = online(
        dns(ZONE)
        + "loadplugin Mail::SpamAssassin::Plugin::DNSEval\nheader TEXT eval:check_rbl_txt('t', 'text.list.example')\n",
        MESSAGES[:1],
        tags=("RBL",),
    )
    assert verdict["tags"]["RBL"].startswith("<dns:9.113.0.203.text.list.example?type=TXT> [a bad host")


@pytest.mark.oracle
@pytest.mark.parametrize(
    "switch", ["skip_rbl_checks 1\n", "dns_available no\n", "dns_query_restriction deny example\n"]
)
def test_switched_off(online: Any, dns: Callable[..., str], tmp_path: Path, switch: str) -> None:
    verdicts = online(dns(ZONE) + RULES + switch, MESSAGES[:2])
    assert not any(verdict["hits"] for verdict in verdicts)
    assert (tmp_path / "queries").read_text() == ""


@pytest.mark.oracle
def test_an_exception_to_the_restriction(online: Any, dns: Callable[..., str]) -> None:
    lines = "dns_query_restriction deny *\ndns_query_restriction allow any.list.example\n"
    (verdict,) = online(dns(ZONE) + RULES + lines, MESSAGES[:1])
    assert set(verdict["hits"]) == {"ANY", "ANY_NICE", "ANY_TWO", "ANY_BIT", "BIT", "LATE"}


def test_the_command_asks_too(dns: Callable[..., str], tmp_path: Path) -> None:
    site, rules = tmp_path / "site.cf", tmp_path / "rules.cf"
    site.write_text("")
    rules.write_text("loadplugin Mail::SpamAssassin::Plugin::Check\nutil_rb_tld example\n" + RULES)
    for number, message in enumerate(MESSAGES[:4]):
        (tmp_path / f"{number}.eml").write_bytes(message)
    command = [
        sys.executable,
        "-m",
        "pyspamd",
        "check",
        "--json",
        "-C",
        str(rules),
        "--siteconfigpath",
        str(site),
    ]
    settings = dns(ZONE)
    hits = {}
    for name, more in (("alone", []), ("jobs", ["--jobs", "2"]), ("local", ["-L"])):
        run = subprocess.run(
            [*command, "--cf", settings, *more, *(f"{n}.eml" for n in range(4))],
            capture_output=True,
            text=True,
            check=True,
            cwd=tmp_path,
        )
        hits[name] = [sorted(json.loads(line)["hits"]) for line in run.stdout.splitlines()]
    assert "LAST" in hits["alone"][0]
    assert hits["jobs"] == hits["alone"]
    assert hits["local"] == [[]] * 4


def test_the_primary_of_a_domain_without_servers() -> None:
    question = build("shop.example", "NS")
    packet = bytearray(question.packet)
    packet[2:4] = b"\x81\x83"
    packet[8:10] = b"\0\1"
    name = b"\3ns1\4host\7example\0"
    data = name + b"\4root\0" + bytes(20)
    packet += b"\xc0\x0c\0\6\0\1\0\0\1\0" + len(data).to_bytes(2) + data
    answer = read(question, bytes(packet))
    assert answer.status == "nxdomain"
    assert [record.data.partition(" ")[0] for record in answer.authority] == ["ns1.host.example."]


class Primaries:
    """Knows who is responsible for a domain, and one list."""

    async def query(self, name: str, rdtype: str, deadline: Deadline | None = None) -> Answer:
        if rdtype == "NS":
            soa = Record(name, "SOA", "ns1.host.example. root.host.example. 1 2 3 4 5")
            return Answer(name, rdtype, "nodata", rcode="NOERROR", authority=(soa,))
        if name == "ns1.host.example.list.example":
            return Answer(name, rdtype, "ok", (Record(name, "A", "127.0.0.2"),), rcode="NOERROR")
        return Answer(name, rdtype, "nxdomain", rcode="NXDOMAIN")


def test_the_primary_is_looked_up(tmp_path: Path) -> None:
    rules = tmp_path / "rules.cf"
    rules.write_text(
        "loadplugin Mail::SpamAssassin::Plugin::DNSEval\nutil_rb_tld example\n"
        "header PRIMARY eval:check_rbl_ns_from('n', 'list.example.', '127.0.0.2')\n"
        "header NOT     eval:check_rbl_ns_from('n', 'list.example.', '127.0.0.3')\n"
    )
    engine = assemble(Setup(files=[rules]), resolver=Primaries())
    verdict = engine.check_sync(b"Return-Path: <joe@shop..example>\nSubject: x\n\nHello.\n")
    assert [hit.rule for hit in verdict.hits] == ["PRIMARY"]
