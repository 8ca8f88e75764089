"""FreeMail: senders, reply addresses and addresses in the text that belong to free mail services.

freemail_domains     freemail.example *.mail.example
freemail_welcomelist friend@freemail.example
header FREEMAIL_FROM eval:check_freemail_from()
"""

import logging
import re
from collections.abc import Iterable
from functools import cached_property
from typing import Any

from ..conf.ascii import lower, words
from ..conf.core_addresses import DEF_WELCOMELIST_AUTH, WELCOMELIST_AUTH
from ..conf.directives import Build, Float, required, shorten
from ..conf.lists import WordSet
from ..mail.body_addresses import reply_addresses
from ..mail.uri_canon import as_octets
from ..perlre.regex import Regex, RegexError, compile_regex
from ..scan.plugin import Plugin, Reads, eval_test
from ..scan.scan import Scan

logger = logging.getLogger(__name__)


class _CheckedWords(WordSet):
    """Words in lower case, of which only those that match `wanted` are used."""

    def __init__(self, name: str, wanted: str, **rest: Any) -> None:
        super().__init__(name, **rest)
        self._wanted = re.compile(wanted, re.ASCII)

    def add(self, container: set[str], text: str, build: Build) -> set[str]:
        for word in words(required(text)):
            if self._wanted.search(word):
                container.add(lower(word))
            else:
                build.warn(f"{self.name} cannot use '{shorten(word)}'.")
        return container


DOMAINS = _CheckedWords("freemail_domains", r"^[a-zA-Z0-9.*?-]+\Z")
WELCOME = _CheckedWords("freemail_welcomelist", r"\w[.@]\w", aliases=("freemail_whitelist",))
MOST_ADDRESSES = Float("freemail_max_body_emails", 5.0)
MOST_FREEMAILS = Float("freemail_max_body_freemails", 3.0)
SKIP_OVER_MOST = Float("freemail_skip_when_over_max", 1.0)
SKIP_BULK = Float("freemail_skip_bulk_envfrom", 1.0)
DESCRIBE = Float("freemail_add_describe_email", 1.0)
IMPORT_AUTH = Float("freemail_import_welcomelist_auth", 0.0, aliases=("freemail_import_whitelist_auth",))
IMPORT_DEFAULT_AUTH = Float(
    "freemail_import_def_welcomelist_auth", 0.0, aliases=("freemail_import_def_whitelist_auth",)
)

# `(?>.+?=)` is `.+=` that is matched where it first occurs and never again: a later `=` would help no more.
_NO_PERSON = re.compile(
    rb"(?:abuse|support|sales|info|helpdesk|contact|kontakt|(?:post|host|domain)master|undisclosed.*"
    rb"|request-[a-f0-9]{16}|bounced?-"
    rb"|[a-f0-9]{8}(?:\.[a-f0-9]{8}|-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{12})|(?>.+?=)(?>.+?=).+)@",
    re.IGNORECASE,
)
_BULK_SENDER = re.compile(
    rb"(?:^(?:post|host|domain)master|^double-bounce|^(?:sentto|owner|return|(?:gr)?bounced?)-.+"
    rb"|-(?:request|bounces?|admin|owner)|\b(?:do[._-t]?)?no[._-t]?repl(?:y|ies)|(?m:^)(?>.+?=).+)@",
    re.IGNORECASE,
)


def _regex(scan: Scan, pattern: str | None, rule: str) -> Regex | None:
    """The compiled argument; an invalid one is told and matches nothing."""
    if pattern is None:
        return None
    try:
        return compile_regex(pattern)
    except RegexError as error:
        logger.warning("%s: the argument '%s' is no regex: %s", scan.place_of(rule), pattern, error)
        return compile_regex("(?!)")


