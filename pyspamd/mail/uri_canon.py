"""A URI and the other spellings under which a reader's mail program would follow it.

Source: `uri_list_canonicalize` of Mail::SpamAssassin::Util. URIs are Perl strings held as `str`: octets (one
a character) where they were found in text, characters where HTML was parsed (`wide`); see `base.idn`.

Example::

    >>> canonicalize("http://%77ww.example.com:80/")
    ['http://%77ww.example.com:80/', 'http://www.example.com:80/', 'http://www.example.com/']
"""

import re
from collections.abc import Sequence
from typing import Final

from ..base.idn import idn_to_ascii, lower_octets
from ..base.registry import Registry
from ..perlre.regex import Regex, RegexError, compile_regex
from .perl_characters import ASCII_SPACE, WIDE_SPACE, is_ascii_word, is_wide_word

_MAX_REDIRECTIONS: Final = 2000
# As many redirections are followed as would come to so many characters were each as long as the URI: 32 of the longest.
_MOST_REDIRECTED: Final = 2**18
_NOT_A_LINK: Final = re.compile(r"[#?&]|/(?!/)")
_ESCAPE: Final = re.compile(r"%[0-9a-fA-F]{2}")
_TO_ENCODE: Final = re.compile(r'%[0-9a-fA-F]{2}|[\x00-\x20\x7f-\xff"%<>]')
_DECIMAL: Final = re.compile(r"&#0*(3[3-9]|[4-9][0-9]|1[01][0-9]|12[0-6]);")
_HEXADECIMAL: Final = re.compile(r"&#x0*(2[1-9]|[3-6][a-fA-F0-9]|7[0-9a-eA-E]);")
_DOT: Final = re.compile(r"&#(?:x2e|12290|x3002|65294|xff0e|65377|xff61);", re.I)
_CONTROLS: Final = dict.fromkeys(range(0x21))
_WITH_OPTIONS: Final = re.compile(r"([^@]+@[^?]+)\?")
_WITH_AMPERSAND: Final = re.compile(r"([^@]+@[^?&]+)&")
_WITH_SPACES: Final = re.compile(r"(?:mailto:)?(?:%20)*([^@]+@[^?&%]+)")
_OPTIONS: Final = re.compile(r"[?&]")
_IN_BRACKETS: Final = re.compile(r"<((?:[^@<>]+<?|<)@[^>]+)>")
_PLAIN_HOST: Final = re.compile(r"[a-zA-Z0-9_.-]*[a-zA-Z0-9]")
_USER: Final = re.compile(r"[^@]+@")
_UP_TO_ALPHANUMERIC: Final = re.compile(r".*[0-9A-Za-z]", re.DOTALL)
_FOUR_NUMBERS: Final = re.compile(r"(?:(?:0x[0-9a-f]+|[0-9]+)\.){3}(?:0x[0-9a-f]+|[0-9]+)", re.I)
_HEX_NUMBER: Final = re.compile(r"0x[0-9a-f]+", re.I)
_DIGITS: Final = re.compile(r"[0-9]+")
_OCTAL: Final = re.compile(r"0+([1-3][0-7]{0,2}|[4-7][0-7]?)(?![0-9])")
_ONE_NAME: Final = re.compile(r"(?:www\.)?([^.]+)")


class _Patterns:
    """The patterns whose reading depends on whether a string holds octets or characters."""

    __slots__ = ("http", "inner", "parts", "query", "scheme")

    def __init__(self, flags: int) -> None:
        self.http: Final = re.compile(r"(https?:)/{0,2}", flags | re.I)
        self.scheme: Final = re.compile(r"[-_a-z0-9]+:", flags | re.I)
        self.query: Final = re.compile(r"(https?://[^/?#]+)([?#])", flags | re.I)
        self.parts: Final = re.compile(
            r"(https?://)([^@/?#]*@)?([^/?#:]+)((?::(\d*))?.*)", flags | re.I | re.DOTALL
        )
        self.inner: Final = re.compile(r"https?:/{0,2}[^&#]+", flags | re.I)


_OCTETS: Final = _Patterns(re.ASCII)
_CHARACTERS: Final = _Patterns(0)


def _encodings() -> dict[str, str]:
    """What every escape and every character that needs one turns into."""
    table = {chr(code): f"%{code:02x}" for code in (*range(0x21), *range(0x7F, 0x100), *b'"%<>')}
    for high in "0123456789abcdefABCDEF":
        for low in "0123456789abcdefABCDEF":
            code = int(high + low, 16)
            escape = f"%{high}{low}"
            table[escape] = chr(code) if 0x21 <= code <= 0x7E else escape
    return table


_ENCODINGS: Final = _encodings()


