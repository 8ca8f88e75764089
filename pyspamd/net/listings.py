"""What lists of hosts and domains answer, and the tests that `check_rbl` rules make on it.

Source: RFC 5782; `check_rbl` in Mail::SpamAssassin::Plugin::DNSEval, `process_dnsbl_set` in Mail::SpamAssassin::Dns.
"""

import re
from dataclasses import dataclass

from ..base.errors import PyspamdError
from ..perlre.regex import Regex, RegexError, compile_regex
from .codes import address_value
from .resolver import Record

_EXACT = re.compile(r"[0-9]+(?:\.[0-9]+\.[0-9]+\.[0-9]+)?\n?")
_CODE = re.compile(r"127\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}")
_REVERSED_IPV6 = re.compile(r"((?:[0-9a-fA-F]\.){32})(\S+\w)", re.ASCII)
_REVERSED_IPV4 = re.compile(r"(\d+)\.(\d+)\.(\d+)\.(\d+)\.(\S+\w)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Subtest:
    """What an answer must be: a regex, bits of an address in 127.0.0.0/8, or the very text."""

    text: str
    regex: Regex | None

    def matches(self, data: bytes) -> bool:
        """Whether an answer's data pass."""
        if self.regex is not None:
            return self.regex.matches(data)
        text = data.decode("latin-1")
        if self.text.isdigit():
            return _CODE.fullmatch(text) is not None and bool(address_value(text) & int(self.text))
        return self.text == text


class SubtestError(PyspamdError):
    """A subtest that cannot be used, nor can the rule that names it; `str()` says why."""


def subtest_of(text: str) -> Subtest:
    """The subtest that a rule names. Raises `SubtestError`."""
    if text.startswith("sb:"):
        raise SubtestError(f"subtests of SenderBase, such as '{text}', are obsolete")
    if _EXACT.fullmatch(text):
        return Subtest(text, None)
    try:
        return Subtest(text, compile_regex(text))
    except RegexError as error:
        raise SubtestError(f"the subtest '{text}' is no regex: {error}") from error


def data_of(record: Record) -> bytes:
    """An answer's data in the octets that subtests see: text that is no UTF-8 is replaced, as in the original."""
    if record.strings:
        return record.text if record.text.isascii() else record.text.decode("utf-8", "replace").encode()
    return record.data.encode("latin-1", "replace")


def subject_of(asked: str) -> str:
    """What a question was about, for people."""
    if found := _REVERSED_IPV6.match(asked):
        digits = found[1].replace(".", "").lower()[::-1]
        groups = [re.sub(r"\A0{1,3}", "", digits[at : at + 4]) for at in range(0, 32, 4)]
        # The first group keeps its zeros in the original.
        return f"{':'.join([digits[:4], *groups[1:]])} listed in {found[2].lower()}"
    if found := _REVERSED_IPV4.match(asked):
        return f"{found[4]}.{found[3]}.{found[2]}.{found[1]} listed in {found[5].lower()}"
    return f"listed in {asked.lower()}"
