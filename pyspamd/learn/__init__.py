"""Statistics over text: which language it is in. Bayes and reputation belong here once there is something to learn.

Knows counts and probabilities. Must not know how mail is parsed or how rules are written.
"""
