"""Section 3.5: Gluon data sets of images and labels."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from functools import cached_property
from numbers import Number
from pathlib import Path

import numpy as np
from mxnet import nd
from mxnet.gluon.data import Dataset

from ..errors import DataError
from .filearray import FileArray
from .idx import open_idx, read_idx

__all__ = ["ImageDataset", "TransformedDataset"]

DIGITS = tuple("0123456789")
MOST_CHANNELS = 4
QMNIST_COLUMNS = 8
"""Of QMNIST's labels the first column is the class; writer and form are in others."""


class ImageDataset(Dataset):
    """Images and labels in memory, indexed as Gluon's own data sets are.

    Parameters
    ----------
    images : numpy.ndarray or FileArray
        Shape (n, height, width) or (n, height, width, channels), uint8; 4 channels at
        most.
    labels : array of shape (n,) or (n, 1)
        Whole numbers from 0 on, each below the number of classes, or their names.
    transform : callable, optional
        Called as ``transform(image, label)`` for each sample or slice that is read.
    title : str
        What figures and tables call the data set.
    classes : sequence of str
        The name of each label.
    revision : str
        Which edition of the data this is; training and test set must agree.
    preparation : {'', 'whole', 'garments', 'digits'}
        How pictures were brought to these images, as `pictures.prepare` names it; a
        model that is trained on them keeps it, so that new ones are brought likewise.
    origin : str
        Where the images are from.

    Attributes
    ----------
    images : numpy.ndarray or FileArray
        As given; an array without an axis of channels gets one.
    labels : numpy.ndarray
        Shape (n,), int32.

    Raises
    ------
    DataError
        If the counts differ or a label is out of range.
    """

    transforms: tuple[Callable, ...] = ()  # those of a `TransformedDataset`

    def __init__(
        self,
        images: np.ndarray,
        labels: np.ndarray,
        transform: Callable | None = None,
        title: str = "own images",
        classes: tuple[str, ...] = DIGITS,
        revision: str = "",
        preparation: str = "",
        origin: str = "memory",
    ):
        self.images = _read_images(images, title)
        self.classes = tuple(classes)
        self.labels = _read_labels(labels, len(self.images), self.classes, title)
        self.title = title
        self.revision = revision
        self.preparation = preparation
        self.origin = origin
        self._transform = transform

    @classmethod
    def from_idx(
        cls,
        images: str | os.PathLike[str],
        labels: str | os.PathLike[str],
        first_label: int = 0,
        transpose: bool | None = None,
        **options,
    ) -> ImageDataset:
        """Load images and labels from two IDX files: your own, EMNIST's, QMNIST's.

        Parameters
        ----------
        images, labels : path
            IDX files, compressed with gzip or not. Images that are not compressed stay
            in their file and are read batch by batch: they may be larger than memory.
            Of QMNIST's labels (n, 8) the first column is read, the digit.
        first_label : int
            The label of the first class; EMNIST's letters are numbered from 1.
        transpose : bool, optional
            Whether to swap the height and width of images, in memory. EMNIST's are
            stored so; files of that name warn if it is not given.
        **options
            The other arguments of `ImageDataset`.

        Returns
        -------
        ImageDataset

        Raises
        ------
        DataError
            If a file is damaged, or the two do not belong together.
        """
        name = Path(images).name
        pixels, numbers = open_idx(images), read_idx(labels)
        if numbers.shape[1:] == (QMNIST_COLUMNS,):
            numbers = numbers[:, 0]
        numbers = numbers.astype("int64" if numbers.dtype.kind in "iu" else "float64")
        numbers -= first_label
        if transpose is None and "emnist" in name.lower():
            warnings.warn(
                f"{name}: EMNIST stores its images on their side: turn them with "
                "transpose=True, or say transpose=False",
                stacklevel=2,
            )
        if transpose and pixels.ndim == 3:
            pixels = np.ascontiguousarray(pixels[:].transpose(0, 2, 1))
        options = {"title": name, "origin": str(images), **options}
        return ImageDataset(pixels, numbers, **options)

    @property
    def source(self) -> ImageDataset:
        """Itself, as it is the `source` of a `TransformedDataset`."""
        return self

    @property
    def _label(self) -> np.ndarray:
        """The labels, as Gluon's own data sets call them."""
        return self.labels

    @cached_property
    def _data(self) -> nd.NDArray:
        """The images on MXNet's side: cutting samples out of them is ten times faster.

        They are a copy, made at the first sample, so that a sample changed in place
        leaves `images` as they are.
        """
        return nd.array(self.images, dtype="uint8")

    def _image(self, idx: int | slice) -> nd.NDArray:
        """Return one image or several."""
        if isinstance(self.images, FileArray):
            return nd.array(self.images[idx], dtype="uint8")
        return self._data[idx]

    def transform_first(self, fn: Callable, lazy: bool = True) -> Dataset:
        """Apply a transform to the image of each sample that is read.

        Parameters
        ----------
        fn : callable
            Takes an image, returns one.
        lazy : bool
            Whether to transform when a sample is read, rather than all at once.

        Returns
        -------
        Dataset
            If lazy, one for which `BatchLoader` transforms whole batches where it
            knows the transform.
        """
        if not lazy or self._transform is not None:
            return super().transform_first(fn, lazy)
        return TransformedDataset(self, (fn,))

    def describe(self) -> str:
        """Return what it holds and where from, its classes with their numbers."""
        _, height, width, channels = self.images.shape
        names = ", ".join(f"{n} {name}" for n, name in enumerate(self.classes))
        return (
            f"{len(self):,} images of {height} x {width} x {channels} from "
            f"{self.origin}; classes {names}"
        )

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, idx):
        sample = self._image(idx), self.labels[idx]
        return sample if self._transform is None else self._transform(*sample)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self):,} images of {self.title})"


