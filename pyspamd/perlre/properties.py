"""Unicode properties over bytes: what `\\p{NAME}` matches among the 256 characters that a byte stands for.

Names and meanings are Perl's (perluniprops): case, blanks, `_` and `-` do not count, `Is` may stand in front. Under
`/i` the properties of case are those of letters that have a case. PCRE2 knows few of the names, and what it makes of
some follows newer tables. Names that are not here are PCRE2's to judge.
"""

import re
import unicodedata
from typing import Final

from . import bytesets
from .bytesets import of, span_mask

_IGNORED: Final = re.compile(r"[\s_-]+")
_EQUALS: Final = re.compile(r"[=:]")

_LONG_NAMES: Final = {
    "C": "other", "Cc": "control cntrl", "Cf": "format", "Cn": "unassigned", "Co": "privateuse", "Cs": "surrogate",
    "L": "letter", "Ll": "lowercaseletter", "Lm": "modifierletter", "Lo": "otherletter", "Lt": "titlecaseletter",
    "Lu": "uppercaseletter", "M": "mark combiningmark", "Mc": "spacingmark", "Me": "enclosingmark",
    "Mn": "nonspacingmark", "N": "number", "Nd": "decimalnumber digit", "Nl": "letternumber", "No": "othernumber",
    "P": "punctuation punct", "Pc": "connectorpunctuation", "Pd": "dashpunctuation", "Pe": "closepunctuation",
    "Pf": "finalpunctuation", "Pi": "initialpunctuation", "Po": "otherpunctuation", "Ps": "openpunctuation",
    "S": "symbol", "Sc": "currencysymbol", "Sk": "modifiersymbol", "Sm": "mathsymbol", "So": "othersymbol",
    "Z": "separator", "Zl": "lineseparator", "Zp": "paragraphseparator", "Zs": "spaceseparator",
}  # fmt: skip


def _bytes_by_category() -> dict[str, int]:
    found = dict.fromkeys(_LONG_NAMES, 0)
    for byte in range(256):
        category = unicodedata.category(chr(byte))
        found[category] |= 1 << byte
        found[category[0]] |= 1 << byte
    return found


_BYTES: Final = _bytes_by_category()
_CASED_LETTERS: Final = _BYTES["Lu"] | _BYTES["Ll"]
_ORDINALS: Final = of(b"\xaa\xba")
_CASED: Final = _CASED_LETTERS | _ORDINALS
_POSIX: Final = bytesets.POSIX
_ASCII_LETTERS: Final = _POSIX["alpha"]

_CATEGORIES: Final = {
    name: _BYTES[short] for short, names in _LONG_NAMES.items() for name in (short.lower(), *names.split())
} | dict.fromkeys(("lc", "l&", "casedletter"), _CASED_LETTERS)

_ALPHA: Final = _CATEGORIES["l"]
_SPACE: Final = _POSIX["space"] | of(b"\x85\xa0")
_GRAPH: Final = _POSIX["graph"] | span_mask(0xA1, 0xFF)

_UNICODE: Final = {
    "alpha": _ALPHA,
    "digit": _POSIX["digit"],
    "alnum": _ALPHA | _POSIX["digit"],
    "upper": _CATEGORIES["lu"],
    "lower": _CATEGORIES["ll"] | _ORDINALS,
    "space": _SPACE,
    "blank": of(b"\t \xa0"),
    "print": _GRAPH | of(b" \xa0"),
    "graph": _GRAPH,
    "cntrl": _CATEGORIES["cc"],
    "xdigit": _POSIX["xdigit"],
    "word": _ALPHA | _POSIX["word"],
}
"""What the POSIX classes are over all of Unicode; `punct` differs between its names."""

_LISTED: Final = (
    _CATEGORIES
    | _UNICODE
    | {f"xposix{name}": mask for name, mask in _UNICODE.items()}
    | {f"posix{name}": mask for name, mask in _POSIX.items() if name != "ascii"}
    | {
        "xposixpunct": _POSIX["punct"] | _CATEGORIES["p"],
        "any": bytesets.ALL,
        "all": bytesets.ALL,
        "assigned": bytesets.ALL,
        "ascii": _POSIX["ascii"],
        "alphabetic": _ALPHA,
        "cased": _CASED,
        "lowercase": _UNICODE["lower"],
        "uppercase": _UNICODE["upper"],
        "title": 0,
        "titlecase": 0,
        "whitespace": _SPACE,
        "wspace": _SPACE,
        "spaceperl": _SPACE,
        "xperlspace": _SPACE,
        "perlspace": _POSIX["space"],
        "perlword": _POSIX["word"],
        "horizspace": _UNICODE["blank"],
        "vertspace": bytesets.ESCAPES["v"],
        "hyphen": of(b"-\xad"),
    }
)

