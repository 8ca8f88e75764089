"""Perl regular expressions over bytes: translate, compile on PCRE2, match many at once.

Knows Perl's regex language. Must not know what a rule, a message or a header is.
"""
