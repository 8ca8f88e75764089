"""The text of a page as it is put together piece by piece, and how words are broken between pieces.

Source: `display_text` and `get_rendered_text` of Mail::SpamAssassin::HTML.
"""

import re

from .perl_characters import ASCII_SPACE, WIDE_SPACE, word_test

# A run of white space that is not a single space already; the last is a no-break space in UTF-8.
_UNEVEN_SPACE = re.compile(r" [ \t\n\r\f\v]++|[\t\n\r\f\v][ \t\n\r\f\v]*+|\xc2\xa0")
_BLANK = re.compile(r"(?:[ \t\n\r\f\v]|\xc2\xa0)*+\Z")

_PUNCTUATION = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
_EDGES = {True: frozenset(WIDE_SPACE + _PUNCTUATION), False: frozenset(ASCII_SPACE + _PUNCTUATION)}
_LONGEST_FRAGMENT = 7


class Display:
    """The pieces of text shown so far, visible or not; white space made by tags makes pieces of its own."""

    def __init__(self, wide: bool) -> None:
        self.wide = wide
        self.edges = _EDGES[wide] | {""}
        self.pieces: list[str] = []
        self.hidden: list[int] = []
        """Which pieces are invisible."""
        self.texts = 0
        """How many pieces are text of the page."""
        self.after_space = False
        """Whether the last piece is white space made by a tag."""
        self.after_hidden = False
        """Whether the last piece is hidden."""
        self.obfuscation = 0
        """How often one piece of text went on with the word that another ended in."""
        self.backhair: set[tuple[int, int]] = set()
        """The lengths (up to 7) of the two halves of words broken like that."""

    def add_space(self, space: str) -> None:
        """White space made by a tag: it takes the place of a space that ends the text before it."""
        pieces = self.pieces
        if not self.after_space and not self.after_hidden and pieces and pieces[-1].endswith(" "):
            pieces[-1] = pieces[-1][:-1]
        pieces.append(space)
        self.after_space = True
        self.after_hidden = False

    def add(self, text: str, invisible: bool) -> bool:
        """Text of the page, in an invisible style or not; whether there was more to it than blanks."""
        pieces = self.pieces
        self.texts += 1
        stripped = text.strip(ASCII_SPACE)
        if not stripped:
            pieces.append(" " if text and not self.after_space else "")
            self.after_space = self.after_hidden = False
            return False
        edges = self.edges
        if text[0] not in edges and pieces and pieces[-1][-1:] not in edges:
            self._note_break(pieces[-1], text)
        solid = "\xc2\xa0" not in text or not _BLANK.match(text)
        text = _UNEVEN_SPACE.sub(" ", text)
        if invisible and solid:
            self.hidden.append(len(pieces))
            self.after_hidden = True
        else:
            self.after_hidden = False
            if self.after_space and text[0] == " ":
                text = text[1:]
        pieces.append(text)
        self.after_space = False
        return solid

    def _note_break(self, before: str, after: str) -> None:
        """See whether the text goes on with the word that the text before it ended in."""
        edges = self._edges(after)
        edges_before = self._edges(before)
        if before[-1] in edges_before or after[0] in edges:
            return
        self.obfuscation += 1
        is_word = word_test(edges_before is _EDGES[True])
        head = 0
        for at in range(len(before) - 1, max(len(before) - _LONGEST_FRAGMENT, 0) - 1, -1):
            if before[at] in edges_before:
                break
            if is_word(before[at]) != (at > 0 and is_word(before[at - 1])):
                head = len(before) - at
        if not head:
            return
        is_word = word_test(edges is _EDGES[True])
        tail = 0
        for at in range(min(len(after), _LONGEST_FRAGMENT)):
            if after[at] in edges:
                break
            if is_word(after[at]) != (at + 1 < len(after) and is_word(after[at + 1])):
                tail = at + 1
        if tail:
            self.backhair.add((head, tail))

    def _edges(self, text: str) -> frozenset[str]:
        """What does not belong to a word in this text."""
        return _EDGES[self.wide or is_wide(text)]

    def joined(self, hidden: bool | None) -> tuple[str, bool]:
        """The text (all, the hidden, the one not hidden), and whether it is wide."""
        if hidden is None or (not hidden and not self.hidden):
            text, count = "".join(self.pieces), self.texts
        elif hidden:
            text, count = "".join([self.pieces[at] for at in self.hidden]), len(self.hidden)
        else:
            gone = set(self.hidden)
            text = "".join([piece for at, piece in enumerate(self.pieces) if at not in gone])
            count = self.texts - len(self.hidden)
        return text, (self.wide and count > 0) or is_wide(text)


def is_wide(text: str) -> bool:
    """Whether the text has characters that do not fit into a byte."""
    return not text.isascii() and max(text) > "\xff"
