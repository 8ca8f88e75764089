"""The message as it goes back: X-Spam headers added, subject and addresses marked, spam wrapped in a report.

Source: perldoc Mail::SpamAssassin::Conf, "BASIC MESSAGE TAGGING OPTIONS"; Mail::SpamAssassin::PerMsgStatus,
`rewrite_mail`. Header text is latin-1 `str`; what is returned is bytes.
"""

import re
import secrets
import time

from ..conf.core_report import (
    ADDED_HEADERS,
    FOLD_HEADERS,
    REPORT_CHARSET,
    REPORT_SAFE,
    REPORT_SAFE_COPY_HEADERS,
    REPORT_TEMPLATE,
    REWRITE_HEADER,
    UNSAFE_REPORT_TEMPLATE,
)
from .layout import fold_header, mime_encode
from .tags import LARGEST, expand, host_name, rfc822_date, version
from .verdict import Verdict

_OWN_HEADER = re.compile(r"X-Spam-(?!Prev-)", re.IGNORECASE)
_OWN_OR_FOLDED = re.compile(r"X-Spam-(?!Prev-)|[ \t]", re.IGNORECASE)
_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_COPIED_ALREADY = frozenset({"from", "to", "cc", "subject", "date", "message-id"})
_MARKED = re.compile(r"(From|Subject|To):", re.IGNORECASE)


def added_headers(verdict: Verdict, *, spam: bool | None = None) -> str:
    """The X-Spam header lines for this verdict (or as for spam or ham), `\\n` after each; `LARGEST` is enough."""
    headers = ADDED_HEADERS.of(verdict.conf)
    lines = ""
    for name, body in headers.spam if (verdict.is_spam if spam is None else spam) else headers.ham:
        lines += f"X-Spam-{name}: {mime_encode(_header_value(verdict, name, body))}\n"
        if len(lines) > LARGEST:
            break
    return lines


def _header_value(verdict: Verdict, name: str, body: str) -> str:
    text = re.sub(r"(?:\r?\n)+\Z", "", expand(verdict, body))
    if not FOLD_HEADERS.of(verdict.conf):
        return text.replace("\n", " ")
    if "\n" in text:
        return re.sub(r"[ \t\r\n\f\v]*\n[ \t\r\n\f\v]*", "\n\t", text)
    return fold_header(f"X-Spam-{name}", text)


def report(verdict: Verdict) -> bytes:
    """The report text (`report` template), ending in one blank line."""
    template = REPORT_TEMPLATE.of(verdict.conf) or "(no report template found)"
    return (expand(verdict, template).rstrip("\n") + "\n\n").encode("latin-1", "replace")


def rewritten(verdict: Verdict) -> bytes:
    """The whole message as PROCESS returns it."""
    separator = verdict.message.mailbox_separator or b""
    if verdict.is_spam and REPORT_SAFE.of(verdict.conf):
        return separator + _wrapped(verdict)
    return separator + marked_header(verdict) + verdict.message.body_bytes


def _line_ending(verdict: Verdict) -> str:
    return verdict.message.line_ending.decode("latin-1")


def _with_line_endings(text: str, ending: str) -> bytes:
    if ending != "\n":
        text = re.sub(r"\r?\n", lambda _: ending, text)
    return text.encode("latin-1", "replace")


def _one_line(text: str, joint: str = " ") -> str:
    return text.replace("\n", joint)


def _rewrite(verdict: Verdict, field: str, joint: str = " ") -> str | None:
    """The mark for a field, its lines with `joint` between them: the original puts none in the From it wraps."""
    template = REWRITE_HEADER.of(verdict.conf).get(field)
    return None if template is None else _one_line(expand(verdict, template), joint)


def _prefix(verdict: Verdict) -> str | None:
    return _one_line(expand(verdict, verdict.subject_prefix)) if verdict.subject_prefix else None


def marked_header(verdict: Verdict) -> bytes:
    """The header block with X-Spam headers added and, where configured, subject and addresses marked."""
    lines = _LINE.findall(verdict.message.header_block.decode("latin-1"))
    kept: list[str] = []
    dropping = False
    for line in lines:
        if _OWN_HEADER.match(line):
            dropping = True
        elif not (dropping and _OWN_OR_FOLDED.match(line)):
            dropping = False
        if not dropping:
            kept.append(line)
    separator = kept.pop() if kept and not kept[-1].strip() else ""
    kept = _marked_lines(verdict, kept)
    first = ""
    if kept and kept[0][:12].lower() == "return-path:":
        end = 1
        while end < len(kept) and kept[end][0] in " \t":
            end += 1
        first, kept = "".join(kept[:end]), kept[end:]
    block = first + added_headers(verdict) + "".join(kept) + separator
    return _with_line_endings(block, _line_ending(verdict))


def _mark(line: str, tag: str) -> str:
    """The header line with `tag` in front of its value, once."""
    name, _, value = line.partition(":")
    value = value.lstrip(" \t")
    if value[: len(tag) + 1].lower() == f"{tag} ".lower():
        value = value[len(tag) + 1 :]
    return f"{name}: {tag} {value}"


