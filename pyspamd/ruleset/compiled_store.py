"""What is worked out about patterns, kept on disk between starts: how each compiles, and which literals it needs.

The file is plain JSON behind a checksum of our own. What cannot be read, or was written by other code or other
library versions, is as good as not there.

    patterns = PatternStore(Path("/var/cache/pyspamd/patterns"))
    regex = patterns.regex("viagra|cialis", "i")
    patterns.save()
"""

import hashlib
import json
import logging
import os
import tempfile
from collections.abc import Sequence
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ..perlre import pcre
from ..perlre.prefilter import LiteralGate
from ..perlre.regex import Regex, RegexError, compile_regex, restore_regex

logger = logging.getLogger(__name__)
FORMAT = 1
MOST_STALE = 3
"""How many times the patterns in use a file may hold before it is begun anew."""


@lru_cache(maxsize=1)
def _versions() -> str:
    """A digest of the code and libraries that the stored results depend on."""
    digest = hashlib.sha256(f"{FORMAT} {version('pcre2')} {version('ahocorasick_rs')}".encode())
    for path in sorted(Path(pcre.__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


class PatternStore:
    """Compiles patterns and finds their literals, or remembers both from an earlier start.

    Without a file it only works things out.
    """

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self._regexes: dict[str, list[Any]] = {}
        self._gates: dict[str, Any] = {}
        self._made: dict[str, Regex] = {}
        self._used_regexes: dict[str, list[Any]] = {}
        self._used_gates: dict[str, Any] = {}
        if file is not None:
            self._load(file)

    def regex(self, pattern: str, flags: str) -> Regex:
        """The compiled pattern, the same object each time. Raises RegexError."""
        key = f"{flags}/{pattern}"
        made = self._made.get(key)
        if made is not None:
            return made
        known = self._regexes.get(key)
        if known is not None:
            try:
                made = restore_regex(known)
            except RegexError:
                known = None
        if made is None:
            made = compile_regex(pattern, flags)
        self._used_regexes[key] = made.as_data() if known is None else known
        self._made[key] = made
        return made

    def gate(self, regexes: Sequence[Regex], kind: str) -> LiteralGate:
        """The literal gate of the regexes, in their order, for one kind of text."""
        gates: list[Any] = []
        for regex in regexes:
            key = f"{kind} {regex.flags}/{regex.pattern}"
            known = self._gates.get(key, _UNKNOWN)
            if known is _UNKNOWN:
                known = LiteralGate.of([regex], kind).as_data()["gates"][0]
            self._used_gates[key] = known
            gates.append(known)
        restored = LiteralGate.from_data({**_EMPTY_GATE, "gates": gates})
        return LiteralGate.of(regexes, kind) if restored is None else restored

    def save(self) -> None:
        """Write what is known, if something new was worked out; a folder that cannot be written is no fault."""
        if self._file is None or (
            self._used_regexes.keys() <= self._regexes.keys()
            and self._used_gates.keys() <= self._gates.keys()
        ):
            return
        regexes, gates = self._used_regexes, self._used_gates
        if len(self._regexes) <= MOST_STALE * len(regexes):
            # Several rule sets share the file; only what none of them has used for long is dropped.
            regexes, gates = {**self._regexes, **regexes}, {**self._gates, **gates}
        body = json.dumps({"versions": _versions(), "regexes": regexes, "gates": gates}).encode()
        temporary = None
        try:
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=self._file.parent, delete=False) as out:
                temporary = out.name
                out.write(hashlib.sha256(body).hexdigest().encode() + b"\n" + body)
            os.replace(temporary, self._file)  # noqa: PTH105
        except OSError as error:
            logger.info("compiled patterns are not kept: %s", error)
            if temporary is not None:
                Path(temporary).unlink(missing_ok=True)

    def _load(self, file: Path) -> None:
        try:
            if file.stat().st_uid not in (os.geteuid(), 0):
                return
            checksum, _, body = file.read_bytes().partition(b"\n")
            if hashlib.sha256(body).hexdigest().encode() != checksum:
                return
            stored = json.loads(body)
            if stored["versions"] == _versions():
                self._regexes, self._gates = stored["regexes"], stored["gates"]
        except FileNotFoundError:
            return
        except (OSError, ValueError, KeyError, TypeError):
            logger.warning("the compiled patterns in %s cannot be read and are made anew", file)


_UNKNOWN = object()
_EMPTY_GATE = LiteralGate([]).as_data()
