"""HashBL: looks up addresses, URIs, attachments and whatever a regex finds in DNS lists, mostly by their hash.

header HASHED_SENDER  eval:check_hashbl_emails('mails.example', 'sha1/notag', 'ALLFROM/Reply-To')
header HASHED_URI     eval:check_hashbl_uris('uris.example', 'sha256/max=5', '^127\\.0\\.0\\.2$')
body   HASHED_PHONE   eval:check_hashbl_bodyre('phones.example', 'sha1/num', '\\b(\\d{3}-\\d{4})\\b')
body   HASHED_FILE    eval:check_hashbl_attachments('files.example', 'sha256')
header LISTED_SIGNER  eval:check_hashbl_tag('names.example/A', 'raw/tld', 'DKIMDOMAIN')
hashbl_ignore         postmaster@example.com
hashbl_acl_shops      shop.example !free.shop.example
"""

import logging
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property, partial
from typing import Final

from ..base.ip_text import is_address, reverse_address
from ..base.registry import is_fqdn_valid
from ..conf.ascii import lower
from ..conf.lists import WordSet
from ..mail.uri_canon import as_octets
from ..net.resolver import Answer
from ..scan.hashed_addresses import (
    ACCESS,
    ALIASES,
    EMAIL_REGEX,
    EMAIL_WELCOME,
    has_access_list,
    listed_addresses,
)
from ..scan.hashed_lists import SLASH, Request, argument_regex, request_of, some
from ..scan.lookups import lookups_of
from ..scan.plugin import Plugin, Reads, eval_test
from ..scan.scan import Scan
from ..scan.skip_domains import SKIP_DOMAINS

logger = logging.getLogger(__name__)

_IPV4 = re.compile(rb"(?:1\d\d|2[0-4]\d|25[0-5]|[1-9]?\d)(?:\.(?:1\d\d|2[0-4]\d|25[0-5]|[1-9]?\d)){3}")
_EMAIL_OPTIONS = "sha1/notag/noquote/max=10/shuffle"
_OPTIONS = "sha1/max=10/shuffle"

IGNORED: Final = WordSet("hashbl_ignore", lower_case=True)


