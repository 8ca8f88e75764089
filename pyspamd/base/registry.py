"""Where the registries delegate: which top-level domains exist, and where a host ends and its domain begins.

Everything here takes text or octets and answers in kind; text stands as `base.idn` says (octets one a
character, unless it can only be characters). The lists come from `util_rb_tld`, `util_rb_2tld` and
`util_rb_3tld`, in ASCII form.

Example::

    >>> registry = Registry(frozenset({"com", "uk"}), frozenset({"co.uk"}), frozenset())
    >>> registry.split_domain("www.shop.example.co.uk")
    ('www.shop', 'example.co.uk')
    >>> registry.uri_to_domain("http://user@www.example.com:80/path")
    ('example.com', 'www.example.com')
"""

import re
from collections.abc import Collection
from functools import lru_cache
from typing import AnyStr, Final

from .idn import idn_to_ascii, lower_octets
from .ip_text import IP_ADDRESS

_US_STATES: Final = frozenset(
    re.findall(
        "..",
        "akalarazcacoctdcdeflgaguhiiaidilinkskylamamdmemimnmomsmtncndnenhnjnmnvnyohokorpaprriscsdtntxutvavivtwawiwvwy",
    )
)
_MAX_HOST: Final = 253
_MAX_LABEL: Final = 63
_MOST_PARENTS: Final = 20
_LABEL: Final = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_HIGH_LABEL: Final = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
# The two rightmost labels hold no underscore. A line end behind a label goes unnoticed, as in the original.
_FQDN: Final = re.compile(rf"(?:{_LABEL}\n?\.)*{_HIGH_LABEL}\n?\.{_HIGH_LABEL}\n?")
_IS_ADDRESS: Final = re.compile("^" + IP_ADDRESS.decode() + "$", re.ASCII)
_MAY_BE_ADDRESS: Final = re.compile(r"[0-9:]")
_SPACE: Final = re.compile(r"\s", re.ASCII)
_DOTS: Final = re.compile(r"\.{2,}")
_IGNORED_SCHEME: Final = ("javascript:", "cid:", "file:")
_SCHEME: Final = re.compile(r"[a-z]+:/{0,2}")
_BEFORE_PATH: Final = re.compile(r"[^/?#]*")
_QUERY: Final = re.compile(r"\?.*")
_PORT: Final = re.compile(r":[0-9]*$")
_CHARACTERS_PORT: Final = re.compile(r":\d*$")
_ENCODED: Final = re.compile(r"%(?:2[1-9a-f]|[3-6][0-9a-f]|7[0-9a-e])")


def is_fqdn_valid(host: str | bytes, *, ascii_only: bool = False, characters: bool = False) -> bool:
    """Whether `host` is well formed: two labels or more, no address, length and characters as DNS wants them.

    Whether its top-level domain exists is another question. `ascii_only` skips the conversion of
    internationalized names.
    """
    name = _ascii_form(_text(host), ascii_only, characters).rstrip(".")
    if len(name) > _MAX_HOST or _FQDN.fullmatch(name) is None:
        return False
    return "\n" not in name or max(map(len, name.split("."))) <= _MAX_LABEL


def domain_to_search_list(domain: AnyStr) -> list[AnyStr]:
    """`domain` in lower case and each of its parents, longest first, 20 at most; `[…]` stays whole."""
    name = _text(domain).strip(".")
    if name in ("", "0"):
        return []
    if name.startswith("["):
        return [_like(domain, name)]
    name = lower_octets(name)
    found: list[str] = []
    dot = name.rfind(".", 1)
    while dot != -1 and len(found) < _MOST_PARENTS:
        found.append(name[dot + 1 :])
        dot = name.rfind(".", 1, dot)
    if len(found) < _MOST_PARENTS:
        found.append(name)
    return [_like(domain, parent) for parent in reversed(found)]


