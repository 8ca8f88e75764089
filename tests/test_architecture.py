"""The floor plan, enforced from the imports: a module imports only from its own room or a lower one."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOMS = "base perlre mail net auth learn conf ruleset scan plugins engine spamd cli".split()
PACKAGE = Path(__file__).resolve().parent.parent / "pyspamd"
MODULES = sorted(PACKAGE.rglob("*.py"))
UNROOMED = {"__init__.py", "__main__.py"}
TOP_LEVEL = {
    "pyproject.toml",
    "pyspamd",
    "rules",
    "tests",
    "scripts",
    "local.cf.example",
    "README.md",
    "CHANGELOG.md",
    "LICENSE",
    "docs",
    ".ci",
    ".gitignore",
}


def imported(path: Path) -> Iterator[str]:
    """Every pyspamd module that `path` imports, wherever in the file the import stands."""
    package = ["pyspamd", *path.relative_to(PACKAGE).parent.parts]
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) + 1 - node.level]) if node.level else ""
            module = ".".join(filter(None, [base, node.module or ""]))
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def test_every_module_has_a_room() -> None:
    stray = [p for p in MODULES if p.parent == PACKAGE and p.name not in UNROOMED]
    assert not stray
    assert {p.relative_to(PACKAGE).parts[0] for p in MODULES if p.parent != PACKAGE} == set(ROOMS)


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_point_down(path: Path) -> None:
    parts = path.relative_to(PACKAGE).parts
    own = ROOMS.index(parts[0]) if len(parts) > 1 else len(ROOMS)
    for name in imported(path):
        words = name.split(".")
        if words[0] != "pyspamd" or len(words) < 2 or words[1] not in ROOMS:
            continue
        room = ROOMS.index(words[1])
        assert room <= own, f"{path} reaches up to {name}"
        if words[1] == parts[0] == "plugins":
            assert len(words) < 3, f"{path} imports another plugin: {name}"


@pytest.mark.parametrize("room", ROOMS)
def test_room_says_what_it_knows(room: str) -> None:
    tree = ast.parse((PACKAGE / room / "__init__.py").read_text("utf-8"))
    assert ast.get_docstring(tree)
    assert len(tree.body) == 1, "a room's __init__ holds one docstring and nothing else"


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_module_opens_with_a_sentence(path: Path) -> None:
    docstring = ast.get_docstring(ast.parse(path.read_text("utf-8")))
    assert docstring
    assert docstring.split("\n\n")[0].rstrip().endswith(".")


def test_no_rule_text_is_evaluated() -> None:
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in {"eval", "exec"}, f"{path}:{node.lineno}"


def test_top_level_is_as_the_floor_plan_has_it() -> None:
    entries = {p.name for p in PACKAGE.parent.iterdir() if p.name not in {".git", ".venv"}}
    caches = {e for e in entries if e.startswith(".") and e.endswith("_cache")} | {
        ".hypothesis",
        "dist",
        "build",
    }
    assert entries - caches <= TOP_LEVEL