def url_encode(uri: str) -> str:
    """`uri` with escapes of printable ASCII taken back, and what may not stand bare escaped."""
    return _TO_ENCODE.sub(lambda found: _ENCODINGS[found[0]], uri)


class Redirectors:
    """The `redirector_pattern` list: what a URI redirects to is the first group of the first that matches."""

    __slots__ = ("_any", "patterns")

    def __init__(self, patterns: Sequence[Regex] = ()) -> None:
        self.patterns = tuple(patterns)
        self._any = _any_of(self.patterns)

    def target(self, uri: str) -> str | None:
        """The URI that `uri` redirects to; `None` if no pattern finds one with a dot in it."""
        if not self.patterns:
            return None
        octets = as_octets(uri)
        if self._any is not None:
            surrenders = self._any.gave_up
            if not self._any.matches(octets) and self._any.gave_up == surrenders:
                return None
        for pattern in self.patterns:
            found = pattern.search(octets)
            if found is not None and pattern.group_count:
                start, end = found.span(1)
                if start >= 0 and "." in uri[start:end]:
                    return uri[start:end]
        return None


def _any_of(patterns: Sequence[Regex]) -> Regex | None:
    """One regex that matches wherever some pattern does, for a quick no; `None` if they cannot be joined."""
    branches = []
    for pattern in patterns:
        # Groups that are referred to by number, and comments that run on, do not survive being joined.
        if re.search(r"\\[1-9gk]|\(\?[&PR0-9(|]|\(\*", pattern.pattern) or set(pattern.flags) - set("ims"):
            return None
        flags = "".join(sorted(set(pattern.flags)))
        branches.append(f"(?{flags}:{pattern.pattern})" if flags else f"(?:{pattern.pattern})")
    try:
        return compile_regex("|".join(branches)) if len(branches) > 1 else None
    except RegexError:
        return None


def as_octets(uri: str) -> bytes:
    """`uri` as regexes of rules match it: one octet a character, 0x9D for those beyond U+00FF."""
    if uri.isascii() or max(uri) <= "\xff":
        return uri.encode("latin-1")
    return "".join([char if char <= "\xff" else "\x9d" for char in uri]).encode("latin-1")


def canonicalize(
    uri: str,
    redirectors: Redirectors | None = None,
    registry: Registry | None = None,
    *,
    wide: bool = False,
) -> list[str]:
    """`uri` (cleared of line ends) and the URIs it may also be read as, each once, redirections included.

    `registry` decides which bare names are taken for `www.NAME.com`. `wide` says that `uri` holds characters.
    """
    uris = [uri]
    others: list[str] = []
    number = 0
    while number < len(uris):
        uri = uris[number]
        if "\n" in uri:
            uri = uri.replace("\n", "")
        uri = uri.strip(WIDE_SPACE if wide else ASCII_SPACE)
        if "\r" in uri:
            uri = uri.replace("\r", "")
        uris[number] = uri
        number += 1
        if len(uri) <= 1 or _NOT_A_LINK.match(uri):
            continue
        at = uri.find("@")
        if (at >= 0 and ":" not in uri[:at]) or uri[:7].lower() == "mailto:":
            _mail(uri, others)
        else:
            _web(uri, uris, others, redirectors, registry, wide and not uri.isascii())
    return list(dict.fromkeys(uris + others))


def _mail(uri: str, others: list[str]) -> None:
    """Addresses without what mail programs leave out: options, spaces, a name before the brackets."""
    if found := _WITH_OPTIONS.match(uri):
        others.append(found[1])
    if found := _WITH_AMPERSAND.match(uri):
        others.append(found[1])
    if "%20" in uri and (found := _WITH_SPACES.match(uri)):
        others.append("mailto:" + found[1])
    if "<" in uri and (found := _bracketed(uri)):
        others.append("mailto:" + found[1])


def _bracketed(uri: str) -> re.Match[str] | None:
    """The last address in angle brackets that open before any option, found in one walk from the right."""
    options = _OPTIONS.search(uri)
    start = min(uri.rfind(">"), options.start() if options else len(uri))
    while start > 0 and (start := uri.rfind("<", 0, start)) >= 0:
        if found := _IN_BRACKETS.match(uri, start):
            return found
    return None


