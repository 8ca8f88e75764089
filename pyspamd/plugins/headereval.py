"""HeaderEval: eval tests over headers: dates, recipients, forged free-mail Received lines, odd characters.

header DATE_IN_PAST_03_06 eval:check_for_shifted_date('-6', '-3')
"""

import re
from collections.abc import Iterator
from functools import partial

from ..conf.core_report import OK_LOCALES
from ..mail.dates import RECEIVED_DATE, date_difference, header_date, parse_date, received_dates
from ..mail.freemail_hops import forged_gmail, forged_hotmail, forged_juno, forged_yahoo, gated, msn_groups
from ..mail.locales import charset_suits_locales, my_locales
from ..mail.recipients import are_sorted, distinct_recipients, similarity
from ..mail.utf8 import is_valid_utf8
from ..scan.arguments import number
from ..scan.plugin import Plugin, Reads, eval_test
from ..scan.scan import Scan

_CODING = re.compile(rb"\?.\?")
_CONTROLS = bytes([*range(0x09), 0x0B, 0x0C, *range(0x0E, 0x20)])
_ILLEGAL = _CONTROLS + bytes(range(0x7F, 0x100))
_REPLY_MARKS = re.compile(rb"^(?:(?:Re|Fwd|Fw|Aw|Antwort|WG|SV|VB|VS|VL):[ \t\n\r\f\v]*)+", re.IGNORECASE)
_NO_LETTERS = bytes(b for b in range(256) if not chr(b).isascii() or not chr(b).isalpha())
_CAPS_CHARSET = re.compile(
    rb"=\?(?=[-_a-z0-9]*+\?)[-_a-z0-9]*?"
    rb"(?:koi|jp|jis|euc|gb|big5|isoir|cp1251|windows-1251|georgianps|pt154|tis)",
    re.IGNORECASE,
)
_OUTLOOK_ID = re.compile(rb"<[0-9a-f]{4}([0-9a-f]{8})\$[0-9a-f]{8}\$[0-9a-f]{8}@")
_OUTLOOK_TICKS, _OUTLOOK_START, _OUTLOOK_FUDGE = 0.0023283064365387, 27111902.8329849, 250
_RATWARE_ID = re.compile(rb"<[A-Z]{28}\.([^>]++)>")
_UNRESOLVED = re.compile(rb"%[A-Z][A-Z_-]")
_MAY_LOOK_UNRESOLVED = re.compile(
    rb"(?:X-VMS-To|X-UIDL|X-Face|To|Cc|From|Subject|References|In-Reply-To|"
    rb"(?:X-|Resent-|X-Original-)?Message-Id):",
    re.IGNORECASE,
)
_SECOND_LEVEL = re.compile(rb"^.+\.([^.]+\.[^.]+)$")
SECONDS_IN_YEAR = 31556952


def _get(scan: Scan, request: str) -> bytes:
    return scan.get(request) or b""


def _words(scan: Scan, request: str) -> bytes:
    """A header with every run of white space made one space."""
    return re.sub(rb"\s+", b" ", _get(scan, request))


def _claimed_date(scan: Scan) -> int | None:
    headers = scan.header_view.headers
    return scan.once("claimed date", lambda: header_date(headers.get("Resent-Date"), headers.get("Date")))


def _received_dates(scan: Scan) -> tuple[list[int], int | None]:
    return scan.once("received dates", lambda: received_dates(_get(scan, "Received"), scan.now))


def _date_difference(scan: Scan) -> int:
    return date_difference(_claimed_date(scan), _received_dates(scan)[0])


def _charsets(value: bytes) -> Iterator[bytes]:
    """The charsets of the encoded words in a header, as far as they look like any; each octet is read once."""
    for line in value.split(b"\n"):
        at = 0
        while (at := line.find(b"=?", at)) >= 0:
            coding = _CODING.search(line, at + 3)
            end = line.find(b"?=", coding.end()) if coding else -1
            if coding is None or end < 0:
                break
            yield line[at + 2 : coding.start()]
            at = end + 2


def _ends_with_list_address(value: bytes) -> bool:
    """Whether it ends with `<mailto:leave-…@…>` or `<mailto:…-unsubscribe@…>`, found in one pass."""
    word = value.removesuffix(b"\n").lower()
    word = word[max(map(word.rfind, (b" ", b"\t", b"\n", b"\r", b"\f", b"\v"))) + 1 :]
    if not word.endswith(b">"):
        return False
    leave, other = word.find(b"<mailto:leave-"), word.find(b"<mailto:")
    end = len(word) - 2
    return (leave >= 0 and word.find(b"@", leave + 15, end) >= 0) or (
        other >= 0 and word.find(b"-unsubscribe@", other + 9, end) >= 0
    )


