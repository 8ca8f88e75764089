"""Signatures of a message whose end is missing: what cannot be checked is not bad.

RFC 8601 section 2.7.1 has `neutral` for a signature that could not be processed. Only what the missing part decides
becomes neutral: a DKIM signature over the header that fails does so whatever follows.
"""

from dataclasses import replace

from .result import BODY_ALTERED, TEXT_ALTERED, SignatureResult
from .wireform import WireMessage


def beyond_checking(result: SignatureResult, message: WireMessage) -> SignatureResult:
    """`result`, `neutral` where it says fail and what is missing from `message` may be why."""
    if result.result != "fail":
        return result
    over_body = result.reason == BODY_ALTERED or (
        result.type == "DomainKeys" and result.reason == TEXT_ALTERED
    )
    if message.header_ended and not over_body:
        return result
    return replace(result, result="neutral", reason="message is truncated, cannot be checked")
