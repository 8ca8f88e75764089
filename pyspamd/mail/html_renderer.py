"""The state of one page being rendered: its texts, its URIs and what is counted on the way."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from . import html_uris
from .html_display import Display
from .html_elements import ELEMENTS, NAMESPACED
from .html_entities import decode, decode_octets
from .html_looks import GivenUpError, Looks
from .html_tokens import COMMENT, DECLARATION, END, FINISH, LITERAL, START, TEXT, attributes, tokens
from .perl_characters import ASCII_SPACE, WIDE_SPACE, ascii_lower, leading_number

Attributes = dict[str, str]


@dataclass(frozen=True, slots=True)
class HtmlUri:
    """A URI of a page: the elements it stands in, and the texts of the anchors that have it.

    Both are kept under the URI as an anchor writes it and as it resolves, which may be two entries; the text
    of anchors without one is kept under the empty URI. `anchor_text` is None where no anchor has this URI.
    """

    types: frozenset[str]
    anchor_text: tuple[str, ...] | None


class _Uri:
    __slots__ = ("anchors", "types")

    def __init__(self) -> None:
        self.types: set[str] = set()
        self.anchors: list[list[str]] | None = None


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


_read_short_attributes = lru_cache(maxsize=2048)(_read_attributes)

_CURLED_QUOTES = re.compile("[\u201c\u201d]")
_CURLED_QUOTES_UTF8 = re.compile("\xe2\x80[\x9c\x9d]")


def _both(pattern: str, flags: int = 0) -> dict[bool, re.Pattern[str]]:
    """The pattern for strings of characters (True) and of bytes; `SPACE` in it is either's white space."""
    return {
        wide: re.compile(pattern.replace("SPACE", re.escape(space)), flags if wide else flags | re.ASCII)
        for wide, space in ((True, WIDE_SPACE), (False, ASCII_SPACE))
    }


