"""How cost grows, as one figure of small panels."""

from __future__ import annotations

from collections.abc import Iterable

from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter, ScalarFormatter

from ..figures import COLOURS, LINES
from .scaling import Point

__all__ = ["show_scaling"]


def show_scaling(points: Iterable[Point], title: str = "") -> Figure:
    """Draw seconds and memory against each thing that was varied.

    Parameters
    ----------
    points : iterable of Point
    title : str, optional
        What to write above; the machine, say.

    Returns
    -------
    matplotlib.figure.Figure
        A column for each thing varied, seconds above, memory below, all axes
        logarithmic.
    """
    columns: dict[str, list[Point]] = {}
    for point in points:
        columns.setdefault(point.size.axis.label, []).append(point)
    figure = Figure(figsize=(2.6 * len(columns) + 0.8, 5.2), layout="constrained")
    panels = figure.subplots(2, len(columns), sharey="row", sharex="col", squeeze=False)
    for (above, below), (label, column) in zip(panels.T, columns.items()):
        _draw_column(above, below, column)
        below.set_xlabel(label)
    panels[0, 0].set_ylabel("seconds per epoch, evaluated")
    panels[1, 0].set_ylabel("peak resident memory,\nmain process (MB)")
    figure.suptitle(title, fontsize=11)
    return figure


def _draw_column(above, below, points: list[Point]) -> None:
    """Draw one thing varied: a line for images in memory, one for a mapped file."""
    for mapped, name in enumerate(("in memory", "mapped file")):
        rows = [p.to_dict() for p in points if p.size.axis.mapped == bool(mapped)]
        if not rows:
            continue
        values = [row[row["varied"]] for row in rows]
        style = {"color": COLOURS[mapped], "linestyle": LINES[mapped], "marker": "o"}
        style.update(markersize=4, label=name)
        above.plot(values, [row["median_seconds"] for row in rows], **style)
        below.plot(values, [row["peak_mb"] for row in rows], **style)
    if any(point.size.axis.mapped for point in points):
        above.legend(fontsize=8)
    for ax in (above, below):
        _scale(ax, sorted({point.size.value for point in points}))


def _scale(ax, values: list[int]) -> None:
    """Make both axes logarithmic, and name the values that were measured."""
    ax.set_yscale("log")
    if 0 in values:  # of workers: a logarithm has no place for it
        ax.set_xscale("symlog", linthresh=1)
    else:
        ax.set_xscale("log")
    if max(values) < 1000:
        ax.set_xticks(values)
        ax.xaxis.set_major_formatter(ScalarFormatter())
        ax.xaxis.set_minor_formatter(NullFormatter())
    ax.grid(which="both", alpha=0.25)
