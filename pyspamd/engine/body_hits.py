"""What was found in a body: answers of rules that read only the body, taken down or played back.

A record is plain data, so that the verdict cache can keep it: `texts` maps `priority:area` to [rule, count] pairs,
`evals` maps `priority:area` to the eval tests that had something to say, rule: [answer, what it logged], `uris` holds
the URIs if anybody asked for them. A body that was replaced on the way (`Scan.replace_body`) has entries of its own,
marked with an apostrophe, since whether it is replaced depends on the header.
"""

from collections.abc import Callable, Iterable
from typing import Any

from ..mail.uris import UriDetails
from ..scan.scan import Scan

Answer = bool | int | float | None
Pairs = list[tuple[str, int]]
Answers = dict[str, tuple[Answer, list[str]]]


class BodyHits:
    """Plays back a record where there is one, otherwise works things out and takes them down."""

    def __init__(self, record: dict[str, Any] | None = None) -> None:
        self.record: dict[str, Any] = {"texts": {}, "evals": {}} if record is None else record

    @classmethod
    def from_record(cls, record: object) -> "BodyHits | None":
        """Playback of a record, or `None` where it does not have a record's shape."""
        if not (isinstance(record, dict) and isinstance(record.get("texts"), dict)):
            return None
        return cls(record) if isinstance(record.get("evals"), dict) else None

    def uris(self, scan: Scan) -> UriDetails:
        """The URIs of the body."""
        known = self.record.get("uris")
        if known is not None:
            try:
                return UriDetails.from_data(known, scan.reading.uri_settings)
            except (AttributeError, KeyError, TypeError, ValueError):
                pass  # not what was written: worked out as if it were not there
        details = scan.reading.body_uris(scan.message)
        self.record["uris"] = details.as_data()
        return details

    def texts(
        self, scan: Scan, priority: int, area: str, work_out: Callable[[], Iterable[tuple[str, int]]]
    ) -> Pairs:
        """(rule, count) of the pattern rules of one priority and area that hit."""
        key = f"{priority}:{area}{_mark(scan)}"
        known = self.record["texts"].get(key)
        if known is None:
            known = self.record["texts"][key] = list(work_out())
        return known  # type: ignore[no-any-return]

    def evals(self, scan: Scan, priority: int, area: str) -> Answers | None:
        """What the body-only eval tests of one priority and area said, `None` where they have not been asked."""
        known: Answers | None = self.record["evals"].get(f"{priority}:{area}{_mark(scan)}")
        return known

    def keep_evals(self, scan: Scan, priority: int, area: str, answers: Answers) -> None:
        """Take down what they said; what is left out had nothing to say."""
        self.record["evals"][f"{priority}:{area}{_mark(scan)}"] = answers


def _mark(scan: Scan) -> str:
    return "'" if scan.body_replaced else ""
