"""The hosts a message came through, and how far they can be believed.

Received lines are added at the top, so the first ones are ours. Trust is followed down from there until a
host gave us the message which we have no reason to trust; what stands below that line, its sender may have
invented. *Internal* is followed likewise and never goes further than trusted. Behaviour is that of
Mail::SpamAssassin::Message::Metadata::Received, `parse_received_headers`.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

from ..base.ip_text import IP_ADDRESS, reverse_address
from ..base.ipset import IPSet, with_loopback
from .headers import Headers
from .received import parse_received
from .relay import Relay, Skipped

Kind = Literal["trusted", "untrusted", "internal", "external"]
KINDS: tuple[Kind, ...] = ("trusted", "untrusted", "internal", "external")

_ADDRESS = re.compile(IP_ADDRESS)


@dataclass(frozen=True, slots=True)
class NetworkSettings:
    """The networks of a configuration, and whether anyone configured them.

    trusted, internal, msa -- the sets of `trusted_networks`, `internal_networks`, `msa_networks`
    trusted_configured, internal_configured -- whether the directive was given
    originating_ip_headers -- names of fields that hold the address a message was submitted from
    """

    trusted: IPSet = field(default_factory=with_loopback)
    internal: IPSet = field(default_factory=with_loopback)
    msa: IPSet = field(default_factory=IPSet)
    trusted_configured: bool = False
    internal_configured: bool = False
    originating_ip_headers: tuple[str, ...] = ()


class Relays:
    """The relays of one message, the one nearest to us first.

    unparseable -- how many Received lines could not be read
    last_trusted_index, last_internal_index -- the Received line, counted from 0 at the top, that the last
    such host wrote; -1 where none did. Lines that were passed over count.
    """

    def __init__(
        self,
        trusted: Iterable[Relay] = (),
        untrusted: Iterable[Relay] = (),
        internal: Iterable[Relay] = (),
        external: Iterable[Relay] = (),
        *,
        unparseable: int = 0,
        last_trusted_index: int = -1,
        last_internal_index: int = -1,
    ) -> None:
        self.trusted = tuple(trusted)
        self.untrusted = tuple(untrusted)
        self.internal = tuple(internal)
        self.external = tuple(external)
        self.unparseable = unparseable
        self.last_trusted_index = last_trusted_index
        self.last_internal_index = last_internal_index

    @classmethod
    def split(cls, headers: Headers, settings: NetworkSettings) -> "Relays":
        """The relays that the Received fields of `headers` name, sorted by `settings`."""
        splitter = _Splitter(settings)
        for value in headers.decoded("Received"):
            splitter.read(value)
        for name in settings.originating_ip_headers:
            found = _ADDRESS.search(headers.last(name))
            if found:
                splitter.read(b"from X-Originating-IP: " + found[0])
        return splitter.relays()

    @property
    def all(self) -> tuple[Relay, ...]:
        """Trusted and untrusted relays together."""
        return self.trusted + self.untrusted

    def of(self, kind: str) -> tuple[Relay, ...]:
        """The relays of one kind, in any case of letters."""
        relays: tuple[Relay, ...] = getattr(self, kind.lower())
        return relays

    def as_metadata(self, kind: str) -> bytes:
        """The value of X-Spam-Relays-Trusted, -Untrusted, -Internal or -External."""
        return self._metadata[kind.lower()]

    @cached_property
    def _metadata(self) -> dict[str, bytes]:
        text = {id(relay): relay.as_string for relay in self.all}
        return {kind: b" ".join([text[id(relay)] for relay in self.of(kind)]) for kind in KINDS}

    def reversed_addresses(self, kind: str) -> list[bytes]:
        """The public addresses of one kind of relays as DNS lists want them (tags RELAYS…REVIP)."""
        public = (reverse_address(relay.ip) for relay in self.of(kind) if not relay.ip_private)
        return [address for address in public if address]


class _Splitter:
    """Relays being split, line by line from the top."""

    def __init__(self, settings: NetworkSettings) -> None:
        self.settings = settings
        self.configured = settings.trusted_configured or settings.internal_configured
        # Where only one of the two is configured, it stands for both.
        self.trusted_networks = settings.trusted
        self.internal_networks = settings.internal
        if settings.trusted_configured and not settings.internal_configured:
            self.internal_networks = settings.trusted
        elif settings.internal_configured and not settings.trusted_configured:
            self.trusted_networks = settings.internal
        self.trusted: list[Relay] = []
        self.untrusted: list[Relay] = []
        self.internal: list[Relay] = []
        self.external: list[Relay] = []
        self.unparseable = 0
        self.last_trusted = self.last_internal = -1
        self.in_trusted = self.in_internal = True
        self.found_msa = False
        self.fetch_allowed = True
        # qmail-scanner notes the sender above the line of the handover it belongs to.
        self.sender: bytes | None = None

    def read(self, value: bytes) -> None:
        """Take the next Received line down."""
        sender = self.sender if self.sender not in (b"", b"0") else None
        if sender is not None:
            self.sender = None
        relay = parse_received(value)
        if not isinstance(relay, Relay):
            self._pass_over(relay)
            return
        if sender is not None:
            relay = replace(relay, envfrom=sender)
        msa = self._follow(relay) if self.in_trusted and not self.found_msa else False
        if self.in_internal or msa:
            relay = replace(relay, internal=self.in_internal, msa=msa)
        if self.in_trusted:
            self.trusted.append(relay)
            self.last_trusted += 1
        else:
            self.untrusted.append(relay)
        self.fetch_allowed = self.in_trusted
        if self.in_internal:
            self.internal.append(relay)
            self.last_internal += 1
        else:
            self.external.append(relay)

    def _pass_over(self, skipped: Skipped | None) -> None:
        if skipped is None:
            self.unparseable += 1
        else:
            if skipped.envelope_from is not None:
                self.sender = skipped.envelope_from
            if skipped.fetched and self.fetch_allowed:
                self.trusted.clear()
                self.internal.clear()
                self.external.clear()
        self.last_trusted += self.in_trusted
        self.last_internal += self.in_internal

    def _follow(self, relay: Relay) -> bool:
        """See whether trust reaches `relay`; true where it is one of our submission agents."""
        if not self.configured:
            if not relay.ip_private and not relay.auth:
                self.in_trusted = self.in_internal = False
            return False
        if not relay.auth and not self.trusted_networks.contains(relay.ip):
            self.in_trusted = self.in_internal = False
            return False
        if self.in_internal and not relay.auth and not self.internal_networks.contains(relay.ip):
            self.in_internal = False
        if self.settings.msa.contains(relay.ip):
            self.found_msa = True
            return True
        return False

    def relays(self) -> Relays:
        return Relays(
            self.trusted,
            self.untrusted,
            self.internal,
            self.external,
            unparseable=self.unparseable,
            last_trusted_index=self.last_trusted,
            last_internal_index=self.last_internal,
        )
