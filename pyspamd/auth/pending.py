"""A signature between reading and verifying: it may wait for its key, and it never raises."""

from asyncio import gather
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from ..base.clock import Deadline
from ..base.idn import idn_to_ascii
from ..net.resolver import Answer, Resolver
from .keys import KeyRecordError, PublicKey, read_key
from .result import SHORT_KEY_BITS, Caveat, SignatureResult, Word

MOST_KEY_RECORDS = 10


class Refused(Exception):  # noqa: N818 - it carries a verdict, not a programming error
    """The signature's fate is known: a result word and the reason."""

    def __init__(self, word: Word, reason: str) -> None:
        super().__init__(reason)
        self.word = word
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Pending:
    """A signature read so far: what is known of it, and if it needs a key, where that is and what to do with it.

    `check` takes the key and returns the reason why the signature fails, empty where it holds; it may raise
    `Refused`.
    """

    result: SignatureResult
    key_name: str = ""
    check: Callable[[PublicKey], tuple[str, tuple[Caveat, ...]]] | None = None


def key_name(selector: str, domain: str) -> str:
    """Where the key stands (RFC 6376 section 3.6.2.1, RFC 4870 section 3.2.1), in A-labels (RFC 8616)."""
    name = f"{selector}._domainkey.{domain}"
    return name if name.isascii() else idn_to_ascii(name, characters=True)


def key_from(answer: Answer) -> PublicKey:
    """The key in the answer to the question for it; `Refused` where there is none.

    Of several records, whose order means nothing (RFC 6376 section 3.6.2.2), the first that holds a key
    counts.
    """
    if answer.passing:
        raise Refused("temperror", f"public key: {_moment(answer)}")
    wrong: KeyRecordError | None = None
    for text in answer.texts[:MOST_KEY_RECORDS]:
        try:
            return read_key(text)
        except KeyRecordError as error:
            wrong = wrong or error
    raise Refused("permerror", f"public key: {wrong or 'not available'}")


def _moment(answer: Answer) -> str:
    if answer.status == "timeout":
        return "DNS query timed out"
    return f"DNS error: {answer.rcode or answer.reason or answer.status}"


def settle(pending: Pending, answer: Answer | None) -> SignatureResult:
    """The result of a signature now that the answer for its key is there."""
    result = pending.result
    if pending.check is None or answer is None:
        return result
    try:
        key = key_from(answer)
    except Refused as refused:
        return replace(result, result=refused.word, reason=refused.reason)
    caveats: tuple[Caveat, ...] = ()
    try:
        reason, caveats = pending.check(key)
        word: Word = "fail" if reason else "pass"
    except Refused as refused:
        word, reason = refused.word, refused.reason
    if key.type == "rsa" and key.bits < SHORT_KEY_BITS:
        caveats += ("short key",)
    if key.testing:
        caveats += ("testing",)
    return replace(
        result, result=word, reason=reason, caveats=caveats, key_bits=key.bits, testing=key.testing
    )


async def settle_all(
    pending: Sequence[Pending], resolver: Resolver, deadline: Deadline | None = None
) -> list[SignatureResult]:
    """The results in order; every key is asked for once, all of them together."""
    wanted = list(dict.fromkeys(entry.key_name for entry in pending if entry.check is not None))
    answers = dict(
        zip(wanted, await gather(*(resolver.query(name, "TXT", deadline) for name in wanted)), strict=True)
    )
    return [settle(entry, answers.get(entry.key_name)) for entry in pending]
