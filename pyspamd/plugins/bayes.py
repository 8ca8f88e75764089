"""Bayes: the settings and rules of the Bayesian classifier, which has learned nothing yet.

use_bayes 1
body BAYES_50 eval:check_bayes('0.40', '0.60')
"""

from itertools import product
from string import ascii_lowercase

from ..conf.directives import Float, Str
from ..conf.lists import Words
from ..scan.plugin import Plugin, Reads, eval_test
from ..scan.scan import Scan

LANGUAGES = tuple("".join(pair) for pair in product(ascii_lowercase, repeat=2))
"""Every two-letter word: what may follow `bayes_stopword_`."""


class Bayes(Plugin):
    """Understands its directives; its rules never hit, as where too few messages have been learned from."""

    eval_area = "body"

    directives = (
        Float("bayes_max_token_length", 15.0),
        Words("bayes_stopword_languages", ("en",), lower_case=True),
        Str(
            "bayes_stopword_en", "", aliases=[f"bayes_stopword_{code}" for code in LANGUAGES if code != "en"]
        ),
    )

    @eval_test(reads=Reads.BODY | Reads.HEADER | Reads.HITS)
    def check_bayes(self, scan: Scan, low: str = "", high: str = "") -> bool:
        """Whether the probability of spam lies in the range: unknown without training, so no."""
        return False
