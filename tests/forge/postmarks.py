"""What transport leaves in a header: dates, message identifiers and the Received lines of many servers."""

import string
import time

from . import links
from .dice import Dice
from .lists import filled

_IPV6 = (
    "2001:db8::25",
    "2a00:1450:4864:20::229",
    "2607:f8b0:400e:c05::1",
    "::ffff:203.0.113.9",
    "2001:DB8:0:0:1::9",
)
_RDNS = ("unknown", "UnknownHost", "may be forged", "mail.example.org", "189.20.3.4.static.example.br")
_SERVERS = ("mx.example.org", "mail.example.com", "localhost", "inbox.example.net", "[192.168.0.1]", "srv1")
_PROTOCOLS = (
    *"SMTP ESMTP ESMTPS ESMTPSA ESMTPA LMTP HTTP UTF8SMTPS local asmtp smtps".split(),
    "Microsoft SMTP Server",
)
_TLS = (
    "",
    "",
    "(using TLSv1.2 with cipher ECDHE-RSA-AES256-GCM-SHA384 (256/256 bits)) (No client certificate requested) ",
    "(version=TLS1_3, cipher=TLS_AES_256_GCM_SHA384) ",
    "(TLSv1:AES128-SHA:128) ",
)
_ID_HOSTS = (
    "example.com",
    "localhost",
    "mail.gmail.com",
    "USER-PC",
    "[192.0.2.1]",
    "yahoo.com",
    "hotmail.com",
    "",
)


def ip(dice: Dice) -> str:
    """An address: public, private or IPv6."""
    kind = dice.random()
    if kind < 0.2:
        return dice.of("private")
    return dice.one(_IPV6) if kind < 0.32 else links.address(dice)


def date(dice: Dice, when: float) -> str:
    """A date near that time (seconds), in one of many forms, well made or not."""
    shape = "%a, %d %b %Y %H:%M:%S " if dice.chance(0.8) else dice.of("date_shapes")
    return time.strftime(shape, time.gmtime(when)) + dice.of("zones")


def shift(dice: Dice) -> float:
    """How far a date is off, in seconds: mostly little, at times hours, days or years."""
    match dice.weighted(none=6, minutes=3, hours=3, days=2, year=1, years=0.5):
        case "minutes":
            return dice.uniform(-3600, 3600)
        case "hours":
            return dice.uniform(-14, 14) * 3600
        case "days":
            return dice.uniform(-6, 6) * 86400
        case "year":
            return dice.uniform(-400, 400) * 86400
        case "years":
            return dice.uniform(-9000, 4000) * 86400
    return 0.0


def identifier(dice: Dice) -> str:
    """A Message-ID."""
    local = filled(
        dice.of("message_ids"),
        {
            "hex": lambda: dice.token(string.hexdigits, 8, 32),
            "lower": lambda: dice.token("0123456789abcdef", 4, 12),
            "UPPER": lambda: dice.token("0123456789ABCDEF", 5, 30),
            "letters": lambda: dice.token(string.ascii_letters, 3, 6),
            "long": lambda: dice.token(string.ascii_letters + string.digits + "+_=-", 40, 50),
            "n": lambda: str(dice.randrange(10 ** dice.randint(1, 14))),
            "d": lambda: str(dice.randrange(10)),
        },
    )
    host = dice.one((*_ID_HOSTS, links.host(dice), links.host(dice)))
    whole = f"{local}@{host}"
    if dice.chance(0.65):
        return f"<{whole}>"
    odd = (whole, f"<{whole}", f"<{local}>", f" <{whole}> ", f"<{whole}> (added by x)", f"<<{whole}>>", "<>")
    return dice.one((*odd, f"<{local} x@{host}>"))


def received(dice: Dice, when: float) -> str:
    """The value of one Received line."""
    peer, helo, server = ip(dice), dice.of("helos"), dice.one(_SERVERS)
    literal = f"IPv6:{peer}" if ":" in peer and dice.chance(0.7) else peer
    value = filled(
        dice.of("received"),
        {
            "ip": lambda: peer,
            "literal": lambda: literal,
            "helo": lambda: helo,
            "by": lambda: server,
            "rdns": lambda: dice.one((*_RDNS, dice.of("helos"), dice.of("helos"))),
            "private": lambda: dice.of("private"),
            "id": lambda: dice.token(string.ascii_letters + string.digits, 6, 14),
            "user": lambda: links.mailbox(dice),
            "with": lambda: dice.one(_PROTOCOLS),
            "tls": lambda: dice.one(_TLS),
            "date": lambda: date(dice, when),
            "n": lambda: str(dice.randrange(65536)),
        },
    )
    return value.replace(" ", dice.one(("  ", "\t", "")), 3) if dice.chance(0.04) else value
