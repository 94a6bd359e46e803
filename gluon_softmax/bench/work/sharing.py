"""A process that trains networks alone or in a job, and times what it exchanges.

Started as `main` with a JSON text of what to train; the first process of a job, or the
only one, prints a line of JSON with what it measured.
"""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
from collections.abc import Iterable, Iterator

import mxnet as mx
import numpy as np
from mxnet import nd

from ...cluster import heartbeat
from ...data.datasets import ImageDataset
from ...data.splits import prepare_pixels
from ...distributed import Group, SyncGroup
from ...network_training import Hooks, NetworkTraining
from ...settings import Settings
from ...train_command import PIXELS
from .arrays import FASHION_MNIST, read_arrays

__all__ = ["CountingStore", "TimedGroup", "main", "measure", "train_in_turn"]

LR = 0.01  # small enough for batches of a single image
NEVER = 10**9
TEST_IMAGES = 8
"""So few are evaluated after each epoch that it takes no time to speak of."""


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


def train_in_turn(training: NetworkTraining, group: Group) -> Iterator[tuple]:
    """Train; after an epoch that is not counted, wait in every second for exchanges.

    Parameters
    ----------
    training : NetworkTraining
    group : Group
        Where it is no `TimedGroup`, no epoch waits.

    Yields
    ------
    tuple of (bool, float, float)
        Whether an epoch waited, its seconds, and those of its exchanges.
    """
    is_timed = isinstance(group, TimedGroup)
    before = 0.0
    for epoch in training.run(Hooks(report=lambda progress: heartbeat.beat())):
        spent = group.seconds if is_timed else 0.0
        if epoch.epoch > 1:
            yield is_timed and group.waits, epoch.seconds, spent - before
        before = spent
        if is_timed:
            group.waits = epoch.epoch % 2 == 0


def measure(run: dict, images: ImageDataset, epochs: int, group: Group) -> dict:
    """Train one network, and give what it took.

    Parameters
    ----------
    run : dict
        Its `network`, `batch_size` and `images`, how many to train on.
    images : ImageDataset
        As many or more.
    epochs : int
        How many epochs of each kind are counted.
    group : Group

    Returns
    -------
    dict
        `seconds` of each epoch of the ordinary kind; `waited`, those of each epoch that
        waited for its exchanges, and `exchanging`, those of the exchanges; `steps` per
        epoch; `bytes`, pushed and pulled in a step by this process.
    """
    is_timed = isinstance(group, TimedGroup)
    if is_timed:
        group.begin()
    number = 1 + epochs * (2 if is_timed else 1)
    settings = Settings(number, run["batch_size"], LR, print_every=NEVER)
    train_set, test_set = _take(images, run), _take(images, run, TEST_IMAGES)
    training = NetworkTraining(
        run["network"], train_set, test_set, settings, group=group
    )
    rows = list(train_in_turn(training, group))
    return {
        "seconds": [seconds for waited, seconds, _ in rows if not waited],
        "waited": [seconds for waited, seconds, _ in rows if waited],
        "exchanging": [spent for waited, _, spent in rows if waited],
        "steps": len(training.train_iter),
        "bytes": group.bytes // group.steps if is_timed else 0,
    }


def main(text: str) -> None:
    """Do what is asked for; leave at once if it fails, without waiting for others.

    Parameters
    ----------
    text : str
        JSON: `data` as for `read_arrays`, `runs` as for `measure`, how many `epochs`,
        and whether there is a `store`.
    """
    try:
        _run(**json.loads(text))
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)  # KVStore's last barrier would wait for the others


def _run(data: str, runs: list[dict], epochs: int, store: bool) -> None:
    """Measure all runs in turn, and print what was found."""
    group = TimedGroup(CountingStore(mx.kv.create("dist_sync"))) if store else Group()
    heartbeat.announce(group.rank)
    images = ImageDataset(*read_arrays(data, train=True))
    found = [measure(run, images, epochs, group) for run in runs]
    if group.rank == 0:
        print(json.dumps(found), flush=True)
    heartbeat.finish()


def _take(images: ImageDataset, run: dict, count: int | None = None):
    """Take the first images, with their pixels as `train` has them for the network."""
    part = slice(count or run["images"])
    taken = ImageDataset(images.images[part], images.labels[part])
    pixels = PIXELS.get(run["network"], "normalised")
    return prepare_pixels(taken, FASHION_MNIST, pixels)


def _wait(arrays: Iterable[nd.NDArray]) -> None:
    """Wait until arrays are computed."""
    for array in arrays:
        array.wait_to_read()


def _count_bytes(array: nd.NDArray) -> int:
    """Say how many bytes an array's numbers take."""
    return array.size * np.dtype(array.dtype).itemsize
