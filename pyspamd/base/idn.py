"""Internationalized host names turned into the ASCII form in which they are compared and looked up.

A Perl string is either octets or characters, and the original reads the two differently. Here both are `str`:
octets stand one a character, as in configuration text, and a string that holds anything above U+00FF can only
be characters. Where a caller knows that a string up to U+00FF holds characters, it says so.

The conversion is IDNA 2003 (RFC 3490), as Perl's Net::LibIDN does it: the recorded verdicts that ours are
held against were made with it. A name that cannot be converted stays as it was: it is worthless, but a rule
may still want to see it. A name in ASCII, however odd, is none that needs converting, and keeps its capitals.
"""

import re
import stringprep
from encodings.idna import ToASCII, nameprep
from functools import lru_cache
from typing import Final

_PLAIN: Final = re.compile(r"[a-zA-Z0-9_.:\[\]-]*")
_OTHER_DOTS: Final = re.compile("[\u2024\u3002\uff0e\uff61\ufe52]")
_LATIN1_NAME: Final = re.compile("[a-zA-Z0-9\xc0-\xd6\xd8-\xde\xe0-\xf6\xf8-\xfe_.-]*")
_MAX_NAME: Final = 1024
_TOO_LONG: Final = 60
_LOWER: Final = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}


def lower_octets(text: str) -> str:
    """`text` with A to Z in lower case and every other character as it was."""
    return text.lower() if text.isascii() else text.translate(_LOWER)


def idn_to_ascii(name: str, *, characters: bool = False) -> str:
    """`name` in ASCII-compatible encoding and lower case, or its octets unchanged where that is impossible.

    The answer holds octets. `characters` says that U+0080 to U+00FF in `name` are characters, not octets.
    """
    if _PLAIN.fullmatch(name):
        return name.lower()
    return _converted(name, characters)


@lru_cache(maxsize=2048)
def _converted(name: str, characters: bool) -> str:
    if characters or not (name.isascii() or max(name) <= "\xff"):
        octets = name.encode("utf-8", "surrogatepass")
    else:
        octets = name.encode("latin-1")
    try:
        text = _OTHER_DOTS.sub(".", octets.decode("utf-8"))
        octets = text.encode()
    except UnicodeDecodeError:
        text = octets.decode("latin-1")
        if not _LATIN1_NAME.fullmatch(text):
            return lower_octets(text)
    # The library behind the original reads C strings.
    converted = _to_ascii(text.partition("\0")[0])
    return octets.decode("latin-1") if converted is None else converted


def _to_ascii(name: str) -> str | None:
    """The name in ASCII, or `None` where a label breaks a rule."""
    if name in ("", "."):
        return name
    if len(name) > _MAX_NAME:
        return None
    *labels, last = name.split(".")
    if last or not labels:
        labels.append(last)
        last = "."
    try:
        converted = ".".join([_label(label) for label in labels])
    except UnicodeError:
        return None
    return converted if last else converted + "."


def _label(label: str) -> str:
    """One label in ASCII (RFC 3490, section 4.1: ToASCII); raises UnicodeError."""
    if not label.isascii():
        prepared = nameprep(label)
        # `xn--` and at least an octet for each character: no need to work out which, for it takes the square of them.
        if len(prepared) >= _TOO_LONG and not prepared.isascii():
            raise UnicodeError("label too long")
        if any(map(stringprep.in_table_a1, label + prepared)):
            raise UnicodeError("a character that RFC 3454 does not know")
    return ToASCII(label).decode("ascii")
