"""Messages of 400 kB made to cost the square of their length or worse: each took minutes, some for ever."""

import base64
import io
import ipaddress
import random
import re
import struct
import time
import zipfile
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from pyspamd.auth import addresses, keys, spf, spf_record
from pyspamd.auth.spf_macro import Macros, MacroSyntaxError, expand
from pyspamd.base.idn import idn_to_ascii
from pyspamd.engine import layout, markup
from pyspamd.mail import addresses as mail_addresses
from pyspamd.mail import (
    charset_names,
    content_type,
    freemail_hops,
    html_colours,
    html_links,
    html_style,
    mime_shape,
    office,
)
from pyspamd.mail.addresses import parse_header_addresses
from pyspamd.mail.content_type import parse_content_type
from pyspamd.mail.html import render
from pyspamd.mail.uri_canon import canonicalize
from pyspamd.mail.zip_members import MOST_MEMBERS, MOST_PLACES, Budget, read_zip
from pyspamd.plugins import headereval, mimeeval, phishtag, urieval
from pyspamd.scan import author_signatures

SIZE = 400_000
KEY = base64.b64encode(
    rsa.generate_private_key(public_exponent=65537, key_size=2048)
    .public_key()
    .public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
)
MOST_SECONDS = 60
RULES = """
loadplugin Mail::SpamAssassin::Plugin::HeaderEval
loadplugin Mail::SpamAssassin::Plugin::HTMLEval
loadplugin Mail::SpamAssassin::Plugin::MIMEEval
loadplugin Mail::SpamAssassin::Plugin::URIEval
ok_locales ja
body   BAD_ISO  eval:check_for_mime('mime_bad_iso_charset')
body   SHOUTING eval:check_for_uppercase('50', '100')
header CAPITALS eval:subject_is_all_caps()
body   REDIRECT eval:check_for_http_redirector()
header JUNO     eval:check_for_forged_juno_received_headers()
header HOTMAIL  eval:check_for_forged_hotmail_received_headers()
header RATWARE  eval:check_ratware_name_id()
header UNUSABLE eval:check_messageid_not_usable()
uri    LINK     /example/
header NAME     From:name =~ /A/
"""
TOP = b"From: a@juno.com\nTo: b@example.net\nSubject: x\nX-Originating-IP: x\n"
HOP = b"Received: from x " + b"from" * 300 + b" juno.com mail.com" * 200 + b" [192.0.2.1]" * 200 + b"\n"
BELOW = (
    b"MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n"
    b"--b\nContent-Type: text/plain; charset=%b\n\nX\n"
)


def _html(text: bytes) -> bytes:
    return TOP + b"Content-Type: text/html\n\n" + text


