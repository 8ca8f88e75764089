"""Reads statements one by one: conditionals, includes and file marks here, all else by its directive."""

import re
from dataclasses import dataclass, replace
from typing import Final

from .ascii import SPACE
from .builder import Builder
from .conditions import VERSION, BrokenConditionError, Facts, UnreadableConditionError
from .core_rules import ALLOW_USER_RULES
from .directives import BadValue, shorten
from .grammar import Statement
from .sources import Source, UnreadableFileError, files_in, read_source

_UPDATE: Final = re.compile(r"^# UPDATE version ([0-9]+)$", re.MULTILINE)
_FILE_START: Final = re.compile(r"start[ \t\r\f\v]+([^\n]+)")
_FILE_END: Final = re.compile(r"end[ \t\r\f\v]")
_USER_PREFS: Final = re.compile(r"\buser_prefs$", re.ASCII)
_BOM: Final = "\xef\xbb\xbf"
MIGRATED: Final = frozenset(("ok_languages",))
"""Words that moved to a plugin: odd, but no fault, where the plugin is not loaded."""


@dataclass(frozen=True, slots=True)
class _Open:
    """A conditional that is still open: the word, its line, and whether lines were skipped before it."""

    keyword: str
    line: int
    skipping: bool


class Reading:
    """One pass over configuration text, writing to a builder."""

    def __init__(self, builder: Builder, *, allow_rules: bool | None = None) -> None:
        """`allow_rules`: whether a user's lines may be privileged; `None` asks `allow_user_rules`."""
        self.builder = builder
        self.allow_rules = allow_rules
        self._open: list[_Open] = []
        self._skipping = False
        self._answers: dict[tuple[str, str], bool] = {}
        self._outer: list[tuple[str, int]] = []
        self._offset = 0

    def read(self, source: Source) -> None:
        """Read one file."""
        builder = self.builder
        before = builder.file, builder.line, self._offset
        builder.file, self._offset = source.name, 0
        builder.files.append(source.name)
        text = source.text
        if text.startswith(_BOM):
            text = text[len(_BOM) :]
            builder.line, builder.column = 1, 1
            builder.warn("The file begins with a byte order mark, which SpamAssassin would take for a word.")
        for found in _UPDATE.finditer(text):
            builder.update_versions[source.name] = found[1]
        for statement in builder.dialect.checks.statements(text):
            self._step(statement)
        self._close_conditionals()
        builder.file, builder.line, self._offset = before

    def _step(self, statement: Statement) -> None:
        builder = self.builder
        keyword, value = statement.keyword, statement.value
        builder.line, builder.column = statement.line - self._offset, statement.column
        try:
            if statement.language and not speaks(builder.dialect.language, statement.language):
                return
            structural = _STRUCTURE.get(keyword)
            if structural is not None:
                structural(self, keyword, value)
            elif not self._skipping:
                self._apply(keyword, value)
        except BadValue as error:
            builder.refuse(f"{keyword} {error}.")

    def _apply(self, keyword: str, value: str) -> None:
        builder = self.builder
        directive = builder.dialect.directives.get(keyword)
        text = value
        if directive is None:
            # A word that ends in `_*` stands for a family: what is in the star's place begins the text.
            family, _, member = keyword.rpartition("_")
            directive = builder.dialect.directives.get(f"{family}_*")
            text = f"{member} {value}".rstrip(SPACE)
        if directive is None:
            self._unknown(keyword, value)
            return
        if builder.user:
            if directive.admin_only:
                raise BadValue("is for administrators and is not read from user preferences")
            allowed = builder.container(ALLOW_USER_RULES) if self.allow_rules is None else self.allow_rules
            if directive.privileged and not allowed:
                raise BadValue("is read from user preferences only where allow_user_rules is on")
        builder.effective.append(f"{keyword} {value}")
        if directive.stores:
            builder.replace(directive, directive.add(builder.container(directive), text, builder))
        else:
            directive.add(None, text, builder)

    def _unknown(self, keyword: str, value: str) -> None:
        if keyword == "0" and not value:  # what Perl takes for an empty line
            return
        if keyword in MIGRATED:
            self.builder.warn(f"{keyword} belongs to a plugin that is not loaded.")
            return
        self.builder.refuse(f"{shorten(keyword)} is no directive that pyspamd or a loaded plugin knows.")

    def _if(self, keyword: str, value: str) -> None:
        if not value:
            raise BadValue("needs a condition")
        key = keyword, value
        answer = self._answers.get(key)
        if answer is None:
            try:
                answer = self._answer(f"plugin ({value})" if keyword == "ifplugin" else value)
                self._answers[key] = answer
            except UnreadableConditionError as error:
                raise BadValue(f"has a condition that cannot be read: {error}") from error
        self._open.append(_Open(keyword, self.builder.line, self._skipping))
        self._skipping = self._skipping or not answer

    def _answer(self, text: str) -> bool:
        builder = self.builder
        dialect = builder.dialect
        can = dialect.can
        if _USER_PREFS.search(builder.file):  # a user's file may not ask for it

            def can(method: str) -> bool:
                builder.warn(f"can({method}) is not answered in user preferences.")
                return False

        def complain(fault: str) -> None:
            builder.refuse(f"In the condition, {fault}.")

        try:
            facts = Facts(dialect.is_loaded, can, dialect.has, dialect.local_tests_only, complain)
            return dialect.checks.condition(text).holds(facts)
        except BrokenConditionError as error:
            builder.warn(f"The condition '{shorten(text)}' counts as false: {error}.")
        except RecursionError:
            builder.refuse(f"The condition '{shorten(text)}' counts as false: it is too long.")
        return False

    def _else(self, keyword: str, value: str) -> None:
        if value:
            raise BadValue(f"stands alone on its line, without '{shorten(value)}'")
        if not self._open:
            raise BadValue("has no if before it")
        self._skipping = any(outer.skipping for outer in self._open) or not self._skipping

    def _endif(self, keyword: str, value: str) -> None:
        if value:
            raise BadValue(f"stands alone on its line, without '{shorten(value)}'")
        if not self._open:
            raise BadValue("has no if before it")
        self._skipping = self._open.pop().skipping

    def _close_conditionals(self) -> None:
        builder = self.builder
        for left in self._open:
            builder.line, builder.column = left.line, None
            builder.refuse(f"{left.keyword} is never closed with endif.")
        self._open.clear()
        self._skipping = False

    def _include(self, keyword: str, value: str) -> None:
        """Read another file in this one's place; as in SpamAssassin, that ends all open conditionals."""
        if not value:
            raise BadValue("needs a file name")
        builder = self.builder
        if builder.user:  # it would be read with the rights of the server
            raise BadValue("is for administrators and is not read from user preferences")
        path = builder.path(value)
        file, line, column = builder.file, builder.line, builder.column
        self._close_conditionals()
        builder.line, builder.column = line, column
        try:
            found = files_in(path, "cf")
            if not path.exists():
                builder.warn(f"There is no file {path} to include.")
            sources = [read_source(each) for each in found if self._first_time(str(each))]
        except UnreadableFileError as error:
            raise BadValue(f"cannot be done: {error}") from error
        except (OSError, ValueError) as error:
            raise BadValue(f"cannot be done with '{shorten(value)}'") from error
        for source in sources:
            self.read(source)
        builder.file, builder.line, builder.column = file, line, column

    def _first_time(self, name: str) -> bool:
        dialect = self.builder.dialect
        if name in dialect.read:
            return False
        self.builder.dialect = replace(dialect, read=dialect.read | {name})
        return True

    def _file(self, keyword: str, value: str) -> None:
        """Marks that SpamAssassin puts around each file it joins: `file start NAME`, `file end NAME`."""
        builder = self.builder
        if start := _FILE_START.fullmatch(value):
            self._outer.append((builder.file, self._offset))
            builder.file, self._offset = start[1], self._offset + builder.line
        elif _FILE_END.match(value):
            self._close_conditionals()
            if self._outer:
                builder.file, self._offset = self._outer.pop()
        else:
            raise BadValue("needs 'start' or 'end' and a name")

    def _require_version(self, keyword: str, value: str) -> None:
        if self._skipping:
            return
        if not value:
            raise BadValue("needs a version")
        if value not in ("@@VERSION@@", VERSION):
            self._skipping = True
            raise BadValue(f"asks for version {shorten(value)} and this is {VERSION}, so the rest is skipped")


_STRUCTURE: Final = {
    "if": Reading._if,
    "ifplugin": Reading._if,
    "else": Reading._else,
    "endif": Reading._endif,
    "include": Reading._include,
    "file": Reading._file,
    "require_version": Reading._require_version,
}


def speaks(language: str, wanted: str) -> bool:
    """Whether the locale `language` begins with what a `lang` line wants: a regex, ASCII case ignored.

    Raises BadValue where it is none.
    """
    try:
        return re.match(wanted, language, re.IGNORECASE | re.ASCII) is not None
    except (re.error, OverflowError, RecursionError) as error:
        raise BadValue(f"stands behind a lang that names no locale: '{shorten(wanted)}'") from error
