"""HTML taken apart as Perl's HTML::Parser 3.81 does it in the setting SpamAssassin uses.

That is: marked sections on, text broken wherever markup stands, names in lower case, comments end at `-->`
(or, in what is left when the text ends too early, at the first `>`). The whole text is one chunk; text at
its end is broken once more, before its last word, because the parser waits there for more.
"""

import re
from collections.abc import Iterator
from enum import IntEnum

from .perl_characters import ascii_lower


class Kind(IntEnum):
    """What a token is."""

    TEXT = 0
    """Text in which character references count."""
    LITERAL = 1
    """Text in which they do not."""
    START = 2
    """A start tag: its name in lower case and its attributes as written."""
    END = 3
    """An end tag: its name in lower case."""
    COMMENT = 4
    """Anything that counts as a comment, markup included."""
    DECLARATION = 5
    """`<!DOCTYPE …>` or `<!ENTITY …>`, markup included."""
    NOTHING = 6
    """A processing instruction, or the bounds of a marked section: text is broken there, no more."""
    FINISH = 7
    """The end of the document; missing when that lies in an ignored marked section."""


Token = tuple[Kind, str, str]
"""Kind, then name or text, then the attributes of a start tag (else empty)."""

TEXT, LITERAL, START, END, COMMENT, DECLARATION, NOTHING, FINISH = Kind
_UNTOUCHED_BY_PENDING = frozenset((TEXT, LITERAL, COMMENT))

# SGML's white space as the parser knows it, with the vertical tab.
_WHITE = "\t\n\v\f\r "
_S = r"\t\n\v\f\r "
_VALUE = rf"""(?:"[^"]*+"|'[^']*+'|[^{_S}>"'][^{_S}>]*+|(?=>))"""
_ATTRIBUTE = rf"[^{_S}>][^{_S}=>]*+[{_S}]*+(?:=[{_S}]*+{_VALUE}[{_S}]*+|(?!=))"
_ATTRIBUTE_PARTS = re.compile(
    rf"""([^{_S}>][^{_S}=>]*+)[{_S}]*+(?:(=)[{_S}]*+("[^"]*+"|'[^']*+'|[^{_S}>]*+)[{_S}]*+)?+"""
)

_MARKUP = re.compile(
    rf"([^<]*+)<(?:([A-Za-z_:][^{_S}>]*+)(?:>|[{_S}]++((?:{_ATTRIBUTE})*+)>)|/([^{_S}>]++)[^>\"']*+>)"
)
_MARKUP_START = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_:/!?")
_END_NAME = re.compile(rf"[^{_S}>]++")
_COMMENT_END = re.compile(rf"--[{_S}]*+>")
_QUOTE_OR_END = re.compile("[\"'>]")
_SGML_COMMENT = r"--(?:[^-]++|-(?!-))*+--"
_DECLARATION_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_:.-]*+")
_DECLARATION_ITEM = re.compile(
    rf"""[{_S}]*+(?:"[^"]*+"|'[^']*+'|{_SGML_COMMENT}|[^{_S}"'>-][^{_S}>]*+|(>)|(-)(?=[^-]))"""
)
_SECTION_NAMES = re.compile(rf"[{_S}]*+(?:(?:[A-Za-z_:][A-Za-z0-9_:.-]*+|{_SGML_COMMENT})[{_S}]*+)*+")
_SECTION_NAME = re.compile(rf"{_SGML_COMMENT}|([A-Za-z_:][A-Za-z0-9_:.-]*+)")
_TAG_OR_BRACKET = re.compile(r"[<\]]")

# Elements whose content is text up to their own end tag, with the kind of that text.
_LITERAL_ELEMENTS = {
    "script": LITERAL,
    "style": LITERAL,
    "xmp": LITERAL,
    "iframe": LITERAL,
    "plaintext": LITERAL,
    "title": TEXT,
    "textarea": TEXT,
}
_CLOSED_AT_END = ("script", "style")
_TEXT_TO_THE_END = ("plaintext", "xmp", "iframe", "textarea")
_NEVER = re.compile(r"(?!)")
_LITERAL_END = {
    name: re.compile(rf"</{name}[{_S}]*+>", re.IGNORECASE | re.ASCII) if name != "plaintext" else _NEVER
    for name in _LITERAL_ELEMENTS
}

_SECTION_END = -2
_INCLUDE, _RCDATA, _CDATA, _IGNORE = 1, 2, 3, 4
_SECTION_RANK = {"include": _INCLUDE, "rcdata": _RCDATA, "cdata": _CDATA, "ignore": _IGNORE}


def attributes(written: str) -> list[tuple[str, str]]:
    """Name (as written) and raw value of each attribute of a start tag; a lone name is its own value."""
    found = []
    for name, equals, value in _ATTRIBUTE_PARTS.findall(written):
        if not equals:
            value = name
        elif value[:1] in ('"', "'"):
            value = value[1:-1]
        found.append((name, value))
    return found


def tokens(source: str) -> Iterator[Token]:
    """The tokens of a page. Time is linear in its length; never raises."""
    return _Tokenizer(source).tokens()


