"""Template tags: what `_NAME_` and `_NAME(argument)_` stand for in headers, reports and rewritten subjects.

Source: perldoc Mail::SpamAssassin::Conf, "TEMPLATE TAGS". Text is latin-1 `str`, one character a byte.
"""

import re
import socket
import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache

from .. import __version__
from ..conf.conf import Conf
from ..conf.core_admin import VERSION_TAGS
from ..conf.core_report import REPORT_CONTACT, REPORT_HOSTNAME
from ..scan.core_tags import RELAY_TAGS
from .report import content_preview, report_rows, summary_rows
from .verdict import Verdict, header_score, number

SPAMASSASSIN_VERSION = "4.0.1"
"""What rules and clients see: the version whose behaviour this is."""

LARGEST = 2**20
"""Characters that the tags of one template may come to."""

KNOWN = frozenset(
    "RBL LANGUAGES ASN ASNCIDR AWL AWLMEAN AWLCOUNT AWLPRESCORE DCCB DCCR DCCREP PYZOR"
    " EXTRACTTEXTCHARS EXTRACTTEXTWORDS EXTRACTTEXTTOOLS EXTRACTTEXTTYPES EXTRACTTEXTEXTENSIONS"
    " EXTRACTTEXTFLAGS EXTRACTTEXTURIS DKIMIDENTITY DKIMDOMAIN DKIMSELECTOR"
    " BAYESTC BAYESTCLEARNED BAYESTCSPAMMY BAYESTCHAMMY HAMMYTOKENS SPAMMYTOKENS TOKENSUMMARY".split()
)
"""Plugins' tags that are empty, and not unknown, where nobody has set them."""

_TAG = re.compile(r"_([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*(?:\(.*?\))?)_")
_CALL = re.compile(r"\((.*?)\)\Z", re.DOTALL)


def version(conf: Conf) -> str:
    """The version as messages and templates show it: with the site's `version_tag`s."""
    return "-".join((SPAMASSASSIN_VERSION, *VERSION_TAGS.of(conf)))


@lru_cache(maxsize=1)
def host_name() -> str:
    """This machine's name, fully qualified where the system knows it so."""
    name = socket.gethostname()
    if "." in name:
        return name
    try:
        known, aliases, _ = socket.gethostbyname_ex(name)
    except OSError:
        return name
    full = [word for word in (known, *aliases) if word.startswith(f"{name}.")]
    return re.sub(r"[()]", "", full[0] if full else name)


def rfc822_date(moment: float | None = None) -> str:
    """A moment (seconds since the epoch, now by default) as a message's Date field has it, in local time."""
    when = datetime.fromtimestamp(time.time() if moment is None else moment, UTC).astimezone()
    return format_datetime(when)


def _yes_no(verdict: Verdict, argument: str | None) -> str:
    if not argument:  # empty parentheses are as good as none
        return "Yes" if verdict.is_spam else "No"
    spam, comma, ham = argument.partition(",")
    return spam if verdict.is_spam else ham if comma else "No"


def _or(argument: str | None, otherwise: str) -> str:
    """An argument, or what stands for none: Perl takes an empty one and `0` for none too."""
    return otherwise if argument in (None, "", "0") else str(argument)


def _score(verdict: Verdict, argument: str | None) -> str:
    text = header_score(verdict.score, verdict.required, verdict.is_spam)
    if argument and (set(argument) == {"0"} or set(argument) == {" "}):
        missing = len(argument) + 3 - len(text)
        text = argument[: max(0, missing)] + text
    return text


def _stars(verdict: Verdict, argument: str | None) -> str:
    return _or(argument, "*") * max(0, min(50, int(verdict.score)))


def _tests(verdict: Verdict, argument: str | None) -> str:
    return _or(argument, ",").join(verdict.test_names()) or "none"


