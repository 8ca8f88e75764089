"""TextCat: guesses the languages of a text, so that those nobody here reads can count against it.

    ok_languages     en de
    body UNWANTED_LANGUAGE eval:check_language()
    header FRENCH    X-Languages =~ /\\bfr\\b/

It needs a file of models named `languages` beside the rules, or where `textcat_languages_file` says; without one
nothing is guessed. SpamAssassin brings one along.
"""

import logging
import re
from collections.abc import Sequence
from pathlib import Path

from ..conf.conf import Conf
from ..conf.directives import Build, Custom, Float, Str, required
from ..conf.sources import STOCK_RULES
from ..learn.languages import LanguageModels, load_models, profile
from ..scan.plugin import Plugin, Reads, eval_test
from ..scan.scan import Scan

logger = logging.getLogger(__name__)

FILE_NAME = "languages"


def _path(_: object, text: str, build: Build) -> str:
    return str(build.path(required(text)))


LANGUAGES_FILE = Custom[str | None]("textcat_languages_file", None, _path, admin_only=True)
"""Our own: where the models are."""
OK = Str("ok_languages", "all")
INACTIVE = Str("inactive_languages", "bs cy eo et eu fy ga gd is la lt lv rm sa sco sl yi")
MOST_LANGUAGES = Float("textcat_max_languages", 3.0)
ABOVE = Float("textcat_optimal_ngrams", 0.0)
MOST_SEQUENCES = Float("textcat_max_ngrams", 400.0)
ACCEPTABLE = Float("textcat_acceptable_score", 1.02)

LONGEST_TEXT = 10000
SHORTEST_TEXT = 256
"""Octets of text below which nothing can be guessed."""
MOST_TOLD = 20
SURE_LENGTH = 1024
"""Octets of text for each guess that make it a sure one."""
OFTEN_MISTAKEN = {"sco": "en"}
_EIGHT_BITS = frozenset(
    "am ar be bg cs el et fa fi he hi hy is ja ka ko mr pt ru ta th tr uk vi yi zh".split()
)
"""Languages in which long runs of octets above 127 are common."""
_EIGHT_HIGH = re.compile(rb"[\x80-\xff]{8}")
_PREFIXES = re.compile(rb"(?:[a-z]{2,12}:\s*){1,10}", re.IGNORECASE)
_LINK = re.compile(rb"https?(?:://|:&#x2F;&#x2F;|%3A%2F%2F)\S{1,1024}")
_WWW = re.compile(rb"\bwww\.\S{1,128}")
_AT = re.compile(rb"@[a-zA-Z]\S{1,128}")
_LAST_SPACE = re.compile(rb"\s(?=\S*\Z)")
_LONGEST_LOCAL = 64


def _without_addresses(text: bytes) -> bytes:
    """The text with a space for each mail address: up to 64 octets, an at sign, a letter and more."""
    pieces: list[bytes] = []
    done = 0
    found = _AT.search(text, 1)
    while found:
        at = found.start()
        local = text[max(done, at - _LONGEST_LOCAL) : at]
        space = _LAST_SPACE.search(local)
        begin = at - len(local) + (space.end() if space else 0)
        if begin == at:
            found = _AT.search(text, at + 1)
            continue
        pieces += (text[done:begin], b" ")
        done = found.end()
        found = _AT.search(text, done + 1)
    pieces.append(text[done:])
    return b"".join(pieces)


def bare_text(elements: Sequence[bytes]) -> bytes:
    """The text to guess from: no subject prefixes, links or addresses, at most `LONGEST_TEXT` octets."""
    text = b"\n".join(elements)
    prefixes = _PREFIXES.match(text)
    if prefixes:
        text = text[prefixes.end() :]
    text = _LINK.sub(b" ", text)
    if b"@" in text:
        text = _without_addresses(text)
    return _WWW.sub(b" ", text)[:LONGEST_TEXT]