class _Tokenizer:
    """The parser's state; `_chunk` reads as far as it can and `tokens` decides about what is left."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.at = 0
        self.literal = ""
        """The element whose content is being read up to its end tag."""
        self.text_kind = TEXT
        self.short_comments = False
        """Whether comments end at the first `>`."""
        self.sections: list[int] = []
        """Of each open marked section, the highest rank from the outermost up to it."""
        self.section = 0
        """The last of them."""
        self.bracket = -1
        """Where the `]]>` found last stands."""
        self.pending = ""
        """An element to be closed before the next token that is neither text nor comment."""
        self.unclosed: set[str] = set()
        """Literal elements of which no end tag is left, lest each be looked for again."""

    def tokens(self) -> Iterator[Token]:
        """All tokens of the page."""
        if "<![" in self.source:
            yield from self._seen(self._whole())
        else:
            yield from self._whole()

    def _seen(self, stream: Iterator[Token]) -> Iterator[Token]:
        """The tokens that stand in no ignored marked section."""
        for token in stream:
            if self.section != _IGNORE:
                yield token

    def _whole(self) -> Iterator[Token]:
        yield from self._chunk()
        if self.literal in _CLOSED_AT_END and self.section != _IGNORE:
            # SpamAssassin itself adds the end tag that is missing.
            self.source += f"</{self.literal}>"
            self.unclosed.clear()
            yield from self._chunk()
        yield from self._with_pending(self._rest())
        yield from self._with_pending(iter([(FINISH, "", "")]))

    def _with_pending(self, stream: Iterator[Token]) -> Iterator[Token]:
        """The tokens with the end tag that is pending, if one is, in its place."""
        for token in stream:
            if self.pending and token[0] not in _UNTOUCHED_BY_PENDING:
                name, self.pending = self.pending, ""
                yield END, name, ""
            yield token

    def _rest(self) -> Iterator[Token]:
        """What the end of the page makes of the markup it left open."""
        while self.at < len(self.source):
            if self.literal:
                if self.literal in _TEXT_TO_THE_END:
                    break
                name, self.literal = self.literal, ""
                if name in _CLOSED_AT_END:
                    yield END, name, ""
                else:
                    self.pending = name
                yield from self._chunk()
            elif not self.source.startswith("<", self.at):
                break
            elif not self.short_comments:
                self.short_comments = True
                yield from self._chunk()
            else:
                following = self.source[self.at + 1 : self.at + 2]
                if not following or following in _MARKUP_START:
                    yield COMMENT, self.source[self.at :], ""
                    self.at = len(self.source)
                break
        if self.at < len(self.source):
            yield self.text_kind, self.source[self.at :], ""

    def _chunk(self) -> Iterator[Token]:
        """Tokens from `at` on, as far as they are complete; leaves `at` where something is not."""
        source = self.source
        match_markup = _MARKUP.match
        lower = str.lower if source.isascii() else ascii_lower
        start = at = self.at  # `start`: where pending text begins; `at`: how far it is known to be text
        while True:
            if self.literal or self.section in (_RCDATA, _CDATA):
                token, end, at = self._verbatim(at)
                if token is None:
                    break
                if end > start:
                    yield self.text_kind, source[start:end], ""
                yield token
                self._leave_verbatim()
                start = at
                continue
            kind = self.text_kind
            if at == start and not self.section:
                while found := match_markup(source, at):
                    text, name, written, end_name = found.groups()
                    at = found.end()
                    if text:
                        yield kind, text, ""
                    if name is None:
                        yield END, lower(end_name), ""
                        continue
                    name = lower(name)
                    yield START, name, written or ""
                    if name in _LITERAL_ELEMENTS:
                        self._enter(name)
                        break
                start = at
                if self.literal:
                    continue
            tag = source.find("<", at) if not self.section else self._tag_in_section(at)
            if tag == _SECTION_END:
                tag = self.bracket
                yield kind, source[start:tag], ""
                yield NOTHING, "", ""
                self._close_section()
                start = at = tag + 3
                continue
            if tag < 0:
                tag = self._last_break(start)
                if tag > start:
                    yield kind, source[start:tag], ""
                start = tag
                break
            if tag > start:
                yield kind, source[start:tag], ""
            start = tag
            if len(source) - tag < 3:
                break
            token, at = self._markup(tag)
            if at < 0:
                break
            if token is not None:
                yield token
                start = at
        self.at = start

    def _enter(self, name: str) -> None:
        """Read the content of this element up to its end tag."""
        self.literal = name
        self.text_kind = _LITERAL_ELEMENTS[name]

    def _verbatim(self, at: int) -> tuple[Token | None, int, int]:
        """What ends the literal element or section: its token (or None), start and end."""
        name = self.literal
        if not name:
            end = self.source.find("]]>", at)
            return ((NOTHING, "", "") if end >= 0 else None), end, end + 3
        found = None if name in self.unclosed else _LITERAL_END[name].search(self.source, at)
        if found is None:
            self.unclosed.add(name)
            return None, at, at
        return (END, name, ""), found.start(), found.end()

    def _leave_verbatim(self) -> None:
        if self.literal:
            self.literal = ""
            self.text_kind = TEXT
        else:
            self._close_section()

    def _open_section(self, names: list[str]) -> None:
        rank = max(_SECTION_RANK.get(name, 0) for name in names) if names else _INCLUDE
        self._rank_sections([*self.sections[-1:], rank])
        self.sections.append(self.section)

    def _close_section(self) -> None:
        self.sections.pop()
        self._rank_sections(self.sections[-1:])

    def _rank_sections(self, ranks: list[int]) -> None:
        self.section = max(ranks, default=0)
        self.text_kind = LITERAL if self.section == _CDATA else TEXT

    def _tag_in_section(self, at: int) -> int:
        """Where the next tag may start; `_SECTION_END` if `]]>` comes first, -1 if nothing does."""
        source = self.source
        while found := _TAG_OR_BRACKET.search(source, at):
            at = found.start()
            if source[at] == "<":
                return at
            if source.startswith("]]>", at):
                self.bracket = at
                return _SECTION_END
            # The parser goes past a lone bracket together with what follows it, be that a tag.
            at += 3 if source.startswith("]]", at) else 2
            if at > len(source):
                break
        return -1

    def _last_break(self, start: int) -> int:
        """Where the parser stops at the end of a text: before its last white space, or last word and that."""
        tail = self.source[start:]
        if tail[-1:] not in _WHITE:
            tail = tail[: max(map(tail.rfind, _WHITE)) + 1]
        return start + len(tail.rstrip(_WHITE))

    def _markup(self, at: int) -> tuple[Token | None, int]:
        """The token of the markup that begins at `at` and where it ends.

        Without a token it is no markup and text goes on from there; a negative end says: incomplete.
        """
        source = self.source
        following = source[at + 1]
        if following not in _MARKUP_START:
            return None, at + 1
        if following == "!":
            return self._declaration(at)
        if following == "?":
            end = source.find(">", at + 2)
            return (NOTHING, "", ""), end + 1 if end >= 0 else -1
        found = _MARKUP.match(source, at)
        if found is None:
            return self._end_tag(at) if following == "/" else (None, -1)
        _, name, written, end_name = found.groups()
        if name is None:
            return (END, ascii_lower(end_name), ""), found.end()
        name = ascii_lower(name)
        if name in _LITERAL_ELEMENTS:
            self._enter(name)
        return (START, name, written or ""), found.end()

    def _end_tag(self, at: int) -> tuple[Token | None, int]:
        """An end tag with quoted strings in it, or the comment that `</` makes where no name follows."""
        source = self.source
        name = _END_NAME.match(source, at + 2)
        first = here = name.end() if name else at + 2
        while found := _QUOTE_OR_END.search(source, here):
            here = found.start()
            quote = source[here]
            if quote == ">":
                if name:
                    return (END, ascii_lower(name.group()), ""), here + 1
                return (COMMENT, source[at : here + 1], ""), here + 1
            if here == first or source[here - 1] in " =":
                here = source.find(quote, here + 1)
                if here < 0:
                    break
            here += 1
        return None, -1

    def _declaration(self, at: int) -> tuple[Token | None, int]:
        """What begins with `<!`: a comment, a declaration, a marked section."""
        source = self.source
        first = source[at + 2]
        if source.startswith("--", at + 2):
            if self.short_comments:
                return self._comment(at, at + 4)
            ending = _COMMENT_END.search(source, at + 4)
            return ((COMMENT, source[at : ending.end()], ""), ending.end()) if ending else (None, -1)
        if first == "[":
            return self._marked_section(at)
        here = at + 2
        name = _DECLARATION_NAME.match(source, here)
        if name:
            here = name.end()
            if name.group().upper() not in ("DOCTYPE", "ENTITY"):
                return self._comment(at, here)
            while True:
                item = _DECLARATION_ITEM.match(source, here)
                if item is None:
                    return None, -1
                here = item.end()
                if item[1]:
                    return (DECLARATION, source[at:here], ""), here
                if item[2]:
                    break
        return self._comment(at, here)

    def _comment(self, at: int, here: int) -> tuple[Token | None, int]:
        """Everything from `at` up to the first `>` that does not stand before `here`."""
        end = self.source.find(">", here)
        return ((COMMENT, self.source[at : end + 1], ""), end + 1) if end >= 0 else (None, -1)

    def _marked_section(self, at: int) -> tuple[Token | None, int]:
        """`<![ names [`; anything else that begins like it is a comment."""
        source = self.source
        names = _SECTION_NAMES.match(source, at + 3)
        assert names is not None  # it may match nothing
        here = names.end()
        if source.startswith("[", here):
            self._open_section([word.lower() for word in _SECTION_NAME.findall(names.group()) if word])
            return (NOTHING, "", ""), here + 1
        words = _SECTION_NAME.findall(names.group())
        if source.startswith("--", here) or (here == len(source) and words and words[-1]):
            return None, -1
        return self._comment(at, at + 2)
