"""RelayEval: eval tests over the hosts that a message passed through.

header   ALL_TRUSTED eval:check_all_trusted()
describe ALL_TRUSTED Passed through trusted hosts only
tflags   ALL_TRUSTED nice
"""

import re
from collections.abc import Sequence

from ..base.ip_text import IPV4_ADDRESS, is_private
from ..mail.relay import Relay
from ..scan.plugin import Plugin, Reads, eval_test
from ..scan.scan import Scan

_NUMERIC_HELO = re.compile(rb"\bhelo=(" + IPV4_ADDRESS + rb")(?=[\0-\x20,;\[()<>]|\Z)", re.IGNORECASE)
_IS_IP4 = re.compile(IPV4_ADDRESS + rb"\Z")
_DOTTED_QUAD = re.compile(rb"\d+\.\d+\.\d+\.\d+\Z")
_HOST_NAME = re.compile(rb"\w[\w.-]+\.\w+\Z")
_LONG_SUFFIX = re.compile(rb"\S{3,}|ie|fr|de")
_LOCALHOST = re.compile(rb"localhost(?:\.localdomain)?\Z")
_DOTCOM_HELO = re.compile(
    rb"(?:\.|^)(?:lycos\.com|lycos\.co\.uk|hotmail\.com|localhost\.com|excite\.com|caramail\.com"
    rb"|cs\.com|aol\.com|msn\.com|yahoo\.com|drizzle\.com)\Z",
    re.IGNORECASE,
)


def _domain_of(host: bytes) -> bytes:
    """The host's registered domain, by a rule of thumb: the last two labels, or three below a short suffix."""
    if not re.search(rb"[a-zA-Z]", host):
        return host
    labels = host.rstrip(b".").split(b".")
    if len(labels) > 1 and _LONG_SUFFIX.search(labels[-1]):
        return b".".join(labels[-2:])
    return b".".join(labels[-3:]) if len(labels) > 2 else host


def _mismatches(relays: Sequence[Relay]) -> tuple[int, int]:
    """How often a host took mail under another name than the next one gave it, and how often a HELO address lies."""
    names: list[bytes | None] = []
    wrong_name = wrong_address = 0
    for relay in relays:
        names.append(_domain_of(relay.lc_rdns))
    for index, relay in enumerate(relays):
        by = _domain_of(relay.lc_by)
        if not _HOST_NAME.match(by):
            continue
        if _LOCALHOST.match(names[index] or b"") and relay.ip == b"127.0.0.1":
            names[index] = None
        helo = _domain_of(relay.lc_helo)
        if _DOTTED_QUAD.match(helo) and _DOTTED_QUAD.match(relay.ip) and helo != relay.ip:
            same_network = helo.split(b".")[:2] == relay.ip.split(b".")[:2]
            if not same_network and not is_private(helo):
                wrong_address += 1
        previous = names[index - 1] if index else None
        if (
            previous is not None
            and _HOST_NAME.match(previous)
            and by != previous
            and (by, previous) != (b"msn.com", b"hotmail.com")
        ):
            wrong_name += 1
    return wrong_name, wrong_address


class RelayEval(Plugin):
    """SpamAssassin's RelayEval, test for test."""

    @eval_test(reads=Reads.HEADER)
    def check_for_numeric_helo(self, scan: Scan) -> bool:
        """An untrusted host gave an IPv4 address for its name.

        The original means to leave private addresses out, but tests a capture that it has made local, which is
        empty by then: measured, every address counts.
        """
        return bool(_NUMERIC_HELO.search(scan.relays.as_metadata("Untrusted")))

    @eval_test(reads=Reads.HEADER)
    def check_for_illegal_ip(self, scan: Scan) -> bool:
        """Kept for old rules; never true."""
        return False

    @eval_test(reads=Reads.HEADER)
    def helo_ip_mismatch(self, scan: Scan) -> bool:
        """An untrusted host gave another public address than its own, outside its /24."""
        return any(
            _IS_IP4.match(relay.helo)
            and not is_private(relay.helo)
            and _IS_IP4.match(relay.ip)
            and not is_private(relay.ip)
            and not relay.ip.startswith(relay.helo.rpartition(b".")[0] + b".")
            for relay in scan.relays.untrusted
        )

    @eval_test(reads=Reads.HEADER)
    def check_all_trusted(self, scan: Scan) -> bool:
        """There are relays, and all of them are trusted."""
        relays = scan.relays
        return bool(relays.trusted) and not relays.untrusted and not relays.unparseable

    @eval_test(reads=Reads.HEADER)
    def check_no_relays(self, scan: Scan) -> bool:
        """There are no relays at all."""
        relays = scan.relays
        return not (relays.trusted or relays.untrusted or relays.unparseable)

    @eval_test(reads=Reads.HEADER)
    def check_relays_unparseable(self, scan: Scan) -> bool:
        """A Received line could not be read."""
        return bool(scan.relays.unparseable)

    @eval_test(reads=Reads.HEADER)
    def check_for_sender_no_reverse(self, scan: Scan) -> bool:
        """The first host has a name with a dot and a public address."""
        relays = scan.relays.untrusted
        return bool(relays) and b"." in relays[-1].rdns and not relays[-1].ip_private

    @eval_test(reads=Reads.HEADER, area="header")
    def check_for_from_domain_in_received_headers(self, scan: Scan, domain: str, desired: str = "") -> bool:
        """From lies in the domain, and a relay inside it took the mail from a host inside it (or not)."""
        name = domain.encode("latin-1")
        if not re.search(rb"\b" + re.escape(name), scan.get("From:addr") or b"", re.IGNORECASE):
            return False
        relays = scan.relays.as_metadata("Trusted") + b"\n" + scan.relays.as_metadata("Untrusted")
        quoted = re.escape(name).replace(rb"\.", rb".")
        inside = re.search(rb" rdns=\S*\b" + quoted + rb" [^\]]*by=\S*\b" + quoted + rb" ", relays)
        return bool(inside) == (desired == "true")

    @eval_test(reads=Reads.HEADER)
    def check_for_forged_received_trail(self, scan: Scan) -> bool:
        """The chain of names in the Received lines breaks more than once."""
        return scan.once("relay mismatches", lambda: _mismatches(scan.relays.untrusted))[0] > 1

    @eval_test(reads=Reads.HEADER)
    def check_for_forged_received_ip_helo(self, scan: Scan) -> bool:
        """A host gave an address far from its own for its name."""
        return scan.once("relay mismatches", lambda: _mismatches(scan.relays.untrusted))[1] > 0

    @eval_test(reads=Reads.HEADER)
    def check_for_no_rdns_dotcom_helo(self, scan: Scan) -> bool:
        """The public host nearest the sender gave a large provider's name and has none in the DNS."""
        answer = False
        for relay in scan.relays.untrusted:
            if not relay.ip_private:
                answer = bool(_DOTCOM_HELO.search(relay.helo)) and relay.no_reverse_dns
        return answer
