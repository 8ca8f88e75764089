"""ARC (RFC 8617): the chain of authentication results that intermediaries seal, verified link by link."""

import re
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from ..base.clock import Deadline
from ..net.resolver import Resolver
from .canonical import relaxed_field
from .dkim import (
    ALGORITHMS,
    BodyHashes,
    described,
    signed_fields,
    signed_text,
    without_signature,
)
from .keys import HashName, PublicKey, digest_of
from .pending import Pending, Refused, key_name, settle_all
from .result import BODY_ALTERED, Caveat, SignatureResult
from .signature_value import decoded
from .taglist import TagListError, names, number, read_tags, text
from .truncated import beyond_checking
from .wireform import Field, WireMessage

SEAL = b"arc-seal"
MESSAGE = b"arc-message-signature"
RESULTS = b"arc-authentication-results"
MOST_INSTANCES = 50
Sets = Mapping[tuple[int, bytes], Field]
"""The fields of a chain by instance and name."""
_INSTANCE = re.compile(rb"\s*i[ \t\r\n]*=[ \t\r\n]*([0-9]{1,9})[ \t\r\n]*;")


@dataclass(frozen=True, slots=True)
class ArcChain:
    """The state of a message's ARC chain, and every seal and message signature in it from top to bottom.

    `result` is "none" (no ARC at all), "pass" or "fail", as `cv=` would have it (RFC 8617 section 4.4), or
    "neutral", for which RFC 8617 has no word: the end of the message is missing, and with it the answer. A
    chain whose parts do not fit together fails as a whole: none of its signatures counts.
    """

    result: Literal["none", "pass", "fail", "neutral"] = "none"
    reason: str = ""
    signatures: tuple[SignatureResult, ...] = ()

    @property
    def valid(self) -> tuple[SignatureResult, ...]:
        """The signatures that verify, each for itself, whatever the chain as a whole is worth."""
        return tuple(result for result in self.signatures if result.valid and result.selector)

    @property
    def sealers(self) -> tuple[str, ...]:
        """The domains that sealed, from the first to the last."""
        seals = [s for s in self.signatures if s.part == "seal" and s.domain]
        return tuple(s.domain or "" for s in sorted(seals, key=lambda s: s.instance or 0))


@dataclass(frozen=True, slots=True)
class _Part:
    """A seal or message signature: where it stands, its tags, `None` where it is no tag list, and what is wrong."""

    at: int
    kind: Literal["seal", "message"]
    tags: Mapping[bytes, bytes] | None
    wrong: str

    @property
    def title(self) -> str:
        return "ARC-Seal" if self.kind == "seal" else "ARC-Message-Signature"

    @property
    def instance(self) -> int | None:
        value = (self.tags or {}).get(b"i", b"")
        return int(value) if value.isdigit() and len(value) < 10 else None


async def verify(
    message: bytes | WireMessage,
    resolver: Resolver,
    *,
    now: float | None = None,
    deadline: Deadline | None = None,
    truncated: bool = False,
) -> ArcChain:
    """What the ARC chain of `message` is worth (RFC 8617 section 5.2); never raises.

    A message without ARC fields asks the resolver nothing. `truncated` says that the end of it is missing.
    """
    wire = message if isinstance(message, WireMessage) else WireMessage(message)
    if not wire.has_signature():
        return ArcChain()
    parts = _parts(wire)
    if not parts:
        return ArcChain()
    if wrong := _misfit(wire, parts):
        told = [replace(_described(part), result="fail", reason=wrong) for part in parts]
        return ArcChain("fail", wrong, tuple(told))
    body = BodyHashes(wire.body)
    moment = time.time() if now is None else now
    sets = sets_of(wire)
    found = await settle_all([_prepare(wire, part, sets, body, moment) for part in parts], resolver, deadline)
    if truncated:
        found = [beyond_checking(result, wire) for result in found]
    if wrong := _missing(wire, parts):
        return ArcChain("fail", wrong, tuple(found))
    broken = _broken(parts, found)
    if broken is None:
        return ArcChain("pass", "", tuple(found))
    title = "ARC-Seal" if broken.part == "seal" else "ARC-Message-Signature"
    word: Literal["fail", "neutral"] = "neutral" if broken.uncheckable else "fail"
    return ArcChain(word, f"{title} {broken.instance}: {broken.detail}", tuple(found))


