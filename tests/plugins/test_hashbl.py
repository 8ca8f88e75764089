"""HashBL: which values are looked up, under which names."""

from collections.abc import Callable
from hashlib import md5, sha1, sha256
from pathlib import Path
from typing import Any

import pytest

from pyspamd.engine.assemble import Setup, read_conf
from pyspamd.scan.hashed_lists import request_of

Serve = Callable[..., str]

RULES = r"""
loadplugin Mail::SpamAssassin::Plugin::HashBL
loadplugin Mail::SpamAssassin::Plugin::URIDNSBL
uridnsbl_skip_domain skipped.example
hashbl_ignore Ignored@shop.example text/calendar safe.pdf
hashbl_email_domain_alias gmail.example googlemail.example
hashbl_acl_shops shop.example !www.shop.example
hashbl_acl_all !x.example
header   __SOME      X-Id =~ /^(?<SOMEID>\S+)/
header   __DOMAIN    X-Domain =~ /^(?<SOMEDOMAIN>\S+)/
header   __ADDRESS   X-Address =~ /^(?<SOMEADDRESS>\S+)/
header   PLAIN       eval:check_hashbl_emails('m.example')
header   HEADERS     eval:check_hashbl_emails('m.example/A', 'md5/notag/nodot/max=3', 'From/Reply-To')
header   EVERYWHERE  eval:check_hashbl_emails('m.example', 'raw/host', 'ALL')
header   DOMAINS     eval:check_hashbl_emails('m.example', 'raw/domain/noquote', 'body/From')
header   USERS       eval:check_hashbl_emails('m.example', 'raw/user/notag/noquote', 'body/From')
header   KEEP_CASE   eval:check_hashbl_emails('m.example', 'sha256/case/noquote', 'body')
header   SHOPS       eval:check_hashbl_emails('m.example', 'sha1', 'From', '', 'shops')
header   ALL_ACL     eval:check_hashbl_emails('m.example', 'sha1', 'From', '', 'all')
header   OTHER_CODE  eval:check_hashbl_emails('m.example', '', '', '^127\.0\.0\.9$')
header   AS_TEXT     eval:check_hashbl_emails('m.example/TXT', '', '', 'bad')
header   URIS        eval:check_hashbl_uris('u.example')
header   URIS_CASE   eval:check_hashbl_uris('u.example', 'sha1/case', '^127\.0\.0\.2$')
body     PHONES      eval:check_hashbl_bodyre('p.example', 'sha1', '\b(\d{3}-\d{4})\b')
body     NUMBERS     eval:check_hashbl_bodyre('p.example', 'raw/num', '\b(\d{3}-\d{4})\b')
rawbody  RAW_PHONES  eval:check_hashbl_bodyre('p.example', 'sha1/case', '\b(call \d{3}-\d{4})\b')
header   TAGGED      eval:check_hashbl_tag('t.example', 'raw', 'SOMEID')
header   TAG_SHA     eval:check_hashbl_tag('t.example', 'sha1', '_SOMEID_')
header   TAG_TRIM    eval:check_hashbl_tag('t.example', 'raw/trim', 'somedomain')
header   TAG_FQDN    eval:check_hashbl_tag('t.example', 'raw/fqdn', 'SOMEDOMAIN')
header   TAG_IP      eval:check_hashbl_tag('t.example', 'raw/ip/revip', 'SOMEADDRESS')
header   TAG_IPV6    eval:check_hashbl_tag('t.example', 'raw/ipv6/revip', 'SOMEADDRESS')
header   TAG_NONE    eval:check_hashbl_tag('t.example', 'raw', 'NEVERSET')
body     FILES       eval:check_hashbl_attachments('f.example')
body     FILES_256   eval:check_hashbl_attachments('f.example', 'sha256')
body     FILES_BIG   eval:check_hashbl_attachments('f.example', 'sha1/minsize=1000')
body     FILES_SMALL eval:check_hashbl_attachments('f.example', 'sha1/maxsize=1000')
meta     LATE        PLAIN && !URIS
"""


