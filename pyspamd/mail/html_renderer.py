"""The state of one page being rendered: its texts, its URIs and what is counted on the way.

Source: `html_tag`, `html_tests` and `html_text` of Mail::SpamAssassin::HTML.
"""

import re
from collections import Counter
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from .html_display import Display
from .html_elements import ELEMENTS, is_valid
from .html_entities import decode, decode_octets
from .html_links import Attributes, Links
from .html_looks import GivenUpError, Looks
from .html_tokens import COMMENT, DECLARATION, END, FINISH, LITERAL, START, TEXT, attributes, tokens
from .perl_characters import ascii_lower, by_space, leading_number


def _read_attributes(written: str, wide: bool) -> Attributes:
    found: Attributes = {}
    for name, value in attributes(written):
        name = ascii_lower(name)
        if name not in found:
            found[name] = decode(value, False, wide)
    return found


def _read_octet_attributes(written: str) -> Attributes:
    found: Attributes = {}
    for name, value in attributes(written):
        name = ascii_lower(name)
        if name not in found:
            found[name] = decode_octets(value, False)
    return found


_read_short_attributes = lru_cache(maxsize=512)(_read_attributes)

_CURLED_QUOTES = re.compile("[\u201c\u201d]")
_CURLED_QUOTES_UTF8 = re.compile("\xe2\x80[\x9c\x9d]")
_SELF_CLOSED = by_space(r"<(\w+)[SPACE]*+/>")
_GOOD_FACE = by_space(
    r"""[SPACE]*+(?:["'.][a-z ]|(?<=[ ])|[a-z])[a-z -]++(?<=[a-z])\d?["']?"""
    r"""(?:,[SPACE]*+["']?[a-z][a-z -]++(?<=[a-z])\d?["']?)*+;?$""",
    re.IGNORECASE,
)
_MEASURE = re.compile(r"(\d+)(%)?$")
_NO_ATTRIBUTES: Attributes = {}
_WATCHED = ("a", "title", "script", "style")


