"""The world outside, behind protocols: the DNS, single HTTP exchanges, files about addresses, other programs.

Knows packets, deadlines and failure. Must not know what an answer is used for.
"""
