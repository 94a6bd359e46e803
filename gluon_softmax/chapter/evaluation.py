"""Section 3.6.6: accuracy, of a mini-batch and of a data set."""

from __future__ import annotations

from collections.abc import Iterable

from mxnet import nd

from ..data.batches import read_batches
from ..engine import ENGINE, Engine, Loss, Net
from ..history import Accumulator
from .mistakes import check_loss, explaining
from .results import count_right, mean, predict, to_numpy

__all__ = ["accuracy", "evaluate", "evaluate_accuracy"]


def accuracy(y_hat: nd.NDArray, y: nd.NDArray) -> float:
    """Compute the share of predictions that are right.

    Section 3.6.6 of the book.

    Parameters
    ----------
    y_hat : mxnet.nd.NDArray
        Scores or probabilities, shape (n, classes).
    y : mxnet.nd.NDArray
        Labels, shape (n,) or (n, 1), of any numeric type; or one-hot, (n, classes).

    Returns
    -------
    float

    Raises
    ------
    ArgumentError
        If the shapes do not fit, or a label is out of range.

    Examples
    --------
    >>> y_hat = nd.array([[0.1, 0.3, 0.6], [0.3, 0.2, 0.5]])
    >>> accuracy(y_hat, nd.array([0, 2], dtype="int32"))
    0.5
    """
    return count_right(to_numpy(y_hat), to_numpy(y)) / len(y)


def evaluate_accuracy(
    data_iter: Iterable, net: Net, engine: Engine | None = ENGINE
) -> float:
    """Compute the share of a data set that a net predicts right.

    Section 3.6.6 of the book.

    Parameters
    ----------
    data_iter : iterable of (X, y)
        Mini-batches of images and labels, as for `read_batches`.
    net : callable
        Takes `X`, gives scores or probabilities of shape (n, classes).
    engine : Engine or None
        What runs nets of known layers faster; None to call any net as it is.

    Returns
    -------
    float

    Raises
    ------
    ArgumentError
        If there is no batch, a label is out of range, or MXNet refuses an array.
    """
    metric = Accumulator(2)  # right predictions, samples
    with explaining():
        for y_hat, y in predict(data_iter, net, engine):
            metric.add(count_right(y_hat, y), len(y))
    return mean(metric[0], metric[1])


def evaluate(data_iter: Iterable, net: Net, loss: Loss) -> tuple[float, float]:
    """Compute the mean loss of a data set, and the share that a net predicts right.

    Parameters
    ----------
    data_iter, net
        As for `evaluate_accuracy`.
    loss : callable
        Takes ``y_hat, y``, gives one number per sample.

    Returns
    -------
    loss, accuracy : float

    Raises
    ------
    ArgumentError
        As `evaluate_accuracy` raises it, or if the loss is not one number per sample.
    """
    metric = Accumulator(3)  # loss, right predictions, samples
    with explaining():
        for X, y in read_batches(data_iter):
            y_hat = net(X)
            l = to_numpy(loss(y_hat, y))
            check_loss(l, y)
            right = count_right(to_numpy(y_hat), to_numpy(y))
            metric.add(l.sum(dtype="float64"), right, len(y))
    return mean(metric[0], metric[2]), mean(metric[1], metric[2])