class Renderer:
    """Renders one page: `run`, then read `facts` and `text`."""

    def __init__(self, source: str, wide: bool, utf8_mode: bool) -> None:
        self.source = source
        self.wide = wide
        self.utf8_mode = utf8_mode
        self.facts: dict[str, Any] = {"html": 1}
        self.display = Display(wide)
        self.looks = Looks(wide)
        self.links = Links(wide)
        self.names: list[str] = []
        """The name of every tag."""
        self.inside: dict[str, int] = {}
        """How many more start tags than end tags an element has had; an end tag too many counts as none."""
        self.closed_extra = 0
        self.declared = 0
        self.image_area: int | float = 0
        self.watched = False
        """Whether text now belongs to an anchor, a title, a script or a style sheet as well."""
        self.titles: list[list[str]] = []
        self.scripts: list[str] = []
        self.comments: list[str] = []

    def text(self, hidden: bool | None = None) -> tuple[str, bool]:
        """The rendered text (all, hidden or not hidden) and whether it is wide."""
        return self.display.joined(hidden)

    def run(self) -> None:
        """Render the page."""
        utf8_mode, wide = self.utf8_mode, self.wide
        styles = self.looks.styles
        add = self.display.add
        try:
            for kind, value, written in tokens(self._prepared()):
                if kind is TEXT or kind is LITERAL:
                    if kind is TEXT:
                        if utf8_mode:
                            value = decode_octets(value, True)
                        elif "&" in value:
                            value = decode(value, True, wide)
                    if not self.watched or self._belongs_here(value):
                        look = styles[-1]
                        if add(value, look.invisible) and look.fact:
                            self.facts[look.fact] = 1
                elif kind is START:
                    self._start(value, written)
                elif kind is END:
                    self._end(value)
                elif kind is COMMENT:
                    self.comments.append(value)
                elif kind is DECLARATION:
                    if value[:9].lower() == "<!doctype":
                        self.declared += 1
                        self.inside["!doctype"] = 0
                elif kind is FINISH:
                    self._finish()
        except GivenUpError:
            pass

    def _prepared(self) -> str:
        """The source with some of its spellings evened out, as SpamAssassin does before parsing."""
        text = self.source
        if "&nbsp;" in text:
            text = text.replace("&nbsp;", " ")
        if "/>" in text:
            text = _SELF_CLOSED[self.wide].sub(r"<\1>", text)
        if not text.isascii():
            text = (_CURLED_QUOTES if self.wide else _CURLED_QUOTES_UTF8).sub('"', text)
        return text

    # --- text ---

    def _belongs_here(self, text: str) -> bool:
        """Keep the text for what else it belongs to; whether it is text of the page too."""
        inside = self.inside
        if inside.get("script", 0) > 0:
            self.scripts.append(text)
            return False
        if inside.get("style", 0) > 0:
            return False
        if inside.get("a", 0) > 0:
            self.links.anchors[-1].append(text)
        if inside.get("title", 0) > 0:
            self.titles[-1].append(text)
        return True

    # --- tags ---

    def _start(self, name: str, written: str) -> None:
        self.names.append(name)
        self.inside[name] = self.inside.get(name, 0) + 1
        effect = _EFFECTS.get(name)
        if effect is None:
            return
        styled, space, action = effect
        found = self._attributes(written) if written and (styled or action) else _NO_ATTRIBUTES
        if styled:
            self.looks.open(name, found)
        if space:
            self.display.add_space(space)
        if action:
            action(self, name, found)

    def _end(self, name: str) -> None:
        self.names.append(name)
        count = self.inside.get(name)
        if count:
            self.inside[name] = count - 1
        else:
            self.inside[name] = 0
            self.closed_extra += 1
        effect = _EFFECTS.get(name)
        if effect is None:
            return
        styled, space, action = effect
        if styled:
            self.looks.close(name)
        if space:
            self.display.add_space(space)
        if self.watched and action:
            self.watched = any(map(self.inside.get, _WATCHED))

    def _attributes(self, written: str) -> Attributes:
        if self.utf8_mode:
            return _read_octet_attributes(written)
        if len(written) < 500:
            return _read_short_attributes(written, self.wide)
        return _read_attributes(written, self.wide)

    # --- what the start tags of single elements do besides ---

    def _anchor(self, name: str, found: Attributes) -> None:
        self.watched = True
        self.links.anchor(name, found)

    def _link(self, name: str, found: Attributes) -> None:
        self.links.link(name, found)

    def _background(self, name: str, found: Attributes) -> None:
        if "background" in found:
            self.links.push(name, found["background"])

    def _source(self, name: str, found: Attributes) -> None:
        self.links.source(name, found)

    def _script(self, name: str, found: Attributes) -> None:
        self.watched = True
        self.links.source(name, found)

    def _style(self, name: str, found: Attributes) -> None:
        self.watched = True

    def _title(self, name: str, found: Attributes) -> None:
        self.watched = True
        self.titles.append([])

    def _object(self, name: str, found: Attributes) -> None:
        self.facts["embeds"] = 1
        if name == "embed":
            self.links.source(name, found)

    def _image(self, name: str, found: Attributes) -> None:
        self.links.source(name, found)
        if self.inside.get("a"):
            self.links.anchors[-1].append("<img>\n")
        if "width" in found and "height" in found:
            # A percentage is one of a screen of 800 by 600; what makes no sense counts as 200.
            self.image_area += _measure(found["width"], 8) * _measure(found["height"], 6)

    def _form(self, name: str, found: Attributes) -> None:
        action = found.get("action")
        if action is not None:
            self.links.push(name, action)
            if "mailto:" in action.lower():
                self.facts["form_action_mailto"] = 1

    def _font(self, name: str, found: Attributes) -> None:
        if "face" in found and not _GOOD_FACE[self.wide].match(found["face"]):
            self.facts["font_face_bad"] = 1

    def _base(self, name: str, found: Attributes) -> None:
        self.links.base_element(name, found)

    def _meta(self, name: str, found: Attributes) -> None:
        self.links.refresh(name, found)

    # --- the end ---

    def _finish(self) -> None:
        detail = self.links.detail()
        facts = self.facts
        facts["uri"] = list(detail)
        facts["anchor"] = list(map("".join, self.links.anchors)) or None
        facts["uri_detail"] = detail or None
        facts["uri_truncated"] = 1 if self.links.truncated else None
        facts["image_area"] = self.image_area
        facts["length"] = len(self.source)
        facts["min_size"] = self.looks.min_size
        facts["max_size"] = self.looks.max_size
        facts["comment"] = self.comments or None
        facts["script"] = self.scripts or None
        facts["title"] = list(map("".join, self.titles)) or None
        facts["inside"] = self.inside
        seen = Counter(self.names)
        valid = [count for name, count in seen.items() if is_valid(name)]
        tags = len(self.names) + self.declared
        if tags:
            facts["closed_extra_ratio"] = self.closed_extra / tags
            if valid or self.declared:
                facts["bad_tag_ratio"] = (tags - sum(valid) - self.declared) / tags
            if self.display.obfuscation:
                facts["obfuscation_ratio"] = self.display.obfuscation / tags
        if valid:
            facts["non_element_ratio"] = (len(seen) - len(valid)) / len(seen)
        if self.display.backhair:
            facts["backhair_count"] = len(self.display.backhair)


def _measure(value: str, percent: int) -> int | float:
    """An image's width or height in pixels."""
    match = _MEASURE.match(value)
    number = leading_number(match[1]) * (percent if match[2] else 1) if match else 0
    return number if number > 0 else 200


Action = Callable[[Renderer, str, Attributes], None]

_ACTIONS: dict[str, Action] = {
    "a": Renderer._anchor,
    "area": Renderer._link,
    "link": Renderer._link,
    "body": Renderer._background,
    "table": Renderer._background,
    "tr": Renderer._background,
    "td": Renderer._background,
    "img": Renderer._image,
    "frame": Renderer._source,
    "iframe": Renderer._source,
    "bgsound": Renderer._source,
    "embed": Renderer._object,
    "object": Renderer._object,
    "script": Renderer._script,
    "style": Renderer._style,
    "title": Renderer._title,
    "form": Renderer._form,
    "font": Renderer._font,
    "base": Renderer._base,
    "meta": Renderer._meta,
}
_EFFECTS = {name: (element.styled, element.space, _ACTIONS.get(name)) for name, element in ELEMENTS.items()}