def _test_scores(verdict: Verdict, argument: str | None) -> str:
    scores = {hit.rule: hit.score for hit in verdict.hits}
    return (
        _or(argument, ",").join(f"{name}={number(scores[name])}" for name in verdict.test_names()) or "none"
    )


def _subtests(verdict: Verdict, argument: str | None) -> str:
    return _or(argument, ",").join(verdict.subtest_names()) or "none"


def _collapsed(verdict: Verdict, argument: str | None) -> str:
    names = [f"{name}({n})" if n > 1 else name for name, n in sorted(verdict.subtests.items())]
    return ",".join(names) or "none"


def _header(verdict: Verdict, argument: str | None) -> str:
    name = _or(argument, "")
    return (verdict.get(name) or b"").decode("latin-1") if name else ""


def _relay(name: str) -> Callable[[Verdict, str | None], str]:
    return lambda verdict, _: verdict.relay_tags.get(name, "")


def _plugin_tag(name: str, otherwise: str) -> Callable[[Verdict, str | None], str]:
    return lambda verdict, _: verdict.tags.text(name) or otherwise


COMMON: dict[str, Callable[[Verdict, str | None], str]] = {
    "YESNO": _yes_no,
    "YESNOCAPS": lambda verdict, argument: _yes_no(verdict, argument).upper(),
    "SCORE": _score,
    "HITS": _score,
    "REQD": lambda verdict, _: f"{verdict.required:2.1f}",
    "VERSION": lambda verdict, _: version(verdict.conf),
    "SUBVERSION": lambda verdict, _: f"pyspamd {__version__}",
    "RULESVERSION": lambda verdict, _: "",
    "HOSTNAME": lambda verdict, _: REPORT_HOSTNAME.of(verdict.conf) or host_name(),
    "REMOTEHOSTNAME": _plugin_tag("REMOTEHOSTNAME", "localhost"),
    "REMOTEHOSTADDR": _plugin_tag("REMOTEHOSTADDR", "127.0.0.1"),
    **{name: _relay(name) for name in RELAY_TAGS},
    "CONTACTADDRESS": lambda verdict, _: REPORT_CONTACT.of(verdict.conf),
    "BAYES": _plugin_tag("BAYES", "0.5"),
    "DATE": lambda verdict, _: rfc822_date(),
    "STARS": _stars,
    "AUTOLEARN": lambda verdict, _: verdict.autolearn,
    "AUTOLEARNSCORE": _plugin_tag("AUTOLEARNSCORE", "0"),
    "TESTS": _tests,
    "TESTSSCORES": _test_scores,
    "SUBTESTS": _subtests,
    "SUBTESTSCOLLAPSED": _collapsed,
    "PREVIEW": lambda verdict, _: content_preview(verdict),
    "REPORT": lambda verdict, _: "\n" + report_rows(verdict),
    "SUMMARY": lambda verdict, _: summary_rows(verdict),
    "SUBJPREFIX": lambda verdict, _: verdict.subject_prefix,
    "HEADER": _header,
    "TIMING": lambda verdict, _: "",
}


def tag_value(verdict: Verdict, tag: str) -> str | None:
    """The value of `NAME` or `NAME(argument)`, or `None` where there is no such tag."""
    call = _CALL.search(tag)
    argument = call.group(1) if call else None
    name = tag[: call.start()] if call else tag
    common = COMMON.get(name)
    if common is not None:
        return common(verdict, argument)
    text = verdict.tags.text(name)
    return "" if text is None and name in KNOWN else text


def expand(verdict: Verdict, template: str) -> str:
    """The template with every tag that has a value replaced; unknown ones stay as they are.

    Once that makes `LARGEST` characters no more tags are replaced: users write templates too.
    """
    size = 0

    def value(match: re.Match[str]) -> str:
        nonlocal size
        found = tag_value(verdict, match.group(1)) if size < LARGEST else None
        if found is None:
            return match.group()
        size += len(found)
        return found

    return _TAG.sub(value, template)
