"""Docstrings use the words of the field: Return, Check, Raise, Load, Convert."""

from __future__ import annotations

import ast
from pathlib import Path

import gluon_softmax

PACKAGE = Path(gluon_softmax.__file__).parent
OTHERS = {
    "Give": "Return",
    "Say": "Return whether, or Print",
    "Refuse": "Check, or Raise",
    "Take": "Return, Load or Convert",
}


def list_docstrings(path: Path):
    """List line and docstring of each function of a module."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef) and ast.get_docstring(node):
            yield node.lineno, ast.get_docstring(node)


def test_docstrings_begin_with_the_fields_verbs():
    """A function does what its first word says, in scikit-learn's words."""
    found = [
        f"{path}:{line}: write {OTHERS[text.split()[0]]}, not {text.split()[0]}"
        for path in sorted(PACKAGE.rglob("*.py"))
        for line, text in list_docstrings(path)
        if text.split()[0] in OTHERS
    ]
    assert not found, "\n".join(found)
