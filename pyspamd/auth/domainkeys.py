"""DomainKeys (RFC 4870, historic): verifying its signatures, reading the policies of sending domains."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ..base.clock import Deadline
from ..net.resolver import Resolver
from .addresses import first_address
from .canonical import nofws_body, without_empty_end
from .keys import PublicKey, digest_of
from .pending import Pending, Refused, key_name, settle_all
from .result import Caveat, SignatureResult
from .signature_value import decoded, granularity_allows, is_within
from .taglist import TagListError, names, read_tags, text
from .wireform import Field, WireMessage, count_authors

FIELD = b"domainkey-signature"
SENDERS = (b"sender", b"from")


async def verify(
    message: bytes | WireMessage, resolver: Resolver, *, deadline: Deadline | None = None
) -> list[SignatureResult]:
    """What every DomainKey-Signature of `message` is worth, from top to bottom; never raises.

    A message without such a field asks the resolver nothing.
    """
    wire = message if isinstance(message, WireMessage) else WireMessage(message)
    if not wire.has_signature():
        return []
    found = [prepare(wire, at) for at, field in enumerate(wire.fields) if field.name == FIELD]
    return await settle_all(found, resolver, deadline)


def prepare(message: WireMessage, at: int) -> Pending:
    """The signature in field number `at` of `message`, read, and checked as far as goes without its key."""
    result = SignatureResult(type="DomainKeys", result="permerror", position=at)
    try:
        tags = read_tags(message.fields[at].value)
    except TagListError as error:
        result = replace(result, reason=str(error), readable=error.tags is not None)
        return Pending(_described(result, error.tags or {}, None))
    algorithm = (tags.get(b"a") or b"rsa-sha1").lower()
    form = (tags.get(b"c") or b"simple").lower()
    signed = signed_fields(message.fields[at + 1 :], names(tags[b"h"]) if tags.get(b"h") else ())
    identity = signing_identity(signed)
    result = _described(result, tags, identity)
    try:
        signature = _check_tags(tags, algorithm, form)
    except Refused as refused:
        return Pending(replace(result, result=refused.word, reason=refused.reason))
    name, host = result.selector or "", result.domain or ""

    def check(key: PublicKey) -> tuple[str, tuple[Caveat, ...]]:
        if identity is None or not is_within(text(identity), host):
            raise Refused("permerror", "bad identity")
        if key.type != "rsa":
            raise Refused("permerror", "public key: unsupported key type")
        if key.hashes and b"sha1" not in key.hashes:
            raise Refused("permerror", "public key: does not support hash algorithm 'sha1'")
        # RFC 4870 section 3.2.3: an empty g= restricts nothing.
        local = identity[: identity.rindex(b"@")]
        if key.granularity and not granularity_allows(key.granularity, local):
            raise Refused("permerror", "public key: granularity mismatch")
        if key.exact_domain and text(identity).rpartition("@")[2].lower() != host:
            raise Refused("permerror", "public key: does not support signing subdomains")
        digest = digest_of("sha1", signed_text(form, signed, message.body))
        return key.verify(signature, digest, "sha1"), _caveats(message, signed)

    return Pending(result, key_name(name, host), check)


def _described(
    result: SignatureResult, tags: Mapping[bytes, bytes], identity: bytes | None
) -> SignatureResult:
    return replace(
        result,
        domain=text(tags[b"d"]).lower() if b"d" in tags else None,
        selector=text(tags[b"s"]) if b"s" in tags else None,
        identity=None if identity is None else text(identity),
        algorithm=text((tags.get(b"a") or b"rsa-sha1").lower()),
        canonicalization=text((tags.get(b"c") or b"simple").lower()),
        covered=tuple(text(name) for name in names(tags[b"h"])) if tags.get(b"h") else (),
    )


def _check_tags(tags: dict[bytes, bytes], algorithm: bytes, form: bytes) -> bytes:
    """The decoded signature (RFC 4870 section 3.3); `Refused` where a tag is missing or asks for what is not known."""
    if algorithm != b"rsa-sha1":
        raise Refused("permerror", f"unsupported algorithm {text(algorithm)}")
    if form not in (b"simple", b"nofws"):
        raise Refused("permerror", f"unsupported canonicalization {text(form)}")
    # q= is required, yet many signers left it out; "dns" is its only value.
    if tags.get(b"q", b"dns").lower() != b"dns":
        raise Refused("permerror", f"unsupported query protocol, q={text(tags[b'q'])}")
    if not tags.get(b"d"):
        raise Refused("permerror", "invalid domain in d tag" if b"d" in tags else "missing d tag")
    if not tags.get(b"s"):
        raise Refused("permerror", "missing s tag")
    if not tags.get(b"b"):
        raise Refused("permerror", "missing b tag")
    return decoded(tags[b"b"], b"b")


def signed_fields(below: Sequence[Field], listed: Sequence[bytes]) -> list[Field]:
    """The header fields that the signature covers, in the order in which they were hashed.

    Only fields below the signature count. With `h=`, a name listed once stands for all fields of that name;
    listed more often, each mention but the first stands for one field, from the bottom up, and the first for
    the rest (RFC 4870 sections 3.3 and 3.4.2).
    """
    if not listed:
        return list(below)
    groups: dict[bytes, list[Field]] = {}
    for field in below:
        if field.name:
            groups.setdefault(field.name, []).append(field)
    mentions: dict[bytes, int] = {}
    for name in listed:
        mentions[name] = mentions.get(name, 0) + 1
    backwards: list[Field] = []
    for name in reversed(listed):
        mentions[name] -= 1
        group = groups.get(name)
        if not group:
            continue
        if mentions[name]:
            backwards.append(group.pop())
        else:
            backwards.extend(reversed(group))
            group.clear()
    backwards.reverse()
    return backwards


def signing_identity(signed: Sequence[Field]) -> bytes | None:
    """The sending address: the first one in Sender, else in From (RFC 4870 section 2.3), of the fields covered.

    What the signature does not cover cannot say whose it is. `None` where neither field has an address.
    """
    values = {field.name: field.value for field in signed if field.name in SENDERS}
    for name in SENDERS:
        if name in values and (address := first_address(values[name])) is not None:
            return address
    return None


def signed_text(form: bytes, signed: Sequence[Field], body: bytes) -> bytes:
    """What was hashed (RFC 4870 section 3.4.2): the fields, an empty line, the body; empty lines at the end are not.

    An empty body takes the empty line above it along.
    """
    if form == b"nofws":
        body = nofws_body(body)
        lines = [field.nofws for field in signed]
    else:
        body = without_empty_end(body)
        lines = [field.text for field in signed]
    head = b"\r\n".join((*lines, b""))
    return head + b"\r\n" + body if body else head


def _caveats(message: WireMessage, signed: Sequence[Field]) -> tuple[Caveat, ...]:
    return ("unsigned From",) if message.authors > count_authors(signed) else ()


@dataclass(frozen=True, slots=True)
class SendingPolicy:
    """What a sending domain says at `_domainkey.domain` of its mail as a whole (RFC 4870 section 3.6).

    `signs_all` is `o=-`; `signs_some`, `o=~`, is also the default. `testing` is `t=y`, `contact` `r=`, `note`
    `n=`. `published` is false where there is no such record, `passing` true where the DNS could not say.
    """

    signs_all: bool = False
    testing: bool = False
    contact: str = ""
    note: str = ""
    published: bool = False
    passing: bool = False

    @property
    def signs_some(self) -> bool:
        """Whether unsigned mail of the domain is to be expected."""
        return not self.signs_all


def read_policy(record: bytes) -> SendingPolicy:
    """The policy in the text of a TXT record; what cannot be read is the default policy, not published."""
    try:
        tags = read_tags(record)
    except TagListError:
        return SendingPolicy()
    if not tags.keys() & {b"o", b"t", b"r", b"n"}:
        return SendingPolicy()
    return SendingPolicy(
        signs_all=tags.get(b"o") == b"-",
        testing=b"y" in tags.get(b"t", b"").lower(),
        contact=text(tags.get(b"r", b"")),
        note=text(tags.get(b"n", b"")),
        published=True,
    )


async def lookup_policy(
    domain: str, resolver: Resolver, *, deadline: Deadline | None = None
) -> SendingPolicy:
    """The policy of `domain`, the domain of the sending address."""
    answer = await resolver.query(f"_domainkey.{domain}", "TXT", deadline)
    if answer.passing:
        return SendingPolicy(passing=True)
    for record in answer.texts:
        if (policy := read_policy(record)).published:
            return policy
    return SendingPolicy()


def sender_domain(message: bytes | WireMessage) -> str | None:
    """The domain of a message's sending address, signed or not, lower case; `None` where there is none."""
    wire = message if isinstance(message, WireMessage) else WireMessage(message)
    identity = signing_identity(wire.fields)
    if identity is None or b"@" not in identity:
        return None
    return text(identity).rpartition("@")[2].lower() or None
