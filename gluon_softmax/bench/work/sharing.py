"""A process that trains networks alone or in a job, and times what it exchanges.

Started as `main` with a JSON text of what to train; the first process of a job, or the
only one, prints a line of JSON with what it measured.
"""

from __future__ import annotations

import json
import os
import sys
import traceback

import mxnet as mx

from ...cluster import heartbeat
from ...data.datasets import ImageDataset
from ...data.splits import prepare_pixels
from ...distributed import Group
from ...history import Callback
from ...network_training import NetworkTraining
from ...settings import Settings
from ...train_command import PIXELS
from .arrays import FASHION_MNIST, read_arrays
from .timed_group import CountingStore, TimedGroup

__all__ = ["EpochsInTurn", "main", "measure"]

LR = 0.01  # small enough for batches of a single image
NEVER = 10**9
TEST_IMAGES = 8
"""So few are evaluated after each epoch that it takes no time to speak of."""


class EpochsInTurn(Callback):
    """After an epoch that is not counted, waits in every second for its exchanges.

    Parameters
    ----------
    group : Group
        Where it is no `TimedGroup`, no epoch waits.

    Attributes
    ----------
    rows : list of tuple of (bool, float, float)
        Whether an epoch waited, its seconds, and those of its exchanges.
    """

    def __init__(self, group: Group):
        self._group, self._before = group, 0.0
        self._is_timed = isinstance(group, TimedGroup)
        self.rows: list[tuple] = []

    def on_batch_end(self, progress) -> None:
        """Let the job know that this process goes on."""
        heartbeat.beat()

    def on_epoch_end(self, progress) -> None:
        """Note what the epoch took, and choose whether the next one waits."""
        epoch, group = progress.history[-1], self._group
        spent = group.seconds if self._is_timed else 0.0
        if epoch.epoch > 1:
            is_waiting = self._is_timed and group.waits
            self.rows.append((is_waiting, epoch.seconds, spent - self._before))
        self._before = spent
        if self._is_timed:
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
    size = run["batch_size"]
    settings = Settings(number, size, LR, momentum=0.5, print_every=NEVER)
    train_set, test_set = _take(images, run), _take(images, run, TEST_IMAGES)
    training = NetworkTraining(
        run["network"], train_set, test_set, settings, group=group
    )
    turns = EpochsInTurn(group)
    training.run([turns])
    rows = turns.rows
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
