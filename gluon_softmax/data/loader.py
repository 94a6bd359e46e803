"""Section 3.5: data sets to mini-batches.

A batch is read whole: its rows are gathered and transformed in a few array operations,
where Gluon's `DataLoader` calls a transform for each image.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
from mxnet import nd
from mxnet.gluon.data.vision.transforms import Resize, ToTensor

from ..engine.memory import Empty, as_ndarray, empty
from ..errors import ArgumentError, check_batch_size, check_whole_number
from .datasets import ImageDataset, TransformedDataset
from .filearray import FileArray
from .making import BatchMaker
from .mnist import FashionMNIST
from .randomness import random_state
from .reading import Task, read_batch
from .transforms import count_for_workers, make_steps
from .workers import WorkerPool

__all__ = ["BatchLoader", "load_data", "load_data_fashion_mnist"]


class BatchLoader:
    """Mini-batches of a data set: images, scaled to 0-1, and labels.

    Each pass over it is one epoch. The order of the samples and random transforms are a
    function of `seed` and the number of the epoch, and the batches are the same to the
    bit whether this process reads them or worker processes do.

    Parameters
    ----------
    dataset : ImageDataset or TransformedDataset
        What to read from. Without ``transform_first`` images get Gluon's `ToTensor`.
    batch_size : int
        Samples per batch; the last batch of an epoch holds what is left.
    shuffle : bool
        Whether each epoch has an order of its own.
    resize : int, optional
        Height and width to bring the images to before `ToTensor`.
    num_workers : int
        Worker processes that read; 0 reads in this process, which is faster here.
        They gather the images, and call any transform that takes images one by one;
        whole batches are transformed in this process.
    seed : int, optional
        Seed of the order; drawn from NumPy's global generator if not given.
    part : tuple of int, optional
        ``(k, n)`` reads the k-th of n parts of every batch, from 0: n such loaders
        together read what one does alone, in as many steps. A batch of fewer than n
        samples has no sample for some of them; these leave it out.

    Attributes
    ----------
    epoch : int
        Number of the next epoch, from 0; set it to replay one.
    position : int
        Number of the batch, from 0, that the next pass begins with; 0 again after it.

    Raises
    ------
    ArgumentError
        If `batch_size`, `resize`, `num_workers` or the data set cannot be used.
    WorkerError
        While reading, if a worker process dies or its transform raises an error.
    """

    def __init__(
        self,
        dataset: ImageDataset | TransformedDataset,
        batch_size: int,
        shuffle: bool = False,
        resize: int | None = None,
        num_workers: int = 0,
        seed: int | None = None,
        part: tuple[int, int] = (0, 1),
    ):
        transforms = _choose_transforms(dataset, resize)
        source = dataset.source
        check_batch_size(batch_size, len(dataset))
        check_whole_number("num_workers", num_workers, least=0)
        self.dataset = dataset
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.seed = np.random.randint(2**31) if seed is None else seed
        check_whole_number("seed", self.seed, least=0)
        self.part = part
        self.epoch = 0
        self.position = 0
        steps = make_steps(transforms)
        num_there = count_for_workers(steps)
        self._images = source.images
        self._read = partial(
            read_batch, source.images, source.labels, steps[:num_there]
        )
        self._maker = BatchMaker(steps, num_there)
        # A function of the user's may look at what training changes.
        self.may_read_ahead = not num_there
        self._pool = WorkerPool(self._read, num_workers) if num_workers else None

    def __len__(self) -> int:
        return -(-len(self.dataset) // self.batch_size)

    def __iter__(self) -> Iterator[tuple[nd.NDArray, nd.NDArray]]:
        """Read one epoch.

        Yields
        ------
        X : mxnet.nd.NDArray
            Images, shape (n, channels, height, width), float32 from 0 to 1.
        y : mxnet.nd.NDArray
            Labels, shape (n,), int32.
        """
        return self.read_into(empty)

    def read_into(self, make: Empty) -> Iterator[tuple[nd.NDArray, nd.NDArray]]:
        """Read one epoch into arrays as `memory.empty` makes them.

        `make` is called for the images and for the labels of each batch.
        """
        tasks = self._next_tasks()
        if self._pool is None:
            gathered = (self._read(task) for task in tasks)  # StopIteration is an error
        else:
            gathered = self._pool.read_all(tasks)
        batches = self._maker.make_all(zip(tasks, gathered), make)
        return (tuple(as_ndarray(array, make) for array in batch) for batch in batches)

    def order(self, epoch: int) -> np.ndarray:
        """Return the sample numbers of an epoch, counted from 0, in order."""
        if not self.shuffle:
            return np.arange(len(self.dataset))
        return random_state(self.seed, epoch).permutation(len(self.dataset))

    def count(self, number: int) -> int:
        """Count the samples that this loader reads for a batch, from 0."""
        bounds = self._bounds(number)
        return bounds.stop - bounds.start

    def _next_tasks(self) -> list[Task]:
        """Return the batches of the next epoch, and go on to it."""
        if isinstance(self._images, FileArray):
            self._images.check_unchanged()
        epoch, first = self.epoch, self.position
        self.epoch, self.position = epoch + 1, 0
        order = self.order(epoch) if self.shuffle else None
        bounds = ((number, self._bounds(number)) for number in range(first, len(self)))
        return [
            Task(part if order is None else order[part], (self.seed, epoch, number))
            for number, part in bounds
            if part.start < part.stop
        ]

    def _bounds(self, number: int) -> slice:
        """Return what this loader takes of an epoch's order for a batch, from 0."""
        start = number * self.batch_size
        size = min(self.batch_size, len(self.dataset) - start)
        k, n = self.part
        return slice(start + size * k // n, start + size * (k + 1) // n)


def load_data_fashion_mnist(
    batch_size: int,
    resize: int | None = None,
    root: str | os.PathLike[str] | None = None,
    num_workers: int = 0,
    seed: int | None = None,
) -> tuple[BatchLoader, BatchLoader]:
    """Load Fashion-MNIST, downloading it first where it is on no disk.

    Parameters
    ----------
    batch_size : int
        Samples per batch.
    resize : int, optional
        Height and width to bring the images to.
    root : path, optional
        The folder to look in first, and to download to.
    num_workers : int
        Worker processes that read; 0 reads in this process.
    seed : int, optional
        Seed of the order of the training set.

    Returns
    -------
    train_iter, test_iter : BatchLoader
        Mini-batches of the training set, shuffled, and of the test set.

    Raises
    ------
    ArgumentError, DataError, DownloadError
        As `BatchLoader` and `FashionMNIST` raise them.

    Notes
    -----
    Sections 3.5 and 3.6.1 of the book, and `d2lzh.load_data_fashion_mnist`, which reads
    with four worker processes on Linux and none on Windows.
    """
    with ThreadPoolExecutor() as threads:  # decompressing leaves Python free
        read = partial(FashionMNIST, root)
        train_set, test_set = threads.map(read, (True, False))
    return load_data(train_set, test_set, batch_size, resize, num_workers, seed)


def load_data(
    train_set: ImageDataset,
    test_set: ImageDataset,
    batch_size: int,
    resize: int | None = None,
    num_workers: int = 0,
    seed: int | None = None,
) -> tuple[BatchLoader, BatchLoader]:
    """Make the mini-batches of a training set and its test set.

    Parameters
    ----------
    train_set, test_set : ImageDataset
        Two splits of one data set, of the same revision.
    batch_size, resize, num_workers, seed
        As for `load_data_fashion_mnist`.

    Returns
    -------
    train_iter, test_iter : BatchLoader
        Mini-batches of the training set, shuffled, and of the test set in its order.
    """
    if train_set.revision != test_set.revision:
        raise ArgumentError(
            f"training set ({train_set.revision}) and test set ({test_set.revision}) "
            "are of different revisions, so images may be in both: delete the files of "
            "one of them, or name a folder that has all four with root"
        )
    options = {"resize": resize, "num_workers": num_workers, "seed": seed}
    train_iter = BatchLoader(train_set, batch_size, shuffle=True, **options)
    test_iter = BatchLoader(test_set, batch_size, **options)
    return train_iter, test_iter


def _choose_transforms(dataset, resize: int | None) -> tuple:
    """Return the data set's transforms, or the chapter's."""
    if isinstance(dataset, TransformedDataset):
        if resize is not None:
            raise ArgumentError("put Resize into transform_first, or leave it out")
        return dataset.transforms
    if not isinstance(dataset, ImageDataset) or dataset._transform is not None:
        raise ArgumentError(
            "expected an ImageDataset without a transform of image and label together, "
            f"found {dataset!r}: use mxnet.gluon.data.DataLoader for it"
        )
    if resize is None:
        return (ToTensor(),)
    check_whole_number("resize", resize, least=1)
    return Resize(int(resize)), ToTensor()
