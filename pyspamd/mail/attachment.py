"""The file name an attachment goes by.

Source: Mail::SpamAssassin::Util, `get_part_details`.
"""

import re
from typing import Final

from .encoded_words import decode_header
from .part import Part

_ENCODED: Final = re.compile(rb"(?:base64|quoted-printable)\n?\Z")
_NAME: Final = re.compile(rb"name\s*=\s*[\"']?([^\"';]*)", re.IGNORECASE)
_FILE_NAME: Final = re.compile(rb"filename\s*=\s*[\"']?([^\"';]*)", re.IGNORECASE)


def attachment_name(part: Part, *, prefer_disposition: bool = True) -> bytes | None:
    """The name in Content-Disposition or Content-Type (empty where there is none).

    `None` for a part without Content-Type, and for one that is not encoded for transfer, as attachments are.
    """
    if not part.headers.get("Content-Type"):
        return None
    if not _ENCODED.match(part.headers.last("Content-Transfer-Encoding").lower()):
        return None
    by_type = _name(part, "Content-Type", _NAME)
    by_disposition = _name(part, "Content-Disposition", _FILE_NAME)
    if prefer_disposition or by_type.lower() == by_disposition.lower():
        return by_disposition or by_type
    return by_type or by_disposition


def _name(part: Part, header: str, pattern: re.Pattern[bytes]) -> bytes:
    value = part.headers.last(header)
    if b"=?" in value:
        value = decode_header(value, header.encode())
    found = pattern.search(value)
    return found[1].rstrip() if found else b""
