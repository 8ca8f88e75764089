"""Pattern rules ready to run: one rule's regex and how its hits count, alone or many over the same elements."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from ..perlre.patternset import Entry, PatternSet
from ..perlre.regex import Regex, RegexError, compile_anew
from .base_strings import has_base_strings
from .compiled_store import CompiledStore
from .templates import with_text

GATED = {"body": "text", "uri": "uri"}
"""Areas in whose text literals are looked for first, and the kind of text; elsewhere it does not pay."""

TagValues = Callable[[str], Sequence[str]]
"""Looks up a tag by name: all its values, none where it is not set."""


@lru_cache(maxsize=64)
def _with_values(pattern: str, flags: str, template: str, values: tuple[str, ...]) -> Regex | None:
    """The regex with each `%{TAG}` replaced by an alternation of the tag's values, quoted."""
    quoted = "|".join("".join(c if c.isalnum() or c == "_" else "\\" + c for c in text) for text in values)
    try:
        return compile_anew(with_text(pattern, template, f"(?:{quoted})"), flags)
    except RegexError:
        return None


@dataclass(frozen=True, slots=True)
class PatternRule:
    """One regex rule; `limit` 1 is a plain rule, 0 counts every match, n up to n (`tflags multiple maxhits=n`)."""

    name: str
    pattern: str
    flags: str
    regex: Regex | None
    limit: int = 1
    skip_subject: bool = False
    captures: bool = False
    """Whether the regex has named captures, which become tags."""
    template: str = ""
    """Name of the tag that the regex waits for (`%{NAME}`)."""

    def resolved(self, tags: TagValues, kept: dict[str, Regex] | None = None) -> Regex | None:
        """The regex to match with, or `None` while the tag it needs has no value.

        With `kept`, by rule, that of the first value it met, if it met one.
        """
        if not self.template:
            return self.regex
        values = tuple(value for value in tags(self.template) if value)
        if not values:
            return None
        regex = kept.get(self.name) if kept is not None else None
        if regex is None:
            regex = _with_values(self.pattern, self.flags, self.template, values)
            if kept is not None and regex is not None:
                kept[self.name] = regex
        return regex

    def count(self, elements: Sequence[bytes], regex: Regex) -> int:
        """How often the rule hits over the elements, never more than its limit."""
        total = 0
        for element in elements[1:] if self.skip_subject else elements:
            if self.limit == 1:
                if regex.matches(element):
                    return 1
            else:
                total += regex.count(element, self.limit - total if self.limit else 0)
                if self.limit and total >= self.limit:
                    break
        return total

    def captured(self, elements: Sequence[bytes], regex: Regex) -> tuple[int, dict[str, list[bytes]]]:
        """The count as `count` has it, and every value of every named capture, in order, without repeats."""
        total, captures = 0, dict[str, list[bytes]]()
        for element in elements[1:] if self.skip_subject else elements:
            for match in regex.finditer(element):
                total += 1
                for name, found in match.named_all().items():
                    values = captures.setdefault(name, [])
                    values += [value for value in dict.fromkeys(found) if value and value not in values]
                if self.limit and total >= self.limit:
                    return total, captures
        return total, captures


def _changed(early: Sequence[bytes], late: Sequence[bytes]) -> list[bytes]:
    """The elements of either that are not the same in the other."""
    if len(early) != len(late):
        return [*early, *late]
    return [element for pair in zip(early, late, strict=True) if pair[0] != pair[1] for element in pair]


@dataclass(frozen=True)
class PatternBundle:
    """All pattern rules of one area and one priority."""

    rules: tuple[PatternRule, ...] = ()
    bulk: PatternSet | None = field(default=None, compare=False)
    special: tuple[PatternRule, ...] = ()
    """Rules that capture or wait for tags; they run one by one, after the others."""

    @classmethod
    def of(cls, rules: Sequence[PatternRule], area: str, store: CompiledStore) -> "PatternBundle":
        """Split the rules into those matched in bulk and those that need tags."""
        plain = tuple(rule for rule in rules if rule.regex is not None and not rule.captures)
        special = tuple(rule for rule in rules if rule.captures or rule.template)
        entries = [
            Entry(rule.regex, rule.limit, rule.skip_subject) for rule in plain if rule.regex is not None
        ]
        kind = GATED.get(area)
        gate = store.gate([entry.regex for entry in entries], kind) if kind and entries else None
        bulk = PatternSet(entries, gate, joined=area == "uri") if entries else None
        return cls(plain, bulk, special)

    def hits(self, elements: Sequence[bytes]) -> Iterator[tuple[str, int]]:
        """(rule, count) of every plain rule that hits the elements, in the rules' order."""
        if self.bulk is not None:
            rules = self.rules
            for number, count in sorted(self.bulk.hits(elements).items()):
                yield rules[number].name, count

    def hits_over(self, early: Sequence[bytes], late: Sequence[bytes]) -> Iterator[tuple[str, int]]:
        """`hits`, where text was taken out of `early`, which leaves `late`, before all rules have run.

        Rules with base strings run first and see `early`, as they do in SpamAssassin once `sa-compile` ran.
        """
        if self.bulk is None:
            return
        after = self.bulk.hits(late)
        concerned = self.bulk.candidates(_changed(early, late))
        before = self.bulk.hits(early, concerned)
        for number in sorted(before.keys() | after.keys()):
            rule, count = self.rules[number], after.get(number, 0)
            if (
                number in concerned
                and before.get(number, 0) != count
                and has_base_strings(rule.pattern, rule.flags)
            ):
                count = before.get(number, 0)
            if count:
                yield rule.name, count
