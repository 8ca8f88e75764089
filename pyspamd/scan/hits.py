"""The hits of one message: which rules, with which score, value, area and log lines."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

from ..conf.conf import Conf

Value = int | float


@dataclass(slots=True)
class Hit:
    """A rule that hit and shows in the report; a score that changed for one message lives here, never on `Conf`."""

    rule: str
    score: float
    area: str
    description: str
    logs: list[str] = field(default_factory=list)
    tflags: tuple[str, ...] = ()
    count: int = 1
    """How often it hit; more than once only with `tflags multiple`."""


class Hits:
    """Everything that has hit so far.

    `values` holds every rule's value for metas (0 where it has not hit); `order` names rules in the order in which
    their values changed, sub-rules and repeats included.
    """

    def __init__(self, conf: Conf, score_set: int) -> None:
        self._conf = conf
        self._set = score_set
        self.values: dict[str, Value] = defaultdict(int)
        self.order: list[str] = []
        self.scored: dict[str, Hit] = {}
        self.subtests: dict[str, int] = {}
        self.score = 0.0
        self.on_hit: Callable[[str, float], object] | None = None
        """Told of each hit and its score before the score counts; may add hits of its own."""
        self.logs: dict[str, list[str]] = {}
        """What the report says of a rule beside its description."""

    def add(
        self,
        rule: str,
        *,
        area: str = "",
        score: float | None = None,
        default_score: float | None = None,
        value: Value = 1,
        description: str | None = None,
        tflags: tuple[str, ...] = (),
        times: int = 1,
    ) -> bool:
        """Record a hit (or so many of a rule with `tflags multiple`); answer whether it counted.

        A rule without a score does not count, nor does a second hit of a rule without `tflags multiple`. `score`
        replaces the configured score for this message; `default_score` serves where none is configured.
        Source: Mail::SpamAssassin::PerMsgStatus, `got_hit`.
        """
        conf = self._conf
        worth = score
        if worth is None:
            scores = conf.scores.get(rule)
            worth = default_score if scores is None else scores[self._set]
        if not worth:
            return False
        already = self.values.get(rule, 0)
        if already and "multiple" not in conf.tflags.get(rule, ()) and "multiple" not in tflags:
            return False
        self.values[rule] = already + (value if value > 0 else 1) * times
        self.order.append(rule)
        if self.on_hit is not None:
            for _ in range(times):
                self.on_hit(rule, worth)
        if rule.startswith("__"):
            self.subtests[rule] = self.subtests.get(rule, 0) + times
            return True
        self.score += worth * times
        text = description or conf.descriptions.get(rule) or "No description available."
        known = self.scored.get(rule)
        if known is None:
            logs = self.logs.setdefault(rule, [])
            self.scored[rule] = Hit(rule, worth, area, text, logs, tflags, times)
        else:
            known.area, known.description = area, text
            known.count += times
        return True

    def log(self, rule: str, text: str) -> None:
        """Add a line to what the report says of a rule, before or after it hits."""
        self.logs.setdefault(rule, []).append(text)
