"""Bytes in, values out: message, headers, MIME tree, decoded text, HTML, URIs, addresses, relays.

Never raises on bad mail. Must not know rules, scores, configuration files or the network.
"""
