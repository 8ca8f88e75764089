"""Reading held against the original: the corpus, and mails as broken as they come."""

import base64
import json
import quopri
import random
import subprocess
from pathlib import Path
from typing import Any

import pytest

from pyspamd.mail.message import Message, ReadingSettings
from pyspamd.mail.part import Part, Text

WORDS = [
    word
    for line in (
        "hello world Grüße привет 你好 こんにちは 안녕하세요 שלום café “quoted” € 😀",
        "a=b c==d &amp; &eacute; &#8364;",
        "<br> http://example.com/?a=b user@example.org \x85 \xa0nbsp \u2003em\u3000wide <b>bold</b>",
        "<title>t</title>",
        '<a href="http://example.net/"> <p style="display:none">hidden</p> <!--c--> \x00 \x1c \x0b ~{ +AGE-',
        "\x1b$B3$\x1b(B",
    )
    for word in line.split(" ")
]
SPACES = (" ", " ", " ", " ", "\n", "\n", "\n\n", "  ", "\t", "\n \n", "\r\n", "\r", "")
CHARSETS = {
    "us-ascii": "utf-8",
    "utf-8": "utf-8",
    "iso-8859-1": "latin-1",
    "windows-1251": "cp1251",
    "koi8-r": "koi8-r",
    "gb2312": "gb2312",
    "gb18030": "gb18030",
    "big5": "big5",
    "euc-jp": "euc-jp",
    "shift_jis": "shift_jis",
    "iso-2022-jp": "iso-2022-jp",
    "euc-kr": "euc-kr",
    "ks_c_5601-1987": "cp949",
    "utf-16": "utf-16-le",
    "utf-16be": "utf-16-be",
    "utf-7": "utf-7",
    "x-unheard-of": "latin-1",
    "": "utf-8",
    "ISO_8859-15": "iso8859-15",
}
TYPES = (
    *("text/plain", "text/plain", "text/html", "TEXT/HTML", "text/enriched", "text/calendar", "text/x-vcard"),
    *("application/octet-stream", "text plain", "message/delivery-status", "message/partial", "", "/", "("),
)
BOUNDARIES = (b"AAA", b"BBB", b"A", b"AA", b"b.c+(d)", b"x y", b"0", b"AAA ", b"--", b"a:b", b"\xc3\xa4")
ODD_LINES = (
    b"no colon",
    b"\x80bad: x",
    b"bad name: v",
    b" folded",
    b": empty",
    b"--dashes",
    b">From x",
    b"X\xc3: 1",
)


