"""Which charset a name in a message means, by the aliases Perl's Encode knows."""

import re
from functools import lru_cache

_LATIN_TO_ISO = (0, 1, 2, 3, 4, 9, 10, 13, 14, 15, 16)
_WINDOWS_NAMES = {
    "latin1": 1252,
    "latin2": 1250,
    "cyrillic": 1251,
    "greek": 1253,
    "turkish": 1254,
    "hebrew": 1255,
    "arabic": 1256,
    "baltic": 1257,
    "vietnamese": 1258,
}

_CANONICAL = (
    "ascii ascii-ctrl iso-8859-1 null utf8 utf-8-strict iso-8859-2 iso-8859-3 iso-8859-4 iso-8859-5",
    "iso-8859-6 iso-8859-7 iso-8859-8 iso-8859-9 iso-8859-10 iso-8859-11 iso-8859-13 iso-8859-14",
    "iso-8859-15 iso-8859-16 koi8-f koi8-r koi8-u viscii cp424 cp437 cp737 cp775 cp850 cp852 cp855",
    "cp856 cp857 cp858 cp860 cp861 cp862 cp863 cp864 cp865 cp866 cp869 cp874 cp1006 cp1250 cp1251",
    "cp1252 cp1253 cp1254 cp1255 cp1256 cp1257 cp1258 cp37 cp500 cp875 cp1026 cp1047 posix-bc",
    "AdobeStandardEncoding AdobeSymbol AdobeZdingbat dingbats symbol nextstep hp-roman8 gsm0338",
    "MacArabic MacCentralEurRoman MacCroatian MacCyrillic MacDingbats MacFarsi MacGreek MacHebrew",
    "MacIcelandic MacRoman MacRomanian MacRumanian MacSami MacSymbol MacThai MacTurkish MacUkrainian",
    "UCS-2BE UCS-2LE UTF-16 UTF-16BE UTF-16LE UTF-32 UTF-32BE UTF-32LE UTF-7 euc-cn gb12345-raw",
    "gb2312-raw hz iso-ir-165 cp936 MacChineseSimp 7bit-jis euc-jp iso-2022-jp iso-2022-jp-1",
    "jis0201-raw jis0208-raw jis0212-raw cp932 MacJapanese shiftjis euc-kr iso-2022-kr johab",
    "ksc5601-raw cp949 MacKorean big5-eten big5-hkscs cp950 MacChineseTrad MIME-Header MIME-B MIME-Q",
    "MIME-Header-ISO_2022_JP",
)
_BY_LOWER = {name.lower(): name for line in _CANONICAL for name in line.split()}

