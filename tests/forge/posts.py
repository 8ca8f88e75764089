"""What fills mailboxes today: newsletters, invitations, bounces, replies of machines, signed and list mail, files."""

import io
import string
import zipfile
import zlib
from collections.abc import Callable

from . import headings, links, pages, trees, words
from .dice import Dice
from .headings import Fields
from .parts import Entity, field, file, plain, textual
from .transfer import transferred

_PREVIEWS = (
    '<div style="display:none;font-size:1px;color:#ffffff;max-height:0px;overflow:hidden">{}&zwnj;&#847;</div>',
    '<span style="color:transparent;display:none!important;mso-hide:all;visibility:hidden">{}&#8199;&shy;</span>',
    "{}&nbsp;",
)
_ROWS = (
    '<tr><td bgcolor="#70bbd9" style="padding:9px;color:#fefefe;font-size:{size}"><b>{text}</b><br/>{text}</td></tr>',
    '<tr><td><a href="{link}" style="background:#0a0;color:#ffffff" target="_blank">{label}</a></td></tr>',
    '<tr><td><a href="{link}"><img src="{link}" alt="{text}" width="100%" height="auto" border="0"/></a></td></tr>',
    '<!--[if mso]><table width="600"><tr><td><![endif]--><p>{text}</p><!--[if mso]></td></tr></table><![endif]-->',
    "<!--[if !mso]><!--><div>{text}</div><!--<![endif]-->",
    '<v:roundrect href="{link}" fillcolor="#556270"><w:anchorlock/><center>{text}</center></v:roundrect>',
    "<tr><td><p class=MsoNormal>{text}<o:p></o:p></p><p class=MsoNormal><o:p>&nbsp;</o:p></p></td></tr>",
)
_SHEET = (
    "@media only screen and (max-width:480px){.w{width:100%!important}} /* <a href='http://sheet.example.com/'> */"
    "@font-face{src:url(https://fonts.example.com/x.woff2)}"
)
_PDF_LINK = (b"(https://pdf.example.com/x\\(1\\))", b"<68747470733a2f2f6865782e6578616d706c652e636f6d2f>")
_OLE = bytes.fromhex("d0cf11e0a1b11ae1")
_LIST_FOOT = "_" * 47 + "\nList mailing list\nhttps://lists.example.org/mailman/listinfo/list\n"
_BOUNCE = "This is the mail system at host mx.example.org.\n\n<{}>: host mx said: 550 5.1.1 unknown\n"


def _said(dice: Dice, sentences: int = 3) -> str:
    return " ".join(words.sentence(dice, dice.one(words.MOODS)) for _ in range(sentences))


def newsletter(dice: Dice) -> Entity:
    """Text and page, laid out in tables, with a hidden preview, a style sheet and a pixel that counts readers."""
    rows = []
    for _ in range(dice.randint(1, 8)):
        row = dice.one((*_ROWS, pages.oddity(dice).replace("{", "&#123;").replace("}", "&#125;")))
        label = dice.one(("Shop now", "Unsubscribe", "https://www.paypal.com/signin", _said(dice, 1)))
        size = dice.one(("16px", "1px", "0", ".1em", "75%"))
        rows.append(row.format(text=_said(dice, 1), link=links.link(dice), label=label, size=size))
    page = (
        f'<!DOCTYPE html><html xmlns:o="urn:schemas-microsoft-com:office:office"><head><title>{_said(dice, 1)}</title>'
        f'<meta http-equiv="Content-Type" content="text/html; charset={dice.one(("utf-8", "koi8-r"))}"/>'
        f"<style>{_SHEET}</style></head><body>{dice.one(_PREVIEWS).format(_said(dice, 1))}<table>"
        f'{chr(10).join(rows)}</table><img src="{links.link(dice)}" width="1" height="1"/></body></html>'
    )
    text = textual(dice, "text/plain", f"{_said(dice)}\n\nUnsubscribe: {links.link(dice)}\n")
    fields, body = trees.multipart(dice, "alternative", [text, textual(dice, "text/html", page)])
    away = f"<{links.link(dice)}>, <mailto:{links.mailbox(dice)}?subject=x>".replace("\n", "")
    return [*fields, field("List-Unsubscribe", away), field("Precedence", "bulk")], body


def invitation(dice: Dice) -> Entity:
    """A meeting, as text and as a calendar file."""
    lines = ("BEGIN:VCALENDAR", "METHOD:REQUEST", f"ORGANIZER:mailto:{links.mailbox(dice)}")
    lines += (f"DESCRIPTION:{_said(dice, 1)}\\n{links.link(dice)}", "END:VCALENDAR", "")
    calendar = "\r\n".join(lines)
    parts = [plain(dice, "ham"), textual(dice, "text/calendar; method=REQUEST", calendar)]
    alternative = trees.multipart(dice, "alternative", parts)
    return trees.multipart(dice, "mixed", [alternative, textual(dice, "application/ics", calendar)])


def bounce(dice: Dice) -> Entity:
    """What a mail system says of a letter that it could not deliver."""
    said = textual(dice, "text/plain", _BOUNCE.format(links.mailbox(dice)) + _said(dice, 1))
    fields, body = trees.multipart(
        dice, "report", [said, trees.notice(dice), trees.letter(dice, dice.one(words.MOODS), 2)]
    )
    return [
        *fields,
        field("Auto-Submitted", "auto-replied"),
        field("X-Failed-Recipients", "a@b.example"),
    ], body


