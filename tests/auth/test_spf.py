"""SPF: the examples of RFC 7208, its limits, macros, and what Mail::SPF makes of odd records."""

import asyncio
import ipaddress
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyspamd.auth import spf
from pyspamd.auth.spf import SpfResult
from pyspamd.auth.spf_macro import Macros, MacroSyntaxError, expand
from pyspamd.auth.spf_record import SpfSyntaxError, read_record
from pyspamd.base.clock import Deadline
from pyspamd.net.dns import DnsResolver
from pyspamd.net.zone import ZoneResolver

# RFC 7208 appendix A, A.1 to A.4: the zone, and the records tried in it.
EXAMPLE = """
example.com     MX 10 mail-a.example.com
example.com     MX 20 mail-b.example.com
example.com     A  192.0.2.10
example.com     A  192.0.2.11
amy.example.com A  192.0.2.65
bob.example.com A  192.0.2.66
mail-a.example.com A 192.0.2.129
mail-b.example.com A 192.0.2.130
www.example.com CNAME example.com
example.org     MX 10 mail-c.example.org
mail-c.example.org A 192.0.2.140
10.2.0.192.in-addr.arpa  PTR example.com
11.2.0.192.in-addr.arpa  PTR example.com
65.2.0.192.in-addr.arpa  PTR amy.example.com
66.2.0.192.in-addr.arpa  PTR bob.example.com
129.2.0.192.in-addr.arpa PTR mail-a.example.com
130.2.0.192.in-addr.arpa PTR mail-b.example.com
140.2.0.192.in-addr.arpa PTR mail-c.example.org
4.0.0.10.in-addr.arpa    PTR bob.example.com
"""


def check(
    zone: str | ZoneResolver, ip: str = "192.0.2.10", sender: str = "joe@example.com", **rest: Any
) -> SpfResult:
    resolver = ZoneResolver(zone) if isinstance(zone, str) else zone
    return asyncio.run(spf.check(ip, sender, rest.pop("helo", "mx.example.com"), resolver, now=0, **rest))


def word(record: str, ip: str, **rest: Any) -> str:
    return check(f"{EXAMPLE}\nexample.com TXT {record}", ip, **rest).result


@pytest.mark.parametrize(
    ("record", "passing", "failing"),
    [
        ("v=spf1 +all", ["192.0.2.129", "203.0.113.1"], []),
        ("v=spf1 a -all", ["192.0.2.10", "192.0.2.11"], ["192.0.2.65"]),
        ("v=spf1 a:example.org -all", [], ["192.0.2.10"]),
        ("v=spf1 mx -all", ["192.0.2.129", "192.0.2.130"], ["192.0.2.10"]),
        ("v=spf1 mx:example.org -all", ["192.0.2.140"], ["192.0.2.129"]),
        ("v=spf1 mx mx:example.org -all", ["192.0.2.129", "192.0.2.130", "192.0.2.140"], ["192.0.2.10"]),
        ("v=spf1 mx/30 mx:example.org/30 -all", ["192.0.2.131", "192.0.2.143"], ["192.0.2.132"]),
        ("v=spf1 ptr -all", ["192.0.2.65", "192.0.2.10"], ["192.0.2.140", "10.0.0.4"]),
        ("v=spf1 ip4:192.0.2.128/28 -all", ["192.0.2.129", "192.0.2.143"], ["192.0.2.65", "192.0.2.144"]),
        ("v=spf1 a:www.example.com -all", ["192.0.2.11"], ["192.0.2.12"]),
    ],
)
def test_rfc7208_simple_examples(record: str, passing: list[str], failing: list[str]) -> None:
    assert {word(record, ip) for ip in passing} <= {"pass"}
    assert {word(record, ip) for ip in failing} <= {"fail"}


def test_rfc7208_multiple_domains() -> None:
    # Section A.2.
    zone = f"""{EXAMPLE}
example.org TXT v=spf1 include:example.com include:example.net -all
la.example.org TXT v=spf1 redirect=example.org
ny.example.org TXT v=spf1 redirect=example.org
example.com TXT v=spf1 a ~all
example.net TXT v=spf1 ip4:203.0.113.9 -all"""
    for ip, result in (("192.0.2.10", "pass"), ("203.0.113.9", "pass"), ("192.0.2.1", "fail")):
        assert check(zone, ip, "x@example.org").result == result
        assert check(zone, ip, "x@ny.example.org").result == result


