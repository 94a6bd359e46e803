"""Training, validation and test set, with their pixels brought to a range.

The data are a published set or pictures in folders. A validation set is cut off the end
of the training set, as the handmade solver wants it; pixels are scaled to 0-1, and on
request centred or normalised.
"""

from __future__ import annotations

import os
from copy import copy
from pathlib import Path
from typing import NamedTuple

import numpy as np
from mxnet.gluon.data.vision.transforms import Normalize, ToTensor

from ..errors import ArgumentError, check_choice, check_whole_number
from .datasets import ImageDataset, TransformedDataset
from .mnist import MNIST, FashionMNIST

__all__ = ["DATA_SETS", "PIXELS", "Splits", "load_splits"]

DATA_SETS = {"fashion-mnist": FashionMNIST, "mnist": MNIST}
MOMENTS = {"fashion-mnist": (0.2860, 0.3530), "mnist": (0.1307, 0.3081)}
"""Mean and standard deviation of the training set's pixels, scaled to 0-1."""

PIXELS = ("scaled", "centred", "normalised")
"""To 0-1; less the mean; and divided by the standard deviation."""


class Splits(NamedTuple):
    """The three parts of a data set; there may be no validation set."""

    train: ImageDataset | TransformedDataset
    valid: ImageDataset | TransformedDataset | None
    test: ImageDataset | TransformedDataset


def load_splits(
    name: str | os.PathLike[str],
    pixels: str = "scaled",
    num_validation: int = 0,
    num_images: int | None = None,
    root: str | os.PathLike[str] | None = None,
) -> Splits:
    """Load a data set in three parts.

    Parameters
    ----------
    name : {'fashion-mnist', 'mnist'} or path
        A published set, or a folder of pictures as `read_folder` takes it. Of a folder
        that is called as a published set, give the path with its slash: ``./mnist``.
    pixels : {'scaled', 'centred', 'normalised'}
        What the pixels are brought to.
    num_validation : int
        How many images to cut off the end of the training set.
    num_images : int, optional
        How many of the others to keep, the first ones; all if not given.
    root : path, optional
        The folder to look in first for a published set.

    Returns
    -------
    Splits
    """
    check_choice("pixels", pixels, PIXELS)
    train_set, test_set, moments = _load_sets(name, root)
    train_set, valid_set = _split_off(train_set, num_validation)
    if num_images is not None:
        train_set = _cut(train_set, slice(num_images))
    return Splits(
        _scale(train_set, moments, pixels),
        valid_set and _scale(valid_set, moments, pixels),
        _scale(test_set, moments, pixels),
    )


def _load_sets(
    name: str | os.PathLike[str], root: str | os.PathLike[str] | None
) -> tuple[ImageDataset, ImageDataset, tuple[float, float]]:
    """Load training set, test set, and the training pixels' mean and deviation."""
    if name in DATA_SETS:
        train_set, test_set = (
            DATA_SETS[name](root, train=train) for train in (True, False)
        )
        return train_set, test_set, MOMENTS[name]
    if not Path(name).is_dir():
        raise ArgumentError(
            f"expected data to be one of {', '.join(DATA_SETS)}, or a folder of "
            f"pictures, found {str(name)!r}",
            argument="data",
        )
    from .folders import read_folder  # reads with Pillow, slow to import

    train_set, test_set = read_folder(name)
    return train_set, test_set, _measure_moments(train_set)


def _split_off(
    train_set: ImageDataset, num_validation: int
) -> tuple[ImageDataset, ImageDataset | None]:
    """Cut a validation set of so many images off the end; none for 0."""
    check_whole_number("num_validation", num_validation, least=0)
    if not num_validation:
        return train_set, None
    if num_validation >= len(train_set):
        raise ArgumentError(
            f"expected fewer than {len(train_set):,} validation images, the size of "
            f"the training set, found {num_validation:,}"
        )
    parts = slice(None, -num_validation), slice(-num_validation, None)
    return tuple(_cut(train_set, part) for part in parts)


def _measure_moments(dataset: ImageDataset) -> tuple[float, float]:
    """Compute mean and standard deviation of the pixels, scaled to 0-1.

    The deviation of pixels that are all alike is given as 1, to divide by.
    """
    counts = np.bincount(dataset.images.ravel(), minlength=256)
    values = np.arange(256) / 255
    mean = np.average(values, weights=counts)
    deviation = np.average((values - mean) ** 2, weights=counts) ** 0.5
    return float(mean), float(deviation) or 1.0


def _scale(
    dataset: ImageDataset, moments: tuple[float, float], pixels: str
) -> ImageDataset | TransformedDataset:
    """Scale pixels to a range by their mean and standard deviation."""
    if pixels == "scaled":
        return dataset
    mean, deviation = moments
    normalize = Normalize(mean, deviation if pixels == "normalised" else 1.0)
    return dataset.transform_first(ToTensor()).transform_first(normalize)


def _cut(dataset: ImageDataset, part: slice) -> ImageDataset:
    """Return a part of a data set."""
    cut = copy(dataset)
    vars(cut).pop("_data", None)
    cut.images, cut.labels = dataset.images[part], dataset.labels[part]
    return cut
