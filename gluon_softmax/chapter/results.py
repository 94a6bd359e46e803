"""What nets and losses gave, as NumPy's arrays, and how many predictions are right.

MXNet computes in the background while Python goes on; asking for a number waits for it.
What the engine computed is therefore read a block of batches behind; anything else is
read at once, as the book does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
from mxnet import nd

from ..data.batches import read_batches
from ..engine import BLOCK, Engine, InTurn, Net
from ..errors import ArgumentError, check_labels

__all__ = [
    "Array",
    "Block",
    "Results",
    "count_right",
    "find_right",
    "mean",
    "predict",
    "to_numpy",
]

Array = Any
"""An array of MXNet's or of NumPy's, or one that the engine fills in turn."""


class Block(NamedTuple):
    """What some batches gave: the size of each, and the arrays of all, joined."""

    sizes: list[int]
    arrays: tuple[np.ndarray, ...]


class Results:
    """Reads what batches gave: at once, or a block behind where the engine ran."""

    def __init__(self) -> None:
        self._waiting: list[tuple[Array, ...]] = []

    def add(self, y_hat: Array, *others: Array) -> list[Block]:
        """Add the arrays of a batch, a row per sample, and return what has been read.

        That is this batch, earlier ones, or none.
        """
        if not isinstance(y_hat, InTurn):
            arrays = tuple(map(to_numpy, (y_hat, *others)))
            return [*self.read(), Block([len(arrays[1])], arrays)]
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
        joined = (np.concatenate(list(map(_peek, column))) for column in columns)
        return [Block(sizes, tuple(joined))]


def predict(
    data_iter: Iterable, net: Net, engine: Engine | None
) -> Iterator[tuple[np.ndarray, ...]]:
    """Predict a data set, yielding scores and labels of some batches at a time."""
    batches, results = read_batches(data_iter), Results()
    if engine is not None:
        net, _, batches = engine.accelerate(net, None, batches)
    for X, y in batches:
        for block in results.add(net(X), y):
            yield block.arrays
    for block in results.read():
        yield block.arrays


def to_numpy(array: Array) -> np.ndarray:
    """Return a copy of an array's numbers, after waiting for them."""
    return array.asnumpy() if isinstance(array, nd.NDArray) else np.array(array)


def _peek(array: Array) -> np.ndarray:
    """Return an array's numbers where they are, if they can be read there."""
    return array.peek() if isinstance(array, InTurn) else to_numpy(array)


def find_right(y_hat: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Find the samples whose largest score is that of their label, shape (n,), bool.

    Scores have shape (n, classes), with axes of 1 behind or not; labels (n,), (n, 1),
    or one-hot (n, classes).
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
    check_labels(y, num_classes)
    return y_hat.argmax(axis=1) == y.reshape(n)


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
