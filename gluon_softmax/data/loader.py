"""Section 3.5: data sets to mini-batches.

A batch is read whole: its rows are gathered and scaled in a few array operations, where
Gluon's `DataLoader` calls a transform for each image.
"""

from __future__ import annotations

import os
import shutil
import sys
import warnings
from collections.abc import Iterator

import numpy as np
from mxnet import nd
from mxnet.context import Context
from mxnet.gluon.data import DataLoader

from ..checks import check_whole_number
from ..errors import ArgumentError
from .datasets import FashionMNIST, ImageDataset

__all__ = ["BatchLoader", "load_data", "load_data_fashion_mnist"]

SHARED_MEMORY = "/dev/shm"


class BatchLoader:
    """Mini-batches of a data set: images scaled to 0-1 and labels.

    Each pass over it is one epoch. The order of the samples is a function of `seed` and
    the number of the epoch, and the batches are the same to the bit whether this
    process reads them or worker processes do.

    Parameters
    ----------
    dataset : ImageDataset
        What to read from.
    batch_size : int
        Samples per batch; the last batch of an epoch holds what is left.
    shuffle : bool
        Whether each epoch has an order of its own.
    resize : int, optional
        Height and width to bring the images to; they stay as they are if not given.
    num_workers : int
        Worker processes that read; 0 reads in this process, which is faster here.
    seed : int, optional
        Seed of the order; drawn from NumPy's global generator if not given.

    Attributes
    ----------
    epoch : int
        Number of the next epoch, from 0; set it to replay one.

    Raises
    ------
    ArgumentError
        If `batch_size`, `resize` or `num_workers` cannot be used.
    """

    def __init__(
        self,
        dataset: ImageDataset,
        batch_size: int,
        shuffle: bool = False,
        resize: int | None = None,
        num_workers: int = 0,
        seed: int | None = None,
    ):
        _check_dataset(dataset)
        _check_batch_size(batch_size, len(dataset))
        check_whole_number("num_workers", num_workers, least=0)
        if resize is not None:
            check_whole_number("resize", resize, least=1)
        self.dataset = dataset
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.seed = np.random.randint(2**31) if seed is None else seed
        check_whole_number("seed", self.seed, least=0)
        self.epoch = 0
        self._reader = _BatchReader(dataset.images, dataset.labels, resize)
        self._workers = self._start_workers(num_workers) if num_workers else None

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
        if self._workers is not None:
            return iter(self._workers)
        return map(self._reader.__getitem__, self.next_batches())

    def next_batches(self) -> list[np.ndarray]:
        """List the sample numbers of each batch of the next epoch, and go on to it."""
        order = self.order(self.epoch)
        self.epoch += 1
        return np.split(order, range(self.batch_size, len(order), self.batch_size))

    def order(self, epoch: int) -> np.ndarray:
        """Give the order of the samples in an epoch.

        Parameters
        ----------
        epoch : int
            Number of the epoch, from 0.

        Returns
        -------
        numpy.ndarray
            Sample numbers, shape (len(dataset),).
        """
        if not self.shuffle:
            return np.arange(len(self.dataset))
        # RandomState, because NumPy promises never to change its streams.
        bits = np.random.MT19937(np.random.SeedSequence([self.seed, epoch]))
        return np.random.RandomState(bits).permutation(len(self.dataset))

    def _start_workers(self, num_workers: int) -> DataLoader | None:
        """Start Gluon's worker processes, if there is room for what they send."""
        X, _ = self._reader[np.arange(self.batch_size)]
        needed = 2 * num_workers * 4 * X.size  # Gluon keeps two batches per worker
        if _free_shared_memory() < needed:
            warnings.warn(
                f"{SHARED_MEMORY} has less than the {needed / 1e6:.0f} MB that "
                f"{num_workers} workers need: reading in this process instead",
                stacklevel=4,
            )
            return None
        return DataLoader(
            self._reader,
            batch_sampler=_EpochSampler(self),
            batchify_fn=_share,
            num_workers=num_workers,
        )


