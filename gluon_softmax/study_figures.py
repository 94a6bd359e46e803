"""The curves of a study's runs, over each other."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from matplotlib.figure import Figure

from .charts import PALETTE, show_lines
from .figures import LINES
from .study import Run, list_differences

__all__ = ["draw_study"]

MOST_LINES = len(PALETTE) * len(LINES)
"""So many lines can be told apart."""

TITLES = {
    "loss": "training loss",
    "train_acc": "training accuracy",
    "valid_acc": "validation accuracy",
}

Curves = dict[str, list[list[float]]]


def draw_study(runs: list[Run]) -> Iterator[tuple[str, Figure]]:
    """Draw loss and accuracy of all runs over the epochs.

    Where there are more runs than lines can be told apart, the runs of one setting are
    drawn as their mean over the seeds.

    Parameters
    ----------
    runs : list of Run

    Yields
    ------
    name : str
        What to call the figure's files.
    figure : matplotlib.figure.Figure
    """
    data = ", ".join(sorted({run.experiment.data for run in runs}))
    columns = {"loss": ("loss", "training loss (nats per sample)")}
    columns["accuracy"] = (_held_out(runs), "accuracy (share of images)")
    for name, (column, label) in columns.items():
        lines = _make_lines(runs, column)
        title = f"{data}: {TITLES[column]} of each run"
        yield f"study-{name}", show_lines(lines, "epoch", label, title)


def _held_out(runs: list[Run]) -> str:
    """Choose the accuracy that is known after every epoch of every run."""
    has_validation = all(run.history[0].valid_acc is not None for run in runs)
    return "valid_acc" if has_validation else "train_acc"


def _make_lines(
    runs: list[Run], column: str
) -> dict[str, tuple[list[float], list[float]]]:
    """Give each run's curve a name; or each setting's mean."""
    curves: Curves = {}
    settings = list_differences(run.experiment for run in runs)
    for run in runs:
        values = [(name, getattr(run.experiment, name)) for name in settings]
        label = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in values)
        curves.setdefault(label, []).append(run.history.column(column))
    several = max(map(len, curves.values())) > 1
    if several and len(runs) <= MOST_LINES:
        curves = {
            f"{label}, seed {seed}": [curve]
            for label, group in curves.items()
            for seed, curve in enumerate(group)
        }
    means = {label: np.mean(group, axis=0) for label, group in curves.items()}
    return {label: (range(1, len(y) + 1), y) for label, y in means.items()}
