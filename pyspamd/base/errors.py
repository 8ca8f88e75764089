"""The errors every room raises, all under one base class."""


class PyspamdError(Exception):
    """Something a caller can be told in one sentence; `str()` is that sentence."""