class TransformedDataset(Dataset):
    """An image data set whose images go through transforms, in order, when read."""

    def __init__(self, source: ImageDataset, transforms: tuple[Callable, ...]):
        self.source = source
        self.transforms = transforms

    def transform_first(self, fn: Callable, lazy: bool = True) -> Dataset:
        """Apply one more transform, as `ImageDataset.transform_first` does."""
        if not lazy:
            return super().transform_first(fn, lazy)
        return TransformedDataset(self.source, (*self.transforms, fn))

    def __len__(self) -> int:
        return len(self.source)

    def __getitem__(self, idx):
        image, label = self.source[idx]
        for transform in self.transforms:
            image = transform(image)
        return image, label


def _read_images(images: object, title: str) -> np.ndarray | FileArray:
    """Return images of bytes with their axis of channels, which is the last."""
    if not isinstance(images, FileArray):
        images = _to_numpy(images)
    if images.dtype != np.uint8 or images.ndim not in (3, 4) or not images.size:
        raise DataError(
            f"{title}: expected images as bytes of shape (n, height, width), "
            f"found {images.dtype} of shape {images.shape}"
        )
    if images.ndim == 3:
        return images.reshape(*images.shape, 1)
    if images.shape[3] > MOST_CHANNELS:
        raise DataError(
            f"{title}: expected images of shape (n, height, width, channels) with at "
            f"most {MOST_CHANNELS} channels, found {images.shape}: bring the channels "
            "behind the width, as images.transpose(0, 2, 3, 1) does"
        )
    return images


def _read_labels(
    labels: object, num_images: int, classes: tuple[str, ...], title: str
) -> np.ndarray:
    """Return the number of a class for each image, int32."""
    labels = _to_numpy(labels)
    if labels.shape == (num_images, 1):
        labels = labels[:, 0]
    if labels.shape != (num_images,):
        is_table = labels.ndim == 2 and len(labels) == num_images
        remedy = "pass labels.argmax(axis=1) of one-hot rows, or else the column"
        raise DataError(
            f"{title}: expected one label for each of the {num_images:,} images, found "
            f"labels of shape {labels.shape}: "
            f"{remedy if is_table else 'images and labels are of two sets'}"
        )
    if labels.dtype == object and all(isinstance(each, Number) for each in labels):
        labels = labels.astype(np.float64)
    if labels.dtype.kind in "OSU":
        labels = _find_names(labels.astype(str), classes, title)
    if labels.dtype.kind not in "iuf" or (labels != np.floor(labels)).any():
        raise DataError(
            f"{title}: expected whole numbers as labels, found {labels.dtype}"
        )
    if labels.min() < 0 or labels.max() >= len(classes):
        raise DataError(
            f"{title}: expected labels from 0 to {len(classes) - 1}, found "
            f"{labels.min():g} to {labels.max():g}: name every class with classes=, "
            "and where the first is 1, as EMNIST's letters have it, pass labels - 1 "
            "(from_idx: first_label=1)"
        )
    return labels.astype(np.int32)


def _find_names(labels: np.ndarray, classes: tuple[str, ...], title: str) -> np.ndarray:
    """Return the number of the class that each label names."""
    names, places = np.unique(labels, return_inverse=True)
    unknown = [name for name in names.tolist() if name not in classes]
    if unknown:
        raise DataError(
            f"{title}: expected labels among {', '.join(classes)}, found "
            f"{unknown[0]!r}: name the classes, in order, with classes="
        )
    return np.array([classes.index(name) for name in names])[places]


def _to_numpy(values: object) -> np.ndarray:
    """Return an array of MXNet's or NumPy's, or a sequence, as NumPy's."""
    return values.asnumpy() if isinstance(values, nd.NDArray) else np.asarray(values)
