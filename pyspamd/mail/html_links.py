"""The URIs of a page: which elements they stand in, and which texts lead to them.

Source: `html_uri` and `push_uri` of Mail::SpamAssassin::HTML.
"""

import re
from dataclasses import dataclass

from . import html_uris
from .perl_characters import by_space

Attributes = dict[str, str]

MOST_RESOLVED = 2**23
"""Characters that a `<base>` may add to the URIs of a page; those met after that stay relative."""
_ALIASED_HREF = re.compile(r"\w/href")
_ALIASED_SRC = re.compile(r"\w/src")
_REFRESH_URI = by_space(r"\burl[SPACE]*+=[SPACE]*+", re.IGNORECASE)


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


class Links:
    """The URIs met so far; one method for each way elements have of naming one."""

    def __init__(self, wide: bool) -> None:
        self.wide = wide
        self.uris: dict[str, _Uri] = {}
        self.truncated = False
        """Whether a URI had to be cut."""
        self.base = ""
        self.gained = 0
        """How many characters URIs have gained from the base."""
        self.anchors: list[list[str]] = []
        """The text of every `<a>`, in pieces."""

    def anchor(self, name: str, found: Attributes) -> None:
        """`<a>`: its URI, and the start of a text for it."""
        found = self.link(name, found)
        uri = self._trimmed(found["href"]) if "href" in found else ""
        text: list[str] = []
        entry = self._uri(uri)
        if entry.anchors is None:
            entry.anchors = []
        entry.anchors.append(text)
        self.anchors.append(text)

    def link(self, name: str, found: Attributes) -> Attributes:
        """`href`, and the URI that a web mailer put beside it; the attributes with what stood for `href`."""
        found = _with_aliases(found, "href", _ALIASED_HREF)
        href = found.get("href")
        if href is not None:
            if not href.isascii():
                mark = "\ufeff" if self.wide or max(href) > "\xff" else "\xef\xbb\xbf"
                if mark in href:
                    href = href.replace(mark, "")
                    found = found | {"href": href}
            self.push(name, href)
        redirect = found.get("data-saferedirecturl")
        if redirect is not None:
            self.push(name, redirect)
        return found

    def source(self, name: str, found: Attributes) -> None:
        """`src`."""
        found = _with_aliases(found, "src", _ALIASED_SRC)
        if "src" in found:
            self.push(name, found["src"])

    def base_element(self, name: str, found: Attributes) -> None:
        """`<base href>`: a URI itself, and what others are relative to from now on."""
        href = found.get("href")
        if href and href != "0":
            uri = self._trimmed(href)
            self.push(name, uri)
            base = html_uris.base_of(uri)
            if base is not None:
                self.base = base

    def refresh(self, name: str, found: Attributes) -> None:
        """`<meta http-equiv="refresh" content="…; url=…">`."""
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
        self.push(name, uri)

    def _uri(self, uri: str) -> _Uri:
        entry = self.uris.get(uri)
        if entry is None:
            entry = self.uris[uri] = _Uri()
        return entry

    def _trimmed(self, uri: str) -> str:
        uri, cut = html_uris.trimmed(uri, self.wide)
        if cut:
            self.truncated = True
        return uri

    def push(self, name: str, uri: str) -> None:
        """Note the URI as one that stands in an element of this name."""
        uri = self._trimmed(uri)
        if uri and self.gained < MOST_RESOLVED and not html_uris.is_left_alone(uri):
            size = len(uri)
            uri = html_uris.target(self.base, uri)
            if len(uri) > size:
                self.gained += len(uri) - size
        if uri:
            self._uri(uri).types.add(name)

    def detail(self) -> dict[str, HtmlUri]:
        """All URIs."""
        return {
            uri: HtmlUri(
                frozenset(entry.types), None if entry.anchors is None else tuple(map("".join, entry.anchors))
            )
            for uri, entry in self.uris.items()
        }


def _with_aliases(found: Attributes, name: str, alias: re.Pattern[str]) -> Attributes:
    """The attributes with `x/href` and the like, which broken tags give, taken for `href`."""
    for key in found:
        if "/" in key and alias.search(key):
            break
    else:
        return found
    aliases = {key: value for key, value in found.items() if alias.search(key)}
    changed = {key: value for key, value in found.items() if key not in aliases}
    changed[name] = list(aliases.values())[-1]
    return changed
