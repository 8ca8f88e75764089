"""The tags that rules with `%{NAME}` wait for: those every verdict has, as they stand by then, and those set so far."""

from ..conf.core_report import REQUIRED_SCORE
from ..scan.core_tags import relay_tags
from ..scan.scan import Scan
from .tags import COMMON, tag_value
from .verdict import Verdict, rounded


def tag_values(scan: Scan, name: str) -> list[str]:
    """All values of `NAME` or `NAME(argument)`; none where it is not set or empty.

    Source: Mail::SpamAssassin::PerMsgStatus, `get_tag_raw`: no rule can set a tag that every verdict has.
    """
    plain = name.partition("(")[0]
    if plain not in COMMON:
        return scan.tags.values(plain)
    value = tag_value(_so_far(scan), name)
    return [value] if value else []


def _so_far(scan: Scan) -> Verdict:
    return Verdict(
        message=scan.message,
        conf=scan.conf,
        score=rounded(scan.score),
        required=REQUIRED_SCORE.of(scan.conf),
        hits=tuple(scan.hits.scored.values()),
        subtests=dict(scan.hits.subtests),
        tags=scan.tags,
        get=scan.get,
        relay_tags=relay_tags(scan),
    )
