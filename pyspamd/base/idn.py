"""Internationalized host names turned into the ASCII form in which they are compared and looked up.

A Perl string is either octets or characters, and the original reads the two differently. Here both are `str`:
octets stand one a character, as in configuration text, and a string that holds anything above U+00FF can only
be characters. Where a caller knows that a string up to U+00FF holds characters, it says so.

Names go through UTS #46 (non-transitional) and IDNA 2008 (RFC 5890 to 5893), label by label. What cannot be
converted stays as it was: the name is worthless, but a rule may still want to see it.
"""

import re
from functools import lru_cache
from typing import Final

_PLAIN: Final = re.compile(r"[a-zA-Z0-9_.:\[\]-]*")
_OTHER_DOTS: Final = re.compile("[\u2024\u3002\uff0e\uff61\ufe52]")
_LATIN1_NAME: Final = re.compile("[a-zA-Z0-9\xc0-\xd6\xd8-\xde\xe0-\xf6\xf8-\xfe_.-]*")
_MAX_NAME: Final = 253
_MAX_LABEL: Final = 63
# UTS #46 calls these valid wherever the STD3 rules are not asked for, and IDNA 2008 does not.
_VALID_WITHOUT_STD3: Final = "_\u2260\u226e\u226f"
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
    if characters or not _is_octets(name):
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


def _is_octets(name: str) -> bool:
    return name.isascii() or max(name) <= "\xff"


def _to_ascii(name: str) -> str | None:
    """The name in ASCII, or `None` where a label breaks a rule."""
    from idna import IDNAError, uts46_remap  # its tables are large, and few messages need them

    if len(name) > 4 * _MAX_NAME:
        return None
    try:
        labels = [_label(label) for label in uts46_remap(name, std3_rules=False).split(".")]
    except (IDNAError, UnicodeError, ValueError):
        return None
    converted = ".".join(labels)
    return converted if len(converted) <= _MAX_NAME else None


def _label(label: str) -> str:
    """One mapped label in ASCII; raises IDNAError or UnicodeError."""
    if not label:
        return label
    if label.isascii():
        if label.startswith("xn--"):
            meant = label[4:].encode("ascii").decode("punycode")
            if meant.isascii() or _encoded(meant) != label:
                raise UnicodeError("not the one encoding of a label")
        else:
            _check_hyphens(label)
        encoded = label
    else:
        encoded = _encoded(label)
    if len(encoded) > _MAX_LABEL:
        raise UnicodeError("a label is longer than 63 octets")
    return encoded


def _encoded(label: str) -> str:
    from idna import check_bidi, check_initial_combiner, check_nfc

    check_nfc(label)
    _check_hyphens(label)
    check_initial_combiner(label)
    for position in range(len(label)):
        _check_character(label, position)
    check_bidi(label)
    return "xn--" + label.encode("punycode").decode("ascii")


def _check_hyphens(label: str) -> None:
    if label[0] == "-" or label[-1] == "-" or label[2:4] == "--":
        raise UnicodeError("hyphens where none may stand")


def _check_character(label: str, position: int) -> None:
    from idna import idnadata, intranges_contain, valid_contextj

    character = label[position]
    classes = idnadata.codepoint_classes
    if character in _VALID_WITHOUT_STD3 or intranges_contain(ord(character), classes["PVALID"]):
        return
    # Rules of context are checked for the joiners only (RFC 5892, appendix A.1 and A.2).
    if intranges_contain(ord(character), classes["CONTEXTO"]):
        return
    if not intranges_contain(ord(character), classes["CONTEXTJ"]) or not valid_contextj(label, position):
        raise UnicodeError("a character that no label may hold")
