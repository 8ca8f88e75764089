"""The elements open at one point of a page, as far as they change how its text looks.

Source: `text_style` and `close_tag` of Mail::SpamAssassin::HTML.
"""

from .html_colours import colour
from .html_style import DEFAULT, Style, declarations, style
from .perl_characters import ASCII_SPACE, WIDE_SPACE, leading_number

# Attributes that SpamAssassin heeds, by element; `th` counts as `td`.
# Some change nothing there (`bgcolor`, `link`), but with each the size in force is taken note of, which may come from
# a `<big>` outside.
_PLAIN = frozenset(("style",))
_TABLE = frozenset(("bgcolor", "style"))
_FONT = frozenset(("color", "face", "size"))
_HEEDED = {
    "body": frozenset(("text", "bgcolor", "link", "alink", "vlink", "background")),
    "font": _FONT,
    "basefont": _FONT,
    "table": _TABLE,
    "td": _TABLE,
    "tr": _TABLE,
    "span": _PLAIN,
    "p": _PLAIN,
    "div": _PLAIN,
    "a": _PLAIN,
}
_CLOSED_BY = {"td": frozenset(("font", "td")), "tr": frozenset(("font", "td", "tr"))}


class GivenUpError(Exception):
    """SpamAssassin's renderer dies at this point of the page and keeps what it has."""


class Looks:
    """A stack of open elements and their styles, and the sizes of text met so far."""

    def __init__(self, wide: bool) -> None:
        self.wide = wide
        self.names: list[str] = []
        self.styles: list[Style] = [DEFAULT]
        self.counts: dict[str, int] = {}
        self.base_size: int | float = 3
        self.min_size: int | float = 3
        self.max_size: int | float = 3

    def open(self, name: str, found: dict[str, str]) -> None:
        """An element starts, with these attributes."""
        if name == "th":
            name = "td"
        elif name == "basefont" and "size" in found:
            sign, size = self._size(found["size"])
            if size is not None and not sign:
                self.base_size = size
                return
        if name in _CLOSED_BY and self.counts.get(name):
            closed = _CLOSED_BY[name]
            while self.names and self.names[-1] in closed:
                self._pop()
        look = self.styles[-1]
        if name == "big":
            look = _resized(look, look.size + 1)
        elif name == "small":
            look = _resized(look, look.size - 1)
        elif found:
            look = self._look(name, found, look)
        self.names.append(name)
        self.styles.append(look)
        self.counts[name] = self.counts.get(name, 0) + 1

    def close(self, name: str) -> None:
        """An element ends; `body` never does, as browsers go on rendering after it."""
        if name == "th":
            name = "td"
        if name == "body" or not self.counts.get(name):
            return
        while self._pop() != name:
            pass

    def _pop(self) -> str:
        self.styles.pop()
        name = self.names.pop()
        self.counts[name] -= 1
        return name

    def _look(self, name: str, found: dict[str, str], look: Style) -> Style:
        parent = look
        heeded = _HEEDED[name]
        for attribute, value in found.items():
            if attribute not in heeded:
                continue
            if attribute == "style":
                declared = declarations(value, self.wide)
                if declared is None:
                    raise GivenUpError
                look = declared.over(parent)
            elif attribute in ("color", "text"):
                look = style(
                    colour(value, self.wide), look.background, look.size, look.display, look.visibility
                )
            elif attribute == "size":
                sign, size = self._size(value)
                if size is not None:
                    look = _resized(look, self.base_size + size if sign else size)
            if look.size > self.max_size:
                self.max_size = look.size
            elif look.size < self.min_size:
                self.min_size = look.size
        return look

    def _size(self, value: str) -> tuple[bool, int | float | None]:
        """Whether the size is relative, and the size; None for what is none."""
        value = value.lstrip(WIDE_SPACE if self.wide else ASCII_SPACE)
        sign = value[:1] if value[:1] in ("+", "-") else ""
        digits = value[len(sign) :]
        if not digits[:1].isdecimal():
            return False, None
        size = leading_number(digits)
        return bool(sign), -size if sign == "-" else size


def _resized(look: Style, size: int | float) -> Style:
    return style(look.foreground, look.background, size, look.display, look.visibility)
