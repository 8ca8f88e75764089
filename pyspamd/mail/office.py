"""Signs of macros and embedded objects in office files, found without taking their formats apart.

Source: Mail::SpamAssassin::Plugin::OLEVBMacro; [MS-CFB] for the compound file's mark, [MS-OFFMACRO] for packages.
"""

import re
from typing import Final

from .zip_members import ZipArchive

COMPOUND_FILE: Final = b"\xd0\xcf\x11\xe0"
"""What every OLE compound file begins with."""


def _wide(text: str) -> bytes:
    return text.encode("utf-16-le")


_VBA_ATTRIBUTE: Final = b"\0Attribut\0"
_OLE_NATIVE: Final = _wide("\x01Ole10Na")
_OTHER_MARKS: Final = (
    b"\\objemb",
    b"\\objdat",
    b"\\ objdat",
    b'w:macrosPresent="yes"',
    b"vbaProject.bin.rels",
)
"""RTF objects and Office 2003 XML macros."""
_ENCRYPTED_PACKAGE: Final = _wide("EncryptedPackage").removesuffix(b"\0")
_WORKBOOK: Final = _wide("Workbook")
_ENCRYPTION_XML: Final = re.compile(rb"<encryption xmlns", re.IGNORECASE)
_ENCRYPTED_AT: Final = ((0x208, b"\xfe"), (0x214, b"\x2f"), (0x20B, b"\x13"))
_AUTO_OPEN: Final = re.compile(rb"(?:document|auto|workbook)_?open", re.IGNORECASE)
_MACRO_TYPE: Final = re.compile(
    rb"""ContentType=["']application/vnd\.ms-office\.vbaProject["']|macroEnabled"""
    rb"|application/vnd\.ms-excel\.(?:intl)?macrosheet",
    re.IGNORECASE,
)
_CSV_COMMAND: Final = re.compile(rb"MSEXCEL\|.{1,20}Windows\\System32\\cmd\.exe")
_RTF_MEMBER: Final = re.compile(rb"word/.{1,50}\.rtf\b")
_RELATION: Final = re.compile(rb"Relationship\s")
_TARGET: Final = re.compile(rb'Target="([^"]*)"', re.IGNORECASE)
_EXTERNAL: Final = re.compile(rb'TargetMode="External"', re.IGNORECASE)
_MHTML: Final = re.compile(
    rb"MHTML:&#x48;&#x54;&#x50;&#x3a;&#x5c;&#x5c;&#x31;&|mhtml:https?://", re.IGNORECASE
)
_MHTML_PREFIX: Final = re.compile(rb"mhtml:", re.IGNORECASE)
_WEB: Final = re.compile(rb"https?://", re.IGNORECASE)
MACRO_MEMBERS: Final = frozenset(
    (
        b"word/vbaproject.bin",
        b"macros/vba/_vba_project",
        b"xl/vbaproject.bin",
        b"_vba_project_cur/vba/_vba_project",
        b"ppt/vbaproject.bin",
    )
)


def is_compound_file(data: bytes) -> bool:
    """Whether it is an OLE compound file, as Office wrote them until 2003."""
    return data.startswith(COMPOUND_FILE)


def is_zip(name: bytes, data: bytes) -> bool:
    """Whether it is, or claims to be, a ZIP archive."""
    return data.startswith(b"PK") or name[-5:].rstrip(b"\n").lower().endswith(b".zip")


def is_encrypted(data: bytes) -> bool:
    """Whether a compound file holds an encrypted document."""
    if not is_compound_file(data):
        return False
    if _ENCRYPTION_XML.search(data):
        return True
    head = data[:2000]
    if _ENCRYPTED_PACKAGE in head:
        return True
    head = head.replace(b"\\0", b" ")
    if b"E n c r y p t e d P a c k a g e" in head:
        return True
    if _WORKBOOK in head:
        return False
    return any(data[at : at + 1] == mark for at, mark in _ENCRYPTED_AT)


def has_old_macro(data: bytes) -> bool:
    """Whether a compound file, an RTF document or a single XML file has macros or embedded objects."""
    if is_compound_file(data):
        return _VBA_ATTRIBUTE in data or _OLE_NATIVE in data
    return any(mark in data for mark in _OTHER_MARKS)


def opens_by_itself(data: bytes) -> bool:
    """Whether it names a macro that runs as soon as the document opens."""
    return bool(_AUTO_OPEN.search(data))


def names_macro_types(data: bytes) -> bool:
    """Whether a package's list of content types names macros."""
    return bool(_MACRO_TYPE.search(data))


def runs_command(data: bytes) -> bool:
    """Whether a table of comma separated values runs a command when it is opened."""
    return b"cmd.exe" in data and bool(_CSV_COMMAND.search(data))


def is_embedded_rtf(name: bytes) -> bool:
    """Whether a package's member (name in lower case) is an RTF document that it embeds."""
    return bool(_RTF_MEMBER.match(name))


def any_bin_opens_by_itself(archive: ZipArchive) -> bool:
    """Whether a binary member of a package names a macro that runs by itself."""
    for member in archive.members:
        if b".bin" in member.name:
            data = archive.content(member)
            if data is not None and opens_by_itself(data):
                return True
    return False


def external_targets(data: bytes) -> list[bytes]:
    """What the relations of a package refer to outside of it."""
    found: list[bytes] = []
    for relation in _RELATION.split(data):
        outside = max((mark.start() for mark in _EXTERNAL.finditer(relation)), default=0)
        target = _TARGET.search(relation, 0, outside)
        if target:
            found.append(target[1])
    return found


def is_mhtml(target: bytes) -> bool:
    """Whether a target is a web archive, as CVE-2021-40444 uses them."""
    return bool(_MHTML.match(target))


def web_address(target: bytes) -> bytes | None:
    """The web address a target stands for, or `None`."""
    target = _MHTML_PREFIX.sub(b"", target, count=1) if _MHTML_PREFIX.match(target) else target
    return target if _WEB.match(target) else None
