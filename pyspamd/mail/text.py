"""Decoded text cut into what rules match: body paragraphs, rawbody chunks, with their size limits.

Source: `get_rendered_body_text_array` and what follows it in Mail::SpamAssassin::Message.
"""

import re
from collections.abc import Iterable

MAX_LINE_LENGTH = 2048
_SLACK = 1024

_PARAGRAPH_BREAK = re.compile(rb"\n\s*\n")
# The whitespace of Unicode beyond ASCII, as it stands in UTF-8.
_WIDE_SPACE = re.compile(
    rb"\xc2[\x85\xa0]|\xe1\x9a\x80|\xe2\x80[\x80-\x8a\xa8\xa9\xaf]|\xe2\x81\x9f|\xe3\x80\x80"
)


def truncated(text: str | bytes, limit: int, *, markup: bool = False) -> str | bytes:
    """The first `limit` units of `text` (0 for all), up to 1,024 more so as to end at a newline or blank.

    With `markup` a closing angle bracket is preferred to a blank.
    """
    if not limit or len(text) <= limit:
        return text
    ends = (b"\n", b">", b" ") if markup else (b"\n", b" ")
    for end in ends:
        at = text.find(end.decode(), limit) if isinstance(text, str) else text.find(end, limit)
        if 0 <= at <= limit + _SLACK:
            return text[: at + 1]
    return text[:limit]


def joined(pieces: Iterable[str | bytes | None]) -> bytes:
    """Rendered parts with a newline before each but the first, as UTF-8.

    Where one part is characters, parts that are still octets are taken for Latin-1, as Perl takes them: UTF-8
    in them is encoded twice.
    """
    found: list[str | bytes] = []
    begun = False
    for piece in pieces:
        if begun:
            found.append(b"\n")
        if piece is not None:
            # An empty one counts too: it may be the only one that is characters.
            found.append(piece)
            begun = begun or bool(piece)
    if not any(isinstance(piece, str) for piece in found):
        return b"".join(piece for piece in found if isinstance(piece, bytes))
    text = "".join(piece if isinstance(piece, str) else piece.decode("latin-1") for piece in found)
    data = text.encode("utf-8", "surrogatepass")
    return data if data.isascii() else _WIDE_SPACE.sub(b" ", data)


def body_lines(subject: bytes, text: bytes) -> list[bytes]:
    """`subject` and the paragraphs of `text`, whitespace squeezed, one line each and none over 2,048 bytes.

    Lines keep their newline. A NUL in the text ends a line as a paragraph break does.
    """
    squeezed = b"\n".join(_squeezed(paragraph) for paragraph in _PARAGRAPH_BREAK.split(text))
    if b"\0" in squeezed:
        squeezed = squeezed.replace(b"\0", b"\n")
    lines = [line + b"\n" for line in (subject + squeezed).split(b"\n")]
    last = lines.pop()[:-1]
    if last:
        lines.append(last)
    if any(len(line) > MAX_LINE_LENGTH for line in lines):
        return [short for line in lines for short in _short_lines(line)]
    return lines


def _squeezed(paragraph: bytes) -> bytes:
    squeezed = b" ".join(paragraph.split())
    if not squeezed:
        return b" " if paragraph else b""
    if paragraph[:1].isspace():
        squeezed = b" " + squeezed
    return squeezed + b" " if paragraph[-1:].isspace() else squeezed


def _short_lines(line: bytes) -> Iterable[bytes]:
    at = 0
    while len(line) - at > MAX_LINE_LENGTH:
        end = line.rfind(b" ", at, at + MAX_LINE_LENGTH + 1) + 1 or at + MAX_LINE_LENGTH
        yield line[at:end]
        at = end
    yield line[at:]


def short_paragraphs(text: bytes) -> list[bytes]:
    """`text` in chunks of 2,048 to 4,096 bytes, cut after a newline, else an angle bracket, else a blank."""
    size = len(text)
    if size <= MAX_LINE_LENGTH:
        return [text]
    chunks: list[bytes] = []
    at = 0
    while size - at > 2 * MAX_LINE_LENGTH:
        least, most = at + MAX_LINE_LENGTH, at + 2 * MAX_LINE_LENGTH
        end = text.find(b"\n", least, most)
        if end < 0:
            end = text.find(b">", least, most)
        if end < 0:
            end = text.find(b" ", least, most)
        if end < 0:
            end = least
        chunks.append(text[at : end + 1])
        at = end + 1
    if at < size:
        chunks.append(text[at:])
    return chunks
