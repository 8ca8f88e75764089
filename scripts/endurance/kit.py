"""The bombs: each a function of a size that gives a message, of some megabytes where the size is 100,000."""

import base64
import random
from collections.abc import Callable, Mapping

HEAD = (
    b"From: Ann <ann@example.com>\nTo: bob@example.net\nSubject: x\nDate: Mon, 23 Nov 2026 06:00:00 +0000\n"
    b"Message-ID: <1@example.com>\n"
)
MULTIPART = HEAD + b'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="b"\n\n'
HOP = (
    b"Received: from a.example (b.example [192.0.2.1]) by c.example with SMTP id 1;\n"
    b"\tMon, 23 Nov 2026 06:00:00 +0000\n"
)
SIGNATURE = (
    b"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.com; s=s; h=from:to; bh=AAAA; b=AAAA\n"
)
IMAGE = (
    b"--b\nContent-Type: image/png\nContent-Transfer-Encoding: base64\n\niVBORw0KGgoAAAANSUhEUgAAAAEAAAAB\n"
)

Bomb = Callable[[int], bytes]


def _text(body: bytes, *fields: bytes) -> bytes:
    return HEAD + b"".join(field + b"\n" for field in fields) + b"\n" + body


def _html(body: bytes) -> bytes:
    return _text(body, b"MIME-Version: 1.0", b"Content-Type: text/html; charset=utf-8")


def _charset(name: bytes, body: bytes) -> bytes:
    return _text(body, b"Content-Type: text/plain; charset=" + name)


def _nested_parts(count: int) -> bytes:
    parts = (b'Content-Type: multipart/mixed; boundary="b%d"\n\n--b%d\n' % (n, n) for n in range(count))
    return HEAD + b"MIME-Version: 1.0\n" + b"".join(parts) + b"\ntext\n"


def _nested_messages(count: int) -> bytes:
    return (HEAD + b"Content-Type: message/rfc822\n\n") * count + b"text\n"


def _random_words(count: int) -> bytes:
    dice = random.Random(1)
    words = b"free money click bank account dear friend winner offer now $1,000,000".split()
    return b" ".join(dice.choice(words) for _ in range(count))


BOMBS: Mapping[str, Bomb] = {
    "header: many lines": lambda n: _text(b"x\n", *[b"X-A: b"] * (5 * n)),
    "header: one long line": lambda n: _text(b"x\n", b"X-A: " + b"b" * (100 * n)),
    "header: one field in many lines": lambda n: _text(b"x\n", b"X-A: a" + b"\n b" * (5 * n)),
    "header: many hops": lambda n: HOP * (n // 5) + _text(b"x\n"),
    "header: many signatures": lambda n: SIGNATURE * (n // 10) + _text(b"x\n"),
    "header: many encoded words": lambda n: b"Subject: " + b"=?utf-8?Q?a?= " * n + b"\n" + _text(b"x\n"),
    "header: many recipients": lambda n: b"To: " + b"a@example.com, " * n + b"\n" + _text(b"x\n"),
    "header: brackets never closed": lambda n: (
        b"To: " + b"(" * n + b"\nCc: " + b"<" * n + b"\nFrom: " + b'"' * (n + 1) + b"\n\nx\n"
    ),
    "header: comments of results": lambda n: (
        b"Authentication-Results: x; " + b"a=pass (" * n + b"\n" + _text(b"x\n")
    ),
    "MIME: parts in parts": lambda n: _nested_parts(n // 5),
    "MIME: messages in messages": lambda n: _nested_messages(n // 5),
    "MIME: very many parts": lambda n: MULTIPART + b"--b\n\nx\n" * (2 * n) + b"--b--\n",
    "MIME: almost boundaries": lambda n: MULTIPART + b"--b-b-b\n--bb\n" * (3 * n),
    "MIME: many images": lambda n: MULTIPART + IMAGE * (n // 3),
    "MIME: soft line breaks": lambda n: _text(
        b"=\n" * (20 * n), b"Content-Transfer-Encoding: quoted-printable"
    ),
    "MIME: much base64": lambda n: _text(
        base64.encodebytes(b"words and words\n" * (10 * n)), b"Content-Transfer-Encoding: base64"
    ),
    "MIME: uuencode": lambda n: _text(b"begin 644 x\n" + b"M" + b"0" * 60 + b"\n" + b"M" * (10 * n)),
    "charset: changes of state": lambda n: _charset(b"iso-2022-jp", b"\x1b$B\x1b(B" * (3 * n)),
    "charset: UTF-7": lambda n: _charset(b"utf-7", b"+AGE-" * (5 * n)),
    "HTML: elements in elements": lambda n: _html(b"<div>" * (3 * n) + b"x"),
    "HTML: tables in tables": lambda n: _html(b"<table><tr><td>" * n + b"x"),
    "HTML: tags never closed": lambda n: _html(b"<" * (20 * n)),
    "HTML: comments never closed": lambda n: _html(b"<!--" * (5 * n)),
    "HTML: many attributes": lambda n: _html(b"<a " + b"href=x " * (5 * n) + b">"),
    "HTML: many styles": lambda n: _html(b'<p style="' + b"color:red;" * (3 * n) + b'">x</p>'),
    "HTML: many entities": lambda n: _html(b"&amp;&#65;&nbsp;" * (3 * n)),
    "HTML: many fonts": lambda n: _html(b'<font color="red" size=7>a' * n),
    "HTML: many links": lambda n: _html(
        b"".join(b'<a href="http://h%d.example.com/">x</a>' % i for i in range(n // 2))
    ),
    "text: many lines": lambda n: _text(b"some words of a line here\n" * (10 * n)),
    "text: one long line": lambda n: _text(b"a" * (100 * n)),
    "text: blanks": lambda n: _text(b" " * (100 * n)),
    "text: many URIs": lambda n: _text(b"".join(b"http://h%d.example.com/ " % i for i in range(n))),
    "text: names without scheme": lambda n: _text(b"www.example.com/" * (2 * n)),
    "text: dots": lambda n: _text(b"a.b." * (5 * n)),
    "text: many addresses": lambda n: _text(b"".join(b"u%d@example.com\n" % i for i in range(n))),
    "patterns: letters apart": lambda n: _text(b"a " * (20 * n)),
    "patterns: almost words": lambda n: _text(b"v1@gr@ c1al1s $$$ \xc3\xa0\xc3\xa9 " * n),
    "patterns: one paragraph of words": lambda n: _text(_random_words(5 * n)),
    "patterns: random bytes": lambda n: _text(random.Random(2).randbytes(50 * n)),
}