def models_file(conf: Conf) -> Path | None:
    """Where the models are.

    That is where the configuration says, beside the files that were read, or with SpamAssassin's rules if they were.
    """
    named = LANGUAGES_FILE.of(conf)
    if named is not None:
        return Path(named)
    folders = dict.fromkeys(Path(file).parent for file in conf.files)
    if any(folder.is_relative_to(place) for folder in folders for place in STOCK_RULES):
        folders.update(dict.fromkeys(STOCK_RULES))
    return next((folder / FILE_NAME for folder in folders if (folder / FILE_NAME).is_file()), None)


def _nothing() -> tuple[list[str], int]:
    return [], 0


def _models(conf: Conf) -> LanguageModels | None:
    path = models_file(conf)
    try:
        models = load_models(path) if path is not None else None
    except OSError as error:
        logger.warning("textcat: %s cannot be read: %s", path, error.strerror)
        return None
    if models is None or not models.names:
        logger.warning(
            "textcat: there is no file of languages, so none is guessed; textcat_languages_file names one"
        )
        return None
    return models


class TextCat(Plugin):
    """SpamAssassin's TextCat, test for test."""

    eval_area = "body"

    directives = (OK, INACTIVE, MOST_LANGUAGES, ABOVE, MOST_SEQUENCES, ACCEPTABLE, LANGUAGES_FILE)

    def __init__(self, conf: Conf) -> None:
        super().__init__(conf)
        self._models = _models(conf)
        self._skip = set(INACTIVE.of(conf).split()) - set(OK.of(conf).split())

    def extract_metadata(self, scan: Scan) -> None:
        if self._models is None:
            return
        text = bare_text(scan.message.body)
        guesses = self._guess(scan, self._models, text) if len(text) >= SHORTEST_TEXT else []
        scan.set_metadata("X-Languages-Length", str(len(text)).encode())
        scan.set_metadata("X-Languages", " ".join(guesses).encode("latin-1"))
        scan.once("languages", lambda: (guesses, len(text)))

    def _guess(self, scan: Scan, models: LanguageModels, text: bytes) -> list[str]:
        conf = scan.conf
        most = int(MOST_SEQUENCES.of(conf))
        sequences = profile(text, most, above=int(ABOVE.of(conf)))
        ranked = models.rank(sequences, most, self._skip)
        if not ranked:
            return []
        nearest = ranked[0][1]
        scan.set_tag(
            "TEXTCATRESULTS",
            " ".join(
                f"{name}:{distance}({f'{distance / nearest:.2f}' if nearest else 'unknown'})"
                for name, distance in ranked[:MOST_TOLD]
            ),
        )
        limit = ACCEPTABLE.of(conf) * nearest
        guesses = [name for at, (name, distance) in enumerate(ranked) if not at or distance < limit]
        return guesses if len(guesses) <= MOST_LANGUAGES.of(conf) else []

    @eval_test(reads=Reads.BODY, area="any")
    def check_language(self, scan: Scan, *, rule: str) -> bool:
        """None of the languages that the text may be in is one of `ok_languages`."""
        wanted = OK.of(scan.conf).split()
        guesses, length = scan.once("languages", _nothing)
        if "all" in wanted or not guesses:
            return False
        mistaken = OFTEN_MISTAKEN if length < SURE_LENGTH * len(guesses) else {}
        names = [mistaken.get(short, short) for short in (guess.partition(".")[0] for guess in guesses)]
        if {mistaken.get(name, name) for name in wanted} & set(names):
            return False
        scan.log(rule, f"Languages detected: {' '.join(names)}")
        return True

    @eval_test(reads=Reads.BODY)
    def check_body_8bits(self, scan: Scan, *, text: Sequence[bytes] = ()) -> bool:
        """Eight octets above 127 in a row, though no wanted language is written so."""
        wanted = set(OK.of(scan.conf).split())
        if self._models is None or "all" in wanted or wanted & _EIGHT_BITS:
            return False
        return any(map(_EIGHT_HIGH.search, text))