_LETTERS_UNDER_I: Final = dict.fromkeys(("lu", "ll", "uppercaseletter", "lowercaseletter"), _CASED_LETTERS)
_UNDER_I: Final = (
    _LETTERS_UNDER_I
    | dict.fromkeys(("upper", "lower", "uppercase", "lowercase", "xposixupper", "xposixlower"), _CASED)
    | dict.fromkeys(("lt", "title", "titlecase", "titlecaseletter"), _CASED)
    | dict.fromkeys(("posixupper", "posixlower"), _ASCII_LETTERS)
)

_LATIN: Final = _ALPHA & ~of(b"\xb5")
_SCRIPTS: Final = dict.fromkeys(
    "avestan avst carian cari coptic copt qaac duployan dupl elbasan elba georgian geor glagolitic glag"
    " gunjalagondi gong gothic goth greek grek han hani lydian lydi mahajani mahj oldpermic perm shavian"
    " shaw".split(),
    0,
) | dict.fromkeys(("latin", "latn"), _LATIN)
"""Scripts to which the middle dot, U+00B7, belongs in newer tables."""

_BLOCKS: Final = dict.fromkeys(
    "alphabeticpresentationforms arabic arabicpresentationformsa arabicpresentationformsb armenian arrows bengali"
    " blockelements bopomofo boxdrawing braillepatterns cjkcompatibility cjkcompatibilityideographs"
    " cjkradicalssupplement cjksymbolsandpunctuation cjkunifiedideographs cjkunifiedideographsextensiona"
    " combiningdiacriticalmarks currencysymbols cyrillic cyrillicsupplement cyrillicsupplementary devanagari dingbats"
    " emoticons enclosedalphanumerics enclosedalphanumericsupplement enclosedcjklettersandmonths generalpunctuation"
    " geometricshapes georgian greek greekandcoptic greekextended halfwidthandfullwidthforms hangulcompatibilityjamo"
    " hanguljamo hangulsyllables hebrew hiragana ipaextensions katakana latinextendeda latinextendedadditional"
    " latinextendedb letterlikesymbols mathematicalalphanumericsymbols mathematicaloperators miscellaneoussymbols"
    " miscellaneoussymbolsandpictographs miscellaneoustechnical numberforms privateusearea spacingmodifierletters"
    " specials superscriptsandsubscripts supplementalsymbolsandpictographs tamil thai transportandmapsymbols".split(),
    0,
) | {
    "basiclatin": _POSIX["ascii"],
    "ascii": _POSIX["ascii"],
    "latin1": bytesets.HIGH,
    "latin1sup": bytesets.HIGH,
    "latin1supplement": bytesets.HIGH,
}
_BARE_BLOCKS: Final = ("basiclatin", "latin1", "latin1sup", "latin1supplement")
"""Blocks that need no `In` before their names."""

_TABLES: Final = {
    key: table
    for keys, table in (
        (("gc", "generalcategory", "category"), _CATEGORIES),
        (("sc", "script", "scx", "scriptextensions"), _SCRIPTS),
        (("blk", "block"), _BLOCKS),
    )
    for key in keys
}


def _plain(name: str) -> str:
    if name.strip().upper() == "L_":
        return "lc"
    return _IGNORED.sub("", name).lower()


def property_mask(name: str, *, caseless: bool = False) -> int | None:
    """The bytes that have the property `name`, as it stands in the braces; `None` for a name that is not here."""
    name = name.strip()
    if name.startswith("^"):
        rest = name[1:].lstrip()
        mask = None if rest.startswith("^") else property_mask(rest, caseless=caseless)
        return None if mask is None else bytesets.ALL & ~mask
    key, *values = _EQUALS.split(name, maxsplit=1)
    if values:
        table = _TABLES.get(_plain(key).removeprefix("is"))
        value = _plain(values[0])
        if table is _CATEGORIES and caseless and value in _LETTERS_UNDER_I:
            return _LETTERS_UNDER_I[value]
        return None if table is None else table.get(value)
    plain = _plain(name)
    for word in (plain, plain.removeprefix("is")):
        if caseless and word in _UNDER_I:
            return _UNDER_I[word]
        for found in (_LISTED.get(word), _SCRIPTS.get(word)):
            if found is not None:
                return found
        if word in _BARE_BLOCKS:
            return _BLOCKS[word]
    return _BLOCKS.get(plain.removeprefix("in")) if plain.startswith("in") else None


def without_prefix(name: str) -> str:
    """The name as PCRE2 may know it: without the `Is` that means nothing."""
    sign = "^" if name.lstrip().startswith("^") else ""
    plain = _plain(name.lstrip()[len(sign) :])
    return sign + (plain.removeprefix("is") or plain)


def ranges(mask: int) -> str:
    """The bytes of a set as they are written within the brackets of a class."""
    written: list[str] = []
    while mask:
        low = (mask & -mask).bit_length() - 1
        size = ((mask >> low) ^ ((mask >> low) + 1)).bit_length() - 1
        high = low + size - 1
        written.append(f"\\x{low:02x}" if size == 1 else f"\\x{low:02x}-\\x{high:02x}")
        mask &= ~span_mask(low, high)
    return "".join(written)
