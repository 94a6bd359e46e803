"""How far training is, and how it goes: what the loop adds to and callbacks read.

MXNet computes in the background while Python goes on; asking for a number waits for it.
What the engine computed is therefore read a block of batches behind; anything else is
read at once, as the book does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress

import numpy as np
from mxnet import nd

from ..engine import BLOCK, InTurn
from ..errors import ArgumentError, DivergedError
from ..history import Accumulator, Batch, Callback, History, StopTraining

__all__ = ["Progress", "Results", "check_loss", "count_right", "mean", "to_numpy"]


class Progress:
    """How far a training is, and its figures.

    Parameters
    ----------
    num_epochs : int
        How many epochs there will be.
    num_batches : int, optional
        How many batches an epoch has, if that is known.
    num_samples : int, optional
        How many samples an epoch has, if that is known.
    callbacks : iterable of Callback
        Called in this order.
    lr : float, optional
        Learning rate, to be named if the loss diverges.

    Attributes
    ----------
    epoch, batch : int
        Numbers, from 1, of the present epoch and of its last batch that was trained on.
    batches : list of Batch
        The figures of this epoch's batches that have been read; `read` reads them all.
    sums : Accumulator
        Loss, right predictions and samples of these.
    history : History
        The epochs that are finished.
    is_stopped : bool
        Whether a callback asked for the end of the training.
    """

    def __init__(
        self,
        num_epochs: int = 1,
        num_batches: int | None = None,
        num_samples: int | None = None,
        callbacks: Iterable[Callback] = (),
        lr: float | None = None,
    ):
        self.num_epochs, self.num_batches = num_epochs, num_batches
        self.num_samples, self.lr = num_samples, lr
        self.history, self.is_stopped = History(), False
        self.callbacks = list(callbacks)
        self.begin_epoch(1)

    def begin_epoch(
        self, epoch: int, batch: int = 0, sums: Iterable[float] = (0, 0, 0)
    ) -> None:
        """Begin an epoch, or go on with one whose first batches are done.

        Parameters
        ----------
        epoch : int
            Its number, from 1.
        batch : int
            How many of its batches are done.
        sums : iterable of float
            Their loss, right predictions and samples.
        """
        self.epoch, self.batch = epoch, batch
        self.batches: list[Batch] = []
        self.sums = Accumulator(3)
        self.sums.add(*sums)
        self._first, self._X, self._results = batch + 1, None, Results()

    def add(self, X, y, y_hat, l) -> None:
        """Add a batch that was trained on, and call the callbacks.

        Parameters
        ----------
        X, y : mxnet.nd.NDArray
            Images and labels.
        y_hat : mxnet.nd.NDArray or numpy.ndarray
            Scores or probabilities, shape (n, classes).
        l : mxnet.nd.NDArray or numpy.ndarray
            Losses, shape (n,).

        Raises
        ------
        ArgumentError
            If the loss is not one number per sample, or a label is out of range.
        DivergedError
            If a loss that was read is not finite.
        StopTraining
            If a callback asked for the end.
        """
        check_loss(l, y)
        self._X = X
        self._count(self._results.add(y_hat, y, l))
        self.skip()

    def skip(self) -> None:
        """Add a batch of which there is no sample here, and call the callbacks."""
        self.batch += 1
        for callback in self.callbacks:
            callback.on_batch_end(self)
        if self.is_stopped:
            raise StopTraining

    def read(self) -> list[Batch]:
        """Return the figures of all batches of this epoch, after waiting for them."""
        self._count(self._results.read())
        return self.batches

    def means(self) -> tuple[float, float]:
        """Return mean loss and accuracy of this epoch, after waiting for its batches.

        Raises
        ------
        ArgumentError
            If there was no batch.
        """
        self.read()
        loss, right, count = self.sums.data
        return mean(loss, count), mean(right, count)

    def end_epoch(self, epoch) -> None:
        """Add a finished epoch to the history, and tell the callbacks."""
        self.history.append(epoch)
        for callback in self.callbacks:
            callback.on_epoch_end(self)

    def stop(self) -> None:
        """End the training after this batch, or after this epoch."""
        self.is_stopped = True

    @contextmanager
    def training(self) -> Iterator[None]:
        """Call the callbacks at begin and end; a callback may stop the training."""
        with ExitStack() as ends:
            for callback in self.callbacks:
                callback.on_train_begin(self)
                ends.callback(callback.on_train_end, self)
            with suppress(StopTraining):
                yield

    def _count(self, blocks: Iterable[Block]) -> None:
        """Add up the figures of batches that were read."""
        for sizes, (y_hat, y, l) in blocks:
            starts = np.cumsum([0, *sizes[:-1]])
            totals = np.add.reduceat(l.reshape(-1), starts, dtype="float64")
            self._check_finite(totals)
            right = np.add.reduceat(find_right(y_hat, y), starts, dtype="int64")
            for count, total, correct in zip(sizes, totals, right):
                self.sums.add(total, correct, count)
                number = self._first + len(self.batches)
                batch = Batch(number, count, float(total) / count, correct / count)
                self.batches.append(batch)

    def _check_finite(self, totals: np.ndarray) -> None:
        """Check that no batch has a loss that is not finite."""
        finite = np.isfinite(totals)
        if not finite.all():
            first = int(finite.argmin())
            raise self._explain(self._first + len(self.batches) + first, totals[first])

    def _explain(self, number: int, loss: float) -> DivergedError:
        """Make the error that says where the loss diverged, and what to try."""
        rate = "" if self.lr is None else f", learning rate {self.lr:g}"
        X = to_numpy(self._X)
        return DivergedError(
            f"epoch {self.epoch}, batch {number}: the loss is {loss} (pixels from "
            f"{X.min():g} to {X.max():g}{rate}): scale the pixels to 0-1 or lower the "
            "learning rate"
        )


Block = tuple[list, tuple]
"""The sizes of some batches, and what they gave, joined."""


class Results:
    """Reads what batches gave: at once, or a block behind where the engine ran."""

    def __init__(self):
        self._waiting: list[tuple] = []

    def add(self, y_hat, *others) -> list[Block]:
        """Add what a batch gave, and return what has been read.

        Parameters
        ----------
        y_hat, *others : mxnet.nd.NDArray or numpy.ndarray
            Of a row per sample.

        Returns
        -------
        list of (sizes, columns)
            The same of this batch, of earlier ones, or of none: how many samples each
            batch has, and the arrays of all of them joined.
        """
        if not isinstance(y_hat, InTurn):
            columns = tuple(map(to_numpy, (y_hat, *others)))
            return [*self.read(), ([len(columns[1])], columns)]
        if self._waiting and self._waiting[-1][1].shape[1:] != others[0].shape[1:]:
            return [*self.read(), *self.add(y_hat, *others)]
        self._waiting.append((y_hat, *others))
        return self._read(BLOCK) if len(self._waiting) == 2 * BLOCK else []

    def read(self) -> list[Block]:
        """Return all that has not been read."""
        return self._read(len(self._waiting)) if self._waiting else []

    def _read(self, count: int) -> list[Block]:
        """Read the first of the batches that wait, and join them."""
        columns = list(zip(*self._waiting[:count]))
        del self._waiting[:count]
        sizes = [len(y) for y in columns[1]]
        return [(sizes, tuple(np.concatenate(list(map(to_numpy, c))) for c in columns))]


def to_numpy(array) -> np.ndarray:
    """Return an array's numbers, after waiting for them."""
    if isinstance(array, InTurn):
        return array.peek()
    return array.asnumpy() if isinstance(array, nd.NDArray) else np.array(array)


