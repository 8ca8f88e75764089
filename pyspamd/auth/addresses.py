"""The address that a DomainKeys signature speaks for: the first one in Sender, or in From.

Source: RFC 4870 section 2.3; how an address is read, Perl's Mail::Address.
"""

import re
from functools import lru_cache

# Comments nest at most so deep; what is deeper is no comment to us.
DEEPEST_COMMENT = 20
# Nor are brackets taken for a comment's after so many that nothing closes: for each all the rest is read.
MOST_UNCLOSED = 50
_WHITE = re.compile(rb"[ \t\r\n\f\v]+")
_PLAIN = rb'[^ \t\r\n\f\v()<>@,;:\\".\[\]]++|[()<>@,;:\\".\[\]]'
_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)++"|\[(?:[^\]\\]++|\\.)++\]|' + _PLAIN, re.S)
_PLAIN_TOKEN = re.compile(_PLAIN)
_CLOSED_BY = {b'"': b'"', b"[": b"]"}
_COMMENT_MARK = re.compile(rb"\\.|[()]", re.S)
_JOINTS = frozenset((b".", b"@", b":", b";"))


def _comment_end(text: bytes, start: int) -> int:
    """Where the comment that opens at `start` ends, or -1 where it does not."""
    depth = 0
    for mark in _COMMENT_MARK.finditer(text, start):
        if mark[0] == b"(":
            depth += 1
            if depth > DEEPEST_COMMENT:
                return -1
        elif mark[0] == b")":
            depth -= 1
            if depth == 0:
                return mark.end()
    return -1


def _tokens(text: bytes) -> list[bytes]:
    """Words, quoted strings, domain literals and specials of an address list (RFC 2822 section 3.2), no comments."""
    found = []
    at = 0
    brackets = 0
    unclosed: set[bytes] = set()  # where one is not closed, none behind it is: every end in sight is escaped
    while at < len(text):
        if (white := _WHITE.match(text, at)) is not None:
            at = white.end()
        elif text[at : at + 1] == b"(" and brackets < MOST_UNCLOSED and (end := _comment_end(text, at)) > 0:
            found.append(b"(")
            at = end
        elif (
            token := (_PLAIN_TOKEN if text[at : at + 1] in unclosed else _TOKEN).match(text, at)
        ) is not None:
            if token[0] == b"(":
                brackets += 1
            else:
                found.append(token[0])
            at = token.end()
            if token[0] in _CLOSED_BY and text[at : at + 1] != _CLOSED_BY[token[0]]:
                unclosed.add(token[0])
        else:
            at += 1
    return found


@lru_cache(maxsize=8)
def first_address(value: bytes) -> bytes | None:
    """The address of the first member of an address list, or `None` where the list is empty.

    A member ends at a comma or semicolon, or where a second address begins without one. The member may
    lack a domain, even an address; the answer then is what it has, possibly b"", as Mail::Address has it.
    """
    tokens = _tokens(value)
    stops = [i for i, token in enumerate(tokens) if token in (b",", b";")] + [len(tokens)]
    start = 0
    for stop in stops:
        member = tokens[start:stop]
        start = stop + 1
        if not member:
            continue
        words = [token for token in member if token != b"("]
        if b"<" in words:
            inside, address = 0, []
            for token in words:
                if token == b"<":
                    inside += 1
                elif token == b">":
                    inside = max(0, inside - 1)
                elif inside:
                    address.append(token)
            return b"".join(address)
        address = []
        for token in words:
            if token == b">":
                continue
            if token in _JOINTS or not address or address[-1] in _JOINTS:
                address.append(token)
            else:
                break
        return b"".join(address)
    return None
