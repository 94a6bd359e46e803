"""Loss and accuracy over the epochs, of trainings that are over or still go on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from ..history import History
from .style import COLOURS, DASHES, make_figure

__all__ = ["show_curves", "show_live_curves"]

CURVES = {
    "loss": ("train loss", "", COLOURS[0]),
    "valid_loss": ("valid loss", "^", COLOURS[2]),
    "train_acc": ("train acc", "", COLOURS[0]),
    "valid_acc": ("valid acc", "^", COLOURS[2]),
    "test_acc": ("test acc", "o", COLOURS[1]),
}
"""The book's name, marker and colour of each figure of an epoch."""


def show_curves(histories: History | Mapping[str, History], title: str = "") -> Figure:
    """Draw loss and accuracy of a training, or of several over each other.

    Parameters
    ----------
    histories : History or mapping of str to History
        What `train_ch3` returned, or several of these and what to call them.
    title : str, optional
        What to write above the curves; the data set, say.

    Returns
    -------
    matplotlib.figure.Figure
        Left the loss, right the accuracies, by epoch; each as far as it was measured.

    Examples
    --------
    >>> from gluon_softmax import Epoch, History
    >>> history = History([Epoch(1, 0.787, 0.748, 0.79, 0.1)])
    >>> figure = show_curves(history)
    """
    figure = _draw(histories, title)
    _finish(figure)
    return figure


def show_live_curves(
    history: History,
    points: Sequence[tuple[float, float, float]],
    num_epochs: int,
    title: str = "",
) -> Figure:
    """Draw a training of so many epochs that still goes on.

    The points are (epoch, loss, accuracy): means of some batches within an epoch.
    """
    figure = _draw(history, title)
    for ax, column in zip(figure.axes, (1, 2)):
        if points:
            x, y = [p[0] for p in points], [p[column] for p in points]
            style = {"color": COLOURS[0], "linewidth": 1, "alpha": 0.5}
            ax.plot(x, y, label="within the epoch", **style)
    _finish(figure)
    for ax in figure.axes:
        ax.set_xlim(0 if points else 0.5, num_epochs + 0.5)
    return figure


def _draw(histories: History | Mapping[str, History], title: str) -> Figure:
    """Draw each curve that was measured: losses on the left, accuracies on the right.

    The curves of one training differ in colour; several trainings do, too, and where
    two of these agree both are seen, for later ones are dashed and thinner.
    """
    figure = make_figure(9, 3.6, title)
    left, right = figure.subplots(1, 2)
    left.set(xlabel="epoch", ylabel="loss (nats per sample)")
    right.set(xlabel="epoch", ylabel="accuracy (share of images)")
    is_single = isinstance(histories, History)
    trainings = {"": histories} if is_single else histories
    for index, (name, history) in enumerate(trainings.items()):
        width = 2 if is_single else max(4 - 2 * index, 1.5)
        for column, (label, marker, colour) in CURVES.items():
            values = np.array(history.column(column), dtype=float)
            if np.isnan(values).all():  # never measured
                continue
            ax = left if column.endswith("loss") else right
            ax.plot(
                history.column("epoch"),
                values,
                label=f"{name}, {label}" if name else label,
                marker=marker or ("s" if len(values) == 1 else ""),
                color=colour if is_single else COLOURS[index % len(COLOURS)],
                linestyle=DASHES[index % len(DASHES)],
                linewidth=width,
            )
    return figure


def _finish(figure: Figure) -> None:
    """Add legends and grids; show one epoch, or values that only round differently."""
    for ax in figure.axes:
        if ax.lines:
            ax.legend()
        ax.grid(alpha=0.3)
        (first, last), (bottom, top) = ax.get_xlim(), ax.get_ylim()
        if last - first < 1:
            middle = (first + last) / 2
            ax.set_xlim(middle - 0.5, middle + 0.5)
        if top - bottom < 0.01:
            ax.set_ylim(bottom - 0.01, top + 0.01)
        ax.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
