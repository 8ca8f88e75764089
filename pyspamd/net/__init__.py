"""The world outside, behind protocols: the DNS resolver.

Knows packets, deadlines and failure. Must not know what an answer is used for.
"""
