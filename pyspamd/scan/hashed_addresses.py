"""The mail addresses of the message being judged that a list of hashes is asked about.

Where they are looked for, what counts as one, whom they may belong to, and what of them is looked up. Source:
Mail::SpamAssassin::Plugin::HashBL on `check_hashbl_emails`.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Final

from ..conf.ascii import lower, words
from ..conf.directives import BadValue, Build, Custom, required, shorten
from ..conf.lists import EMPTY, frozen_table, frozen_tables, thawed_tables
from ..mail.uri_canon import as_octets
from ..perlre.regex import Regex, RegexError, compile_regex
from .scan import Scan

_ATOM = r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+"
ADDRESS = (
    r"(?i)(?=.{0,64}@)(?<![a-z0-9!#$%&'*+/=?^_`{|}~-])"
    rf"({_ATOM}(?:\.{_ATOM})*@(?:[a-z0-9](?:[a-z0-9-]{{0,59}}[a-z0-9])?\.){{1,4}}_TLDS_)"
)
"""What counts as a mail address unless `hashbl_email_regex` says else; `_TLDS_` is any top-level domain."""
NO_PERSON = (
    r"(?i)^(?:abuse|support|sales|info|helpdesk|contact|kontakt|(?:post|host|domain)master|undisclosed.*"
    r"|request-[a-f0-9]{16}|bounced?-"
    r"|[a-f0-9]{8}(?:\.[a-f0-9]{8}|-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{12})|.+=.+=.+)@"
)
"""The addresses that are never looked up unless `hashbl_email_welcomelist` says else: functions, not people."""
EVERYONE: Final = "all"
"""The name of the access list that admits every domain."""

_LABEL = r"(?:>|\s{1,10}(?!(?:fa(?:x|csi)|tel|phone|e?-?mail))[a-z]{2,11}:)"
_MEMBER = re.compile(r"[a-z0-9]{1,32}")
_IN_URL = re.compile(rb"<?https?://\S{0,255}(?:@|%40)\S{0,255}", re.IGNORECASE)
_USER_AND_HOST = re.compile(rb"([^\n]*)@([^\n]+)")
_RECIPIENTS = ("X-Original-To:addr", "Apparently-To:addr", "Delivered-To:addr", "Envelope-To:addr")


def _aliases(table: dict[str, str], text: str, build: Build) -> dict[str, str]:
    domain, *aliases = words(lower(required(text)))
    if not aliases or "@" in text:
        raise BadValue(f"takes a domain and other names of it, not '{shorten(text)}'")
    table.update(dict.fromkeys(aliases, domain))
    return table


def _pattern(value: str, text: str, build: Build) -> str:
    try:
        compile_regex(required(text))
    except RegexError as error:
        raise BadValue(f"has an unusable regex '{shorten(text)}': {error}") from error
    return text


def _access(table: dict[str, dict[str, bool]], text: str, build: Build) -> dict[str, dict[str, bool]]:
    name, *domains = words(text)
    if not _MEMBER.fullmatch(name):
        raise BadValue(f"cannot be named '{shorten(name)}'")
    for word in domains:
        entries = table.setdefault(name, {})
        if word.startswith("!") and len(word) > 1:
            entries[lower(word[1:])] = False
        elif name != EVERYONE:
            entries.setdefault(lower(word), True)
    return table


ALIASES: Final = Custom[Mapping[str, str]](
    "hashbl_email_domain_alias", EMPTY, _aliases, thaw=dict, freeze=frozen_table
)
EMAIL_REGEX: Final = Custom[str]("hashbl_email_regex", ADDRESS, _pattern)
EMAIL_WELCOME: Final = Custom[str](
    "hashbl_email_welcomelist", NO_PERSON, _pattern, aliases=("hashbl_email_whitelist",)
)
ACCESS: Final = Custom[Mapping[str, Mapping[str, bool]]](
    "hashbl_acl_*",
    EMPTY,
    _access,
    thaw=thawed_tables,
    freeze=frozen_tables,
    setting="hashbl_acl",
)
"""By name of the list, which domains it admits (`!domain` does not)."""


def has_access_list(scan: Scan, access: str | None) -> bool:
    """Whether the access list that a rule names is there; none is needed where it names none."""
    return access in (None, EVERYONE) or access in ACCESS.of(scan.conf)


def listed_addresses(
    scan: Scan,
    sources: Sequence[str],
    options: Mapping[str, str],
    access: str | None,
    skipped: frozenset[bytes],
) -> list[bytes]:
    """What to look up of the addresses in `sources`: headers, ALLFROM, or the body.

    Left out are the message's own recipients, functions (`hashbl_email_welcomelist`), and addresses that the access
    list does not admit; without one those whose domain is `skipped` (lower case).
    """
    recipients: frozenset[bytes] = frozenset()
    if any(source != "ALLFROM" for source in sources):
        # Only then does the original look at who the message is for.
        recipients = frozenset(address.lower() for source in _RECIPIENTS for address in scan.values(source))
    welcome = _compiled(scan, EMAIL_WELCOME.of(scan.conf))
    wanted: list[bytes] = []
    for address in dict.fromkeys(_admitted(scan, sources, options, access)):
        if (address and address in recipients) or welcome.matches(address):
            continue
        user, _, host = address.rpartition(b"@")
        domain = scan.reading.registry.trim_domain(host)
        if access is None and (host.lower() in skipped or domain.lower() in skipped):
            continue
        wanted.append(_query(user, host, domain, options))
    return wanted


def _query(user: bytes, host: bytes, domain: bytes, options: Mapping[str, str]) -> bytes:
    """What of an address the options want."""
    if "nodot" in options:
        user = user.replace(b".", b"")
    if "notag" in options:
        user = user.partition(b"+")[0]
    if "host" in options or "domain" in options:
        query = domain if "domain" in options else host
    else:
        query = user if "user" in options else user + b"@" + host
    return query if "case" in options else query.lower()


def _admitted(
    scan: Scan, sources: Sequence[str], options: Mapping[str, str], access: str | None
) -> Iterator[bytes]:
    """Addresses by their domains' proper names, as far as the access list admits those."""
    aliases = ALIASES.of(scan.conf)
    admitted = ACCESS.of(scan.conf).get(access or "", {})
    for source in sources:
        key = source, *(("nouri" in options, "noquote" in options) if source == "body" else ())
        for address in scan.once(("hashbl", key), partial(_addresses, scan, source, options)):
            found = _USER_AND_HOST.search(address)
            if found is None:
                continue
            domain = found[2].decode("latin-1")
            if (proper := aliases.get(lower(domain))) is not None:
                domain, address = proper, found[1] + b"@" + proper.encode("latin-1")
            if access in (None, EVERYONE) or admitted.get(domain):
                yield address


