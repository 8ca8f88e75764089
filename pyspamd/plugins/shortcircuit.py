"""Shortcircuit: rules after whose hit no others need to run.

shortcircuit USER_IN_WELCOMELIST ham
shortcircuit URIBL_BLOCKED_HERE  spam
priority     LOCAL_CERTAIN       -300
shortcircuit LOCAL_CERTAIN       on
"""

import re
from collections.abc import Mapping

from ..conf.core_rules import flag_words
from ..conf.directives import BadValue, Build, Custom, Directive, Float, required, shorten
from ..conf.lists import EMPTY, frozen_table
from ..scan.plugin import Plugin, Reads, eval_test
from ..scan.scan import Scan

RULE = "SHORTCIRCUIT"
EARLY_PRIORITY = -200
JUST_SPAM, JUST_HAM = 0.0001, -0.0001
"""What the rule that says so is worth where `on` leaves the verdict to the scores."""
OVER_LIMIT = 0.001
_LINE = re.compile(r"(\w+)\s+(\w+)", re.ASCII)


def _add(container: dict[str, str], text: str, build: Build) -> dict[str, str]:
    found = _LINE.fullmatch(required(text))
    if found is None or found[2] not in ("ham", "spam", "on", "off"):
        raise BadValue(f"takes a rule and one of ham, spam, on, off, not '{shorten(text)}'")
    rule, kind = found.groups()
    if kind == "off":
        container.pop(rule, None)
        return container
    container[rule] = kind
    if kind != "on":
        build.priorities[rule] = build.priorities.get(rule) or EARLY_PRIORITY
        build.tflags[rule] = (
            *build.tflags.get(rule, ()),
            *flag_words("nice noautolearn" if kind == "ham" else "noautolearn"),
        )
    return container


SHORTCIRCUIT: Directive[Mapping[str, str]] = Custom(
    "shortcircuit", EMPTY, _add, thaw=dict[str, str], freeze=frozen_table
)
SPAM_SCORE = Float("shortcircuit_spam_score", 100.0)
HAM_SCORE = Float("shortcircuit_ham_score", -100.0)
MIN_HAM_SCORE: Float[float | None] = Float("shortcircuit_min_ham_score", default=None)
MAX_SPAM_SCORE: Float[float | None] = Float("shortcircuit_max_spam_score", default=None)


class Shortcircuit(Plugin):
    """Ends the scan when a rule hits that is named by `shortcircuit`, or when the score leaves the set range."""

    directives = (
        SHORTCIRCUIT,
        SPAM_SCORE,
        HAM_SCORE,
        MIN_HAM_SCORE,
        MAX_SPAM_SCORE,
    )

    @eval_test(reads=Reads.HITS)
    def check_shortcircuit(self, scan: Scan) -> bool:
        """Never true by itself: the plugin reports the hit when it ends the scan."""
        return False

    def parsed_metadata(self, scan: Scan) -> None:
        end: dict[str, str] = scan.once("shortcircuit", dict)

        def what() -> str:
            return f"{end['rule']} ({end['type']})" if "rule" in end else "no"

        scan.set_tag("SC", what)
        scan.set_tag("SCRULE", lambda: end.get("rule", "none"))
        scan.set_tag("SCTYPE", lambda: end.get("type", "no"))
        scan.log_items["shortcircuit"] = lambda: end.get("type", "no")

    def have_shortcircuited(self, scan: Scan) -> bool:
        return "type" in scan.once("shortcircuit", dict[str, str])

    def hit_rule(self, scan: Scan, rule: str, score: float) -> None:
        if scan.shortcircuited:
            return
        conf = scan.conf
        low, high = MIN_HAM_SCORE.of(conf), MAX_SPAM_SCORE.of(conf)
        if (low is not None and scan.score < low) or (high is not None and scan.score > high):
            is_ham = scan.score < 0
            self._end(scan, "ham" if is_ham else "spam", -OVER_LIMIT if is_ham else OVER_LIMIT)
        kind = SHORTCIRCUIT.of(conf).get(rule)
        if kind is None:
            return
        if kind == "on":
            is_ham = score < 0
            worth = JUST_HAM if is_ham else JUST_SPAM
            kind = "ham" if is_ham else "spam"
        else:
            worth = HAM_SCORE.of(conf) if kind == "ham" else SPAM_SCORE.of(conf)
        self._end(scan, kind, worth, rule)

    @staticmethod
    def _end(scan: Scan, kind: str, worth: float, rule: str | None = None) -> None:
        end: dict[str, str] = scan.once("shortcircuit", dict)
        end["type"] = kind
        if rule is not None:
            end["rule"] = rule
        scan.shortcircuited = scan.learning_disabled = True
        scan.hit(RULE, score=worth)
