"""How far training is, and how it goes: what the loop adds to and callbacks read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sized
from contextlib import ExitStack, contextmanager, suppress

import numpy as np

from ..errors import DivergedError
from ..figures.live import choose_callback
from ..history import Accumulator, Batch, Callback, Epoch, History, StopTraining
from .mistakes import check_loss
from .results import Array, Block, Results, find_right, mean, to_numpy

__all__ = ["Progress", "count_batches", "list_callbacks"]


class Progress:
    """How far a training is, and its figures; it calls the callbacks in their order.

    Attributes
    ----------
    num_epochs, num_batches, num_samples : int or None
        How many epochs there will be, and batches and samples in each, if known.
    lr : float or None
        Learning rate, to be named if the loss diverges.
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
        self.num_epochs = num_epochs
        self.num_batches = num_batches
        self.num_samples = num_samples
        self.lr = lr
        self.callbacks = list(callbacks)
        self.history = History()
        self.is_stopped = False
        self.begin_epoch(1)

    @property
    def done(self) -> int:
        """How many batches of all epochs are done; the loader must know its length."""
        return (self.epoch - 1) * self.num_batches + self.batch

    def begin_epoch(
        self, epoch: int, batch: int = 0, sums: Iterable[float] = (0, 0, 0)
    ) -> None:
        """Begin an epoch, numbered from 1, or go on with one.

        Of its batches `batch` are done, whose figures add up to `sums`.
        """
        self.epoch = epoch
        self.batch = batch
        self.batches: list[Batch] = []
        self.sums = Accumulator(3)
        self.sums.add(*sums)
        self._first = batch + 1  # number of the first batch that is read
        self._X = None
        self._results = Results()

    def add(self, X: Array, y: Array, y_hat: Array, l: Array) -> None:
        """Add a batch that was trained on, and call the callbacks."""
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
        """Return mean loss and accuracy of this epoch, after waiting for them."""
        self.read()
        loss, right, count = self.sums.data
        return mean(loss, count), mean(right, count)

    def end_epoch(self, epoch: Epoch) -> None:
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
            losses = np.add.reduceat(l.reshape(-1), starts, dtype="float64")
            self._check_finite(losses)
            right = np.add.reduceat(find_right(y_hat, y), starts, dtype="int64")
            for count, loss, correct in zip(sizes, losses, right):
                self.sums.add(loss, correct, count)
                number = self._first + len(self.batches)
                batch = Batch(number, count, float(loss) / count, correct / count)
                self.batches.append(batch)

    def _check_finite(self, losses: np.ndarray) -> None:
        """Check that no batch has a loss that is not finite."""
        finite = np.isfinite(losses)
        if not finite.all():
            place = int(finite.argmin())
            number = self._first + len(self.batches) + place
            X = to_numpy(self._X)
            rate = "" if self.lr is None else f", learning rate {self.lr:g}"
            raise DivergedError(
                f"epoch {self.epoch}, batch {number}: the loss is {losses[place]} "
                f"(pixels from {X.min():g} to {X.max():g}{rate}): scale the pixels to "
                "0-1 or lower the learning rate"
            )


def count_batches(train_iter: Iterable) -> tuple[int | None, int | None]:
    """Return how many batches and samples an epoch has, where the loader knows."""
    dataset = getattr(train_iter, "dataset", None)
    return (
        len(train_iter) if isinstance(train_iter, Sized) else None,
        None if dataset is None else len(dataset),
    )


def list_callbacks(callbacks: Callback | Iterable[Callback] | None) -> list[Callback]:
    """Return the callbacks that were asked for, or the one that fits the place."""
    if callbacks is None:
        return [choose_callback()]
    return [callbacks] if isinstance(callbacks, Callback) else list(callbacks)