def test_rfc7208_dnsbl_style() -> None:
    # Section A.3.
    zone = """
example.com TXT v=spf1 mx include:mobile-users._spf.%{d} include:remote-users._spf.%{d} -all
example.com MX 10 mail.example.com
mail.example.com A 192.0.2.129
mobile-users._spf.example.com TXT v=spf1 exists:%{l1r+}.%{d} -all
mary.mobile-users._spf.example.com A 127.0.0.2
remote-users._spf.example.com TXT v=spf1 exists:%{ir}.%{l1r+}.%{d} -all
15.15.168.192.joel.remote-users._spf.example.com A 127.0.0.2
"""
    assert check(zone, "203.0.113.1", "mary+x@example.com").result == "pass"
    assert check(zone, "192.168.15.15", "joel@example.com").result == "pass"
    assert check(zone, "192.168.15.16", "joel@example.com").result == "fail"


# Section 7.4.
MACROS = Macros(
    ip=ipaddress.ip_address("192.0.2.3"),
    sender="strong-bad@email.example.com",
    local="strong-bad",
    domain="email.example.com",
    helo="mx.example.org",
    receiver="mx.example.net",
    now=1000000000,
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("%{s}", "strong-bad@email.example.com"),
        ("%{o}", "email.example.com"),
        ("%{d}", "email.example.com"),
        ("%{d4}", "email.example.com"),
        ("%{d3}", "email.example.com"),
        ("%{d2}", "example.com"),
        ("%{d1}", "com"),
        ("%{dr}", "com.example.email"),
        ("%{d2r}", "example.email"),
        ("%{l}", "strong-bad"),
        ("%{l-}", "strong-bad"),
        ("%{lr}", "strong-bad"),
        ("%{lr-}", "bad.strong"),
        ("%{l1r-}", "strong"),
        ("%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com"),
        ("%{lr-}.lp._spf.%{d2}", "bad.strong.lp._spf.example.com"),
        ("%{ir}.%{v}.%{l1r-}.lp._spf.%{d2}", "3.2.0.192.in-addr.strong.lp._spf.example.com"),
        ("%{d2}.trusted-domains.example.net", "example.com.trusted-domains.example.net"),
        ("%{h} %% %_ %-", "mx.example.org %   %20"),
        ("%{S}", "strong-bad%40email.example.com"),
        ("%{p}", "host.example.com"),
    ],
)
def test_rfc7208_macros(text: str, value: str) -> None:
    assert expand(text, MACROS, "email.example.com", "host.example.com") == value


def test_rfc7208_macros_ipv6_and_explanations() -> None:
    macros = replace(MACROS, ip=ipaddress.ip_address("2001:db8::cb01"))
    nibbles = "1.0.b.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2"
    name = expand("%{ir}.%{v}._spf.%{d2}", macros, "email.example.com", "")
    assert name == f"{nibbles}.ip6._spf.example.com"
    told = expand("%{c} %{r} %{t}", macros, "", "", explanation=True)
    assert told == "2001:db8::cb01 mx.example.net 1000000000"
    for text in ("%{c}", "%{x}", "%{d0}", "%{d", "%x", "%{ir}%{"):
        with pytest.raises(MacroSyntaxError):
            expand(text, macros, "example.com", "")


# Results


