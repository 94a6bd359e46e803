"""Packed shards to mini-batches: data larger than memory, and a part per process."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import islice

import numpy as np
from mxnet import nd
from mxnet.gluon.data.vision.transforms import ToTensor

from ..checks import check_batch_size, check_whole_number
from ..engine.memory import as_ndarray, empty
from ..errors import ArgumentError
from .packed import Packed
from .randomness import random_state
from .records import read_records
from .transforms import make_steps

__all__ = ["Part", "RecordLoader", "part_sizes"]


class Part:
    """What part of a packed data set a loader reads.

    Parameters
    ----------
    packed : Packed
        The data set, whose title, classes and revision a part has too.
    num_samples : int
        How many samples are read per epoch: the part's length.
    """

    def __init__(self, packed: Packed, num_samples: int):
        self.title, self.classes = packed.title, packed.classes
        self.revision = packed.revision
        self._num_samples = num_samples

    def __len__(self) -> int:
        return self._num_samples


class RecordLoader:
    """Mini-batches of packed shards, read in the background by MXNet's C++ threads.

    It stands where `BatchLoader` stands: each pass over it is one epoch, and the order
    of the samples is a function of `seed` and the number of the epoch. In distributed
    training each process reads a part of its own.

    Parameters
    ----------
    folder : path
        What `pack` wrote.
    batch_size : int
        Samples per batch; the last batch of an epoch holds what is left.
    split : {'train', 'test'}
    shuffle : bool
        Whether each epoch has an order of its own; a part keeps its samples.
    seed : int, optional
        Seed of the order; drawn from NumPy's global generator if not given.
    num_parts, part_index : int
        Into how many parts to cut the split, and which of them to read, from 0.
    even : bool
        Whether each part gives only as many samples as the smallest one, so that all
        processes do the same number of steps: set it to train. Which samples are left
        out changes with the epoch if `shuffle` is set. Without it the parts together
        give every sample exactly once, which is right to test.
    transforms : tuple of callable
        What is applied to the images; Gluon's `ToTensor` scales them to 0-1.

    Attributes
    ----------
    epoch : int
        Number of the next epoch, from 0; set it to replay one.
    position : int
        Number of the batch, from 0, that the next pass begins with; those before are
        read and left out. 0 again after it.
    dataset : Part
        Its length is the number of samples that this loader gives per epoch.

    Raises
    ------
    ArgumentError
        If there is no such split or part, or a part is smaller than a batch.
    DataError
        If a file is missing or damaged.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        batch_size: int,
        split: str = "train",
        shuffle: bool = False,
        seed: int | None = None,
        num_parts: int = 1,
        part_index: int = 0,
        even: bool = False,
        transforms: tuple = (ToTensor(),),
    ):
        packed = Packed.read(folder)
        sizes = part_sizes(packed.num_images(split), num_parts)
        _check_part(part_index, num_parts)
        self.dataset = Part(packed, min(sizes) if even else sizes[part_index])
        check_batch_size(batch_size, len(self.dataset), "the samples that a part has")
        packed.verify(folder, split)
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.seed = np.random.randint(2**31) if seed is None else seed
        check_whole_number("seed", self.seed, least=0)
        self.epoch = self.position = 0
        self._source = folder, packed, split
        self._part = {"num_parts": num_parts, "part_index": part_index}
        self._steps = make_steps(transforms)

    def __len__(self) -> int:
        return -(-len(self.dataset) // self.batch_size)

    def __iter__(self) -> Iterator[tuple[nd.NDArray, nd.NDArray]]:
        """Read one epoch.

        Yields
        ------
        X : mxnet.nd.NDArray
            Images, shape (n, 1, height, width), float32.
        y : mxnet.nd.NDArray
            Labels, shape (n,), int32.
        """
        epoch, first = self.epoch, self.position
        self.epoch, self.position = epoch + 1, 0
        batches = self._read(int(random_state(self.seed, epoch).randint(2**31)))
        return islice(batches, first, None)

    def count(self, number: int) -> int:
        """Count the samples of a batch, from 0."""
        return min(self.batch_size, len(self.dataset) - number * self.batch_size)

    def _read(self, seed: int) -> Iterator[tuple[nd.NDArray, nd.NDArray]]:
        """Read one epoch with an iterator of its own.

        MXNet's, told to go on with a second epoch, leaves out what it padded the first
        one's last batch with, and cannot replay one.
        """
        options = {"batch_size": self.batch_size, "seed": seed, **self._part}
        left = len(self.dataset)
        for X, y in read_records(*self._source, shuffle=self.shuffle, **options):
            X, y = X[:left].transpose(0, 2, 3, 1), y[:left]
            for step in self._steps:
                X = step(X, (), empty)
            yield as_ndarray(X), as_ndarray(y)
            left -= len(y)
            if not left:
                return


def part_sizes(num_samples: int, num_parts: int) -> list[int]:
    """Say how many samples MXNet gives to each part.

    Parameters
    ----------
    num_samples, num_parts : int

    Returns
    -------
    list of int

    Raises
    ------
    ArgumentError
        If a part would be empty.

    Examples
    --------
    >>> part_sizes(1003, 3)
    [335, 335, 333]
    """
    check_whole_number("num_parts", num_parts, least=1)
    step = -(-num_samples // num_parts)
    sizes = [min(step, num_samples - step * part) for part in range(num_parts)]
    if sizes[-1] < 1:
        raise ArgumentError(
            f"expected num_parts such that no part of the {num_samples:,} samples is "
            f"empty, found {num_parts:,}: use fewer"
        )
    return sizes


def _check_part(part_index: int, num_parts: int) -> None:
    """Refuse a part that is not there."""
    check_whole_number("part_index", part_index, least=0)
    if part_index >= num_parts:
        raise ArgumentError(
            f"expected part_index below num_parts, {num_parts}, found {part_index}"
        )
