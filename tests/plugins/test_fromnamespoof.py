"""FromNameSpoof: addresses shown in the sender's name."""

import asyncio
from typing import Any

import pytest

RULES = """
loadplugin Mail::SpamAssassin::Plugin::FromNameSpoof
header SPOOF      eval:check_fromname_spoof()
header SPOOF_0    eval:check_fromname_spoof('0')
header SPOOF_1    eval:check_fromname_spoof('1')
header SPOOF_2    eval:check_fromname_spoof('2')
header DIFFERENT  eval:check_fromname_different()
header DOMAIN     eval:check_fromname_domain_differ()
header CONTAINS   eval:check_fromname_contains_email()
header EQUALS_TO  eval:check_fromname_equals_to()
header OWNERS     eval:check_fromname_owners_differ()
header REPLYTO    eval:check_fromname_equals_replyto()
header __USES_TAG Subject =~ /%{FNSFNAMEADDR}/
"""
TAGS = ("FNSFNAMEADDR", "FNSFNAMEDOMAIN", "FNSFNAMEOWNER", "FNSFADDRADDR", "FNSFADDRDOMAIN", "FNSFADDROWNER")


def mail(sender: str, *fields: str) -> bytes:
    lines = [f"From: {sender}", "Subject: to joe@bank.example", *fields]
    return ("\n".join(lines) + "\n\nHello.\n").encode()


MESSAGES = [
    mail('"Joe" <joe@bank.example>'),
    mail('"joe@bank.example" <joe@bank.example>'),
    mail('"Joe@Bank.example" <joe@BANK.example>'),
    mail('"joe@bank.example" <jim@bank.example>'),
    mail('"joe@bank.example" <joe@www.bank.example>'),
    mail('"joe@www.bank.example" <joe@bank.example>'),
    mail('"joe@bank.example" <evil@spam.test>'),
    mail('"joe@bank.example" <evil@spam.test>', "To: JOE@bank.example"),
    mail(
        '"joe@bank.example" <evil@spam.test>', "Cc: x@a.test, joe@bank.example", "Reply-To: Joe@bank.example"
    ),
    mail('"joe@bank.example" <evil@spam.test>', "List-Id: <x.example>"),
    mail('"joe@bank.example" <evil@spam.test>', "X-Zero: 0"),
    mail('"joe@bank.nowhere" <evil@spam.test>'),
    mail('"joe@bank.example" <evil@spam.nowhere>'),
    mail(
        '"joe@bank.example and a good deal more, in words that go on for rather long, you see" <evil@spam.test>'
    ),
    mail('"[*** joe@bank.example ***]!! !! !!" <evil@spam.test>'),
    mail('"joe@cards.example" <joe@bank.example>'),
    mail("=?utf-8?q?joe=40bank.example_=C3=BC?= <evil@spam.test>"),
    mail('"joe@bank.example., x" <evil@spam.test>'),
    mail('"a+b=c@x.bank.example jim@cards.example" <evil@spam.test>'),
    mail("joe@bank.example"),
    mail('"joe@bank.example"'),
    mail('"joe@bank.example" <>'),
    b"Subject: none\n\nHello.\n",
]


@pytest.mark.oracle
@pytest.mark.parametrize(
    "lines",
    [
        "",
        "fns_check 2\nfns_extrachars 10\n",
        "fns_check 0\nfns_ignore_headers X-Zero  List-Id\n",
        "fns_add_addrlist (Bank) *@bank.example *@cards.example\n",
        "fns_add_addrlist (BANK) *@bank.example joe@cards.example\nfns_remove_addrlist (bank) *@cards.example"
        " joe@cards.example\n",
        "fns_ignore_dkim bank.example\n",
    ],
)
def test_against_the_original(agreement: Any, lines: str) -> None:
    agreement(RULES + lines, MESSAGES, tags=TAGS)


def test_what_hits(agreement: Any) -> None:
    spoofed, list_mail = (
        set(verdict["hits"])
        for verdict in agreement.ours(RULES + "fns_ignore_headers List-Id\n", [MESSAGES[8], MESSAGES[9]])
    )
    assert spoofed == {
        *("SPOOF", "SPOOF_0", "SPOOF_1", "SPOOF_2", "DIFFERENT", "DOMAIN", "CONTAINS", "EQUALS_TO", "OWNERS"),
        "REPLYTO",
    }
    assert list_mail == set()


def test_waits_for_signatures(tmp_path: Any) -> None:
    from pyspamd.engine.assemble import Setup, assemble
    from pyspamd.net.zone import ZoneResolver

    file = tmp_path / "rules.cf"
    file.write_text(
        "util_rb_tld example test\nloadplugin Mail::SpamAssassin::Plugin::DKIM\nfull SIGNED eval:check_dkim_signed()\n"
        + RULES
        + "fns_ignore_dkim spam.test\nmeta BOTH CONTAINS && DIFFERENT\n"
    )
    engine = assemble(Setup(files=[file]), resolver=ZoneResolver(""))
    hits = {hit.rule for hit in asyncio.run(engine.check(MESSAGES[6])).hits}
    assert {"SPOOF", "CONTAINS", "BOTH"} <= hits
    hits = {hit.rule for hit in asyncio.run(engine.check(MESSAGES[0])).hits}
    assert "BOTH" not in hits
