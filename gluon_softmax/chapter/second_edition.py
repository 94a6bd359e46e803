"""The names and calls of the book's second edition, sections 3.5-3.7, 4.2 and 4.3.

``from gluon_softmax import second_edition as d2l`` serves its code as printed: after
``npx.set_np()`` with `mx.np` arrays, without it with `mx.nd`. An updater there is a
`gluon.Trainer` or a function of the batch size, and each batch's gradient is divided by
that batch's own size.
"""

from __future__ import annotations

from collections.abc import Iterator

from matplotlib.figure import Figure
from mxnet import gluon, np, npx
from mxnet.util import is_np_array, np_array

from ..data import loader
from ..data.batches import Batches
from ..data.labels import get_fashion_mnist_labels
from ..engine import Loss, Net
from ..figures.images import show_predictions
from ..figures.live import Lines
from ..history import Accumulator, History
from . import evaluation, scratch, training
from .results import Array, count_right, to_numpy
from .scratch import sgd
from .second_edition_tools import (
    Animator,
    Timer,
    plt,
    set_axes,
    set_figsize,
    show_images,
    use_svg_display,
)
from .training import Updater

__all__ = [
    "Accumulator",
    "Animator",
    "Timer",
    "accuracy",
    "cross_entropy",
    "evaluate_accuracy",
    "get_fashion_mnist_labels",
    "load_data_fashion_mnist",
    "plt",
    "predict_ch3",
    "set_axes",
    "set_figsize",
    "sgd",
    "show_images",
    "size",
    "softmax",
    "train_ch3",
    "train_epoch_ch3",
    "use_svg_display",
]


class NumpyBatches:
    """The mini-batches of a loader as `mx.np` arrays, which share its memory."""

    def __init__(self, source: loader.BatchLoader):
        self.source = source
        self.dataset = source.dataset

    def __len__(self) -> int:
        return len(self.source)

    def __iter__(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        batches = iter(self.source)
        while True:
            with np_array(False):  # the loader resizes with mx.nd
                batch = next(batches, None)
            if batch is None:
                return
            X, y = batch
            yield X.as_np_ndarray(), y.as_np_ndarray()


def load_data_fashion_mnist(
    batch_size: int, resize: int | None = None
) -> tuple[Batches, Batches]:
    """Load Fashion-MNIST, downloading it first where it is on no disk.

    Section 3.5 of the second edition.

    Parameters
    ----------
    batch_size : int
        Samples per batch.
    resize : int, optional
        Height and width to bring the images to.

    Returns
    -------
    train_iter, test_iter : iterable of (X, y)
        Mini-batches of the training set, shuffled, and of the test set; `mx.np` arrays
        after ``npx.set_np()``.
    """
    loaders = loader.load_data_fashion_mnist(batch_size, resize)
    return tuple(map(NumpyBatches, loaders)) if is_np_array() else loaders


def size(a) -> int:
    """Count the elements of an array."""
    return a.size


def softmax(X):
    """Turn each row of scores into probabilities."""
    return npx.softmax(X) if isinstance(X, np.ndarray) else scratch.softmax(X)


def cross_entropy(y_hat, y):
    """Compute the cross-entropy of each sample, of probabilities and labels."""
    if isinstance(y_hat, np.ndarray):
        return -np.log(npx.pick(y_hat, y))
    return scratch.cross_entropy(y_hat, y)


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
