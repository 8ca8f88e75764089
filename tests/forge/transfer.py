"""Transfer encodings: base64, quoted-printable and uuencode, well made and not."""

import base64
import binascii
import quopri

from .characters import spoilt
from .dice import Dice
from .headings import Fields

_NAME = b"Content-Transfer-Encoding"


def _base64(dice: Dice, data: bytes) -> bytes:
    width = dice.one((76, 76, 76, 60, 64, 4, 998, 77, 10**9))
    coded = base64.b64encode(data)
    body = b"\n".join(coded[start : start + width] for start in range(0, len(coded), width)) + b"\n"
    if not dice.chance(0.12):
        return body
    return dice.one(
        (
            body[: dice.randrange(len(body) + 1)],
            body.rstrip(b"=\n"),
            body + b"\nplain text after\n",
            b"\n\n" + body,
            body.replace(b"\n", b" \n"),
            body.replace(b"A", b"A*", 3),
            body[1:],
            body.rstrip() + b"==\n" + body,
            body.rstrip() + b"\n--\n",
            spoilt(dice, body),
            b"!" + body,
            body.replace(b"\n", b"\r\n"),
        )
    )


def _quoted_printable(dice: Dice, data: bytes) -> bytes:
    body = quopri.encodestring(data)
    if not dice.chance(0.15):
        return body
    return dice.one(
        (
            body.replace(b"=", b"=3D"),
            body.replace(b"=\n", b"= \n"),
            body + b"=",
            body.lower(),
            body.replace(b"e", b"=65"),
            body.replace(b"=", b"=\n="),
            body + b"=ZZ=4",
            body.replace(b" ", b"=20"),
            body.replace(b"\n", b"=0A"),
            body.replace(b"\n", b"=0D=0A=\n"),
            body.replace(b"\n", b"  \n"),
            data,
        )
    )


def _uuencode(dice: Dice, data: bytes) -> bytes:
    lines = b"".join(binascii.b2a_uu(data[start : start + 45]) for start in range(0, len(data), 45))
    body = b"begin 644 " + dice.of("files").encode() + b"\n" + lines + b"`\nend\n"
    if not dice.chance(0.2):
        return body
    return dice.one((body[:-5], b"text before\n" + body, spoilt(dice, body), lines))


def transferred(dice: Dice, data: bytes, *, binary: bool = False) -> tuple[Fields, bytes]:
    """`data` in a transfer encoding, with its field; now and then the two do not fit or the coding is faulty."""
    eight = any(octet > 127 for octet in data)
    if binary:
        kind = dice.weighted(base64=8, qp=0.5, plain=0.3, uuencode=0.2, odd=0.15)
    else:
        kind = dice.weighted(base64=2, qp=3, plain=0.3, none=2 if eight else 5, uuencode=0.2, odd=0.15)
    match kind:
        case "base64":
            named = dice.one((b"base64", b"base64", b"BASE64", b"Base64 ", b"base64;", b'"base64"'))
            return [(_NAME, named)], _base64(dice, data)
        case "qp":
            named = dice.one(
                (b"quoted-printable", b"Quoted-Printable", b"quoted-printable\t", b"QUOTED-PRINTABLE")
            )
            return [(_NAME, named)], _quoted_printable(dice, data)
        case "uuencode":
            return [(_NAME, dice.one((b"x-uuencode", b"uuencode", b"x-uue", b"7bit")))], _uuencode(dice, data)
        case "odd":
            return [(_NAME, dice.of("transfer_encodings").encode())], data
        case "none" if dice.chance(0.5):
            return [], data
    return [(_NAME, b"8bit" if eight else dice.one((b"7bit", b"7bit", b"7BIT", b"8bit")))], data
