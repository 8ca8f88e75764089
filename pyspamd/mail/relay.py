"""One handover of a message from host to host, as a Received line tells it.

Source: `parse_received_line` and `make_relay_as_string` of Mail::SpamAssassin::Message::Metadata::Received.
"""

import re
from dataclasses import dataclass

from ..base.ip_text import is_private

# Characters that would break the layout of the X-Spam-Relays strings become exclamation marks.
_STRIP = bytes.maketrans(b" \t\n\r\f\v\0#[]()<>|", b"!" * 15)
_ZONE = re.compile(rb"%[A-Za-z0-9._~-]*\Z")
_MAPPED = re.compile(rb"0*:0*:(?:0*:)*(?i:ffff):([0-9]+\.[0-9]+\.[0-9]+\.[0-9]+)\Z")
_MSA_FIELD = re.compile(rb" msa=[0-9] ")


@dataclass(frozen=True, slots=True)
class Relay:
    """A handover: who gave the message to whom. Absent fields are empty, an unknown envelope sender `None`.

    ip, rdns, helo -- the giving host's address, its name as looked up by the taker, the name it gave itself
    by, id -- the taking host's name and the number it gave the message
    ident, envfrom, auth -- the giver's ident answer, the envelope sender, how the giver proved who it is
    no_reverse_dns -- the taker looked for a name and found none; rdns_not_in_headers -- it did not look
    ip_private -- the address is not on the public internet
    internal, msa -- what splitting the relays made of it
    """

    ip: bytes
    rdns: bytes
    helo: bytes
    by: bytes
    ident: bytes
    envfrom: bytes | None
    id: bytes
    auth: bytes
    no_reverse_dns: bool
    rdns_not_in_headers: bool
    ip_private: bool
    internal: bool = False
    msa: bool = False

    @property
    def lc_rdns(self) -> bytes:
        """`rdns` in lower case."""
        return self.rdns.lower()

    @property
    def lc_helo(self) -> bytes:
        """`helo` in lower case."""
        return self.helo.lower()

    @property
    def lc_by(self) -> bytes:
        """`by` in lower case."""
        return self.by.lower()

    @property
    def as_string(self) -> bytes:
        """The relay as one bracketed group of the X-Spam-Relays headers."""
        envfrom = self.envfrom if self.envfrom is not None and self.envfrom != b"0" else b""
        text = b"[ ip=%b rdns=%b helo=%b by=%b ident=%b envfrom=%b intl=%d id=%b auth=%b msa=0 ]" % (
            self.ip,
            self.rdns,
            self.helo,
            self.by,
            self.ident,
            envfrom,
            self.internal,
            self.id,
            self.auth,
        )
        # Marked as the original does it, in place, which shows if a forged `auth` has such a field too.
        return _MSA_FIELD.sub(b" msa=%d " % self.msa, text, count=1)


class Handover:
    """What has been read of a Received line so far; reading formats fill it in."""

    __slots__ = ("auth", "by", "envfrom", "helo", "id", "ident", "ip", "looked_up", "rdns")

    def __init__(self) -> None:
        self.ip = b""
        self.rdns = b""
        self.helo = b""
        self.by = b""
        self.ident = b""
        self.envfrom: bytes | None = None
        self.id = b""
        self.auth = b""
        self.looked_up = False
        """Whether this kind of server looks up names always, so that none in the line means there is none."""

    def relay(self) -> Relay:
        """The relay this is, cleaned of what a header field must not carry."""
        rdns = self.rdns.rstrip(b".")
        if rdns[:1] == b"[" or rdns.lower() == b"unknown":
            rdns = b""
        rdns = rdns.translate(_STRIP)
        ip = _plain_address(self.ip).translate(_STRIP)
        by = self.by
        return Relay(
            ip=ip,
            rdns=rdns,
            helo=self.helo.translate(_STRIP),
            by=(by[:-1] if by.endswith(b";") else by).translate(_STRIP),
            ident=self.ident.translate(_STRIP),
            envfrom=None if self.envfrom is None else clean_sender(self.envfrom),
            id=self.id,
            auth=self.auth,
            no_reverse_dns=not rdns and self.looked_up,
            rdns_not_in_headers=not rdns and not self.looked_up,
            ip_private=is_private(ip),
        )


@dataclass(frozen=True, slots=True)
class Skipped:
    """A Received line that tells of no handover between hosts, or of none that can be used.

    fetched -- the line is a mail fetcher's: what stands above it was local
    envelope_from -- an envelope sender that belongs to the handover of the next line
    """

    fetched: bool = False
    envelope_from: bytes | None = None


IGNORED = Skipped()
"""A line to pass over."""


def clean_sender(address: bytes) -> bytes:
    """An envelope sender without its angle brackets, fit for the X-Spam-Relays headers."""
    return address.lstrip(b"<").rstrip(b">").translate(_STRIP)


def _plain_address(ip: bytes) -> bytes:
    """`ip` without prefix, brackets and scope; IPv4 where it is IPv4 mapped into IPv6."""
    if ip[:5].lower() == b"ipv6:":
        ip = ip[5:]
    if ip[:1] == b"[":
        ip = ip[1:]
    if ip[-1:] == b"]":
        ip = ip[:-1]
    if b"%" in ip:
        ip = _ZONE.sub(b"", ip)
    if b":" in ip:
        mapped = _MAPPED.match(ip)
        if mapped:
            return mapped[1]
    return ip
