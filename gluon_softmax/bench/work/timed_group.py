"""A group of workers that times what it exchanges, and counts its bytes."""

from __future__ import annotations

import time
from collections.abc import Iterable

import numpy as np
from mxnet import nd

from ...distributed import SyncGroup

__all__ = ["CountingStore", "TimedGroup"]


class CountingStore:
    """A KVStore that counts the bytes of the arrays pushed to it and pulled from it.

    Parameters
    ----------
    store : mxnet.kvstore.KVStore

    Attributes
    ----------
    bytes : int
        Pushed and pulled by this process so far.
    """

    def __init__(self, store):
        self._store, self.bytes = store, 0
        self.rank, self.num_workers = store.rank, store.num_workers

    def init(self, key: int, array: nd.NDArray) -> None:
        """Take a key."""
        self._store.init(key, array)

    def push(self, key: int, array: nd.NDArray, **options) -> None:
        """Push an array."""
        self.bytes += _count_bytes(array)
        self._store.push(key, array, **options)

    def pull(self, key: int, out: nd.NDArray, **options) -> None:
        """Pull into an array."""
        self.bytes += _count_bytes(out)
        self._store.pull(key, out=out, **options)


class TimedGroup(SyncGroup):
    """The workers of a job, in step, with a clock for what they exchange.

    Parameters
    ----------
    store : CountingStore

    Attributes
    ----------
    waits : bool
        Whether each exchange begins when the gradients are there, and is waited for, so
        that it can be timed.
    seconds : float
        How long the exchanges took that were waited for.
    steps, bytes : int
        How many exchanges there were, and what they pushed and pulled.
    """

    def __init__(self, store: CountingStore):
        super().__init__(store)
        self.begin()

    def begin(self) -> None:
        """Count anew, for another network: its arrays have other keys."""
        self._rows = {}
        self.waits, self.seconds, self.steps, self.bytes = False, 0.0, 0, 0

    def exchange(self, arrays: list[nd.NDArray]) -> None:
        """Replace arrays by their sums over all processes."""
        before = self.store.bytes
        if self.waits:
            _wait(arrays)
            start = time.perf_counter()
            super().exchange(arrays)
            _wait(arrays)
            self.seconds += time.perf_counter() - start
        else:
            super().exchange(arrays)
        self.steps += 1
        self.bytes += self.store.bytes - before


def _wait(arrays: Iterable[nd.NDArray]) -> None:
    """Wait until arrays are computed."""
    for array in arrays:
        array.wait_to_read()


def _count_bytes(array: nd.NDArray) -> int:
    """Say how many bytes an array's numbers take."""
    return array.size * np.dtype(array.dtype).itemsize
