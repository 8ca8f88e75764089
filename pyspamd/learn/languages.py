"""Guesses the language of a text from its commonest letter sequences, as TextCat does.

A file of models lists, language by language, its sequences in the order of how common they are, one a line, and ends
each with a line `0 NAME`; NUL stands for the border of a word. A text is compared with each model by how far its own
order is from the model's.

    models = load_models(Path("languages"))
    models.rank(profile(b"text of some length", 400), 400)      # [("en", 20544), ("sco", 22310), …]

Source: W. B. Cavnar and J. M. Trenkle, "N-Gram-Based Text Categorization" (1994); details follow
Mail::SpamAssassin::Plugin::TextCat.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final

LONGEST: Final = 5
"""Octets of the longest sequence."""
_WORD: Final = re.compile(rb"""[^0-9\s\-!"#$%&()*+,./:;<=>?@\[\\\]^_`{|}~]+""")
_CAPITAL: Final = re.compile(rb"[A-Z]")
_FOUR_LETTERS: Final = re.compile(rb"[a-zA-Z\xc0-\xd6\xd8-\xde\xe0-\xf6\xf8-\xfe]{4}")
_UPPER: Final = bytes((*range(0x41, 0x5B), *range(0xC0, 0xD7), *range(0xD8, 0xDF)))
_LOWER: Final = bytes(octet + 0x20 for octet in _UPPER)
_SMALL: Final = bytes.maketrans(_UPPER, _LOWER)


def profile(text: bytes, most: int, *, above: int = 0) -> list[bytes]:
    """The commonest letter sequences of a text, commonest first, at most so many.

    Sequences that occur no more often than `above` are left out, where that is more than 0.
    """
    counts: dict[bytes, int] = {}
    for word, times in Counter(_WORD.findall(text)).items():
        if _CAPITAL.search(word) and _FOUR_LETTERS.search(word):
            word = word.translate(_SMALL)
        word = b"\0" + word + b"\0"
        length = len(word)
        for start in range(length):
            for end in range(start + 1, min(start + LONGEST, length) + 1):
                sequence = word[start:end]
                counts[sequence] = counts.get(sequence, 0) + times
    found: Iterable[bytes] = counts
    if above > 0:
        found = (sequence for sequence, count in counts.items() if count > above)
    return sorted(found, key=lambda sequence: (-counts[sequence], sequence))[:most]


class LanguageModels:
    """Models of many languages, turned inside out: by sequence, which models have it and where."""

    def __init__(self, models: Iterable[tuple[str, Sequence[bytes]]]) -> None:
        """`models` are names and sequences, commonest first; a language may have several models."""
        self.names: list[str] = []
        places: dict[bytes, list[tuple[int, int]]] = {}
        for number, (name, sequences) in enumerate(models):
            self.names.append(name)
            for sequence, place in {sequence: at for at, sequence in enumerate(sequences, 1)}.items():
                places.setdefault(sequence, []).append((number, place))
        self._places: Mapping[bytes, list[tuple[int, int]]] = places

    def rank(
        self, sequences: Sequence[bytes], missing: int, skip: Collection[str] = ()
    ) -> list[tuple[str, int]]:
        """(language, distance), nearest first; `missing` is what a sequence counts that a model does not have.

        Languages in `skip` are left out, whatever follows the dot in their names. Of `xx` and `xx.utf8` the better
        counts, as `xx`.
        """
        distances = [missing * len(sequences)] * len(self.names)
        for at, sequence in enumerate(sequences):
            for number, place in self._places.get(sequence, ()):
                distances[number] += abs(place - at) - missing
        best: dict[str, int] = {}
        for name, distance in zip(self.names, distances, strict=True):
            short = name.partition(".")[0]
            if short in skip:
                continue
            if ".utf8" in name[1:]:
                name = short
            if name not in best or best[name] > distance:
                best[name] = distance
        return sorted(best.items(), key=lambda entry: entry[1])


def load_models(path: Path) -> LanguageModels:
    """The models in a file, read again only when the file has changed. Raises OSError."""
    return _load(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=2)
def _load(path: Path, _: int) -> LanguageModels:
    models: list[tuple[str, list[bytes]]] = []
    sequences: list[bytes] = []
    for line in path.read_bytes().split(b"\n"):
        if line.startswith(b"0 ") and len(line) > 2:
            models.append((line[2:].decode("latin-1"), sequences))
            sequences = []
        else:
            sequences.append(line)
    return LanguageModels(models)