def hashed(kind: Callable[..., Any], text: str, zone: str) -> str:
    return f"{kind(text.encode()).hexdigest()}.{zone} A 127.0.0.2\n"


def base32(text: str) -> str:
    from base64 import b32encode

    return b32encode(sha256(text.encode()).digest()).decode().strip("=").lower()


ADDRESSES = (
    "joe@shop.example",
    "joe.doe@shop.example",
    "x@gmail.example",
    "link@far.example",
    "inside@url.example",
    "admin@deep.www.shop.example",
    "postmaster@shop.example",
    "ignored@shop.example",
    "one@skipped.example",
    "to@here.test",
    "named@quote.example",
)
URIS = ("http://www.shop.example/Path", "http://www.shop.example/path", "http://skipped.example/")
ZONE = "".join(
    (
        *(hashed(sha1, address, "m.example") for address in ADDRESSES),
        *(hashed(sha1, uri, "u.example") for uri in URIS),
        hashed(md5, "joedoe@shop.example", "m.example"),
        f"{base32('Joe.Doe@Shop.example')}.m.example A 127.0.0.2\n",
        "shop.example.m.example A 127.0.0.2\nwww.shop.example.m.example A 127.0.0.2\nlink.m.example A 127.0.0.2\n",
        "joe.m.example A 127.0.0.2\n",
        f"{sha1(b'joe@shop.example').hexdigest()}.m.example TXT bad one\n",
        hashed(sha1, "555-1234", "p.example"),
        hashed(sha1, "call 555-1234", "p.example"),
        "5551234.p.example A 127.0.0.2\n",
        "some-id.t.example A 127.0.0.2\n",
        hashed(sha1, "some-id", "t.example"),
        "www.shop.example.t.example A 127.0.0.2\nshop.example.t.example A 127.0.0.2\n",
        "9.113.0.203.t.example A 127.0.0.2\n",
        "7.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.t.example A 127.0.0.2\n",
        hashed(sha1, "contents of a file\n", "f.example"),
        f"{base32('contents of a file' + chr(10))}.f.example A 127.0.0.2\n",
    )
)


def mail(sender: str, text: str = "Hello.", *fields: str, kind: str = "text/plain") -> bytes:
    more = "".join(field + "\n" for field in fields)
    head = f"From: {sender}\nTo: to@here.test\nSubject: x\n{more}MIME-Version: 1.0\n"
    return f"{head}Content-Type: {kind}\n\n{text}\n".encode()


def attached(kind: str, name: str) -> bytes:
    part = f'--b\nContent-Type: {kind}; name="{name}"\n\ncontents of a file\n\n--b--'
    return mail("a@b.test", part, kind='multipart/mixed; boundary="b"')


MESSAGES = [
    mail("Joe <joe@shop.example>"),
    mail("Joe <Joe.Doe+tag@Shop.example>", "Write to Joe.Doe@Shop.example or call 555-1234, 555-1234."),
    mail("a@b.test", "x@googlemail.example <named@quote.example> named@quote.example wrote: hi"),
    mail("a@b.test", "see http://www.shop.example/Path?x=inside@url.example or http://skipped.example/"),
    mail("a@b.test", "http://www.shop.example/Path admin@deep.www.shop.example joe@www.shop.example"),
    mail("a@b.test", '<a href="mailto:link@far.example">link</a>', kind="text/html"),
    mail(
        "postmaster@shop.example",
        "ignored@shop.example one@skipped.example to@here.test",
        "Delivered-To: to@here.test",
    ),
    mail("a@b.test", "-", "X-Id: Some-Id", "X-Domain: www.shop.example", "X-Address: 203.0.113.9"),
    mail("a@b.test", "-", "X-Domain: nodomain", "X-Address: 2001:db8::7", "Reply-To: joe@shop.example"),
    mail("a@b.test", "-", "X-Domain: www.skipped.example", "X-Address: word"),
    attached("application/pdf", "some.pdf"),
    attached("application/pdf", "Safe.pdf"),
    attached("text/calendar", "some.ics"),
]


