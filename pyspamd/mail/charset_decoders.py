"""Decoders for charsets, each agreeing with Perl's Encode byte for byte, also on malformed input."""

import codecs
import importlib.resources
import re
from collections.abc import Callable
from functools import lru_cache

from .charset_escapes import ESCAPED, Decoder
from .charset_names import canonical_name
from .utf8_strict import utf_8

_PYTHON_SINGLE_BYTE = {
    "ascii": "ascii",
    "iso-8859-1": "latin-1",
    "koi8-r": "koi8-r",
    "koi8-u": "koi8-u",
    "cp37": "cp037",
    **{f"iso-8859-{n}": f"iso8859-{n}" for n in (2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 16)},
    **{f"cp{n}": f"cp{n}" for n in (424, 437, 500, 737, 775, 850, 852, 855, 856, 857, 858, 860, 861, 862)},
    **{f"cp{n}": f"cp{n}" for n in (863, 864, 865, 866, 869, 874, 1026)},
    **{f"cp{n}": f"cp{n}" for n in range(1250, 1259)},
}


@lru_cache(maxsize=256)
def find_decoder(name: str) -> Decoder | None:
    """The decoder for the charset called `name` in a message, or `None` for one Encode does not know."""
    canonical = canonical_name(name)
    if canonical is None:
        return None
    if canonical in _PYTHON_SINGLE_BYTE:
        return _single_byte(_PYTHON_SINGLE_BYTE[canonical])
    if canonical in ("utf-8-strict", "utf8"):
        return utf_8 if canonical == "utf-8-strict" else _lax_utf_8
    table = _tables().get(canonical)
    if table is not None:
        return table.decode
    make = ESCAPED.get(canonical)
    return make(find_decoder) if make else None


def _lax_utf_8(data: bytes, strict: bool) -> str | None:
    try:
        return data.decode(errors="surrogatepass")
    except UnicodeDecodeError:
        return utf_8(data, strict)


def _single_byte(codec: str) -> Decoder:
    def decode(data: bytes, strict: bool) -> str | None:
        try:
            return data.decode(codec)
        except UnicodeDecodeError:
            return None if strict else data.decode(codec, "replace")

    return decode


windows_1252 = _single_byte("cp1252")


class _Known(dict[bytes, str | None]):
    """What characters' bytes mean, asked once each."""

    def __init__(self, ask: Callable[[bytes], str | None]) -> None:
        super().__init__()
        self._ask = ask

    def __missing__(self, code: bytes) -> str | None:
        text = self[code] = self._ask(code)
        return text


class Table:
    """A charset of one to three bytes a character: a Python codec, and where Encode departs from it."""

    __slots__ = (
        "_codec",
        "_departures",
        "_leads",
        "_make_incremental",
        "_patch",
        "_removed",
        "_run",
        "_seconds",
    )

    def __init__(self, codec: str, leads: str, seconds: str, changed: str, removed: str) -> None:
        self._codec = codec
        self._make_incremental = codecs.getincrementaldecoder(codec)
        self._leads = _byte_set(leads)
        self._seconds = _byte_set(seconds)
        self._patch = dict(_expand(changed))
        self._removed = frozenset(code for code, _ in _expand(removed))
        singles = bytes(sorted(set(range(256)) - self._leads))
        self._run = re.compile(b"[" + re.escape(singles) + b"]+")
        self._departures = self._pattern()

    def decode(self, data: bytes, strict: bool) -> str | None:
        """The text of `data`; a character cut short by the end is dropped without a complaint."""
        if not (self._departures and self._departures.search(data)):
            decoder = self._make_incremental()
            try:
                text = decoder.decode(data)
            except UnicodeDecodeError:
                pass
            else:
                cut = decoder.getstate()[0]
                if not cut or (cut[0] in self._leads and (len(cut) == 1 or cut[1] in self._seconds)):
                    return text
        return self._decode_slowly(data, strict)

    def _pattern(self) -> re.Pattern[bytes] | None:
        """Finds all that the codec decodes otherwise than Encode, perhaps more; `None` if there is none."""
        by_lead: dict[bytes, set[bytes]] = {}
        for code in (*self._removed, *self._patch):
            if code in self._removed or self._by_codec(code) is not None:
                by_lead.setdefault(code[:-1], set()).add(code[-1:])
        if not by_lead:
            return None
        alternatives = (
            re.escape(lead) + b"[" + re.escape(b"".join(sorted(lasts))) + b"]"
            for lead, lasts in sorted(by_lead.items())
        )
        return re.compile(b"|".join(alternatives))

    def _by_codec(self, code: bytes) -> str | None:
        try:
            return code.decode(self._codec)
        except UnicodeDecodeError:
            return None

    def _text_of(self, code: bytes) -> str | None:
        """The text of one character's bytes, `None` where they are none."""
        changed = self._patch.get(code)
        if changed is not None or code in self._removed:
            return changed
        if len(code) == 3 and not (0xA1 <= code[1] < 0xFF and 0xA1 <= code[2] < 0xFF):
            return None
        return self._by_codec(code)

    def _decode_slowly(self, data: bytes, strict: bool) -> str | None:
        # Known for this text only: whole tables of malformed charsets would be megabytes in every process.
        table = _Known(self._text_of)
        pieces: list[str] = []
        at, size = 0, len(data)
        while at < size:
            found = self._run.match(data, at)
            if found:
                run = found[0]
                at = found.end()
                texts = [table[run[i : i + 1]] for i in range(len(run))]
                if None in texts and strict:
                    return None
                pieces.extend("\ufffd" if text is None else text for text in texts)
                continue
            width = 3 if self._seconds and data[at] == 0x8F else 2
            code = data[at : at + width]
            text = table[code]
            if text is not None:
                pieces.append(text)
                at += width
            elif len(code) < width:
                break
            elif strict:
                return None
            else:
                pieces.append("\ufffd")
                at += 1
        return "".join(pieces)


def _byte_set(ranges: str) -> frozenset[int]:
    found: set[int] = set()
    for text in ranges.split():
        first, _, last = text.partition("-")
        found.update(range(int(first, 16), int(last or first, 16) + 1))
    return frozenset(found)


def _expand(text: str) -> list[tuple[bytes, str]]:
    """The codes a run-length list names, each with its text (empty where the list gives none)."""
    entries: list[tuple[bytes, str]] = []
    for item in text.split():
        left, _, right = item.partition("=")
        code, _, count = left.partition("*")
        points = [int(point, 16) for point in right.split(",")] if right else []
        for step in range(int(count or 1)):
            key = (int(code, 16) + step).to_bytes(len(code) // 2, "big")
            entries.append((key, "".join(map(chr, (*points[:-1], points[-1] + step))) if points else ""))
    return entries


class _Lazy:
    """A table that is built when it is first used."""

    __slots__ = ("_fields", "_table")

    def __init__(self, fields: list[str]) -> None:
        self._fields = fields
        self._table: Table | None = None

    def decode(self, data: bytes, strict: bool) -> str | None:
        if self._table is None:
            self._table = Table(*self._fields)
        return self._table.decode(data, strict)


@lru_cache(maxsize=1)
def _tables() -> dict[str, _Lazy]:
    text = importlib.resources.files(__package__).joinpath("charset_tables.txt").read_text("ascii")
    rows = (line.split("|") for line in text.splitlines() if not line.startswith("#"))
    return {row[0]: _Lazy(row[1:]) for row in rows}
