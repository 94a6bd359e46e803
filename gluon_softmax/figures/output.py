"""Figures as files, and shown where a script or a notebook has them."""

from __future__ import annotations

import os
from pathlib import Path

import matplotlib
from matplotlib.figure import Figure

from ..errors import show
from ..storage.atomic import replacing
from .live import in_notebook

__all__ = ["present", "save"]


def save(figure: Figure, path: str | os.PathLike[str]) -> list[Path]:
    """Write a figure as PNG and SVG, and return the two files.

    The path has no suffix. The same figure gives the same bytes again.
    """
    path = Path(path)
    # The salt, and no date: else the file would change with every run.
    same_each_time = {"svg.hashsalt": show(path.name), "svg.fonttype": "path"}
    files = []
    for kind, metadata in (("png", None), ("svg", {"Date": None})):
        file = path.with_name(f"{path.name}.{kind}")
        with replacing(file) as temporary, matplotlib.rc_context(same_each_time):
            figure.savefig(
                temporary, format=kind, dpi=150, bbox_inches="tight", metadata=metadata
            )
        files.append(file)
    return files


def present(figure: Figure, path: str | os.PathLike[str]) -> None:
    """Write a figure as `save` does; show it in a notebook, and name its files else."""
    files = save(figure, path)
    if in_notebook():
        from IPython.display import display

        display(figure)
        return
    for file in files:
        print(f"wrote {file}")
