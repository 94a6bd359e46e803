"""Several processes that train one net: MXNet's KVStore adds their gradients up.

Each process takes its part of every batch forward and backward. The sum of their
gradients is that of the whole batch, so with ``dist_sync`` all take the step that one
process would take alone. The store only adds; every process keeps momentum itself. With
``dist_async`` the store steps instead, as soon as a gradient arrives.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence

import mxnet as mx
import numpy as np
from mxnet import gluon, nd

from ..data.datasets import ImageDataset, TransformedDataset
from ..data.identity import identify
from ..errors import ArgumentError, check_choice
from .settings import KINDS
from .sgd import SGDTrainer

__all__ = ["AsyncGroup", "Group", "SyncGroup", "is_worker", "join_group"]

OWN_KEYS = 10_000
"""Keys from here on are this module's; Gluon's trainer numbers parameters from 0."""
EXACT = 2
"""So many numbers add up to the same in any order; of more, the order decides bits."""


class Group:
    """The processes that train together: here, one alone.

    Attributes
    ----------
    rank, size : int
        Which of how many this one is, from 0.
    adds_up : bool
        Whether figures are sums over all processes; else each has those of its part.
    """

    rank, size, adds_up = 0, 1, True

    @property
    def part(self) -> tuple[int, int]:
        """Which part of each batch `BatchLoader` is to read."""
        return self.rank, self.size

    @property
    def test_part(self) -> tuple[int, int]:
        """Which part of each batch of the test set."""
        return self.part if self.adds_up else (0, 1)

    def make_trainer(self, net: gluon.Block, lr: float, momentum: float):
        """Make what steps after each batch: an `SGDTrainer`, or one like it."""
        return SGDTrainer(net, lr, momentum, self)

    def exchange(self, arrays: list[nd.NDArray]) -> None:
        """Replace arrays by their sums over all processes."""

    def add_up(self, numbers: Sequence[float]) -> list[float]:
        """Return the sums of some numbers over all processes."""
        return list(numbers)

    def share(self, arrays: list[nd.NDArray]) -> None:
        """Replace arrays by those of the first process."""

    def check_data(self, *datasets: ImageDataset | TransformedDataset) -> None:
        """Check that all processes have the same data; each may be on a machine."""


class StoreGroup(Group):
    """The workers of a job, which have a store in common."""

    def __init__(self, store: mx.kvstore.KVStore):
        self.store = store
        self.rank, self.size = store.rank, store.num_workers
        self._last_key = OWN_KEYS

    def share(self, arrays: list[nd.NDArray]) -> None:
        """Replace arrays by those of the first process."""
        for array in arrays:
            key = self.take_key()
            self.store.init(key, array)
            self.store.pull(key, out=array)

    def check_data(self, *datasets: ImageDataset | TransformedDataset) -> None:
        """Check that all processes have the same data; each may be on a machine."""
        text = json.dumps([identify(dataset) for dataset in datasets])
        own = nd.array(list(hashlib.sha256(text.encode()).digest()))
        first = own.copy()
        self.share([first])
        if (own != first).sum().asscalar():
            raise ArgumentError(
                "expected the same data in all workers, found others in worker "
                f"{self.rank} than in worker 0: give all machines the same files"
            )

    def take_key(self) -> int:
        """Return a key that is not taken; all processes ask in the same order."""
        self._last_key += 1
        return self._last_key


class SyncGroup(StoreGroup):
    """The workers of a job, in step: MXNet's ``dist_sync``.

    A store that compresses what is pushed cannot add figures up.
    """

    def __init__(self, store: mx.kvstore.KVStore, compressed: bool = False):
        super().__init__(store)
        self.adds_up = not compressed
        self._rows: dict[object, tuple[int, nd.NDArray]] = {}

    def exchange(self, arrays: list[nd.NDArray]) -> None:
        """Replace arrays by their sums over all processes.

        The store adds in the order of arrival, which decides the last bits where more
        than two are added. There each process fills a row of its own, at as many times
        the bytes, and the rows are added here, always in one order.
        """
        if self.size > EXACT:
            for number, array in enumerate(arrays):
                array[:] = self._gather(number, array).sum(axis=0)
            return
        for number, array in enumerate(arrays):
            key = self._find_rows(number, array.shape, array.context)[0]
            self.store.push(key, array, priority=-number)
            self.store.pull(key, out=array, priority=-number)

    def add_up(self, numbers: Sequence[float]) -> list[float]:
        """Return the sums of some numbers, in more digits than float32 has."""
        if not self.adds_up:
            return list(numbers)
        exact = np.array(numbers, "float64")
        high = exact.astype("float32")
        low = (exact - high).astype("float32")
        rows = self._gather(f"{len(exact)} figures", nd.array([high, low])).asnumpy()
        return rows.astype("float64").sum(axis=(0, 1)).tolist()

    def _gather(self, name: object, array: nd.NDArray) -> nd.NDArray:
        """Return what all processes have, (size, ...), in the order of their ranks."""
        shape = (self.size, *array.shape)
        key, rows = self._find_rows((name, "rows"), shape, array.context)
        rows[:] = 0
        rows[self.rank] = array
        self.store.push(key, rows)
        self.store.pull(key, out=rows)
        return rows

    def _find_rows(self, name: object, shape: tuple, ctx) -> tuple[int, nd.NDArray]:
        """Return an array's key in the store, and one of its shape to work with."""
        if name not in self._rows:
            key, rows = self.take_key(), nd.zeros(shape, ctx)
            self.store.init(key, rows)
            self._rows[name] = key, rows
        return self._rows[name]


