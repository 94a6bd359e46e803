"""The diagram of a net: its units in columns, each linked to all of the next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product

from matplotlib.figure import Figure

from .style import COLOURS, make_figure

__all__ = ["DOTS", "show_network"]

DOTS = r"$\vdots$"
"""Stands for units that are left out."""
GAP = 2.5
"""Between two columns; units of a column are 1 apart."""


def show_network(layers: Mapping[str, Sequence[str]], title: str = "") -> Figure:
    """Draw the units of a net, a column per layer, from inputs to outputs.

    What is written in the units of a column stands from the top, `DOTS` for those left
    out, and its name below it. A line says that the right unit depends on the left one.
    """
    height = max(map(len, layers.values()))
    figure = make_figure(GAP * len(layers), 0.7 * height + 0.9, title)
    ax = figure.subplots()
    columns = [_place(index, texts) for index, texts in enumerate(layers.values())]
    for left, right in zip(columns, columns[1:]):
        _link(ax, left, right)
    for name, units in zip(layers, columns):
        _draw_units(ax, units)
        ax.text(units[0][0], -height / 2 - 0.1, name, ha="center", va="top", size=10)
    ax.set_xlim(-GAP / 2, GAP * (len(layers) - 0.5))
    ax.set_ylim(-height / 2 - 0.6, height / 2)
    ax.set_axis_off()
    return figure


def _place(index: int, texts: Sequence[str]) -> list[tuple[float, float, str]]:
    """Return place and text of each unit of a column, centred."""
    top = (len(texts) - 1) / 2
    return [(index * GAP, top - row, text) for row, text in enumerate(texts)]


def _link(ax, left: list, right: list) -> None:
    """Draw a line from each unit on the left to each on the right."""
    for (x1, y1, first), (x2, y2, second) in product(left, right):
        if DOTS not in (first, second):
            ax.plot([x1, x2], [y1, y2], color="#999999", linewidth=0.8, zorder=1)


def _draw_units(ax, units: list) -> None:
    """Draw a circle for each unit, with its text."""
    circle = {"s": 750, "facecolor": "w", "edgecolor": COLOURS[0], "linewidth": 1.5}
    for x, y, text in units:
        if text != DOTS:
            ax.scatter(x, y, **circle)
        ax.text(x, y, text, ha="center", va="center", size=12)
