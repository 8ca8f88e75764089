"""One node of a message's MIME tree: its fields, its content as sent, decoded and rendered.

Source: Mail::SpamAssassin::Message::Node, above all `decode` and `rendered`.
"""

import re

from .charset import to_text
from .content_type import ContentType, parse_content_type
from .headers import HeaderBlock, Headers
from .html import HtmlPage, RenderedText, render
from .transfer import decode_base64, decode_quoted_printable

# Text as SpamAssassin holds it: `str` once characters are known, `bytes` while it is octets.
Text = str | bytes

_HTML_NAME = re.compile(rb"\.s?html?$", re.I)
_DISPOSITION_NAME = re.compile(rb'name=\s*"?([^";]+)"?', re.I)
_NOT_DECODED = (None, None, None, None)


class Part:
    """A MIME part (RFC 2045 to 2049), or a whole message as the root of its tree.

    `type` is lower case and may be empty; `children` is `None` for a leaf, and only leaves have `raw`, the
    content with its transfer encoding still on. `block` is set for the root and for attached messages.
    """

    __slots__ = (
        "_decoded",
        "_normalize",
        "_rendered",
        "block",
        "boundary",
        "charset",
        "children",
        "content_type",
        "headers",
        "html",
        "name",
        "raw",
        "type",
    )

    def __init__(self, headers: Headers, *, normalize: bool = True, block: HeaderBlock | None = None) -> None:
        self.headers = headers
        self.block = block
        self.content_type: ContentType = parse_content_type(headers.last(b"content-type"))
        self.type: str = self.content_type.type
        self.charset: str | None = None
        self.name: bytes | None = None
        self.boundary: bytes | None = None
        self.children: list[Part] | None = None
        self.raw: bytes | None = None
        self.html: HtmlPage | None = None
        self._normalize = normalize
        self._decoded: bytes | None = None
        self._rendered: tuple[str | None, Text | None, Text | None, Text | None] | None = None

    @property
    def is_leaf(self) -> bool:
        """Whether there is nothing below this part."""
        return self.children is None

    def become_leaf(self, raw: bytes, boundary: bytes | None) -> None:
        """Takes `raw` for content; a multipart in which no boundary is known turns into plain text."""
        content_type = self.content_type
        if not content_type.missing:
            orphan = content_type.type.startswith("multipart/") and boundary is None
            self.type = "text/plain" if orphan else content_type.type
        self.charset = content_type.charset
        found = _DISPOSITION_NAME.search(self.headers.last(b"content-disposition"))
        if found:
            self.name = found[1]
        elif content_type.name not in (None, b"", b"0"):
            self.name = content_type.name
        self.boundary = boundary
        self.raw = raw

    def become_parent(self, children: "list[Part]") -> None:
        """Puts `children` below; content held so far is let go."""
        self.children = children
        self.raw = self._decoded = None

    @property
    def raw_lines(self) -> list[bytes]:
        """The content as sent, one line an element, line ends kept."""
        return (
            (self.raw or b"").splitlines(keepends=True) if b"\r" not in (self.raw or b"") else self._lines()
        )

    def _lines(self) -> list[bytes]:
        lines = [line + b"\n" for line in (self.raw or b"").split(b"\n")]
        lines[-1] = lines[-1][:-1]
        return lines if lines[-1] else lines[:-1]

    @property
    def effective_type(self) -> str:
        """The type, but `text/html` for anything named like a web page."""
        return "text/html" if self.name and _HTML_NAME.search(self.name) else self.type

    def decode(self, limit: int | None = None) -> bytes:
        """The content without its transfer encoding, at most `limit` bytes of it; nothing for a parent.

        Text and messages in base64, and everything in quoted-printable, get plain newlines.
        """
        if self._decoded is None:
            raw = self.raw
            if raw is None:
                return b""
            encoding = self.headers.last(b"content-transfer-encoding").lower()
            if encoding == b"quoted-printable":
                self._decoded = decode_quoted_printable(raw).replace(b"\r\n", b"\n")
            elif encoding == b"base64":
                decoded = decode_base64(raw)
                if limit:
                    return decoded[:limit]
                if re.match(r"(?:text|message)\b", self.type, re.ASCII):
                    decoded = decoded.replace(b"\r\n", b"\n")
                self._decoded = decoded
            else:
                self._decoded = raw
        return self._decoded if limit is None else self._decoded[:limit]

    def rendered(self) -> tuple[str | None, Text | None]:
        """The type rendered as (text/plain or text/html) and the text; both `None` for what is no text."""
        return self._render()[:2]

    def visible_rendered(self) -> tuple[str | None, Text | None]:
        """As `rendered`, without what HTML hides."""
        kind, _, visible, _ = self._render()
        return kind, visible

    def invisible_rendered(self) -> tuple[str | None, Text | None]:
        """As `rendered`, only what HTML hides."""
        kind, _, _, invisible = self._render()
        return kind, invisible

    def set_rendered(self, text: Text | None, kind: str = "text/plain") -> None:
        """Replaces what the part renders to, for plugins that can read what this room cannot."""
        self._rendered = _NOT_DECODED if text is None else (kind, text, text, b"")

    def _render(self) -> tuple[str | None, Text | None, Text | None, Text | None]:
        if self._rendered is None:
            self._rendered = self._render_anew()
        return self._rendered

    def _render_anew(self) -> tuple[str | None, Text | None, Text | None, Text | None]:
        kind = self.effective_type
        if kind not in ("text/plain", "text/html"):
            return _NOT_DECODED
        data = self.decode()
        charset = "us-ascii" if self.charset is None else self.charset
        text = self._to_text(data, charset)
        if kind == "text/plain" or not data:
            return kind, text, text, b""
        wide = isinstance(text, str)
        page = render(
            text if isinstance(text, str) else text.decode("latin-1"),
            wide=wide,
            octets=len(data),
            utf8_mode=not (wide or self._normalize),
        )
        self.html = page
        rendered, visible, invisible = map(
            _as_text, (page.rendered, page.visible_rendered, page.invisible_rendered)
        )
        return kind, rendered, visible, invisible

    def _to_text(self, data: bytes, charset: str) -> Text:
        if self._normalize:
            return to_text(data, charset)
        if charset.lower() in ("us-ascii", "utf-8") and not data.isascii():
            text = to_text(data, "utf-8")
            return text if isinstance(text, str) and text.encode() == data else data
        return data

    def find_parts(
        self, pattern: re.Pattern[str] | None = None, *, only_leaves: bool = False, recursive: bool = True
    ) -> "list[Part]":
        """The parts whose type `pattern` finds (for `None` any that has one), depth first, self included.

        Not `recursive`, only this part and its direct children are looked at.
        """
        found: list[Part] = []
        queue: list[Part] = [self]
        deeper = True
        while queue:
            part = queue.pop()
            leaf = part.children is None
            if (leaf or not only_leaves) and (pattern.search(part.type) if pattern else part.type):
                found.append(part)
            if part.children is not None and deeper:
                deeper = recursive
                queue.extend(reversed(part.children))
        return found

    def content_summary(self) -> list[str]:
        """The types in the tree: the root's, then for each child its and all below it, joined by commas."""
        summary = [self.type]
        for child in self.children or ():
            summary.append(",".join(part.type for part in child.find_parts(re.compile(""))))
        return summary


def _as_text(rendered: RenderedText) -> Text:
    return rendered.characters if rendered.wide else rendered.octets
