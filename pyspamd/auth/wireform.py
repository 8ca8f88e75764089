"""A message as the signing host saw it: header fields in order, and body, all lines ending with CRLF.

Source: RFC 6376 section 5.3; what needs CR, `_check_signature` in Mail::SpamAssassin::Plugin::DKIM.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from .canonical import nofws_field, relaxed_field

_FIELD = re.compile(rb"[^\n]*\n(?:[ \t][^\n]*\n)*")
_NAME = re.compile(rb"([^\s:]+)[ \t]*:")
_SEPARATOR = re.compile(rb"From\s+(?!:)")
_HEAD_END = re.compile(rb"\n\r?\n")
_BARE_LF = re.compile(rb"(?<!\r)\n")
_SIGNATURE = re.compile(
    rb"^(?:dkim-signature|domainkey-signature|arc-seal|arc-message-signature)[ \t]*:", re.I | re.M
)


def wire_form(raw: bytes) -> bytes:
    """`raw` as it crossed the wire, without an mbox separator: LF becomes CRLF.

    Whether that is needed is told by the first and the last line, as SpamAssassin tells it. Where either ends
    with CRLF the message is in wire form already; only its header lines that lack CR are mended.
    """
    if _SEPARATOR.match(raw):
        raw = raw[raw.find(b"\n") + 1 :]
    end = raw.find(b"\n")
    last = raw.rfind(b"\n", 0, len(raw) - 1)
    if raw[end - 1 : end] != b"\r" and not raw.endswith(b"\r\n", last + 1):
        return raw.replace(b"\n", b"\r\n")
    stop = _HEAD_END.search(raw)
    head = raw if stop is None else raw[: stop.end()]
    if head.count(b"\n") == head.count(b"\r\n"):
        return raw
    return _BARE_LF.sub(b"\r\n", head) + raw[len(head) :]


@dataclass(frozen=True)
class Field:
    """A header field: its name in lower case and its whole text, folding kept, without the last CRLF.

    Its canonical forms are worked out once however many signatures cover it.
    """

    name: bytes
    text: bytes

    @property
    def value(self) -> bytes:
        """What follows the colon."""
        return self.text[self.text.index(b":") + 1 :]

    @cached_property
    def relaxed(self) -> bytes:
        """As DKIM's relaxed form has it."""
        return relaxed_field(self.text)

    @cached_property
    def nofws(self) -> bytes:
        """As DomainKeys' nofws form has it."""
        return nofws_field(self.text)


def count_authors(fields: Iterable[Field]) -> int:
    """How many of the fields are From."""
    return [field.name for field in fields].count(b"from")


class WireMessage:
    """A message in wire form, taken apart no further than signatures need."""

    def __init__(self, raw: bytes) -> None:
        raw = wire_form(raw)
        if raw.startswith(b"\r\n"):
            self.head, self.body, self.header_ended = b"", raw[2:], True
            return
        end = raw.find(b"\r\n\r\n")
        self.head, self.body = (raw, b"") if end < 0 else (raw[: end + 2], raw[end + 4 :])
        self.header_ended = end >= 0
        if end < 0 and raw and not raw.endswith(b"\r\n"):
            self.head += b"\r\n"

    @cached_property
    def fields(self) -> tuple[Field, ...]:
        """The header fields from top to bottom; a line that is no field has the name b""."""
        found = []
        for match in _FIELD.finditer(self.head):
            text = match[0].removesuffix(b"\n").removesuffix(b"\r")
            name = _NAME.match(text)
            found.append(Field(name[1].lower() if name else b"", text))
        return tuple(found)

    @cached_property
    def authors(self) -> int:
        """How many From fields there are."""
        return count_authors(self.fields)

    def has_signature(self) -> bool:
        """Whether any field looks like a signature; cheap, for the many messages that have none."""
        return _SIGNATURE.search(self.head) is not None
