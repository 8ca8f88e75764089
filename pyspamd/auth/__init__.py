"""Who says the mail is theirs: one RFC a file, parse then verify, statuses in RFC 8601's words.

Knows signatures and policies. Must not know rules or scores; what a result is worth is theirs to say.
"""
