"""What one signature is worth, in RFC 8601's words, with everything that rules may want to know of it."""

from dataclasses import dataclass
from typing import Literal

SignatureType = Literal["DKIM", "DomainKeys", "ARC"]
Word = Literal["none", "pass", "fail", "policy", "neutral", "temperror", "permerror"]
"""RFC 8601 section 2.7.1: the results of DKIM and DomainKeys (and, section 2.7.6, of ARC)."""

Caveat = Literal["length", "short key", "rsa-sha1", "testing", "unsigned From"]
"""What weakens a signature that does verify; what it is worth then is for rules to say.

length: `l=` leaves the end of the body to others. short key: below 1,024 bits (RFC 8301). rsa-sha1: RFC 8301
forbids it. testing: the key says `t=y`. unsigned From: a From field stands in the message that the signature
does not cover. """

SHORT_KEY_BITS = 1024
BODY_ALTERED = "body has been altered"
TEXT_ALTERED = "message has been altered"
"""Why a signature fails: another body hash than `bh=`; another hash than the one signed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureResult:
    """One signature header field of a message, verified.

    `domain` (lower case) and `selector` are `None` where the tag is missing. `identity` is `i=`, by default
    "@" and the domain; of a DomainKeys signature the address in Sender or From, `None` where there is none.
    `readable` is false where the field is no tag list at all. `key_bits` is the size of the public key,
    `None` where none was had. `canonicalization` is header form and body form with a slash. `covered` are the
    names in `h=`, lower case, in order. `instance` is ARC's `i=`, `part` which of ARC's fields it is. `position`
    is the field's place among the header fields, from 0.
    """

    type: SignatureType
    result: Word
    reason: str = ""
    caveats: tuple[Caveat, ...] = ()
    domain: str | None = None
    selector: str | None = None
    identity: str | None = None
    readable: bool = True
    algorithm: str = ""
    canonicalization: str = ""
    key_bits: int | None = None
    covered: tuple[str, ...] = ()
    body_length: int | None = None
    timestamp: int | None = None
    expiration: int | None = None
    testing: bool = False
    instance: int | None = None
    part: Literal["", "seal", "message"] = ""
    position: int = -1

    @property
    def valid(self) -> bool:
        """Whether the signature verifies."""
        return self.result == "pass"

    @property
    def uncheckable(self) -> bool:
        """Whether the part of the message that would decide is missing (`auth/truncated.py`)."""
        return self.result == "neutral"

    @property
    def signer(self) -> str | None:
        """The domain that takes responsibility as SpamAssassin sees it: that of the identity, lower case.

        Without an identity, the signing domain.
        """
        if self.identity is None:
            return self.domain
        _, at, rest = self.identity.partition("@")
        words = rest.split(None, 1)
        return words[0].lower() if at and words and rest[:1].strip() else None

    @property
    def detail(self) -> str:
        """Result and reason in one text, as in a log line."""
        return f"{self.result} ({self.reason})" if self.reason else self.result

    def as_json(self) -> dict[str, object]:
        """The result as a flat JSON object; what is not known is left out, apart from the identifiers."""
        told: dict[str, object] = {
            "type": self.type,
            "domain": self.domain,
            "selector": self.selector,
            "result": self.result,
            "reason": self.reason,
            "caveats": list(self.caveats),
            "identity": self.identity,
        }
        for name in ("algorithm", "canonicalization", "key_bits", "body_length", "timestamp", "expiration"):
            if (value := getattr(self, name)) not in (None, ""):
                told[name] = value
        if self.covered:
            told["covered"] = list(self.covered)
        if self.type == "ARC":
            told["instance"], told["part"] = self.instance, self.part
        return told
