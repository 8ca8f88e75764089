"""FromNameSpoof: senders whose name shows another mail address than the one they write from.

fns_add_addrlist (BANK) *@bank.example *@bank-cards.example
fns_ignore_headers List-Id
fns_check 1
header FROM_NAME_SPOOFED eval:check_fromname_spoof()
header FROM_NAME_HAS_TO  eval:check_fromname_equals_to()
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from ..conf.address_patterns import AddressPatterns
from ..conf.addresses import add_addresses
from ..conf.ascii import lower, words
from ..conf.conf import Conf
from ..conf.directives import BadValue, Build, Custom, Float, Str
from ..conf.lists import EMPTY, WordSet, frozen_table
from ..conf.rules import EvalCall
from ..scan.plugin import EvalTest, Plugin, Reads, eval_test
from ..scan.scan import Scan

Lists = dict[str, dict[str, None]]

_NAMED = re.compile(r"\((.+?)\)\s+(.+)", re.ASCII | re.DOTALL)
_ADDRESS = re.compile(rb"\b([\w.!#$%&'*+/=?^_`{|}~-]+@\w[\w-]*\.\w[\w.-]++)\b")
_LEVELS = ("0", "1", "2")
_LETTERS = b"abcdefghijklmnopqrstuvwxyz0123456789"
_READY = "DKIMDOMAIN"


def _named(text: str) -> tuple[str, list[str]]:
    found = _NAMED.fullmatch(text)
    if found is None:
        raise BadValue("needs a list's name in brackets, then addresses")
    return lower(found[1]), words(lower(found[2]))


def _add(lists: Lists, text: str, build: Build) -> Lists:
    name, addresses = _named(text)
    add_addresses(lists.setdefault(name, {}), addresses)
    return lists


def _remove(lists: Lists, text: str, build: Build) -> Lists:
    name, addresses = _named(text)
    for address in addresses:
        lists.get(name, {}).pop(address, None)
    return lists


def _thaw(lists: Mapping[str, AddressPatterns[None]]) -> Lists:
    return {name: dict(listed.entries) for name, listed in lists.items()}


def _freeze(lists: Lists) -> Mapping[str, AddressPatterns[None]]:
    return frozen_table({name: AddressPatterns(listed) for name, listed in lists.items()})


OWNERS = Custom[Mapping[str, AddressPatterns[None]]](
    "fns_add_addrlist", EMPTY, _add, thaw=_thaw, freeze=_freeze
)
LESS_OWNERS = Custom[Mapping[str, AddressPatterns[None]]](
    "fns_remove_addrlist", EMPTY, _remove, thaw=_thaw, freeze=_freeze, setting="fns_add_addrlist"
)
EXTRA_CHARACTERS = Float("fns_extrachars", 50.0)
IGNORE_DKIM = WordSet("fns_ignore_dkim", lower_case=True)
IGNORE_HEADERS = WordSet("fns_ignore_headers")
CHECK = Str("fns_check", "1", choices=_LEVELS)


@dataclass(slots=True)
class Spoof:
    """What comparing the name with the address found."""

    contains_email: bool = False
    address_differs: bool = False
    domain_differs: bool = False
    owner_differs: bool = False
    equals_reply_to: bool = False
    equals_to: bool = False


def _others(text: bytes) -> int:
    """How many characters are neither lower-case letters nor digits."""
    return len(text.translate(None, _LETTERS))


class FromNameSpoof(Plugin):
    """SpamAssassin's FromNameSpoof, test for test.

    With `fns_ignore_dkim`, DKIM and network, answers wait until it is known who has signed.
    """

    eval_area = "header"

    directives = (OWNERS, LESS_OWNERS, EXTRA_CHARACTERS, IGNORE_DKIM, IGNORE_HEADERS, CHECK)

    def __init__(self, conf: Conf) -> None:
        super().__init__(conf)
        self._waits = (
            bool(IGNORE_DKIM.of(conf)) and "DKIM" in conf.plugins and not conf.dialect.local_tests_only
        )

    def eval_tests(self) -> Iterable[EvalTest]:
        for test in super().eval_tests():
            yield replace(test, deferred=True) if self._waits else test

    @cached_property
    def _rules(self) -> tuple[tuple[str, EvalTest, tuple[str, ...]], ...]:
        """The rules that ask this plugin: name, test, arguments."""
        tests = {test.name: test for test in self.eval_tests()}
        return tuple(
            (name, tests[rule.test.function], rule.test.args)
            for name, rule in sorted(self.conf.rules.items())
            if isinstance(rule.test, EvalCall) and rule.test.function in tests
        )

    def parsed_metadata(self, scan: Scan) -> None:
        if self._waits:
            scan.tags.when([_READY], lambda: self._answer_all(scan))

    def check_cleanup(self, scan: Scan) -> None:
        if self._waits:
            self._answer_all(scan)

    def _answer_all(self, scan: Scan) -> None:
        state: dict[str, bool] = scan.once("from name answered", dict)
        if state.setdefault("answered", False):
            return
        state["answered"] = True
        for name, test, arguments in self._rules:
            if scan.is_active(name) and test.call(scan, *arguments):
                scan.hit(name)

    @staticmethod
    def _spoof(scan: Scan) -> Spoof:
        return scan.once("from name", lambda: _compare(scan))

    @eval_test(reads=Reads.HEADER)
    def check_fromname_spoof(self, scan: Scan, level: str = "", *_: Any) -> bool:
        """The address in the name is another; by `fns_check` its owner (1) or its domain (2) is, too."""
        spoof = self._spoof(scan)
        level = level if level in _LEVELS else CHECK.of(scan.conf)
        also = {"0": True, "1": spoof.owner_differs, "2": spoof.domain_differs}
        return spoof.address_differs and also[level]

    @eval_test(reads=Reads.HEADER)
    def check_fromname_different(self, scan: Scan, *_: Any) -> bool:
        """The address in the name is another than the sender's."""
        return self._spoof(scan).address_differs

    @eval_test(reads=Reads.HEADER)
    def check_fromname_domain_differ(self, scan: Scan, *_: Any) -> bool:
        """The address in the name is of another domain than the sender's."""
        return self._spoof(scan).domain_differs

    @eval_test(reads=Reads.HEADER)
    def check_fromname_contains_email(self, scan: Scan, *_: Any) -> bool:
        """The name contains a mail address."""
        return self._spoof(scan).contains_email

    @eval_test(reads=Reads.HEADER)
    def check_fromname_equals_to(self, scan: Scan, *_: Any) -> bool:
        """The address in the name is a recipient's."""
        return self._spoof(scan).equals_to

    @eval_test(reads=Reads.HEADER)
    def check_fromname_owners_differ(self, scan: Scan, *_: Any) -> bool:
        """The address in the name has another owner than the sender's."""
        return self._spoof(scan).owner_differs

    @eval_test(reads=Reads.HEADER)
    def check_fromname_equals_replyto(self, scan: Scan, *_: Any) -> bool:
        """The address in the name is the one to answer to."""
        return self._spoof(scan).equals_reply_to


