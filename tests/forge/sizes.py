"""Mails that are too large somewhere: long texts and lines, many parts, links and fields, deep nesting."""

import string
from collections.abc import Callable

from . import headings, links, pages, trees, words
from .dice import Dice
from .headings import Fields
from .parts import Entity, field, plain, textual


def _long_text(dice: Dice, mood: str) -> Entity:
    text, wanted = "", dice.one((30_000, 60_000, 130_000, 300_000, 600_000))
    while len(text) < wanted:
        text += words.text(dice, mood, 5, 40) + links.in_text(dice) + "\n"
    return textual(dice, "text/plain", text)


def _long_page(dice: Dice, mood: str) -> Entity:
    page, wanted = "", dice.one((30_000, 60_000, 130_000, 300_000))
    while len(page) < wanted:
        page += pages.page(dice, mood)
    return textual(dice, "text/html", page)


def _long_line(dice: Dice, mood: str) -> Entity:
    letters = dice.one(
        (string.ascii_letters, string.ascii_letters + " ", "ab <", "x", " ", "=\n", "é", "\u200b a")
    )
    text = dice.token(letters, 3000, dice.one((5000, 70_000)))
    start = dice.one(("", "http://example.com/", "<a href='http://example.com/", "<b>", "user@example.com "))
    return textual(dice, dice.one(("text/plain", "text/html")), start + text + "\n" + words.text(dice, mood))


def _many_lines(dice: Dice, mood: str) -> Entity:
    gap = dice.one(("\n", "\n\n", "<br>", "<p>", " \n", "\r\n"))
    lines = dice.few(lambda: words.sentence(dice, mood)[: dice.randint(0, 30)], 500, 4000)
    return textual(dice, dice.one(("text/plain", "text/html")), gap.join(lines))


def _many_parts(dice: Dice, mood: str) -> Entity:
    small: Entity = [field("Content-Type", dice.one(("text/plain", "image/gif", "text/html")))], b"part\n"
    return trees.multipart(dice, "mixed", [plain(dice, mood), *[small] * dice.one((30, 120, 1200))])


def _many_links(dice: Dice, mood: str) -> Entity:
    count = dice.one((60, 200, 700))
    if dice.chance(0.5):
        return textual(dice, "text/plain", "\n".join(dice.few(lambda: links.in_text(dice), count, count)))
    return textual(dice, "text/html", "<br>".join(dice.few(lambda: pages.anchor(dice, mood), count, count)))


def _long_link(dice: Dice, mood: str) -> Entity:
    tail = dice.token(string.ascii_letters + "%/.?&=", 500, dice.one((3000, 9000, 20_000)))
    uri = dice.one(("http://", "http://example.com/", "mailto:", "www.example.com/?u=http://")) + tail
    return textual(dice, dice.one(("text/plain", "text/html")), f"<a href='{uri}'>x</a>\n{uri}\n")


def _deep_page(dice: Dice, mood: str) -> Entity:
    name = dice.one((*pages.INLINE, *pages.BLOCKS))
    depth = dice.one((50, 300, 2000))
    start = f"<{name}{pages.attributes(dice, name)}>" * depth
    return textual(dice, "text/html", start + words.text(dice, mood) + f"</{name}>" * dice.randint(0, depth))


BODIES: tuple[Callable[[Dice, str], Entity], ...] = (
    _long_text,
    _long_page,
    _long_line,
    _many_lines,
    _many_parts,
    _many_links,
    _long_link,
    _deep_page,
)


def _long_fields(dice: Dice, mood: str) -> Fields:
    name = dice.one(
        ("X-Long", "Subject", "To", "From", "References", "Received", "X" * 300, "List-Unsubscribe")
    )
    value = dice.one(
        (words.sentence(dice, mood), links.mailbox(dice) + ", ", dice.token(string.printable, 9, 99))
    )
    length = dice.one((1000, 8190, 9000, 20_000, 70_000))
    value = (value.replace("\n", " ").replace("\r", " ") * (1 + length // len(value)))[:length]
    gap = dice.one(("", "\n\t", "\n "))
    lines = [value[start : start + 70] for start in range(0, len(value), 70)]
    return [(name.encode(), (gap.join(lines) if gap else value).encode("utf-8"))]


def _many_fields(dice: Dice, mood: str) -> Fields:
    count = dice.one((60, 300, 1500))
    name = dice.one((b"X-Field", b"Received", b"To", b"X-Spam"))
    return dice.few(
        lambda: (name, words.sentence(dice, mood).replace("\n", " ").encode("utf-8")), count, count
    )


def large_mail(dice: Dice) -> bytes:
    """A mail that is too large in its body, its header or both."""
    mood = dice.one(words.MOODS)
    fields, body = dice.one(BODIES)(dice, mood) if dice.chance(0.8) else trees.entity(dice, mood)
    if dice.chance(0.2):
        fields, body = trees.multipart(dice, "mixed", [plain(dice, mood), (fields, body)])
    block = headings.heading(dice, mood)
    if dice.chance(0.3):
        block += dice.one((_long_fields, _many_fields))(dice, mood)
    block += [(b"MIME-Version", b"1.0"), *fields]
    return headings.written(dice, block, hostile=0.0) + b"\n\n" + body
