"""Where plugins are found: SpamAssassin's names lead to files of `plugins/`, a path leads to a file of one's own.

`loadplugin Mail::SpamAssassin::Plugin::WLBLEval` finds `plugins/wlbleval.py: class WLBLEval` with no table;
`loadplugin Shout /etc/pyspamd/shout.py` finds `class Shout` in that file.
"""

import importlib
import importlib.util
import inspect
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from ..conf.directives import Directive
from ..scan.plugin import Plugin, overrides

PREFIX = "Mail::SpamAssassin::Plugin::"

ENGINE_OWN = frozenset(
    {
        "BodyRuleBaseExtractor",
        "Check",
        "OneLineBodyRuleType",
        "P595Body",
        "ResourceLimits",
        "Reuse",
        "Rule2XSBody",
    }
)
"""Plugins whose work is the engine's own here: compiling, limits, running the rules."""


class PluginFaultError(Exception):
    """A plugin file that cannot be loaded; `str()` says why."""


@dataclass(frozen=True, slots=True)
class Found:
    """A plugin's class and what it adds to the language (`conf.plugin_catalog.PluginSpec`)."""

    name: str
    plugin: type[Plugin] | None
    directives: Sequence[Directive[Any]] = ()
    evals: Collection[str] = ()
    features: Collection[str] = ()


def _found(name: str, plugin: type[Plugin]) -> Found:
    # `can()` calls what it names, and no eval test says yes without a message: only `has()` finds those.
    return Found(name, plugin, plugin.directives, plugin.eval_names(), plugin.features)


def _load_file(name: str, path: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"pyspamd_plugin_{name.lower()}", path)
    if spec is None or spec.loader is None:
        raise PluginFaultError(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise PluginFaultError(f"{path} cannot be loaded: {type(error).__name__}: {error}") from error
    return module


class Catalog:
    """Finds plugins by name or path and remembers what it found."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str | None], Found | None] = {}

    def find(self, name: str, path: str | None = None) -> Found | None:
        """The plugin, or `None` where there is none by that name.

        A `.pm` path is a Perl plugin: one of SpamAssassin's own names is found here, any other is not.
        Raises PluginFaultError when a Python file is there but cannot be loaded.
        """
        key = (name, path)
        if key not in self._known:
            self._known[key] = self._search(name, path)
        return self._known[key]

    def _search(self, name: str, path: str | None) -> Found | None:
        short = name.removeprefix(PREFIX)
        if path is not None and path.endswith(".py"):
            if not Path(path).is_file():
                raise PluginFaultError(f"{path} does not exist")
            plugin = getattr(_load_file(short, path), short.rpartition("::")[2], None)
            if not (inspect.isclass(plugin) and issubclass(plugin, Plugin)):
                raise PluginFaultError(f"{path} has no class {short} derived from Plugin")
            return _found(short, plugin)
        if not name.startswith(PREFIX) or not short.isidentifier():
            return None
        if short in ENGINE_OWN:
            return Found(short, None)
        try:
            module = importlib.import_module(f"..plugins.{short.lower()}", __package__)
        except ModuleNotFoundError as error:
            if error.name and error.name.endswith(f".plugins.{short.lower()}"):
                return None
            raise
        plugin = getattr(module, short, None)
        return _found(short, plugin) if plugin is not None else None


def hooked(plugins: Sequence[Plugin], hook: str) -> tuple[Any, ...]:
    """The bound hook methods of those plugins that define it, in the order in which they are to be called."""
    hooking = sorted(
        (plugin for plugin in plugins if overrides(plugin, hook)),
        key=lambda plugin: plugin.hook_priority.get(hook, 0),
    )
    return tuple(getattr(plugin, hook) for plugin in hooking)
