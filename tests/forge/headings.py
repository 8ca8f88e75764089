"""Header blocks: who writes to whom, with what program, about what, by what way, or so they say."""

import re
import string

from . import links, postmarks, words
from .characters import header_text, spoilt
from .dice import Dice
from .lists import items

Fields = list[tuple[bytes, bytes]]

_GAP = re.compile(rb"\{(\w+)\}")
_SHORT_SUBJECTS = (
    b"",
    b" ",
    b"hi",
    b"Re:",
    b"?",
    b"test",
    b"$$$",
    b"[SPAM]",
    b"no subject",
    b"1",
    b"!!!",
    b"FREE",
)
_FOLDED_ON = (
    b" ",
    b"\t",
    b"junk line",
    b"X:",
    b": nothing",
    b" folded more",
    b">From me Mon Jan  1",
    b"X-Long: " + b"y" * 9000,
    b"=20",
    b"\x01: x",
)


def person(dice: Dice) -> bytes:
    """An address with its owner's name, in one of the ways seen in From and To."""
    name = header_text(dice, dice.of("names"))
    made = {
        b"name": name,
        b"bare": name.replace(b'"', b""),
        b"box": links.mailbox(dice).encode(),
        b"other": links.mailbox(dice).encode(),
    }
    return _GAP.sub(lambda gap: made[gap[1]], dice.of("persons").encode())


def subject(dice: Dice, mood: str) -> bytes:
    """A subject in that mood."""
    said = words.sentence(dice, mood)
    match dice.randrange(14):
        case 0:
            return header_text(dice, said.upper())
        case 1:
            return dice.one(_SHORT_SUBJECTS)
        case 2:
            return header_text(dice, words.garbled(dice, said))
        case 3:
            return header_text(dice, words.sentence(dice, "foreign"))
        case 4:
            return header_text(dice, dice.of("bounces"))
        case 5:
            tail = dice.token(string.ascii_lowercase + string.digits, 4, 12)
            return header_text(dice, f"{said}      {tail}")
        case 6:
            number = dice.one(("#", "ID:", "(", "$")) + str(dice.randrange(10**7))
            return header_text(dice, f"{dice.of('names')}, {said} {number}")
    return header_text(dice, dice.of("prefixes") + said)


def routed(dice: Dice, when: float) -> Fields:
    """Received lines, newest first."""
    hops: Fields = []
    for _ in range(dice.one((0, 1, 1, 1, 1, 2, 2, 2, 2, 2, 3, 3, 3, 5, 5, 12))):
        moment = when + postmarks.shift(dice) if dice.chance(0.25) else when
        hops.insert(0, (b"Received", postmarks.received(dice, moment).encode("utf-8")))
        when += dice.uniform(0, 90)
    return hops


def _return_path(dice: Dice) -> bytes:
    box = links.mailbox(dice).encode()
    return dice.one((b"<%s>" % box, b"<>", box, b"<bounce-12-%s@example.com>" % box.replace(b"@", b"=")))


def _usual(dice: Dice, mood: str, when: float) -> Fields:
    recipients = dice.few(lambda: person(dice), 1, dice.one((1, 1, 2, 12)))
    usual: Fields = [
        (b"From", person(dice)),
        (b"To", dice.one((b", ", b",\n\t", b",")).join(recipients)),
        (b"Subject", subject(dice, mood)),
        (b"Date", postmarks.date(dice, when + postmarks.shift(dice)).encode()),
        (b"Message-ID", postmarks.identifier(dice).encode()),
    ]
    return [field for field in usual if dice.chance(0.94)]


def _added(dice: Dice, mood: str) -> Fields:
    added: Fields = []
    if dice.chance(0.15):
        added.append((b"Cc", b", ".join(dice.few(lambda: person(dice), 1, 5))))
    for name, probability in (
        (b"Reply-To", 0.2),
        (b"Sender", 0.1),
        (b"Bcc", 0.02),
        (b"From", 0.02),
        (b"To", 0.02),
        (b"X-Forwarded-To", 0.02),
    ):
        if dice.chance(probability):
            added.append((name, person(dice)))
    if dice.chance(0.55):
        added.append((dice.one((b"X-Mailer", b"X-Mailer", b"User-Agent")), dice.of("programs").encode()))
    for line in dice.some(items("extra_fields"), 0, dice.one((2, 4, 12))):
        extra, _, value = line.partition(": ")
        added.append((extra.encode(), value.encode()))
    if dice.chance(0.03):
        twice = dice.one((b"Subject", b"Date", b"Message-ID", b"subject"))
        added.append((twice, subject(dice, mood)))
    return added


def heading(dice: Dice, mood: str) -> Fields:
    """A message's header fields but those that MIME defines."""
    when = dice.uniform(946_684_800, 1_800_000_000)
    fields: Fields = [(b"Return-Path", _return_path(dice))] if dice.chance(0.5) else []
    fields += routed(dice, when)
    usual = _usual(dice, mood, when) + _added(dice, mood)
    if dice.chance(0.4):
        dice.shuffle(usual)
    fields += usual
    if dice.chance(0.1):
        dice.shuffle(fields)
    return fields


def _oddly(dice: Dice, name: bytes, value: bytes) -> bytes:
    """A field as it should not be written."""
    match dice.randrange(9):
        case 0:
            value = spoilt(dice, value)
        case 1:
            odd = (
                name.lower(),
                name.upper(),
                name.replace(b"-", b"_"),
                name + b" ",
                b" " + name,
                name.title(),
            )
            name = dice.one(odd)
        case 2:
            value = value.replace(b" ", dice.one((b"\n ", b"\n\t", b" \n  ", b"\n \n ")), 3)
        case 3:
            value += b" " * dice.randint(1, 4) + dice.one((b"", b"\t"))
        case 4:
            value = dice.one((b"", b"  ", b"\n ", b"\n")) + value
        case 5:
            value += b"\n" + dice.one(_FOLDED_ON)
        case 6:
            return name + dice.one((b":", b" : ", b":\t", b":  ")) + value
        case 7:
            value = value * dice.randint(2, 30)
        case 8:
            value = value.replace(b"\n", b"\r\n")
    return name + b": " + value


def written(dice: Dice, fields: Fields, *, hostile: float) -> bytes:
    """The block as octets, LF line ends, without the blank line at its end; `hostile`: how likely oddities are."""
    return b"\n".join(
        _oddly(dice, name, value) if dice.chance(hostile) else name + b": " + value for name, value in fields
    )