def _addresses(scan: Scan, source: str, options: Mapping[str, str]) -> Iterable[bytes]:
    if source == "ALLFROM":
        return scan.from_addresses
    regex = _compiled(scan, EMAIL_REGEX.of(scan.conf))
    text = _body(scan, options) if source == "body" else b"\n".join(scan.values(source))
    return list(dict.fromkeys(found.group() or b"" for found in regex.finditer(text)))


def _body(scan: Scan, options: Mapping[str, str]) -> bytes:
    """The text of the body that addresses are looked for in, behind those that its links name."""
    linked = b"".join(
        as_octets(uri)[7:] + b"\n"
        for uri, detail in scan.uri_details.items()
        if "a" in detail.types and "parsed" not in detail.types and lower(uri[:7]) == "mailto:" and uri[7:]
    )
    body = b"".join(scan.body)
    if "nouri" in options:
        body = _IN_URL.sub(b" ", body)
    if "noquote" in options:
        regex = f"(?i)<?(?<!mailto:){EMAIL_REGEX.of(scan.conf)}{_LABEL}"
        body = _without(_compiled(scan, regex), body)
    return linked + body


def _compiled(scan: Scan, pattern: str) -> Regex:
    tlds = "|".join(sorted(scan.reading.registry.tlds)) or "no_tlds_defined"
    valid = rf"(?i:(?<![a-zA-Z0-9-])(?:{tlds})(?!(?:[a-zA-Z0-9-]|\.[a-zA-Z0-9])))"
    return compile_regex(pattern.replace("_TLDS_", valid))


def _without(regex: Regex, text: bytes) -> bytes:
    """`text` with a blank in the place of each match."""
    pieces: list[bytes] = []
    end = 0
    for found in regex.finditer(text):
        pieces.append(text[end : found.start()])
        end = found.end()
    return b" ".join([*pieces, text[end:]]) if pieces else text
