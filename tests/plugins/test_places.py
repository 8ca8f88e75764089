"""RelayCountry, ASN and URILocalBL: where relays and hosts are, by MaxMind files and by DNS."""

import ipaddress
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from pyspamd.engine.assemble import Setup, assemble, problems_of, read_conf
from pyspamd.engine.tags import expand
from pyspamd.net.geodb import GeoDb
from pyspamd.net.zone import ZoneResolver
from pyspamd.plugins.asn import parse_systems

Serve = Callable[..., str]
Data = str | int | tuple[str, int] | list[str] | Mapping[str, Any]

MARK = b"\xab\xcd\xefMaxMind.com"
RECORD = 3


def encoded(value: Data) -> bytes:
    """A value as MaxMind's format 2.0 has it."""
    if isinstance(value, str):
        data = value.encode()
        return bytes([2 << 5 | len(data)] if len(data) < 29 else [2 << 5 | 29, len(data) - 29]) + data
    if isinstance(value, int):
        data = value.to_bytes(4).lstrip(b"\0")
        return bytes([6 << 5 | len(data)]) + data
    if isinstance(value, tuple):
        kind, number = value
        data = number.to_bytes(8).lstrip(b"\0")
        return (bytes([5 << 5 | len(data)]) if kind == "short" else bytes([len(data), 2])) + data
    if isinstance(value, list):
        return bytes([len(value), 4]) + b"".join(map(encoded, value))
    pairs = b"".join(encoded(key) + encoded(item) for key, item in value.items())
    return bytes([7 << 5 | len(value)]) + pairs


def write_file(path: Path, kind: str, records: Mapping[str, Data]) -> Path:
    """A file in which each network has its record."""
    nodes: list[list[int | None]] = [[None, None]]
    offsets: dict[int, int] = {}
    data = b""
    for number, (text, value) in enumerate(records.items()):
        network = ipaddress.ip_network(text)
        bits = f"{int(network.network_address):0128b}"[
            : network.prefixlen + (96 if network.version == 4 else 0)
        ]
        at = 0
        for place, bit in enumerate(map(int, bits)):
            if place == len(bits) - 1:
                nodes[at][bit] = -1 - number
            elif (following := nodes[at][bit]) is None:
                nodes[at][bit] = at = len(nodes)
                nodes.append([None, None])
            else:
                at = following
        offsets[-1 - number] = len(data)
        data += encoded(value)
    count = len(nodes)

    def pointer(child: int | None) -> bytes:
        value = count if child is None else child if child >= 0 else count + 16 + offsets[child]
        return value.to_bytes(RECORD)

    tree = b"".join(pointer(child) for node in nodes for child in node)
    about = {
        "node_count": count,
        "record_size": ("short", RECORD * 8),
        "ip_version": ("short", 6),
        "database_type": kind,
        "binary_format_major_version": ("short", 2),
        "binary_format_minor_version": ("short", 0),
        "build_epoch": ("long", 1),
        "description": {"en": kind},
        "languages": ["en"],
    }
    path.write_bytes(tree + bytes(16) + data + MARK + encoded(about))
    return path


@pytest.fixture
def files(tmp_path: Path) -> str:
    """Configuration that names a country, a provider and a system file."""
    country = write_file(
        tmp_path / "country.mmdb",
        "GeoLite2-Country",
        {
            "203.0.113.0/25": {"country": {"iso_code": "AQ"}, "continent": {"code": "AN"}},
            "203.0.113.128/25": {"country": {"iso_code": "FI"}, "continent": {"code": "EU"}},
            "2001:db8::/32": {"country": {"iso_code": "FI"}, "continent": {"code": "EU"}},
            "198.51.100.0/24": {"registered_country": {"iso_code": "FI"}},
        },
    )
    provider = write_file(
        tmp_path / "isp.mmdb",
        "GeoIP2-ISP",
        {
            "203.0.113.0/25": {
                "isp": "Example Hosting",
                "autonomous_system_number": 64496,
                "autonomous_system_organization": "Example Networks",
            }
        },
    )
    return f"geodb_options country:{country} isp:{provider}\n"


def received(ip: str, by: str = "mx.here.test", extra: str = "") -> str:
    return (
        f"Received: from x.test (x.test [{ip}]) by {by} with ESMTP{extra}; Mon, 1 Jan 2024 00:00:00 +0000\n"
    )


def mail(*lines: str, text: str = "Hello.") -> bytes:
    return ("".join(lines) + f"From: a@b.test\nSubject: x\n\n{text}\n").encode()


BASE = """
loadplugin Mail::SpamAssassin::Plugin::Check
util_rb_tld example test
clear_trusted_networks
clear_internal_networks
trusted_networks 192.0.2.0/24 198.51.100.0/24
internal_networks 192.0.2.0/24
"""


def verdict_of(lines: str, message: bytes, tmp_path: Path, zone: ZoneResolver | None = None) -> Any:
    file = tmp_path / "rules.cf"
    file.write_text(BASE + lines)
    engine = assemble(Setup(files=[file], local_tests_only=zone is None), resolver=zone)
    assert [str(problem) for problem in problems_of(engine)] == []
    return engine.check_sync(message)


