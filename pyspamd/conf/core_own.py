"""Directives that are pyspamd's own, beside SpamAssassin's: cache lifetimes, captured tags, cut messages.

spam_check_negative_ttl 600     # seconds for which a ham's body is remembered, 0 for never
spam_check_positive_ttl 1800    # seconds for which a spam's body is remembered, 0 for never
trust_truncation_mark   1       # our clients say truly when they have cut a message (amavisd-new)
"""

from typing import Any, Final

from .directives import Bool, Directive, Duration

SPAM_CHECK_NEGATIVE_TTL: Final = Duration("spam_check_negative_ttl", default=600.0, admin_only=True)
SPAM_CHECK_POSITIVE_TTL: Final = Duration("spam_check_positive_ttl", default=1800.0, admin_only=True)

TRUST_TRUNCATION_MARK: Final = Bool("trust_truncation_mark", default=False, admin_only=True)
"""Whether those who hand messages over are believed when they mark one as cut (`X-Amavis-MessageSize: n, TRUNCATED
to m`): its signatures are then beyond checking, not bad. Any sender can write the field, so only where every client
of this server puts it in itself, as amavisd-new does."""

CAPTURE_TEMPLATES_ONCE: Final = Bool("capture_templates_once", default=True, admin_only=True)
"""Whether a rule with `%{TAG}` keeps the first value it was given, as spamd does (docs/differences.md)."""

OWN_DIRECTIVES: Final[tuple[Directive[Any], ...]] = (
    SPAM_CHECK_NEGATIVE_TTL,
    SPAM_CHECK_POSITIVE_TTL,
    TRUST_TRUNCATION_MARK,
    CAPTURE_TEMPLATES_ONCE,
)
