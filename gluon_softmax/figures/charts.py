"""Lines over each other and bars beside each other, of whatever has names and numbers.

The lessons draw with them; the figures of one chapter are in the modules beside this.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from ..errors import ArgumentError
from .style import DASHES, PALETTE, as_text, make_figure

__all__ = ["show_bars", "show_lines"]

HATCHES = ("", "//", "..", "xx")
FEW_POINTS = 20
"""Up to so many points a line gets markers; a single point is invisible without."""


def show_lines(
    lines: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    x_label: str,
    y_label: str,
    title: str = "",
) -> Figure:
    """Draw several lines, each given by its name and ``(x, y)``, over each other.

    A value that is not finite leaves a gap. Neighbours differ in colour and dashes.
    """
    figure = make_figure(9, 4, title)
    ax = figure.subplots()
    # Each line is thinner than the one below it: where two agree, both are seen.
    widths = np.linspace(5, 1.2, len(lines)) if len(lines) > 1 else [2]
    for index, (name, (x, y)) in enumerate(lines.items()):
        ax.plot(
            x,
            y,
            label=as_text(name, most=60),
            color=PALETTE[index % len(PALETTE)],
            linestyle=DASHES[index % len(DASHES)],
            linewidth=widths[index],
            marker="o" if len(x) <= FEW_POINTS else "",
            markersize=2 + widths[index],
        )
    if all((np.mod(x, 1) == 0).all() for x, _ in lines.values()):  # epochs, say
        ax.xaxis.get_major_locator().set_params(integer=True)
    _finish(figure, x_label, y_label)
    return figure


def show_bars(
    labels: Sequence[str],
    groups: Mapping[str, Sequence[float]],
    y_label: str,
    title: str = "",
    x_label: str = "",
) -> Figure:
    """Draw bars, at each label one of each group, side by side."""
    figure = make_figure(9, 4, title)
    ax = figure.subplots()
    width = 0.8 / len(groups)
    for index, (name, heights) in enumerate(groups.items()):
        if len(heights) != len(labels):  # one height would be drawn at every label
            raise ArgumentError(
                f"expected a height for each label in {name!r}, found {len(heights)} "
                f"for {len(labels)}"
            )
        ax.bar(
            np.arange(len(labels)) - 0.4 + index * width,
            heights,
            width,
            align="edge",
            label=as_text(name, most=60),
            edgecolor="w",
            color=PALETTE[index % len(PALETTE)],
            hatch=HATCHES[index % len(HATCHES)],
        )
    ax.set_xticks(range(len(labels)), map(as_text, labels))
    ax.axhline(0, color="black", linewidth=0.8)
    _finish(figure, x_label, y_label)
    return figure


def _finish(figure: Figure, x_label: str, y_label: str) -> None:
    """Name the axes, and add a grid below and the legend beside them."""
    (ax,) = figure.axes
    ax.set(xlabel=x_label, ylabel=y_label)
    ax.grid(alpha=0.3)
    ax.set_axisbelow(True)
    figure.legend(loc="outside right upper", handlelength=4)
