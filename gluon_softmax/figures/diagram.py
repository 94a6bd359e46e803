"""The diagram of a net: its units in columns, each linked to all of the next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product

from matplotlib.figure import Figure

from ..errors import ArgumentError
from .drawing import COLOURS, _Figure

__all__ = ["DOTS", "show_network"]

DOTS = r"$\vdots$"
"""Stands for units that are left out."""
GAP = 2.5
"""Between two columns; units of a column are 1 apart."""


def show_network(layers: Mapping[str, Sequence[str]], title: str = "") -> Figure:
    """Draw the units of a net, a column per layer.

    Parameters
    ----------
    layers : mapping of str to sequence of str
        What to write below each column, and in its units from the top; `DOTS` for units
        that are left out.
    title : str, optional
        What to write above all.

    Returns
    -------
    matplotlib.figure.Figure
        A line between two units says that the right one depends on the left one.

    Raises
    ------
    ArgumentError
        If there are fewer than two layers.

    Examples
    --------
    >>> figure = show_network({"inputs": ["$x_1$", "$x_2$"], "score": ["$o$"]})
    """
    if len(layers) < 2:
        raise ArgumentError(f"expected two layers or more, found {len(layers)}")
    height = max(map(len, layers.values()))
    size = (GAP * len(layers), 0.7 * height + 0.9)
    figure = _Figure(figsize=size, layout="constrained")
    ax = figure.subplots()
    columns = [_place(index, texts) for index, texts in enumerate(layers.values())]
    for left, right in zip(columns, columns[1:]):
        _link(ax, left, right)
    for name, units in zip(layers, columns):
        _draw_units(ax, units)
        ax.text(units[0][0], -height / 2 - 0.1, name, ha="center", va="top", size=10)
    ax.set(
        xlim=(-GAP / 2, GAP * (len(layers) - 0.5)), ylim=(-height / 2 - 0.6, height / 2)
    )
    ax.set_axis_off()
    figure.suptitle(title, fontsize=11)
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
    for x, y, text in units:
        if text != DOTS:
            ax.scatter(
                x, y, s=750, facecolor="white", edgecolor=COLOURS[0], linewidth=1.5
            )
        ax.text(x, y, text, ha="center", va="center", size=12)