def _is_ignored(scan: Scan) -> bool:
    signers = (scan.tags.text(_READY) or "").split()
    if any(signer.lower() in IGNORE_DKIM.of(scan.conf) for signer in signers):
        return True
    return any(scan.get(header) not in (None, b"", b"0") for header in IGNORE_HEADERS.of(scan.conf))


def _domain(scan: Scan, address: bytes) -> bytes | None:
    found = scan.reading.registry.uri_to_domain(b"mailto:" + address)
    return found[0] if found else None


def _compare(scan: Scan) -> Spoof:
    spoof = Spoof()
    if _is_ignored(scan):
        return spoof
    address = (scan.get("From:addr") or b"").lower()
    domain = _domain(scan, address)
    name = (scan.get("From:name") or b"").lower()
    found = _ADDRESS.search(name) if domain is not None else None
    if found is None or domain is None:
        return spoof
    shown = found[1]
    shown_domain = _domain(scan, shown)
    if shown_domain is None:
        return spoof
    spoof.contains_email = True
    apart = len(name) - len(shown) + _others(name) - _others(shown)
    if apart > EXTRA_CHARACTERS.of(scan.conf):
        return spoof
    owners = OWNERS.of(scan.conf)
    shown_owner = _owner(shown, shown_domain, owners)
    owner = _owner(address, domain, owners)
    spoof.address_differs = shown != address
    spoof.domain_differs = shown_domain != domain
    spoof.owner_differs = shown_owner != owner
    spoof.equals_reply_to = shown == (scan.get("Reply-To:addr") or b"").lower()
    spoof.equals_to = shown in scan.to_addresses
    if spoof.address_differs or spoof.owner_differs:
        for tag, value in (
            ("FNSFNAMEADDR", shown),
            ("FNSFNAMEDOMAIN", shown_domain),
            ("FNSFNAMEOWNER", shown_owner),
            ("FNSFADDRADDR", address),
            ("FNSFADDRDOMAIN", domain),
            ("FNSFADDROWNER", owner),
        ):
            scan.set_tag(tag, value.decode("latin-1"))
    return spoof


def _owner(address: bytes, domain: bytes, owners: Mapping[str, AddressPatterns[None]]) -> bytes:
    """Who owns an address: the list it is on, itself or without its subdomain, else its domain's first label."""
    local, at, host = address.partition(b"@")
    addresses = [address]
    if local and at and host and b"\n" not in host and host != domain:
        addresses.append(local + b"@" + domain)
    for one in addresses:
        for name, patterns in owners.items():
            if patterns.matches(one):
                return name.encode("latin-1")
    return domain.partition(b".")[0] or domain
