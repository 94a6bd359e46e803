"""The names and calls of the book's second edition, section 3.6 and 3.7.

``from gluon_softmax import second_edition as d2l`` serves its code. An updater there is
a `gluon.Trainer` or a function of the batch size, and each batch's gradient is divided
by that batch's own size.
"""

from __future__ import annotations

from matplotlib.figure import Figure
from mxnet import gluon

from ..data.batches import Batches
from ..data.labels import get_fashion_mnist_labels
from ..data.loader import load_data_fashion_mnist
from ..engine import Loss, Net
from ..figures.images import show_predictions
from ..figures.live import Lines
from ..history import Accumulator, History
from . import evaluation, training
from .results import Array, count_right, to_numpy
from .scratch import cross_entropy, sgd, softmax
from .training import Updater

__all__ = [
    "Accumulator",
    "accuracy",
    "cross_entropy",
    "evaluate_accuracy",
    "get_fashion_mnist_labels",
    "load_data_fashion_mnist",
    "predict_ch3",
    "sgd",
    "softmax",
    "train_ch3",
    "train_epoch_ch3",
]


def accuracy(y_hat: Array, y: Array) -> float:
    """Count the right predictions; `evaluation.accuracy` gives their share."""
    return float(count_right(to_numpy(y_hat), to_numpy(y)))


def evaluate_accuracy(net: Net, data_iter: Batches) -> float:
    """Compute the share of a data set that a net predicts right."""
    return evaluation.evaluate_accuracy(data_iter, net)


def train_epoch_ch3(
    net: Net, train_iter: Batches, loss: Loss, updater: gluon.Trainer | Updater
) -> tuple[float, float]:
    """Train for one epoch.

    Section 3.6.6 of the second edition.

    Parameters
    ----------
    net, train_iter, loss
        As for `train_epoch`.
    updater : gluon.Trainer or callable
        Steps with the size of each batch.

    Returns
    -------
    loss, train_acc : float
        As `train_epoch` gives them.
    """
    return training.train_epoch(net, train_iter, loss, _choose_step(updater))


def train_ch3(
    net: Net,
    train_iter: Batches,
    test_iter: Batches,
    loss: Loss,
    num_epochs: int,
    updater: gluon.Trainer | Updater,
) -> History:
    """Train, print a line per epoch, and return the history.

    Parameters are those of `train_epoch_ch3`, and `test_iter` and `num_epochs` as for
    the first edition's `train_ch3`.

    Returns
    -------
    History
    """
    step = _choose_step(updater)
    return training.train(
        net, train_iter, test_iter, loss, num_epochs, step, callbacks=[Lines()]
    )


def predict_ch3(net: Net, test_iter: Batches, n: int = 6) -> Figure:
    """Draw the first images with their true names above the predicted ones.

    Section 3.6.7 of the second edition.

    Parameters
    ----------
    net : callable
        Takes images, gives scores or probabilities of shape (n, classes).
    test_iter : iterable of (X, y)
    n : int
        How many.

    Returns
    -------
    matplotlib.figure.Figure
    """
    X, y = next(iter(test_iter))
    trues = get_fashion_mnist_labels(y[:n])
    preds = get_fashion_mnist_labels(net(X[:n]).argmax(axis=1))
    return show_predictions(X[:n], trues, preds)


def _choose_step(updater: gluon.Trainer | Updater) -> Updater:
    """Return what steps: a trainer's method, or the function itself."""
    return updater.step if isinstance(updater, gluon.Trainer) else updater
