"""What is worked out about a configuration, kept on disk between starts: what was parsed, patterns, literals, metas.

The file is marshalled data, code objects of metas among it, behind a checksum: trusted as Python's own compiled
files are, and so read only where it belongs to root or to who runs this. What cannot be read, or was written by
other code, another Python or other libraries, is as good as not there.

    store = CompiledStore(Path("/var/cache/pyspamd-compiled/rules"))
    regex = store.regex("viagra|cialis", "i")
    store.save()
"""

import hashlib
import logging
import marshal
import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache, partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from ..conf import conditions, evalcall, grammar
from ..conf.conditions import Condition, parse_condition
from ..conf.evalcall import parse_eval
from ..conf.grammar import Statement, parse_lines
from ..conf.rules import EvalCall
from ..perlre import pcre
from ..perlre.gates import Gate, gate_of
from ..perlre.prefilter import LiteralGate
from ..perlre.regex import Regex, RegexError, compile_regex, restore_regex
from . import meta_expression
from .meta_expression import MetaExpression, compile_meta, restore_meta

logger = logging.getLogger(__name__)
MOST_STALE: Final = 3
"""How many times what is in use a file may hold before it is begun anew."""
_KINDS: Final = ("lines", "conditions", "calls", "regexes", "gates", "metas")


@lru_cache(maxsize=1)
def _versions() -> str:
    """A digest of the code and libraries that the stored results depend on."""
    digest = hashlib.sha256(f"{sys.version} {marshal.version}".encode())
    for library in ("pcre2", "ahocorasick_rs", "lark"):
        for path in _files_of(library):
            # Lark is not imported where nothing must be parsed, and asking for versions imports as much again.
            state = path.stat()
            digest.update(f"{path} {state.st_size} {state.st_mtime_ns}".encode())
    modules = (grammar, conditions, evalcall, meta_expression, sys.modules[__name__])
    code = [*Path(pcre.__file__).parent.glob("*.py"), *(Path(str(module.__file__)) for module in modules)]
    code.append(Path(__file__).with_name("meta_grammar.py"))
    for path in sorted(code):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _files_of(library: str) -> list[Path]:
    spec = find_spec(library)
    folders = (spec and spec.submodule_search_locations) or ()
    return sorted(path for folder in folders for path in Path(folder).iterdir() if path.is_file())


class _Kept:
    """One kind of result, each marshalled by itself: those of an earlier start and those in use now.

    What is read from it is so made when it is wanted, between all that stays, and not in one piece with thousands of
    other results of which most go: where those lay would be memory that nobody can give back.
    """

    def __init__(self) -> None:
        self.old: dict[str, bytes] = {}
        self.used: dict[str, bytes] = {}
        self.is_open = True

    def get(self, key: str, make: Callable[[], Any]) -> Any:
        """The result known by that key; from `make` if there is none."""
        if not self.is_open:
            return make()
        known = self.used.get(key) or self.old.get(key)
        if known is None:
            result = make()
            self.used[key] = marshal.dumps(result)
            return result
        self.used[key] = known
        return marshal.loads(known)  # noqa: S302 -- ours, see above

    @property
    def is_new(self) -> bool:
        """Whether something is in use that was not there before."""
        return not self.used.keys() <= self.old.keys()

    def all(self) -> dict[str, bytes]:
        """What to write."""
        # Several rule sets share the file; only what none of them has used for long is dropped.
        return {**self.old, **self.used} if len(self.old) <= MOST_STALE * len(self.used) else self.used

    def close(self) -> None:
        """Forget everything, and keep nothing from now on."""
        self.old, self.used, self.is_open = {}, {}, False


