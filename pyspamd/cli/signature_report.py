"""What `pyspamd verify` has to say of a message, as one JSON object: signatures, evidence, what others claim."""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass

from ..auth import arc, signatures
from ..auth.authres import AuthResults
from ..auth.body_fault import find_fault
from ..auth.claims import compare, read_leniently, unmentioned
from ..auth.hashed import HashedText, hashed_text
from ..auth.pending import Refused, key_from, key_name
from ..auth.result import TEXT_ALTERED, SignatureResult
from ..auth.signature_value import decoded
from ..auth.taglist import read_tags
from ..auth.wireform import WireMessage
from ..base.clock import Deadline
from ..conf.conf import Conf
from ..mail.message import Message
from ..net.resolver import Resolver
from ..plugins.authres import AUTHRES_NETWORKS, IGNORED_SERVERS, TRUSTED_SERVERS
from ..scan.author_signatures import DKIM_MINIMUM_KEY_BITS
from ..scan.reading import Reading
from ..scan.signatures import DKIM_TIMEOUT

_FIELD = re.compile(rb"((?:arc-)?authentication-results):\s*(.+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to say beyond the results: `canonical` is "header" or "body" to add that form, `servers` the names
    (lower case) of the servers whose claims count, none to leave that to the configuration.
    """

    canonical: str = ""
    servers: frozenset[str] = frozenset()


class Reporter:
    """Verifies messages under one configuration."""

    def __init__(self, conf: Conf, resolver: Resolver, wanted: Wanted) -> None:
        self.conf = conf
        self.resolver = resolver
        self.wanted = wanted
        self.reading = Reading(conf)

    async def report(self, raw: bytes) -> dict[str, object]:
        """Everything about one message."""
        message = self.reading.message(raw)
        wire = WireMessage(raw)
        truncated = message.truncation is not None
        deadline = Deadline.after(DKIM_TIMEOUT.of(self.conf))
        found, chain = await asyncio.gather(
            signatures.verify(wire, self.resolver, deadline=deadline, truncated=truncated),
            arc.verify(wire, self.resolver, deadline=deadline, truncated=truncated),
        )
        results = [*found.results, *chain.signatures]
        told: dict[str, object] = {
            "signatures": [await self._signature(wire, result, deadline) for result in results]
        }
        if chain.result != "none":
            told["arc"] = {"result": chain.result, "reason": chain.reason}
        if truncated:
            told["truncated"] = True
        fields, unreadable = self._fields(message)
        claims = compare(fields, wire, results, chain)
        disagreements = [claim.words for claim in claims if claim.agrees is False]
        if found.results:
            disagreements += [
                f"{result.type} d={result.domain} s={result.selector}, here {result.result}, is not mentioned"
                for result in unmentioned(claims, results)
            ]
        told["claims"] = [claim.as_json() for claim in claims]
        told["disagreements"] = disagreements
        if unreadable:
            told["unreadable_claims"] = unreadable
        return told

    def _fields(self, message: Message) -> tuple[list[AuthResults], list[str]]:
        """The Authentication-Results of servers that are trusted, and what in them cannot be read."""
        relays = self.reading.relays(message)
        view = self.reading.header_view(message, relays, {})
        networks = AUTHRES_NETWORKS.of(self.conf)
        everywhere = bool(self.wanted.servers) or networks == "all"
        block = view.get("ALL" if everywhere else f"ALL-{networks.upper()}") or b""
        fields: list[AuthResults] = []
        unreadable: list[str] = []
        for line in block.split(b"\n"):
            match = _FIELD.match(line)
            if match is None or match[1].lower().startswith(b"arc-"):
                continue
            field, problems = read_leniently(match[2].decode("latin-1"), accepts=self._accepts())
            unreadable += problems
            if field is not None:
                fields.append(field)
        return fields, unreadable

    def _accepts(self) -> Callable[[str], bool]:
        if self.wanted.servers:
            return self.wanted.servers.__contains__
        trusted, ignored = TRUSTED_SERVERS.of(self.conf), IGNORED_SERVERS.of(self.conf)
        return lambda server: (not trusted or server in trusted) and server not in ignored

    async def _signature(
        self, wire: WireMessage, result: SignatureResult, deadline: Deadline
    ) -> dict[str, object]:
        """One signature: its result, its key, and how what it covers stands."""
        # Which key is short is for the configuration to say.
        caveats: list[str] = [caveat for caveat in result.caveats if caveat != "short key"]
        if result.key_bits is not None and result.algorithm.startswith("rsa"):
            caveats += ["short key"] if result.key_bits < DKIM_MINIMUM_KEY_BITS.of(self.conf) else []
        told = {**result.as_json(), "caveats": caveats}
        if result.selector and result.domain:
            told["key_name"] = key_name(result.selector, result.domain)
        hashed = hashed_text(wire, result)
        if hashed is None:
            return told
        if hashed.body is not None:
            told["body_size"] = len(hashed.body)
            told["unsigned_bytes"] = len(hashed.body) - len(hashed.covered_body)
            if (matches := hashed.body_matches) is not None:
                told["body_hash"] = "match" if matches else "differ"
            fault = await self._fault(wire, result, hashed, deadline)
            if fault is not None:
                told["body_fault"] = fault
        if self.wanted.canonical == "header":
            told["canonical_header"] = hashed.header.decode("latin-1")
        elif self.wanted.canonical == "body" and hashed.body is not None:
            told["canonical_body"] = hashed.covered_body.decode("latin-1")
        return told

    async def _fault(
        self, wire: WireMessage, result: SignatureResult, hashed: HashedText, deadline: Deadline
    ) -> dict[str, object] | None:
        """What happened to the body, where its hash is known and another."""
        body = hashed.body or b""
        if hashed.body_matches is False:
            return find_fault(body, hashed.body_hash, hashed.hash_name, length=hashed.length).as_json()
        if result.type != "DomainKeys" or result.reason != TEXT_ALTERED:
            return None
        # The hash that was signed stands in the signature itself, behind its key.
        answer = await self.resolver.query(
            key_name(result.selector or "", result.domain or ""), "TXT", deadline
        )
        try:
            signature = decoded(read_tags(wire.fields[result.position].value)[b"b"], b"b")
            wanted = key_from(answer).signed_digest(signature, hashed.hash_name)
        except Refused:
            return None
        if wanted is None:
            return None
        fault = find_fault(body, wanted, hashed.hash_name, before=hashed.header)
        return None if fault.change == "unknown" else fault.as_json()
