"""FreeMail: whose addresses are a person's, against the original; and senders that would keep a worker busy."""

import time
from typing import Any

import pytest

RULES = """
loadplugin Mail::SpamAssassin::Plugin::FreeMail
freemail_domains free.test
freemail_add_describe_email 0
header FREE_FROM  eval:check_freemail_from()
header FREE_REPLY eval:check_freemail_replyto('replyto')
"""


def mail(sender: str, envelope: str = "ann@free.test", reply: str = "bob@free.test") -> bytes:
    return f"Return-Path: <{envelope}>\nFrom: {sender}\nReply-To: {reply}\nSubject: x\n\nx\n".encode(
        "latin-1"
    )


SENDERS = (
    *(
        "ann",
        "a=b",
        "a=b=c",
        "=a=b",
        "==a=b",
        "a==b",
        "a==b=c",
        "a=b==",
        "a=b=",
        "a===",
        "=====",
        "a.b=c.d=e.f",
    ),
    *("abuse", "info", "information", "bounce-x", "bounced-", "postmaster", "undisclosed-recipients"),
    *("request-0123456789abcdef", "01234567.89abcdef", "01234567-89ab-cdef-0123-456789abcdef"),
)
ENVELOPES = (
    *(
        "postmaster",
        "double-bounce",
        "owner-x",
        "return-a-b",
        "grbounce-1",
        "a-bounces",
        "a-request",
        "noreply",
    ),
    *("do-not-reply", "donotreply", "do_no.replies", "a=b", "=b", "a=", "==", "a=b=c", "plain"),
)


def test_whose_addresses_are_a_persons(agreement: Any) -> None:
    mails = [mail(f"{user}@free.test", f"{user}@free.test") for user in SENDERS]
    verdicts = agreement(RULES, mails)
    free = {user for user, verdict in zip(SENDERS, verdicts, strict=True) if "FREE_FROM" in verdict["hits"]}
    assert free >= {"ann", "a=b", "information"}
    assert not free & {"a=b=c", "abuse", "01234567.89abcdef"}


def test_bulk_senders(agreement: Any) -> None:
    mails = [mail("ann@free.test", f"{user}@free.test") for user in ENVELOPES]
    verdicts = agreement(RULES, mails)
    assert {"FREE_REPLY" in verdict["hits"] for verdict in verdicts} == {True, False}


@pytest.mark.parametrize(
    "sender", ["=" * 8000, "~=?" * 2700, "a=" * 4000, "a@free.test" + "~=?" * 2700, "-" * 8000]
)
def test_a_sender_that_is_all_equals_signs(agreement: Any, sender: str) -> None:
    """Asked of the original this takes it minutes."""
    begun = time.process_time()
    agreement.ours(RULES, [mail(sender, sender, sender), mail(f"{sender}@free.test", sender)])
    assert time.process_time() - begun < 60
