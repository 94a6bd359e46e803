"""Section 3.6: the one training loop, for nets from scratch and from Gluon alike.

MXNet computes in the background while Python goes on to the next batch; asking for a
number waits for it. The book's loop asks twice per batch. This one keeps what each
batch gave as NDArrays and reads them a block of batches at a time, a block behind.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator

import numpy as np
from mxnet import gluon, nd

from ..engine.compiled import predict, run_training
from ..engine.graphs import Loss, Net
from ..errors import ArgumentError, DivergedError
from ..history import Epoch, History, Progress
from ..live import Watcher, choose_watcher
from ..scratch import sgd

__all__ = [
    "Accumulator",
    "accuracy",
    "evaluate",
    "evaluate_accuracy",
    "train",
    "train_ch3",
    "train_epoch",
]

Batches = Iterable[tuple[nd.NDArray, nd.NDArray]]
Report = Callable[[Progress], None]


class Accumulator:
    """Sums of several quantities over an epoch.

    Parameters
    ----------
    n : int
        How many quantities.

    Notes
    -----
    Section 3.6 of the book's second edition.

    Examples
    --------
    >>> metric = Accumulator(2)
    >>> metric.add(3, 4)
    >>> metric.add(1, 4)
    >>> metric[0] / metric[1]
    0.5
    """

    def __init__(self, n: int):
        self.data = [0.0] * n

    def add(self, *quantities: float) -> None:
        """Add one number to each sum."""
        self.data = [a + float(b) for a, b in zip(self.data, quantities)]

    def __getitem__(self, index: int) -> float:
        return self.data[index]


def accuracy(y_hat: nd.NDArray, y: nd.NDArray) -> float:
    """Compute the share of predictions that are right.

    Parameters
    ----------
    y_hat : mxnet.nd.NDArray
        Scores or probabilities, shape (n, classes).
    y : mxnet.nd.NDArray
        Labels, shape (n,), of any numeric type.

    Returns
    -------
    float

    Notes
    -----
    Section 3.6.6 of the book.

    Examples
    --------
    >>> y_hat = nd.array([[0.1, 0.3, 0.6], [0.3, 0.2, 0.5]])
    >>> accuracy(y_hat, nd.array([0, 2], dtype="int32"))
    0.5
    """
    right = y_hat.argmax(axis=1) == y.astype("float32")
    return float(right.mean().asscalar())


def evaluate_accuracy(data_iter: Batches, net: Net) -> float:
    """Compute the share of a data set that a net predicts right.

    Parameters
    ----------
    data_iter : iterable of (X, y)
        Mini-batches of images and labels.
    net : callable
        Takes `X`, gives scores or probabilities of shape (n, classes).

    Returns
    -------
    float

    Raises
    ------
    ArgumentError
        If there is no batch, or a label is out of range.

    Notes
    -----
    Section 3.6.6 of the book.
    """
    metric = Accumulator(2)  # right predictions, samples
    for y_hat, y, _ in _read_behind(predict(net, data_iter)):
        metric.add(_count_right(y_hat, y), len(y))
    return _mean(metric[0], metric[1])


def evaluate(data_iter: Batches, net: Net, loss: Loss) -> tuple[float, float]:
    """Compute the mean loss of a data set, and the share that a net predicts right.

    Parameters
    ----------
    data_iter : iterable of (X, y)
        Mini-batches of images and labels.
    net : callable
        Takes `X`, gives scores or probabilities of shape (n, classes).
    loss : callable
        Takes ``y_hat, y``, gives one number per sample.

    Returns
    -------
    loss, accuracy : float

    Raises
    ------
    ArgumentError
        As `evaluate_accuracy` raises it.
    """
    metric = Accumulator(3)  # loss, right predictions, samples
    for y_hat, y, _ in _read_behind(predict(net, data_iter)):
        l = loss(nd.array(y_hat), nd.array(y))
        metric.add(l.sum().asscalar(), _count_right(y_hat, y), len(y))
    return _mean(metric[0], metric[2]), _mean(metric[1], metric[2])


def train_epoch(
    net: Net,
    train_iter: Batches,
    loss: Loss,
    updater: Callable[[int], None],
    batch_size: int | None = None,
    report: Report = lambda progress: None,
    epoch: int = 1,
) -> tuple[float, float]:
    """Train for one epoch.

    Parameters
    ----------
    net : callable
        Takes images, gives scores or probabilities of shape (n, classes).
    train_iter : iterable of (X, y)
        Mini-batches of images and labels.
    loss : callable
        Takes ``y_hat, y``, gives one number per sample.
    updater : callable
        Takes `batch_size`, steps against the gradients: ``trainer.step``, say.
    batch_size : int, optional
        What the summed gradient of every batch is divided by, the smaller last one
        included, as in the book; the size of each batch if not given, as in the book's
        second edition.
    report : callable, optional
        Called with a `Progress` whenever the figures of some batches are known.
    epoch : int
        What number to report.

    Returns
    -------
    loss : float
        Mean loss per sample, each batch measured before its step.
    train_acc : float
        Share of samples predicted right, likewise.

    Raises
    ------
    ArgumentError
        If the loss is not one number per sample, or a label is out of range.
    DivergedError
        If the loss is no longer finite.

    Notes
    -----
    Section 3.6.7 of the book; `train_epoch_ch3` of its second edition.
    """

    def step(l, y_hat, y):
        _check_loss(l, y)
        updater(batch_size or len(y))

    metric = Accumulator(3)  # loss, right predictions, samples
    for l, y_hat, y, batch in _read_behind(run_training(net, loss, train_iter, step)):
        _check_finite(l, batch)
        total, right, count = l.sum(dtype="float64"), _count_right(y_hat, y), len(y)
        metric.add(total, right, count)
        figures = total / count, right / count
        report(Progress(epoch, int(batch[-1]), count, *figures))
    return _mean(metric[0], metric[2]), _mean(metric[1], metric[2])


def train(
    net: Net,
    train_iter: Batches,
    test_iter: Batches,
    loss: Loss,
    num_epochs: int,
    batch_size: int,
    params: list[nd.NDArray] | None = None,
    lr: float | None = None,
    trainer: gluon.Trainer | None = None,
    valid_iter: Batches | None = None,
    report: Report = lambda progress: None,
) -> Iterator[Epoch]:
    """Train, and give each epoch's figures as soon as they are known.

    Parameters and errors are those of `train_ch3`; with a `valid_iter`, that is
    evaluated after each epoch, and the test set after the last one only. `report` is
    called with a `Progress` whenever the figures of some batches are known.

    Yields
    ------
    Epoch
    """
    updater, lr = _make_updater(params, lr, trainer)
    for number in range(1, num_epochs + 1):
        start = time.perf_counter()
        try:
            settings = (updater, batch_size, report, number)
            figures = train_epoch(net, train_iter, loss, *settings)
        except DivergedError as error:
            raise _explain(error, number, train_iter, lr) from error
        valid = (None, None)
        if valid_iter is not None:
            valid = evaluate(valid_iter, net, loss)
        test_acc = None
        if valid_iter is None or number == num_epochs:
            test_acc = evaluate_accuracy(test_iter, net)
        seconds = time.perf_counter() - start
        yield Epoch(number, *figures, test_acc, seconds, *valid)


def train_ch3(
    net: Net,
    train_iter: Batches,
    test_iter: Batches,
    loss: Loss,
    num_epochs: int,
    batch_size: int,
    params: list[nd.NDArray] | None = None,
    lr: float | None = None,
    trainer: gluon.Trainer | None = None,
    watcher: Watcher | None = None,
) -> History:
    """Train, print a line per epoch, and return the history.

    Parameters
    ----------
    net : callable
        Takes images, gives scores or probabilities of shape (n, classes).
    train_iter, test_iter : iterable of (X, y)
        Mini-batches of images and labels, gone through once per epoch.
    loss : callable
        Takes ``y_hat, y``, gives one number per sample.
    num_epochs : int
        How many times to go through the training set.
    batch_size : int
        What the summed gradient of every batch is divided by, the smaller last one
        included, as in the book.
    params : list of mxnet.nd.NDArray, optional
        What to train, with gradients attached; together with `lr`.
    lr : float, optional
        Learning rate of plain gradient descent on `params`.
    trainer : mxnet.gluon.Trainer, optional
        What to train with instead of `params` and `lr`; anything that has its ``step``
        and ``learning_rate`` will do.
    watcher : Watcher, optional
        What shows how training goes; if not given, live curves in a notebook, a
        progress bar in a terminal, and nothing elsewhere.

    Returns
    -------
    History
        Loss, accuracies and seconds of each epoch.

    Raises
    ------
    ArgumentError
        If the loss is not one number per sample, a label is out of range, or neither
        `trainer` nor `params` with `lr` is given.
    DivergedError
        If the loss is no longer finite.

    Notes
    -----
    Section 3.6.7 of the book.
    """
    watcher, history = watcher or choose_watcher(), History()
    updater = {"params": params, "lr": lr, "trainer": trainer}
    data = (net, train_iter, test_iter, loss, num_epochs, batch_size)
    with watcher.watch(num_epochs, train_iter):
        for epoch in train(*data, **updater, report=watcher.see):
            history.append(epoch)
            watcher.see_epoch(history)
    return history


def _make_updater(
    params: list[nd.NDArray] | None, lr: float | None, trainer: gluon.Trainer | None
) -> tuple[Callable[[int], None], float]:
    """Choose what steps after each batch, and say its learning rate."""
    if trainer is not None:
        return trainer.step, trainer.learning_rate
    if params is None or lr is None:
        raise ArgumentError(
            "expected either a trainer, or params together with lr, to train with"
        )
    return lambda batch_size: sgd(params, lr, batch_size), lr


def _read_behind(
    blocks: Iterable[list[tuple[nd.NDArray, ...]]],
) -> Iterator[list[np.ndarray]]:
    """Join each block of batches to arrays; read them when the next is on its way.

    After the batches' own columns comes the number of each sample's batch, from 1.
    """
    first, waiting = 1, []
    for block in blocks:
        joined = [nd.concat(*column, dim=0) for column in zip(*block)]
        numbers = range(first, first + len(block))
        batch = np.repeat(numbers, [len(result[0]) for result in block])
        if waiting:
            yield [column.asnumpy() for column in waiting[:-1]] + waiting[-1:]
        first, waiting = first + len(block), [*joined, batch]
    if waiting:
        yield [column.asnumpy() for column in waiting[:-1]] + waiting[-1:]


def _count_right(y_hat: np.ndarray, y: np.ndarray) -> int:
    """Count right predictions, and refuse labels that are no class."""
    if y.min() < 0 or y.max() >= y_hat.shape[1]:
        raise ArgumentError(
            f"expected labels from 0 to {y_hat.shape[1] - 1}, found {y.min()} to "
            f"{y.max()}: check the labels, or give the net as many outputs as classes"
        )
    return (y_hat.argmax(axis=1) == y).sum()


def _mean(total: float, count: float) -> float:
    """Divide by the number of samples, and refuse to do so where there were none."""
    if not count:
        raise ArgumentError(
            "the data gave no batch: pass a data loader, which can be gone through "
            "once per epoch, rather than an iterator that is used up"
        )
    return total / count


def _check_loss(l: nd.NDArray, y: nd.NDArray) -> None:
    """Refuse a loss that was averaged already, whose step would be too small."""
    if l.size != y.size:
        raise ArgumentError(
            f"expected one loss per sample, shape {y.shape}, found shape {l.shape}: "
            "leave out .mean() or .sum() in the loss"
        )


def _check_finite(l: np.ndarray, batch: np.ndarray) -> None:
    """Stop at the first batch whose loss is not a finite number."""
    finite = np.isfinite(l)
    if not finite.all():
        first = finite.argmin()
        raise DivergedError(f"batch {batch[first]}: the loss is {l[first]}")


def _explain(
    error: DivergedError, epoch: int, train_iter: Batches, lr: float
) -> DivergedError:
    """Say where the loss stopped being finite, and what to try."""
    X, _ = next(iter(train_iter))
    low, high = X.min().asscalar(), X.max().asscalar()
    return DivergedError(
        f"epoch {epoch}, {error} (pixels from {low:g} to {high:g}, "
        f"learning rate {lr:g}): scale the pixels to 0-1 or lower the learning rate"
    )
