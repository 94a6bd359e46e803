"""Section 3.5: gathered batches, transformed and placed where the caller wants them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

import numpy as np
from mxnet import nd

from ..engine.memory import Empty, as_numpy, empty
from .reading import Task
from .transforms import Step, is_in_background

__all__ = ["BatchMaker"]

AHEAD = 2
"""Batches that MXNet has been given to resize before they are asked for."""


class BatchMaker:
    """Does those steps that gathered batches have not been through, and places results.

    The first `num_done` steps are left out.
    """

    def __init__(self, steps: list[Step], num_done: int):
        self._steps, self._num_done = steps, num_done
        waited_for = [n for n, step in enumerate(steps, 1) if is_in_background(step)]
        self._num_started = next((n for n in waited_for if n > num_done), num_done)

    def make_all(
        self,
        gathered: Iterable[tuple[Task, tuple[np.ndarray, np.ndarray]]],
        make: Empty,
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Make batches, while MXNet is at the steps that it does in the background."""
        ahead = AHEAD if self._num_started > self._num_done else 0
        first_steps = range(self._num_done, self._num_started)
        started = deque()
        for task, (X, y) in gathered:
            X = self._transform(X, task, first_steps, empty)
            started.append((task, X, y))
            if len(started) > ahead:
                yield self._finish(*started.popleft(), make)
        for batch in started:
            yield self._finish(*batch, make)

    def _finish(
        self, task: Task, X: np.ndarray | nd.NDArray, y: np.ndarray, make: Empty
    ) -> tuple[np.ndarray, np.ndarray]:
        """Do the other steps, and place the labels."""
        X = self._transform(X, task, range(self._num_started, len(self._steps)), make)
        labels = make((len(X),), "int32")
        labels[:] = y
        return (X.asnumpy() if isinstance(X, nd.NDArray) else X), labels

    def _transform(
        self, X: np.ndarray | nd.NDArray, task: Task, numbers: range, make: Empty
    ) -> np.ndarray | nd.NDArray:
        """Do some of the steps; the last of all writes to what `make` gives."""
        for number in numbers:
            if isinstance(X, nd.NDArray):
                X = as_numpy(X)
            place = make if number == len(self._steps) - 1 else empty
            X = self._steps[number](X, (*task.seed, number + 1), place)
        return X