@pytest.mark.oracle
def test_against_the_original(online: Any, dns: Serve) -> None:
    verdicts = online(dns(ZONE) + RULES, MESSAGES)
    hit = {name for verdict in verdicts for name in verdict["hits"]}
    assert hit >= {
        "PLAIN",
        "HEADERS",
        "EVERYWHERE",
        "DOMAINS",
        "USERS",
        "KEEP_CASE",
        "SHOPS",
        "ALL_ACL",
    }
    assert hit >= {
        "URIS",
        "URIS_CASE",
        "PHONES",
        "NUMBERS",
        "RAW_PHONES",
        "TAGGED",
        "TAG_SHA",
        "TAG_TRIM",
        "TAG_FQDN",
    }
    assert hit >= {"TAG_IP", "TAG_IPV6", "FILES", "FILES_256"}
    # As in the original: an answer in text is never read, and nothing is small enough.
    assert not hit & {"OTHER_CODE", "AS_TEXT", "TAG_NONE", "FILES_BIG", "FILES_SMALL"}


@pytest.mark.oracle
@pytest.mark.parametrize("options", ["sha1", "sha1/nouri", "sha1/noquote", "sha1/nouri/noquote"])
def test_what_of_the_body(online: Any, dns: Serve, options: str) -> None:
    # The original keeps what the first rule to come along has found, so only one rule can be held against it.
    lines = "loadplugin Mail::SpamAssassin::Plugin::HashBL\n"
    online(
        dns(ZONE) + lines + f"header ONE eval:check_hashbl_emails('m.example', '{options}', 'body')\n",
        MESSAGES,
    )


@pytest.mark.oracle
def test_senders_alone(online: Any, dns: Serve) -> None:
    # After such a rule the original no longer looks at who the message is for, so it stands alone too.
    lines = "loadplugin Mail::SpamAssassin::Plugin::HashBL\n"
    online(
        dns(ZONE) + lines + "header ONE eval:check_hashbl_emails('m.example', 'sha1', 'ALLFROM')\n", MESSAGES
    )


@pytest.mark.oracle
def test_own_patterns_against_the_original(online: Any, dns: Serve) -> None:
    lines = r"hashbl_email_regex [a-z]+\@[a-z]+\._TLDS_" + "\n" + r"hashbl_email_whitelist ^link\@" + "\n"
    online(dns(ZONE) + RULES + lines, MESSAGES)


def test_no_more_than_wanted(online: Any, dns: Serve, tmp_path: Path) -> None:
    lines = "loadplugin Mail::SpamAssassin::Plugin::HashBL\n"
    lines += "body SOME eval:check_hashbl_bodyre('p.example', 'raw/max=2/shuffle', '\\b(n\\d)\\b')\n"
    online.ours(dns(ZONE) + lines, [mail("a@b.test", "n1 n2 n3 n4 n1")])
    asked = (tmp_path / "queries").read_text().splitlines()
    assert len(asked) == 2
    assert all(line.startswith("n") for line in asked)


def test_a_list_that_is_no_regex() -> None:
    assert request_of("RULE", "zone.example", "", "sha1", "(") is None
    assert request_of("RULE", "", "", "sha1", "") is None


@pytest.mark.parametrize(
    "line",
    [
        "hashbl_ignore",
        "hashbl_email_domain_alias one.example",
        "hashbl_email_domain_alias a@b.example two.example",
        "hashbl_email_regex (",
        "hashbl_acl_no-such-name x.example",
    ],
)
def test_bad_lines_are_told(line: str, tmp_path: Path) -> None:
    file = tmp_path / "rules.cf"
    file.write_text(f"loadplugin Mail::SpamAssassin::Plugin::HashBL\n{line}\n")
    assert [problem.location.line for problem in read_conf(Setup(files=[file])).problems] == [2]
