"""The one error of this room."""

from ..base.errors import PyspamdError


class RegexError(PyspamdError):
    """A pattern that Perl, or SpamAssassin on top of it, does not accept; the text says why."""