def names(verdict: Any) -> set[str]:
    return {hit.rule for hit in verdict.hits}


# The files


def test_what_files_know(tmp_path: Path, files: str) -> None:
    paths = {"country": str(tmp_path / "country.mmdb"), "isp": str(tmp_path / "isp.mmdb")}
    known = GeoDb(("country", "isp", "asn"), paths)
    assert known.knows("country") and known.knows("isp") and known.knows("asn") and not known.knows("city")
    assert known.country("203.0.113.9") == "AQ"
    assert known.country("2001:db8::1") == "FI"
    assert known.country("198.51.100.1") == known.country("192.0.2.1") == known.country("word") == "XX"
    assert known.country("10.1.1.1") == "**"
    assert known.continent("203.0.113.200") == "EU"
    assert known.continent("192.0.2.1") == "XX"
    assert known.provider("203.0.113.9") == "Example Hosting"
    assert known.system("203.0.113.9") == ("64496", "Example Networks")
    assert known.system("203.0.113.200") == (None, "")


def test_files_on_the_path(tmp_path: Path, files: str) -> None:
    (tmp_path / "country.mmdb").rename(tmp_path / "GeoLite2-Country.mmdb")
    assert GeoDb(("country",), {}, [str(tmp_path / "no"), str(tmp_path)]).country("203.0.113.9") == "AQ"
    assert not GeoDb(("asn",), {}, [str(tmp_path)]).knows("asn")


def test_a_broken_file_is_none(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "broken.mmdb"
    path.write_bytes(b"no such format")
    known = GeoDb(("country",), {"country": str(path)})
    assert not known.knows("country")
    assert known.country("203.0.113.9") is None
    assert "broken.mmdb cannot be read" in caplog.text


# RelayCountry

COUNTRIES = """
loadplugin Mail::SpamAssassin::Plugin::RelayCountry
header UNTRUSTED X-Relay-Countries =~ /^AQ FI$/
header EXTERNAL  X-Relay-Countries-External =~ /^AQ FI$/
header KNOWN     X-Relay-Countries-Auth =~ /^XX$/
header ALL       X-Relay-Countries-All =~ /^XX XX AQ FI$/
"""


def test_countries_of_relays(tmp_path: Path, files: str) -> None:
    message = mail(
        received("192.0.2.5"),
        received("198.51.100.9", extra="A"),
        received("203.0.113.9"),
        received("203.0.113.200"),
    )
    verdict = verdict_of(COUNTRIES + files, message, tmp_path)
    assert names(verdict) == {"UNTRUSTED", "EXTERNAL", "KNOWN", "ALL"}
    assert expand(verdict, "_RELAYCOUNTRY_/_RELAYCOUNTRYAUTH_") == "AQ FI/XX"


def test_no_countries_without_a_file(tmp_path: Path) -> None:
    lines = COUNTRIES + f"geodb_search_path {tmp_path}\n"
    assert names(verdict_of(lines, mail(received("203.0.113.9")), tmp_path)) == set()


# URILocalBL

BLOCKS = """
loadplugin Mail::SpamAssassin::Plugin::URILocalBL
uri_block_cc      AQ         aq
uri_block_cc      NOT_AQ     !aq !bv
uri_block_cont    EUROPE     eu
uri_block_cont    OVERSEAS   !eu
uri_block_isp     PROVIDER   "example  hosting" Other
uri_block_cidr    NETWORK    203.0.113.128/25 2001:db8::/32
uri_block_cc      EXCLUDED   aq
uri_block_exclude EXCLUDED   cold.example 203.0.113.10
"""
ADDRESSES = """
www.cold.example A 203.0.113.9
colder.example A 203.0.113.10
warm.example A 203.0.113.200
six.example AAAA 2001:db8::7
"""


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ("http://203.0.113.9/", {"AQ", "OVERSEAS", "PROVIDER", "EXCLUDED"}),
        ("http://203.0.113.10/", {"AQ", "OVERSEAS", "PROVIDER"}),
        ("http://203.0.113.200/", {"NOT_AQ", "EUROPE", "NETWORK"}),
        ("http://www.cold.example/", {"AQ", "OVERSEAS", "PROVIDER"}),
        ("http://colder.example/", {"AQ", "OVERSEAS", "PROVIDER"}),
        ("http://warm.example/", {"NOT_AQ", "EUROPE", "NETWORK"}),
        ("http://six.example/", {"NOT_AQ", "EUROPE", "NETWORK"}),
        ("http://nowhere.example/", set()),
    ],
)
def test_blocked_uris(link: str, expected: set[str], tmp_path: Path, files: str) -> None:
    assert names(verdict_of(BLOCKS + files, mail(text=link), tmp_path, ZoneResolver(ADDRESSES))) == expected


