"""Which elements SpamAssassin knows, and what each does to the text of a page.

Source: the tables at the head of Mail::SpamAssassin::HTML, and its `html_whitespace`.
"""

import re
from typing import NamedTuple

# HTML 4.01's and XHTML 1.0's, then three that are counted with them.
_VALID_NAMES = """
a abbr acronym address area b base bdo big blockquote body br button caption cite code col colgroup dd del dfn
div dl dt em fieldset form h1 h2 h3 h4 h5 h6 head hr html i img input ins kbd label legend li link map meta
noscript object ol optgroup option p param pre q samp script select small span strong style sub sup table
tbody td textarea tfoot th thead title tr tt ul var
applet basefont center dir font frame frameset iframe isindex menu noframes s strike u
nobr x-sigsep x-tab
"""
_VALID = frozenset(_VALID_NAMES.split())
# Rendered, though not counted as valid.
_INVALID = frozenset(("bgsound", "embed", "listing", "plaintext", "xmp"))
_STYLED_NAMES = "body font table tr th td big small basefont span p div a"
_STYLED = frozenset(_STYLED_NAMES.split())
_SPACE = {
    "\n": "br div",
    " ": "li th td dd dt embed h1 h2 h3 h4 h5 h6",
    "\n\n": "p hr blockquote pre listing plaintext xmp title",
}
_SPACE_OF = {name: space for space, names in _SPACE.items() for name in names.split()}

_NAMESPACED = re.compile(r"(?:o|st[0-9]):[\w-]+/?\Z")


def is_valid(name: str) -> bool:
    """Whether the name counts as an element's; those that Microsoft's programs write in namespaces do."""
    return name in _VALID or (":" in name and _NAMESPACED.match(name) is not None)


class Element(NamedTuple):
    """What the tags of an element do to the text of a page."""

    styled: bool
    """Whether it may change the look of text."""
    space: str
    """The white space that its tags, both, put into the text."""


ELEMENTS = {name: Element(name in _STYLED, _SPACE_OF.get(name, "")) for name in _VALID | _INVALID}
