"""The verdict on one message: what hit, what it adds up to, and all that reports and logs say of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from ..conf.conf import Conf
from ..mail.message import Message
from ..scan.hits import Hit
from ..scan.tags import Tags

CacheState = Literal["hit", "miss", "bypass"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """A settled judgement; `score` and each hit's score are in points."""

    message: Message = field(repr=False)
    conf: Conf = field(repr=False)
    """Left out of `repr`, which asyncio takes of a task's result when a run ends."""
    score: float
    required: float
    hits: tuple[Hit, ...]
    subtests: Mapping[str, int]
    tags: Tags
    get: Callable[[str], bytes | None] = field(repr=False)
    """Header values, for the `_HEADER(name)_` tag."""
    relay_tags: Mapping[str, str] = field(default_factory=dict)
    autolearn: str = "no"
    cache: CacheState = "bypass"
    seconds: float = 0.0
    subject_prefix: str = ""
    time_limit_exceeded: bool = False
    log_items: Mapping[str, str] = field(default_factory=dict)
    facts: Callable[[], Mapping[str, Any]] | None = field(default=None, repr=False)
    """The message's views as `check --json --facts` prints them."""

    @property
    def is_spam(self) -> bool:
        """Whether the score reaches what is required."""
        return self.score >= self.required

    def test_names(self) -> list[str]:
        """Names of the rules that hit, sorted, repeated as often as they counted."""
        return sorted(hit.rule for hit in self.hits for _ in range(hit.count))

    def subtest_names(self) -> list[str]:
        """Names of the sub-rules that hit, sorted, repeated as often as they counted."""
        return sorted(name for name, count in self.subtests.items() for _ in range(count))


def rounded(score: float) -> float:
    """A score to three decimals, as every comparison and output uses it."""
    return float(f"{score:.3f}") + 0.0


def shown_score(score: float, required: float, is_spam: bool) -> str:
    """A score to one decimal; ham that would round up to the threshold shows a tenth less than it."""
    text, limit = f"{score:2.1f}", f"{required:2.1f}"
    if is_spam or float(text) < float(limit):
        return text
    return f"{float(limit) - 0.1:2.1f}"


def header_score(score: float, required: float, is_spam: bool) -> str:
    """`shown_score` as templates show it: a tenth less than the threshold is a number, not cut to one decimal."""
    text, limit = f"{score:2.1f}", f"{required:2.1f}"
    return text if is_spam or float(text) < float(limit) else number(float(limit) - 0.1)


def number(value: float) -> str:
    """A number as Perl prints it: no trailing zeros, 15 significant digits."""
    return f"{value:.15g}"


def hit_scores(hits: Sequence[Hit]) -> dict[str, float]:
    """Scores by rule name, to three decimals."""
    return {hit.rule: rounded(hit.score) for hit in hits}