@pytest.mark.parametrize(
    ("zone", "result"),
    [
        ("example.com TXT v=spf1 -all", "fail"),
        ("example.com TXT V=SPF1 ~ALL", "softfail"),
        ("example.com TXT v=spf1 ?all", "neutral"),
        ("example.com TXT v=spf1", "neutral"),
        ("example.com TXT v=spf10 -all", "none"),
        ("example.com TXT nothing", "none"),
        ("other.example A 192.0.2.1", "none"),
        ("example.com SERVFAIL", "temperror"),
        ("example.com TIMEOUT", "temperror"),
        ("example.com TXT v=spf1 +all\nexample.com TXT v=spf1 -all", "permerror"),
        ("example.com TXT v=spf1 +all bogus", "permerror"),
        ("example.com TXT v=spf1 a:sick.example +all\nsick.example SERVFAIL", "temperror"),
        ("example.com TXT v=spf1 include:none.example +all", "permerror"),
        ("example.com TXT v=spf1 include:sick.example +all\nsick.example SERVFAIL", "temperror"),
        ("example.com TXT v=spf1 redirect=none.example", "permerror"),
        ("example.com TXT v=spf1 redirect=example.com", "permerror"),
        ("example.com TXT v=spf1 include:example.com", "permerror"),
        ("example.com TXT v=spf1 exists:%{z}.example -all", "permerror"),
        ("example.com TXT v=spf1 redirect=a.example redirect=b.example", "permerror"),
        # RFC 4406 records, where they come first.
        ("example.com TXT spf2.0/mfrom,pra +all\nexample.com TXT v=spf1 -all", "pass"),
        ("example.com TXT v=spf1 -all\nexample.com TXT spf2.0/mfrom +all", "fail"),
        ("example.com TXT spf2.0/pra +all\nexample.com TXT v=spf1 -all", "fail"),
    ],
)
def test_results(zone: str, result: str) -> None:
    assert check(zone).result == result


def test_ipv6() -> None:
    zone = "example.com TXT v=spf1 ip6:2001:db8::/32 a//64 -all\nexample.com AAAA 2001:db9::1"
    assert check(zone, "2001:db8:1::5").result == "pass"
    assert check(zone, "2001:db9::ffff").result == "pass"
    assert check(zone, "2001:db9:0:1::1").result == "fail"
    assert check("example.com TXT v=spf1 ip4:192.0.2.0/24 -all", "::ffff:192.0.2.77").result == "pass"


def test_helo() -> None:
    zone = "mx.example.com TXT v=spf1 ip4:192.0.2.10 -all\nmx.example.com TXT spf2.0/mfrom bogus"
    found = check(zone, sender="mx.example.com", scope="helo")
    assert (found.result, found.domain, found.mechanism) == ("pass", "mx.example.com", "ip4:192.0.2.10")


def test_no_address_and_odd_senders() -> None:
    assert check("example.com TXT v=spf1 +all", "nowhere").result == "none"
    zone = "example.com TXT v=spf1 exists:%{l}.%{o} -all\npostmaster.example.com A 127.0.0.1"
    assert check(zone, sender="@example.com").result == "pass"
    # A name that cannot be asked for.
    assert check("example.com TXT v=spf1 +all", sender="joe@a..b").result == "temperror"


def test_explanation() -> None:
    zone = "example.com TXT v=spf1 -all exp=why.%{d}\nwhy.example.com TXT %{i} may not use %{o}, says %{r}%_-"
    told = "192.0.2.10 may not use example.com, says mx.example.net -"
    assert check(zone, receiver="mx.example.net").explanation == told
    assert check(zone.replace("%{r}", "%{q}")).explanation is None
    assert check(zone.replace("-all", "?all")).explanation is None
    assert check("example.com TXT v=spf1 -all exp=none.example").explanation is None


# Limits (section 4.6.4)


def test_term_limit() -> None:
    def zone(count: int) -> str:
        terms = " ".join(f"exists:x{number}.example" for number in range(count))
        aliases = "\n".join(f"x{number}.example CNAME y.example" for number in range(count))
        return f"example.com TXT v=spf1 {terms} -all\ny.example TXT here\n{aliases}"

    assert check(zone(10)).result == "fail"
    assert check(zone(11)).result == "permerror"
    assert check(zone(11), most_terms=20).result == "fail"


def test_void_limit() -> None:
    zone = "example.com TXT v=spf1 a:n1.example a:n2.example -all"
    assert check(zone).result == "fail"
    assert check(zone.replace("-all", "a:n3.example -all")).result == "permerror"


def test_deadline() -> None:
    found = check("example.com TIMEOUT", deadline=Deadline.after(0.01))
    assert (found.result, found.timed_out) == ("temperror", True)


# Syntax


