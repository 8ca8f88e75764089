"""The rows that say which rules hit, and the preview of the content: the inside of every report.

Source: Mail::SpamAssassin::PerMsgStatus, `check_cleanup` and `get_content_preview`.
Text is latin-1 `str`, one character a byte.
"""

import re

from ..conf.core_report import REPORT_WRAP_WIDTH
from ..scan.hits import Hit
from .layout import wrap
from .verdict import Verdict

_LOG_CHUNK = re.compile(r"(.{30,48})[ \t\n\r\f\v]")
_SPACES = re.compile(r"[ \t\n\r\f\v]+")
SUMMARY_INDENT = 28


def _points(score: float) -> str:
    return f"{score:4.0f}" if score >= 10 or score <= -10 else f"{score:4.1f}"


def _log_lines(verdict: Verdict, hit: Hit) -> list[str]:
    """What was logged for a rule, in pieces that fit a report's line."""
    lines: list[str] = []
    hidden = verdict.conf.has_flag(hit.rule, "nolog") or "nolog" in hit.tflags
    for text in ["*REDACTED*"] if hidden and hit.logs else hit.logs:
        while match := _LOG_CHUNK.match(text):
            lines.append(match.group(1))
            text = text[match.end() :]
        lines.append(text)
    return lines


NO_WIDTH = 77
"""The width of reports where `report_wrap_width` is 0."""


def _description(verdict: Verdict, hit: Hit, used: int, prefix: str) -> str:
    width = int(REPORT_WRAP_WIDTH.of(verdict.conf)) or NO_WIDTH
    return wrap(hit.description, prefix, " " * used, width, False).lstrip(" \t\n\r\f\v")


def report_rows(verdict: Verdict) -> str:
    """One `* points RULE description` entry a hit, as the `_REPORT_` tag shows them."""
    rows = ""
    for hit in verdict.hits:
        points = _points(hit.score)
        used = 4 + len(hit.rule) + len(points) + len(hit.area)
        text = _description(verdict, hit, used, "*      ")
        logs = "".join(f"[{line}]\n" for line in _log_lines(verdict, hit))
        row = f"* {points} {hit.rule} {hit.area}{text}\n" + (f"*      {logs}" if logs else "")
        rows += row * hit.count
    return rows


def summary_rows(verdict: Verdict) -> str:
    """The table of hits, as the `_SUMMARY_` tag shows it: points, name in 22 columns, description."""
    rows = ""
    for hit in verdict.hits:
        points = _points(hit.score)
        used = 3 + len(hit.rule) + len(points) + len(hit.area)
        text = _description(verdict, hit, used, " " * SUMMARY_INDENT)
        logs = "".join(
            f"[{line}]".rjust(78) + "\n" if len(line) > 47 else f"{'':27} [{line}]\n"
            for line in _log_lines(verdict, hit)
        )
        rows += f"{points} {hit.rule:<22} {hit.area}{text}\n{logs}" * hit.count
    return rows


def content_preview(verdict: Verdict) -> str:
    """The first lines of the message's text, about 200 characters of them, tidied and wrapped."""
    text = ""
    for element in verdict.message.body[1:4]:
        if len(text) >= 200:
            break
        text += element.decode("latin-1")
    text = re.sub(r"^(.{200}).+$", r"\1 [...]", text, flags=re.MULTILINE)
    text = text.removesuffix("\n") + "\n"
    text = re.sub(r"-----Original Message-----.*$", "", text, flags=re.MULTILINE)
    text = text.replace("This is a multi-part message in MIME format.", "")
    text = re.sub(r"[-_*.]{10,}", "", text)
    text = wrap(_SPACES.sub(" ", text), "  ", "Content preview:  ", 75, True)
    return re.sub(r"\AContent preview:[ \t\n\r\f\v]+", "", text)
