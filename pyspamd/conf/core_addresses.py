"""Core directives that list addresses and hosts: welcome lists, block lists, and lists with names.

Source: Mail::SpamAssassin::Conf, "WELCOMELIST AND BLOCKLIST OPTIONS". Each has its older name as an alias.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from .address_patterns import AddressPatterns
from .addresses import AddressList, AddressPairs, add_addresses
from .ascii import lower, words
from .directives import Action, BadValue, Build, Custom, Directive
from .lists import EMPTY, RemoveWords, frozen_table, frozen_tables, thawed_tables

WELCOMELIST_FROM: Final = AddressList("welcomelist_from", aliases=("whitelist_from",))
WELCOMELIST_FROM_RCVD: Final = AddressPairs("welcomelist_from_rcvd", aliases=("whitelist_from_rcvd",))
DEF_WELCOMELIST_FROM_RCVD: Final = AddressPairs(
    "def_welcomelist_from_rcvd", aliases=("def_whitelist_from_rcvd",)
)
WELCOMELIST_ALLOWS_RELAYS: Final = AddressList(
    "welcomelist_allows_relays", aliases=("whitelist_allows_relays",)
)
BLOCKLIST_FROM: Final = AddressList("blocklist_from", aliases=("blacklist_from",))
WELCOMELIST_TO: Final = AddressList("welcomelist_to", aliases=("whitelist_to",))
MORE_SPAM_TO: Final = AddressList("more_spam_to")
ALL_SPAM_TO: Final = AddressList("all_spam_to")
BLOCKLIST_TO: Final = AddressList("blocklist_to", aliases=("blacklist_to",))
WELCOMELIST_AUTH: Final = AddressList("welcomelist_auth", aliases=("whitelist_auth",))
DEF_WELCOMELIST_AUTH: Final = AddressList("def_welcomelist_auth", aliases=("def_whitelist_auth",))

_NAMED: Final = re.compile(r"\(([^\n]+?)\)[ \t\n\r\f\v]+([^\n]+)")
_MAYBE_NAMED: Final = re.compile(r"(?:\(([^\n]+?)\)[ \t\n\r\f\v]+)?([^\n]+)")

HostLists = dict[str, dict[str, bool]]


def _enlist(lists: dict[str, dict[str, None]], text: str, build: Build) -> dict[str, dict[str, None]]:
    found = _NAMED.fullmatch(text)
    if found is None:
        raise BadValue("needs a list's name in brackets, then addresses")
    name, addresses = found[1], words(found[2])
    core = build.setting(name)
    if isinstance(core, AddressList):  # the name of a list that has a directive of its own
        add_addresses(build.container(core), addresses)
    else:
        add_addresses(lists.setdefault(name, {}), addresses)
    return lists


NAMED_ADDRESS_LISTS: Final = Custom[Mapping[str, AddressPatterns[None]]](
    "enlist_addrlist",
    EMPTY,
    _enlist,
    thaw=lambda lists: {name: dict(listed.entries) for name, listed in lists.items()},
    freeze=lambda lists: frozen_table({name: AddressPatterns(listed) for name, listed in lists.items()}),
)
"""Address lists with names of their own, for `check_from_in_list` and its like; see `Conf.address_list`."""


def _put_hosts(lists: HostLists, name: str, text: str) -> HostLists:
    for host in words(lower(text)):
        listed = lists.setdefault(name, {})
        listed[host.removeprefix("!")] = not host.startswith("!")
    return lists


def _enlist_host(lists: HostLists, text: str, build: Build) -> HostLists:
    found = _NAMED.fullmatch(text)
    if found is None:
        raise BadValue("needs a list's name in brackets, then hosts")
    return _put_hosts(lists, found[1], found[2])


URI_HOST_LISTS: Final = Custom[Mapping[str, Mapping[str, bool]]](
    "enlist_uri_host",
    EMPTY,
    _enlist_host,
    thaw=thawed_tables,
    freeze=frozen_tables,
    setting="uri_host_lists",
)
"""Hosts by list; false for a host that `!` excludes."""


def _delist_host(text: str, build: Build) -> None:
    found = _MAYBE_NAMED.fullmatch(text)
    if found is None:
        raise BadValue("needs hosts to take from the lists")
    lists: HostLists = build.container(URI_HOST_LISTS)
    for name in [found[1]] if found[1] is not None else list(lists):
        for host in words(lower(found[2])):
            lists.get(name, {}).pop(host.removeprefix("!"), None)


def _host_list(name: str, list_name: str, alias: str) -> Action:
    """A directive that puts hosts on one list."""

    def put(text: str, build: Build) -> None:
        _put_hosts(build.container(URI_HOST_LISTS), list_name, text)

    return Action(name, put, aliases=(alias,))


ADDRESS_DIRECTIVES: Final[tuple[Directive[Any], ...]] = (
    WELCOMELIST_FROM,
    RemoveWords("unwelcomelist_from", WELCOMELIST_FROM, lower_case=True, aliases=("unwhitelist_from",)),
    WELCOMELIST_FROM_RCVD,
    DEF_WELCOMELIST_FROM_RCVD,
    RemoveWords(
        "unwelcomelist_from_rcvd",
        WELCOMELIST_FROM_RCVD,
        DEF_WELCOMELIST_FROM_RCVD,
        lower_case=True,
        aliases=("unwhitelist_from_rcvd",),
    ),
    WELCOMELIST_ALLOWS_RELAYS,
    BLOCKLIST_FROM,
    RemoveWords("unblocklist_from", BLOCKLIST_FROM, lower_case=True, aliases=("unblacklist_from",)),
    WELCOMELIST_TO,
    MORE_SPAM_TO,
    ALL_SPAM_TO,
    BLOCKLIST_TO,
    WELCOMELIST_AUTH,
    DEF_WELCOMELIST_AUTH,
    RemoveWords(
        "unwelcomelist_auth",
        WELCOMELIST_AUTH,
        DEF_WELCOMELIST_AUTH,
        lower_case=True,
        aliases=("unwhitelist_auth",),
    ),
    NAMED_ADDRESS_LISTS,
    URI_HOST_LISTS,
    Action("delist_uri_host", _delist_host),
    _host_list("blocklist_uri_host", "BLOCK", "blacklist_uri_host"),
    _host_list("welcomelist_uri_host", "WELCOME", "whitelist_uri_host"),
)
