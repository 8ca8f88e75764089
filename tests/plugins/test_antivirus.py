"""AntiVirus: attachments of our own making."""

from typing import Any

import pytest

RULES = """
loadplugin Mail::SpamAssassin::Plugin::AntiVirus
body EXECUTABLE   eval:check_microsoft_executable()
body SUSPECT_NAME eval:check_suspect_name()
"""
FIELDS = [
    'Content-Type: application/octet-stream; name="setup.exe"',
    'Content-Type: application/octet-stream; name="setup.EXE"',
    'Content-Type: application/octet-stream; name="saver.scr?"',
    'Content-Type: application/octet-stream; name="notes.executive"',
    'Content-Type: application/octet-stream\nContent-Disposition: attachment; filename="setup.exe"',
    'Content-Type: text/plain; name="a.txt"',
    'Content-Type: image/png; name="a.txt"',
    'Content-Type: text/x-php; name="page.phtml"',
    'Content-Type: text/html; name="photo.JPG"',
    'Content-Type: image/x-icon; name="photo.tiff"',
    'Content-Type: application/mac-binhex40; name="photo.gif"',
    'Content-Type: text/vcard; name="card.vcf"',
    'Content-Type: text/x-vcard; name="card.vcf"',
    'Content-Type: application/x-vcard; name="card.vcf"',
    'Content-Type: application/msword; name="letter.doc"',
    'Content-Type: application/vnd.ms-word; name="letter.doc"',
    'Content-Type: application/vnd.ms-excel; name="letter.doc"',
    'Content-Type: application/vnd.ms-excel; name="sums.xls"',
    'Content-Type: application/vnd.ms-powerpoint; name="talk.ppt"',
    'Content-Type: application/x-mspowerpoint.12; name="talk.ppt"',
    'Content-Type: audio/midi; name="tune.pif"',
    'Content-Type: text/plain; name="0"',
    'Content-Type: text/plain; name*0="set"; name*1="up.exe"',
    "Content-Type: message/external-body; name=x.html",
    "Content-Transfer-Encoding: base64",
    "Content-Type: application/octet-stream\nContent-Transfer-Encoding: BASE64",
    "Content-Type: application/zip\nContent-Transfer-Encoding: x-base64-y",
    "Content-Type: text/plain",
    "Content-Type: application/x-uuencode",
]
PROGRAM = "TVqQAAMAAAAEAAAA//8AALgAAAAAAAAAQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
UUENCODED = "begin 644 a\nM35J0``,````$````__\\``+@`````````0```````````\n`\nend"
BODIES = ["Hello.", PROGRAM, "\n" + PROGRAM, UUENCODED]


def mails() -> list[bytes]:
    return [
        (
            'Subject: x\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="b"\n\n'
            f"--b\n\nText.\n--b\n{fields}\n\n{body}\n--b--\n"
        ).encode()
        for fields in FIELDS
        for body in BODIES
    ] + [f"{fields}\nSubject: whole\n\n{PROGRAM}\n".encode() for fields in FIELDS[::5]]


@pytest.mark.oracle
def test_against_the_original(agreement: Any) -> None:
    verdicts = agreement(RULES, mails())
    assert {name for verdict in verdicts for name in verdict["hits"]} == {"EXECUTABLE", "SUSPECT_NAME"}