class FreeMail(Plugin):
    """SpamAssassin's FreeMail, test for test."""

    eval_area = "header"

    directives = (
        DOMAINS,
        WELCOME,
        MOST_ADDRESSES,
        MOST_FREEMAILS,
        SKIP_OVER_MOST,
        SKIP_BULK,
        DESCRIBE,
        IMPORT_AUTH,
        IMPORT_DEFAULT_AUTH,
    )

    @cached_property
    def _domains(self) -> frozenset[bytes]:
        return frozenset(
            name.encode("latin-1") for name in DOMAINS.of(self.conf) if not set("*?") & set(name)
        )

    @cached_property
    def _globs(self) -> re.Pattern[bytes] | None:
        globs = [name for name in DOMAINS.of(self.conf) if set("*?") & set(name)]
        parts = [glob.replace(".", r"\.").replace("?", ".").replace("*", "[^.]*") for glob in sorted(globs)]
        return re.compile(f"@(?:{'|'.join(parts)})$".encode("latin-1")) if parts else None

    @cached_property
    def _welcome(self) -> frozenset[bytes]:
        return frozenset(name.encode("latin-1") for name in WELCOME.of(self.conf))

    def _is_freemail(self, address: bytes) -> bool:
        domain = address.rpartition(b"@")[2]
        if not address or address in self._welcome or domain in self._welcome or _NO_PERSON.match(address):
            return False
        if IMPORT_AUTH.of(self.conf) and WELCOMELIST_AUTH.of(self.conf).matches(address):
            return False
        if IMPORT_DEFAULT_AUTH.of(self.conf) and DEF_WELCOMELIST_AUTH.of(self.conf).matches(address):
            return False
        return domain in self._domains or bool(self._globs and self._globs.search(address))

    def _in_body(self, scan: Scan) -> list[bytes] | None:
        """The free mail addresses in the text, or `None` where there are too many addresses to tell."""
        return scan.once("freemail addresses in the body", lambda: self._look_in_body(scan))

    def _look_in_body(self, scan: Scan) -> list[bytes] | None:
        links = [
            as_octets(uri)
            for uri, detail in scan.uri_details.items()
            if "a" in detail.types and "parsed" not in detail.types
        ]
        found: list[bytes] = []
        skip = bool(SKIP_OVER_MOST.of(self.conf))
        addresses, left = reply_addresses(links, scan.body, scan.reading.registry)
        # The original blanks such addresses out in the very text that body rules see from here on.
        scan.replace_body(left)
        for number, address in enumerate(addresses, 1):
            if number == MOST_ADDRESSES.of(self.conf) and skip:
                return None
            if self._is_freemail(address):
                if len(found) + 1 == MOST_FREEMAILS.of(self.conf) and skip:
                    return None
                found.append(address)
        return found

    def _hit(self, scan: Scan, rule: str, text: bytes) -> bool:
        if DESCRIBE.of(self.conf) and rule:
            scan.log(rule, text.replace(b"@", b"(at)").decode("latin-1"))
        return True

    def _first(self, scan: Scan, addresses: Iterable[bytes], pattern: str | None, rule: str) -> bool:
        regex = _regex(scan, pattern, rule)
        for address in addresses:
            if self._is_freemail(address) and (regex is None or regex.matches(address)):
                return self._hit(scan, rule, address)
        return False

    @eval_test(reads=Reads.HEADER)
    def check_freemail_header(
        self, scan: Scan, header: str = "", pattern: str | None = None, *, rule: str = ""
    ) -> bool:
        """An address of the header is a free mail address (and matches)."""
        addresses = [address.lower() for address in scan.values(f"{header}:addr")]
        return self._first(scan, addresses, pattern, rule)

    @eval_test(reads=Reads.HEADER)
    def check_freemail_from(self, scan: Scan, pattern: str | None = None, *, rule: str = "") -> bool:
        """A sender address is a free mail address (and matches)."""
        addresses = dict.fromkeys(address.lower() for address in scan.from_addresses)
        return self._first(scan, addresses, pattern, rule)

    @eval_test(reads=Reads.BODY | Reads.HEADER)
    def check_freemail_body(self, scan: Scan, pattern: str | None = None, *, rule: str = "") -> bool:
        """A free mail address stands in the text (and matches)."""
        found = self._in_body(scan)
        if not found:
            return False
        if pattern is None:
            return self._hit(scan, rule, b", ".join(found))
        return self._first(scan, found, pattern, rule)

    @eval_test(reads=Reads.BODY | Reads.HEADER)
    def check_freemail_replyto(self, scan: Scan, what: str = "replyto", *, rule: str = "") -> bool:
        """Answers are to go to another free mail address than the sender's: in Reply-To, or in the text.

        With `reply` the sender's own address counts where there is no Reply-To.
        """
        if what not in ("replyto", "reply"):
            return False
        if SKIP_BULK.of(self.conf):
            sender = scan.values("EnvelopeFrom")[:1]
            if sender and _BULK_SENDER.search(sender[0]):
                return False
        senders = [address.lower() for address in scan.values("From:addr")]
        replies = [address.lower() for address in scan.values("Reply-To:addr")]
        from_free = any(map(self._is_freemail, senders))
        reply_free = any(map(self._is_freemail, replies))
        if from_free and reply_free and not set(senders) & set(replies):
            return self._hit(scan, rule, b",".join(senders) + b" -> " + b",".join(replies))
        if what == "replyto" and not reply_free:
            return False
        if what == "reply" and ((replies and not reply_free) or not from_free):
            return False
        compared = replies if what == "replyto" or reply_free else senders
        for in_body in self._in_body(scan) or ():
            for address in compared:
                if in_body != address:
                    return self._hit(scan, rule, address + b", " + in_body)
        return False