class HashBL(Plugin):
    """SpamAssassin's HashBL, test for test."""

    eval_area = "header"
    directives = (IGNORED, ALIASES, EMAIL_REGEX, EMAIL_WELCOME, ACCESS)
    features = frozenset(
        {
            "has_hashbl_bodyre",
            "has_hashbl_bodyre_num",
            "has_hashbl_emails",
            "has_hashbl_uris",
            "has_hashbl_ignore",
            "has_hashbl_email_regex",
            "has_hashbl_email_welcomelist",
            "has_hashbl_email_whitelist",
            "has_hashbl_tag",
            "has_hashbl_sha256",
            "has_hashbl_attachments",
            "has_hashbl_email_domain",
            "has_hashbl_email_domain_alias",
        }
    )

    @cached_property
    def _skipped(self) -> frozenset[bytes]:
        return frozenset(domain.encode("latin-1") for domain in SKIP_DOMAINS.of(self.conf))

    # Asking

    def _ask(self, scan: Scan, request: Request, values: Iterable[bytes], *, hashed: bool = False) -> None:
        lookups = lookups_of(scan)
        if lookups is None:
            return
        ignored = IGNORED.of(self.conf)
        for value in some(values, request.most, "shuffle" in request.options):
            if not hashed and lower(value.decode("latin-1")) in ignored:
                continue
            name = (value if hashed else request.hashed(value)).decode("latin-1")
            if lower(name) not in ignored:
                then = partial(_judge, scan, request, value)
                lookups.ask(f"{name}.{request.zone}", request.type, then, (request.rule,), zone=request.zone)

    # What is asked about

    @eval_test(reads=Reads.HEADER | Reads.BODY | Reads.NETWORK)
    async def check_hashbl_emails(
        self,
        scan: Scan,
        zone: str = "",
        options: str = "",
        headers: str = "",
        subtest: str = "",
        access: str | None = None,
        *,
        rule: str,
    ) -> None:
        """`(list, options, headers, subtest, acl)`: an address of the message is in the list."""
        request = request_of(rule, zone, options, _EMAIL_OPTIONS, subtest)
        if request is None or not has_access_list(scan, access):
            logger.warning("%s has no list, no such access list, or no usable subtest", scan.place_of(rule))
            return
        sources = SLASH.split(headers if headers not in ("", "0") else "ALLFROM/Reply-To/body")
        self._ask(scan, request, listed_addresses(scan, sources, request.options, access, self._skipped))

    @eval_test(reads=Reads.HEADER | Reads.BODY | Reads.NETWORK)
    async def check_hashbl_uris(
        self, scan: Scan, zone: str = "", options: str = "", subtest: str = "", *, rule: str
    ) -> None:
        """`(list, options, subtest)`: a URI of the message is in the list."""
        request = request_of(rule, zone, options, _OPTIONS, subtest)
        if request is None or "raw" in request.options:
            logger.warning("%s has no list, no usable subtest, or the option raw", scan.place_of(rule))
            return
        skipped = SKIP_DOMAINS.of(self.conf)
        wanted: list[bytes] = []
        for uri, detail in scan.uri_details.items():
            if lower(uri[:7]) == "mailto:" or not detail.hosts or not detail.cleaned:
                continue
            if not ("a" in detail.types or "parsed" in detail.types):
                continue
            if any(host in skipped or domain in skipped for host, domain in detail.hosts.items()):
                continue
            spellings = detail.cleaned if "case" in request.options else map(_lower_case, detail.cleaned)
            wanted += map(as_octets, spellings)
        self._ask(scan, request, wanted)

    @eval_test(reads=Reads.BODY | Reads.NETWORK, area="body")
    async def check_hashbl_bodyre(
        self,
        scan: Scan,
        zone: str = "",
        options: str = "",
        pattern: str = "",
        subtest: str = "",
        *,
        rule: str,
        text: Sequence[bytes],
    ) -> None:
        """`(list, options, regex, subtest)`: what the regex captures from the text is in the list."""
        request = request_of(rule, zone, options, _OPTIONS, subtest)
        regex = argument_regex(pattern) if pattern not in ("", "0") else None
        if request is None or regex is None:
            logger.warning("%s has no list or no usable regex", scan.place_of(rule))
            return
        wanted: list[bytes] = []
        for element in text:
            for found in regex.finditer(element):
                captured = found.groups()[:1]
                if not captured or captured[0] is None:
                    continue
                value = captured[0] if "case" in request.options else captured[0].lower()
                if "num" in request.options:
                    value = re.sub(rb"[^0-9]+", b"", value)
                if value:
                    wanted.append(value)
        self._ask(scan, request, wanted)

    @eval_test(reads=Reads.HEADER | Reads.NETWORK)
    async def check_hashbl_tag(
        self, scan: Scan, zone: str = "", options: str = "", tag: str = "", subtest: str = "", *, rule: str
    ) -> None:
        """`(list, options, tag, subtest)`: a value of the tag is in the list, whenever it gets one."""
        request = request_of(rule, zone, options, _OPTIONS, subtest)
        if request is None or not tag:
            logger.warning("%s has no list, no tag, or no usable subtest", scan.place_of(rule))
            return
        name = re.sub(r"\A_(.+)_\Z", r"\1", tag).upper()
        scan.tags.when([name], partial(self._ask_tag, scan, request, name))

    def _ask_tag(self, scan: Scan, request: Request, tag: str) -> None:
        values = (value.encode("latin-1", "replace") for value in scan.tags.values(tag))
        if "case" not in request.options:
            values = (value.lower() for value in values)
        wanted = (self._tag_value(scan, value, request.options) for value in values)
        self._ask(scan, request, [value for value in wanted if value is not None])

    def _tag_value(self, scan: Scan, value: bytes, options: Mapping[str, str]) -> bytes | None:
        """What of a tag's value is looked up; `None` where it is not what the options want."""
        if is_address(value):
            is_ipv4 = _IPV4.fullmatch(value) is not None
            if ("ipv4" in options and not is_ipv4) or ("ipv6" in options and is_ipv4):
                return None
            return (reverse_address(value) or b"") if "revip" in options else value
        if options.keys() & {"ip", "ipv4", "ipv6"}:
            return None
        registry = scan.reading.registry
        trim = "trim" in options
        valid = is_fqdn_valid(value)
        if not valid and (trim or "fqdn" in options):
            return None
        domain = registry.trim_domain(value) if valid else b""
        if valid and (value.lower() in self._skipped or domain.lower() in self._skipped):
            return None
        if (trim or "tld" in options) and not registry.is_domain_valid(value):
            return None
        return domain if trim and domain else value

    @eval_test(reads=Reads.BODY | Reads.NETWORK, area="body")
    async def check_hashbl_attachments(
        self, scan: Scan, zone: str = "", options: str = "", subtest: str = "", *, rule: str
    ) -> None:
        """`(list, options, subtest)`: the content of a MIME part is in the list."""
        request = request_of(rule, zone, options, _OPTIONS, subtest)
        if request is None or "raw" in request.options:
            logger.warning("%s has no list, no usable subtest, or the option raw", scan.place_of(rule))
            return
        ignored = IGNORED.of(self.conf)
        smallest, largest = (_size(request.options.get(name, "")) for name in ("minsize", "maxsize"))
        wanted: list[bytes] = []
        for part in scan.message.leaves:
            content = part.decode()
            if not content or lower(part.type) in ignored or _text(part.name) in ignored:
                continue
            # The original holds a part that has a largest size against the smallest one.
            if len(content) < smallest or (largest and len(content) > smallest):
                continue
            wanted.append(request.hashed(content))
        self._ask(scan, request, wanted, hashed=True)


def _text(name: bytes | None) -> str:
    return lower((name or b"").decode("latin-1"))


def _size(text: str) -> int:
    found = re.match(r"[0-9]+", text)
    return int(found[0]) if found else 0


def _lower_case(uri: str) -> str:
    return lower(uri) if max(uri, default="") <= "\xff" else uri.lower()


def _judge(scan: Scan, request: Request, value: bytes, answer: Answer) -> None:
    """Report the rule if an address in the answer is what it waits for."""
    for record in answer.found:
        # As in the original, an answer that is no address reads as an empty one.
        address = record.data.encode() if record.type == "A" else b""
        if request.match.matches(address):
            scan.log(request.rule, value.decode("latin-1").replace("@", "[at]"))
            scan.hit(request.rule)
            return
