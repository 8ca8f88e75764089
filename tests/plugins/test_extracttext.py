"""ExtractText: small shell programs turn attachments into text, here and for the original."""

import asyncio
import base64
import time
from pathlib import Path
from typing import Any

import pytest

from pyspamd.net.programs import run_program

PROGRAMS = {
    "copy": 'cat "$1"',
    "fail": 'cat "$1"; echo "went wrong" >&2; exit 1',
    "none": 'printf " \\n\\t"',
    "says": 'printf \'%s|%s|\' "$ONE" "$TWO"; shift; printf \'%s|\' "$@"',
    "slow": 'echo "slow start"; sleep 30; echo "never"',
}
RULES = """
loadplugin Mail::SpamAssassin::Plugin::ExtractText
loadplugin Mail::SpamAssassin::Plugin::URIDetail
extracttext_external COPY {folder}/copy {{}}
extracttext_external fail {folder}/fail {{}}
extracttext_external none {folder}/none {{}}
extracttext_external says {{ONE=1}}{{TWO=2 3}} {folder}/says {{}} a {{}}{{}} b
extracttext_external missing {folder}/missing {{}}
extracttext_use copy .txt2 application/x-copy image/(?:gif|png)
extracttext_use fail .fail
extracttext_use none .none
extracttext_use says says.*|talk
extracttext_use missing .missing
extracttext_use nobody .txt2
body    WORD      /secret word/
body    FIRST     /^secret/
rawbody RAW       /secret word/
body    SAYS      /\\|2 3\\|a\\|.*\\|b\\|/
body    SAYS_ONE  /^1\\|/
uri     LINK      /hidden/
header  FLAGS     exists:X-ExtractText-Flags
header  NOTEXT    X-ExtractText-Flags =~ /NoText/
header  QR        X-ExtractText-Flags =~ /QR-Code/
header  TOOLS     X-ExtractText-Tools =~ /^copy$/
header  CHARS     X-ExtractText-Chars =~ /^\\d\\d/
header  URIS      X-ExtractText-Uris =~ /qr\\.example/
"""
TAGS = tuple(
    f"EXTRACTTEXT{name}" for name in ("WORDS", "CHARS", "TOOLS", "TYPES", "EXTENSIONS", "FLAGS", "URIS")
)
SECRET = b"secret word, and http://hidden.example/path  twice; caf\xc3\xa9\n"


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A folder with the programs."""
    for name, script in PROGRAMS.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)
    return tmp_path


def part(kind: str, name: str, data: bytes) -> str:
    return (
        f'--b\nContent-Type: {kind}; name="{name}"\nContent-Transfer-Encoding: base64\n\n'
        f"{base64.encodebytes(data).decode()}\n"
    )


def mail(*parts: str) -> bytes:
    head = 'Subject: x\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="b"\n\n--b\n\nText.\n'
    return (head + "".join(parts) + "--b--\n").encode()


MESSAGES = [
    mail(),
    mail(part("application/octet-stream", "a.txt2", SECRET)),
    mail(part("application/octet-stream", "A.TXT2", SECRET)),
    mail(part("application/x-copy", "", SECRET)),
    mail(part("application/x-copy2", "", SECRET)),
    mail(part("image/png", "a.png", b"QR-Code:http://qr.example/\n")),
    mail(part("image/gif", "x", b'<a class="x" href="http://linked.example/">x</a> NoText')),
    mail(part("text/plain", "a.txt2", SECRET)),
    mail(part("application/pdf", "a.fail", SECRET)),
    mail(part("application/pdf", "a.none", SECRET)),
    mail(part("application/pdf", "a.missing", SECRET)),
    mail(part("application/pdf", "says it all", b"")),
    mail(part("application/pdf", "b.talk", b""), part("application/pdf", "talk", b"")),
    mail(part("image/png", "a.none", SECRET), part("image/gif", "b.txt2", SECRET)),
    mail(part("image/png", "a.png", b"...one, two")),
    mail(*(part("image/png", f"{n}.png", b"%d words here" % n) for n in range(12))),
]


@pytest.mark.oracle
@pytest.mark.parametrize(
    "lines", ["", "extracttext_maxparts 0\n", "extracttext_maxparts 2\nextracttext_timeout 3 4\n"]
)
def test_against_the_original(agreement: Any, programs: Path, lines: str) -> None:
    agreement(RULES.format(folder=programs) + lines, MESSAGES, tags=TAGS)


def test_what_is_seen(agreement: Any, programs: Path) -> None:
    (verdict,) = agreement.ours(RULES.format(folder=programs), [MESSAGES[1]], tags=TAGS)
    assert {"WORD", "LINK", "FLAGS", "TOOLS"} <= set(verdict["hits"]) and "RAW" not in verdict["hits"]
    assert verdict["tags"]["EXTRACTTEXTTYPES"] == "application/octet-stream"


def test_a_program_that_takes_too_long_is_ended(agreement: Any, programs: Path) -> None:
    started = time.monotonic()
    rules = RULES.format(folder=programs) + (
        f"extracttext_external slow {programs}/slow {{}}\nextracttext_use slow .slow\nextracttext_timeout 1\n"
        "body SLOW /slow start/\nbody NEVER /never/\n"
    )
    (verdict,) = agreement.ours(rules, [mail(part("application/x", "a.slow", b"x"))])
    assert set(verdict["hits"]) & {"SLOW", "NEVER"} == {"SLOW"}
    assert time.monotonic() - started < 20


def test_output_is_limited() -> None:
    ran = asyncio.run(run_program(["/usr/bin/yes"], b"", seconds=60))
    assert ran.status is None and len(ran.output) == 8 * 2**20


def test_no_shell() -> None:
    ran = asyncio.run(run_program(["/bin/echo", "$HOME;ls", "{}"], b"", seconds=60))
    assert ran.status == 0 and ran.output.startswith(b"$HOME;ls ")


@pytest.mark.parametrize(
    "line",
    [
        "extracttext_use x",
        "extracttext_external x /bin/cat",
        "extracttext_timeout x",
        "extracttext_use x /[/",
    ],
)
def test_bad_lines_are_told(agreement: Any, line: str) -> None:
    with pytest.raises(AssertionError, match=line.split()[0]):
        agreement.ours(f"loadplugin Mail::SpamAssassin::Plugin::ExtractText\n{line}\n", [])
