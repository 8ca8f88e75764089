"""What is wrong with a configuration, and where: the unit in which `lint` speaks."""

from dataclasses import asdict, dataclass
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Location:
    """A place in a configuration file; lines and columns count from 1."""

    file: str
    line: int
    column: int | None = None

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" + (f":{self.column}" if self.column is not None else "")


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault: where it is, which rule it concerns (if any), and a plain sentence saying what it is."""

    location: Location | None
    rule: str | None
    text: str
    severity: Severity = "error"

    def __str__(self) -> str:
        where = f"{self.location}: " if self.location else ""
        rule = f"{self.rule}: " if self.rule else ""
        return f"{where}{self.severity}: {rule}{self.text}"

    def as_json(self) -> dict[str, object]:
        """The problem as a flat JSON object: file, line, column, rule, severity, text."""
        place = asdict(self.location) if self.location else {"file": None, "line": None, "column": None}
        return {**place, "rule": self.rule, "severity": self.severity, "text": self.text}
