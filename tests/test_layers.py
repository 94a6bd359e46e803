"""What holds for every module: what it may import, and the words of its docstrings."""

from __future__ import annotations

import ast
from pathlib import Path

import gluon_softmax
import pytest

ORDER = (
    *("errors", "storage", "history", "compat", "engine", "data", "predictions"),
    *("figures", "chapter", "models", "trainer", "cluster", "bench", "commands"),
)
"""The folders and modules, each of which imports only those before it."""
PACKAGE = Path(gluon_softmax.__file__).parent
ENTRIES = {path.stem: path for path in PACKAGE.iterdir() if path.stem[0] != "_"}
WORDS = {
    "Give": "Return",
    "Say": "Return whether, or Print",
    "Refuse": "Check, or Raise",
    "Take": "Return, Load or Convert",
    "Tell": "Report, or Return",
    "Let": "Release, or Have",
    "Bring": "Convert, Scale or Move",
    "Lay": "Return, or Arrange",
}
"""First words of docstrings, and what scikit-learn says."""


def parse(path: Path) -> list[ast.AST]:
    return list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))


def list_imports(path: Path) -> set[str]:
    """List the entries of the package that a module imports, anywhere in it."""
    depth = len(path.relative_to(PACKAGE).parts)
    found = set()
    for node in parse(path):
        if isinstance(node, ast.ImportFrom) and node.level == depth:
            names = [node.module] if node.module else [a.name for a in node.names]
            found |= {name.split(".")[0] for name in names}
    return found & set(ORDER)


def test_every_entry_has_its_place():
    """A new folder or module is put into the order."""
    assert set(ENTRIES) == set(ORDER)
    assert len(list(PACKAGE.glob("[!_]*"))) + 2 <= 16


@pytest.mark.parametrize("name", ORDER)
def test_imports_go_one_way(name):
    """No module imports from a folder behind its own."""
    path = ENTRIES[name]
    allowed = set(ORDER[: ORDER.index(name) + 1])
    for module in [path] if path.is_file() else path.rglob("*.py"):
        assert list_imports(module) <= allowed, module


def test_docstrings_begin_with_the_fields_verbs():
    """A function does what its first word says, in scikit-learn's words."""
    for path in PACKAGE.rglob("*.py"):
        for node in parse(path):
            if isinstance(node, ast.FunctionDef):
                first = (ast.get_docstring(node) or "-").split()[0]
                assert first not in WORDS, f"{path}, {node.name}: write {WORDS[first]}"
