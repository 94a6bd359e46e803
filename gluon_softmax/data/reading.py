"""Section 3.5: a batch of images and labels, gathered.

This is what a worker process does, and all that it imports: no MXNet.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .filearray import FileArray

if TYPE_CHECKING:
    from .transforms import Step

__all__ = ["BatchReader", "Task"]


class Task(NamedTuple):
    """One batch to read."""

    indices: np.ndarray | slice
    """Sample numbers; a slice where they follow each other, which is read faster."""
    seed: tuple[int, int, int]
    """Seed of the data's order, epoch and batch: decides every random transform."""


class BatchReader:
    """Gathers the images and labels of a batch.

    Parameters
    ----------
    images, labels : array
        The data set's.
    steps : sequence of callable
        Steps that call a function for each image, and those before them.
    """

    def __init__(
        self,
        images: np.ndarray | FileArray,
        labels: np.ndarray,
        steps: Sequence[Step],
    ):
        self.images, self.labels, self.steps = images, labels, steps

    def __call__(self, task: Task) -> tuple[np.ndarray, np.ndarray]:
        """Read one batch."""
        X = _take(self.images, task.indices)  # (n, height, width, channels)
        for number, step in enumerate(self.steps, 1):
            X = step(X, (*task.seed, number), np.empty)
            X = X if isinstance(X, np.ndarray) else X.asnumpy()
        return X, _take(self.labels, task.indices)


def _take(array: np.ndarray | FileArray, indices: np.ndarray | slice) -> np.ndarray:
    """Return rows of an array."""
    if isinstance(indices, slice):
        return array[indices]
    return array.take(indices, axis=0)
