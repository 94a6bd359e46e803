"""Training, validation and test set, with their pixels brought to a range.

The data are a published set or pictures in folders. A validation set is cut off the end
of the training set, as the handmade solver wants it; pixels are scaled to 0-1, and on
request centred or normalised.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

import numpy as np
from mxnet.gluon.data.vision.transforms import Normalize, ToTensor

from ..errors import ArgumentError, check_choice, check_whole_number
from .datasets import MNIST, FashionMNIST, ImageDataset, TransformedDataset

__all__ = [
    "DATA_SETS",
    "PIXELS",
    "Sets",
    "Splits",
    "load_sets",
    "load_splits",
    "measure_moments",
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


class Sets(NamedTuple):
    """A data set as it was found."""

    train: ImageDataset
    test: ImageDataset
    moments: tuple[float, float]
    """Mean and standard deviation of the training set's pixels, scaled to 0-1."""


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
        A published set, or a folder as `load_sets` takes it.
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

    Raises
    ------
    ArgumentError
        If there is no such data set or range, or the split is larger than the data.
    DataError, DownloadError
        As the data sets raise them.
    """
    check_choice("pixels", pixels, PIXELS)
    train_set, test_set, moments = load_sets(name, root)
    train_set, valid_set = split_off(train_set, num_validation)
    if num_images is not None:
        train_set = _take(train_set, slice(num_images))
    return Splits(
        _prepare(train_set, moments, pixels),
        valid_set and _prepare(valid_set, moments, pixels),
        _prepare(test_set, moments, pixels),
    )


def load_sets(
    name: str | os.PathLike[str], root: str | os.PathLike[str] | None = None
) -> Sets:
    """Load training and test set.

    Parameters
    ----------
    name : {'fashion-mnist', 'mnist'} or path
        A published set; or a folder of classes, as `read_folder` takes it. Of a folder
        that is called as a published set, give the path with its slash: ``./mnist``.
    root : path, optional
        The folder to look in first for a published set.

    Returns
    -------
    Sets

    Raises
    ------
    ArgumentError
        If there is no such data set or folder.
    DataError, DownloadError
        As the data sets raise them.
    """
    if name in DATA_SETS:
        train_set, test_set = (
            DATA_SETS[name](root, train=train) for train in (True, False)
        )
        return Sets(train_set, test_set, MOMENTS[name])
    if not Path(name).is_dir():
        raise ArgumentError(
            f"expected data to be one of {', '.join(DATA_SETS)}, or a folder of "
            f"pictures, found {str(name)!r}",
            argument="data",
        )
    from .folders import read_folder  # reads with Pillow, slow to import

    train_set, test_set = read_folder(name)
    return Sets(train_set, test_set, measure_moments(train_set))


def measure_moments(dataset: ImageDataset) -> tuple[float, float]:
    """Compute mean and standard deviation of the pixels, scaled to 0-1.

    Parameters
    ----------
    dataset : ImageDataset
        In memory.

    Returns
    -------
    mean, deviation : float
        The deviation of pixels that are all alike is given as 1, to divide by.
    """
    counts = np.bincount(dataset.images.ravel(), minlength=256)
    values = np.arange(256) / 255
    mean = np.average(values, weights=counts)
    deviation = np.average((values - mean) ** 2, weights=counts) ** 0.5
    return float(mean), float(deviation) or 1.0


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
    """Bring pixels of a published set to a range; the loader brings them to 0-1."""
    return _prepare(dataset, MOMENTS[name], pixels)


def _prepare(
    dataset: ImageDataset, moments: tuple[float, float], pixels: str
) -> ImageDataset | TransformedDataset:
    """Bring pixels to a range by their mean and standard deviation."""
    if pixels == "scaled":
        return dataset
    mean, deviation = moments
    normalize = Normalize(mean, deviation if pixels == "normalised" else 1.0)
    return dataset.transform_first(ToTensor()).transform_first(normalize)


def _take(dataset: ImageDataset, part: slice) -> ImageDataset:
    """Return a part of a data set."""
    return ImageDataset(
        dataset.images[part],
        dataset.labels[part],
        title=dataset.title,
        classes=dataset.classes,
        revision=dataset.revision,
    )
