"""A function that remembers its latest answers, but none about a text that is long.

Texts of messages and of DNS records are as long as their senders like, and `functools.lru_cache` counts answers, not
the memory that they take.
"""

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import TypeVar

Text = TypeVar("Text", bound=str | bytes)
Answer = TypeVar("Answer")


def remembered(*, most: int, longest: int) -> Callable[[Callable[[Text], Answer]], Callable[[Text], Answer]]:
    """Remember `most` answers about texts up to `longest` (characters of a `str`, octets of `bytes`).

    An exception is no answer: what raised one is worked out again.
    """

    def decorate(read: Callable[[Text], Answer]) -> Callable[[Text], Answer]:
        kept = lru_cache(maxsize=most)(read)

        @wraps(read)
        def ask(text: Text) -> Answer:
            return kept(text) if len(text) <= longest else read(text)

        return ask

    return decorate
