"""What configuration needs to know of plugins: where they are found, and what each adds to the language."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from .directives import Directive

PLUGIN_PREFIX: Final = "Mail::SpamAssassin::Plugin::"
"""What stands before the class name of SpamAssassin's own plugins."""


class PluginSpec(Protocol):
    """A plugin as the language sees it."""

    @property
    def name(self) -> str:
        """The class name, as `WLBLEval`."""

    @property
    def directives(self) -> Sequence[Directive[Any]]:
        """The directives it adds once loaded."""

    @property
    def evals(self) -> Collection[str]:
        """The names of its eval tests."""

    @property
    def features(self) -> Collection[str]:
        """What `can()` and `has()` find in it."""


class PluginCatalog(Protocol):
    """Where `loadplugin` looks plugins up."""

    def find(self, name: str, path: str | None) -> PluginSpec | None:
        """The plugin of that full Perl name (or of the file at `path`), or `None`."""


@dataclass(frozen=True, slots=True)
class StaticSpec:
    """A plugin described by hand: all that a `PluginSpec` needs."""

    name: str
    directives: Sequence[Directive[Any]] = ()
    evals: Collection[str] = ()
    features: Collection[str] = ()


class StaticCatalog:
    """Plugins by full name, as a plain table; enough for tests and tools that run no plugin."""

    def __init__(self, specs: Sequence[PluginSpec] = ()) -> None:
        self._specs = {PLUGIN_PREFIX + spec.name: spec for spec in specs}

    def find(self, name: str, path: str | None) -> PluginSpec | None:
        return self._specs.get(name)
