"""Which charsets belong to which locales, for rules that look for mail in scripts one cannot read.

Source: Mail::SpamAssassin::Conf, `ok_locales`.
"""

import os
import re
from collections.abc import Sequence
from functools import cache

_JAPANESE = (
    "EUCJP JISX020119760 JISX020819830 JISX020819900 JISX020819970 JISX021219900 JISX021320001 JISX021320002 "
    "SHIFT_JIS SHIFTJIS ISO2022JP SJIS JIS7 JISX0201 JISX0208 JISX0212"
)
_CYRILLIC = "KOI8R KOI8U KOI8T ISOIR111 CP1251 GEORGIANPS PT154 CP866"
_TRADITIONAL = "BIG5HKSCS BIG5 EUCTW"
_SIMPLIFIED = "GB1988 GB2312 GB231219800 GB18030 GBK ISO2022CN"
CHARSETS = {
    "ja": frozenset(_JAPANESE.split()),
    "ko": frozenset(("EUCKR", "KSC56011987")),
    "th": frozenset(("TIS620",)),
    "zh": frozenset(f"{_SIMPLIFIED} {_TRADITIONAL}".split()),
    **{country: frozenset(_CYRILLIC.split()) for country in ("ru", "ka", "tg", "be", "uk", "bg")},
}
"""Charsets by language, beside those that are fine everywhere."""

_FINE_EVERYWHERE = re.compile(
    r"(?:USASCII|ASCII|IBM852|XUNKNOWN|ISO)\Z|ISO8859|ISO10646|UTF|UCS|CP125|WINDOWS|UNICODE11UTF[78]"
)
_NOT_IN_NAMES = re.compile(r"[^A-Z0-9]")
_LANGUAGE = re.compile(r"([a-z][a-z]).*\Z", re.DOTALL)


def my_locales(ok_locales: str) -> list[str]:
    """The locales whose charsets are fine: those configured and the one this process runs in."""
    return [*ok_locales.split(), *_own_locale()]


@cache
def _own_locale() -> tuple[str, ...]:
    """That of this process, which has one from its start to its end."""
    variables = ("LC_ALL", "LANGUAGE", "LC_MESSAGES", "LANG")
    return next(((os.environ[name],) for name in variables if os.environ.get(name)), ())


def charset_suits_locales(charset: str, locales: Sequence[str]) -> bool:
    """Whether mail in this charset is to be expected under one of the locales."""
    name = _NOT_IN_NAMES.sub("", charset.upper()).removeprefix("3D")  # a left-over of quoted-printable
    if _FINE_EVERYWHERE.match(name):
        return True
    for locale in locales:
        language = "en" if locale == "C" else _LANGUAGE.sub(r"\1", locale)
        if name in CHARSETS.get(language, ()):
            return True
    return False
