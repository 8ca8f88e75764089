"""Taking SpamAssassin's markup off a message: the wrapping of `report_safe`, X-Spam headers, marked subjects.

Source: Mail::SpamAssassin, `remove_spamassassin_markup`; perldoc spamassassin-run, `--remove-markup`.
"""

import re

from ..conf.conf import Conf
from ..conf.core_report import REWRITE_HEADER
from ..mail.message import Message

_MIXED = re.compile(rb"\s*multipart/mixed;\s+boundary\s*=\s*[\"']?(.+?)[\"']?(?:;|$)", re.IGNORECASE)
_ORIGINAL = re.compile(rb"(?:message/rfc822|text/plain);\s+x-spam-type=original")
_LINE = re.compile(rb"[^\n]*\n|[^\n]+")
_PART_FIELD = re.compile(rb"Content-(Type|Description):\s+(\S(?:.*\S)?|.)\s*$", re.IGNORECASE)
_FOLDED_OWN = re.compile(rb"((?:\A|\n)X-Spam-(?!Prev)[^\n]+)((?:\n[ \t]+\S[^\n]*(?=\n))+)")
_FOLD = re.compile(rb"\n[ \t]+")
_OWN_LINE = re.compile(rb"^X-Spam-[^\n]*\n", re.MULTILINE)
_NO_SUBJECT = re.compile(rb"^X-Spam-Prev-Subject:\s*\(nonexistent\)$", re.MULTILINE)
_SAYS_NONEXISTENT = re.compile(rb"^Subject:[^\n]*\(nonexistent\)[^\n]*$", re.MULTILINE)
_NO_SUBJECT_LINE = re.compile(rb"(\A|\n)X-Spam-Prev-Subject:\s*\(nonexistent\)\n")
_SUBJECT_ON = re.compile(rb"(\A|\n)Subject:.*\n", re.DOTALL)
_PREVIOUS = re.compile(rb"^X-Spam-Prev-(([^:]+:)[^\n]*\n(?:\s+\S[^\n]*\n)*)", re.MULTILINE)
_OLD_REPORT = re.compile(rb"\A\n?SPAM: ----[^\n]+\n(?:SPAM:[^\n]*\n)*SPAM: ----[^\n]+\n\n")
MOST_PREVIOUS = 100
"""X-Spam-Prev lines that are put back; for each the header is looked through."""
DESCRIPTION = b"original message before SpamAssassin"


def without_markup(message: Message, conf: Conf) -> bytes:
    """The message as it was before SpamAssassin (or pyspamd) marked it."""
    separator = message.mailbox_separator or b""
    original = _unwrapped(message)
    return separator + (_unmarked(message, conf) if original is None else original)


def _unwrapped(message: Message) -> bytes | None:
    """The original inside a `report_safe` wrapping, or `None` where there is none."""
    types = message.headers.get("Content-Type")
    found = _MIXED.match(types[-1]) if types else None
    if not found:
        return None
    start = re.compile(rb"--" + re.escape(found.group(1)) + rb"\r?$")
    boundary = b"--" + found.group(1)
    lines = _LINE.findall(message.body_bytes)
    fields: dict[bytes, bytes] | None = None
    for number, line in enumerate(lines):
        if fields is None and not start.match(line):
            continue
        if line.strip():
            fields = {} if fields is None else fields
            field = _PART_FIELD.match(line)
            if field:
                fields[field.group(1).lower()] = field.group(2)
            continue
        if fields is not None and _is_original(fields):
            return _until_boundary(lines[number + 1 :], boundary)
        fields = None
    return None


def _is_original(fields: dict[bytes, bytes]) -> bool:
    kind = fields.get(b"type", b"")
    return bool(_ORIGINAL.match(kind)) or (
        kind == b"message/rfc822" and fields.get(b"description") == DESCRIPTION
    )


def _until_boundary(lines: list[bytes], boundary: bytes) -> bytes:
    for number, line in enumerate(lines):
        if line.startswith(boundary):
            blank = number > 0 and not lines[number - 1].strip()
            return b"".join(lines[: number - 1 if blank else number])
    return b"".join(lines)


def _unmarked(message: Message, conf: Conf) -> bytes:
    """The message with the headers that marking added or changed put back."""
    head = re.sub(rb"\r?\n", b"\n", message.header_block)
    body = re.sub(rb"\r?\n", b"\n", message.body_bytes)
    head = _FOLDED_OWN.sub(lambda own: own[1] + _FOLD.sub(b" ", own[2]), head)
    for field, template in REWRITE_HEADER.of(conf).items():
        head = _without_tag(head, field.encode(), template.encode("latin-1"))
    body = _without_old_report(body)
    if _NO_SUBJECT.search(head) and not _SAYS_NONEXISTENT.search(head):
        # The original takes off everything from the subject on: where it made the subject, only its own lines follow.
        head = _SUBJECT_ON.sub(rb"\1\n", _NO_SUBJECT_LINE.sub(rb"\1\n", head, count=1), count=1)
    for _ in range(MOST_PREVIOUS):
        previous = _PREVIOUS.search(head)
        if previous is None:
            break
        head = head[: previous.start()] + head[previous.end() :]
        header = previous.group(1)
        present = re.compile(
            rb"^" + re.escape(previous.group(2)) + rb"[^\n]*\n(?:\s+\S[^\n]*\n)*", re.MULTILINE
        )
        found = present.search(head)
        if found:
            head = head[: found.start()] + header + head[found.end() :]
        else:
            head = head.replace(b"\n\n", b"\n" + header + b"\n", 1)
    head = _OWN_LINE.sub(b"", head)
    ending = message.line_ending
    return head.replace(b"\n", ending) + body.replace(b"\n", ending)


def _without_tag(head: bytes, field: bytes, template: bytes) -> bytes:
    """Take off a mark that no X-Spam-Prev header explains, as versions before 3.0 left it."""
    if re.search(rb"^X-Spam-Prev-" + field + rb":", head, re.IGNORECASE | re.MULTILINE):
        return head
    if field == b"Subject":
        tag = re.escape(template)
        for name in (b"_HITS_", b"_SCORE_", b"_REQD_"):
            tag = tag.replace(re.escape(name), rb"\d{2}\.\d{2}")
        return re.sub(rb"^Subject: (?:" + tag + rb" )+", b"Subject: ", head, flags=re.MULTILINE)
    return re.sub(rb"^(" + field + rb":[ \t][^\n]*?)\t\([^)\n]*\)$", rb"\1", head, flags=re.MULTILINE)


def _without_old_report(body: bytes) -> bytes:
    while found := _OLD_REPORT.match(body):
        body = body[found.end() :]
    return body
