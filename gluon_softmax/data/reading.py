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

__all__ = ["Task", "read_batch"]


class Task(NamedTuple):
    """One batch to read: its sample numbers, and a seed for its random transforms.

    A slice, where the numbers follow each other, is read faster. The seed is that of
    the data's order, the epoch and the batch.
    """

    indices: np.ndarray | slice
    seed: tuple[int, int, int]


def read_batch(
    images: np.ndarray | FileArray,
    labels: np.ndarray,
    steps: Sequence[Step],
    task: Task,
) -> tuple[np.ndarray, np.ndarray]:
    """Gather the images and labels of a batch, and do some steps with the images."""
    X = _take(images, task.indices)  # (n, height, width, channels)
    for number, step in enumerate(steps, 1):
        X = step(X, (*task.seed, number), np.empty)
        X = X if isinstance(X, np.ndarray) else X.asnumpy()
    return X, _take(labels, task.indices)


def _take(array: np.ndarray | FileArray, indices: np.ndarray | slice) -> np.ndarray:
    """Return rows of an array."""
    if isinstance(indices, slice):
        return array[indices]
    return array.take(indices, axis=0)
