"""A message: from raw bytes its fields, MIME tree and every text rules look at, each made when asked for.

Source: Mail::SpamAssassin::Message.
"""

import hashlib
import re
from dataclasses import dataclass
from functools import cached_property

from .headers import HeaderBlock, Headers, parse_header_block
from .html import HtmlPage
from .mime import ParseFlags, parse_tree
from .part import Part, Text
from .text import body_lines, joined, short_paragraphs, truncated
from .truncation import Truncation

_TEXT_TYPE = re.compile(r"(?:text|message)\b", re.ASCII)
_MESSAGE_ID = re.compile(rb"\s*<(.+)>\s*$", re.S)
_HEADER_FLAGS = ("missing_head_body_separator", "truncated_header")
_BODY_FLAGS = (
    "missing_mime_headers",
    "missing_mime_head_body_separator",
    "mime_epilogue_exists",
    "mimepart_limit_exceeded",
)


@dataclass(frozen=True, slots=True)
class ReadingSettings:
    """What the configuration says about reading messages; sizes in bytes of one part, 0 for no limit."""

    normalize_charset: bool = True
    body_part_scan_size: int = 50_000
    rawbody_part_scan_size: int = 500_000


class Message:
    """One message, never failing to be read whatever its bytes are.

    `raw` may begin with an mbox or mbx separator line, which is not part of the message. `truncation` is what
    whoever handed it over shortened has said of it, if that is believed.
    """

    def __init__(
        self,
        raw: bytes,
        settings: ReadingSettings = ReadingSettings(),
        *,
        truncation: Truncation | None = None,
    ) -> None:
        self.raw = raw
        self.settings = settings
        self.truncation = truncation

    @cached_property
    def _block(self) -> HeaderBlock:
        return parse_header_block(self.raw)

    @property
    def headers(self) -> Headers:
        """The fields at the top."""
        return self._block.headers

    @property
    def header_block(self) -> bytes:
        """The fields as they stood, with the empty line that ends them."""
        return self._block.block

    @property
    def body_bytes(self) -> bytes:
        """The body as it stood."""
        return self._block.body

    @property
    def body_length(self) -> int:
        """The size of the body in bytes, before it was shortened where that is known."""
        told = self.truncation.body_size(len(self._block.block)) if self.truncation is not None else None
        return len(self._block.body) if told is None else told

    @property
    def mailbox_separator(self) -> bytes | None:
        """The mbox line that stood before the message, if any."""
        return self._block.mailbox_separator

    @property
    def line_ending(self) -> bytes:
        """CRLF if the first or last line has it, else a newline."""
        return b"\r\n" if self._block.crlf else b"\n"

    @cached_property
    def full(self) -> bytes:
        """The message as `full` rules see it: fields and body, without a mailbox separator."""
        block = self._block
        if block.mailbox_separator is None and len(block.block) + len(block.body) == len(self.raw):
            return self.raw
        return block.block + block.body

    @cached_property
    def _tree(self) -> tuple[Part, ParseFlags]:
        return parse_tree(self._block, normalize=self.settings.normalize_charset)

    @property
    def root(self) -> Part:
        """The root of the MIME tree."""
        return self._tree[0]

    @property
    def boundary_state(self) -> dict[bytes, int]:
        """For each boundary in use 0 if it was opened and closed, else something else."""
        return self._tree[1].boundary_state

    def find_parts(
        self, pattern: re.Pattern[str] | None = None, *, only_leaves: bool = False, recursive: bool = True
    ) -> list[Part]:
        """Parts by type, as `Part.find_parts` from the root."""
        return self.root.find_parts(pattern, only_leaves=only_leaves, recursive=recursive)

    @cached_property
    def leaves(self) -> list[Part]:
        """The parts with nothing below them, in order."""
        return self.find_parts(only_leaves=True)

    def parse_flag(self, name: str) -> bool:
        """Whether reading raised the flag `name`, by the names of `check_msg_parse_flags`."""
        if name == "missing_head_body_separator":
            return self._block.missing_separator
        if name == "truncated_header":
            return self._block.truncated or self.headers.oversized
        if name in _BODY_FLAGS:
            return bool(getattr(self._tree[1], name))
        return name == "mbox_sep" and self.mailbox_separator is not None

    @property
    def parse_flags(self) -> frozenset[str]:
        """The names of all flags raised."""
        return frozenset(name for name in (*_HEADER_FLAGS, *_BODY_FLAGS) if self.parse_flag(name))

    @cached_property
    def body(self) -> list[bytes]:
        """The subject, then the rendered text in paragraphs, UTF-8: what `body` rules see."""
        return self._rendered([part.rendered()[1] for part in self.leaves], with_subject=True)

    @cached_property
    def visible_body(self) -> list[bytes]:
        """As `body`, without what HTML hides."""
        return self._rendered([part.visible_rendered()[1] for part in self.leaves], with_subject=True)

    @cached_property
    def invisible_body(self) -> list[bytes]:
        """Only what HTML hides; no subject."""
        return self._rendered([part.invisible_rendered()[1] for part in self.leaves], with_subject=False)

    def _rendered(self, texts: list[Text | None], *, with_subject: bool) -> list[bytes]:
        if not texts:
            return []
        limit = self.settings.body_part_scan_size
        text = joined(None if text is None else truncated(text, limit) for text in texts)
        subjects = self.headers.get(b"subject") if with_subject else [b""]
        return body_lines(subjects[-1] if subjects else b"\n", text)

    @cached_property
    def rawbody(self) -> list[bytes]:
        """The text parts decoded but not rendered, in chunks: what `rawbody` rules see."""
        limit = self.settings.rawbody_part_scan_size
        chunks: list[bytes] = []
        for part in self.leaves:
            if _TEXT_TYPE.match(part.effective_type) and part.type != "text/calendar":
                text = truncated(part.decode(), limit, markup=True)
                assert isinstance(text, bytes)
                chunks += short_paragraphs(text)
        return chunks

    @cached_property
    def html_pages(self) -> list[HtmlPage | None]:
        """What HTML rendering found, part by part; `None` for an empty part."""
        return [part.html for part in self.leaves if part.rendered()[0] == "text/html"]

    @property
    def html(self) -> HtmlPage | None:
        """What rendering found in the last HTML part, which speaks for the message."""
        return self.html_pages[-1] if self.html_pages else None

    @cached_property
    def body_digest(self) -> str:
        """SHA-1 of the body with plain newlines, in hex."""
        body = self.body_bytes.replace(b"\r\n", b"\n") if self._block.crlf else self.body_bytes
        return hashlib.sha1(body, usedforsecurity=False).hexdigest()

    @cached_property
    def part_digests(self) -> list[str]:
        """SHA-1 in hex and type of every leaf, as `digest:type`."""
        return [
            f"{hashlib.sha1(part.decode(), usedforsecurity=False).hexdigest()}:{part.type}"
            for part in self.find_parts(re.compile(""), only_leaves=True)
        ]

    @property
    def message_id(self) -> bytes | None:
        """What stands between the angle brackets of the Message-ID field, if it has any."""
        found = _MESSAGE_ID.match(self.headers.last(b"message-id") + b"\n")
        return found[1] if found else None

    @cached_property
    def generated_message_id(self) -> str:
        """An identifier made from recipient, date and body, the same for every copy of a message."""
        to, date = ((self.headers.get(name) or [b""])[-1] for name in (b"to", b"date"))
        source = b"\0".join((to, date, self.body_digest.encode()))
        return hashlib.sha1(source, usedforsecurity=False).hexdigest() + "@sa_generated"

    def pristine_header(self, name: bytes | str) -> list[bytes]:
        """The values of `name` as they stood, folds and newline kept; decoded ones where that finds none."""
        key = name.encode("latin-1") if isinstance(name, str) else name
        pattern = rb"^" + re.escape(key) + rb"[ \t]*:[ \t]*(.*?\n(?![ \t]))"
        return re.findall(pattern, self.header_block, re.S | re.M | re.I) or self.headers.get(name)

    def rawbody_sha1(self) -> str:
        """SHA-1 in hex of `rawbody` joined by NULs."""
        return hashlib.sha1(b"\0".join(self.rawbody), usedforsecurity=False).hexdigest()
