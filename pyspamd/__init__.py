"""pyspamd: a SpamAssassin-compatible scoring service."""

__version__ = "0.1.0"
