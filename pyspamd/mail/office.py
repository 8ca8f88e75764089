"""Signs of macros and embedded objects in office files, found without taking their formats apart.

Source: Mail::SpamAssassin::Plugin::OLEVBMacro; [MS-CFB] for the compound file's mark, [MS-OFFMACRO] for packages.
"""

import re
from typing import Final

from ..perlre.regex import compile_regex
from .zip_members import Budget, ZipArchive

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
_ENCRYPTION_XML: Final = b"<encryption xmlns"
_ENCRYPTED_AT: Final = ((0x208, b"\xfe"), (0x214, b"\x2f"), (0x20B, b"\x13"))
_AUTO_OPEN: Final = tuple(
    what + blank + b"open" for what in (b"document", b"auto", b"workbook") for blank in (b"", b"_")
)
_VBA_TYPE: Final = b"application/vnd.ms-office.vbaproject"
_MACRO_TYPES: Final = (
    *(b"contenttype=" + one + _VBA_TYPE + other for one in (b'"', b"'") for other in (b'"', b"'")),
    b"macroenabled",
    b"application/vnd.ms-excel.macrosheet",
    b"application/vnd.ms-excel.intlmacrosheet",
)
# What is looked for in spite of its case is looked for in lower case: these texts can be many megabytes.
_CSV_COMMAND: Final = re.compile(rb"MSEXCEL\|.{1,20}Windows\\System32\\cmd\.exe")
_RTF_MEMBER: Final = re.compile(rb"word/.{1,50}\.rtf\b")
_RELATION: Final = re.compile(rb"Relationship\s")
_UP_TO_RELATION: Final = re.compile(rb".*Relationship\s", re.DOTALL)
_TARGET: Final = b'target="'
_EXTERNAL: Final = b'targetmode="external"'
_LINK: Final = re.compile(rb"\0https?://([-a-z0-9+&@#/%?=~_|!:,.;]{10,2000})")
_ENDING: Final = compile_regex(r"(?:exe|cmd|bat)[\x06|\x00]")
_PROGRAM: Final = re.compile(rb"(?=[^\n](?:exe|cmd|bat)[\x06|\0])")
_NOT_LAST: Final = re.compile(rb".*[?!:,.;]", re.DOTALL)
_MOST_PIECE, _LEAST_PIECE = 1000, 5
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
    if _ENCRYPTION_XML in data.lower():
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
    lower = data.lower()
    return any(name in lower for name in _AUTO_OPEN)


def names_macro_types(data: bytes) -> bool:
    """Whether a package's list of content types names macros."""
    lower = data.lower()
    return any(name in lower for name in _MACRO_TYPES)


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


def links_to_program(data: bytes, budget: Budget) -> bool:
    """Whether an address ends like a program's name: two pieces of 5 to 1,000 characters, the second without signs
    that end a sentence, any character, `exe`, and then a control character or a bar.

    Every address and every such end costs a place of the budget.
    """
    data = data.lower()
    if b"\0http" not in data or not _ENDING.matches(data):
        return False
    for link in _LINK.finditer(data):
        start, end = link.span(1)
        for program in _PROGRAM.finditer(data, start + 2 * _LEAST_PIECE, end + 5):
            if not budget.take_place():
                return False
            at = program.start()
            length = at - start
            sign = _NOT_LAST.match(data, start, at)
            free = at - (sign.end() if sign else start)
            if max(_LEAST_PIECE, length - _MOST_PIECE) <= min(free, length - _LEAST_PIECE, _MOST_PIECE):
                return True
        if not budget.take_place():
            return False
    return False


def external_targets(data: bytes, budget: Budget) -> list[bytes]:
    """What the relations of a package refer to outside of it; each such relation costs a place of the budget."""
    found: list[bytes] = []
    lower = data.lower()
    begin = 0
    while (outside := lower.find(_EXTERNAL, begin)) >= 0 and budget.take_place():
        before = _UP_TO_RELATION.match(data, begin, outside)
        begin = before.end() if before else begin
        behind = _RELATION.search(data, outside)
        end = behind.start() if behind else len(data)
        at = lower.find(_TARGET, begin, end) + len(_TARGET)
        quote = data.find(b'"', at, end) if at >= begin + len(_TARGET) else -1
        if quote >= 0 and lower.find(_EXTERNAL, quote + 1, end) >= 0:
            found.append(data[at:quote])
        begin = end
    return found


def is_mhtml(target: bytes) -> bool:
    """Whether a target is a web archive, as CVE-2021-40444 uses them."""
    return bool(_MHTML.match(target))


def web_address(target: bytes) -> bytes | None:
    """The web address a target stands for, or `None`."""
    target = _MHTML_PREFIX.sub(b"", target, count=1) if _MHTML_PREFIX.match(target) else target
    return target if _WEB.match(target) else None
