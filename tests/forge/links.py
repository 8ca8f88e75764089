"""URIs of every shape: plain, schemeless, numeric, international, redirecting, disguised and broken."""

import string
from urllib.parse import quote

from .dice import Dice
from .lists import filled

_LOCALS = (
    "info",
    "bob",
    "ann.lee",
    "sales",
    "no-reply",
    "mailer-daemon",
    "x" * 30,
    "user+tag",
    "a_b",
    "first.last99",
)
_DOMAINS = (
    "example.com example.org mail.example.net gmail.com yahoo.com hotmail.com outlook.com aol.com mail.ru qq.com "
    "163.com gmx.de yandex.ru example.co.uk paypal.com"
).split()


def host(dice: Dice) -> str:
    """A host's name or address."""
    match dice.weighted(name=12, known=4, address=1, odd=2, random=1, deep=1, upper=1, plain=1):
        case "known":
            return dice.of("known_hosts")
        case "address":
            return address(dice)
        case "odd":
            return dice.of("odd_hosts")
        case "random":
            return dice.token(string.ascii_lowercase + string.digits + "-", 1, 70) + "." + dice.of("tlds")
        case "deep":
            labels = dice.few(lambda: dice.token(string.ascii_lowercase, 1, 6), 4, 9)
            return ".".join([*labels, dice.of("tlds")])
        case "upper":
            return f"{dice.of('labels')}.{dice.of('labels')}.{dice.of('tlds')}".upper()
        case "plain":
            return dice.one(("example.com", "example.org", "example.net"))
    labels = dice.few(lambda: dice.of("labels"), 0, 2)
    number = dice.one(("", "", "", str(dice.randrange(999))))
    return ".".join([*labels, dice.of("labels") + number, dice.of("tlds")])


def address(dice: Dice) -> str:
    """An IPv4 address."""
    return ".".join(str(dice.randrange(256)) for _ in range(4))


def mailbox(dice: Dice) -> str:
    """A plain address."""
    token = dice.token(string.ascii_lowercase + string.digits, 3, 14)
    local = dice.one((*_LOCALS, "postmaster", "=?x", "u%40v", token, token))
    return f"{local}@{dice.one((*_DOMAINS, dice.of('labels') + '.' + dice.of('tlds')))}"


def path(dice: Dice) -> str:
    """A path with query and fragment, or nothing."""
    return filled(
        dice.of("paths"),
        {
            "hex": lambda: dice.token(string.hexdigits, 4, 40),
            "word": lambda: dice.token(string.ascii_lowercase, 3, 9),
            "long": lambda: dice.token(string.ascii_letters + string.digits, 30, 120),
            "known": lambda: dice.of("known_hosts"),
            "label": lambda: dice.of("labels"),
            "mailbox": lambda: mailbox(dice),
            "quotedmailbox": lambda: quote(mailbox(dice)),
        },
    )


def link(dice: Dice) -> str:
    """A URI, or what is meant as one."""
    uri = filled(
        dice.of("links"),
        {
            "host": lambda: host(dice),
            "path": lambda: path(dice),
            "mailbox": lambda: mailbox(dice),
            "quoted": lambda: quote("http://" + host(dice), safe=""),
        },
    )
    kind = dice.random()
    if kind < 0.04:
        return "".join(f"&#{ord(letter)};" if dice.chance(0.4) else letter for letter in uri)
    if kind < 0.08:
        return "".join(f"%{ord(c):02x}" if c.isascii() and dice.chance(0.3) else c for c in uri)
    return uri


def in_text(dice: Dice) -> str:
    """A link as plain text carries it: bare, in brackets, at a sentence's end."""
    return filled(dice.of("links_in_text"), {"link": lambda: link(dice)})
