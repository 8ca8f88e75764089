"""Mutations of messages: each takes octets and gives other octets, worse made, the same for the same dice."""

import random
import re
from collections.abc import Callable, Sequence

Mutation = Callable[[random.Random, bytes], bytes]

LONGEST = 400_000
"""Octets a mutant may have: more only takes time."""

_TOKENS = (
    b"<", b">", b"(", b")", b'"', b"'", b"[", b"]", b"{", b"=", b"=?", b"?=", b"&", b"&#", b"%", b"@", b"\\",
    b"/", b":", b";", b",", b".", b"-", b"_", b"*", b"!", b"$", b"#", b"|", b"^", b"~", b"\0", b"\r", b"\t",
    b"\n", b" \n", b"\n ", b"\n\n", b"\x1b$B", b"\xff", b"\xc3", b"\xe2\x80\x8b", b"\xf0\x9f\x98\x80", b"a",
    b"1", b"A.", b"a@", b"@b.c,", b"<a>", b"</a>", b"<div ", b"<!--", b"-->", b"<a href=", b"<![CDATA[",
    b"<b><i>", b"<table><tr><td>", b"<style>", b"&amp;", b"&#x41;", b"http://", b"http://a.example/",
    b"www.", b"//", b"mailto:", b"%2e", b"%25", b"=3D", b"=\n", b"=?utf-8?q?", b"=?iso-2022-jp?B?", b"?b?",
    b"--", b"--b\n", b"(a ", b"<a@b.c> ", b'"a" ', b"; x=", b"Received: from ", b"by x with ",
    b"[127.0.0.1]", b"a=b; ", b"boundary=", b"charset=", b"name*0*=", b"M", b"begin 644 x\n", b"%PDF-",
    b"\nFrom ", b"free ", b"V1agra ", b"$1,000 ",
)  # fmt: skip
_TYPES = (
    b"multipart/mixed", b"multipart/alternative", b"multipart/related", b"multipart/report", b"multipart/signed",
    b"multipart/", b"message/rfc822", b"message/partial", b"message/external-body", b"message/delivery-status",
    b"text/plain", b"text/html", b"text/calendar", b"text/", b"application/octet-stream", b"application/pdf",
    b"application/zip", b"application/msword", b"application/vnd.ms-excel", b"image/gif", b"image/png", b"image/jpeg",
    b"audio/x-wav", b"/", b"x", b"",
)  # fmt: skip
_CODINGS = (b"base64", b"quoted-printable", b"x-uuencode", b"binary", b"7bit", b"8bit", b"gzip", b"", b"=?")
_CHARSETS = (
    b"utf-8", b"utf-7", b"utf-16", b"utf-16le", b"utf-32", b"iso-2022-jp", b"iso-2022-kr", b"hz-gb-2312",
    b"gb18030", b"big5", b"euc-jp", b"shift_jis", b"koi8-r", b"windows-1251", b"iso-8859-8-i", b"tis-620",
    b"us-ascii", b"idna", b"punycode", b"rot13", b"zlib", b"hex", b"unicode_escape", b"undefined",
    b"x" * 300, b"", b"../../etc/passwd", b"%00",
)  # fmt: skip
_FIELDS = (
    b"From", b"To", b"Cc", b"Reply-To", b"Sender", b"Subject", b"Date", b"Message-ID", b"Received",
    b"Return-Path", b"Content-Type", b"Content-Transfer-Encoding", b"Content-Disposition", b"MIME-Version",
    b"DKIM-Signature", b"DomainKey-Signature", b"ARC-Seal", b"ARC-Message-Signature",
    b"ARC-Authentication-Results", b"Authentication-Results", b"Received-SPF", b"List-Id",
    b"List-Unsubscribe", b"X-Spam-Status", b"X-Mailer", b"X-Originating-IP", b"X-Envelope-From",
    b"Resent-From", b"Resent-To", b"References", b"In-Reply-To", b"Delivered-To", b"X-Amavis-MessageSize",
    b"User-Agent", b"Precedence", b"Organization", b"X-Priority", b"Errors-To",
)  # fmt: skip
_NUMBERS = (
    b"0",
    b"-1",
    b"99999999999999999999",
    b"4294967296",
    b"1e999",
    b"00000000000000000000000001",
    b"256",
    b"",
)
_BOUNDARY = re.compile(rb'(?i)boundary\s*=\s*"?([^"\s;]+)')


def _place(dice: random.Random, mail: bytes) -> int:
    """A place in a message, in the header as often as below it."""
    end = mail.find(b"\n\n")
    return dice.randrange(end + 1) if end > 0 and dice.random() < 0.5 else dice.randrange(len(mail) + 1)


def _fields(mail: bytes) -> tuple[list[bytes], bytes]:
    head, blank, body = mail.partition(b"\n\n")
    return re.split(rb"\n(?![ \t])", head), blank + body


