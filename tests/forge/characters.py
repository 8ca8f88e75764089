"""Text into octets: charsets right, wrong and unknown, and the encoded words of headers."""

import base64
import quopri
from functools import cache

from .dice import Dice
from .lists import items

_STRAY = (b"\x00", b"\x00\x00", b"\x1b$B", b"\x1b(B", b"\xff\xfe", b"\xef\xbb\xbf", b"\x80", b"\xa0", b"\x85")
_NO_UTF_8 = (
    b"\xc0\xaf",
    b"\xed\xa0\x80",
    b"\xf4\x90\x80\x80",
    b"\xe2\x80",
    b"\xc3",
    b"\xf0\x9f\x98",
    b"\xc2\xad",
)
_CONTROLS = (b"\r", b"\x0b", b"\x0c", b"\x01\x02", b"\x7f", b"\x08")


@cache
def codecs() -> dict[str, str]:
    """Charset names as mail has them, and Python's codec for each."""
    return {name: codec for name, _, codec in (line.partition(" ") for line in items("charsets"))}


def encoded(dice: Dice, text: str, charset: str) -> bytes:
    """`text` in that charset, what it has not as a question mark, a character reference or UTF-8."""
    codec = codecs().get(charset, "utf-8")
    try:
        return text.encode(codec)
    except UnicodeEncodeError:
        if codec in ("ascii", "latin-1") and dice.chance(0.3):
            return text.encode("utf-8")
        return text.encode(codec, dice.one(("replace", "xmlcharrefreplace", "ignore")))


def spoilt(dice: Dice, data: bytes) -> bytes:
    """`data` with a few octets damaged, as broken and hostile mailers leave them."""
    out = bytearray(data)
    for _ in range(dice.randint(1, 4)):
        place = dice.randrange(len(out) + 1)
        match dice.randrange(6):
            case 0:
                out[place:place] = bytes([dice.randrange(128, 256)])
            case 1:
                del out[place : place + dice.randint(1, 3)]
            case 2:
                out[place:place] = dice.one(_STRAY)
            case 3:
                out[place : place + 1] = bytes([dice.randrange(256)])
            case 4:
                out[place:place] = dice.one(_NO_UTF_8)
            case 5:
                out[place:place] = dice.one(_CONTROLS)
    return bytes(out)


def charset_for(dice: Dice, text: str) -> str:
    """The name of a charset, most often one that has the letters of `text`."""
    names = tuple(codecs())
    if dice.chance(0.25):
        return dice.one(names)
    if text.isascii():
        return dice.one(("us-ascii", "utf-8", "iso-8859-1", "Windows-1252", "utf-8"))
    for _ in range(12):
        charset = dice.one(names)
        try:
            text.encode(codecs()[charset])
        except UnicodeEncodeError:
            continue
        return charset
    return "utf-8"


def _quoted(piece: bytes) -> bytes:
    coded = quopri.encodestring(piece, header=True).replace(b"=\n", b"")
    return coded.replace(b"?", b"=3F").replace(b"\n", b"=0A")


def _word(dice: Dice, named: bytes, piece: bytes) -> bytes:
    if dice.chance(0.5):
        kind, body = dice.one((b"B", b"B", b"b")), base64.b64encode(piece)
        if dice.chance(0.06):
            body = body.rstrip(b"=")
    else:
        kind, body = dice.one((b"Q", b"Q", b"q")), _quoted(piece)
        if dice.chance(0.1):
            body = body.replace(b"_", b" ")
    word = b"=?" + named + b"?" + kind + b"?" + body + b"?="
    if not dice.chance(0.05):
        return word
    return dice.one(
        (
            word[:-2],
            word[2:],
            word[:-1],
            word.replace(b"?", b"??", 1),
            b"=?" + named + b"?X?" + body + b"?=",
            b"=?" + named + b"*en?" + kind + b"?" + body + b"?=",
        )
    )


def encoded_word(dice: Dice, text: str) -> bytes:
    """`text` as one or several encoded words (RFC 2047), not always well made."""
    charset = charset_for(dice, text)
    data = encoded(dice, text, charset)
    if dice.chance(0.08):
        data = spoilt(dice, data)
    size = dice.one((12, 30, 45, 45, 200))
    named = (dice.of("odd_charsets") if dice.chance(0.04) else charset).encode("latin-1", "replace")
    words = [_word(dice, named, data[start : start + size]) for start in range(0, max(1, len(data)), size)]
    return dice.one((b" ", b"\n ", b"", b"\r\n\t", b"\n\t", b"\n  ")).join(words)


def header_text(dice: Dice, text: str) -> bytes:
    """`text` for a header: encoded where needed, sometimes raw octets, sometimes both mixed."""
    if text.isascii():
        return encoded_word(dice, text) if dice.chance(0.06) else text.encode()
    kind = dice.random()
    if kind < 0.15:
        return text.encode("utf-8")
    if kind < 0.25:
        return encoded(dice, text, charset_for(dice, text)).replace(b"\n", b" ")
    if kind < 0.35:
        first, _, rest = text.partition(" ")
        return encoded_word(dice, first) + b" " + header_text(dice, rest)
    return encoded_word(dice, text)
