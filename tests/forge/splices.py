"""Mails made of two: the header of one over the body of another, fields mixed, one inside the other."""

import re

from . import headings, trees
from .dice import Dice
from .headings import Fields
from .parts import Entity

_FIELD = re.compile(rb"\r?\n(?![ \t])")


def _parted(mail: bytes) -> tuple[Fields, bytes]:
    head, _, body = mail.replace(b"\r\n\r\n", b"\n\n", 1).partition(b"\n\n")
    fields = [line.partition(b":") for line in _FIELD.split(head)]
    return [(name, value.strip(b" ")) for name, _, value in fields], body


def _is_content(name: bytes) -> bool:
    return name.strip().lower().startswith(b"content-")


def _entity(mail: bytes) -> Entity:
    fields, body = _parted(mail)
    return [(name, value) for name, value in fields if _is_content(name)], body


def spliced(dice: Dice, first: bytes, second: bytes) -> bytes:
    """A mail made of both."""
    fields, body = _parted(first)
    others, other = _parted(second)
    own = [(name, value) for name, value in fields if not _is_content(name)]
    match dice.randrange(6):
        case 0:
            body = other
        case 1:
            content, body = _entity(second)
            fields = own + content
        case 2:
            fields = [dice.one(pair) for pair in zip(fields, others, strict=False)]
            body = dice.one((body, other))
        case 3:
            body += b"\n" + other
        case 4:
            kind = dice.one(("mixed", "alternative", "related", "signed", "digest"))
            content, body = trees.multipart(dice, kind, [_entity(first), _entity(second)])
            fields = own + content
        case 5:
            fields, body = [*own, (b"Content-Type", b"message/rfc822")], second
    return headings.written(dice, fields, hostile=dice.one((0.0, 0.0, 0.05))) + b"\n\n" + body