def find_right(y_hat: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Find the samples whose largest score is that of their label.

    Parameters
    ----------
    y_hat : numpy.ndarray
        Scores or probabilities, shape (n, classes), with axes of 1 behind or not.
    y : numpy.ndarray
        Labels, shape (n,) or (n, 1), or one-hot, shape (n, classes).

    Returns
    -------
    numpy.ndarray
        Whether the prediction is right, shape (n,), bool.

    Raises
    ------
    ArgumentError
        If the shapes do not fit, or a label is no class.
    """
    n = len(y)
    if not n:
        raise ArgumentError("expected a sample at least, found none: check the data")
    if y_hat.ndim < 2 or y_hat.size != n * y_hat.shape[1]:
        raise ArgumentError(
            f"expected scores of shape ({n}, classes), a row per label, found "
            f"{y_hat.shape}"
        )
    y_hat, num_classes = y_hat.reshape(n, -1), y_hat.shape[1]
    if y.size == n * num_classes and num_classes > 1:  # one-hot
        y = y.reshape(n, -1).argmax(axis=1)
    if y.size != n:
        raise ArgumentError(
            f"expected labels of shape ({n},), or one-hot ({n}, {num_classes}), found "
            f"{y.shape}"
        )
    y = y.reshape(n)
    is_whole = y.dtype.kind != "f" or not (y % 1).any()  # a nan is not whole
    if not is_whole or y.min() < 0 or y.max() >= num_classes:
        raise ArgumentError(
            f"expected whole labels from 0 to {num_classes - 1}, found {y.min()} to "
            f"{y.max()}: check the labels, or give the net as many outputs as classes"
        )
    return y_hat.argmax(axis=1) == y


def count_right(y_hat: np.ndarray, y: np.ndarray) -> int:
    """Count the samples that are right, as `find_right` finds them."""
    return int(find_right(y_hat, y).sum())


def mean(total: float, count: float) -> float:
    """Return the mean of samples, of which there must be one at least."""
    if not count:
        raise ArgumentError(
            "the data gave no batch: pass a data loader, which can be gone through "
            "once per epoch, rather than an iterator that is used up"
        )
    return total / count


def check_loss(l, y) -> None:
    """Check that a loss was not averaged already, whose step would be too small."""
    if l.size != len(y):
        raise ArgumentError(
            f"expected one loss per sample, shape ({len(y)},), found shape {l.shape}: "
            "leave out .mean() or .sum() in the loss"
        )
