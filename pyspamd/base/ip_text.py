"""IP addresses as they stand in text: patterns that find them, and what can be read off them.

The patterns are `bytes` for `re`, carry their own case folding and have no capturing group, so that they can
be set into larger ones. What they accept is what Mail::SpamAssassin::Constants accepts.
"""

import re
import socket

_OCTET = r"(?:1\d\d|2[0-4]\d|25[0-5]|[1-9]\d|\d)"
_QUAD = r"\.".join([_OCTET] * 4)
_HEX = "[a-f0-9]{1,4}"

# The six groups before the IPv4 tail of an IPv6 address, in every way a run of zeros can be left out.
_BEFORE_IPV4 = "|".join(
    [
        f"(?:{_HEX}:){{6}}",
        f"::(?:{_HEX}:){{0,5}}",
        f"(?:{_HEX}:){{1,5}}:",
        f"{_HEX}::(?:{_HEX}:){{1,4}}",
        f"(?:{_HEX}:){{2}}:(?:{_HEX}:){{1,3}}",
        f"(?:{_HEX}:){{3}}:(?:{_HEX}:){{1,2}}",
        f"(?:{_HEX}:){{4}}:{_HEX}:",
    ]
)
# A whole IPv6 address, likewise.
_PURE_IPV6 = "|".join(
    [
        f"(?:{_HEX}:){{7}}{_HEX}",
        f":(?::{_HEX}){{1,7}}",
        f"(?:{_HEX}:){{1,7}}:",
        f"{_HEX}:(?::{_HEX}){{1,6}}",
        f"(?:{_HEX}:){{2}}(?::{_HEX}){{1,5}}",
        f"(?:{_HEX}:){{3}}(?::{_HEX}){{1,4}}",
        f"(?:{_HEX}:){{4}}(?::{_HEX}){{1,3}}",
        f"(?:{_HEX}:){{5}}(?::{_HEX}){{1,2}}",
        f"(?:{_HEX}:){{6}}:{_HEX}",
        "::",
    ]
)
# No \b on the IPv6 side: a colon is no word character.
_IPV6_START = "(?:IPv6:|(?<![a-f0-9:]))"
_IPV6_END = "(?![a-f0-9:])"

# ::ffff: before a private IPv4 address. Two of these carry one zero group too few or a stray limit in the
# original; they are kept, because they decide what is private.
_MAPPED_PREFIX = "|".join(
    [
        "(?:0{1,4}:){5}ffff:",
        "::(?:0{1,4}:){0,4}ffff:",
        "(?:0{1,4}:){1,4}:ffff:",
        "0{1,4}::(?:0{1,4}:){1,3}ffff:",
        "(?:0{1,4}:){2}:0{1,2}:ffff:",
        "(?:0{1,4}:){3}:0:ffff:",
        "(?:0{1,4}:){4}:ffff:",
    ]
)
_LOOPBACK_IPV6 = "|".join(
    [
        "(?:0{1,4}:){7}0{0,3}1",
        ":(?::0{1,4}){0,6}:0{0,3}1",
        "0{1,4}:(?::0{1,4}){0,5}:0{0,3}1",
        "(?:0{1,4}:){2}(?::0{1,4}){0,4}:0{0,3}1",
        "(?:0{1,4}:){3}(?::0{1,4}){0,3}:0{0,3}1",
        "(?:0{1,4}:){4}(?::0{1,4}){0,2}:0{0,3}1",
        "(?:0{1,4}:){5}(?::0{1,4}){0,1}:0{0,3}1",
        "(?:0{1,4}:){6}:0{0,3}1",
    ]
)
_PRIVATE_IPV4 = (
    r"(?:10|127|169\.254|172\.(?:1[6-9]|2[0-9]|3[01])|192\.168|100\.(?:6[4-9]|[7-9][0-9]|1[01][0-9]|12[0-7]))"
)

IPV4_ADDRESS = rf"(?:\b{_QUAD}\b)".encode()
"""A dotted quad between word boundaries."""

IP_ADDRESS = (
    rf"(?i:\b(?<!:){_QUAD}\b|{_IPV6_START}(?:(?:{_BEFORE_IPV4}){_QUAD}|{_PURE_IPV6}){_IPV6_END})".encode()
)
"""An IPv4 address, an IPv6 address, or one in the other; `IPv6:` before it is part of the match."""

LOCALHOST = (
    r"(?i:localhost(?:\.localdomain)?|\b(?<!:)127\.0\.0\.1\b"
    rf"|{_IPV6_START}(?:(?:{_MAPPED_PREFIX})127\.0\.0\.1|{_LOOPBACK_IPV6}){_IPV6_END})"
).encode()
"""This host, by name or address."""

IP_PRIVATE = (
    rf"^(?i:{_PRIVATE_IPV4}\..*"
    rf"|{_IPV6_START}(?:(?:{_MAPPED_PREFIX}){_PRIVATE_IPV4}\..*|fe[89ab][0-9a-f]:.*|{_LOOPBACK_IPV6}){_IPV6_END})"
).encode()
"""At the start of a string: an address that is not on the public internet."""

_is_private = re.compile(IP_PRIVATE).match
_is_address = re.compile(b"^" + IP_ADDRESS + b"$").match
_QUAD_LOOSE = re.compile(rb"([0-9]{1,3})\.([0-9]{1,3})\.([0-9]{1,3})\.([0-9]{1,3})\Z")


def is_private(ip: bytes) -> bool:
    """Whether `ip` lies in a private, link-local, shared (RFC 6598) or loopback range."""
    return _is_private(ip) is not None


def is_address(text: bytes) -> bool:
    """Whether `text` is an IP address and nothing else (a newline may follow, as Perl's `$` has it)."""
    return _is_address(text) is not None


def reverse_address(ip: bytes) -> bytes | None:
    """`ip` turned round for a DNS list: its octets, or its nibbles where it is IPv6 (RFC 5782 section 2.4).

    `None` where it is no address. The numbers of an IPv4 address are not checked.
    """
    quad = _QUAD_LOOSE.match(ip)
    if quad:
        return b".".join(reversed(quad.groups()))
    if b":" not in ip:
        return None
    try:
        packed = socket.inet_pton(socket.AF_INET6, ip.decode("latin-1"))
    except (OSError, ValueError):
        return None
    return ".".join(reversed(packed.hex())).encode()