MESSAGES = {
    "a charset of hyphens": TOP + BELOW % (b"iso-" + b"-" * SIZE),
    "a charset of charsets": TOP + BELOW % (b"koi" * (SIZE // 3) + b"!"),
    "a charset by many names": TOP
    + b'Content-Type: text/plain; charset="mac%b%b"\n\n\xe9\n' % (b"_" * 30, b"@euro" * 30),
    "quoted blanks": TOP
    + b"Content-Transfer-Encoding: quoted-printable\n\n=41"
    + b"=20" * (SIZE // 3)
    + b"x\n",
    "hops that are no hops": HOP * 4 + TOP + b"\nx\n",
    "brackets never closed": (b"To: " + b"<" * 8000 + b"\n") * (SIZE // 8000) + TOP + b"\nx\n",
    "a list nobody can leave": TOP
    + b"List-Unsubscribe: "
    + b"<mailto:leave-" * 150
    + b"@>a" * 2000
    + b"\n\nx\n",
    "names that are all commas": (b"From: " + b"," * 7000 + b"=?utf-8?Q?" + b"=41" * 300 + b"?=\n") * 48
    + b"\nx\n",
    "links below a long base": _html(
        b'<base href="http://example.com/'
        + b"a/" * 4000
        + b'">'
        + b"<a href=./x>" * 5
        + b"".join(b"<a href=./%d>" % n for n in range(SIZE // 18))
    ),
    "links with long hosts": _html(
        b"".join(b'<a href="http://' + b"a" * 8000 + b'%d">x</a>' % n for n in range(SIZE // 8050))
    ),
    "links to names of a thousand characters": _html(
        b"".join(
            b'<a href="http://%b%d.com/">x</a>'
            % ("".join(chr(0x4E00 + 7 * n) for n in range(900)).encode(), number)
            for number in range(400)
        )
    ),
    "links in links": _html(
        b"".join(
            b'<a href="http://a.com/' + b"http://a.com/" * 620 + b'%d">x</a>' % n for n in range(SIZE // 8100)
        )
    ),
    "identities that never end": (b"X-Message-Id: " + (b"<" + b"A" * 28 + b".") * 260 + b"\n") * 150
    + TOP
    + b"\nx\n",
    "boundaries in names": TOP
    + b"MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n"
    + b"".join(
        b'--b\nContent-Type: text/plain; name="' + b"boundary=" * 900 + b'"\n\nx\n' for _ in range(48)
    ),
    "attributes by other names": _html(
        b"<a " + b"".join(b"%d/href=x " % n for n in range(SIZE // 13)) + b">x</a>"
    ),
}


@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_is_judged_in_time(agreement: Any, name: str) -> None:
    begun = time.process_time()
    agreement.ours(RULES, [MESSAGES[name]])
    assert time.process_time() - begun < MOST_SECONDS


@pytest.mark.parametrize("text", [b'"\\', b"[", b"[\\", b'["', b"a "])
def test_an_address_list_is_read_in_time(text: bytes) -> None:
    begun = time.process_time()
    addresses.first_address(text * (SIZE // len(text)))
    assert time.process_time() - begun < MOST_SECONDS


def test_entries_that_say_nothing_are_not_kept_by_the_thousand() -> None:
    entries = parse_header_addresses(b"," * 7000 + b"x" * 1000)
    assert 100 <= len(entries) < 200
    assert len(parse_header_addresses(b"a@example.com," * 500)) == 500


@pytest.mark.parametrize(
    ("module", "ask"),
    [
        (mail_addresses, lambda n: parse_header_addresses(b"a%d@example.com," % n * 400)),
        (html_colours, lambda n: html_colours.colour(f"#{n}" + "0" * 100_000)),
        (html_style, lambda n: html_style.style("#000000", "#ffffff", 3, f"{n}" + "x" * 100_000, "")),
    ],
)
def test_what_is_long_is_not_remembered(module: Any, ask: Callable[[int], object]) -> None:
    """A worker would keep a thousand messages' worth of it."""
    ask(0)
    known = module._remembered.cache_info().currsize
    for number in range(1, 5):
        assert ask(number) is not None
    assert module._remembered.cache_info().currsize == known


@pytest.mark.parametrize(
    ("read", "short", "long"),
    [
        (keys.read_key, b"p=" + KEY, b"p=" + KEY + b"; n=" + b"x" * 10_000),
        (spf_record.read_record, "v=spf1 ip4:192.0.2.1", "v=spf1" + " ip4:192.0.2.1" * 4000),
        (parse_content_type, b"text/plain; charset=utf-8", b"text/plain; charset=" + b"x" * 10_000),
    ],
)
def test_what_is_long_is_read_anew(read: Callable[[Any], object], short: Any, long: Any) -> None:
    assert read(short) is read(short)
    assert read(long) is not read(long)


def test_a_page_does_not_swell_below_its_base() -> None:
    base, links = "http://example.com/" + "a" * 8000 + "/", 3000
    source = f"<base href='{base}'>" + "".join(f"<a href=x{n}>" for n in range(links))
    uris = list(render(source, wide=False, octets=len(source)).uris)
    assert f"{base}x0" in uris and f"x{links - 1}" in uris
    assert 2**23 < sum(map(len, uris)) < 2**23 + 100_000


def _bomb(name: str, content: bytes) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(name, content)
    return archive.getvalue()


def test_archives_that_share_a_budget_share_it() -> None:
    budget = Budget()
    sizes = []
    for _ in range(8):
        archive = read_zip(_bomb("x", bytes(15_000_000)), budget)
        assert archive is not None
        sizes.append(len(archive.content(archive.members[0]) or b""))
    assert sizes[:4] == [15_000_000] * 4 and not any(sizes[5:])


def test_what_cannot_be_unpacked_costs_as_much() -> None:
    whole = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = whole.compress(bytes(15_000_000)) + whole.flush(zlib.Z_SYNC_FLUSH) + b"\xff" * 8
    sizes = (0, len(packed), 15_000_000, 1, 0)
    local = b"PK\3\4" + struct.pack("<HHHHIIIHH", 20, 0, 8, 0, *sizes) + b"x" + packed
    entry = b"PK\1\2" + struct.pack("<HHHHHHIIIHHHHHII", 20, 20, 0, 8, 0, 0, *sizes, 0, 0, 0, 0, 0) + b"x"
    end = b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, 5000, 5000, 5000 * len(entry), len(local), 0)
    archive = read_zip(local + entry * 5000 + end)
    assert archive is not None and len(archive.members) == 5000
    begun = time.process_time()
    assert not any(archive.content(member) for member in archive.members)
    assert time.process_time() - begun < MOST_SECONDS


def test_members_are_read_so_far() -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        for number in range(MOST_MEMBERS // 2 + 10):
            file.writestr(f"{number}", b"")
    budget = Budget()
    read = [read_zip(archive.getvalue(), budget) for _ in range(3)]
    half = MOST_MEMBERS // 2
    assert [len(found.members) for found in read if found] == [half + 10, half - 10, 0]


def test_places_in_documents_are_looked_at_so_far() -> None:
    target = b'Relationship Target="http://a.example/" TargetMode="External" '
    budget = Budget()
    assert len(office.external_targets(target * 15_000, budget)) == 15_000
    assert len(office.external_targets(target * 15_000, budget)) == MOST_PLACES - 15_000
    budget = Budget()
    link = b"\0http://" + b"exe|" * 3
    assert office.links_to_program(b"\0http://aaaaaaaaaa.exe\0", budget)
    assert not office.links_to_program(link * MOST_PLACES + b"\0http://aaaaaaaaaa.exe\0", budget)
    assert budget.places <= 0


def test_redirections_of_a_long_uri_are_followed_so_far() -> None:
    assert len(canonicalize("http://example.com/" + "http:a." * 1000)) < 200
    short = "http://example.com/" + "".join(f"http://a{n}.example/" for n in range(20))
    assert len(canonicalize(short)) == 21


def test_a_bracket_that_nothing_closes_is_no_comment() -> None:
    assert addresses.first_address(b"( a (b) <x@example.com>") == b"x@example.com"
    begun = time.process_time()
    addresses.first_address(b"(\\" * (SIZE // 2))
    assert time.process_time() - begun < MOST_SECONDS


def _redirection(text: str) -> tuple[str, ...] | None:
    found = urieval._REDIRECT.match(text) or urieval._CLOSE_REDIRECT.match(text)
    return found and found.groups()


def _plain_redirection(text: str) -> tuple[str, ...] | None:
    found = re.match(r"https?://([^/:?]+).+?(https?:/{0,2}?([^/:?]+).*)$", text, re.IGNORECASE)
    return found and found.groups()


def _label_by_label(domain: str) -> str:
    while len(domain) > spf.LONGEST_DOMAIN and "." in domain.lstrip(".")[1:]:
        domain = domain.partition(".")[2]
    return domain


def test_a_label_is_converted_as_long_as_it_can_be() -> None:
    assert idn_to_ascii("\xfc" * 50 + ".com", characters=True).startswith("xn--")
    assert idn_to_ascii("a" * 59 + "\xad\xad\xad\xad.com", characters=True) == "a" * 59 + ".com"
    too_long = "\u4e00" * 60 + ".com"
    assert idn_to_ascii(too_long, characters=True) == too_long.encode().decode("latin-1")


def test_a_domain_is_cut_as_it_is_label_by_label() -> None:
    dice = random.Random(6)
    for _ in range(5_000):
        labels = dice.choices(["", "a", "b" * 60, "."], k=dice.randint(0, 12))
        assert spf.shortened(".".join(labels)) == _label_by_label(".".join(labels))
    begun = time.process_time()
    assert len(spf.shortened("a." * 2_000_000)) <= spf.LONGEST_DOMAIN
    assert time.process_time() - begun < MOST_SECONDS


def test_macros_come_to_an_end() -> None:
    macros = Macros(ipaddress.ip_address("192.0.2.1"), "a." * 4000, "a." * 4000, "example.com", "x", "y", 0.0)
    assert len(expand("%{l}" * 30, macros, "example.com", "x")) == 30 * 8000
    with pytest.raises(MacroSyntaxError, match="without end"):
        expand("".join(f"%{{l{n}}}" for n in range(1, 9000)), macros, "example.com", "x")


def _found(pattern: re.Pattern[Any]) -> Callable[[Any], bool]:
    return lambda text: pattern.search(text) is not None


def _trailing(line: bytes) -> int:
    found = re.search(rb"((?:=09|=20)+)\s*\Z", line)
    return len(found[1]) // 3 if found else 0


def _is_shouted(charset: str) -> bool:
    return bool(mimeeval._CHARSET.fullmatch(charset) and mimeeval._SHOUTING.search(charset))


def _has_juno(received: bytes) -> bool:
    cookie = freemail_hops._JUNO_COOKIE.search(received)
    return cookie is not None or freemail_hops._has_hop(received, freemail_hops._JUNO_HOP)


_IP = freemail_hops.IP_ADDRESS
_SHOUTERS = "koi|jp|jis|euc|gb|big5|isoir|cp1251|windows-1251|georgianps|pt154|tis"
PLAINLY: dict[str, tuple[Callable[[Any], object], Callable[[Any], object], Any]] = {
    "iso": (
        _found(mime_shape._ISO),
        _found(re.compile(r"iso-\S+-\S+\b", re.ASCII | re.IGNORECASE)),
        ["iso", "iso-", "-", "a", " ", "8859", ".", "\xe9", "\n"],
    ),
    "trailing": (
        mime_shape._trailing_blanks,
        _trailing,
        [b"=20", b"=09", b"=", b"2", b"0", b" ", b"\n", b"x"],
    ),
    "shouting": (
        _is_shouted,
        _found(re.compile(rf"\A[-_a-z0-9]*(?:{_SHOUTERS})[-_a-z0-9]*\Z", re.IGNORECASE)),
        ["koi", "jp", "a", "-", "!", "8", "\xe9", "KOI", "\n", "windows-", "1251"],
    ),
    "capitals": (
        _found(headereval._CAPS_CHARSET),
        _found(re.compile(rf"=\?[-_a-z0-9]*(?:{_SHOUTERS})[-_a-z0-9]*\?".encode(), re.IGNORECASE)),
        [b"=?", b"koi", b"jp", b"a", b"-", b"?", b" ", b"\n"],
    ),
    "unsubscribe": (
        headereval._ends_with_list_address,
        _found(re.compile(rb"<mailto:(?:leave-\S+|\S+-unsubscribe)@\S+>$", re.IGNORECASE)),
        [b"<mailto:", b"leave-", b"-unsubscribe", b"@", b">", b"a", b" ", b"\n", b"x@y>"],
    ),
    "juno": (
        _has_juno,
        _found(
            re.compile(
                rb"from.*\b(?:juno|untd)\.com.*[\[(]" + _IP + rb"[\])].*by| cookie\.(?:juno|untd)\.com "
            )
        ),
        [
            b"from",
            b" juno.com",
            b"untd.com",
            b"[192.0.2.1]",
            b"(::1]",
            b"by",
            b" ",
            b"\n",
            b"x",
            b" cookie.juno.com ",
        ],
    ),
    "mail.com": (
        lambda received: freemail_hops._has_hop(received, freemail_hops._MAIL_COM_HOP),
        _found(re.compile(rb"from.*\bmail\.com.*\[" + _IP + rb"\].*by")),
        [b"from ", b"mail.com", b"[192.0.2.1]", b"by", b" ", b"\n", b"x"],
    ),
    "ratware": (
        lambda ids: (found := headereval._RATWARE_ID.search(ids, 0, ids.rfind(b">") + 1)) and found[1],
        lambda ids: (found := re.search(rb"<[A-Z]{28}\.([^>]+?)>", ids)) and found[1],
        [b"<" + b"A" * 28 + b".", b"<", b"A" * 28, b".", b">", b"a", b"\n"],
    ),
    "boundary": (
        lambda value: (found := content_type._BOUNDARY.search(value)) and found[1],
        lambda value: (
            (found := re.search(rb'\bboundary\s*=\s*("[^"]+|[^\s";]+(?=[\s;]|$))', value, re.IGNORECASE))
            and found[1]
        ),
        [b"boundary", b"boundary=", b'"', b"=", b" ", b";", b"a", b"\n"],
    ),
    "field of a part": (
        lambda line: (found := markup._PART_FIELD.match(b"Content-Type:" + line)) and found[2],
        lambda line: (found := re.match(rb"Content-Type:\s+(.+?)\s*$", b"Content-Type:" + line)) and found[1],
        [b" ", b"a", b"\t", b"\r", b"x y", b"\n"],
    ),
    "redirection": (
        _redirection,
        _plain_redirection,
        ["http://", "https", "http", "://", "a", "/", "?", ":", "HTTP", "\n"],
    ),
    "author": (
        lambda author: (found := author_signatures._AUTHOR_DOMAIN.search(author)) and found[1],
        lambda author: (found := re.search(r"@([^@]+?)[ \t]*\Z", author)) and found[1],
        ["@", "a", " ", "\t", ".", "\n"],
    ),
    "group": (
        lambda to: (found := freemail_hops._MSN_GROUP.search(to)) and found[1],
        lambda to: (found := re.search(rb"<(\S+)@groups\.msn\.com>", to, re.IGNORECASE)) and found[1],
        [b"<", b"@groups.msn.com>", b"@groups.msn.com", b"a", b" ", b"\n", b">"],
    ),
}


_PIECE = rb"[-a-z0-9+&@#/%?=~_|!:,.;]{5,1000}[-a-z0-9+&@#/%=~_|]{5,1000}"
_LINKED = re.compile(rb"\0(https?://" + _PIECE + rb".(?:exe|cmd|bat))[\x06|\0]", re.IGNORECASE)
_OUTSIDE = re.compile(rb'Target="([^"]*)".*?TargetMode="External"', re.IGNORECASE | re.DOTALL)
_TAIL = re.compile(r"(?:(?:^|[ \t])[\t\x20-\x7e]*(?:\r?\n)?|\r?\n)\Z")
PLAINLY |= {
    "program": (
        lambda data: office.links_to_program(b"\0http://" + data, Budget()),
        lambda data: _LINKED.search(b"\0http://" + data) is not None,
        [b"\0httpS://", b"aaaaa", b"b", b".", b"?", b".exe", b"cmd\0", b".exe\0", b"BAT|", b"\x06", b"\n",
         b"x" * 990, b"x" * 1000],
    ),
    "outside": (
        lambda data: office.external_targets(data, Budget()),
        lambda data: [m[1] for relation in re.split(rb"Relationship\s", data) if (m := _OUTSIDE.search(relation))],
        [b"Relationship ", b"relationship ", b'Target="', b'target="x"', b'TargetMode="External"', b'"', b"\n", b"a"],
    ),
    "plain words at the end": (
        layout._tail,
        lambda line: found.start() if (found := _TAIL.search(line)) else len(line),
        ["a", " ", "\t", "\r", "\n", "\xe9", "\x01", "ab"],
    ),
    "links": (
        lambda body: phishtag._replaced(body, {b"ab", b"abc", b"b.", b"cab"}, b"PAGE"),
        lambda body: re.sub(rb"cab|abc|ab|b\.", b"PAGE", body),
        [b"a", b"b", b"c", b".", b"\n"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PLAINLY)
def test_short_cuts_find_what_the_plain_pattern_finds(name: str) -> None:
    ours, plainly, words = PLAINLY[name]
    dice, empty = random.Random(3), words[0][:0]
    found = 0
    for _ in range(20_000):
        text = empty.join(dice.choices(words, k=dice.randint(0, 9)))
        answer = ours(text)
        assert answer == plainly(text), text
        found += bool(answer)
    assert found > 20


def test_names_that_lead_to_charsets_are_still_found() -> None:
    assert charset_names.canonical_name("mac" + "_" * 30 + "roman") == "MacRoman"
    assert charset_names.canonical_name("latin1@euro@euro") == "iso-8859-1"
    assert charset_names.canonical_name("mac" + "_" * 400 + "@euro" * 100) is None


def test_the_last_of_several_other_names_is_the_link() -> None:
    found = html_links._with_aliases({"a/href": "1", "x": "2", "b/href": "3"}, "href", re.compile(r"\w/href"))
    assert found == {"x": "2", "href": "3"}
