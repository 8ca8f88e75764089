"""The command-line door: one file a verb.

Knows options and exit statuses. Everything else is asked of lower rooms.
"""