def _parts(message: WireMessage) -> list[_Part]:
    parts = []
    for at, field in enumerate(message.fields):
        if field.name not in (SEAL, MESSAGE):
            continue
        try:
            tags: Mapping[bytes, bytes] | None = read_tags(field.value)
        except TagListError as error:
            tags = error.tags
            wrong = str(error)
        else:
            wrong = ""
        parts.append(_Part(at, "seal" if field.name == SEAL else "message", tags, wrong))
    return parts


def _misfit(message: WireMessage, parts: list[_Part]) -> str:
    """Why the parts are no chain at all: malformed, numbered wrongly or twice; empty where they are one.

    A field that is no tag list at all is left to `_missing`: the others can still be verified each for
    itself.
    """
    seen: set[tuple[str, int]] = set()
    for part in parts:
        if part.tags is None:
            continue
        if part.wrong:
            return f"{part.title}: {part.wrong}"
        if part.instance is None or not 1 <= part.instance <= MOST_INSTANCES:
            return f"invalid {part.title} instance '{text(part.tags.get(b'i', b''))}'"
        if (part.kind, part.instance) in seen:
            return f"more than one {part.title} {part.instance}"
        seen.add((part.kind, part.instance))
    for instance, count in Counter(_results_numbers(message)).items():
        if count > 1:
            return f"more than one ARC-Authentication-Results {instance}"
    return ""


def _results_numbers(message: WireMessage) -> list[int]:
    found = (_INSTANCE.match(field.value) for field in message.fields if field.name == RESULTS)
    return [int(match[1]) for match in found if match]


def _missing(message: WireMessage, parts: list[_Part]) -> str:
    """Which part of which set is not there (RFC 8617 section 5.2, step 3), or which seal says the wrong thing."""
    for part in parts:
        if part.tags is None:
            return f"{part.title}: {part.wrong}"
    seals = {part.instance: part for part in parts if part.kind == "seal"}
    texts = {part.instance for part in parts if part.kind == "message"}
    results = set(_results_numbers(message))
    for instance in range(1, max(part.instance or 0 for part in parts) + 1):
        if instance not in seals:
            return f"missing ARC-Seal {instance}"
        if instance not in texts:
            return f"missing ARC-Message-Signature {instance}"
        if instance not in results:
            return f"missing ARC-Authentication-Results {instance}"
        claim = (seals[instance].tags or {}).get(b"cv", b"").lower()
        if claim != (b"none" if instance == 1 else b"pass"):
            return f"wrong cv for ARC-Seal {instance}"
    return ""


def _broken(parts: list[_Part], found: list[SignatureResult]) -> SignatureResult | None:
    """The signature that must verify and does not: the latest message signature, or a seal (steps 4 and 6).

    One that is bad counts before one that cannot be checked.
    """
    latest = max(part.instance or 0 for part in parts)
    for result in sorted(found, key=lambda r: (r.uncheckable, r.part == "seal", -(r.instance or 0))):
        if (result.part == "seal" or result.instance == latest) and not result.valid:
            return result
    return None


def _described(part: _Part) -> SignatureResult:
    result = SignatureResult(
        type="ARC", result="permerror", part=part.kind, readable=part.tags is not None, position=part.at
    )
    result = described(result, part.tags or {})
    form = "relaxed/relaxed" if part.kind == "seal" else result.canonicalization
    # i= is a number here, not an identity.
    return replace(result, identity=None, instance=part.instance, canonicalization=form)


