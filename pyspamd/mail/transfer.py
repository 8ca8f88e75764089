"""Transfer encodings undone as SpamAssassin undoes them: quoted-printable and base64, broken or not.

Source: `qp_decode` and `base64_decode` of Mail::SpamAssassin::Util.
"""

import binascii
import re

_TRAILING_BLANKS = re.compile(rb"(?<![ \t])[ \t]++(?=\r?\n)")
_SOFT_BREAK = re.compile(rb"=\r?\n")
_HEX_PAIR = re.compile(rb"=([0-9a-fA-F]{2})")
# Where binascii reads an equals sign differently from "only =XX means anything": these go the slow way.
_AMBIGUOUS_EQUALS = re.compile(rb"=(?:[=\r\n]|\Z)")

_WHITESPACE = b" \t\n\r\x0b\x0c"
_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_NOT_BASE64 = bytes(set(range(256)) - set(_ALPHABET) - {ord("=")})


def decode_quoted_printable(data: bytes) -> bytes:
    """`data` with =XX, soft breaks and blanks at line ends undone (RFC 2045 section 6.7).

    Lower-case digits count; an equals sign that starts nothing stays. Line ends are left as they are.
    """
    if b" \n" in data or b"\t\n" in data or b"\r\n" in data:
        data = _TRAILING_BLANKS.sub(b"", data)
    if b"=" not in data:
        return data
    data = _SOFT_BREAK.sub(b"", data)
    if _AMBIGUOUS_EQUALS.search(data):
        return _HEX_PAIR.sub(lambda pair: bytes((int(pair[1], 16),)), data)
    return binascii.a2b_qp(data)


def decode_base64(data: bytes) -> bytes:
    """`data` decoded (RFC 2045 section 6.8), never failing.

    Whitespace never counts. Where what is left is whole groups of the alphabet, padding in the middle
    reads as zero bits; else everything foreign is dropped and padding in the middle reads as one bits.
    A lone last character says nothing and is dropped.
    """
    data = data.translate(None, _WHITESPACE)
    bare = data.translate(None, _NOT_BASE64)
    clean = len(data) == len(bare) and len(data) % 4 == 0
    bare = bare.rstrip(b"=")
    if b"=" in bare:
        bare = bare.replace(b"=", b"A" if clean else b"/")
    over = len(bare) % 4
    if over == 1:
        bare = bare[:-1]
    elif over:
        bare += b"=" * (4 - over)
    return binascii.a2b_base64(bare)