def _joined(fields: Sequence[bytes], rest: bytes) -> bytes:
    return b"\n".join(fields) + rest


def flipped(dice: random.Random, mail: bytes) -> bytes:
    """Some bits turned over, one or up to a hundredth of all."""
    out = bytearray(mail)
    for _ in range(dice.choice((1, 3, 10, max(1, min(len(out) // 100, 2000))))):
        if out:
            out[dice.randrange(len(out))] ^= 1 << dice.randrange(8)
    return bytes(out)


def replaced(dice: random.Random, mail: bytes) -> bytes:
    """A run of octets put in another's place."""
    at, size = _place(dice, mail), dice.choice((1, 4, 30, 1000))
    return mail[:at] + dice.randbytes(dice.randrange(size + 1)) + mail[at + size :]


def with_nuls(dice: random.Random, mail: bytes) -> bytes:
    """NUL octets among the others, one, many or all through a stretch."""
    out = bytearray(mail)
    for _ in range(dice.choice((1, 5, 100))):
        at = _place(dice, bytes(out)) if len(out) < 5000 else dice.randrange(len(out) + 1)
        out[at:at] = bytes(dice.choice((1, 1, 2, 500)))
    return bytes(out)


def truncated(dice: random.Random, mail: bytes) -> bytes:
    """Only the beginning, only the end, or without a stretch of the middle."""
    first, second = sorted((_place(dice, mail), _place(dice, mail)))
    return dice.choice((mail[:second], mail[first:], mail[:first] + mail[second:]))


def boundaries(dice: random.Random, mail: bytes) -> bytes:
    """The lines that part a message taken out, doubled, swapped or made into one another."""
    lines = mail.split(b"\n")
    places = [number for number, line in enumerate(lines) if line.startswith(b"--")]
    if not places:
        return wrapped(dice, mail)
    for _ in range(dice.randint(1, 3)):
        one, other = dice.choice(places), dice.choice(places)
        match dice.randrange(6):
            case 0:
                lines[one] = b""
            case 1:
                lines[one] = lines[one] + b"\n" + lines[other]
            case 2:
                lines[one], lines[other] = lines[other], lines[one]
            case 3:
                lines[one] += b"--"
            case 4:
                lines[one] = lines[one].rstrip(b"-") + b"\n" * dice.randrange(3)
            case 5:
                lines[one] = (lines[one] + b"\n\n") * dice.choice((2, 20, 500))
    return b"\n".join(lines)


def boundary_names(dice: random.Random, mail: bytes) -> bytes:
    """What a boundary is said to be, changed: another's, empty, or one of many lines."""
    names = _BOUNDARY.findall(mail)
    if not names:
        return mail
    new = dice.choice((dice.choice(names), b"", b"-", b"x" * 2000, b"\xff\0", b'a"b', b" "))
    return mail.replace(dice.choice(names), new, dice.choice((1, 2, -1)))


def wrapped(dice: random.Random, mail: bytes) -> bytes:
    """The message inside another, some layers deep."""
    for layer in range(dice.choice((1, 2, 10, 60))):
        if dice.random() < 0.5:
            mail = b"Content-Type: message/rfc822\n\n" + mail
        else:
            mail = b'Content-Type: %b; boundary="%d"\n\n--%d\n%b\n--%d--\n' % (
                *(dice.choice(_TYPES), layer, layer, mail, layer),
            )
        if len(mail) > LONGEST:
            break
    return mail


def types(dice: random.Random, mail: bytes) -> bytes:
    """Other content types, codings and charsets than the right ones."""
    pattern, choices = dice.choice(
        (
            (rb"(?i)(content-type:\s*)[\w/.+-]+", _TYPES),
            (rb"(?i)(content-transfer-encoding:\s*)[\w-]+", _CODINGS),
            (rb'(?i)(charset\s*=\s*"?)[\w-]+', _CHARSETS),
            (rb"(?i)(=\?)[\w-]+", _CHARSETS),
            (rb"(\?)[bBqQ](?=\?)", (b"b", b"q", b"x", b"")),
        )
    )
    new = dice.choice(choices)
    return re.sub(pattern, lambda found: found[1] + new, mail, count=dice.choice((0, 1, 2)))


def recoded(dice: random.Random, mail: bytes) -> bytes:
    """A stretch of the body as if it had been coded, and some of the codes broken."""
    at = max(mail.find(b"\n\n"), 0)
    body = mail[at:]
    match dice.randrange(4):
        case 0:
            body = re.sub(rb"[aeiou]", lambda found: b"=%02X" % found[0][0], body)
        case 1:
            body = body.replace(b" ", b"=\n")
        case 2:
            body = body.replace(b"=", b"=%").replace(b"A", b"\x00")
        case 3:
            body = re.sub(rb"\w", lambda found: b"&#%d;" % found[0][0], body)
    return mail[:at] + body


def duplicated(dice: random.Random, mail: bytes) -> bytes:
    """A field of the header many times, at random places or in a row."""
    fields, rest = _fields(mail)
    field = dice.choice(fields)
    for _ in range(dice.choice((1, 2, 20, 500))):
        fields.insert(dice.randrange(len(fields) + 1), field)
    return _joined(fields, rest)


def fields_mixed(dice: random.Random, mail: bytes) -> bytes:
    """Fields of the header gone, shuffled, renamed, run together."""
    fields, rest = _fields(mail)
    for _ in range(dice.randint(1, 4)):
        at = dice.randrange(len(fields))
        match dice.randrange(7):
            case 0:
                dice.shuffle(fields)
            case 1 if len(fields) > 1:
                del fields[at]
            case 2:
                fields[at] = dice.choice(_FIELDS) + b":" + fields[at].partition(b":")[2]
            case 3:
                fields[at] = fields[at].replace(
                    b" ", dice.choice((b"\n ", b"\n\t", b"", b"\r\n ", b"\r", b"\xa0"))
                )
            case 4:
                fields[at] += b" " + dice.choice(fields)
            case 5:
                fields[at] = fields[at].replace(b":", dice.choice((b"", b" :", b"::", b"\n:")), 1)
            case 6:
                fields.insert(at, dice.choice(_FIELDS) + b": " + dice.randbytes(dice.choice((0, 5, 300))))
    return _joined(fields, rest)


def long_line(dice: random.Random, mail: bytes) -> bytes:
    """A line repeated into itself, or the ends of all lines gone."""
    if dice.random() < 0.3:
        head, blank, body = mail.partition(b"\n\n")
        return head + blank + body.replace(b"\n", dice.choice((b"", b" ", b"\r")))
    lines = mail.split(b"\n")
    at = dice.randrange(len(lines))
    lines[at] = (lines[at] or b"x") * dice.choice((10, 100, 1000))
    lines[at] = lines[at][: dice.choice((1000, 20_000, 100_000))]
    return b"\n".join(lines)


def stuffed(dice: random.Random, mail: bytes) -> bytes:
    """One or two tokens over and over, somewhere."""
    tokens = b"".join(dice.choice(_TOKENS) for _ in range(dice.choice((1, 1, 2, 3))))
    at = _place(dice, mail)
    return mail[:at] + tokens * min(dice.choice((1, 3, 30, 1000, 20_000)), LONGEST // len(tokens)) + mail[at:]


def stuffed_field(dice: random.Random, mail: bytes) -> bytes:
    """A field that is read closely, full of tokens."""
    tokens = b"".join(dice.choice(_TOKENS) for _ in range(dice.choice((1, 2, 3, 12))))
    times = min(dice.choice((1, 30, 1000, 20_000)), 100_000 // len(tokens))
    return (
        dice.choice(_FIELDS)
        + b": "
        + dice.choice((b"", b"a@b.example", b"v=1; a=rsa-sha256; "))
        + tokens * times
        + b"\n"
        + mail
    )


def numbers(dice: random.Random, mail: bytes) -> bytes:
    """Numbers too large, negative or missing."""
    new = dice.choice(_NUMBERS)
    chance = dice.choice((0.05, 0.5, 1.0))
    return re.sub(rb"\d+", lambda found: new if dice.random() < chance else found[0], mail)


def line_ends(dice: random.Random, mail: bytes) -> bytes:
    """Other ends of lines, all or some."""
    new = dice.choice((b"\r\n", b"\r", b"\n\r", b"\x0b", b"\x85", b"\n\n"))
    if dice.random() < 0.5:
        return mail.replace(b"\n", new)
    return re.sub(rb"\n", lambda found: new if dice.random() < 0.2 else found[0], mail)


MUTATIONS: Sequence[Mutation] = (
    flipped, flipped, replaced, with_nuls, truncated, boundaries, boundaries, boundary_names, wrapped, types, types,
    recoded, duplicated, fields_mixed, fields_mixed, long_line, stuffed, stuffed, stuffed_field, numbers, line_ends,
)  # fmt: skip


def mutated(dice: random.Random, mail: bytes, others: Sequence[bytes]) -> bytes:
    """`mail` after one to four mutations, sometimes grown together with one of the `others`."""
    if dice.random() < 0.05:
        other = dice.choice(others)
        mail = mail[: _place(dice, mail)] + other[_place(dice, other) :]
    for mutation in dice.choices(MUTATIONS, k=dice.choice((1, 1, 2, 3, 4))):
        mail = mutation(dice, mail)[:LONGEST]
    return mail
