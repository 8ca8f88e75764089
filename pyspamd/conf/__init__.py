"""Text of .cf files in, one frozen Conf out: grammar, conditionals, typed directives, overlays.

Knows the language. Must not run a rule, open a socket or look at a message.
"""