class Forger:
    """Makes mails that break every rule now and then, the same ones for one seed."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)

    def odds(self, share: float) -> bool:
        return self.chance.random() < share

    def one(self, *choices: Any) -> Any:
        return self.chance.choice(choices)

    def text(self) -> str:
        text = "".join(self.one(*WORDS) + self.one(*SPACES) for _ in range(self.chance.randint(0, 30)))
        if self.odds(0.06):
            text += self.one("x", "word ") * self.one(410, 2048, 2049, 4097) + "\n"
        if self.odds(0.06):
            text += self.one("\n", " \n") * self.one(19, 20, 21, 22, 45) + "end"
        return text

    def octets(self, text: str, charset: str) -> bytes:
        data = text.encode(CHARSETS[charset], self.one("ignore", "replace", "xmlcharrefreplace"))
        if data and self.odds(0.2):
            broken = bytearray(data)
            broken[self.chance.randrange(len(broken))] = self.one(0, 0x80, 0x81, 0xA0, 0xFF, 10, 61)
            data = bytes(broken)
        return data

    def transferred(self, data: bytes) -> tuple[bytes, bytes]:
        kind = self.one("none", "qp", "base64")
        if kind == "none":
            return self.one(b"", b"7bit", b"8bit", b"x-uuencode"), data
        encoded = bytearray(quopri.encodestring(data) if kind == "qp" else base64.encodebytes(data))
        scraps = (b"=", b"==", b"=\n", b"=\r\n", b"=ZZ", b"=3d", b" \n", b"=\r", b"*", b"A", b"AB", b"\xff")
        for _ in range(self.one(0, 0, 1, 4)):
            at = self.chance.randint(0, len(encoded))
            encoded[at:at] = self.one(*scraps)
        return self.one(b"quoted-printable ", b"QUOTED-PRINTABLE") if kind == "qp" else b"base64", bytes(
            encoded
        )

    def encoded_words(self) -> bytes:
        words = b""
        for _ in range(self.chance.randint(1, 3)):
            charset = self.one(*CHARSETS)
            data = self.octets(self.one(*WORDS), charset).replace(b"\n", b"")
            if self.odds(0.5):
                body = b"?B?" + base64.b64encode(data)[: self.one(None, None, 5)]
            else:
                body = b"?q?" + quopri.encodestring(data, header=True).replace(b"?", b"=3F").replace(
                    b"\n", b""
                )
            words += (
                b"=?"
                + charset.encode()
                + self.one(b"", b"*en")
                + body
                + b"?="
                + self.one(b" ", b"", b"\n ", b" x ")
            )
        return words

    def value(self) -> bytes:
        charset = self.one(*CHARSETS)
        raw = self.octets(self.text(), charset).replace(b"\n", b"\n ")[: self.one(40, 300)]
        return self.one(
            b"plain", raw, self.encoded_words(), self.encoded_words(), b"", b"x" * self.one(99, 8192, 9000)
        )

    def fields(self, names: tuple[bytes, ...]) -> list[bytes]:
        separators = (b": ", b":", b" : ", b":\n ")
        fields = [
            self.one(*names) + self.one(*separators) + self.value() for _ in range(self.chance.randint(0, 4))
        ]
        if self.odds(0.12):
            fields.insert(self.chance.randint(0, len(fields)), self.one(*ODD_LINES))
        return fields

    def leaf(self, names: tuple[bytes, ...]) -> tuple[list[bytes], bytes]:
        charset, kind = self.one(*CHARSETS), self.one(*TYPES)
        encoding, body = self.transferred(self.octets(self.text(), charset))
        fields = self.fields(names)
        shape = self.one("; charset=%s", '; charset="%s"', "; charset='%s' ; x=y", " charset=%s", "")
        named = self.one("", "", '; name="a.html"', "; name*0=a; name*1=.htm", "; name=")
        if self.odds(0.9):
            fields.append(b"Content-Type: " + (kind + shape.replace("%s", charset) + named).encode())
        if encoding:
            fields.append(b"Content-Transfer-Encoding: " + encoding)
        if self.odds(0.1):
            fields.append(
                b"Content-Disposition: " + self.one(b'attachment; filename="x.html"', b"inline; name= y ;")
            )
        return fields, body

    def multipart(self, names: tuple[bytes, ...], depth: int) -> tuple[list[bytes], bytes]:
        boundary = self.one(*BOUNDARIES)
        parameter = self.one(b'; boundary="%s"', b'; boundary="%s"', b"; boundary=%s", b'; boundary="%s', b"")
        kind = self.one(b"mixed", b"alternative", b"digest", b"")
        fields = [
            *self.fields(names),
            b"Content-Type: multipart/" + kind + parameter.replace(b"%s", boundary),
        ]
        body = self.one(b"", b"", b"preamble\n", b"X: y\n")
        for _ in range(self.chance.randint(0, 3)):
            body += b"--" + boundary + self.one(b"\n", b"\n", b" \n", b"\r\n", b"x\n", b"")
            body += self.message((b"Content-Description", b"X-Bar"), depth - 1) + self.one(
                b"\n", b"\n", b"", b"\n\n"
            )
        end = self.one(b"--" + boundary + b"--\n", b"--" + boundary + b"--", b"", b"--" + boundary + b"\n")
        return fields, body + end + self.one(b"", b"", b".\n", b"epilogue\n")

    def message(self, names: tuple[bytes, ...], depth: int) -> bytes:
        choice = self.chance.random()
        if depth > 0 and choice < 0.45:
            fields, body = self.multipart(names, depth)
        elif depth > 0 and choice < 0.55:
            fields = [*self.fields(names), b"Content-Type: message/" + self.one(b"rfc822", b"global", b"x")]
            body = self.message((b"Subject", b"X-Inner"), depth - 1)
        else:
            fields, body = self.leaf(names)
        return b"\n".join(fields) + b"\n" + self.one(b"\n", b"\n", b"\n", b"", b" \n", b"\r\n") + body

    def mail(self) -> bytes:
        names = (
            b"From",
            b"To",
            b"Subject",
            b"Date",
            b"Message-Id",
            b"Received",
            b"subject",
            b"List-Id",
            b"X" * 300,
        )
        mail = self.message(names, self.one(0, 1, 2, 4))
        if self.odds(0.15):
            mail = mail.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        elif self.odds(0.1):
            mail = b"".join(line + self.one(b"\n", b"\r\n") for line in mail.split(b"\n"))
        if self.odds(0.06):
            mail = (
                self.one(b"From foo@example.com Mon Jan  1 00:00:00 2024\n", b"From : x\n", b"From  : x\n")
                + mail
            )
        return mail[: self.chance.randint(0, len(mail))] if self.odds(0.08) else mail


def as_original(files: list[Path], perl: str, settings: ReadingSettings) -> list[dict[str, Any]]:
    """What the original reads in `files`."""
    script = str(Path(__file__).with_name("original_reading.pl"))
    sizes = (settings.body_part_scan_size, settings.rawbody_part_scan_size)
    command = [perl, script, str(int(settings.normalize_charset)), *map(str, sizes)]
    answer = subprocess.run(
        command, input="\n".join(map(str, files)) + "\n", capture_output=True, text=True, check=True
    )
    return [json.loads(line) for line in answer.stdout.splitlines()]


def text(octets: bytes | None) -> str | None:
    return None if octets is None else octets.decode("latin-1")


def rendered(found: Text | None) -> str | None:
    return found.encode("utf-8", "surrogatepass").decode("latin-1") if isinstance(found, str) else text(found)


def tree(part: Part) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "type": part.type,
        "charset": part.charset,
        "name": text(part.name),
        "all": list(map(text, part.headers.all())),
        "all_raw": list(map(text, part.headers.all_raw())),
    }
    if part.children is not None:
        return {**facts, "children": [tree(child) for child in part.children]}
    kind, found = part.rendered()
    return {
        **facts,
        "raw": list(map(text, part.raw_lines)),
        "decoded": text(part.decode()),
        "rendered_type": kind,
        "rendered": rendered(found),
        "characters": int(isinstance(found, str)),
    }


def as_ours(file: Path, settings: ReadingSettings) -> dict[str, Any]:
    message = Message(file.read_bytes(), settings)
    arrays = ("body", "visible_body", "invisible_body", "rawbody")
    return {
        "file": str(file),
        **{name: list(map(text, getattr(message, name))) for name in arrays},
        **{
            name: text(getattr(message, name))
            for name in ("header_block", "body_bytes", "full", "mailbox_separator")
        },
        "boundary_state": {text(key): value for key, value in message.boundary_state.items()},
        "content_summary": message.root.content_summary(),
        "body_digest": message.body_digest,
        "part_digests": message.part_digests,
        "generated_message_id": message.generated_message_id,
        "message_id": text(message.message_id),
        "subjects": list(map(text, message.pristine_header("Subject"))),
        "tree": tree(message.root),
        "flags": sorted(message.parse_flags),
    }


@pytest.mark.oracle
@pytest.mark.parametrize(
    "settings",
    [
        ReadingSettings(),
        ReadingSettings(normalize_charset=False),
        ReadingSettings(body_part_scan_size=60, rawbody_part_scan_size=80),
    ],
    ids=["normal", "undecoded", "truncated"],
)
def test_forged_mail_reads_as_in_the_original(oracle: str, tmp_path: Path, settings: ReadingSettings) -> None:
    forger = Forger(settings.body_part_scan_size + settings.normalize_charset)
    files = [tmp_path / str(number) for number in range(150)]
    for file in files:
        file.write_bytes(forger.mail())
    for theirs in as_original(files, oracle, settings):
        ours = as_ours(Path(theirs["file"]), settings)
        theirs["flags"].sort()
        for name, value in theirs.items():
            assert ours[name] == value, (theirs["file"], name)


@pytest.mark.oracle
def test_rawbody_of_the_corpus(corpus: Path, expected_local: dict[str, dict[str, Any]]) -> None:
    for file, verdict in expected_local.items():
        assert Message((corpus / file).read_bytes()).rawbody_sha1() == verdict["rawbody_sha1"], file


@pytest.mark.oracle
def test_a_sample_of_the_corpus_in_full(corpus: Path, expected_local: dict[str, Any], oracle: str) -> None:
    """Not the recorded `body_sha1`: FreeMail strips addresses from the body before that is taken."""
    files = [corpus / file for file in sorted(expected_local)[::20]]
    for theirs in as_original(files, oracle, ReadingSettings()):
        ours = as_ours(Path(theirs["file"]), ReadingSettings())
        theirs["flags"].sort()
        for name, value in theirs.items():
            assert ours[name] == value, (theirs["file"], name)
