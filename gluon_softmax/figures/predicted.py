"""What a trained net gets wrong, and how far its probabilities can be believed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from ..errors import ArgumentError, check_whole_number
from ..history import History
from ..predictions import read_classes, read_predictions
from .curves import CURVES
from .images import show_predictions
from .style import COLOURS, make_figure

__all__ = ["show_calibration", "show_errors", "show_learning_rates"]

BINS = 10
"""Of confidence, from 0 to 1."""


def show_errors(
    net: Callable,
    data_iter: Iterable,
    classes: Sequence[str] | None = None,
    count: int = 9,
) -> Figure:
    """Draw the errors that a net is surest of, with the probability that it gives them.

    Parameters
    ----------
    net : callable
        Takes images and gives scores or probabilities of shape (n, classes).
    data_iter : iterable of (X, y)
        Mini-batches in an order that stays, such as `test_iter`.
    classes : sequence of str, optional
        The name of each class; those of the batches' data set, or numbers, else.
    count : int, optional
        How many errors to draw at most.
    """
    check_whole_number("count", count, least=1)
    images = []

    def keeping(X):
        images.append(X.asnumpy())
        return net(X)

    labels, probabilities = read_predictions(keeping, data_iter)
    names = read_classes(classes, data_iter, probabilities.shape[1])
    predicted, surest = probabilities.argmax(axis=1), probabilities.max(axis=1)
    wrong = np.flatnonzero(predicted != labels)
    if not wrong.size:
        raise ArgumentError(f"expected errors, found all of {len(labels):,} right")
    chosen = wrong[np.argsort(-surest[wrong], kind="stable")][:count]
    return show_predictions(
        np.concatenate(images)[chosen],
        [names[label] for label in labels[chosen]],
        [f"{names[predicted[i]]} {surest[i]:.2f}" for i in chosen],
        title=f"{len(wrong):,} of {len(labels):,} wrong; those it is surest of",
    )


def show_calibration(net: Callable, data_iter: Iterable) -> Figure:
    """Draw whether what the net gives a probability of 0.9 is right nine times in ten.

    Arguments are as for `show_errors`. The title has the expected calibration error of
    Guo et al. (2017), *On Calibration of Modern Neural Networks*, of ten equal bins.
    """
    labels, probabilities = read_predictions(net, data_iter)
    surest = probabilities.max(axis=1)
    is_right = probabilities.argmax(axis=1) == labels
    bins = np.minimum((surest * BINS).astype(int), BINS - 1)  # 1.0 is in the last
    counts = np.bincount(bins, minlength=BINS)
    filled = counts > 0
    sure, right = (
        np.bincount(bins, values, minlength=BINS)[filled] / counts[filled]
        for values in (surest, is_right)
    )
    error = np.abs(sure - right) @ counts[filled] / len(labels)
    figure = make_figure(5, 5, f"expected calibration error {error:.3f}")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    upper.plot(
        [0, 1], [0, 1], "--", color="black", linewidth=1, label="as sure as right"
    )
    upper.plot(sure, right, "o-", color=COLOURS[0], label="this net")
    upper.set(xlim=(0, 1), ylim=(0, 1), ylabel="share that is right")
    upper.legend()
    middles = (np.arange(BINS) + 0.5) / BINS
    lower.bar(middles, counts, 0.9 / BINS, color=COLOURS[1])
    lower.set(xlabel="probability of the predicted class", ylabel="samples")
    for ax in (upper, lower):
        ax.grid(alpha=0.3)
    return figure


def show_learning_rates(histories: Mapping[float, History]) -> Figure:
    """Draw the loss of the last epoch against the learning rate.

    Parameters
    ----------
    histories : mapping of float to History
        Each learning rate, and what `train_ch3` returned for it. One without epochs,
        of a training that diverged, is left out.

    Examples
    --------
    >>> from gluon_softmax import Epoch, History
    >>> one = History([Epoch(1, 0.787, 0.748, 0.79, 0.1)])
    >>> figure = show_learning_rates({0.1: one, 0.01: one})
    """
    rates = sorted(lr for lr, history in histories.items() if len(history))
    if not rates:
        raise ArgumentError("expected a history with epochs, found none")
    figure = make_figure(6, 4, "")
    ax = figure.subplots()
    for column, colour in (("loss", COLOURS[0]), ("valid_loss", COLOURS[2])):
        losses = [getattr(histories[lr][-1], column) for lr in rates]
        if None not in losses:
            label = CURVES[column][0]
            ax.semilogx(rates, losses, "o-", color=colour, label=label)
    ax.set(xlabel="learning rate", ylabel="loss of the last epoch (nats per sample)")
    ax.grid(alpha=0.3)
    ax.legend()
    return figure