def _domain_tail(address: bytes) -> bytes:
    _, at, domain = address.rpartition(b"@")
    return _SECOND_LEVEL.sub(rb"\1", domain) if at else b""


class HeaderEval(Plugin):
    """SpamAssassin's HeaderEval, test for test."""

    eval_area = "header"

    @eval_test(reads=Reads.HEADER)
    def check_for_fake_aol_relay_in_rcvd(self, scan: Scan) -> bool:
        """Received lines that name an AOL relay but lack the marks of one."""
        received = _words(scan, "Received")
        if not re.search(rb" rly-[a-z][a-z]\d\d\.", received, re.IGNORECASE):
            return False
        return not re.search(rb"/AOL-\d+\.\d+\.\d+\)|ESMTP id (?:RELAY|MAILRELAY|MAILIN)", received)

    @eval_test(reads=Reads.HEADER)
    def check_for_faraway_charset_in_headers(self, scan: Scan) -> bool:
        """From or Subject in a charset foreign to `ok_locales`."""
        locales = my_locales(OK_LOCALES.of(scan.conf))
        if "all" in locales:
            return False
        return any(
            not charset_suits_locales(charset.decode("latin-1"), locales)
            for field in ("From:raw", "Subject:raw")
            for value in scan.values(field)
            for charset in _charsets(value)
        )

    @eval_test(reads=Reads.HEADER)
    def check_for_unique_subject_id(self, scan: Scan) -> bool:
        """Kept for old rules; never true."""
        return False

    @eval_test(reads=Reads.HEADER)
    def check_illegal_chars(self, scan: Scan, header: str, ratio: str = "0", count: str = "0") -> bool:
        """Raw control or 8-bit characters: at least `count`, and at least `ratio` of all; clean UTF-8 is fine."""
        request = header if header.endswith(":raw") else f"{header}:raw"
        value = _get(scan, request)
        if not value.strip():
            return False
        if (
            not value.isascii()
            and is_valid_utf8(value)
            and len(value.translate(None, _CONTROLS)) == len(value)
        ):
            return False
        illegal = len(value) - len(value.translate(None, _ILLEGAL))
        if illegal and request.lower() == "subject:raw":
            exempt = len(value) - len(value.translate(None, b"\xa2\xa3\xae"))
            illegal -= exempt == 1
        return illegal / len(value) >= number(ratio) and illegal >= number(count)

    @eval_test(reads=Reads.HEADER)
    def gated_through_received_hdr_remover(self, scan: Scan) -> bool:
        """Mail that came through something known to take Received lines away."""
        return gated(scan.get)

    @eval_test(reads=Reads.HEADER)
    def check_for_forged_hotmail_received_headers(self, scan: Scan) -> bool:
        """Received lines that only pretend to be Hotmail's."""
        return scan.once("hotmail", partial(forged_hotmail, scan.get))[0]

    @eval_test(reads=Reads.HEADER)
    def check_for_no_hotmail_received_headers(self, scan: Scan) -> bool:
        """A Hotmail sender without Hotmail's Received lines."""
        return scan.once("hotmail", partial(forged_hotmail, scan.get))[1]

    @eval_test(reads=Reads.HEADER)
    def check_for_msn_groups_headers(self, scan: Scan) -> bool:
        """Mail from an MSN group, as its headers show."""
        return msn_groups(scan.get)

    @eval_test(reads=Reads.HEADER)
    def check_for_forged_eudoramail_received_headers(self, scan: Scan) -> bool:
        """A Eudoramail sender without its Received lines."""
        if not re.search(rb"\beudoramail\.com$", _get(scan, "From:addr"), re.IGNORECASE):
            return False
        has_ip = scan.get("X-Sender-Ip:ip") is not None
        received = _words(scan, "Received")
        return not (gated(scan.get) or (has_ip and re.search(rb"by \S*whowhere.com;", received)))

    @eval_test(reads=Reads.HEADER)
    def check_for_forged_yahoo_received_headers(self, scan: Scan) -> bool:
        """A Yahoo sender without Yahoo's Received lines."""
        relays = scan.relays
        return forged_yahoo(scan.get, relays.as_metadata("Trusted"), relays.as_metadata("Untrusted"))

    @eval_test(reads=Reads.HEADER)
    def check_for_forged_juno_received_headers(self, scan: Scan) -> bool:
        """A Juno sender without Juno's marks."""
        return forged_juno(scan.get)

    @eval_test(reads=Reads.HEADER)
    def check_for_forged_gmail_received_headers(self, scan: Scan) -> bool:
        """A Gmail sender without Gmail's marks."""
        return forged_gmail(scan.get)

    @eval_test(reads=Reads.HEADER)
    def check_for_matching_env_and_hdr_from(self, scan: Scan) -> bool:
        """Envelope sender and From agree."""
        return _get(scan, "EnvelopeFrom:addr").lower() == _get(scan, "From:addr").lower()

    @eval_test(reads=Reads.HEADER)
    def sorted_recipients(self, scan: Scan) -> bool:
        """Seven or more recipients, in alphabetical order."""
        return are_sorted(self._recipients(scan))

    @eval_test(reads=Reads.HEADER)
    def similar_recipients(self, scan: Scan, low: str = "", high: str = "") -> bool:
        """How alike the recipients are, from 0 to 2: at least `low` and under `high`."""
        value = scan.once("recipient similarity", lambda: similarity(self._recipients(scan)))
        return (low == "undef" or value >= number(low)) and (high == "undef" or value < number(high))

    @staticmethod
    def _recipients(scan: Scan) -> list[bytes]:
        return scan.once("recipients", lambda: distinct_recipients(scan.values))

    @eval_test(reads=Reads.HEADER)
    def check_for_missing_to_header(self, scan: Scan) -> bool:
        """Neither To nor Apparently-To."""
        return not (_get(scan, "To") or _get(scan, "Apparently-To"))

    @eval_test(reads=Reads.HEADER)
    def check_for_forged_gw05_received_headers(self, scan: Scan) -> bool:
        """A Received line of a fixed forged shape, by a host without a dot."""
        found = re.search(
            rb"\nfrom\s(\S+)\sby\s(\S+)\swith\sESMTP;\s+\S\S\S,\s+\d+\s+\S\S\S\s+"
            rb"\d{4}\s+\d\d:\d\d:\d\d\s+[-+]*\d{4}\n$",
            _get(scan, "Received"),
        )
        return bool(found) and b"." not in found.group(2)  # type: ignore[union-attr]

    @eval_test(reads=Reads.HEADER)
    def check_for_shifted_date(self, scan: Scan, low: str = "", high: str = "") -> bool:
        """The Date is ahead of Received by at least `low` and less than `high` hours (negative: behind)."""
        shift = scan.once("date difference", lambda: _date_difference(scan))
        return (low == "undef" or shift >= 3600 * number(low)) and (
            high == "undef" or shift < 3600 * number(high)
        )

    @eval_test(reads=Reads.HEADER)
    def received_within_months(self, scan: Scan, low: str = "undef", high: str = "undef") -> bool:
        """The message is at least `low` and less than `high` months old."""
        claimed = _claimed_date(scan)
        received, fetched = _received_dates(scan)
        possible = [moment for moment in (claimed, *received[:1], fetched) if moment is not None]
        if claimed is not None and received:
            possible.append(claimed - _date_difference(scan))
        chosen = sorted(possible, reverse=True)[(len(possible) - 1) // 2] if possible else 0
        age = scan.now - chosen
        month = SECONDS_IN_YEAR / 12
        return (low == "undef" or age >= month * number(low)) and (
            high == "undef" or age < month * number(high)
        )

    @eval_test(reads=Reads.HEADER)
    def subject_is_all_caps(self, scan: Scan) -> bool:
        """A subject of several words in capitals, ten characters or more."""
        subject = _REPLY_MARKS.sub(b"", _get(scan, "Subject").strip(b" \t\n\r\f\v"))
        if not re.search(rb"\s", subject) or len(subject) < 10:
            return False
        letters = subject.translate(None, _NO_LETTERS)
        if _CAPS_CHARSET.search(_get(scan, "Subject:raw")):
            return False
        return bool(letters) and letters.isupper()

    @eval_test(reads=Reads.HEADER)
    def check_for_to_in_subject(self, scan: Scan, what: str = "") -> bool:
        """The recipient's `address`, or in some positions its `user` part, stands in the subject."""
        address = _get(scan, "To:addr")
        subject = _get(scan, "Subject")
        # Most subjects hold neither, and a regex of one's own for each message is dear.
        if not address or address.partition(b"@")[0].lower() not in subject.lower():
            return False
        if what == "address":
            return bool(re.search(rb"\b" + re.escape(address) + rb"\b", subject, re.IGNORECASE))
        if what == "user":
            user = re.escape(address.partition(b"@")[0])
            return bool(
                re.search(
                    rb"^(?:(?:re|fw):\s*(?:\w+\s+)?"
                    + user
                    + rb"$|(?-i:"
                    + user
                    + rb")\s*[,:;!?-](?:$|\s)|"
                    + user
                    + rb"$|,\s*"
                    + user
                    + rb"[,:;!?-]$)",
                    subject,
                    re.IGNORECASE,
                )
            )
        return False

    @eval_test(reads=Reads.HEADER)
    def check_outlook_message_id(self, scan: Scan) -> bool:
        """A Message-ID of Outlook's shape whose time agrees with neither Date nor Received."""
        found = _OUTLOOK_ID.match(_get(scan, "MESSAGEID"))
        if not found:
            return False
        token = int(found.group(1), 16)

        def off(moment: int | None) -> float:
            return abs(token - int((moment or 0) * _OUTLOOK_TICKS + _OUTLOOK_START))

        if off(parse_date(_get(scan, "Date"))) < _OUTLOOK_FUDGE:
            return False
        dated = RECEIVED_DATE.search(_get(scan, "Received"))
        return off(parse_date(dated.group(1)) if dated else None) >= _OUTLOOK_FUDGE

    @eval_test(reads=Reads.HEADER)
    def check_messageid_not_usable(self, scan: Scan) -> bool:
        """Mail whose path is known to change Message-IDs."""
        unsubscribe = _get(scan, "List-Unsubscribe")
        if _ends_with_list_address(unsubscribe):
            return True
        received = _get(scan, "Received")
        return gated(scan.get) or b"/CWT/DCE)" in received or b"iPlanet Messaging Server" in received

    @eval_test(reads=Reads.HEADER)
    def check_header_count_range(self, scan: Scan, header: str, low: str = "0", high: str = "0") -> bool:
        """The number of different values a header has lies between the bounds, both included."""
        return number(low) <= len(set(scan.header_view.headers.get(header))) <= number(high)

    @eval_test(reads=Reads.HEADER)
    def check_unresolved_template(self, scan: Scan) -> bool:
        """A header in which a mass mailer's placeholder was left."""
        everything = _get(scan, "ALL")
        if not _UNRESOLVED.search(everything):
            return False
        return any(
            _UNRESOLVED.search(line) and not _MAY_LOOK_UNRESOLVED.match(line)
            for line in everything.split(b"\n")
        )

    @eval_test(reads=Reads.HEADER)
    def check_ratware_name_id(self, scan: Scan) -> bool:
        """A Message-ID of 28 capitals and the sender's own address."""
        ids = _get(scan, "MESSAGEID")
        # Behind the last bracket that closes, each that opens would be followed to the end in vain.
        found = _RATWARE_ID.search(ids, 0, ids.rfind(b">") + 1)
        if not found:
            return False
        own = rb'"[^"]+"\s*<' + re.escape(found.group(1)) + rb">"
        return bool(re.search(own, _get(scan, "From")))

    @eval_test(reads=Reads.HEADER)
    def check_ratware_envelope_from(self, scan: Scan) -> bool:
        """An envelope sender made up of the recipient's domain and name."""
        to, sender = _get(scan, "To:addr"), _get(scan, "EnvelopeFrom:addr")
        if not to or not sender or re.match(rb"SRS\d[=+-]", sender, re.IGNORECASE):
            return False
        found = re.match(rb"([^@]+)@(.+)$", to)
        if not found:
            return False
        registry = scan.reading.registry
        domain = registry.trim_domain(found.group(2))
        if not registry.is_domain_valid(domain):
            return False
        if domain.lower() not in sender.lower():
            return False
        marked = rb"\b" + re.escape(domain) + rb"." + re.escape(found.group(1)) + rb"@"
        return bool(re.search(marked, sender, re.IGNORECASE))

    @eval_test(reads=Reads.HEADER)
    def check_equal_from_domains(self, scan: Scan) -> bool:
        """From and envelope sender lie in different second-level domains."""
        header, envelope = (
            _domain_tail(_get(scan, "From:addr")),
            _domain_tail(_get(scan, "EnvelopeFrom:addr")),
        )
        return bool(header and envelope) and header.lower() != envelope.lower()