class CompiledStore:
    """Compiles a configuration's parts, or remembers them from an earlier start.

    Without a file it only works things out; so it does after `save`, for users' preferences.
    """

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self._kinds = {kind: _Kept() for kind in _KINDS}
        self._made: dict[str, Regex] = {}
        if file is not None:
            self._load(file)

    def statements(self, text: str) -> Iterable[Statement]:
        """The statements of a file's text (see `parse_lines`)."""
        key = hashlib.sha256(text.encode("latin-1", "replace")).hexdigest()
        return map(
            Statement._make,
            self._kinds["lines"].get(key, lambda: [tuple(each) for each in parse_lines(text)]),
        )

    def condition(self, text: str) -> Condition:
        """The condition of an `if` (see `parse_condition`, also for what it raises)."""
        return Condition(self._kinds["conditions"].get(text, lambda: parse_condition(text).tree))

    def eval_call(self, text: str) -> EvalCall | None:
        """The call of an eval test (see `parse_eval`)."""

        def parsed() -> tuple[str, tuple[str, ...]] | None:
            call = parse_eval(text)
            return None if call is None else (call.function, call.args)

        data = self._kinds["calls"].get(text, parsed)
        return None if data is None else EvalCall(*data)

    def regex(self, pattern: str, flags: str) -> Regex:
        """The compiled pattern, the same object each time until `save`. Raises RegexError."""
        key = f"{flags}/{pattern}"
        known = self._made.get(key)
        if known is None:
            known = self._regex(key, pattern, flags)
            if self._kinds["regexes"].is_open:
                self._made[key] = known
        return known

    def _regex(self, key: str, pattern: str, flags: str) -> Regex:
        fresh: list[Regex] = []

        def compiled() -> list[Any]:
            fresh.append(compile_regex(pattern, flags))
            return fresh[0].as_data()

        data = self._kinds["regexes"].get(key, compiled)
        if fresh:
            return fresh[0]
        try:
            return restore_regex([pattern, flags, *data[2:]])  # its pattern is the rule's, not another string
        except RegexError:
            return compile_regex(pattern, flags)

    def gate(self, regexes: Sequence[Regex], kind: str) -> LiteralGate:
        """The literal gate of the regexes, in their order, for one kind of text."""
        gates: list[Gate | None] = []
        for regex in regexes:
            make = partial(_gate_data, regex.pattern, regex.flags, kind)
            data = self._kinds["gates"].get(f"{kind} {regex.flags}/{regex.pattern}", make)
            gates.append(None if data is None else Gate(*data))
        return LiteralGate(gates)

    def meta(
        self, expression: str, rule: str, known: Iterable[str] = (), *, local_tests_only: bool = False
    ) -> MetaExpression:
        """The compiled meta, as `compile_meta` has it. Raises MetaError."""

        def compiled() -> MetaExpression:
            return compile_meta(expression, rule, known, local_tests_only=local_tests_only)

        if "rules_matching" in expression:  # depends on which rules there are
            return compiled()
        key = f"{int(local_tests_only)} {expression}"
        return restore_meta(self._kinds["metas"].get(key, lambda: compiled().as_data()))

    def save(self) -> None:
        """Write what is known, if something new was worked out, and forget it.

        A folder that cannot be written is no fault.
        """
        if self._file is not None and any(kept.is_new for kept in self._kinds.values()):
            everything = {kind: kept.all() for kind, kept in self._kinds.items()}
            self._write(self._file, marshal.dumps({"versions": _versions(), **everything}))
        self._made.clear()
        for kept in self._kinds.values():
            kept.close()

    def _write(self, file: Path, body: bytes) -> None:
        temporary = None
        try:
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=file.parent, delete=False) as out:
                temporary = out.name
                out.write(hashlib.sha256(body).hexdigest().encode() + b"\n" + body)
            os.replace(temporary, file)  # noqa: PTH105
        except OSError as error:
            logger.info("compiled rules are not kept: %s", error)
            if temporary is not None:
                Path(temporary).unlink(missing_ok=True)

    def _load(self, file: Path) -> None:
        try:
            with file.open("rb") as opened:
                if os.fstat(opened.fileno()).st_uid not in (os.geteuid(), 0):
                    logger.warning("%s belongs to somebody else and is not used", file)
                    self._file = None
                    return
                checksum, _, body = opened.read().partition(b"\n")
            if hashlib.sha256(body).hexdigest().encode() != checksum:
                return
            stored = marshal.loads(body)  # noqa: S302 -- ours, see above
            if stored["versions"] == _versions():
                for kind, kept in self._kinds.items():
                    kept.old = stored[kind]
        except FileNotFoundError:
            return
        except (OSError, EOFError, ValueError, KeyError, TypeError):
            logger.warning("what %s keeps cannot be read and is made anew", file)


def _gate_data(pattern: str, flags: str, kind: str) -> tuple[Any, ...] | None:
    gate = gate_of(pattern, flags, kind)
    return None if gate is None else tuple(gate)