def test_blocked_addresses_need_no_network(tmp_path: Path, files: str) -> None:
    verdict = verdict_of(BLOCKS + files, mail(text="http://203.0.113.200/ http://warm.example/"), tmp_path)
    assert names(verdict) == {"NOT_AQ", "EUROPE", "NETWORK"}
    assert {hit.rule: hit.logs for hit in verdict.hits}["NOT_AQ"] == ["Host: 203.0.113.200 in country FI"]


@pytest.mark.parametrize(
    "line",
    [
        "uri_block_cc RULE",
        "uri_block_cc RULE aqa",
        "uri_block_cc RULE aq !fi",
        "uri_block_cont RULE e1",
        "uri_block_cidr RULE 203.0.113.0/99x",
        "uri_block_cidr RULE word",
    ],
)
def test_bad_blocks_are_told(line: str, tmp_path: Path) -> None:
    file = tmp_path / "rules.cf"
    file.write_text(f"loadplugin Mail::SpamAssassin::Plugin::URILocalBL\n{line}\n")
    conf = read_conf(Setup(files=[file]))
    assert [problem.location.line for problem in conf.problems] == [2]


# ASN

SYSTEMS = """
loadplugin Mail::SpamAssassin::Plugin::ASN
asn_lookup      asn.example
asn_lookup      mine.example. _MYASN_ _MYCIDR_
asn_lookup_ipv6 six.example
header SYSTEM   eval:check_asn('/^AS64500\\b/')
header MINE     eval:check_asn('/^64501|AS64501/', 'MYASN')
header ROUTED   eval:check_asn('m{^203\\.0\\.113\\.0/24}', 'ASNCIDR')
header NEVER    eval:check_asn('/./', 'OTHER')
"""
TAGS = ("ASN", "ASNCIDR", "MYASN", "MYCIDR")
SYSTEM_ZONE = """
9.113.0.203.asn.example TXT 64500 64499 | 203.0.113.0/24 | FI | registry | 2001-06-01
9.113.0.203.mine.example TXT as64501
9.113.0.203.mine.example TXT 203.0.113.0/25 | AS64502 | Example, Nowhere | 2001-06-01 | EU
20.113.0.203.asn.example TXT 0 | 203.0.113.0/0
20.113.0.203.mine.example TXT no system known
7.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.six.example TXT 64500 | 2001:db8::/32
"""


@pytest.mark.oracle
@pytest.mark.parametrize("lines", ["", "asn_prefix ''\n", "asn_use_dns 0\n", "clear_asn_lookups\n"])
def test_systems_against_the_original(online: Any, dns: Serve, lines: str) -> None:
    messages = [
        mail(received("203.0.113.9")),
        mail(received("203.0.113.20")),
        mail(received("10.1.1.1")),
        mail(received("IPv6:2001:db8::7")),
        mail(),
    ]
    online(dns(SYSTEM_ZONE) + SYSTEMS + lines, messages, tags=TAGS)


def test_a_record_with_fields_of_its_own() -> None:
    assert parse_systems([b"64500", b"203.0.113.0", b"24"]) == ([b"64500"], [b"203.0.113.0/24"])
    assert parse_systems([b"64500", b"203.0.113.0/24"]) == ([b"64500"], [b"203.0.113.0/24"])
    assert parse_systems([b"64500 |", b"203.0.113.0/24 203.0.112.0/23"]) == (
        [b"64500"],
        [b"203.0.113.0/24", b"203.0.112.0/23"],
    )
    assert parse_systems([b"word"]) == parse_systems([]) == ([], [])


def test_zones_add_to_a_tag(tmp_path: Path) -> None:
    lines = "loadplugin Mail::SpamAssassin::Plugin::ASN\nasn_lookup asn.example\nasn_lookup mine.example\n"
    verdict = verdict_of(lines, mail(received("203.0.113.9")), tmp_path, ZoneResolver(SYSTEM_ZONE))
    assert set(expand(verdict, "_ASN_").split()) == {"AS64500", "AS64499", "AS64501", "AS64502"}
    assert set(expand(verdict, "_ASNCIDR_").split()) == {"203.0.113.0/24", "203.0.113.0/25"}


def test_the_file_knows_the_system(tmp_path: Path, files: str) -> None:
    lines = (
        "loadplugin Mail::SpamAssassin::Plugin::ASN\nasn_lookup asn.example\n"
        "header RUN_BY eval:check_asn('/^AS64496 Example Net/')\n"
    )
    zone = ZoneResolver(SYSTEM_ZONE)
    verdict = verdict_of(lines + files, mail(received("203.0.113.9")), tmp_path, zone)
    assert names(verdict) == {"RUN_BY"}
    assert zone.asked == []
    assert expand(verdict, "_ASN_ _ASNCIDR_") == "AS64496 Example Networks "
    verdict = verdict_of(
        lines + files + "asn_prefer_geodb 0\n", mail(received("203.0.113.9")), tmp_path, zone
    )
    assert names(verdict) == {"RUN_BY"}
    assert expand(verdict, "_ASNCIDR_") == "203.0.113.0/24"
