"""AntiVirus: attachments that are programs for Windows, or whose names belie their types.

body EXECUTABLE   eval:check_microsoft_executable()
body SUSPECT_NAME eval:check_suspect_name()
"""

import re

from ..mail.part import Part
from ..scan.plugin import Plugin, Reads, eval_test
from ..scan.scan import Scan

_ANY = re.compile(".")
_PROGRAM = re.compile(
    rb"\.(?:ade|adp|asx|bas|bat|chm|cmd|com|cpl|crt|dll|exe|hlp|hta|inf|ins|isp|js|jse|lnk|md[abetwz]|msc|msi|msp"
    rb"|mst|nws|ops|pcd|pif|prf|reg|scf|scr\??|sct|shb|shs|shm|swf|url|vb|vbe|vbs|vbx|vxd|wsc|wsf|wsh)\n?\Z"
)
_PROGRAM_IN_BASE64 = re.compile(rb"TV[opqr].A..[AB].[AQgw][A-H].A")
_PROGRAM_IN_UUENCODE = re.compile(rb"M35[GHIJK].`..`*````")
_TEXT = re.compile(r"text\b")
_VENDOR = re.compile(r"/(?:x-|vnd\.)")
_FITTING_TYPE = tuple(
    (re.compile(name + rb"\n?\Z"), re.compile(kind))
    for name, kind in (
        (
            rb"(?:txt|[px]?html?|xml)",
            r"text/(?:plain|[px]?html?|english|sgml|xml|enriched|richtext)|message/external-body",
        ),
        (rb"(?:jpe?g|tiff?|gif|png)", r"image/|application/mac-binhex"),
        (rb"vcf", r"text/vcard\Z"),
        (rb"(?:bat|com|exe|pif|scr|swf|vbs)", r"application/"),
        (rb"doc", r"application/.*word\Z"),
        (rb"ppt", r"application/.*(?:powerpoint|ppt)\Z"),
        (rb"xls", r"application/.*excel\Z"),
    )
)
"""What follows the last dot of a name, and the types that fit it."""


def _is_program(part: Part, name: bytes) -> bool:
    if name and _PROGRAM.search(name):
        return True
    raw = part.raw or b""
    if b"base64" in part.headers.last("Content-Transfer-Encoding").lower() and _PROGRAM_IN_BASE64.match(raw):
        return True
    if _TEXT.match(part.content_type.type):
        return b"M35" in raw and any(map(_PROGRAM_IN_UUENCODE.match, part.raw_lines))
    return False


def _is_suspect(part: Part, name: bytes) -> bool:
    kind = part.content_type.type
    if not name or kind == "application/octet-stream":
        return False
    extension = name.rpartition(b".")[2]
    kind = _VENDOR.sub("/", kind, count=1)
    return any(pattern.match(extension) and not fitting.match(kind) for pattern, fitting in _FITTING_TYPE)


def _name(part: Part) -> bytes:
    name = (part.content_type.name or b"").lower()
    return b"" if name == b"0" else name


class AntiVirus(Plugin):
    """SpamAssassin's AntiVirus, test for test."""

    eval_area = "body"

    @eval_test(reads=Reads.BODY)
    def check_microsoft_executable(self, scan: Scan) -> bool:
        """A part is a program, by its name or by how its content begins."""
        return any(_is_program(part, _name(part)) for part in scan.message.find_parts(_ANY, only_leaves=True))

    @eval_test(reads=Reads.BODY)
    def check_suspect_name(self, scan: Scan) -> bool:
        """A part's name ends in a way that does not go with its type."""
        return any(_is_suspect(part, _name(part)) for part in scan.message.find_parts(_ANY, only_leaves=True))