def _marked_lines(verdict: Verdict, lines: list[str]) -> list[str]:
    """The header lines with `rewrite_header` done; what stood there before follows as X-Spam-Prev lines."""
    created = "Subject" in REWRITE_HEADER.of(verdict.conf) and not _pristine(verdict, "Subject")
    if created:
        lines = [*lines, "Subject: \n"]
    prefix = _prefix(verdict)
    result: list[str] = []
    previous: list[str] = []
    for line in lines:
        match = _MARKED.match(line)
        field = match.group(1).capitalize() if match else ""
        tag = _rewrite(verdict, field) if field and (verdict.is_spam or field == "Subject") else None
        if tag is not None:
            if verdict.is_spam:
                previous.append("X-Spam-Prev-" + ("Subject: (nonexistent)\n" if created else line))
            if prefix is not None:
                line = _mark(line, prefix.rstrip(" \t\r\n\f\v"))
            if verdict.is_spam:
                line = _mark(line, tag if field == "Subject" else f"({tag})")
        result.append(line)
    return result + previous


def _pristine(verdict: Verdict, name: str) -> list[str]:
    return [value.decode("latin-1") for value in verdict.message.pristine_header(name)]


def _with_comment(value: str | None, tag: str | None) -> str | None:
    """An address header's value with the tag as a comment at its end."""
    if tag is None:
        return value
    text = "\n" if value is None else value
    newline = "\n" if text.endswith("\n") else ""
    comment = f"\t({tag})"
    return text.removesuffix(newline).removesuffix(comment) + comment + newline


def _wrapped(verdict: Verdict) -> bytes:
    """A new message that carries the report and, as an attachment, the original untouched."""
    message = verdict.message
    values: dict[str, str | None] = {
        name: next(iter(reversed(_pristine(verdict, name))), None)
        for name in ("From", "To", "Cc", "Subject", "Date", "Message-Id")
    }
    subject_tag = _rewrite(verdict, "Subject")
    if subject_tag is not None:
        subject = (_prefix(verdict) or "") + (values["Subject"] or "\n")
        values["Subject"] = f"{subject_tag} " + subject.removeprefix(f"{subject_tag} ")
    values["To"] = _with_comment(values["To"], _rewrite(verdict, "To"))
    values["From"] = _with_comment(values["From"], _rewrite(verdict, "From", joint=""))
    top = "".join(f"{name}: {value}" for name, value in values.items() if value is not None)
    top = _copied_headers(verdict, top + added_headers(verdict, spam=True))
    top = (
        f"Received: from localhost by {host_name()}\n"
        f"\twith SpamAssassin (version {version(verdict.conf)});\n"
        f"\t{rfc822_date()}\n{top}"
    )
    text = report(verdict).decode("latin-1")
    content_type = (message.headers.get("Content-Type") or [b""])[-1]
    disposition = "inline"
    if content_type and b"text/plain" not in content_type.lower():
        disposition = "attachment"
        text += expand(verdict, UNSAFE_REPORT_TEMPLATE.of(verdict.conf))
    kind = "text/plain" if REPORT_SAFE.of(verdict.conf) > 1 else "message/rfc822"
    boundary = _boundary(message.full)
    charset = REPORT_CHARSET.of(verdict.conf) or "UTF-8"
    top += (
        f'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="{boundary}"\n\n'
        "This is a multi-part message in MIME format.\n\n"
        f"--{boundary}\nContent-Type: text/plain; charset={charset}\nContent-Disposition: inline\n"
        f"Content-Transfer-Encoding: 8bit\n\n{text}\n\n"
        f"--{boundary}\nContent-Type: {kind}; x-spam-type=original\n"
        "Content-Description: original message before SpamAssassin\n"
        f"Content-Disposition: {disposition}\nContent-Transfer-Encoding: 8bit\n\n"
    )
    ending = _line_ending(verdict)
    closing = _with_line_endings(f"\n--{boundary}--\n\n", ending)
    return _with_line_endings(top, ending) + message.full + closing


def _copied_headers(verdict: Verdict, top: str) -> str:
    """`report_safe_copy_headers`: Received lines go above all others, the rest below."""
    seen = set(_COPIED_ALREADY)
    for name in REPORT_SAFE_COPY_HEADERS.of(verdict.conf):
        if name.lower() in seen:
            continue
        seen.add(name.lower())
        lines = "".join(f"{name}: {value}" for value in _pristine(verdict, name))
        top = lines + top if name.lower() == "received" else top + lines
    return top


def _boundary(original: bytes) -> str:
    """A MIME boundary in the original's shape that no line of the wrapped message equals."""
    boundary = f"----------=_{int(time.time()) & 0xFFFFFFFF:08X}.{secrets.randbits(32):08X}"
    while re.search(rb"^" + re.escape(boundary.encode()) + rb"(?:--)?$", original, re.MULTILINE):
        boundary += f"/{secrets.randbits(32):08X}"
    return boundary