def _prepare(message: WireMessage, part: _Part, sets: Sets, hashes: BodyHashes, now: float) -> Pending:
    """A seal or message signature, checked as far as goes without its key."""
    result = _described(part)
    if part.tags is None:
        return Pending(replace(result, reason=part.wrong))
    tags = part.tags
    try:
        result = replace(
            result,
            body_length=number(tags, b"l") if part.kind == "message" else None,
            timestamp=number(tags, b"t"),
            expiration=number(tags, b"x"),
        )
        _check_tags(tags, result, now)
        signature = decoded(tags[b"b"], b"b")
        body_hash = decoded(tags[b"bh"], b"bh") if part.kind == "message" else b""
    except TagListError as error:
        return Pending(replace(result, reason=str(error)))
    except Refused as refused:
        return Pending(replace(result, result=refused.word, reason=refused.reason))
    kind, hash_name = ALGORITHMS[tags[b"a"].lower()]
    header_form, _, body_form = result.canonicalization.encode().partition(b"/")
    weak: tuple[Caveat, ...] = ("rsa-sha1",) if hash_name == "sha1" else ()

    def check(key: PublicKey) -> tuple[str, tuple[Caveat, ...]]:
        _check_key(key, kind, hash_name)
        own = message.fields[part.at]
        if part.kind == "seal":
            signed = sealed_text(sets, part.instance or 0, own)
        else:
            signed = signed_text(header_form, signed_fields(message.fields, names(tags[b"h"])), own)
        reason = key.verify(signature, digest_of(hash_name, signed), hash_name)
        if part.kind == "seal" or reason:
            return reason, weak
        altered = hashes.hash(body_form, hash_name, result.body_length) != body_hash
        return BODY_ALTERED if altered else "", weak

    return Pending(result, key_name(result.selector or "", result.domain or ""), check)


def _check_tags(tags: Mapping[bytes, bytes], result: SignatureResult, now: float) -> None:
    """What RFC 8617 sections 4.1.2 and 4.1.3 require of the tags; raises `Refused`."""
    required = (b"a", b"d", b"s", b"b") + ((b"h", b"bh") if result.part == "message" else ())
    for tag in required:
        if not tags.get(tag):
            raise Refused("permerror", f"missing {tag.decode()} tag")
    if tags[b"a"].lower() not in ALGORITHMS:
        raise Refused("permerror", f"unsupported algorithm {result.algorithm}")
    if not all(form in ("simple", "relaxed") for form in result.canonicalization.split("/", 1)):
        raise Refused("permerror", f"unsupported canonicalization {result.canonicalization}")
    if result.part == "seal" and b"h" in tags:
        raise Refused("permerror", "h= is not allowed in ARC-Seal")
    if SEAL.decode() in result.covered:
        raise Refused("fail", "ARC-Message-Signature covers ARC-Seal")
    if result.expiration is not None and now > result.expiration:
        raise Refused("policy", "signature is expired")


def _check_key(key: PublicKey, kind: str, hash_name: HashName) -> None:
    if key.type != kind:
        raise Refused("permerror", "public key: inappropriate key algorithm")
    if key.hashes and hash_name.encode() not in key.hashes:
        raise Refused("permerror", f"public key: does not support hash algorithm '{hash_name}'")


def sets_of(message: WireMessage) -> Sets:
    """The fields of every set; of several that are alike the first."""
    sets: dict[tuple[int, bytes], Field] = {}
    for field in message.fields:
        if field.name == RESULTS:
            match = _INSTANCE.match(field.value)
            number_ = int(match[1]) if match else 0
        elif field.name in (SEAL, MESSAGE):
            try:
                value = read_tags(field.value).get(b"i", b"")
            except TagListError:
                continue
            number_ = int(value) if value.isdigit() and len(value) < 10 else 0
        else:
            continue
        sets.setdefault((number_, field.name), field)
    return sets


def sealed_text(sets: Sets, instance: int, own: Field) -> bytes:
    """What a seal's hash is of (RFC 8617 section 5.1.1): every set up to its own, in order, itself without `b=`."""
    lines = []
    for at in range(1, instance + 1):
        for name in (RESULTS, MESSAGE) if at == instance else (RESULTS, MESSAGE, SEAL):
            if (part := sets.get((at, name))) is not None:
                lines.append(part.relaxed)
    lines.append(relaxed_field(without_signature(own.text)))
    return b"\r\n".join(lines)
