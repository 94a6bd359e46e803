"""Loss and accuracy over the epochs, of trainings that are over or still go on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from ..history import History
from .style import COLOURS, DASHES, as_text, make_figure

__all__ = ["show_curves"]

CURVES = {
    "loss": ("train loss", "", COLOURS[0]),
    "valid_loss": ("valid loss", "^", COLOURS[2]),
    "train_acc": ("train acc", "", COLOURS[0]),
    "valid_acc": ("valid acc", "^", COLOURS[2]),
    "test_acc": ("test acc", "o", COLOURS[1]),
}
"""The book's name, marker and colour of each figure of an epoch."""


def show_curves(
    histories: History | Mapping[str, History],
    title: str = "",
    points: Sequence[tuple[float, float, float]] = (),
    num_epochs: int | None = None,
) -> Figure:
    """Draw loss (left) and accuracy by epoch, each as far as it was measured.

    Parameters
    ----------
    histories : History or mapping of str to History
        What `train_ch3` returned, or several of these and what to call them.
    title : str, optional
        What to write above the curves; the data set, say.
    points : sequence of (epoch, loss, accuracy), optional
        Means of some batches within an epoch, of a single training that still goes on.
    num_epochs : int, optional
        How many epochs it will have.

    Examples
    --------
    >>> from gluon_softmax import Epoch, History
    >>> figure = show_curves(History([Epoch(1, 0.787, 0.748, 0.79, 0.1)]))
    """
    figure = make_figure(9, 3.6, title)
    left, right = figure.subplots(1, 2)
    left.set(xlabel="epoch", ylabel="loss (nats per sample)")
    right.set(xlabel="epoch", ylabel="accuracy (share of images)")
    _draw(left, right, histories)
    for ax, column in ((left, 1), (right, 2)):
        if points:
            x, y = [p[0] for p in points], [p[column] for p in points]
            style = {"color": COLOURS[0], "linewidth": 1, "alpha": 0.5}
            ax.plot(x, y, label="within the epoch", **style)
        _finish(ax)
        if num_epochs:
            ax.set_xlim(0 if points else 0.5, num_epochs + 0.5)
    return figure


def _draw(left, right, histories: History | Mapping[str, History]) -> None:
    """Draw each curve that was measured: losses on the left, accuracies on the right.

    The curves of one training differ in colour; several trainings do, too, and where
    two of these agree both are seen, for later ones are dashed and thinner.
    """
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
                label=f"{as_text(name)}, {label}" if name else label,
                marker=marker or ("s" if len(values) == 1 else ""),
                color=colour if is_single else COLOURS[index % len(COLOURS)],
                linestyle=DASHES[index % len(DASHES)],
                linewidth=width,
            )


def _finish(ax) -> None:
    """Add legend and grid; show one epoch, or values that only round differently."""
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
