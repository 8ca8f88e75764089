"""DKIM (RFC 6376, RFC 8301, RFC 8463): reading and verifying its signatures."""

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from ..base.clock import Deadline
from ..net.resolver import Resolver
from .canonical import relaxed_body, relaxed_field, simple_body
from .keys import HashName, PublicKey, digest_of
from .pending import Pending, Refused, key_name, settle_all
from .result import BODY_ALTERED, Caveat, SignatureResult
from .signature_value import decoded, granularity_allows, is_within, unquoted
from .taglist import TagListError, names, number, read_tags, text
from .wireform import Field, WireMessage, count_authors

FIELD = b"dkim-signature"
REQUIRED = (b"v", b"a", b"d", b"s", b"h", b"bh", b"b")
BODY_FORMS = {b"simple": simple_body, b"relaxed": relaxed_body}
ALGORITHMS: dict[bytes, tuple[str, HashName]] = {
    b"rsa-sha1": ("rsa", "sha1"),
    b"rsa-sha256": ("rsa", "sha256"),
    b"ed25519-sha256": ("ed25519", "sha256"),
}


class BodyHashes:
    """The hashes of one body, each worked out once however many signatures ask for it."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._forms: dict[bytes, bytes] = {}
        self._hashes: dict[tuple[bytes, HashName, int | None], bytes] = {}

    def hash(self, form: bytes, hash_name: HashName, length: int | None) -> bytes:
        """The hash of the body in canonical form, or of its first `length` bytes (RFC 6376 section 3.7)."""
        if form not in self._forms:
            self._forms[form] = BODY_FORMS[form](self._body)
        key = (form, hash_name, length)
        if key not in self._hashes:
            self._hashes[key] = digest_of(hash_name, self._forms[form][:length])
        return self._hashes[key]


async def verify(
    message: bytes | WireMessage,
    resolver: Resolver,
    *,
    now: float | None = None,
    deadline: Deadline | None = None,
) -> list[SignatureResult]:
    """What every DKIM-Signature of `message` is worth, from top to bottom; never raises.

    `now` is the time in seconds since 1970. A message without such a field asks the resolver nothing.
    """
    wire = message if isinstance(message, WireMessage) else WireMessage(message)
    if not wire.has_signature():
        return []
    moment = time.time() if now is None else now
    hashes = BodyHashes(wire.body)
    found = [prepare(wire, at, hashes, moment) for at, f in enumerate(wire.fields) if f.name == FIELD]
    return await settle_all(found, resolver, deadline)


def prepare(message: WireMessage, at: int, hashes: BodyHashes, now: float) -> Pending:
    """The signature in field number `at` of `message`, read, and checked as far as goes without its key."""
    result = SignatureResult(type="DKIM", result="permerror", position=at)
    try:
        tags = read_tags(message.fields[at].value)
    except TagListError as error:
        result = replace(result, reason=str(error), readable=error.tags is not None)
        return Pending(described(result, error.tags) if error.tags else result)
    result = described(result, tags)
    try:
        check_required(tags)
        result = replace(
            result,
            body_length=number(tags, b"l"),
            timestamp=number(tags, b"t"),
            expiration=number(tags, b"x"),
        )
        check_tags(tags, result, now)
        signature, body_hash = decoded(tags[b"b"], b"b"), decoded(tags[b"bh"], b"bh")
    except TagListError as error:
        return Pending(replace(result, reason=str(error)))
    except Refused as refused:
        return Pending(replace(result, result=refused.word, reason=refused.reason))
    kind, hash_name = ALGORITHMS[tags[b"a"].lower()]
    header_form, _, body_form = result.canonicalization.encode().partition(b"/")

    def check(key: PublicKey) -> tuple[str, tuple[Caveat, ...]]:
        check_key(key, kind, hash_name, result.identity or "", result.domain or "")
        signed = signed_fields(message.fields, names(tags[b"h"]))
        digest = digest_of(hash_name, signed_text(header_form, signed, message.fields[at]))
        reason = key.verify(signature, digest, hash_name)
        if not reason and hashes.hash(body_form, hash_name, result.body_length) != body_hash:
            reason = BODY_ALTERED
        return reason, _caveats(result, message, signed)

    return Pending(result, key_name(result.selector or "", result.domain or ""), check)


def described(result: SignatureResult, tags: Mapping[bytes, bytes]) -> SignatureResult:
    """`result` with everything that a signature says of itself, right or wrong."""
    header_form, _, body_form = (tags.get(b"c") or b"simple").lower().partition(b"/")
    domain = text(tags[b"d"]).lower() if b"d" in tags else None
    return replace(
        result,
        domain=domain,
        selector=text(tags[b"s"]) if b"s" in tags else None,
        identity=unquoted(text(tags[b"i"])) if b"i" in tags else f"@{domain or ''}",
        algorithm=text(tags.get(b"a", b"").lower()),
        canonicalization=f"{text(header_form)}/{text(body_form or b'simple')}",
        covered=tuple(text(name) for name in names(tags[b"h"])) if b"h" in tags else (),
    )


def check_required(tags: Mapping[bytes, bytes]) -> None:
    """RFC 6376 section 6.1.1: a signature without one of its required tags is refused."""
    for tag in REQUIRED:
        if not tags.get(tag):
            raise Refused("permerror", f"missing {tag.decode()} tag")


def check_tags(tags: Mapping[bytes, bytes], result: SignatureResult, now: float) -> None:
    """The rest of RFC 6376 section 6.1.1, as far as it concerns what the tags say; raises `Refused`."""
    if tags[b"v"] != b"1":
        raise Refused("permerror", f"unsupported version {text(tags[b'v'])}")
    if result.algorithm.encode("latin-1", "replace") not in ALGORITHMS:
        raise Refused("permerror", f"unsupported algorithm {result.algorithm}")
    if not all(form in ("simple", "relaxed") for form in result.canonicalization.split("/", 1)):
        raise Refused("permerror", f"unsupported canonicalization {result.canonicalization}")
    if b"q" in tags and b"dns/txt" not in names(tags[b"q"]):
        raise Refused("permerror", f"unsupported query protocol, q={text(tags[b'q'])}")
    # What is required of i= and h= (sections 3.5 and 5.4) is told before any key is fetched.
    if not is_within(result.identity or "", result.domain or ""):
        raise Refused("permerror", "bad identity")
    if "from" not in result.covered:
        raise Refused("permerror", "From field not signed")
    if result.expiration is not None:
        if result.timestamp is not None and result.expiration <= result.timestamp:
            raise Refused("permerror", "x= is not later than t=")
        if now > result.expiration:
            raise Refused("policy", "signature is expired")


def check_key(key: PublicKey, kind: str, hash_name: HashName, identity: str, domain: str) -> None:
    """Whether the key's owner allows this signature (RFC 6376 section 6.1.2); raises `Refused`."""
    if key.type != kind:
        raise Refused("permerror", "public key: inappropriate key algorithm")
    if key.hashes and hash_name.encode() not in key.hashes:
        raise Refused("permerror", f"public key: does not support hash algorithm '{hash_name}'")
    local, _, host = identity.rpartition("@")
    # RFC 6376 has dropped g=; where a key still restricts itself so, it means it. Left empty it allowed
    # nothing in RFC 4871, and everything in RFC 4870, whose keys do not call themselves DKIM1.
    if not key.granularity:
        if key.versioned:
            raise Refused("permerror", "public key: granularity is empty")
    elif not granularity_allows(key.granularity, local.encode("utf-8", "surrogateescape")):
        raise Refused("permerror", "public key: granularity mismatch")
    if key.exact_domain and host.lower() != domain:
        raise Refused("permerror", "public key: does not support signing subdomains")


