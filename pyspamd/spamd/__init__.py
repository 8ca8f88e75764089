"""The spamd door: the protocol as a machine without sockets, and the server with them.

Knows connections and workers. Must not know how a verdict comes about.
"""
