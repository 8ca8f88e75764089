"""The bundled rules, compiled, with and without further files and lines."""

from collections.abc import Callable
from pathlib import Path

import pytest

from pyspamd.engine.assemble import Setup, assemble
from pyspamd.engine.engine import Engine

RULES = Path(__file__).resolve().parents[2] / "rules"
EngineOf = Callable[..., Engine]


@pytest.fixture(scope="session")
def engine_of() -> EngineOf:
    """An engine with the bundled rules, these files after them, and the lines of `cf` last; with `network` it asks."""

    def made(*more: Path, cf: tuple[str, ...] = (), network: bool = False) -> Engine:
        files = (*sorted(RULES.glob("*.pre")), *sorted(RULES.glob("*.cf")), *more)
        return assemble(Setup(files=files, local_tests_only=not network, lint=True, cf=cf))

    return made


@pytest.fixture(scope="session")
def engine(engine_of: EngineOf) -> Engine:
    """The bundled rules alone."""
    return engine_of()
