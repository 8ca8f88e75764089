"""One message being judged: the message, its views, what has hit, its tags and its look-ups in flight."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping
from functools import cached_property
from typing import Any, TypeVar, cast

from ..base.clock import Deadline
from ..conf.conf import Conf
from ..mail.correspondents import all_from_addresses, all_to_addresses
from ..mail.header_view import HeaderView
from ..mail.html import HtmlPage
from ..mail.message import Message
from ..mail.relays import Relays
from ..mail.uris import UriDetails, add_signers, uri_subjects
from ..net.blocked import BlockedZones
from ..net.resolver import Resolver
from ..ruleset.program import Program
from .hits import Hits
from .reading import Reading
from .tags import Tags

Shared = TypeVar("Shared")
_UNKNOWN = object()


class Scan:
    """Everything that belongs to one message while it is judged.

    Plugins read the views (`body`, `rawbody`, `uris`, `get` …), keep what they compute with `once`, report hits with
    `hit` and start look-ups with `spawn`. A scan never writes to its `Conf`.
    """

    def __init__(
        self,
        message: Message,
        conf: Conf,
        program: Program,
        reading: Reading,
        *,
        resolver: Resolver | None = None,
        blocked: BlockedZones | None = None,
        now: float,
        deadline: Deadline | None = None,
        score_set: int = 0,
        user: str | None = None,
        truncated: bool = False,
    ) -> None:
        self.message = message
        self.conf = conf
        self.program = program
        self.reading = reading
        self.resolver = resolver
        """`None` when no network may be used (`-L`, `dns_available no`)."""
        self.blocked = blocked or BlockedZones()
        """Zones that are not asked for a while (`dns_block_rule`)."""
        self.now = now
        """The time the message is judged at, seconds since the epoch."""
        self.deadline = deadline or Deadline()
        self.score_set = score_set
        self.user = user
        self.truncated = truncated
        """Whether the end of the message is missing, so that what was signed cannot be checked."""
        self.hits = Hits(conf, score_set)
        self.hit = self.hits.add
        """Record a hit, as `Hits.add` says."""
        self.tags = Tags()
        self.metadata: dict[str, bytes] = {}
        self.time_limit_exceeded = False
        self.shortcircuited = False
        """Whether no further rule shall run."""
        self.unsure_body = False
        """Whether the body may read differently another time, so that nothing about it is remembered."""
        self.learning_disabled = False
        """Whether the message must not be learned from by itself."""
        self.log_items: dict[str, Callable[[], str]] = {}
        """What plugins add to the log's result line, worked out when the verdict stands (`set_spamd_result_item`)."""
        self.tasks: dict[asyncio.Task[object], tuple[str, ...]] = {}
        self.body_uris: Callable[[Scan], UriDetails] = lambda scan: scan.reading.body_uris(scan.message)
        """Where the URIs of the body come from; the engine puts what it remembers in its place."""
        self._shared: dict[object, object] = {}
        self._body: list[bytes] | None = None

    # Views of the message

    @cached_property
    def relays(self) -> Relays:
        """Received lines split into trusted, untrusted, internal and external relays."""
        return self.reading.relays(self.message)

    @cached_property
    def header_view(self) -> HeaderView:
        """Header values by request, modifiers included."""
        return self.reading.header_view(self.message, self.relays, self.metadata)

    def get(self, request: str) -> bytes | None:
        """A header's value as `PerMsgStatus::get` in scalar context; `None` where it is absent."""
        return self.header_view.get(request)

    def values(self, request: str) -> list[bytes]:
        """A header's values as `PerMsgStatus::get` in list context."""
        return self.header_view.values(request)

    @property
    def body(self) -> list[bytes]:
        """What `body` rules see: the subject, then a paragraph an element."""
        return self.message.body if self._body is None else self._body

    @property
    def body_replaced(self) -> bool:
        """Whether `body` is no longer the message's own."""
        return self._body is not None

    def replace_body(self, elements: list[bytes]) -> None:
        """Let body rules see other text from here on; it must follow from the message's body alone."""
        if elements != self.message.body:
            self._body = elements

    def rewrite_body(self, body: bytes) -> None:
        """Let the message be delivered with another body; rules that have run saw the one it came with."""
        self.message = Message(self.message.header_block + body, self.reading.message_settings)

    @property
    def rawbody(self) -> list[bytes]:
        """What `rawbody` rules see: decoded text in chunks of 2-4 kB."""
        return self.message.rawbody

    @cached_property
    def uri_details(self) -> UriDetails:
        """Every URI found in the message, by its text (`get_uri_detail_list`)."""
        details = self.body_uris(self)
        add_signers(details, self.message.headers)
        return details

    @cached_property
    def uris(self) -> list[bytes]:
        """What `uri` rules see (`get_uri_list`), in octets."""
        return uri_subjects(self.uri_details)

    def add_uri(self, uri: str, types: Iterable[str] = ()) -> None:
        """Take in a URI that only a plugin can see (`add_uri_detail_list`); `types` defaults to `parsed`.

        Call it from `parsed_metadata`, so that rules see it.
        """
        self.uri_details.add(uri, types)
        self.__dict__.pop("uris", None)

    @property
    def html_pages(self) -> list[HtmlPage]:
        """What rendering found, HTML part by HTML part."""
        return [page for page in self.message.html_pages if page is not None]

    @property
    def html_all(self) -> list[Mapping[str, Any]]:
        """Facts about each HTML part, by the names that SpamAssassin's `html` eval tests use."""
        return [page.facts for page in self.html_pages]

    @cached_property
    def from_addresses(self) -> list[bytes]:
        """Every address the message may come from (`all_from_addrs`)."""
        return all_from_addresses(self.header_view)

    @cached_property
    def to_addresses(self) -> list[bytes]:
        """Every address the message may be meant for (`all_to_addrs`)."""
        return all_to_addresses(self.header_view)

    # What plugins and rules share

    def once(self, key: object, make: Callable[[], Shared]) -> Shared:
        """`make()`, called the first time `key` is asked for on this message; the same object afterwards."""
        known = self._shared.get(key, _UNKNOWN)
        if known is not _UNKNOWN:
            return cast(Shared, known)
        value = self._shared[key] = make()
        return value

    def set_metadata(self, name: str, value: bytes) -> None:
        """Add a metadata header (`X-Languages` …) that header rules can ask for."""
        self.metadata[name] = value
        self.header_view.forget(name)

    def set_tag(self, name: str, value: str | list[str] | Callable[[], str]) -> None:
        """Set a tag for templates and for rules that wait for it."""
        self.tags.set(name, value)

    # Hits

    @property
    def score(self) -> float:
        """The score so far."""
        return self.hits.score

    def is_active(self, rule: str) -> bool:
        """Whether the rule's score is not 0, so that working out its answer is worth while."""
        scores = self.conf.scores.get(rule)
        return scores is not None and scores[self.score_set] != 0

    def has_hit(self, rule: str) -> bool:
        """Whether the rule has hit so far."""
        return bool(self.hits.values.get(rule))

    def place_of(self, rule: str) -> str:
        """The rule and where it is defined, for messages to the administrator: `FILE:LINE:COLUMN: RULE`."""
        known = self.conf.rules.get(rule)
        return rule if known is None else f"{known.location}: {rule}"

    def log(self, rule: str, text: str) -> None:
        """Add a line to what the report says of a rule (`test_log`)."""
        self.hits.log(rule, text)

    # Look-ups

    @property
    def network(self) -> bool:
        """Whether network tests may run."""
        return self.resolver is not None

    def spawn(self, coroutine: Coroutine[Any, Any, object], rules: Iterable[str] = ()) -> None:
        """Let a look-up run beside the scan; `rules` are those whose answer it may decide.

        The engine waits for it before the last metas, but no longer than the deadline.
        """
        task = asyncio.ensure_future(coroutine)
        self.tasks[task] = tuple(rules)
