"""OLEVBMacro: documents of our own making that bear the signs of macros, examined here and by the original."""

import base64
import io
import random
import zipfile
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyspamd.mail.zip_members import read_zip

RULES = """
loadplugin Mail::SpamAssassin::Plugin::OLEVBMacro
body MACRO     eval:check_olemacro()
body OBJECT    eval:check_oleobject()
body RTF       eval:check_olertfobject()
body CSV       eval:check_olemacro_csv()
body MALICE    eval:check_olemacro_malice()
body RENAMED   eval:check_olemacro_renamed()
body ENCRYPTED eval:check_olemacro_encrypted()
body PASSWORD  eval:check_olemacro_zip_password()
body DOWNLOAD  eval:check_olemacro_download_exe()
body REDIRECT  eval:check_olemacro_redirect_uri()
body MHTML     eval:check_olemacro_mhtml_uri()
uri  LINKED    /linked/
"""
OLE = b"\xd0\xcf\x11\xe0"


def wide(text: str) -> bytes:
    return text.encode("utf-16-le")


def zipped(*members: tuple[str, bytes], password: str = "", method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """An archive; the member called `password` says that it is encrypted."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in members:
            archive.writestr(name, content)
    data = bytearray(buffer.getvalue())
    if password:
        at = data.index(b"PK\x01\x02")
        while data[at + 46 : at + 46 + len(password)] != password.encode():
            at = data.index(b"PK\x01\x02", at + 4)
        data[at + 8] |= 1
    return bytes(data)


RELS = b"""<Relationships><Relationship Id="1" Target="styles.xml"/>
<Relationship Id="2" Target="http://linked.example/a" TargetMode="External"/>
<Relationship
 Id="3" TargetMode="External" Target="http://late.linked.example/"/>
<Relationship Id="4" target="mhtml:https://linked.example/b!x" x="y" targetmode="external"/>
<Relationship Id="5" Target="MHTML:&#x48;&#x54;&#x50;&#x3a;&#x5c;&#x5c;&#x31;&x" TargetMode="External"/>
<Relationship Id="6" Target="file:///c:/x" TargetMode="External"/></Relationships>"""
DOCX = zipped(("[Content_Types].xml", b"<Types/>"), ("_rels/.rels", RELS), ("word/document.xml", b"<x/>"))
DOCM = zipped(
    ("[Content_Types].xml", b"<Types/>"),
    ("word/vbaProject.bin", b"\0Sub AutoOpen()\0"),
    ("word/embedded/a.rtf", b"{\\rtf}"),
)
XLSX = zipped(
    ("[Content_Types].xml", b'<Override ContentType="application/vnd.ms-excel.intlmacrosheet+xml"/>'),
    ("xl/embeddings/oleObject1.bin", OLE),
    method=zipfile.ZIP_STORED,
)
FILES: list[tuple[str, bytes]] = [
    ("a.doc", OLE + b"\0Attribut\0 Document_Open"),
    ("a.doc", OLE + b"x" * 600 + wide("\x01Ole10Na") + b"workbookopen"),
    ("a.doc", OLE + b"\0Attribut"),
    ("a.DOC", OLE + b"\0Attribut\0"),
    ("a.doc.txt", OLE + b"\0Attribut\0"),
    ("a.dotx", OLE + b"\0Attribut\0"),
    ("a.rtf", b"{\\rtf1 {\\object\\objemb}}"),
    ("a.rtf", b"{\\rtf1 {\\object\\ objdata}}"),
    ("a.doc", b'<?xml?><w:wordDocument w:macrosPresent="yes"/>'),
    ("a.xls", OLE + b"\0" * 100 + wide("EncryptedPackage")),
    ("a.xls", OLE + b"\0" * 100 + b"<Encryption xmlns"),
    ("a.xls", OLE + b"\0" * (0x208 - 4) + b"\xfe"),
    ("a.xls", OLE + b"\0" * (0x20B - 4) + b"\x13" + b"\0" * 50),
    ("a.xls", OLE + b"\0" * 50 + wide("Workbook") + b"\0" * 600),
    ("a.xls", OLE + b"E\\0n\\0c\\0r\\0y\\0p\\0t\\0e\\0d\\0P\\0a\\0c\\0k\\0a\\0g\\0e"),
    ("a.docm", b"anything"),
    ("a.docm", DOCM),
    ("a.docx", DOCM),
    ("a.docx", DOCX),
    ("a.xlsx", XLSX),
    ("a.pptx", DOCM),
    ("a.bin", DOCM),
    ("a.bin", OLE + b"\0Attribut\0"),
    ("a.bin", zipped(("b.docx", DOCM))),
    ("a.csv", b"=MSEXCEL|'..\\..\\Windows\\System32\\cmd.exe"),
    ("a.CSV", b"=MSEXCEL|'..\\..\\Windows\\System32\\cmd.exe"),
    ("a.zip", zipped(("b.docx", DOCX), ("c.csv", b"MSEXCEL|xWindows\\System32\\cmd.exe"))),
    ("a.zip", zipped(("b.docm", b"x"))),
    ("a.zip", zipped(("b.docm", b"x"), ("c.txt", b"y"), password="b.docm")),
    ("a.zip", zipped(("b.doc", b"x"), ("c.docx", DOCM), password="b.doc")),
    ("a.zip", zipped(("b.zip", zipped(("c.docx", DOCM))))),
    ("a.zip", zipped(("b.zip", zipped(("c.zip", zipped(("d.docx", DOCM))))))),
    (
        "a.zip",
        zipped(*((f"{n}.doc", b"x") for n in range(7)), ("y.txt", b""), ("z.docm", b"x"), ("zz.docx", DOCX)),
    ),
    ("a.zip", b"not a zip"),
    ("a.zip", b"junk before" + zipped(("b.docm", b"x"))),
    ("a.zip", zipped(("b.docm", b"x")) + b"junk behind"),
    ("a.zip", zipped(("b.docm", b"x"))[:-1]),
    ("a.doc", b"\0https://www.linked.example/path/to/program.exe\0"),
    ("a.doc", b"URLDownloadToFileA\0https://www.linked.example/path/to/program.exe\0"),
    ("a.doc", b"\0https://www.linked.example/path/to/program.exe|"),
    ("a.doc", b"cmd.exe /c ms^h^ta ht^tps:/^/"),
    ("a.doc", b"CMD /C MS^H^TA HT^TPS:/^/"),
    ("a.doc", b""),
]
MORE = [
    (
        'Content-Type: application/msword; name="a.doc"\nContent-Disposition: attachment; filename="b.txt"',
        FILES[0][1],
    ),
    (
        'Content-Type: application/msword; name="a.txt"\nContent-Disposition: attachment; filename="b.doc"',
        FILES[0][1],
    ),
    ("Content-Type: application/msword; name*=utf-8''a.doc", FILES[0][1]),
    ('Content-Type: application/msword; name="=?utf-8?b?YS5kb2M=?="', FILES[0][1]),
    ("Content-Type: application/msword; name= a.doc ; x=y", FILES[0][1]),
    ('Content-Type: text/plain; name="a.doc"', FILES[0][1]),
    ('Content-Disposition: attachment; filename="a.doc"', FILES[0][1]),
]


def part(fields: str, data: bytes) -> str:
    return f"--b\n{fields}\nContent-Transfer-Encoding: base64\n\n{base64.encodebytes(data).decode()}\n"


def mail(*parts: str) -> bytes:
    head = 'Subject: x\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="b"\n\n--b\n\nText.\n'
    return (head + "".join(parts) + "--b--\n").encode()


def attached(name: str, data: bytes) -> str:
    return part(f'Content-Type: application/octet-stream; name="{name}"', data)


@pytest.mark.oracle
@pytest.mark.parametrize(
    "lines",
    [
        "",
        "olemacro_extended_scan 1\nolemacro_num_zip 3\nolemacro_zip_depth 1\n",
        "olemacro_prefer_contentdisposition 0\nolemacro_num_zip 0\nolemacro_max_file 100\n",
        "olemacro_exts (?i)\\.(?:doc|bin)$\nolemacro_skip_exts \\.docx$\nolemacro_skip_ctypes ^application/m\n"
        "olemacro_macro_exts \\.txt$\nolemacro_zips \\.ZIP$\nolemacro_download_marker cmd\n",
    ],
)
def test_against_the_original(agreement: Any, lines: str) -> None:
    messages = [mail(attached(name, data)) for name, data in FILES] + [mail(part(*each)) for each in MORE]
    messages += [mail(*(attached("x.doc", b"x") for _ in range(5)), attached("a.docm", b"x"))]
    messages += [f"Subject: x\n{MORE[0][0]}\nContent-Transfer-Encoding: BASE64\n\nZG9j\n".encode(), mail()]
    agreement(RULES + lines, messages)


@pytest.mark.oracle
def test_broken_archives_against_the_original(agreement: Any) -> None:
    random_source = random.Random(7)
    messages = []
    for whole in (DOCM, DOCX, zipped(("b.zip", DOCM), ("c.docm", b"x"))):
        for _ in range(15):
            data = bytearray(whole)
            for _ in range(random_source.randrange(1, 4)):
                data[random_source.randrange(len(data))] = random_source.choice(b"\0\1\xffPK")
            if random_source.random() < 0.3:
                del data[random_source.randrange(len(data)) :]
            messages.append(mail(attached("a.zip" if whole[30:31] == b"b" else "a.docx", bytes(data))))
    agreement(RULES, messages)


def test_bombs_are_not_unpacked_whole() -> None:
    archive = read_zip(zipped(*((f"{n}", b"\0" * 17_000_000) for n in range(5))))
    assert archive is not None
    sizes = [len(archive.content(member) or b"") for member in archive.members]
    assert max(sizes) <= 16 * 2**20 and sum(sizes) <= 64 * 2**20


@given(st.binary(max_size=60), st.integers(0, len(DOCX)), st.integers(0, 60))
def test_never_raises(junk: bytes, at: int, over: int) -> None:
    archive = read_zip(DOCX[:at] + junk + DOCX[at + over :])
    for member in archive.members if archive else ():
        assert archive is not None
        archive.content(member)
