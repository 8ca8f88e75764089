"""Whether mail that says it comes from a large free-mail service went through that service's machines.

Every function takes `get`, which gives a header's value by request (`From:addr`) or `None`.
Source: Mail::SpamAssassin::Plugin::HeaderEval.
"""

import re
from collections.abc import Callable, Sequence

from ..base.ip_text import IP_ADDRESS

Get = Callable[[str], bytes | None]

_IP = IP_ADDRESS
_ANY_IP = re.compile(_IP)
_SPACES = re.compile(rb"\s+")

_EZMLM = re.compile(rb"^contact \S+@\S+; run by ezmlm$", re.MULTILINE)
_EZMLM_LIST = re.compile(rb"^mailing list \S+@\S+", re.MULTILINE)
_EZMLM_HOP = re.compile(rb"qmail \d+ invoked (?:from network|by .{3,20})\); \d+ ... \d+")
_MSN_GROUP_HOP = re.compile(rb"from groups\.msn\.com \(\S+\.msn\.com ")

_HOTMAIL_WITH_IP = re.compile(
    rb"from (?:\S*\.)?hotmail.com \(\S+\.hotmail(?:\.msn)?\.com[ )]"
    rb"|from \S*\.hotmail.com \(\[" + _IP + rb"\][ ):]"
    rb"|from \S+ by \S+\.hotmail(?:\.msn)?\.com with HTTP;"
    rb"|from \[66\.218.\S+\] by \S+\.yahoo\.com"
)
_OUTLOOK_WITH_ORG = re.compile(
    rb"from \S*\.outbound\.protection\.outlook\.com \(\S+\.outbound\.protection\.outlook\.com[ )]"
    rb"|from \S*\.(?:eur|nam)prd\d+\.prod\.outlook\.com \(" + _IP + rb"\)"
)
_YAHOO_HOPS = re.compile(
    rb"by web\S+\.mail\S*\.yahoo\.com via HTTP"
    rb"|by sonic\S+\.consmr\.mail\S*\.yahoo\.com with HTTP"
    rb"|by smtp\S+\.yahoo\.com with SMTP"
    rb"|from \[" + _IP + rb"\] by \S+\.(?:groups|scd|dcn)\.yahoo\.com with NNFMP"
    rb"|by \w+\.\w+\.yahoo\.com \(\d+\.\d+\.\d+/\d+\.\d+\.\d+\)(?: with ESMTP)? id \w+"
)
_JUNO_COOKIE = re.compile(rb" cookie\.(?:juno|untd)\.com ")
# What must stand in one line, in this order, between `from` and `by`.
_JUNO_HOP = (re.compile(rb"\b(?:juno|untd)\.com"), re.compile(rb"[\[(]" + _IP + rb"[\])]"))
_MAIL_COM_HOP = (re.compile(rb"\bmail\.com"), re.compile(rb"\[" + _IP + rb"\]"))
_UNTD_HOP = re.compile(rb"from (webmail\S+\.untd\.com) \(\1 \[" + _IP + rb"\]\) by")
_GMAIL_HOP = re.compile(rb"by 10\.\S+ with SMTP id \S+|by 2002:a\d\d:\w+:\S+ with SMTP id \S+")
GMAIL_STATE_LENGTH = GMAIL_SOURCE_LENGTH = 60
"""How long Google's own headers are at the least, in bytes."""


# `<(\S+)@groups\.msn\.com>`, tried once a word: where its first bracket leads nowhere, no other does.
_MSN_GROUP = re.compile(rb"(?<!\S)[^\s<]*+<(\S+)@groups\.msn\.com>", re.IGNORECASE)


def _has_hop(received: bytes, between: Sequence[re.Pattern[bytes]]) -> bool:
    """Whether a line has `from`, then what is `between`, then `by`."""
    for line in received.split(b"\n"):
        at = line.find(b"from")
        for pattern in between if at >= 0 else ():
            found = pattern.search(line, at)
            if found is None:
                break
            at = found.end()
        else:
            if at >= 0 and line.find(b"by", at) >= 0:
                return True
    return False


def _value(get: Get, request: str) -> bytes:
    return get(request) or b""


def _from_ends(get: Get, domain: bytes) -> bool:
    return bool(re.search(rb"\b" + re.escape(domain) + rb"$", _value(get, "From:addr"), re.IGNORECASE))


