"""What the log says of a request, in spamd's words: connection, message, verdict, result.

The result line's fields are what log readers parse; `cache=` stands after them. Each function gives an entry
for `Journal.write`: the text, the kind of event and, for JSON, the facts.
Source: spamd 4.0.1's `accept_a_conn`, `parse_msgids`, `check` and `dotell`.
"""

import re
from dataclasses import dataclass
from typing import Any, Final

from ..engine.verdict import shown_score
from .request import Request
from .service import Judgement, Learned

Entry = tuple[str, str, dict[str, Any]]

_HEADER_END: Final = re.compile(rb"\r?\n\r?\n")
_MESSAGE_ID: Final = re.compile(rb"^message-id[ \t]*:[ \t]*(.*?)\n(?![ \t])", re.I | re.M | re.S)
_RESENT_ID: Final = re.compile(rb"^resent-message-id[ \t]*:[ \t]*(.*?)\n(?![ \t])", re.I | re.M | re.S)
_COMMENT: Final = re.compile(rb"\([^()]*\)")
_SPACES: Final = re.compile(rb"[ \t\n\r\f\v]+")
_BRACKETED: Final = re.compile(rb"^.*?<(.*?)>.*$")
_ODD: Final = re.compile(rb"[^\x21-\x7e]|[<>]")
_UNSAFE: Final = re.compile(r"[\x00-\x20,]")
UNKNOWN: Final = "(unknown)"
_LONGEST_ID: Final = 1000


@dataclass(frozen=True, slots=True)
class Peer:
    """Who is connected: names and ports as log lines have them."""

    name: str
    address: str
    port: str
    """The client's port, or the path of the Unix socket."""


@dataclass(frozen=True, slots=True)
class Scanned:
    """One scan, as its log lines tell it."""

    request: Request
    judgement: Judgement
    peer: Peer
    user: str
    uid: int
    seconds: float
    message_id: str
    resent_id: str


def _one_id(pattern: re.Pattern[bytes], header: bytes) -> str:
    found = pattern.findall(header)
    text: bytes = found[-1][:_LONGEST_ID] if found else b""
    if not text:
        return ""
    while b"(" in text:
        text, count = _COMMENT.subn(b"", text)
        if not count:
            break
    text = _SPACES.sub(b" ", text.strip(b" \t\n\r\f\v"))
    text = _ODD.sub(b"?", _BRACKETED.sub(rb"\1", text, count=1))
    return f"<{text.decode('ascii')}>" if text else ""


def message_ids(message: bytes) -> tuple[str, str]:
    """The Message-Id and Resent-Message-Id (empty where there is none), cleaned for a log line."""
    end = _HEADER_END.search(message)
    header = message[: end.start() + 2] if end else message + b"\n"
    return _one_id(_MESSAGE_ID, header), _one_id(_RESENT_ID, header) if b"esent-" in header else ""


def connection(peer: Peer, local_port: int, descriptor: int, cipher: str = "") -> Entry:
    """Somebody connected over TCP."""
    where = f"{peer.name} [{peer.address}]:{peer.port} to port {local_port}, fd {descriptor}"
    text = f"connection from {where}{f', {cipher}' if cipher else ''}"
    return text, "connection", {"rhost": peer.name, "raddr": peer.address, "rport": peer.port}


def unix_connection(path: str) -> Entry:
    """Somebody connected over a Unix socket."""
    return f"got connection over {path}", "connection", {"rport": path}


def checking(verb: str, message_id: str, resent_id: str, user: str, uid: int) -> Entry:
    """A message begins to be judged."""
    aka = f" aka {resent_id}" if resent_id else ""
    doing = "processing" if verb == "PROCESS" else "checking"
    text = f"{doing} message {message_id or UNKNOWN}{aka} for {user}:{uid}"
    return text, "checking", {"mid": message_id or UNKNOWN, "user": user, "uid": uid}


def verdict(scan: Scanned) -> Entry:
    """What was made of the message, for people."""
    judged = scan.judgement
    score = shown_score(judged.score, judged.required, judged.is_spam)
    what = "identified spam" if judged.is_spam else "clean message"
    text = (
        f"{what} ({score}/{judged.required:2.1f}) for {scan.user}:{scan.uid}"
        f" in {scan.seconds:.1f} seconds, {len(scan.request.body)} bytes."
    )
    return text, "verdict", {"is_spam": judged.is_spam}


def result(scan: Scanned, *, with_facts: bool) -> Entry:
    """What was made of the message, for programs; the facts are for JSON only."""
    judged, peer = scan.judgement, scan.peer
    tests = sorted(filter(None, judged.test_names()))
    items = {
        "scantime": f"{scan.seconds:.1f}",
        "size": str(len(scan.request.body)),
        "user": scan.user,
        "uid": str(scan.uid),
        "required_score": f"{judged.required:2.1f}",
        "rhost": peer.name,
        "raddr": peer.address,
        "rport": peer.port,
        "mid": _UNSAFE.sub("_", scan.message_id or UNKNOWN),
    }
    if scan.resent_id:
        items["rmid"] = _UNSAFE.sub("_", scan.resent_id)
    more = dict(judged.log_items)
    if "bayes" in more:
        items["bayes"] = more.pop("bayes")
    items["autolearn"] = judged.autolearn
    items |= more
    items["cache"] = judged.cache
    told = ",".join(f"{name}={value}" for name, value in items.items())
    text = f"result: {'Y' if judged.is_spam else '.'} {int(judged.score):2d} - {','.join(tests)} {told}"
    if not with_facts:
        return text, "result", {}
    facts: dict[str, Any] = {
        **items,
        "verb": scan.request.verb,
        "is_spam": judged.is_spam,
        "score": judged.score,
        "required_score": judged.required,
        "tests": tests,
        "scantime": round(scan.seconds, 4),
        "size": len(scan.request.body),
        "uid": scan.uid,
    }
    return text, "result", facts


def learned(what: Learned, user: str, uid: int, seconds: float, size: int) -> Entry:
    """What TELL led to."""
    did = f" Setting {','.join(what.did_set)} " if what.did_set else ""
    did += f" Removing {','.join(what.did_remove)} " if what.did_remove else ""
    text = f"Tell:{did or ' Did nothing '}for {user}:{uid} in {seconds:.1f} seconds, {size} bytes"
    return text, "tell", {"user": user, "set": what.did_set, "removed": what.did_remove, "size": size}
