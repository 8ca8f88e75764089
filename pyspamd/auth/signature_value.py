"""Small judgements that both kinds of signature share: base64 values, identities, granularity."""

import base64
import binascii
import re

from .pending import Refused
from .taglist import squeezed

_QUOTED = re.compile(r"=([0-9A-Fa-f]{2})")


def decoded(value: bytes, tag: bytes) -> bytes:
    """The bytes of a base64 value, folding ignored; `Refused` where it is no base64."""
    try:
        return base64.b64decode(squeezed(value), validate=True)
    except (binascii.Error, ValueError) as error:
        raise Refused("permerror", f"syntax error: {tag.decode()}= is not base64") from error


def unquoted(value: str) -> str:
    """DKIM's quoted-printable (RFC 6376 section 2.11) undone: in `i=`."""
    return _QUOTED.sub(lambda match: chr(int(match[1], 16)), value)


def is_within(identity: str, domain: str) -> bool:
    """Whether the identity has a domain and that is `domain` or below it, whatever the letters' case."""
    _, at, host = identity.rpartition("@")
    return bool(at) and ("." + host.lower()).endswith("." + domain.lower())


def granularity_allows(granularity: bytes, local: bytes) -> bool:
    """Whether a local part fits `g=`, which may hold one asterisk (RFC 4871 section 3.6.1); case matters."""
    before, star, after = granularity.partition(b"*")
    if not star:
        return local == granularity
    return len(local) >= len(before) + len(after) and local.startswith(before) and local.endswith(after)
