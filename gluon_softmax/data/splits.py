"""Training, validation and test set, with their pixels brought to a range.

A validation set is cut off the end of the training set, as the handmade solver wants
it; pixels are scaled to 0-1, and on request centred or normalised.
"""

from __future__ import annotations

import os
from typing import NamedTuple

from mxnet.gluon.data.vision.transforms import Normalize, ToTensor

from ..checks import check_choice, check_whole_number
from ..errors import ArgumentError
from .datasets import MNIST, FashionMNIST, ImageDataset, TransformedDataset

__all__ = [
    "DATA_SETS",
    "PIXELS",
    "Splits",
    "load_splits",
    "prepare_pixels",
    "split_off",
]

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
    name: str,
    pixels: str = "scaled",
    num_validation: int = 0,
    num_images: int | None = None,
    root: str | os.PathLike[str] | None = None,
) -> Splits:
    """Load a data set in three parts.

    Parameters
    ----------
    name : {'fashion-mnist', 'mnist'}
    pixels : {'scaled', 'centred', 'normalised'}
        What the pixels are brought to.
    num_validation : int
        How many images to cut off the end of the training set.
    num_images : int, optional
        How many of the others to keep, the first ones; all if not given.
    root : path, optional
        The folder to look in first.

    Returns
    -------
    Splits

    Raises
    ------
    ArgumentError
        If there is no such data set or range, or the split is larger than the data.
    DataError, DownloadError
        As the data sets raise them.
    """
    check_choice("data", name, DATA_SETS)
    check_choice("pixels", pixels, PIXELS)
    train_set, test_set = (
        DATA_SETS[name](root, train=train) for train in (True, False)
    )
    train_set, valid_set = split_off(train_set, num_validation)
    if num_images is not None:
        train_set = _take(train_set, slice(num_images))
    return Splits(
        prepare_pixels(train_set, name, pixels),
        valid_set and prepare_pixels(valid_set, name, pixels),
        prepare_pixels(test_set, name, pixels),
    )


def split_off(
    train_set: ImageDataset, num_validation: int
) -> tuple[ImageDataset, ImageDataset | None]:
    """Cut a validation set off the end of a training set.

    Parameters
    ----------
    train_set : ImageDataset
    num_validation : int
        How many images; none for 0.

    Returns
    -------
    train_set, valid_set : ImageDataset

    Raises
    ------
    ArgumentError
        If nothing would be left to train on.

    Examples
    --------
    >>> import numpy as np
    >>> images = np.zeros((6, 28, 28), np.uint8)
    >>> parts = split_off(ImageDataset(images, np.arange(6)), 2)
    >>> [len(part) for part in parts]
    [4, 2]
    """
    check_whole_number("num_validation", num_validation, least=0)
    if not num_validation:
        return train_set, None
    if num_validation >= len(train_set):
        raise ArgumentError(
            f"expected fewer than {len(train_set):,} validation images, the size of "
            f"the training set, found {num_validation:,}"
        )
    parts = slice(None, -num_validation), slice(-num_validation, None)
    return tuple(_take(train_set, part) for part in parts)


def prepare_pixels(
    dataset: ImageDataset, name: str, pixels: str
) -> ImageDataset | TransformedDataset:
    """Bring pixels to a range; to 0-1 the loader brings them anyway."""
    if pixels == "scaled":
        return dataset
    mean, deviation = MOMENTS[name]
    normalize = Normalize(mean, deviation if pixels == "normalised" else 1.0)
    return dataset.transform_first(ToTensor()).transform_first(normalize)


def _take(dataset: ImageDataset, part: slice) -> ImageDataset:
    """Take a part of a data set."""
    return ImageDataset(
        dataset.images[part],
        dataset.labels[part],
        title=dataset.title,
        classes=dataset.classes,
        revision=dataset.revision,
    )