def answer(dice: Dice) -> Entity:
    """An answer that quotes, of a person or of a machine, with a list's footer or without."""
    text = (
        f"{_said(dice)}\n\nOn Monday {dice.of('names')} <{links.mailbox(dice)}> wrote:\n> {_said(dice, 1)}\n"
    )
    text += f">> {links.in_text(dice)}\n\n-- \n{dice.of('names')}\n{dice.one(('', _LIST_FOOT))}"
    fields, body = textual(dice, "text/plain", text)
    added = dice.one(("Auto-Submitted: auto-replied", "List-Id: Some list <list.lists.example.org>"))
    name, _, value = added.partition(": ")
    return [*fields, field(name, value)], body


def sealed(dice: Dice) -> Entity:
    """Mail that is signed or encrypted, by S/MIME or by OpenPGP."""
    octets = dice.randbytes(dice.randint(100, 900))
    coding, coded = transferred(dice, octets, binary=True)
    armour = f"-----BEGIN PGP MESSAGE-----\n\n{dice.token(string.ascii_letters, 64, 64)}\n-----END PGP MESSAGE-----\n"
    match dice.randrange(4):
        case 0:
            return [field("Content-Type", 'application/pkcs7-mime; name="smime.p7m"'), *coding], coded
        case 1:
            signature: Entity = (
                [field("Content-Type", 'application/pkcs7-signature; name="smime.p7s"'), *coding],
                coded,
            )
            return trees.multipart(dice, "signed", [plain(dice, "ham"), signature])
        case 2:
            version: Entity = [field("Content-Type", "application/pgp-encrypted")], b"Version: 1\n"
            sealed_part: Entity = [field("Content-Type", "application/octet-stream")], armour.encode()
            return trees.multipart(dice, "encrypted", [version, sealed_part])
    return textual(dice, "text/plain", armour)


def _pdf(dice: Dice) -> bytes:
    stream = (
        zlib.compress(b"BT (Hello) Tj ET") if dice.chance(0.6) else b"BT (http://stream.example.com/) Tj ET"
    )
    size = b"/Width %d /Height %d" % (dice.randint(1, 2000), dice.randint(1, 2000))
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Annot /Subtype /Link /A << /S /URI /URI %s >> >>" % dice.one(_PDF_LINK),
        b"<< /Type /XObject /Subtype /Image %s /Length 3 >>\nstream\nabc\nendstream" % size,
        b"<< /Title (Invoice) /Author (bob) /Producer (Skia/PDF m90) >>",
    )
    numbered = b"".join(b"%d 0 obj\n%s\nendobj\n" % pair for pair in enumerate(objects, 1))
    lock = dice.one((b"", b"", b"/Encrypt 9 0 R "))
    return b"%%PDF-1.4\n%s\ntrailer\n<< /Root 1 0 R %s>>\n%%%%EOF\n" % (numbered, lock)


def _packed(*members: tuple[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(zipfile.ZipInfo(name), data)
    return file.getvalue()


def _bait(dice: Dice) -> Entity:
    macro = _OLE + bytes(500) + b"Attribut\0e AutoOpen Shell CreateObject" + bytes(200)
    kind, name, data = dice.one(
        (
            ("application/pdf", "invoice.pdf", _pdf(dice)),
            (
                "application/zip",
                "docs.zip",
                _packed((dice.one(("invoice.exe", "a.js", "x.html")), b"MZ\x90")),
            ),
            ("application/msword", "old.doc", macro),
            ("application/octet-stream", "doc.docx", _packed(("word/vbaProject.bin", macro))),
            (
                "text/html",
                "voicemail.html",
                f"<form action={links.link(dice)}><input type=password>".encode(),
            ),
            ("application/ms-tnef", "winmail.dat", b"\x78\x9f\x3e\x22\1\0" + dice.randbytes(200)),
        )
    )
    coding, body = transferred(dice, data, binary=True)
    where = dice.one((f'attachment; filename="{name}"', "attachment", f"inline; filename={name}"))
    return [
        field("Content-Type", f'{kind}; name="{name}"'),
        *coding,
        field("Content-Disposition", where),
    ], body


def with_files(dice: Dice) -> Entity:
    """A few lines and what they want opened."""
    text = textual(dice, dice.one(("text/plain", "text/html")), f"{_said(dice)}\n{links.in_text(dice)}\n")
    baits = dice.few(lambda: _bait(dice) if dice.chance(0.8) else file(dice), 1, 3)
    return trees.multipart(dice, dice.one(("mixed", "mixed", "related")), [text, *baits])


KINDS: tuple[Callable[[Dice], Entity], ...] = (
    newsletter, newsletter, invitation, bounce, answer, sealed, with_files, with_files,
)  # fmt: skip


def post(dice: Dice) -> bytes:
    """A mail of one of these kinds."""
    fields, body = dice.one(KINDS)(dice)
    block: Fields = [*headings.heading(dice, dice.one(words.MOODS)), (b"MIME-Version", b"1.0"), *fields]
    return headings.written(dice, block, hostile=dice.one((0.0, 0.0, 0.05))) + b"\n\n" + body
