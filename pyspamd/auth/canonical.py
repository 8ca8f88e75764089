"""Canonical forms of header fields and bodies: DKIM's simple and relaxed, DomainKeys' simple and nofws.

RFC 6376 section 3.4, RFC 4870 section 3.4.2. Input is in wire form. Each pass is linear: no pattern here
looks at a run of blanks twice, whatever a sender puts into a body.
"""

import re

_RUN = re.compile(rb"[ \t]+")
_FOLD = re.compile(rb"\r\n(?=[ \t])")


def relaxed_field(text: bytes) -> bytes:
    """RFC 6376 section 3.4.2: a header field (without its last CRLF), relaxed; still without CRLF."""
    name, _, value = text.partition(b":")
    return name.rstrip(b" \t").lower() + b":" + _RUN.sub(b" ", _FOLD.sub(b"", value)).strip(b" ")


def without_empty_end(body: bytes) -> bytes:
    """`body` without the empty lines at its end; what remains ends with CRLF, unless nothing remains."""
    end = len(body)
    while body.endswith(b"\r\n", 0, end):
        end -= 2
    if end == 0:
        return b""
    return body[: end + 2] if end + 2 <= len(body) else body + b"\r\n"


def simple_body(body: bytes) -> bytes:
    """RFC 6376 section 3.4.3: empty lines at the end are ignored; an empty body is one CRLF."""
    return without_empty_end(body) or b"\r\n"


def relaxed_body(body: bytes) -> bytes:
    """RFC 6376 section 3.4.4: blanks at line ends go, runs become one space, empty last lines go."""
    body = _RUN.sub(b" ", body).replace(b" \r\n", b"\r\n")
    return without_empty_end(body.removesuffix(b" "))


def nofws_field(text: bytes) -> bytes:
    """RFC 4870 section 3.4.2.2: a header field without folding white space."""
    return text.translate(None, b" \t\r\n")


def nofws_body(body: bytes) -> bytes:
    """RFC 4870 section 3.4.2.2: lines without blanks, CRs and LFs inside, then without empty lines at the end."""
    pairs = body.count(b"\r\n")
    if body.count(b"\r") == pairs == body.count(b"\n"):
        body = body.translate(None, b" \t")
    else:
        body = b"\r\n".join(line.translate(None, b" \t\r\n") for line in body.split(b"\r\n"))
    return without_empty_end(body)