def gated(get: Get) -> bool:
    """Whether the mail came through something known to take Received lines away, or has none."""
    received = get("Received")
    if (
        _EZMLM.search(_value(get, "Mailing-List"))
        and _EZMLM_LIST.search(_value(get, "Delivered-To"))
        and _EZMLM_HOP.search(received or b"")
    ):
        return True
    return received is None or bool(_MSN_GROUP_HOP.search(received))


def msn_groups(get: Get) -> bool:
    """Whether the headers are those of a post to an MSN group."""
    to = _MSN_GROUP.search(_value(get, "To"))
    hop = re.search(rb"from mail pickup service by ((?:p\d\d\.)groups\.msn\.com)\b", _value(get, "Received"))
    if not to or not hop:
        return False
    name, server, identity = to.group(1), hop.group(1), _value(get, "Message-Id")
    if re.match(rb"notifications$", name):
        return bool(re.match(rb"<\S+@" + re.escape(server) + rb">", identity))
    quoted = re.escape(name)
    if not re.match(rb"<" + quoted + rb"-\S+@groups\.msn\.com>", identity):
        return False
    return bool(re.search(quoted + rb"-bounce@groups\.msn\.com", _value(get, "EnvelopeFrom:addr")))


def forged_hotmail(get: Get) -> tuple[bool, bool]:
    """(Received lines pretend to be Hotmail's, a Hotmail sender has none of them)."""
    received = _value(get, "Received")
    from_hotmail = _from_ends(get, b"hotmail.com")
    if not from_hotmail and b"hotmail" not in received:
        return False, False  # as all that follows would find out
    received = _SPACES.sub(b" ", received)
    if b"from mail pickup service by hotmail.com with Microsoft SMTPSVC;" in received:
        return False, False
    if msn_groups(get) or gated(get):
        return False, False
    if _ANY_IP.search(_value(get, "X-Originating-Ip")) and _HOTMAIL_WITH_IP.search(received):
        return False, False
    organisation = _value(get, "X-OriginatorOrg")
    if re.search(rb"hotmail\.com|msonline-outlook", organisation) and _OUTLOOK_WITH_ORG.search(received):
        return False, False
    if re.search(rb"(?:from |HELO |helo=)\S*hotmail\.com\b", received):
        return True, False
    return False, from_hotmail


def forged_yahoo(get: Get, trusted: bytes, untrusted: bytes) -> bool:
    """Whether a Yahoo sender's mail shows no Yahoo hop; the relays are X-Spam-Relays strings."""
    if not _from_ends(get, b"yahoo.com"):
        return False
    received = _value(get, "Received")
    if get("Resent-From") and get("Resent-To"):
        received = get("X-Received") or received
    received = _SPACES.sub(b" ", received)
    if gated(get):
        return False
    if re.search(rb" rdns=\S+\.yahoo\.com ", trusted):
        return False
    if re.search(rb"^[^\]]+ rdns=\S+\.yahoo\.com ", untrusted) or _YAHOO_HOPS.search(received):
        return False
    bulk = re.search(rb"\bmailer\d+\.bulk\.scd\.yahoo\.com\b", received)
    return not (bulk and _from_ends(get, b"@reply.yahoo.com"))


def forged_juno(get: Get) -> bool:
    """Whether a Juno sender's mail lacks Juno's marks."""
    if not _from_ends(get, b"juno.com") or gated(get):
        return False
    origin, mailer = _value(get, "X-Originating-IP"), _value(get, "X-Mailer")
    received = _value(get, "Received")
    if origin:
        from_juno = _has_hop(received, _JUNO_HOP) or _JUNO_COOKIE.search(received)
        return not from_juno or b"Juno " not in mailer
    if _has_hop(received, _MAIL_COM_HOP):
        marked = re.search(rb"\bmail\.com", mailer)
    elif _UNTD_HOP.search(received):
        marked = re.match(rb"Webmail Version \d", mailer)
    else:
        return True
    return not marked or not _ANY_IP.search(origin)


def forged_gmail(get: Get) -> bool:
    """Whether a Gmail sender's mail lacks Gmail's marks."""
    if not _from_ends(get, b"gmail.com"):
        return False
    if _GMAIL_HOP.search(_value(get, "X-Received")):
        return False
    if re.search(rb"by smtp\.googlemail\.com with ESMTPSA id \S+", _value(get, "Received")):
        return False
    return not (
        len(_value(get, "X-Gm-Message-State")) >= GMAIL_STATE_LENGTH
        and len(_value(get, "X-Google-Smtp-Source")) >= GMAIL_SOURCE_LENGTH
    )