_SELF_CLOSED = _both(r"<(\w+)[SPACE]*+/>")
_GOOD_FACE = _both(
    r"""[SPACE]*+(?:["'.][a-z ]|(?<=[ ])|[a-z])[a-z -]++(?<=[a-z])\d?["']?"""
    r"""(?:,[SPACE]*+["']?[a-z][a-z -]++(?<=[a-z])\d?["']?)*+;?$""",
    re.IGNORECASE,
)
_REFRESH_URI = _both(r"\burl[SPACE]*+=[SPACE]*+", re.IGNORECASE)
_MEASURE = re.compile(r"(\d+)(%)?$")
_ALIASED_HREF = re.compile(r"\w/href")
_ALIASED_SRC = re.compile(r"\w/src")
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
        self.inside: dict[str, int] = {}
        self.tags = self.tags_seen = self.valid = self.valid_seen = self.closed_extra = 0
        self.image_area: int | float = 0
        self.uris: dict[str, _Uri] = {}
        self.uri_truncated = False
        self.base = ""
        self.watched = False
        """Whether text now belongs to an anchor, a title, a script or a style sheet as well."""
        self.anchors: list[list[str]] = []
        self.titles: list[list[str]] = []
        self.scripts: list[str] = []
        self.comments: list[str] = []

    def text(self, hidden: bool | None = None) -> tuple[str, bool]:
        """The rendered text (all, hidden or not hidden) and whether it is wide."""
        return self.display.joined(hidden)

    def run(self) -> None:
        """Render the page."""
        try:
            for kind, value, written in tokens(self._prepared()):
                if kind == TEXT:
                    if self.utf8_mode:
                        value = decode_octets(value, True)
                    elif "&" in value:
                        value = decode(value, True, self.wide)
                    if not self.watched or self._belongs_here(value):
                        self._show(value)
                elif kind == START:
                    self._start(value, written)
                elif kind == END:
                    self._end(value)
                elif kind == LITERAL:
                    if not self.watched or self._belongs_here(value):
                        self._show(value)
                elif kind == COMMENT:
                    self.comments.append(value)
                elif kind == DECLARATION:
                    if value[:9].lower() == "<!doctype":
                        self.valid += 1
                        self.tags += 1
                        self.inside["!doctype"] = 0
                elif kind == FINISH:
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
            self.anchors[-1].append(text)
        if inside.get("title", 0) > 0:
            self.titles[-1].append(text)
        return True

    def _show(self, text: str) -> None:
        look = self.looks.styles[-1]
        if self.display.add(text, look.invisible) and look.fact:
            self.facts[look.fact] = 1

    # --- tags ---

    def _start(self, name: str, written: str) -> None:
        inside = self.inside
        count = inside.get(name)
        inside[name] = 1 if count is None else count + 1
        self.tags += 1
        if count is None:
            self.tags_seen += 1
        element = ELEMENTS.get(name)
        if element is None:
            if ":" in name and NAMESPACED.match(name):
                self._count_valid(count is None)
            return
        if element.valid:
            self._count_valid(count is None)
        found = self._attributes(written) if written else {}
        if element.styled:
            self.looks.open(name, found)
        if element.space:
            self.display.add_space(element.space)
        if name in _WATCHED:
            self.watched = True
            if name == "title":
                self.titles.append([])
        action = _ACTIONS.get(name)
        if action is not None:
            action(self, name, found)

    def _end(self, name: str) -> None:
        inside = self.inside
        count = inside.get(name)
        self.tags += 1
        if count is None:
            self.tags_seen += 1
        if count:
            inside[name] = count - 1
        else:
            inside[name] = 0
            self.closed_extra += 1
        element = ELEMENTS.get(name)
        if element is None:
            if ":" in name and NAMESPACED.match(name):
                self._count_valid(count is None)
            return
        if element.valid:
            self._count_valid(count is None)
        if element.styled:
            self.looks.close(name)
        if element.space:
            self.display.add_space(element.space)
        if name in _WATCHED:
            self.watched = any(inside.get(watched) for watched in _WATCHED)

    def _count_valid(self, first: bool) -> None:
        self.valid += 1
        if first:
            self.valid_seen += 1

    def _attributes(self, written: str) -> Attributes:
        if self.utf8_mode:
            return _read_octet_attributes(written)
        if len(written) < 500:
            return _read_short_attributes(written, self.wide)
        return _read_attributes(written, self.wide)

    # --- what single elements do besides ---

    def _anchor(self, name: str, found: Attributes) -> None:
        found = self._link(name, found)
        uri = self._trimmed(found["href"]) if "href" in found else ""
        text: list[str] = []
        entry = self._uri(uri)
        if entry.anchors is None:
            entry.anchors = []
        entry.anchors.append(text)
        self.anchors.append(text)

    def _link(self, name: str, found: Attributes) -> Attributes:
        found = _with_aliases(found, "href", _ALIASED_HREF)
        href = found.get("href")
        if href is not None:
            if not href.isascii():
                mark = "\ufeff" if self.wide or max(href) > "\xff" else "\xef\xbb\xbf"
                if mark in href:
                    href = href.replace(mark, "")
                    found = found | {"href": href}
            self._push(name, href)
        redirect = found.get("data-saferedirecturl")
        if redirect is not None:
            self._push(name, redirect)
        return found

    def _background(self, name: str, found: Attributes) -> None:
        if "background" in found:
            self._push(name, found["background"])

    def _source(self, name: str, found: Attributes) -> None:
        found = _with_aliases(found, "src", _ALIASED_SRC)
        if "src" in found:
            self._push(name, found["src"])
        if name == "embed":
            self.facts["embeds"] = 1

    def _image(self, name: str, found: Attributes) -> None:
        self._source(name, found)
        if self.inside.get("a", 0) > 0:
            self.anchors[-1].append("<img>\n")
        if "width" in found and "height" in found:
            # A percentage is one of a screen of 800 by 600; what makes no sense counts as 200.
            self.image_area += _measure(found["width"], 8) * _measure(found["height"], 6)

    def _form(self, name: str, found: Attributes) -> None:
        action = found.get("action")
        if action is not None:
            self._push(name, action)
            if "mailto:" in action.lower():
                self.facts["form_action_mailto"] = 1

    def _object(self, name: str, found: Attributes) -> None:
        self.facts["embeds"] = 1

    def _font(self, name: str, found: Attributes) -> None:
        if "face" in found and not _GOOD_FACE[self.wide].match(found["face"]):
            self.facts["font_face_bad"] = 1

    def _base(self, name: str, found: Attributes) -> None:
        href = found.get("href")
        if href and href != "0":
            uri = self._trimmed(href)
            self._push(name, uri)
            base = html_uris.base_of(uri)
            if base is not None:
                self.base = base

    def _meta(self, name: str, found: Attributes) -> None:
        content = found.get("content")
        if content is None or "refresh" not in found.get("http-equiv", "").lower():
            return
        if "url" not in content.lower():
            return
        places = [match.span() for match in _REFRESH_URI[self.wide].finditer(content)]
        if not places:
            return
        # Only what stands before the last `url=` of the first line is left off.
        first_line = content.find("\n")
        ends = [end for start, end in places if first_line < 0 or start <= first_line]
        uri = content[ends[-1] :] if ends else content
        semicolon = uri.find(";")
        if semicolon >= 0:
            line_end = uri.find("\n", semicolon)
            rest = uri[line_end:] if line_end >= 0 else ""
            uri = uri[:semicolon].rstrip(html_uris.SPACE[self.wide]) + rest
        self._push(name, uri)

    # --- URIs ---

    def _uri(self, uri: str) -> _Uri:
        entry = self.uris.get(uri)
        if entry is None:
            entry = self.uris[uri] = _Uri()
        return entry

    def _trimmed(self, uri: str) -> str:
        uri, cut = html_uris.trimmed(uri, self.wide)
        if cut:
            self.uri_truncated = True
        return uri

    def _push(self, name: str, uri: str) -> None:
        """Note the URI as one that stands in an element of this name."""
        uri = self._trimmed(uri)
        if uri and not html_uris.is_left_alone(uri):
            uri = html_uris.target(self.base, uri)
        if uri:
            self._uri(uri).types.add(name)

    # --- the end ---

    def _finish(self) -> None:
        detail = {
            uri: HtmlUri(
                frozenset(entry.types),
                None if entry.anchors is None else tuple(map("".join, entry.anchors)),
            )
            for uri, entry in self.uris.items()
        }
        facts = self.facts
        facts["uri"] = list(detail)
        facts["anchor"] = list(map("".join, self.anchors)) or None
        facts["uri_detail"] = detail or None
        facts["uri_truncated"] = 1 if self.uri_truncated else None
        facts["image_area"] = self.image_area
        facts["length"] = len(self.source)
        facts["min_size"] = self.looks.min_size
        facts["max_size"] = self.looks.max_size
        facts["comment"] = self.comments or None
        facts["script"] = self.scripts or None
        facts["title"] = list(map("".join, self.titles)) or None
        facts["inside"] = self.inside
        if self.tags:
            facts["closed_extra_ratio"] = self.closed_extra / self.tags
            if self.valid:
                facts["bad_tag_ratio"] = (self.tags - self.valid) / self.tags
            if self.display.obfuscation:
                facts["obfuscation_ratio"] = self.display.obfuscation / self.tags
        if self.tags_seen and self.valid_seen:
            facts["non_element_ratio"] = (self.tags_seen - self.valid_seen) / self.tags_seen
        if self.display.backhair:
            facts["backhair_count"] = len(self.display.backhair)


def _with_aliases(found: Attributes, name: str, alias: re.Pattern[str]) -> Attributes:
    """The attributes with `x/href` and the like, which broken tags give, taken for `href`."""
    for key in found:
        if "/" in key and alias.search(key):
            break
    else:
        return found
    aliases = [key for key in found if alias.search(key)]
    changed = {key: value for key, value in found.items() if key not in aliases}
    changed[name] = found[aliases[-1]]
    return changed


def _measure(value: str, percent: int) -> int | float:
    """An image's width or height in pixels."""
    match = _MEASURE.match(value)
    number = leading_number(match[1]) * (percent if match[2] else 1) if match else 0
    return number if number > 0 else 200


_ACTIONS: dict[str, Callable[[Renderer, str, Attributes], Any]] = {
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
    "embed": Renderer._source,
    "script": Renderer._source,
    "bgsound": Renderer._source,
    "form": Renderer._form,
    "object": Renderer._object,
    "font": Renderer._font,
    "base": Renderer._base,
    "meta": Renderer._meta,
}
