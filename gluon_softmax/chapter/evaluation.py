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

    Section 3.6.6 of the book. Scores or probabilities have the shape (n, classes),
    labels (n,) or (n, 1), of any numeric type, or one-hot (n, classes); `ArgumentError`
    is raised if they do not fit, or a label is out of range.

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

    Section 3.6.6 of the book. Mini-batches, net and engine are as for `train_epoch`,
    and so are the errors raised.
    """
    metric = Accumulator(2)  # right predictions, samples
    with explaining():
        for y_hat, y in predict(data_iter, net, engine):
            metric.add(count_right(y_hat, y), len(y))
    return mean(metric[0], metric[1])


def evaluate(data_iter: Iterable, net: Net, loss: Loss) -> tuple[float, float]:
    """Compute the mean loss of a data set, and the share that a net predicts right.

    Arguments and errors are as for `train_epoch`.
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