INVALID = """
a: a/33 a//129 a/024 a:foo/0 all:x all/8 ip4 ip4: ip4:1.2.3 ip4:192.0.2.1/ ip4:192.0.2.1/33 ip6:192.0.2.1
ip6:fe80::1%1 include include: exists mx/ ptr/24 bogus bogus:x -=x +redirect=x.example redirect= exp=% x=%q
include:bad exists:%{d
"""


@pytest.mark.parametrize("term", INVALID.split())
def test_invalid_terms(term: str) -> None:
    with pytest.raises(SpfSyntaxError):
        read_record(f"v=spf1 {term} -all")


def test_valid_terms() -> None:
    record = read_record(
        "v=spf1  a/24//64 MX:Example.COM./30 ptr:x.example ip6:2001:DB8::1 x-y=%{d}/1 -all  "
    )
    assert record
    a, mx, ptr, ip6, _ = record.mechanisms
    assert (a.domain, a.prefix4, a.prefix6) == (None, 24, 64)
    assert (mx.name, mx.domain, mx.prefix4) == ("mx", "example.com", 30)
    assert ptr.domain == "x.example"
    assert str(ip6.network) == "2001:db8::1/128"
    assert read_record("v=spf2 all") is None


PERL = r"""
use Mail::SPF; use Net::DNS::Resolver; use JSON::PP;
my $r = Net::DNS::Resolver->new(nameservers => ['127.0.0.1'], port => shift, dnsrch => 0, defnames => 0);
my $s = Mail::SPF::Server->new(dns_resolver => $r, max_dns_interactive_terms => 20);
while (<STDIN>) {
    chomp; my ($scope, $ip, $id) = split /\t/;
    local $SIG{__WARN__} = sub { };
    my $q = Mail::SPF::Request->new(
        scope => $scope, identity => $id, ip_address => $ip, helo_identity => 'h.example');
    print $s->process($q)->code, "\n";
}
"""


@pytest.mark.oracle
def test_as_mail_spf_has_them(oracle: str, shared: Path, tmp_path: Path) -> None:
    """Names that the fake DNS makes up records for, asked by both over it."""
    (tmp_path / "spf.pl").write_text(PERL)
    command = [sys.executable, str(shared / "oracle" / "fake_dns.py"), "--port", "0", "--synth", "7208"]
    questions = [
        (scope, ip, ("joe@" if scope == "mfrom" else "") + f"d{number}.example")
        for number in range(120)
        for scope, ip in (("mfrom", f"192.0.2.{number}"), ("helo", f"2001:db8::{number:x}"))
    ]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout
        port = int(server.stdout.readline().rpartition(":")[2])
        asked = "".join("\t".join(question) + "\n" for question in questions)
        perl = [oracle, str(tmp_path / "spf.pl"), str(port)]
        expected = subprocess.run(
            perl, input=asked, capture_output=True, text=True, check=True
        ).stdout.split()
        found = asyncio.run(_ask(questions, port))
    finally:
        server.terminate()
        server.wait()
        assert server.stdout
        server.stdout.close()
    assert dict(zip(questions, found, strict=True)) == dict(zip(questions, expected, strict=True))
    assert len(set(expected)) > 4, json.dumps(expected)


async def _ask(questions: list[tuple[str, str, str]], port: int) -> list[str]:
    resolver = DnsResolver([("127.0.0.1", port)])
    scopes: dict[str, Any] = {"mfrom": "mfrom", "helo": "helo"}
    found = [
        (await spf.check(ip, name, "h.example", resolver, scope=scopes[scope], most_terms=20)).result
        for scope, ip, name in questions
    ]
    await resolver.close()
    return found


@given(st.text(max_size=120), st.text(max_size=40), st.text(max_size=40))
def test_never_raises(record: str, sender: str, helo: str) -> None:
    line = record.encode("latin-1", "replace").decode("latin-1").replace("\n", " ").replace("\r", " ")
    check(f"example.com TXT v=spf1 {line}")
    check("example.com TXT v=spf1 exists:%{l}.%{o}.%{h} -all", sender=sender + "@example.com", helo=helo)
    check("", sender=sender, helo=helo)
