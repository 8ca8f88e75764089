"""The parts that MIME trees are made of: texts, pages, pictures, attachments."""

import re
import struct
import zlib

from . import links, pages, words
from .characters import charset_for, encoded, encoded_word, spoilt
from .dice import Dice
from .headings import Fields
from .transfer import transferred

Entity = tuple[Fields, bytes]
"""An entity's MIME fields and its body, LF line ends."""

_GAP = re.compile(rb"\{(\w+)\}")
_CHARSET = ("charset", "charset", "charset", "Charset", "CHARSET")
_AFTER_TYPE = (
    b"; format=flowed",
    b"; format=flowed; delsp=yes",
    b"; reply-type=original",
    b"; boundary=x",
    b'; name="x.html"',
    b"; type=x",
    b";",
)
_TEXT_PLACES = (
    "inline",
    "attachment",
    "attachment; filename=x.txt",
    'inline; filename="page.html"',
    "INLINE",
)
_STARTS = (
    b"MZ\x90\0",
    b"PK\3\4",
    b"%PDF-1.4\n",
    b"{\\rtf1",
    b"",
    b"\xd0\xcf\x11\xe0",
    b"BEGIN:VCARD\n",
    b"<html><body>attached page http://attached.example/</body></html>",
    b"\x1f\x8b",
    b"Rar!\x1a\x07",
)
_SIZES = ((1, 1), (468, 60), (600, 300), (450, 350), (200, 200), (1024, 768), (65535, 65535), (0, 0))


def field(name: str, value: str | bytes) -> tuple[bytes, bytes]:
    """A header field."""
    return name.encode(), value if isinstance(value, bytes) else value.encode("utf-8", "replace")


def parameter(dice: Dice, name: str, value: str) -> bytes:
    """`; name=value`, quoted in one of many ways."""
    word = value.encode("utf-8")
    if not value.isascii() and dice.chance(0.6):
        word = dice.one((encoded_word(dice, value), b"utf-8''%" + word.hex("%").encode()))
    made = {b"name": name.encode(), b"value": word}
    return _GAP.sub(lambda gap: made[gap[1]], dice.of("parameters").encode())


def textual(dice: Dice, kind: str, text: str) -> Entity:
    """A text part of that MIME type."""
    charset = charset_for(dice, text)
    data = encoded(dice, text, charset)
    if dice.chance(0.07):
        data = spoilt(dice, data)
    if dice.chance(0.12):
        charset = dice.one((dice.of("odd_charsets"), "us-ascii", "iso-8859-1", "utf-8", "gb2312"))
    value = kind.encode()
    if dice.chance(0.92):
        value += parameter(dice, dice.one(_CHARSET), charset)
    if dice.chance(0.08):
        value += dice.one(_AFTER_TYPE)
    coding, body = transferred(dice, data)
    if not body.endswith(b"\n") and dice.chance(0.8):
        body += b"\n"
    fields = [] if dice.chance(0.02) else [(b"Content-Type", value)]
    fields += coding
    if dice.chance(0.08):
        fields.append(field("Content-Disposition", dice.one(_TEXT_PLACES)))
    return fields, body


def _odd_text(dice: Dice, mood: str, text: str) -> str:
    return dice.one(
        (
            "",
            "\n",
            " \n \n",
            "x",
            "\n" * 60 + text,
            text.replace("\n", "\n" * 9),
            pages.page(dice, mood),
            "begin 644 x.exe\nM" + "5" * 60 + "\nend\n",
        )
    )


def plain(dice: Dice, mood: str) -> Entity:
    """A text/plain part."""
    text = words.text(dice, mood)
    for _ in range(dice.one((0, 0, 0, 1, 1, 1, 1, 3, 3, 12))):
        text += links.in_text(dice) + dice.one(("\n", " ", "\n\n", "\t"))
        if dice.chance(0.3):
            text += words.sentence(dice, mood) + "\n"
    if dice.chance(0.05):
        text = words.text(dice, mood, 30, 60)
    if dice.chance(0.04):
        text = _odd_text(dice, mood, text)
    odd = ("Text/Plain", "TEXT/PLAIN", "text/plain ", "text", "text/x-plain", "plain/text")
    return textual(dice, "text/plain" if dice.chance(0.7) else dice.one(odd), text)


def markup(dice: Dice, mood: str) -> Entity:
    """A text/html part."""
    odd = ("Text/HTML", "TEXT/HTML", "text/xhtml", "text/html ", "application/xhtml+xml")
    return textual(dice, "text/html" if dice.chance(0.75) else dice.one(odd), pages.page(dice, mood))


def picture(dice: Dice) -> bytes:
    """A GIF, PNG, JPEG or BMP of some size: only its head is true."""
    width, height = dice.one((*_SIZES, (dice.randrange(1, 900), dice.randrange(1, 900))))
    rest = dice.randbytes(dice.randint(0, 300))
    match dice.randrange(5):
        case 0:
            head = dice.one((b"GIF89a", b"GIF87a")) + struct.pack("<HH", width, height) + b"\x91\0\0"
        case 1:
            chunk = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
            head = b"\x89PNG\r\n\x1a\n\0\0\0\x0d" + chunk + struct.pack(">I", zlib.crc32(chunk))
        case 2:
            comment = dice.one((b"", b"\xff\xfe\0\x04ab"))
            head = b"\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0" + comment
            head += b"\xff\xc0\0\x11" + struct.pack(">BHHB", 8, height, width, 3)
        case 3:
            head = b"BM"
        case _:
            head = b""
    return head + rest


def file(dice: Dice) -> Entity:
    """An attachment."""
    kind, name = dice.of("types"), dice.of("files")
    value = kind.encode()
    where = dice.one((b"attachment", b"attachment", b"inline", b"", b"ATTACHMENT", b"foo"))
    if dice.chance(0.7):
        value += parameter(dice, "name", name)
    if dice.chance(0.8):
        where += parameter(dice, "filename", name if dice.chance(0.9) else dice.of("files"))
    if kind.startswith("image") or dice.chance(0.1):
        data = picture(dice)
    else:
        data = dice.one((*_STARTS, words.text(dice, "spam").encode()))
        data += dice.randbytes(dice.one((0, 20, 400, 3000)))
    coding, body = transferred(dice, data, binary=True)
    fields = [(b"Content-Type", value), *coding]
    if where:
        fields.append((b"Content-Disposition", where))
    if dice.chance(0.2):
        fields.append(field("Content-ID", dice.one(("<part1.x@example.com>", "<image001.png@01D0>", "x"))))
    if dice.chance(0.05):
        fields.append(field("Content-Location", links.link(dice).replace("\n", "")))
    if dice.chance(0.05):
        fields.append(field("Content-Description", name))
    return fields, body
