"""Laying out text for headers and reports: wrapping, folding, and RFC 2047 encoding of what is not ASCII.

Text here is latin-1 `str`, one character a byte. Source: Mail::SpamAssassin::Util, `wrap`;
Mail::SpamAssassin::PerMsgStatus, `mime_encode_header`.
"""

import re
from base64 import b64encode

_SPACE = re.compile(r"([ \t\n\r\f\v])", re.ASCII)
HEADER_BREAK = re.compile(r"(?<=[ \t\n\r\f\v,])", re.ASCII)
_PLAIN_LINE = re.compile(r"[\t\x20-\x7e]*\r?\n?\Z")
_PLAIN = "".join(map(chr, (9, *range(0x20, 0x7F))))
_BLANK = re.compile(r"[ \t]")
_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_ENCODED_CHARACTER = re.compile(r"[=?_\x00-\x20\x7f-\xff]")


def _width(text: str) -> int:
    return len(text) + 7 * text.count("\t")


def _pieces(text: str, breaks: re.Pattern[str]) -> list[str]:
    """The text split at the breaks, what was matched kept as pieces of its own, trailing empties dropped."""
    if breaks is _SPACE:
        pieces = _SPACE.split(text)
    else:
        pieces, start = [], 0
        for match in breaks.finditer(text, 1):
            if match.start() < len(text):
                pieces += [text[start : match.start()], ""]
                start = match.start()
        pieces.append(text[start:])
    while pieces and pieces[-1] == "":
        pieces.pop()
    return pieces


def wrap(
    text: str, prefix: str, first: str, length: int, overflow: bool, breaks: re.Pattern[str] = _SPACE
) -> str:
    """Break text into lines of at most `length` columns (a tab counts 8), later lines led by `prefix`.

    With `overflow` a line may run over by the word that crosses the limit; a prefix that leaves no room for any
    word has one all the same.
    """
    pieces = _pieces(text, breaks)
    if first:
        pieces.insert(0, first)
    lines: list[str] = []
    index, total = 0, len(pieces)
    current: str | None = pieces[0] if pieces else None
    index = 1
    merged = False
    while current is not None and index < total:
        width = _width(current)
        if merged and not overflow:
            width += _width(pieces[index])
        if width <= length or (lines and not merged):
            current += pieces[index]
            index += 1
            merged = True
        else:
            lines.append(current.rstrip(" \t\n\r\f\v"))
            current = prefix
            merged = False
    if current is not None:
        lines.append(current)
    return "\n".join(lines)


def fold_header(name: str, value: str) -> str:
    """A header value folded at spaces and commas so that its lines hold 79 columns; no blank line remains."""
    folded = wrap(f"{name}!!{value}", "\t", "", 79, False, HEADER_BREAK)
    folded = re.sub(r"^[ \t\r\f\v]*\n", "", folded, flags=re.MULTILINE)
    return folded.partition("!!")[2]


def mime_encode(text: str) -> str:
    """Header text with everything but printable ASCII as RFC 2047 encoded words (the bytes are taken as UTF-8)."""
    return "".join(_encode_line(line) for line in _LINE.findall(text))


def _tail(line: str) -> int:
    """Where the words at the end begin that need no encoding, the white space before them included."""
    text = line.removesuffix("\n")
    if len(text) < len(line):
        text = text.removesuffix("\r")
    plain = len(text.rstrip(_PLAIN))
    blank = _BLANK.search(text, plain) if plain else None
    return blank.start() if blank else len(text) if plain else 0


def _encode_line(line: str) -> str:
    if _PLAIN_LINE.match(line) and line.endswith("\n"):
        return line
    prefix = ""
    tail = _tail(line)
    suffix = line[tail:]
    line = line[:tail]
    head = re.match(r"([\t\x20-\x7e]*(?:[ \t]|\Z))", line)
    if head:
        prefix = head.group(1)
        line = line[head.end() :]
    if not line:
        return prefix + suffix
    special = sum(1 for c in line if c in "=?_" or c < " " or c > "~")
    if len(line) + special * 2 <= 4 * int(len(line) + 2) / 3:
        quoted = _ENCODED_CHARACTER.sub(lambda m: "_" if m.group() == " " else f"={ord(m.group()):02X}", line)
        return f"{prefix}=?UTF-8?Q?{quoted}?={suffix}"
    return f"{prefix}=?UTF-8?B?{b64encode(line.encode('latin-1')).decode()}?={suffix}"
