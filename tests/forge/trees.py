"""MIME trees: alternatives, attachments, messages in messages, bounces, with the faults that mailers make."""

import string

from . import headings, links, words
from .dice import Dice
from .lists import filled
from .parts import Entity, field, file, markup, parameter, plain
from .transfer import transferred

_AFTER_BOUNDARY = (
    b'; type="text/html"',
    b"; report-type=delivery-status",
    b"; charset=utf-8",
    b"; micalg=pgp-sha1",
    b';\n\tcharset="iso-8859-1"',
)
_BEFORE = (
    b"",
    b"",
    b"This is a multi-part message in MIME format.\n\n",
    b"\n",
    b"preamble text with http://preamble.example/ inside\n",
)
_AFTER = (b"\nepilogue with http://epilogue.example/\n", b"\n-- \nlist footer\nhttp://list.example.org/\n")
_LETTERS = (
    "message/global",
    "text/rfc822-headers",
    "message/partial",
    "message/external-body",
    "Message/RFC822",
    "application/octet-stream",
)
_STATUS = """Reporting-MTA: dns; mx.example.org
Arrival-Date: Mon, 1 Jan 2001 00:00:00 +0000

Final-Recipient: rfc822; {box}
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 User unknown
"""
_SIGNATURE = b"-----BEGIN PGP SIGNATURE-----\n\niQEz\n-----END PGP SIGNATURE-----\n"


def letter(dice: Dice, mood: str, depth: int) -> Entity:
    """A message inside a message."""
    fields, body = entity(dice, mood, depth + 1)
    inner = headings.written(dice, headings.heading(dice, mood) + fields, hostile=0.02) + b"\n\n" + body
    outer = [field("Content-Type", "message/rfc822" if dice.chance(0.5) else dice.one(_LETTERS))]
    if dice.chance(0.25):
        outer.append(
            field("Content-Disposition", dice.one(("inline", "attachment", "attachment; filename=x.eml")))
        )
    if dice.chance(0.1):
        coding, inner = transferred(dice, inner)
        outer += coding
    return outer, inner


def notice(dice: Dice) -> Entity:
    """The machine's part of a bounce."""
    kinds = (
        "message/delivery-status",
        "message/delivery-status; charset=us-ascii",
        "message/feedback-report",
    )
    return [field("Content-Type", dice.one(kinds))], _STATUS.format(box=links.mailbox(dice)).encode()


def _boundary(dice: Dice) -> str:
    return filled(
        dice.of("boundaries"),
        {
            "hex": lambda: dice.token("0123456789abcdef", 8, 20),
            "HEX": lambda: dice.token("0123456789ABCDEF", 4, 8),
            "digits": lambda: dice.token(string.digits, 5, 12),
        },
    )


def multipart(dice: Dice, kind: str, members: list[Entity]) -> Entity:
    """The members as one multipart, its boundaries not always in order."""
    boundary = _boundary(dice)
    value = f"multipart/{kind}".encode()
    fault = dice.weighted(none=52, first=1, other=1, twice=1, joined=1, unended=2, undeclared=1, bare=1)
    if fault != "undeclared":
        value += parameter(
            dice, dice.one(("boundary", "boundary", "boundary", "BOUNDARY", "Boundary")), boundary
        )
        if dice.chance(0.2):
            value += dice.one(_AFTER_BOUNDARY)
    line = b"--" + boundary.encode()
    out = dice.one(_BEFORE)
    for number, (fields, body) in enumerate(members):
        if fault != "first" or number:
            odd = dice.one((b" \n", b"\t\n", b"\r\n", b"--x\n"))
            out += (b"--other" if fault == "other" else line) + (odd if dice.chance(0.1) else b"\n")
        if fault == "twice" and number:
            out += line + b"\n"
        out += headings.written(dice, fields, hostile=0.02) + (b"\n" if fields else b"")
        out += (b"" if fault == "joined" else b"\n") + body + dice.one((b"\n", b"\n", b"\n\n", b""))
        if fault == "bare" and not out.endswith(b"\n"):
            out += b"text "
    if not out.endswith(b"\n") and dice.chance(0.9):
        out += b"\n"
    if fault != "unended":
        out += line + b"--" + dice.one((b"\n", b"\n", b"\n\n", b"", b" \n", b"\r\n"))
    if dice.chance(0.2):
        out += dice.one((*_AFTER, line + b"\n\nafter the end\n"))
    fields = [(b"Content-Type", value)]
    if dice.chance(0.15):
        coding = dice.one(("7bit", "8bit", "binary", "base64", "quoted-printable"))
        fields.append(field("Content-Transfer-Encoding", coding))
    return fields, out


def _alternative(dice: Dice, mood: str, depth: int) -> Entity:
    text, page = plain(dice, mood), markup(dice, mood)
    members = [text, page]
    if dice.chance(0.1):
        members = dice.one(
            (
                [page, text],
                [text],
                [page],
                [text, page, file(dice)],
                [text, page] * 2,
                [text, entity(dice, mood, depth + 1)],
            )
        )
    odd = dice.one(("Alternative", "alternative ", "alternate"))
    return multipart(dice, odd if dice.chance(0.1) else "alternative", members)


def _mixed(dice: Dice, mood: str, depth: int) -> Entity:
    kind = "mixed" if dice.chance(0.6) else dice.one(("Mixed", "MIXED", "form-data", "parallel", ""))
    more = dice.few(lambda: file(dice) if dice.chance(0.8) else entity(dice, mood, depth + 1), 0, 4)
    return multipart(dice, kind, [entity(dice, mood, depth + 1), *more])


def _deep(dice: Dice, mood: str) -> Entity:
    inner = plain(dice, mood)
    for _ in range(dice.randint(5, 24)):
        inner = multipart(dice, "mixed", [inner])
    return inner


def entity(dice: Dice, mood: str, depth: int = 0) -> Entity:
    """A body with its MIME fields."""
    kind = "plain"
    if depth <= 3:
        kind = dice.weighted(
            plain=5, html=4, alternative=4, mixed=3, related=1, report=0.6, letter=0.4, file=0.4,
            signed=0.3, digest=0.3, bare=0.3, strange=0.2, deep=0 if depth else 0.1,
        )  # fmt: skip
    match kind:
        case "html":
            return markup(dice, mood)
        case "bare":
            return [], words.text(dice, mood).encode("utf-8")
        case "alternative":
            return _alternative(dice, mood, depth)
        case "related":
            first = markup(dice, mood) if dice.chance(0.5) else entity(dice, mood, depth + 1)
            return multipart(dice, "related", [first, *dice.few(lambda: file(dice), 0, 3)])
        case "mixed":
            return _mixed(dice, mood, depth)
        case "report":
            return multipart(dice, "report", [plain(dice, mood), notice(dice), letter(dice, mood, depth)])
        case "letter":
            return letter(dice, mood, depth)
        case "file":
            return file(dice)
        case "signed":
            signature = [field("Content-Type", "application/pgp-signature; name=signature.asc")], _SIGNATURE
            return multipart(dice, "signed", [entity(dice, mood, depth + 1), signature])
        case "digest":
            return multipart(dice, "digest", dice.few(lambda: letter(dice, mood, depth), 1, 4))
        case "strange":
            return multipart(dice, dice.one(("mixed", "alternative")), [])
        case "deep":
            return _deep(dice, mood)
    return plain(dice, mood)
