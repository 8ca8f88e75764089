"""Statistics over what has been seen: Bayes tokens and combining, reputation.

Knows counts and probabilities. Must not know how mail is parsed or how rules are written.
"""
