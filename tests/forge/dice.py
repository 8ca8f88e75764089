"""Dice: the random choices that all forgers make."""

import random
from collections.abc import Callable, Sequence
from typing import TypeVar

from .lists import items

T = TypeVar("T")


class Dice(random.Random):
    """A seeded source of choices."""

    def chance(self, probability: float) -> bool:
        """True with the given probability."""
        return self.random() < probability

    def one(self, choices: Sequence[T]) -> T:
        """One of them."""
        return choices[self.randrange(len(choices))]

    def of(self, name: str) -> str:
        """One item of a list."""
        return self.one(items(name))

    def some(self, choices: Sequence[T], least: int, most: int) -> list[T]:
        """Between `least` and `most` of them, repeats possible."""
        return [self.one(choices) for _ in range(self.randint(least, most))]

    def few(self, make: Callable[[], T], least: int, most: int) -> list[T]:
        """What `make` gives when called between `least` and `most` times."""
        return [make() for _ in range(self.randint(least, most))]

    def weighted(self, **weights: float) -> str:
        """One of the names, by weight."""
        return self.choices(list(weights), weights=list(weights.values()))[0]

    def token(self, letters: str, least: int, most: int) -> str:
        """A string of such letters."""
        return "".join(self.choices(letters, k=self.randint(least, most)))
