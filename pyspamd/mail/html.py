"""An HTML part rendered as SpamAssassin renders it: its text, seen and unseen, its URIs, and facts about it.

Source: Mail::SpamAssassin::HTML.

    page = render("<p>Hello <a href='http://example.com/'>you</a></p>", wide=False, octets=52)
    page.text                            # b"\\n\\nHello you\\n\\n"
    page.uris["http://example.com/"]     # HtmlUri(types=frozenset({"a"}), anchor_text=("you",))
    page.facts["inside"]["p"]            # 0: opened and closed

Characters: texts here are Perl's. A *wide* one holds Unicode characters, and is handed to rules as UTF-8; the
others hold one byte a character. A page read as pure ASCII gives a text that is not wide, where `&eacute;` is
the single byte E9, unless a reference to a character above U+00FF makes it wide.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .html_links import HtmlUri
from .html_renderer import Renderer
from .perl_characters import count_spaces

__all__ = ["HtmlPage", "HtmlUri", "RenderedText", "render"]


@dataclass(frozen=True, slots=True)
class RenderedText:
    """A text made of a page: its characters, and whether they are Unicode's (`wide`) or bytes."""

    characters: str
    wide: bool

    @property
    def octets(self) -> bytes:
        """The bytes that rules see."""
        if self.wide:
            return self.characters.encode("utf-8", "surrogatepass")
        return self.characters.encode("latin-1", "replace")


@dataclass(frozen=True, slots=True)
class HtmlPage:
    """A rendered page."""

    rendered: RenderedText
    visible_rendered: RenderedText
    invisible_rendered: RenderedText
    facts: Mapping[str, Any]
    """What SpamAssassin's `html_results` holds, under its names; strings are characters, absent things None.

    A page that ends inside an ignored marked section, or whose rendering SpamAssassin gives up, has only
    those found on the way: no `uri_detail`, `inside`, `length`….
    """
    uris: Mapping[str, HtmlUri]
    """The `uri_detail` of the facts, empty where they have none."""
    wide: bool
    """Whether the page's source was characters."""

    @property
    def text(self) -> bytes:
        """All text of the page, as bytes."""
        return self.rendered.octets

    @property
    def visible(self) -> bytes:
        """The text that a reader sees, as bytes."""
        return self.visible_rendered.octets

    @property
    def invisible(self) -> bytes:
        """The text that is hidden from a reader, as bytes."""
        return self.invisible_rendered.octets


def render(source: str, *, wide: bool, octets: int, utf8_mode: bool = False) -> HtmlPage:
    """Render a page. Never raises.

    `source`: the page, one character a Perl character. `wide`: whether these are decoded Unicode characters
    (False for a page that was pure ASCII and so not decoded). `octets`: the part's length before decoding its
    charset. `utf8_mode`: the source is undecoded bytes (`normalize_charset 0`).
    """
    renderer = Renderer(source, wide, utf8_mode)
    renderer.run()
    facts = renderer.facts
    rendered = RenderedText(*renderer.text())
    visible = RenderedText(*renderer.text(hidden=False)) if renderer.display.hidden else rendered
    invisible = RenderedText(*renderer.text(hidden=True))
    length = len(rendered.characters)
    facts["html_length"] = length
    facts["non_space_len"] = length - count_spaces(rendered.characters, rendered.wide)
    if octets:
        facts["ratio"] = (octets - length) / octets
    return HtmlPage(rendered, visible, invisible, facts, facts.get("uri_detail") or {}, wide)
