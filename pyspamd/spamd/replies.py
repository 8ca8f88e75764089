"""The bytes of every reply, for every verb and protocol version.

Source: spamd 4.0.1's `check`, `dotell`, `doskip_or_ping` and its three error replies; each is interface.
"""

import re
from collections.abc import Sequence
from typing import Final

from ..engine.verdict import shown_score
from .request import Fault, Request, Status
from .service import Judgement

PONG: Final = b"SPAMD/1.5 0 PONG\r\n"
_OK: Final = b"SPAMD/1.1 0 EX_OK\r\n"
_OLD_OK: Final = b"SPAMD/1.0 0 EX_OK\r\n"
_BLANK_LINE: Final = re.compile(rb"\r?\n\r?\n")
_WORDS: Final = {
    Status.UNAVAILABLE: b"Service Unavailable: ",
    Status.TEMPFAIL: b"Temporary failure: ",
    Status.PROTOCOL: b"Bad header line: ",
    Status.TIMEOUT: b"Timeout: ",
}


def fault(what: Fault) -> bytes:
    """The reply to a request that is not served."""
    return b"SPAMD/1.0 %d %b%b\r\n" % (what.status.value, _WORDS[what.status], what.text)


def spam_header(judgement: Judgement, verb: str) -> bytes:
    """The `Spam:` line's text: the answer, the score and what is required, one decimal each."""
    yes, no = ("Yes", "No") if verb == "REPORT_IFSPAM" else ("True", "False")
    shown = shown_score(judgement.score, judgement.required, judgement.is_spam)
    answer = yes if judgement.is_spam else no
    return f"Spam: {answer} ; {shown} / {judgement.required:2.1f}".encode("ascii")


def headers_only(message: bytes) -> bytes:
    """A message up to and with its first empty line."""
    found = _BLANK_LINE.search(message)
    return message if found is None else message[: found.end()]


def judged(request: Request, judgement: Judgement) -> bytes:
    """The reply to a request that has a message judged."""
    verb, version = request.verb, request.version
    spam = spam_header(judgement, verb)
    if verb in ("PROCESS", "HEADERS"):
        message = judgement.rewritten()
        if verb == "HEADERS":
            message = headers_only(message)
        if version >= 1.3:
            return b"%bContent-length: %d\r\n%b\r\n\r\n%b" % (_OK, len(message), spam, message)
        if version >= 1.2:
            return b"%bContent-length: %d\r\n\r\n%b" % (_OK, len(message), message)
        return _OLD_OK + message
    if verb == "CHECK":
        return b"%b%b\r\n\r\n" % (_OK, spam)
    body = b""
    if verb == "SYMBOLS":
        body = ",".join(judgement.test_names()).encode("latin-1")
        if version < 1.3:
            body += b"\r\n"
    elif verb == "REPORT" or judgement.is_spam:
        body = judgement.report()
    if version >= 1.3:
        return b"%bContent-length: %d\r\n%b\r\n\r\n%b" % (_OK, len(body), spam, body)
    return b"%b%b\r\n\r\n%b" % (_OK, spam, body)


def told(did_set: Sequence[str], did_remove: Sequence[str]) -> bytes:
    """The reply to TELL; a header only for what was done."""
    lines = f"DidSet: {','.join(did_set)}\r\n" if did_set else ""
    lines += f"DidRemove: {','.join(did_remove)}\r\n" if did_remove else ""
    return _OK + lines.encode("ascii") + b"\r\n\r\n"
