"""WelcomeListSubject: subjects that are always welcome, or never.

welcomelist_subject [Project Announce]*
blocklist_subject   *win a prize*
header SUBJECT_IN_WELCOMELIST eval:check_subject_in_welcomelist()
"""

import re
from functools import lru_cache

from ..conf.ascii import lower
from ..conf.directives import Build, required
from ..conf.lists import WordSet
from ..scan.plugin import Plugin, Reads, eval_test
from ..scan.scan import Scan


class SubjectSet(WordSet):
    """Subjects, one a line, with `*` for any text and `?` for one character; case does not matter."""

    def add(self, container: set[str], text: str, build: Build) -> set[str]:
        container.add(lower(required(text)))
        return container


WELCOME = SubjectSet("welcomelist_subject", aliases=("whitelist_subject",))
BLOCK = SubjectSet("blocklist_subject", aliases=("blacklist_subject",))


@lru_cache(maxsize=1024)
def _pattern(glob: str) -> re.Pattern[bytes]:
    """The glob as a regex; no text between two `*` is looked for twice, however the subject was chosen."""
    first, *rest = ("".join("." if c == "?" else re.escape(c) for c in p) for p in re.split(r"\*+", glob))
    text = first + "".join(f"(?>.*?{part})" for part in rest)
    return re.compile(text.encode("latin-1", "replace"))


def _matches(subjects: frozenset[str], subject: bytes | None) -> bool:
    if not subject:
        return False
    text = subject.lower()
    return any(_pattern(glob).search(text) for glob in subjects)


class WelcomeListSubject(Plugin):
    """SpamAssassin's WelcomeListSubject, under its new and its old names."""

    eval_area = "header"

    directives = (WELCOME, BLOCK)

    @eval_test(reads=Reads.BODY)
    def check_subject_in_welcomelist(self, scan: Scan) -> bool:
        """A `welcomelist_subject` pattern occurs in the subject."""
        return _matches(WELCOME.of(scan.conf), scan.get("Subject"))

    @eval_test(reads=Reads.BODY)
    def check_subject_in_blocklist(self, scan: Scan) -> bool:
        """A `blocklist_subject` pattern occurs in the subject."""
        return _matches(BLOCK.of(scan.conf), scan.get("Subject"))

    check_subject_in_whitelist = check_subject_in_welcomelist
    check_subject_in_blacklist = check_subject_in_blocklist
