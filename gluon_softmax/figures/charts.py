"""Lines over each other and bars beside each other: data in, a Matplotlib figure out.

The figures of one chapter are in `figures`; these draw whatever has names and numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..errors import ArgumentError
from .drawing import COLOURS, LINES, _Figure

__all__ = ["show_bars", "show_lines"]

PALETTE = (*COLOURS, "#000000", "#56b4e9", "#e69f00")
"""Okabe and Ito's colours but yellow, which is too pale on white."""
HATCHES = ("", "//", "..", "xx")
FEW_POINTS = 20
"""Up to so many points a line gets markers; a single point is invisible without."""
LONG_NAMES = 70
"""So many letters fit below the bars side by side."""


def show_lines(
    lines: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    x_label: str,
    y_label: str,
    title: str = "",
) -> Figure:
    """Draw several lines over each other.

    Parameters
    ----------
    lines : mapping of str to (x, y)
        What to call each line, and its points. A value that is not finite leaves a gap.
    x_label, y_label : str
        What the axes show, with the unit.
    title : str, optional
        What to write above the lines.

    Returns
    -------
    matplotlib.figure.Figure
        No two lines have the same colour and dashes; the legend is beside them.

    Raises
    ------
    ArgumentError
        If there is no line, too many to tell apart, or one whose x and y differ in
        length.

    Examples
    --------
    >>> loss = {"lr 0.1": ([1, 2, 3], [0.8, 0.6, 0.5]), "lr 1": ([1, 2, 3], [2, 1, 3])}
    >>> figure = show_lines(loss, "epoch", "loss (nats per sample)")
    """
    _check_number(lines, "lines")
    for name, (x, y) in lines.items():
        _check_length(f"a y for each x of {name!r}", y, x)
    figure, ax = _start(len(lines))
    # Each line is thinner than the one below it: where two agree, both are seen.
    widths = np.linspace(5, 1.2, len(lines)) if len(lines) > 1 else [2]
    for index, (name, points) in enumerate(lines.items()):
        # 7 colours and 4 kinds of dashes: neighbours differ in both.
        style = {"color": _pick(PALETTE, index), "linestyle": _pick(LINES, index)}
        marker = "o" if len(points[0]) <= FEW_POINTS else ""
        style.update(marker=marker, markersize=2 + widths[index])
        ax.plot(*points, label=name, linewidth=widths[index], **style)
    ax.set(xlabel=x_label, ylabel=y_label)
    if _are_whole(x for x, _ in lines.values()):
        ax.xaxis.get_major_locator().set_params(integer=True)
    _finish(figure, ax, title)
    return figure


def show_bars(
    labels: Sequence[str],
    groups: Mapping[str, Sequence[float]],
    y_label: str,
    title: str = "",
    x_label: str = "",
) -> Figure:
    """Draw bars, those of each label side by side.

    Parameters
    ----------
    labels : sequence of str
        What stands below the bars.
    groups : mapping of str to sequence of float
        What to call each colour of bars, and its height at each label.
    y_label : str
        What the heights are, with the unit.
    title : str, optional
        What to write above the bars.
    x_label : str, optional
        What the labels are.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ArgumentError
        If there is no group, too many to tell apart, or one without a height for each
        label.

    Examples
    --------
    >>> seconds = {"reading": [0.2, 0.4], "training": [0.1, 0.1]}
    >>> figure = show_bars(["0 workers", "1 worker"], seconds, "seconds")
    """
    _check_number(groups, "groups of bars")
    for name, heights in groups.items():
        _check_length(f"a height for each label in {name!r}", heights, labels)
    figure, ax = _start(len(groups))
    width = 0.8 / len(groups)
    for index, (name, heights) in enumerate(groups.items()):
        left = np.arange(len(labels)) - 0.4 + index * width
        style = {"color": _pick(PALETTE, index), "hatch": _pick(HATCHES, index)}
        ax.bar(left, heights, width, align="edge", label=name, edgecolor="w", **style)
    turned = {"rotation": 30, "ha": "right", "rotation_mode": "anchor"}
    is_long = sum(len(label) for label in labels) > LONG_NAMES
    ax.set_xticks(range(len(labels)), labels, **(turned if is_long else {}))
    ax.axhline(0, color="black", linewidth=0.8)
    ax.set(xlabel=x_label, ylabel=y_label)
    _finish(figure, ax, title)
    return figure


def _pick(choices: Sequence[str], index: int) -> str:
    """Pick the colour or the pattern of the line or group of that number."""
    return choices[index % len(choices)]


def _start(number: int) -> tuple[Figure, Axes]:
    """Make a figure high enough for a legend of so many names."""
    figure = _Figure(figsize=(9, max(4, 0.5 + 0.22 * number)), layout="constrained")
    return figure, figure.subplots()


def _finish(figure: Figure, ax: Axes, title: str) -> None:
    """Add what every chart has: a grid below, the title, the legend beside the axes."""
    ax.grid(alpha=0.3)
    ax.set_axisbelow(True)
    figure.legend(loc="outside right upper", handlelength=4)
    figure.suptitle(title, fontsize=11)


def _are_whole(columns: Iterable[Sequence[float]]) -> bool:
    """Return whether all numbers are whole, as those of epochs are."""
    return all((np.mod(column, 1) == 0).all() for column in columns)


def _check_number(named: Mapping[str, object], what: str) -> None:
    """Check that a chart has lines, and no two that would look alike."""
    most = len(PALETTE) * len(LINES)
    if not 0 < len(named) <= most:
        raise ArgumentError(
            f"expected 1 to {most} {what}, found {len(named)}: "
            "draw more in several figures"
        )


def _check_length(expected: str, found: Sequence, wanted: Sequence) -> None:
    """Check that no number would be drawn at the wrong place."""
    if len(found) != len(wanted):
        raise ArgumentError(
            f"expected {expected}, found {len(found)} for {len(wanted)}"
        )
