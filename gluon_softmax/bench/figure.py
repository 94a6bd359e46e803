"""The contenders' times as one figure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from matplotlib.figure import Figure

from ..figures.style import COLOURS
from .contenders import WORKS
from .rounds import Result

__all__ = ["show_benchmark"]

FLOOR = "blas"
OURS, OTHERS = COLOURS[:2]


def show_benchmark(results: Iterable[Result], title: str = "") -> Figure:
    """Draw medians as dots and ranges as lines, on one logarithmic axis.

    Results of one work stand next to each other and share axes; this package is blue,
    the floor of matrix products alone a dashed line.
    """
    by_work = groupby(results, key=lambda result: result.contender.work)
    groups = {work: list(group) for work, group in by_work}
    sizes = [len(group) + 1 for group in groups.values()]
    figure = Figure(figsize=(9, 0.32 * sum(sizes) + 1.2), layout="constrained")
    rows = figure.subplots(
        len(groups), 1, sharex=True, squeeze=False, height_ratios=sizes
    )[:, 0]
    for ax, (work, group) in zip(rows, groups.items()):
        _draw_work(ax, group)
        ax.set_title(WORKS[work], fontsize=10, loc="left")
    rows[-1].set_xscale("log")
    rows[-1].xaxis.set_major_formatter("{x:g}")
    rows[-1].set_xlabel("seconds, logarithmic: median (dot) and range (line)")
    figure.suptitle(title, fontsize=11)
    return figure


def _draw_work(ax, results: Sequence[Result]) -> None:
    """Draw one kind of work, the first contender on top."""
    for place, result in enumerate(results):
        seconds, middle = result.column("seconds"), result.middle("seconds")
        colour = OURS if result.contender.name.startswith("ours") else OTHERS
        ax.hlines(place, min(seconds), max(seconds), color=colour, linewidth=2)
        ax.plot(middle, place, "o", color=colour, markersize=5)
        ax.annotate(
            f"{middle:.3g} s",
            (max(seconds), place),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            fontsize=8,
        )
        if result.contender.key == FLOOR:
            ax.axvline(middle, color="black", linestyle="--", linewidth=1)
            style = {"fontsize": 8, "rotation": 90, "ha": "right", "va": "top"}
            ax.text(middle, -0.5, "floor: matrix products alone ", **style)
    names = [result.contender.name for result in results]
    ax.set_yticks(range(len(names)), names, fontsize=9)
    ax.set_ylim(len(names) - 0.4, -0.6)
    ax.margins(x=0.12)
    ax.grid(axis="x", which="both", alpha=0.25)