def _web(
    uri: str,
    uris: list[str],
    others: list[str],
    redirectors: Redirectors | None,
    registry: Registry | None,
    wide: bool,
) -> None:
    patterns = _CHARACTERS if wide else _OCTETS
    cleaned = _with_scheme(uri, patterns)
    if cleaned != uri:
        others.append(cleaned)
    parts = patterns.parts.match(cleaned)
    if parts is None:
        return
    scheme, user, host, rest, port = parts.groups()
    without_port = ""
    if port:
        without_port = rest
        default = "80" if scheme == "http://" else "443"
        if port == default and not _word_goes_on(rest[len(port) + 1 : len(port) + 2], wide):
            without_port = rest[len(port) + 1 :]
            others.append(scheme + host + without_port)
    if _PLAIN_HOST.fullmatch(host):
        name = host.lower()
    else:
        name = idn_to_ascii(host, characters=wide)
        if name != ("".join(map(str.lower, host)) if wide else lower_octets(host)):
            others.append(scheme + name + rest)
            if without_port not in ("", "0"):
                others.append(scheme + name + without_port)
            host = name
        stripped = host.translate(_CONTROLS)
        if stripped != host:
            host = stripped
            others.append(scheme + host + rest)
    _redirections(scheme + host + rest, rest, uris, redirectors, patterns)
    if "@" in host and (user_part := _USER.match(host)):
        host = host[user_part.end() :]
        others.append(scheme + host + rest)
    if host and not (host[-1].isascii() and host[-1].isalnum()):
        kept = _UP_TO_ALPHANUMERIC.match(host)
        host = kept[0] if kept else ""
        others.append(scheme + host + rest)
    _numbers_and_names(scheme, user, host, name, port, rest, others, registry)


def _with_scheme(uri: str, patterns: _Patterns) -> str:
    """`uri` with its scheme spelt out, escapes and character references taken back."""
    if "\\" in uri:
        uri = uri.replace("\\", "/")
    http = patterns.http.match(uri)
    if http is not None and not http[0].endswith("//"):
        uri = http[1] + "//" + uri[http.end() :]
    if "%" in uri and _ESCAPE.search(uri):
        uri = url_encode(uri)
    if not patterns.scheme.match(uri):
        uri = ("ftp://" if uri.startswith("ftp.") else "http://") + uri
    if query := patterns.query.match(uri):
        uri = query[1] + "/" + uri[query.end(1) :]
    if "&#" in uri:
        uri = _DECIMAL.sub(lambda found: chr(int(found[1])), uri)
        uri = _HEXADECIMAL.sub(lambda found: chr(int(found[1], 16)), uri)
        uri = _DOT.sub(".", uri)
    return uri


def _redirections(
    whole: str, rest: str, uris: list[str], redirectors: Redirectors | None, patterns: _Patterns
) -> None:
    target = redirectors.target(whole) if redirectors is not None else None
    if target is None and ":" in rest:
        inner = patterns.inner.search(rest)
        if inner is not None and "." in inner[0]:
            target = inner[0]
    if (
        target is not None
        and target not in uris
        and len(uris) < _MAX_REDIRECTIONS
        and len(uris) * len(uris[0]) < _MOST_REDIRECTED
    ):
        uris.append(target)


def _numbers_and_names(
    scheme: str,
    user: str | None,
    host: str,
    name: str,
    port: str | None,
    rest: str,
    others: list[str],
    registry: Registry | None,
) -> None:
    """Addresses written in unusual ways, and names that a browser would complete."""
    if host[:1].isdigit():
        if _FOUR_NUMBERS.fullmatch(host):
            others.append(scheme + ".".join([_decimal(number) for number in host.split(".")]) + rest)
            return
        if _HEX_NUMBER.fullmatch(host):
            others.append(scheme + _address(int(host[2:][-8:], 16)) + rest)
            return
        if _DIGITS.fullmatch(host):
            others.append(scheme + _address(_clipped(host)) + rest)
            return
    if scheme != "http://" or user or (port and port != "80") or name == "localhost":
        return
    found = _ONE_NAME.fullmatch(name)
    if found is not None and not (registry is not None and registry.is_domain_valid(name)):
        others.append(f"{scheme}www.{found[1]}.com{rest}")


def _decimal(number: str) -> str:
    """One part of a dotted address as a decimal number without leading zeros (so 0 becomes nothing)."""
    if number[:2].lower() == "0x":
        value = int(number[2:], 16)
        if value >= 1 << 1024:
            return "Inf"  # what Perl prints, like the negative ones below
        if value >= 1 << 63:
            value = value - (1 << 64) if value < 1 << 64 else -1
        number = str(value)
    octal = _OCTAL.match(number)
    if octal is not None:
        number = str(int(octal[1], 8)) + number[octal.end() :]
    return number.lstrip("0")


def _clipped(digits: str) -> int:
    digits = digits.lstrip("0")[:21]
    return int(digits or "0")


def _address(value: int) -> str:
    """The dotted address whose octets are the first four that `value` is written with in hexadecimal."""
    digits = f"{min(value, (1 << 64) - 1):08x}"[:8]
    return ".".join([str(octet) for octet in bytes.fromhex(digits)])


def _word_goes_on(following: str, wide: bool) -> bool:
    return following != "" and (is_wide_word(following) if wide else is_ascii_word(following))