def signed_fields(fields: Sequence[Field], listed: Sequence[bytes]) -> list[Field]:
    """The fields that `h=` names, each mention the next of that name from the bottom up (section 5.4.2)."""
    wanted = set(listed)
    stacks: defaultdict[bytes, list[Field]] = defaultdict(list)
    for field in fields:
        if field.name in wanted:
            stacks[field.name].append(field)
    return [stacks[name].pop() for name in listed if stacks.get(name)]


def signed_text(form: bytes, signed: Sequence[Field], signature: Field) -> bytes:
    """What the header hash is of (section 3.7): the fields, then the signature's own with an empty `b=`, no CRLF."""
    relaxed = form == b"relaxed"
    lines = [field.relaxed if relaxed else field.text for field in signed]
    own = without_signature(signature.text)
    lines.append(relaxed_field(own) if relaxed else own)
    return b"\r\n".join(lines)


def without_signature(field: bytes) -> bytes:
    """A signature field with the value of `b=`, and the white space around it, taken out."""
    name, colon, value = field.partition(b":")
    pieces = value.split(b";")
    for at, piece in enumerate(pieces):
        tag, equals, _ = piece.partition(b"=")
        if equals and tag.strip() == b"b":
            pieces[at] = tag + equals
    return name + colon + b";".join(pieces)


def _caveats(result: SignatureResult, message: WireMessage, signed: Sequence[Field]) -> tuple[Caveat, ...]:
    found: list[Caveat] = []
    if result.body_length is not None:
        found.append("length")
    if result.algorithm == "rsa-sha1":
        found.append("rsa-sha1")
    if message.authors > count_authors(signed):
        found.append("unsigned From")
    return tuple(found)
