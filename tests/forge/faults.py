"""Faults of whole messages: line ends, cuts, swaps, damage in transit."""

import re
from collections.abc import Callable

from . import links, pages, postmarks, words
from .characters import codecs, spoilt
from .dice import Dice

_KINDS = (
    b"text/plain",
    b"text/html",
    b"multipart/mixed",
    b"multipart/alternative",
    b"message/rfc822",
    b"application/octet-stream",
    b"image/gif",
)
_AT_START = (
    b"\n",
    b" \n",
    b"\xef\xbb\xbf",
    b">From x\n",
    b"X-Spam-Level: **\n",
    b"HELO x\n",
    b"\r\n",
    b"\x00",
)
_AT_END = (b"", b"\n\n\n\n", b"\n.\n", b"\r\n", b"\n--\n", b"\x00" * 9, b"\x1a")
_SEPARATORS = (b"\n \n", b"\n\t\n", b"\n\r\n", b"\n\nX-Late: 1\n\n", b"\n--x\n\n", b"\n")
_FROM_DATES = (b"Mon Jan  1 00:00:00 2001", b"x", b"Sat Feb 30 12:00:00 +0100 2010")


def _lines(dice: Dice, mail: bytes) -> bytes:
    lines = mail.split(b"\n")
    for _ in range(dice.randint(1, 4)):
        first, second = dice.randrange(len(lines)), dice.randrange(len(lines))
        match dice.randrange(4):
            case 0:
                lines[first], lines[second] = lines[second], lines[first]
            case 1:
                lines.insert(first, lines[second])
            case 2:
                del lines[first]
                lines = lines or [b""]
            case 3:
                lines[first] += b" " + lines[second]
    return b"\n".join(lines)


def _parted(mail: bytes) -> tuple[bytes, bytes]:
    head, blank, body = mail.partition(b"\n\n")
    return head + blank, body


def _fields(dice: Dice, mail: bytes) -> bytes:
    head, body = _parted(mail)
    fields = re.split(rb"\n(?![ \t])", head.rstrip(b"\n"))
    for _ in range(dice.randint(1, 3)):
        place = dice.randrange(len(fields))
        match dice.randrange(7):
            case 0:
                del fields[place]
                fields = fields or [b"X-Last: 1"]
            case 1:
                fields.insert(dice.randrange(len(fields) + 1), fields[place])
            case 2:
                dice.shuffle(fields)
            case 3:
                fields[place] = fields[place].upper()
            case 4:
                fields.insert(place, b"Received: " + postmarks.received(dice, 1.4e9).encode())
            case 5:
                fields[place] = spoilt(dice, fields[place])
            case 6:
                value = dice.one((words.sentence(dice, "spam"), links.mailbox(dice), "", links.link(dice)))
                fields[place] = fields[place].partition(b":")[0] + b": " + value.encode("utf-8", "replace")
    return b"\n".join(fields) + b"\n\n" + body


def _charset(dice: Dice, mail: bytes) -> bytes:
    other = dice.one(tuple(codecs())).encode()
    return re.sub(rb'(?i)(charset\s*=\s*"?)[\w-]+', lambda found: found[1] + other, mail)


def _words(dice: Dice, mail: bytes) -> bytes:
    head, body = _parted(mail)
    lines = body.split(b"\n")
    for _ in range(dice.randint(1, 5)):
        mood = dice.one(words.MOODS)
        text = dice.one((words.sentence(dice, mood), links.in_text(dice), pages.oddity(dice)))
        lines.insert(dice.randrange(len(lines) + 1), text.encode("utf-8", "replace"))
    return head + b"\n".join(lines)


def _type(dice: Dice, mail: bytes) -> bytes:
    kind = dice.one(_KINDS)
    return re.sub(
        rb"(?i)(content-type:\s*)([\w/-]+)",
        lambda found: found[1] + (kind if dice.chance(0.5) else found[2]),
        mail,
    )


def _coding(dice: Dice, mail: bytes) -> bytes:
    kind = dice.one((b"base64", b"quoted-printable", b"8bit", b"7bit", b"uuencode", b"x"))
    return re.sub(rb"(?i)(content-transfer-encoding:\s*)[\w-]+", lambda found: found[1] + kind, mail)


def _line_ends(dice: Dice, mail: bytes) -> bytes:
    match dice.randrange(4):
        case 0:
            return mail.replace(b"\n", b"\r\n")
        case 1:
            return b"\n".join(line + b"\r" * dice.chance(0.5) for line in mail.split(b"\n"))
        case 2:
            return mail.replace(b"\n", b"\r")
    return mail.replace(b"\r\n", b"\n")


def _edges(dice: Dice, mail: bytes) -> bytes:
    match dice.randrange(5):
        case 0:
            return mail[: dice.randrange(len(mail) + 1)]
        case 1:
            sender, date = links.mailbox(dice).encode(), dice.one(_FROM_DATES)
            return b"From %s  %s\n" % (sender, date) + mail
        case 2:
            return dice.one(_AT_START) + mail
        case 3:
            return mail.rstrip(b"\n") + dice.one(_AT_END)
    return mail.replace(b"\n\n", dice.one(_SEPARATORS), 1)


def _half(dice: Dice, mail: bytes) -> bytes:
    return mail.partition(b"\n\n")[dice.one((0, 2))] if dice.chance(0.3) else spoilt(dice, spoilt(dice, mail))


FAULTS: tuple[Callable[[Dice, bytes], bytes], ...] = (
    spoilt,
    _lines,
    _fields,
    _fields,
    _charset,
    _words,
    _words,
    _type,
    _coding,
    _line_ends,
    _edges,
    _edges,
    _half,
)
"""What may happen to a message; each takes and gives its octets."""


def damaged(dice: Dice, mail: bytes) -> bytes:
    """`mail` with one to three faults."""
    for fault in dice.some(FAULTS, 1, 3):
        mail = fault(dice, mail)
    return mail