class _BatchReader:
    """A sequence whose items are whole batches: index it with sample numbers."""

    def __init__(self, images: np.ndarray, labels: np.ndarray, resize: int | None):
        self._images, self._labels, self._resize = images, labels, resize

    def __getitem__(self, indices: np.ndarray) -> tuple[nd.NDArray, nd.NDArray]:
        X = self._images.take(indices, axis=0)  # (n, height, width, channels), uint8
        if self._resize is not None:
            X = _resized(X, self._resize)
        # No copy is made of either: MXNet takes over the memory that NumPy filled.
        y = nd.from_numpy(self._labels.take(indices), zero_copy=True)
        return nd.from_numpy(_to_tensor(X), zero_copy=True), y


class _EpochSampler:
    """Gives Gluon's `DataLoader` each batch of an epoch as one item to read."""

    def __init__(self, loader: BatchLoader):
        self._loader = loader

    def __len__(self) -> int:
        return len(self._loader)

    def __iter__(self) -> Iterator[list[np.ndarray]]:
        return ([indices] for indices in self._loader.next_batches())


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
    train_set = FashionMNIST(root, train=True)
    test_set = FashionMNIST(root, train=False)
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
        Two splits of one data set.
    batch_size, resize, num_workers, seed
        As for `load_data_fashion_mnist`.

    Returns
    -------
    train_iter, test_iter : BatchLoader
        Mini-batches of the training set, shuffled, and of the test set in its order.

    Raises
    ------
    ArgumentError
        If the two are of different revisions, or as `BatchLoader` raises it.
    """
    if train_set.revision != test_set.revision:
        raise ArgumentError(
            f"training set ({train_set.revision}) and test set ({test_set.revision}) "
            "are of different revisions, so images may be in both: delete the files of "
            "one of them, or name a folder that has all four with root"
        )
    train_iter = BatchLoader(train_set, batch_size, True, resize, num_workers, seed)
    test_iter = BatchLoader(test_set, batch_size, False, resize, num_workers, seed)
    return train_iter, test_iter


def _to_tensor(images: np.ndarray) -> np.ndarray:
    """Bring bytes (n, height, width, channels) to float32 (n, channels, ...) 0-1."""
    images = np.ascontiguousarray(images.transpose(0, 3, 1, 2))
    return np.divide(images, np.float32(255), dtype=np.float32)


def _resized(images: np.ndarray, size: int) -> np.ndarray:
    """Bring bytes (n, height, width, channels) to another height and width."""
    return nd.image.resize(nd.array(images, dtype="uint8"), (size, size)).asnumpy()


def _share(batches: list[tuple[nd.NDArray, nd.NDArray]]) -> list[nd.NDArray]:
    """Move the one batch that a worker read to where the other process can map it."""
    shared = Context("cpu_shared", 0)
    return [array.as_in_context(shared) for array in batches[0]]


def _free_shared_memory() -> int:
    """Bytes free in shared memory; no limit where it is no folder, as on Windows."""
    if not os.path.isdir(SHARED_MEMORY):
        return sys.maxsize
    return shutil.disk_usage(SHARED_MEMORY).free


def _check_dataset(dataset: ImageDataset) -> None:
    """Refuse a data set whose transform would be left out."""
    if not isinstance(dataset, ImageDataset) or dataset._transform is not None:
        raise ArgumentError(
            "expected an ImageDataset without a transform, since batches are read "
            f"whole, found {dataset!r}: use mxnet.gluon.data.DataLoader for it"
        )


def _check_batch_size(batch_size: int, num_samples: int) -> None:
    """Refuse a batch size that gives no batch."""
    check_whole_number("batch_size", batch_size, least=1)
    if batch_size > num_samples:
        raise ArgumentError(
            f"expected a batch_size of at most {num_samples:,}, the size of the data "
            f"set, found {batch_size:,}"
        )
