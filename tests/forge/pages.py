"""HTML pages as mail carries them: newsletters, phishing forms, hidden text, broken markup."""

import html
import string

from . import links, words
from .dice import Dice
from .lists import filled

BLOCKS = (
    "p",
    "div",
    "td",
    "li",
    "h1",
    "h3",
    "blockquote",
    "center",
    "pre",
    "td",
    "tr",
    "table",
    "ul",
    "dd",
    "section",
)
INLINE = (
    "b i u span font strong em tt big small a label sup strike o:p x blink marquee nobr s"
).split()  # fmt: skip
_COLOURED = ("table", "td", "tr", "body", "p", "div")
_FACES = ("Arial", "Times New Roman", "Symbol", "wingdings, x")


def style(dice: Dice) -> str:
    """A style attribute's value."""
    makers = {"c": lambda: dice.of("colours"), "s": lambda: dice.of("sizes")}
    return dice.one((";", "; ", ";")).join(dice.few(lambda: filled(dice.of("styles"), makers), 1, 3))


def quoted(dice: Dice, value: str) -> str:
    """An attribute's value in quotes, or without, or with quotes that do not fit."""
    kind = dice.random()
    if kind < 0.7:
        return f'"{value}"'
    if kind < 0.85:
        return f"'{value}'"
    if kind < 0.95:
        return value
    odd = (f'"{value}', f'3D"{value}"', f'{value}"', f' "{value}" ', f"\u201c{value}\u201d")
    return dice.one(odd)


def attributes(dice: Dice, name: str) -> str:
    """Some attributes for that element."""
    found = []
    if dice.chance(0.25):
        found.append("style=" + quoted(dice, style(dice)))
    if name == "font" or dice.chance(0.04):
        # One of them only: what the original makes of size and colour together hangs on chance.
        match dice.randrange(3):
            case 0:
                found.append("color=" + quoted(dice, dice.of("colours")))
            case 1:
                found.append("size=" + quoted(dice, dice.of("sizes")))
            case 2:
                found.append("face=" + quoted(dice, dice.one(_FACES)))
    if name in _COLOURED and dice.chance(0.2):
        found.append("bgcolor=" + quoted(dice, dice.of("colours")))
    if name == "body" and dice.chance(0.3):
        found.append(dice.one(("text=", "link=", "alink=")) + quoted(dice, dice.of("colours")))
    if dice.chance(0.06):
        found.append(dice.of("attributes"))
    return "".join(" " + item for item in found)


def anchor(dice: Dice, mood: str) -> str:
    """A link; its text may name another host."""
    target = links.link(dice)
    shown = filled(
        dice.of("link_texts"),
        {
            "sentence": lambda: words.sentence(dice, mood)[:40],
            "target": lambda: target,
            "link": lambda: links.link(dice),
            "host": lambda: links.host(dice),
            "address": lambda: links.address(dice),
        },
    )
    start = dice.one(("a", "a", "A")) + " " + dice.one(("href", "href", "HREF", "href ", "title=x href"))
    end = dice.one(("</a>", "</a>", "</a>", "</A>", "", "</a >", "</b>"))
    return f"<{start}={quoted(dice, target)}{attributes(dice, 'a')}>{shown}{end}"


def image(dice: Dice) -> str:
    """An image, perhaps a web bug."""
    name, end = dice.one(("img", "IMG", "img", "image")), dice.one((">", "/>", " />"))
    alt = dice.one(("", ' alt=""', ' alt="logo"', " alt=" + quoted(dice, words.long_word(dice)[:20])))
    return f"<{name} src={quoted(dice, links.link(dice))}{dice.of('image_sizes')}{alt}{end}"


def form(dice: Dice) -> str:
    """A form that asks for a password."""
    fields = "".join(dice.few(lambda: dice.of("form_fields"), 1, 5))
    start = dice.one(("action", "ACTION", "method=post action"))
    return f"<form {start}={quoted(dice, links.link(dice))}>{fields}{dice.one(('</form>', ''))}"


def oddity(dice: Dice) -> str:
    """Something that upsets parsers."""
    return dice.of("oddities")


def escaped(dice: Dice, text: str) -> str:
    """Text for a page: escaped properly, or by numbers, or not at all."""
    match dice.randrange(8):
        case 0:
            return text
        case 1:
            return "".join(f"&#{ord(letter)};" if ord(letter) > 127 else letter for letter in text)
        case 2:
            return "".join(f"&#x{ord(letter):x};" if dice.chance(0.3) else letter for letter in text)
        case 3:
            between = (f"<{dice.one(INLINE)}>", "<!---->", "&#8203;", "&shy;", "</b>")
            return "".join(
                dice.one(between) + letter if dice.chance(0.08) else letter for letter in html.escape(text)
            )
    return html.escape(text).replace("\n", dice.one(("<br>", "\n", "<br />\n", "<BR>\n", "<p>")))


def piece(dice: Dice, mood: str, depth: int = 0) -> str:
    """A piece of a page's body."""
    match dice.weighted(text=30, anchor=12, image=8, form=3, oddity=10, entity=5, element=32):
        case "text":
            return escaped(dice, words.paragraph(dice, mood))
        case "anchor":
            return anchor(dice, mood)
        case "image":
            return image(dice)
        case "form":
            return form(dice)
        case "oddity":
            return oddity(dice)
        case "entity":
            return dice.of("entities")
    name = dice.one((*BLOCKS, *INLINE))
    few = (1, 1) if depth > 8 else (0, 3)
    inside = "".join(dice.few(lambda: piece(dice, mood, depth + 1), *few))
    ends = ("", "</div>", f"</{name.upper()}>", f"</{name} >")
    end = f"</{name}>" if dice.chance(0.85) else dice.one(ends)
    return f"<{name}{attributes(dice, name)}>{inside}{end}"


def page(dice: Dice, mood: str) -> str:
    """A whole page."""
    gap = dice.one(("\n", "", "\r\n", "\n\n", " "))
    return filled(
        dice.of("pages"),
        {
            "body": lambda: gap.join(dice.few(lambda: piece(dice, mood), 1, 14)),
            "oddity": lambda: oddity(dice),
            "attributes": lambda: attributes(dice, "body"),
            "paragraph": lambda: words.paragraph(dice, mood),
            "sentence": lambda: words.sentence(dice, mood),
            "style": lambda: dice.token(string.ascii_letters + "{}:;.# ", 10, 300),
        },
    )
