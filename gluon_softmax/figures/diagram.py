"""The diagram of a net: its units in columns, each linked to all of the next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain, product

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
    columns = []
    for index, (name, texts) in enumerate(layers.items()):
        x, top = index * GAP, (len(texts) - 1) / 2
        columns.append([(x, top - row, text) for row, text in enumerate(texts)])
        ax.text(x, -height / 2 - 0.1, name, ha="center", va="top", size=10)
    for left, right in zip(columns, columns[1:]):
        for (x1, y1, first), (x2, y2, second) in product(left, right):
            if DOTS not in (first, second):
                ax.plot([x1, x2], [y1, y2], color="#999999", linewidth=0.8, zorder=1)
    circle = {"s": 750, "facecolor": "w", "edgecolor": COLOURS[0], "linewidth": 1.5}
    for x, y, text in chain(*columns):
        if text != DOTS:
            ax.scatter(x, y, **circle)
        ax.text(x, y, text, ha="center", va="center", size=12)
    ax.set_xlim(-GAP / 2, GAP * (len(layers) - 0.5))
    ax.set_ylim(-height / 2 - 0.6, height / 2)
    ax.set_axis_off()
    return figure
