"""Packed shards to arrays, read by MXNet's `ImageRecordIter`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import mxnet as mx
import numpy as np

from ..errors import DataError
from .datasets import ImageDataset
from .packed import SPLITS, Packed, check_path

__all__ = ["read_packed", "read_records"]


def read_packed(
    folder: str | os.PathLike[str],
) -> tuple[ImageDataset, ImageDataset]:
    """Read packed shards back into memory, each image in its old place.

    Parameters
    ----------
    folder : path
        What `pack` wrote.

    Returns
    -------
    train_set, test_set : ImageDataset
        Images, labels, title, classes and revision are those that were packed.

    Raises
    ------
    ArgumentError
        If MXNet would take the folder's path for more than a path.
    DataError
        If a file is missing or damaged.
    """
    packed = Packed.read(folder)
    return tuple(_read_split(Path(folder), packed, split) for split in SPLITS)


def _read_split(folder: Path, packed: Packed, split: str) -> ImageDataset:
    """Read a split into memory, and put its images in their old order."""
    packed.verify(folder, split)
    count = packed.num_images(split)
    lines = (folder / f"{split}.idx").read_text(encoding="ascii").splitlines()
    numbers = np.array([int(line.split("\t")[0]) for line in lines])
    if len(numbers) != count:
        raise DataError(
            f"{folder}: expected {count:,} images for {split}, found {len(numbers):,}: "
            "pack the data again"
        )
    images, labels = np.empty((count, *packed.shape), np.uint8), np.empty(count, int)
    read, start = read_records(folder, packed, split, batch_size=min(count, 1000)), 0
    for X, y in read:
        place = numbers[start : start + len(y)]
        images[place], labels[place] = X[:, 0], y
        start += len(y)
    return ImageDataset(
        images,
        labels,
        title=packed.title,
        classes=packed.classes,
        revision=packed.revision,
    )


def read_records(
    folder: str | os.PathLike[str], packed: Packed, split: str, **options
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Read all shards of a split as if they were one file.

    Parameters
    ----------
    folder : path
    packed : Packed
        What is in the folder, verified.
    split : {'train', 'test'}
    **options
        For `mxnet.io.ImageRecordIter`: ``batch_size``, ``shuffle``, ``num_parts``...

    Yields
    ------
    X : numpy.ndarray
        Images, shape (n, 1, height, width), uint8.
    y : numpy.ndarray
        Labels, shape (n,), int32.

    Raises
    ------
    ArgumentError
        If MXNet would take the folder's path for more than a path.
    """
    path = check_path(folder)
    batches = mx.io.ImageRecordIter(
        path_imgrec=";".join(f"{path}/{shard}.rec" for shard in packed.shards(split)),
        path_imgidx=f"{path}/{split}.idx",
        data_shape=(1, *packed.shape),
        dtype="uint8",
        verbose=False,
        **options,
    )
    for batch in batches:
        count = batch.data[0].shape[0] - batch.pad  # it is padded with first samples
        X, y = batch.data[0].asnumpy()[:count], batch.label[0].asnumpy()[:count]
        yield X, y.astype("int32")
