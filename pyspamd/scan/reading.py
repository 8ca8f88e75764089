"""How messages are read under one configuration: its settings turned once into what `mail` asks for."""

from collections.abc import Mapping

from ..base.registry import Registry
from ..conf.conf import Conf
from ..conf.core_admin import (
    BODY_PART_SCAN_SIZE,
    ENVELOPE_SENDER_HEADER,
    PARSE_DKIM_URIS,
    RAWBODY_PART_SCAN_SIZE,
)
from ..conf.core_network import (
    INTERNAL_NETWORKS,
    MSA_NETWORKS,
    ORIGINATING_IP_HEADERS,
    THREE_LEVEL_DOMAINS,
    TRUSTED_NETWORKS,
    TWO_LEVEL_DOMAINS,
    VALID_TLDS,
)
from ..conf.core_own import TRUST_TRUNCATION_MARK
from ..conf.core_report import NORMALIZE_CHARSET
from ..conf.core_rules import REDIRECTOR_PATTERNS
from ..mail.header_view import HeaderView
from ..mail.message import Message, ReadingSettings
from ..mail.relays import NetworkSettings, Relays
from ..mail.truncation import truncation_of
from ..mail.uri_canon import Redirectors
from ..mail.uris import UriDetails, UriSettings, body_uris
from ..perlre.regex import compile_regex


class Reading:
    """Reads messages as the configuration says; holds nothing about a message."""

    def __init__(self, conf: Conf) -> None:
        self.message_settings = ReadingSettings(
            NORMALIZE_CHARSET.of(conf),
            int(BODY_PART_SCAN_SIZE.of(conf)),
            int(RAWBODY_PART_SCAN_SIZE.of(conf)),
        )
        self.registry = Registry(
            VALID_TLDS.of(conf), TWO_LEVEL_DOMAINS.of(conf), THREE_LEVEL_DOMAINS.of(conf)
        )
        redirectors = [compile_regex(test.pattern, test.flags) for test in REDIRECTOR_PATTERNS.of(conf)]
        self.uri_settings = UriSettings(self.registry, Redirectors(redirectors), PARSE_DKIM_URIS.of(conf))
        trusted, internal, msa = (
            directive.of(conf) for directive in (TRUSTED_NETWORKS, INTERNAL_NETWORKS, MSA_NETWORKS)
        )
        self.networks = NetworkSettings(
            trusted.set,
            internal.set,
            msa.set,
            trusted.configured,
            internal.configured,
            ORIGINATING_IP_HEADERS.of(conf),
        )
        self._believes_marks = TRUST_TRUNCATION_MARK.of(conf)
        self.envelope_header = ENVELOPE_SENDER_HEADER.of(conf)

    def message(self, raw: bytes) -> Message:
        """The message, nothing decoded yet."""
        mark = truncation_of(raw) if self._believes_marks else None
        return Message(raw, self.message_settings, truncation=mark)

    def relays(self, message: Message) -> Relays:
        """The hosts it passed through."""
        return Relays.split(message.headers, self.networks)

    def header_view(self, message: Message, relays: Relays, metadata: Mapping[str, bytes]) -> HeaderView:
        """Its header values by request."""
        return HeaderView(message, relays, metadata, self.registry, self.envelope_header)

    def body_uris(self, message: Message) -> UriDetails:
        """The URIs of its body, without those that its signatures name."""
        return body_uris(message, self.uri_settings)
