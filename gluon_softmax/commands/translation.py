"""The lessons in Chinese: other prose between the very same cells of code."""

from __future__ import annotations

from pathlib import Path

from ..errors import ArgumentError, show
from ..storage.atomic import write_text
from ..storage.files import reading

__all__ = ["translate_prose", "write_script"]

BETWEEN = "\n<!-- %% -->\n"
"""Stands between the prose of two cells."""
MOST_BYTES = 10**6


def translate_prose(notebook, script: Path) -> None:
    """Replace a script's prose by that of the file of its name in ``zh/`` beside it."""
    path = script.parent / "zh" / f"{script.stem}.md"
    with reading(path, MOST_BYTES) as file:
        texts = file.read().decode("utf-8").split(BETWEEN)
    cells = [cell for cell in notebook.cells if cell.cell_type == "markdown"]
    if len(texts) != len(cells):
        raise ArgumentError(
            f"{show(path)}: expected the prose of {len(cells)} cells, as "
            f"{show(script)} has, found {len(texts)}: translate it anew"
        )
    for cell, text in zip(cells, texts):
        cell.source = text.strip()


def write_script(notebook, path: Path) -> None:
    """Write a notebook as a script of ``# %%`` cells."""
    import jupytext

    write_text(jupytext.writes(notebook, fmt="py:percent"), path)
