"""What the runs of a study say: a table of means over the seeds, and their curves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields

import numpy as np
from matplotlib.figure import Figure

from ..chapter.versions import VERSIONS
from ..figures.style import DASHES, PALETTE, as_text, make_figure
from ..history import History
from .experiments import Experiment

__all__ = [
    "FIGURES",
    "average",
    "draw_study",
    "format_average",
    "summarise",
    "tabulate",
]

FIGURES = ("loss", "train acc", "valid acc", "test acc", "epochs to target", "seconds")
TO_TENTHS = ("epochs to target", "seconds")
LABELS = {
    "loss": "training loss (nats per sample)",
    "train_acc": "training accuracy (share of images)",
    "valid_acc": "validation accuracy (share of images)",
}

Histories = Mapping[Experiment, History]


def summarise(histories: Histories, target: float) -> list[dict]:
    """Sum up runs that differ in their seed alone: settings, and `average` of figures.

    A figure that a run lacks is None. ``epochs to target`` is the first epoch whose
    accuracy on images that were held out is the target or more.
    """
    summary = []
    for settings, group in _group_by_settings(histories).items():
        row = {"settings": dict(settings), "seeds": len(group)}
        runs = [_read_figures(history, target) for history in group]
        for name in FIGURES:
            values = [run[name] for run in runs]
            row[name] = None if None in values else average(values)
        summary.append(row)
    return summary


def _group_by_settings(histories: Histories) -> dict[tuple, list[History]]:
    """Group runs by the settings in which they differ, but for the seed."""
    names = [field.name for field in fields(Experiment) if field.name != "seed"]
    values = {name: {getattr(found, name) for found in histories} for name in names}
    names = [name for name in names if len(values[name]) > 1] or ["momentum"]
    groups: dict[tuple, list[History]] = {}
    for found, history in histories.items():
        settings = [(name, getattr(found, name)) for name in names]
        named = tuple((name, VERSIONS.get(value, value)) for name, value in settings)
        groups.setdefault(named, []).append(history)
    return groups


def _read_figures(history: History, target: float) -> dict[str, float | None]:
    """Read the figures of one run."""
    last = history[-1]
    held_out = history.column("test_acc" if last.valid_acc is None else "valid_acc")
    reached = (number for number, found in enumerate(held_out, 1) if found >= target)
    return {
        "loss": last.loss,
        "train acc": last.train_acc,
        "valid acc": last.valid_acc,
        "test acc": last.test_acc,
        "epochs to target": next(reached, None),
        "seconds": sum(history.column("seconds")),
    }


def average(values: list[float]) -> tuple[float, float | None]:
    """Compute mean and standard deviation of a sample; a single value has none."""
    deviation = float(np.std(values, ddof=1)) if len(values) > 1 else None
    return float(np.mean(values)), deviation


def format_average(mean: float, deviation: float | None, decimals: int = 4) -> str:
    """Format what `average` computed.

    Examples
    --------
    >>> format_average(*average([1.0, 2.0, 3.0]), decimals=1)
    '2.0 ± 1.0'
    >>> format_average(*average([1.0]), decimals=1)
    '1.0'
    """
    text = f"{mean:.{decimals}f}"
    return text if deviation is None else f"{text} ± {deviation:.{decimals}f}"


def tabulate(summary: list[dict]) -> list[list]:
    """Convert a summary to rows, without the figures that no run has."""
    figures = [name for name in FIGURES if any(row[name] for row in summary)]
    rows = [[*summary[0]["settings"], "seeds", *figures]]
    for row in summary:
        cells = [_format(name, row[name]) for name in figures]
        rows.append([*row["settings"].values(), row["seeds"], *cells])
    return rows


def _format(name: str, figure: tuple[float, float | None] | None) -> str:
    """Format mean and standard deviation with the decimals that a figure has."""
    if figure is None:
        return "not reached" if name == "epochs to target" else "-"
    return format_average(*figure, decimals=1 if name in TO_TENTHS else 4)


def draw_study(histories: Histories) -> Iterator[tuple[str, Figure]]:
    """Draw loss and accuracy over the epochs, each with a name for its file.

    Every setting has a line for the mean over the seeds, in the band of all of them.
    """
    data = ", ".join(sorted({experiment.data for experiment in histories}))
    has_validation = all(run[0].valid_acc is not None for run in histories.values())
    accuracy = "valid_acc" if has_validation else "train_acc"
    for kind, column in (("loss", "loss"), ("accuracy", accuracy)):
        curves = {}
        for settings, group in _group_by_settings(histories).items():
            words = [f"{name.replace('_', ' ')} {value}" for name, value in settings]
            curves[", ".join(words)] = [history.column(column) for history in group]
        yield f"study-{kind}", _draw(curves, LABELS[column], data)


def _draw(curves: dict[str, list[list[float]]], label: str, data: str) -> Figure:
    """Draw the mean of each group of curves, in a band from the least to the most."""
    title = f"{data}: means over the seeds, in a band from the lowest to the highest"
    figure = make_figure(9, 4.5, title)
    ax = figure.subplots()
    for index, (name, group) in enumerate(curves.items()):
        epochs = range(1, len(group[0]) + 1)
        colour, dashes = PALETTE[index % len(PALETTE)], DASHES[index % len(DASHES)]
        style = {"color": colour, "linestyle": dashes, "marker": "o"}
        ax.plot(epochs, np.mean(group, axis=0), label=as_text(name, most=60), **style)
        low, high = np.min(group, axis=0), np.max(group, axis=0)
        ax.fill_between(epochs, low, high, color=colour, alpha=0.2, linewidth=0)
    ax.set(xlabel="epoch", ylabel=label)
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.grid(alpha=0.3)
    figure.legend(loc="outside right upper", handlelength=4)
    return figure
