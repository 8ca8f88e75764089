"""Rule definitions in, something runnable out: compiled rules, metas, score sets.

Knows how a rule is compiled and ordered. Must not know the plugins or the message being judged.
"""