class Registry:
    """The delegation rules of one configuration; safe to share."""

    __slots__ = ("_domain_of", "_valid", "three_level", "tlds", "two_level")

    def __init__(
        self, tlds: Collection[str], two_level: Collection[str] = (), three_level: Collection[str] = ()
    ) -> None:
        self.tlds = frozenset(tlds)
        self.two_level = frozenset(two_level)
        self.three_level = frozenset(three_level)
        # Messages name the same few hosts again and again.
        self._domain_of = lru_cache(maxsize=2048)(self._host_and_domain)

    def split_domain(
        self, host: AnyStr, *, ascii_only: bool = False, characters: bool = False
    ) -> tuple[AnyStr, AnyStr]:
        """`host` cut where a registry delegates: what stands before the domain, and the domain."""
        before, domain = self._split(_ascii_form(_text(host), ascii_only, characters))
        return _like(host, before), _like(host, domain)

    def trim_domain(self, host: AnyStr, *, ascii_only: bool = False, characters: bool = False) -> AnyStr:
        """The domain `host` is in, as `split_domain` cuts it."""
        return _like(host, self._split(_ascii_form(_text(host), ascii_only, characters))[1])

    def is_domain_valid(
        self, domain: str | bytes, *, ascii_only: bool = False, characters: bool = False
    ) -> bool:
        """Whether `domain` has a dot, no white space, and a top-level domain that exists."""
        return self._is_valid(_ascii_form(_text(domain), ascii_only, characters))

    def uri_to_domain(self, uri: AnyStr, *, characters: bool = False) -> tuple[AnyStr, AnyStr] | None:
        """The domain and the full host of a URI, a `mailto:` or a bare host; `None` where it names none.

        Addresses are kept whole. A host that is ill-formed or whose top-level domain does not exist is none.
        """
        found = self._uri_to_domain(_text(uri), characters)
        return None if found is None else (_like(uri, found[0]), _like(uri, found[1]))

    def _uri_to_domain(self, uri: str, characters: bool) -> tuple[str, str] | None:
        wide = not uri.isascii() and (characters or max(uri) > "\xff")
        # One by one: a final sigma must not be told from any other.
        uri = "".join(map(str.lower, uri)) if wide else lower_octets(uri)
        if uri.startswith(_IGNORED_SCHEME):
            return None
        if uri.startswith("mailto:"):
            address = _QUERY.sub("", uri[7:], count=1)
            at = address.find("@")
            if at < 0:
                return None
            line_end = address.find("\n", at)
            if address.find("@", at + 1, len(address) if line_end < 0 else line_end) >= 0:
                return None
            host = address[: address.rfind("\n", 0, at) + 1] + address[at + 1 :]
        else:
            scheme = _SCHEME.match(uri)
            found = _BEFORE_PATH.match(uri, scheme.end() if scheme else 0)
            assert found
            host = found[0]
            host = host[host.rfind("@") + 1 :]
            if ":" in host:
                host = (_CHARACTERS_PORT if wide else _PORT).sub("", host, count=1)
        if "%" in host and _ENCODED.search(host):
            return None
        return self._domain_of(host, wide)

    def _host_and_domain(self, host: str, characters: bool) -> tuple[str, str] | None:
        host = idn_to_ascii(host, characters=characters)
        if _MAY_BE_ADDRESS.search(host) and _IS_ADDRESS.search(host):
            return host, host
        if not is_fqdn_valid(host, ascii_only=True) or not self._is_valid(host):
            return None
        return self._split(host)[1], host

    def _is_valid(self, name: str) -> bool:
        if _SPACE.search(name):
            return False
        _, dot, top = name.rpartition(".")
        return bool(dot) and top in self.tlds

    def _split(self, name: str) -> tuple[str, str]:
        if ".." in name:
            name = _DOTS.sub(".", name)
        parts = name.strip(".").split(".")
        cut = max(len(parts) - 1 - self._delegated(parts), 0)
        return ".".join(parts[:cut]), ".".join(parts[cut:])

    def _delegated(self, parts: list[str]) -> int:
        """How many of the rightmost labels the registry keeps to itself."""
        top = parts[-1]
        if top == "us":
            # RFC 1480, section 3: localities below the states.
            if len(parts) > 3 and parts[-2] in _US_STATES:
                fourth = parts[-4]
                if (fourth == "pvt" and parts[-3] == "k12") or fourth in ("ci", "co", "ci\n", "co\n"):
                    return 4
            if len(parts) > 2 and parts[-2] in _US_STATES:
                return 3
        elif len(parts) > 2 and ".".join(parts[-3:]) in self.three_level:
            return 3
        if len(parts) > 1 and ".".join(parts[-2:]) in self.two_level:
            return 2
        return 1


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _like(model: AnyStr, text: str) -> AnyStr:
    return text.encode("latin-1") if isinstance(model, bytes) else text


def _ascii_form(name: str, ascii_only: bool, characters: bool) -> str:
    if not ascii_only:
        return idn_to_ascii(name, characters=characters)
    if not name.isascii() and (characters or max(name) > "\xff"):
        name = name.encode("utf-8", "surrogatepass").decode("latin-1")
    return lower_octets(name)
