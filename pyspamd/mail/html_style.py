"""What style attributes and `<font>` make of text: its colours and size, and whether a reader sees it.

Source: `text_style`, `parse_css_background` and `html_font_invisible` of Mail::SpamAssassin::HTML.
"""

import re
from functools import lru_cache
from typing import NamedTuple

from .html_colours import INVALID, colour, is_close
from .perl_characters import ASCII_SPACE, WIDE_SPACE, leading_number

_NOT_RGB = re.compile(r"[^0-9,]+")

LOW_CONTRAST = "font_low_contrast"
INVALID_COLOUR = "font_invalid_color"


class Style:
    """How text looks at one point of a page; `invisible` and `fact` say what SpamAssassin makes of it."""

    __slots__ = ("background", "display", "fact", "foreground", "invisible", "size", "visibility")

    def __init__(
        self, foreground: str, background: str, size: int | float, display: str, visibility: str
    ) -> None:
        self.foreground = foreground
        self.background = background
        self.size = size
        self.display = display
        self.visibility = visibility
        self.fact: str | None = None
        """The result that non-blank text in this style sets, if any."""
        if is_close(foreground, background):
            self.fact = LOW_CONTRAST
        elif INVALID in (foreground, background):
            self.fact = INVALID_COLOUR
        self.invisible = bool(
            self.fact or size <= 1 or display.lower() == "none" or visibility.lower() == "hidden"
        )


_remembered = lru_cache(maxsize=1024)(Style)
LONGEST_KEPT = 64
"""Characters of `display` and `visibility` up to which a style is remembered."""


def style(foreground: str, background: str, size: int | float, display: str, visibility: str) -> Style:
    """A `Style`, made once for the same values unless they are long."""
    make = _remembered if len(display) + len(visibility) <= LONGEST_KEPT else Style
    return make(foreground, background, size, display, visibility)


DEFAULT = style("#000000", "#ffffff", 3, "", "")


class Declarations(NamedTuple):
    """What a style attribute declares; None where it says nothing about that."""

    foreground: str | None
    background: str | None
    display: str | None
    visibility: str | None

    def over(self, parent: Style) -> Style:
        """The style of an element with these declarations inside one of the parent's style."""
        background = self.background or parent.background
        if background == "transparent":
            background = parent.background
        foreground = self.foreground or parent.foreground
        if foreground == "transparent":
            foreground = background
        display = parent.display if self.display is None else self.display
        visibility = parent.visibility if self.visibility is None else self.visibility
        return style(foreground, background, parent.size, display, visibility)


def declarations(css: str, wide: bool) -> Declarations | None:
    """The declarations of a style attribute's value; None where SpamAssassin gives up the page.

    That is a `background:` of nothing but blanks: there its renderer dies and keeps what it has so far.
    """
    return _short_declarations(css, wide) if len(css) < 2000 else _declarations(css, wide)


def _declarations(css: str, wide: bool) -> Declarations | None:
    space = WIDE_SPACE if wide else ASCII_SPACE
    foreground = background = display = visibility = None
    for part in css.split(";"):
        name, _, rest = part.partition(":")
        name = name.lstrip(space)
        lowered = name.lower()
        if lowered in ("color", "background-color"):
            value = _css_colour(_value(rest, space), space, wide)
            if value is None:
                continue
            if lowered == "color":
                foreground = value
            else:
                background = value
        elif name == "background":
            shorthand = _value(rest, space)
            if shorthand is None:
                continue
            layers = background_layers(shorthand.lower())
            if not layers:
                return None
            found = (shade for shade in (colour(token, wide) for token in layers[-1]) if shade != INVALID)
            background = next(found, background)
        elif name.startswith(("display", "visibility")):
            name = name.rstrip(space)
            setting = rest.strip(space)
            if not setting or "\n" in setting:
                continue
            if name == "display":
                display = setting
            elif name == "visibility":
                visibility = setting
    return Declarations(foreground, background, display, visibility)


_short_declarations = lru_cache(maxsize=512)(_declarations)


def _value(rest: str, space: str) -> str | None:
    """A declaration's value without blanks around it, or its last blank if it has nothing else."""
    value = rest.strip(space) or rest.rstrip("\n")[-1:]
    return value if value and "\n" not in value else None


def _css_colour(value: str | None, space: str, wide: bool) -> str | None:
    """The colour a `color:` or `background-color:` declares; None where it leaves things as they are."""
    if value is None:
        return None
    value = value.lower()
    mark = value.rfind("!")
    if mark >= 0 and value[mark + 1 :].lstrip(space) == "important":
        value = value[:mark].rstrip(space)
    if "rgb" in value:
        numbers = _NOT_RGB.sub("", value).split(",")[:3]
        return "#" + "".join(
            f"{int(min(leading_number(part), 255)):02x}" for part in (*numbers, "", "", "")[:3]
        )
    if value == "inherit":
        return None
    return value if value == "transparent" else colour(value, wide)


_BACKGROUND = re.compile(
    r""" ([ ]) | (,) |
         (\((?:[^)"']++|"[^"]*+(?:"|\Z)|'[^']*+(?:'|\Z))*+(?:\)|\Z)) |
         "[^"]*+(?:"|\Z) | '[^']*+(?:'|\Z) | [^ (,"']++ """,
    re.VERBOSE,
)


def background_layers(value: str) -> list[list[str]]:
    """The comma-separated layers of a CSS `background`, each a list of values (CSS Backgrounds 3, 3.10)."""
    layers: list[list[str]] = []
    tokens: list[str] = []
    token = ""
    for match in _BACKGROUND.finditer(value):
        blank, comma, bracket = match.groups()
        if blank is None and comma is None:
            token += match.group()
            if bracket is None or not bracket.endswith(")"):
                continue
        if token:
            tokens.append(token)
            token = ""
        if comma is not None:
            layers.append(tokens)
            tokens = []
    if token:
        tokens.append(token)
    if tokens:
        layers.append(tokens)
    return layers