class AsyncGroup(StoreGroup):
    """The workers of a job, each at its own pace: MXNet's ``dist_async``."""

    adds_up = False

    def make_trainer(self, net: gluon.Block, lr: float, momentum: float):
        """Make a trainer whose steps, momentum included, are taken in the store."""
        return AsyncTrainer(net, lr, momentum, self)


class AsyncTrainer:
    """Gluon's trainer over a store; it pushes gradients and pulls parameters."""

    def __init__(self, net: gluon.Block, lr: float, momentum: float, group: AsyncGroup):
        self.learning_rate, self._size = lr, group.size
        self.params = net._collect_params_with_prefix()
        self.momentum: dict[str, nd.NDArray] = {}  # the store does not give it away
        optimizer = mx.optimizer.SGD(learning_rate=lr, momentum=momentum)
        params = net.collect_params()
        self._trainer = gluon.Trainer(params, optimizer, kvstore=group.store)

    def step(self, batch_size: int) -> None:
        """Step against the gradient of this process's part of a batch."""
        self._trainer.step(max(batch_size // self._size, 1))

    def step_without_samples(self, batch_size: int) -> None:
        """Leave the step to the others."""


def is_worker() -> bool:
    """Return whether this process is a worker of a job of several."""
    return os.environ.get("DMLC_ROLE") == "worker"


def join_group(kind: str | None = None, threshold: float | None = None) -> Group:
    """Join the job that this process is a worker of, with one of the `KINDS` of store.

    With a threshold gradients are compressed to two bits each: plus or minus the
    threshold, or nothing; what is lost is added to the next one.
    """
    kind = kind or KINDS[0]
    check_choice("kvstore", kind, KINDS)
    if not is_worker():
        raise ArgumentError(
            f"{kind} needs a job of several processes: start it with gluon-softmax "
            f"launch -n 2 -- train ... --kvstore {kind}"
        )
    store = mx.kv.create(kind)
    if threshold is not None:
        store.set_gradient_compression({"type": "2bit", "threshold": threshold})
    if kind == "dist_async":
        return AsyncGroup(store)
    return SyncGroup(store, compressed=threshold is not None)
