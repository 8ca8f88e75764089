"""Header values by request, as header rules and eval tests see them: Mail::SpamAssassin::PerMsgStatus, `get`.

A request is a field's name or one of the names below, with any number of modifiers (`HeaderRequest`)::

    ALL, ALL-TRUSTED, ALL-INTERNAL, ALL-UNTRUSTED, ALL-EXTERNAL
    ToCc, MESSAGEID, EnvelopeFrom, X-Spam-Relays-Trusted, -Untrusted, -Internal, -External

and names of metadata where no field has them.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import Final, Protocol

from ..base.idn import idn_to_ascii
from ..base.ip_text import IP_ADDRESS, reverse_address
from ..base.registry import Registry
from .addresses import Address, parse_header_addresses
from .encoded_words import decode_header
from .envelope import envelope_from
from .header_hosts import first_host, host_of_address
from .header_request import HeaderRequest, parse_request
from .headers import Headers
from .relays import Relays

_IP = re.compile(rb"(?<!\.)\b(" + IP_ADDRESS + rb")\b(?!\.)")
# `^[^ \t].*?\n(?![ \t])` with every sign of a field looked at once.
_RAW_FIELD = re.compile(
    rb"^(?:[^ \t\n][^\n]*+\n(?:[ \t][^\n]*+\n)*+|\n.*?\n)(?![ \t])", re.MULTILINE | re.DOTALL
)
_LINE = re.compile(rb"[^\n]*\n|[^\n]+")
_MESSAGE_ID_FIELDS = ("X-Message-Id", "Resent-Message-Id", "X-Original-Message-ID", "Message-Id")
_RELAYS_PREFIX = "x-spam-relays-"
_RELAY_KINDS = ("trusted", "untrusted", "internal", "external")
_OWN_PREFIX = b"x-spam-"
_MADE_UP = frozenset(("all", "tocc", "envelopefrom", "messageid", "x-senderdomain", "x-authordomain"))
_PLAIN_FIELD = re.compile(r"[A-Za-z0-9-]+")


@lru_cache(maxsize=1024)
def plain_field(request: str) -> bytes | None:
    """The field in lower case if a request asks for nothing but a field that is there or not, else `None`."""
    lower = request.lower()
    made_up = lower in _MADE_UP or lower.startswith(("all-", _RELAYS_PREFIX))
    return None if made_up or not _PLAIN_FIELD.fullmatch(request) else lower.encode()


class TopOfMessage(Protocol):
    """What of a message its header views are made from."""

    @property
    def headers(self) -> Headers:
        """The fields."""

    @property
    def header_block(self) -> bytes:
        """The fields as they stood."""


def without_markup(headers: Headers) -> Headers:
    """`headers` without X-Spam-* fields, which an earlier check of the message left and no rule may see."""
    if not any(name.lower().startswith(_OWN_PREFIX) for name in headers):
        return headers
    kept = Headers()
    for name, value in headers.fields:
        if not name.lower().startswith(_OWN_PREFIX):
            kept.add(name, value)
    return kept


class HeaderView:
    """The header of one message, seen through requests; answers are remembered."""

    def __init__(
        self,
        message: TopOfMessage,
        relays: Relays,
        metadata: Mapping[str, bytes],
        registry: Registry,
        envelope_header: str | None = None,
    ) -> None:
        self.headers: Final = without_markup(message.headers)
        """The fields that rules may see."""
        self._message = message
        self._relays = relays
        self._metadata = metadata
        self._registry = registry
        self._envelope_header = envelope_header
        self._known: dict[str, list[bytes]] = {}
        self._parsed: dict[bytes, Sequence[Address]] = {}

    def values(self, request: str) -> list[bytes]:
        """Every value of `request`, as `get` in list context: fields with newline, parts of them without."""
        return list(self.remembered(request))

    def get(self, request: str) -> bytes | None:
        """One value, as `get` in scalar context with `undef` for a default.

        Where the request cuts something out, that is its first value, else all values joined.
        """
        found = self.remembered(request)
        if not found:
            return None
        if parse_request(request).single:
            return found[0].removesuffix(b"\n")
        return found[0] if len(found) == 1 else b"".join(found)

    def lacks(self, field: bytes) -> bool:
        """Whether nothing answers to a plain field name (lower case), so that it need not be asked for."""
        return field not in self._present

    @cached_property
    def _present(self) -> frozenset[bytes]:
        names = {name.lower() for name in self.headers}
        names.update(name.lower().encode("latin-1", "replace") for name in self._metadata)
        return frozenset(names)

    def forget(self, name: str) -> None:
        """Forget answers about the field or metadata `name`, which has changed."""
        self.__dict__.pop("_present", None)
        lower = name.lower()
        for request in [known for known in self._known if parse_request(known).field.lower() == lower]:
            del self._known[request]

    @cached_property
    def envelope_from(self) -> bytes | None:
        """The envelope sender, empty for bounces, `None` where it is not known."""
        return envelope_from(self.remembered, self._relays, self._envelope_header)

    def fields_between(
        self,
        start: int | None,
        end: int | None,
        *,
        raw: bool = False,
    ) -> list[bytes]:
        """The fields from Received line number `start` to number `end`, counted from 0 at the top.

        `None` stands for the first or last field. Whether a Received line could be read does not matter. What
        stands below line `end` is not included.
        """
        if end is not None and end < 0:
            return []
        found: list[bytes] = []
        number = -1
        for field in self._raw_fields if raw else self._lines:
            if field[:9].lower() == b"received:":
                number += 1
            if (start is None or start <= number) and (end is None or number < end):
                found.append(field)
            elif end == number:
                found.append(field)
                break
        return found

    @cached_property
    def _raw_fields(self) -> list[bytes]:
        return _RAW_FIELD.findall(self._message.header_block)

    @cached_property
    def _lines(self) -> list[bytes]:
        # By line and not by field: a decoded value may hold newlines.
        return _LINE.findall(b"".join(self.remembered("ALL")))

    def remembered(self, request: str) -> Sequence[bytes]:
        """`values` for those who change nothing about the list."""
        found = self._known.get(request)
        if found is None:
            field = plain_field(request)
            if field is None:
                found = self._answer(parse_request(request))
            else:
                found = self.headers.lines(field) or self._metadata_of(field.decode("latin-1"))
            self._known[request] = found
        return found

    def _answer(self, request: HeaderRequest) -> list[bytes]:
        if request.field.startswith("ALL"):
            block = self._block(request)
            if block is not None:
                return block
        found = self._named(request)
        if request.first:
            found = found[:1]
        elif request.last:
            found = found[-1:]
        if request.addr:
            found = self._addresses(found)
        elif request.name:
            found = self._names(found, request)
        if request.host:
            found = self._hosts(found, request)
        elif request.ip:
            found = _ips(found, request)
        return found

    def _block(self, request: HeaderRequest) -> list[bytes] | None:
        """ALL and its relatives: the Received line that separates ours from theirs is in both halves."""
        trusted, internal = self._relays.last_trusted_index + 1, self._relays.last_internal_index + 1
        match request.field:
            case "ALL":
                return self._raw_fields if request.raw else self.headers.all()
            case "ALL-TRUSTED":
                return self.fields_between(None, trusted, raw=request.raw)
            case "ALL-INTERNAL":
                return self.fields_between(None, internal, raw=request.raw)
            case "ALL-UNTRUSTED":
                return self.fields_between(trusted, None, raw=request.raw)
            case "ALL-EXTERNAL":
                return self.fields_between(internal, None, raw=request.raw)
            case _:
                return None

    def _named(self, request: HeaderRequest) -> list[bytes]:
        field = request.field
        lower = field.lower()
        if lower == "tocc":
            return [*self._fields("To", request.raw), *self._fields("Cc", request.raw)]
        if lower == "envelopefrom":
            return [] if self.envelope_from is None else [self.envelope_from]
        if lower.startswith(_RELAYS_PREFIX) and lower.removeprefix(_RELAYS_PREFIX) in _RELAY_KINDS:
            return [self._relays.as_metadata(lower.removeprefix(_RELAYS_PREFIX))]
        if field == "MESSAGEID":
            found = (value for name in _MESSAGE_ID_FIELDS for value in self._fields(name, request.raw))
            return [value for value in found if value]
        # Addresses are parsed before encoded words are decoded, or a decoded name could forge one.
        undecoded = request.raw or request.addr or request.name
        values = self.headers.raw(field) if undecoded else self.headers.get(field)
        return values or self._metadata_of(lower)

    def _fields(self, name: str, raw: bool) -> list[bytes]:
        return self.headers.raw_unfolded(name) if raw else self.headers.get(name)

    def _metadata_of(self, lower: str) -> list[bytes]:
        for name, value in self._metadata.items():
            if name.lower() == lower:
                return [value]
        if lower == "x-senderdomain":
            return [_ascii(host) for host in self.remembered("EnvelopeFrom:first:addr:host")[:1]]
        if lower == "x-authordomain":
            hosts = dict.fromkeys(self.remembered("From:addr:host"))
            return [b" ".join(map(_ascii, hosts))] if hosts else []
        return []

    def _entries(self, line: bytes) -> Sequence[Address]:
        """What an address field names, read once however many requests ask."""
        found = self._parsed.get(line)
        if found is None:
            found = self._parsed[line] = parse_header_addresses(line)
        return found

    def _addresses(self, lines: Iterable[bytes]) -> list[bytes]:
        return [entry.address for line in lines for entry in self._entries(line) if entry.address is not None]

    def _names(self, lines: Iterable[bytes], request: HeaderRequest) -> list[bytes]:
        phrases = [
            entry.phrase for line in lines for entry in self._entries(line) if entry.phrase is not None
        ]
        return phrases if request.raw else [_decoded_name(phrase) for phrase in phrases]

    def _hosts(self, lines: Iterable[bytes], request: HeaderRequest) -> list[bytes]:
        hosts: list[bytes] = []
        for line in lines:
            host = host_of_address(line) if request.addr else first_host(line, self._registry)
            if host and host != b"0":
                hosts.append(self._registry.trim_domain(host, ascii_only=True) if request.domain else host)
        return hosts


def _ascii(host: bytes) -> bytes:
    return idn_to_ascii(host.decode("latin-1")).encode("latin-1")


def _decoded_name(phrase: bytes) -> bytes:
    """A display name decoded, its white space squeezed and one pair of single quotes taken off."""
    decoded = decode_header(phrase, b"")
    words = decoded.split()
    if not words:
        return decoded
    name = b" ".join(words)
    if len(name) > 1 and name[0] == name[-1] == ord("'"):
        return name[1:-1]
    return name


def _ips(lines: Iterable[bytes], request: HeaderRequest) -> list[bytes]:
    found = (_IP.search(line) for line in lines)
    addresses = [match[1] for match in found if match]
    if not request.revip:
        return addresses
    return [turned for turned in map(reverse_address, addresses) if turned is not None]
