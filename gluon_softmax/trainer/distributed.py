"""Several processes that train one net: MXNet's KVStore adds their gradients up.

Each process takes its part of every batch forward and backward. The sum of their
gradients is that of the whole batch, so with ``dist_sync`` all take the step that one
process would take alone. The store only adds; every process keeps momentum itself. With
``dist_async`` the store steps instead, as soon as a gradient arrives.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

import mxnet as mx
import numpy as np
from mxnet import gluon, nd

from ..errors import ArgumentError, check_choice
from .settings import KINDS

__all__ = ["AsyncGroup", "Group", "SyncGroup", "is_worker", "join_group"]

OWN_KEYS = 10_000
"""Keys from here on are this module's; Gluon's trainer numbers parameters from 0."""
EXACT = 2
"""So many numbers add up to the same in any order; of more, the order decides bits."""


class GroupTrainer:
    """A `gluon.Trainer` that steps against the gradients of all processes.

    Parameters
    ----------
    group : Group
    trainer : mxnet.gluon.Trainer
        Steps against the gradients that it finds, without a store of its own.

    Attributes
    ----------
    learning_rate : float
    """

    def __init__(self, group: Group, trainer: gluon.Trainer):
        self._group, self._trainer = group, trainer
        self.learning_rate = trainer.learning_rate

    def step(self, batch_size: int) -> None:
        """Step against the summed gradients of a batch."""
        self._group.exchange(self._gradients())
        self._trainer.step(batch_size)

    def step_without_samples(self, batch_size: int) -> None:
        """Step with the others, where this process has no sample of the batch."""
        for param in self._trainer._params:
            param.list_grad()[0][:] = 0
            param.list_data()[0]._fresh_grad = True  # the trainer would pass it over
        self.step(batch_size)

    def make_momentum(self) -> None:
        """Make the momentum that the first step would make."""
        updater = self._trainer._updaters[0]
        for index, param in enumerate(self._trainer._params):
            if index not in updater.states:
                weight = param.list_data()[0]
                state = updater.optimizer.create_state_multi_precision(index, weight)
                updater.states[index], updater.states_synced[index] = state, True

    def find_momentum(self, named: dict[str, gluon.Parameter]) -> dict[str, nd.NDArray]:
        """Return the momentum of each parameter; none before a step, or at 0."""
        states = self._trainer._updaters[0].states
        index = {id(param): i for i, param in enumerate(self._trainer._params)}
        found = {name: states.get(index[id(param)]) for name, param in named.items()}
        return {name: state for name, state in found.items() if state is not None}

    def _gradients(self) -> list[nd.NDArray]:
        """List the gradients."""
        return [param.list_grad()[0] for param in self._trainer._params]


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

    def make_trainer(self, net: gluon.Block, optimizer: mx.optimizer.SGD):
        """Make what steps after each batch: a `GroupTrainer`, or one like it."""
        trainer = gluon.Trainer(net.collect_params(), optimizer, kvstore=None)
        return GroupTrainer(self, trainer)

    def exchange(self, arrays: list[nd.NDArray]) -> None:
        """Replace arrays by their sums over all processes."""

    def add_up(self, numbers: Sequence[float]) -> list[float]:
        """Return the sums of some numbers over all processes."""
        return list(numbers)

    def share(self, arrays: list[nd.NDArray]) -> None:
        """Return every process the arrays of the first one."""


class StoreGroup(Group):
    """The workers of a job, which have a store in common.

    Parameters
    ----------
    store : mxnet.kvstore.KVStore
    """

    def __init__(self, store: mx.kvstore.KVStore):
        self.store = store
        self.rank, self.size = store.rank, store.num_workers
        self._last_key = OWN_KEYS

    def share(self, arrays: list[nd.NDArray]) -> None:
        """Return every process the arrays of the first one."""
        for array in arrays:
            key = self.take_key()
            self.store.init(key, array)
            self.store.pull(key, out=array)

    def take_key(self) -> int:
        """Return a key that is not taken; all processes ask in the same order."""
        self._last_key += 1
        return self._last_key


class SyncGroup(StoreGroup):
    """The workers of a job, in step: MXNet's ``dist_sync``.

    Parameters
    ----------
    store : mxnet.kvstore.KVStore
    compressed : bool
        Whether the store compresses what is pushed; it then cannot add figures up.
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

    def make_trainer(self, net: gluon.Block, optimizer: mx.optimizer.SGD):
        """Make a trainer whose steps, momentum included, are taken in the store."""
        return AsyncTrainer(net, optimizer, self.store, self.size)


class AsyncTrainer:
    """Gluon's trainer over a store; it pushes gradients and pulls parameters.

    Parameters
    ----------
    net : mxnet.gluon.Block
    optimizer : mxnet.optimizer.SGD
    store : mxnet.kvstore.KVStore
    size : int
        Among how many a batch is shared.
    """

    def __init__(self, net: gluon.Block, optimizer, store, size: int):
        self.learning_rate, self._size = optimizer.learning_rate, size
        plain = mx.optimizer.SGD(
            learning_rate=optimizer.learning_rate, momentum=optimizer.momentum
        )
        self._trainer = gluon.Trainer(net.collect_params(), plain, kvstore=store)

    def step(self, batch_size: int) -> None:
        """Step against the gradient of this process's part of a batch."""
        self._trainer.step(max(batch_size // self._size, 1))

    def step_without_samples(self, batch_size: int) -> None:
        """Leave the step to the others."""

    def make_momentum(self) -> None:
        """Leave momentum to the store, which begins it at zero."""

    def find_momentum(self, named: dict[str, gluon.Parameter]) -> dict[str, nd.NDArray]:
        """Return none: the store keeps it, and does not give it away."""
        return {}


def is_worker() -> bool:
    """Return whether this process is a worker of a job of several."""
    return os.environ.get("DMLC_ROLE") == "worker"


def join_group(kind: str | None = None, threshold: float | None = None) -> Group:
    """Join the job that this process is a worker of.

    Parameters
    ----------
    kind : {'dist_sync', 'dist_async'}, optional
        ``dist_sync`` if not given.
    threshold : float, optional
        Compress gradients to two bits each: plus or minus the threshold, or nothing;
        what is lost is added to the next one.

    Returns
    -------
    Group

    Raises
    ------
    ArgumentError
        If there is no such kind, or this process is not a worker of a job.
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
