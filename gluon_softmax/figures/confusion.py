"""Confusion matrices: which class is taken for which."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from ..errors import ArgumentError, check_labels
from ..predictions import read_classes, read_predictions
from .images import to_numpy
from .style import as_text, make_figure

__all__ = ["show_confusion_matrix"]

MOST_CLASSES = 1000
"""Of classes without names; larger labels are no numbers of classes."""


def show_confusion_matrix(
    labels: np.ndarray | Callable,
    predictions: Mapping[str, np.ndarray] | Iterable,
    classes: Sequence[str] | None = None,
    title: str = "",
) -> Figure:
    """Draw which class is taken for which, one matrix for all nets that agree.

    It has a row per true class, counts in the cells, right ones blue, mistakes orange.

    Parameters
    ----------
    labels : callable or array
        A net, which takes images and gives scores of shape (n, classes); or the true
        classes, shape (n,) or (n, 1), of any numeric type.
    predictions : iterable of (X, y), or mapping of str to array
        The mini-batches that the net is to predict, such as `test_iter`; or what to
        call each of several nets, and its predictions, shaped as the labels.
    classes : sequence of str, optional
        The name of each class; those of the batches' data set, or numbers, else.
    title : str, optional
        What to write above the matrices.

    Examples
    --------
    >>> figure = show_confusion_matrix(np.array([0, 1]), {"net": np.array([0, 0])})
    """
    if callable(labels):
        data_iter = predictions
        labels, probabilities = read_predictions(labels, data_iter)
        predictions = {"": probabilities.argmax(axis=1)}
        classes = read_classes(classes, data_iter, probabilities.shape[1])
    num_classes = None if classes is None else len(classes)
    labels = _read("labels", labels, num_classes)
    predictions = {
        name: _read("predictions", predicted, num_classes)
        for name, predicted in predictions.items()
    }
    if classes is None:
        classes = range(1 + max(map(np.max, (labels, *predictions.values()))))
    matrices = _count(labels, predictions, len(classes))
    side = 0.55 * len(classes)
    figure = make_figure(len(matrices) * (side + 1.2), side + 1.8, title)
    row = figure.subplots(1, len(matrices), squeeze=False)[0]
    for ax, (names, counts) in zip(row, matrices):
        _draw(ax, counts, list(map(as_text, classes)))
        share = f"{np.trace(counts) / counts.sum():.3f} right"
        ax.set_title(f"{names}: {share}" if names else share, fontsize=10)
    return figure


def _read(name: str, numbers: object, num_classes: int | None) -> np.ndarray:
    """Return numbers of classes as whole ones, shape (n,)."""
    array = to_numpy(numbers)
    array = array.reshape(-1) if array.shape[1:] == (1,) else array
    if array.ndim != 1 or not array.size or array.dtype.kind not in "biuf":
        raise ArgumentError(
            f"expected {name} to be numbers of shape (n,), found {array.dtype} of "
            f"shape {array.shape}"
        )
    num_classes = num_classes or min(float(array.max()) + 1, MOST_CLASSES)
    check_labels(array, num_classes, name)
    return array.astype(int)


def _count(
    labels: np.ndarray, predictions: Mapping[str, np.ndarray], num_classes: int
) -> list[tuple[str, np.ndarray]]:
    """Return a matrix of counts (true, predicted), and the nets that it is of."""
    matrices = {}
    for name, predicted in predictions.items():
        if len(predicted) != len(labels):
            raise ArgumentError(
                f"expected a prediction for each of {len(labels)} labels, found "
                f"{len(predicted)}"
            )
        counts = np.zeros((num_classes, num_classes), dtype=int)
        np.add.at(counts, (labels, predicted), 1)
        names, _ = matrices.setdefault(counts.tobytes(), ([], counts))
        names.append(as_text(name))
    return [(", ".join(names), counts) for names, counts in matrices.values()]


def _draw(ax, counts: np.ndarray, classes: Sequence[str]) -> None:
    """Draw one matrix; right ones would make all mistakes pale on a common scale."""
    is_right = np.eye(len(classes), dtype=bool)
    for kind, colours in ((is_right, "Blues"), (~is_right, "Oranges")):
        shown = kind & (counts > 0)
        most = counts[shown].max(initial=1)
        ax.imshow(np.ma.masked_where(~shown, counts), colours, vmin=0, vmax=most)
        for true, predicted in np.argwhere(shown):
            count = counts[true, predicted]
            colour = "white" if count > most / 2 else "black"
            style = {"ha": "center", "va": "center", "color": colour, "size": 7}
            ax.text(predicted, true, str(count), **style)
    ticks = range(len(classes))
    ax.set_xticks(ticks, classes, rotation=45, ha="right", fontsize=8)
    ax.set_yticks(ticks, classes, fontsize=8)
    ax.set(xlabel="predicted class", ylabel="true class")
