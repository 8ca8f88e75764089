"""A From of half a megabyte that names thousands of authors: what is asked, read and compared for it."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from pyspamd.conf import address_patterns
from pyspamd.conf.address_patterns import AddressPatterns
from pyspamd.engine.assemble import Setup, assemble
from pyspamd.mail import header_view
from pyspamd.net.zone import ZoneResolver
from pyspamd.scan.lookups import MOST_NAMES
from pyspamd.scan.signing_practices import MOST_ASKED

FIELDS, PER_FIELD = 40, 500
RULES = """
loadplugin Mail::SpamAssassin::Plugin::Check
loadplugin Mail::SpamAssassin::Plugin::AskDNS
loadplugin Mail::SpamAssassin::Plugin::DKIM
loadplugin Mail::SpamAssassin::Plugin::WLBLEval
util_rb_tld example com
askdns AUTHOR  _AUTHORDOMAIN_.l.example A
askdns AUTHOR2 _AUTHORDOMAIN_._AUTHORDOMAIN_.m.example A
loadplugin Mail::SpamAssassin::Plugin::DNSEval
header HOSTS   eval:check_rbl_from_host('h', 'h.example.')
tflags HOSTS   net
header DOMAINS eval:check_rbl_from_domain('d', 'n.example.')
tflags DOMAINS net
header HEADERS eval:check_rbl_headers('x', 'o.example.', '', 'X-Web')
tflags HEADERS net
header ADSP    eval:check_dkim_adsp('*')
header WELCOME eval:check_from_in_welcomelist()
welcomelist_from *@d7.example
score ADSP 1
"""


@pytest.fixture
def message() -> bytes:
    """Each author in a domain of its own."""
    fields = (
        b"From: " + b", ".join(b"a@d%d.example" % (PER_FIELD * field + n) for n in range(PER_FIELD))
        for field in range(FIELDS)
    )
    hosts = (b"X-Web: h%d.example" % n for n in range(2 * MOST_NAMES))
    return b"\n".join((*fields, *hosts, b"Subject: x\n\nx\n"))


def test_the_dns_is_asked_of_some_authors(message: bytes, tmp_path: Path) -> None:
    file = tmp_path / "rules.cf"
    file.write_text(RULES)
    resolver = ZoneResolver("d999.example.l.example A 127.0.0.2\n")
    verdict = assemble(Setup(files=[file]), resolver=resolver).check_sync(message)
    assert {"AUTHOR", "WELCOME"} <= {hit.rule for hit in verdict.hits}
    for zone in ("l.example", "m.example", "h.example", "n.example", "o.example"):
        assert len({name for name, _ in resolver.asked if name.endswith(zone)}) == MOST_NAMES
    practices = {name for name, _ in resolver.asked if name.startswith("_adsp.")}
    assert len(practices) == MOST_ASKED


def test_a_field_is_read_once(message: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "rules.cf"
    file.write_text(RULES)
    engine = assemble(Setup(files=[file], local_tests_only=True))
    read: Counter[bytes] = Counter()
    plainly = header_view.parse_header_addresses

    def counted(line: bytes) -> Any:
        read[line] += 1
        return plainly(line)

    monkeypatch.setattr(header_view, "parse_header_addresses", counted)
    engine.check_sync(message)
    fields = {line: count for line, count in read.items() if b"@d" in line}
    assert len(fields) == FIELDS and set(fields.values()) == {1}


@pytest.mark.parametrize("pattern", ["user{}@example.com", "*@d{}.example", "*d{}.example", "u{}x*@example.com",
                                     "u{}@*", "*w{}x*", "?{}?@example.com"])  # fmt: skip
def test_of_a_long_list_few_patterns_are_tried(pattern: str) -> None:
    """Administrators have lists of ten thousand; a pattern that is tried is compiled first."""
    table = AddressPatterns(dict.fromkeys(pattern.format(n) for n in range(10_000)))
    address_patterns._regex.cache_clear()
    for n in range(200):
        assert not table.matches(b"someone%d@elsewhere%d.example" % (n, n))
    assert address_patterns._regex.cache_info().misses < 20
    found = list(table.matching(pattern.format(1234).replace("*", "").replace("?", "y").encode()))
    assert pattern.format(1234) in found
    assert address_patterns._regex.cache_info().misses < 40
