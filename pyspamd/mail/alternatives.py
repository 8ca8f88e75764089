"""How far the plain and the HTML form of a multipart/alternative tell the same story.

Source: Mail::SpamAssassin::Plugin::BodyEval, `multipart_alternative_difference`.
"""

import re
from collections import Counter
from dataclasses import dataclass

from .message import Message
from .part import Part, Text
from .perl_characters import WIDE_SPACE, is_wide_word

_ALTERNATIVE = re.compile(r"^multipart/alternative\b", re.ASCII)
_TEXT = re.compile(r"^text\b", re.ASCII)
_HAS_WORD = re.compile(rb"\w").search
_WIDE_RUN = re.compile(f"[^{re.escape(WIDE_SPACE)}]+")
_ASCII_WORD = re.compile(r"[0-9A-Za-z_]")
_ONLY_AN_IMAGE = "\n"
"""Stands for the words of a page that has none but shows images; no word can be equal to it."""


@dataclass(frozen=True, slots=True)
class Difference:
    """`percent` of the HTML's distinct words that the text lacks (the worst of all parts), and word counts.

    The counts are those of the last part that has any HTML words.
    """

    percent: float = 0.0
    html_words: int = 0
    text_words: int = 0


def _words(text: Text | None) -> list[str]:
    if not text:
        return []
    if isinstance(text, str):
        return [word for word in _WIDE_RUN.findall(text) if _ASCII_WORD.search(word) or _has_letter(word)]
    return [word.decode("latin-1") for word in text.split() if _HAS_WORD(word)]


def _has_letter(word: str) -> bool:
    return not word.isascii() and any(map(is_wide_word, word))


def _shows_image(part: Part) -> bool:
    return part.html is not None and "img" in (part.html.facts.get("inside") or ())


def _counted(part: Part) -> tuple[Counter[str], Counter[str]]:
    html: Counter[str] = Counter()
    text: Counter[str] = Counter()
    for leaf in part.find_parts(_TEXT):
        kind, rendered = leaf.rendered()
        if kind == "text/html":
            html.update(_words(rendered))
            if not html and _shows_image(leaf):
                html[_ONLY_AN_IMAGE] = 1
        elif kind is not None:
            text.update(_words(rendered))
    return html, text


def alternative_difference(message: Message) -> Difference:
    """The difference between the forms; none for invitations, which carry a calendar instead of text."""
    parts = message.find_parts(_ALTERNATIVE)
    if not parts or message.root.content_summary() == ["multipart/alternative", "text/html", "text/calendar"]:
        return Difference()
    worst, html_words, text_words = 0.0, 0, 0
    for part in parts:
        html, text = _counted(part)
        if not html:
            continue
        html_words, text_words = len(html), len(text)
        missing = sum(1 for word, count in html.items() if count - text.get(word, 0) >= 1 or word not in text)
        worst = max(worst, missing / html_words * 100)
    return Difference(worst, html_words, text_words)
