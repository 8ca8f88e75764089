"""The points a message has for learning: those of rules that may teach, split into header and body points.

Source: Mail::SpamAssassin::PerMsgStatus, `get_autolearn_points`.
"""

from dataclasses import dataclass

from ..conf.rules import MetaTest, RuleDef
from .hits import Hit
from .scan import Scan

_SIDES = {"header": "head", "body": "body", "rawbody": "body", "uri": "body"}


@dataclass(frozen=True, slots=True)
class LearningPoints:
    """Points under the score set without learning; `forced_by` names hits with `tflags autolearn_force`."""

    total: float
    head: float
    body: float
    learned: float
    forced_by: tuple[str, ...]


def _side(rule: RuleDef | None) -> str:
    return _SIDES.get(rule.area, "") if rule is not None else ""


def learning_points(scan: Scan) -> LearningPoints:
    """What the hits so far are worth to a learner."""
    total = head = body = learned = 0.0
    forced: list[str] = []
    for name, hit in scan.hits.scored.items():
        flags = (*scan.conf.tflags.get(name, ()), *hit.tflags)
        if "noautolearn" in flags or "userconf" in flags:
            continue
        if "learn" in flags:
            learned += scan.conf.score_of(name, scan.score_set)
            continue
        if "autolearn_force" in flags:
            forced.append(name)
        points = _points(scan, hit)
        if not points:
            continue
        total += points
        in_head, in_body = _shares(scan, name, flags)
        head += round(points * in_head, 3)
        body += round(points * in_body, 3)
    return LearningPoints(round(total, 3), head, body, learned, tuple(forced))


def _points(scan: Scan, hit: Hit) -> float:
    if scan.score_set & 2 == 0:
        return hit.score * hit.count
    return scan.conf.score_of(hit.rule, scan.score_set & 1) * hit.count


def _shares(scan: Scan, name: str, flags: tuple[str, ...]) -> tuple[float, float]:
    """Which part of a rule's points counts as header points, and which as body points."""
    if "autolearn_header" in flags:
        return 1.0, 0.0
    if "autolearn_body" in flags:
        return 0.0, 1.0
    rule = scan.conf.rules.get(name)
    if rule is not None and isinstance(rule.test, MetaTest):
        sides = [_side(scan.conf.rules.get(dep)) for dep in scan.program.metas.dependencies_of(name)]
        heads, bodies = sides.count("head"), sides.count("body")
        return (heads / (heads + bodies), bodies / (heads + bodies)) if heads + bodies else (0.0, 0.0)
    side = _side(rule)
    return float(side == "head"), float(side == "body")
