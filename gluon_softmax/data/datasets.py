"""Section 3.5: Gluon data sets of images and labels."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

import numpy as np
from mxnet import nd
from mxnet.gluon.data import Dataset

from ..errors import DataError
from .filearray import FileArray
from .idx import open_idx, read_idx

__all__ = ["ImageDataset", "TransformedDataset"]

DIGITS = tuple("0123456789")


class ImageDataset(Dataset):
    """Images and labels in memory, indexed as Gluon's own data sets are.

    Parameters
    ----------
    images : numpy.ndarray or FileArray
        Shape (n, height, width) or (n, height, width, channels), uint8.
    labels : numpy.ndarray
        Shape (n,), whole numbers from 0 on, each below the number of classes.
    transform : callable, optional
        Called as ``transform(image, label)`` for each sample or slice that is read.
    title : str
        What figures and tables call the data set.
    classes : sequence of str
        The name of each label.
    revision : str
        Which edition of the data this is; training and test set must agree.

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

    def __init__(
        self,
        images: np.ndarray,
        labels: np.ndarray,
        transform: Callable | None = None,
        title: str = "own images",
        classes: tuple[str, ...] = DIGITS,
        revision: str = "",
    ):
        _check_images(images, title)
        _check_labels(labels, len(images), len(classes), title)
        self.images = images if images.ndim == 4 else images.reshape(*images.shape, 1)
        self.labels = labels.astype(np.int32)
        self.title = title
        self.classes = classes
        self.revision = revision
        self._transform = transform

    @classmethod
    def from_idx(
        cls, images: str | os.PathLike[str], labels: str | os.PathLike[str], **options
    ) -> ImageDataset:
        """Load images and labels of your own from two IDX files.

        Parameters
        ----------
        images, labels : path
            IDX files, compressed with gzip or not. Images that are not compressed stay
            in their file and are read batch by batch: they may be larger than memory.
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
        options.setdefault("title", Path(images).name)
        return ImageDataset(open_idx(images), read_idx(labels), **options)

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


def _check_images(images: np.ndarray, title: str) -> None:
    """Check that images are a stack of grey or colour images of bytes."""
    if images.dtype != np.uint8 or images.ndim not in (3, 4) or not images.size:
        raise DataError(
            f"{title}: expected images as bytes of shape (n, height, width), "
            f"found {images.dtype} of shape {images.shape}"
        )


def _check_labels(
    labels: np.ndarray, num_images: int, num_classes: int, title: str
) -> None:
    """Check that labels are the number of a class for each image."""
    if labels.shape != (num_images,):
        raise DataError(
            f"{title}: expected one label for each of the {num_images:,} images, "
            f"found labels of shape {labels.shape}: images and labels are of two sets"
        )
    if not np.issubdtype(labels.dtype, np.integer):
        raise DataError(
            f"{title}: expected whole numbers as labels, found {labels.dtype}"
        )
    if labels.min() < 0 or labels.max() >= num_classes:
        raise DataError(
            f"{title}: expected labels from 0 to {num_classes - 1}, found "
            f"{labels.min()} to {labels.max()}: is this another label file?"
        )
