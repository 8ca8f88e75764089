"""AutoLearnThreshold: decides by the score whether a message shall be learned from.

bayes_auto_learn_threshold_nonspam 0.1
bayes_auto_learn_threshold_spam    12.0
bayes_auto_learn_on_error          0
"""

from ..conf.core_report import REQUIRED_SCORE
from ..conf.directives import Bool, Float
from ..scan.autolearn import LearningPoints, learning_points
from ..scan.plugin import Plugin
from ..scan.scan import Scan

HAM_THRESHOLD = Float("bayes_auto_learn_threshold_nonspam", 0.1)
SPAM_THRESHOLD = Float("bayes_auto_learn_threshold_spam", 12.0)
ON_ERROR = Bool("bayes_auto_learn_on_error", default=False)

LEAST_BODY_POINTS = LEAST_HEAD_POINTS = 3
LEARNER_SAID_HAM, LEARNER_SAID_SPAM = -1.0, 1.0


class AutoLearnThreshold(Plugin):
    """Says spam above one threshold, ham below the other, and nothing where header, body or learner disagree."""

    directives = (HAM_THRESHOLD, SPAM_THRESHOLD, ON_ERROR)

    def autolearn_discriminator(self, scan: Scan) -> bool | None:
        points = learning_points(scan)
        if points.total < HAM_THRESHOLD.of(scan.conf):
            decision = self._as_ham(scan, points)
        elif points.total >= SPAM_THRESHOLD.of(scan.conf):
            decision = self._as_spam(scan, points)
        else:
            return None
        if decision is not None and ON_ERROR.of(scan.conf):
            agreed = "BAYES_99" if decision else "BAYES_00"
            return None if scan.has_hit(agreed) else decision
        return decision

    @staticmethod
    def _as_spam(scan: Scan, points: LearningPoints) -> bool | None:
        too_few = points.body < LEAST_BODY_POINTS or points.head < LEAST_HEAD_POINTS
        if too_few and not points.forced_by:
            return None
        if points.learned < LEARNER_SAID_HAM or scan.score < REQUIRED_SCORE.of(scan.conf):
            return None
        return True

    @staticmethod
    def _as_ham(scan: Scan, points: LearningPoints) -> bool | None:
        if points.learned > LEARNER_SAID_SPAM or scan.score >= REQUIRED_SCORE.of(scan.conf):
            return None
        return False
