"""One message being judged: the Scan, the plugin base class, the hooks and the shared look-ups.

Knows what belongs to a message while it is judged. Must not know which plugins exist.
"""