# Tried in this order; the first that leads to a charset wins. Code works out targets that end in a colon.
_ALIASES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.I | re.A), target)
    for pattern, target in (
        (r"^([^\s_]+)[\s_]+([^\s_]*)$", r"\1-\2"),
        (r"\bUTF-8$", "utf-8-strict"),
        (r"cp65001", "utf-8-strict"),
        (r"cp65000", "UTF-7"),
        (r"\bhk(?:scs)?[-_]?big5$", "big5-hkscs"),
        (r"\bbig5-?hk(?:scs)?$", "big5-hkscs"),
        (r"\btca[-_]?big5$", "big5-eten"),
        (r"\bbig5-?et(?:en)?$", "big5-eten"),
        (r"\bbig-?5$", "big5-eten"),
        (r"\bks_c_5601-1987$", "cp949"),
        (r"(?:x-)?windows-949$", "cp949"),
        (r"(?:x-)?uhc$", "cp949"),
        (r"\bkr.*euc$", "euc-kr"),
        (r"\beuc.*kr$", "euc-kr"),
        (r"\bwindows-31j$", "cp932"),
        (r"\bsjis$", "shiftjis"),
        (r"\bshift.*jis$", "shiftjis"),
        (r"\bujis$", "euc-jp"),
        (r"\bjp.*euc$", "euc-jp"),
        (r"\beuc.*jp$", "euc-jp"),
        (r"\bjis$", "7bit-jis"),
        (r"\bGB[-_ ]?2312(?!-?raw)", "euc-cn"),
        (r"^gbk$", "cp936"),
        (r"\bcn.*euc$", "euc-cn"),
        (r"\beuc.*cn$", "euc-cn"),
        (r"\bkoi8[\s\-_]*([ru])$", r"koi8-\1"),
        (r"^macce$", "MacCentralEurRoman"),
        (r"^macintosh$", "MacRoman"),
        (r"^(?:x[_-])?mac[_-](.*)$", r"mac\1"),
        (r"\b(?:cp|ibm|ms|windows)[-_ ]?(\d{2,4})$", r"cp\1"),
        (r"\btis-?620\b", "iso-8859-11"),
        (r"^thai$", "iso-8859-11"),
        (r"^hebrew$", "iso-8859-8"),
        (r"^greek$", "iso-8859-7"),
        (r"^arabic$", "iso-8859-6"),
        (r"^cyrillic$", "iso-8859-5"),
        (r"^ascii$", "US-ascii"),
        (r"\bwin(latin[12]|cyrillic|baltic|greek|turkish|hebrew|arabic|vietnamese)$", "windows:"),
        (r"\b(?:iso[-_]?)?latin[-_]?(\d+)$", "latin:"),
        (r"^(.+)@euro$", r"\1"),
        (r"\bANSI[-_]?X3\.4[-_]?1968$", "ascii"),
        (r"\b(?:hp-)?(arabic|greek|hebrew|kana|roman|thai|turkish)8$", r"\g<1>8"),
        (r"\biso8859(\d+)$", r"iso-8859-\1"),
        (r"\biso[-_]?(\d+)[-_](\d+)$", r"iso-\1-\2"),
        (r"\b(?:ISO[-_]?)?646(?:[-_]?US)?$", "ascii"),
        (r"^C$", "ascii"),
        (r"^(?:US-?)ascii$", "ascii"),
        (r"^UTF-?(16|32)$", r"UTF-\1"),
        (r"^UTF-?(16|32)-?LE$", r"UTF-\1LE"),
        (r"^UTF-?(16|32)-?BE$", r"UTF-\1BE"),
        (r"^iso-10646-1$", "UCS-2BE"),
        (r"^UCS-?4-?(BE|LE|)?$", "ucs4:"),
        (r"^UCS-?2-?(BE)?$", "UCS-2BE"),
        (r"^UCS-?2-?LE$", "UCS-2LE"),
        (r"^(unicode-1-1-)?UTF-?7$", "UTF-7"),
    )
)
LONGEST_NAME = 1000
"""No name is as long; the patterns above would take long over one that is."""
# Nor does any lead over more others: `mac____@euro@euro…` can be shortened in very many orders.
_MOST_NAMES = 24
_WHITESPACE = re.compile(r"[ \t\n\r\f\v]+")


@lru_cache(maxsize=512)
def canonical_name(name: str) -> str | None:
    """The charset `name` stands for in Encode's spelling, or `None` where Encode knows none.

    `name` holds one character a byte, as it stood in the message; blanks in it do not count.
    """
    return _resolve(_WHITESPACE.sub("", name), set()) if len(name) < LONGEST_NAME else None


def _resolve(name: str, seen: set[str]) -> str | None:
    """What a name leads to by way of names not `seen` yet: what leads nowhere need not be tried twice."""
    lower = name.encode("latin-1", "replace").lower().decode("latin-1")
    known = _BY_LOWER.get(lower)
    if known or lower in seen or len(seen) == _MOST_NAMES:
        return known
    seen.add(lower)
    for pattern, target in _ALIASES:
        found = pattern.search(name)
        new = _expand(found, target) if found else None
        resolved = _resolve(new, seen) if new is not None else None
        if resolved:
            return resolved
    return None


def _expand(found: re.Match[str], target: str) -> str | None:
    if target == "windows:":
        return f"cp{_WINDOWS_NAMES[found[1].lower()]}"
    if target == "latin:":
        number = int(found[1]) if len(found[1]) < 4 else 99
        return f"iso-8859-{_LATIN_TO_ISO[number]}" if number < len(_LATIN_TO_ISO) else None
    if target == "ucs4:":
        return f"UTF-32{found[1] or ''}".upper()
    return found.expand(target)
