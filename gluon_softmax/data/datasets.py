"""Section 3.5: the data sets, as Gluon data sets of images and labels."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

import numpy as np
from mxnet import nd
from mxnet.gluon.data import Dataset

from ..errors import ArgumentError, DataError, check_choice
from . import sources
from .filearray import FileArray
from .idx import decode_idx, open_idx, read_idx

__all__ = [
    "MNIST",
    "FashionMNIST",
    "ImageDataset",
    "SyntheticFashion",
    "TransformedDataset",
    "get_fashion_mnist_labels",
]

NUM_CLASSES = 10
TEXT_LABELS = (
    "t-shirt",
    "trouser",
    "pullover",
    "dress",
    "coat",
    "sandal",
    "shirt",
    "sneaker",
    "bag",
    "ankle boot",
)
TEXT_LABELS_ZH = (
    "T恤",
    "裤子",
    "套衫",
    "连衣裙",
    "外套",
    "凉鞋",
    "衬衫",
    "运动鞋",
    "包",
    "短靴",
)
NAMES = {"en": TEXT_LABELS, "zh": TEXT_LABELS_ZH}
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
        self.images = images if images.ndim == 4 else _with_channels(images)
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
        """Cut one image or several out of the rest."""
        if isinstance(self.images, FileArray):
            return nd.array(self.images[idx], dtype="uint8")
        return self._data[idx]

    def transform_first(self, fn: Callable, lazy: bool = True) -> Dataset:
        """Apply a transform to the image of each sample that is read.

        Parameters
        ----------
        fn : callable
            Takes an image, gives one.
        lazy : bool
            Whether to transform when a sample is read, rather than all at once.

        Returns
        -------
        Dataset
            For Gluon's `DataLoader`, or, if lazy, for `BatchLoader`, which transforms
            whole batches where it knows the transform.
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
    """A data set whose images are transformed when they are read.

    Parameters
    ----------
    source : ImageDataset
        Where the samples come from.
    transforms : tuple of callable
        What is applied to an image, in order.
    """

    def __init__(self, source: ImageDataset, transforms: tuple[Callable, ...]):
        self.source = source
        self.transforms = transforms

    def transform_first(self, fn: Callable, lazy: bool = True) -> Dataset:
        """Apply one more transform; see `ImageDataset.transform_first`."""
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


class _Published(ImageDataset):
    """A published data set, read from this machine or downloaded."""

    name = ""
    classes = DIGITS

    def __init__(
        self,
        root: str | os.PathLike[str] | None = None,
        train: bool = True,
        transform: Callable | None = None,
    ):
        files = sources.read(self.name, train, root)
        super().__init__(
            decode_idx(files.images),
            decode_idx(files.labels),
            transform,
            sources.published(self.name).title,
            self.classes,
            files.revision,
        )
        self.folder = files.folder


class FashionMNIST(_Published):
    """Fashion-MNIST: 70,000 grey pictures of garments in ten classes.

    Stands where `mxnet.gluon.data.vision.FashionMNIST` stood, whose server is gone.

    Parameters
    ----------
    root : path, optional
        The folder to look in first, and to download to. Without it the folders in
        `gluon_softmax.data.sources.places` are searched, and MXNet's is downloaded to.
    train : bool
        Whether to read the 60,000 training images or the 10,000 test images.
    transform : callable, optional
        Called as ``transform(image, label)`` for each sample or slice that is read.

    Raises
    ------
    DataError
        If a folder that you named holds damaged files or another data set.
    DownloadError
        If the files are nowhere and no mirror has them.

    Notes
    -----
    Section 3.5 of the book; Xiao, Rasul and Vollgraf, arXiv:1708.07747. Indexing with a
    number gives an image (28, 28, 1) uint8 and its int32 label, with a slice images
    (n, 28, 28, 1) and labels (n,).
    """

    name = "fashion-mnist"
    classes = TEXT_LABELS


class MNIST(_Published):
    """MNIST: 70,000 grey pictures of handwritten digits.

    Stands where `mxnet.gluon.data.vision.MNIST` stood, whose server is gone.

    Parameters
    ----------
    root : path, optional
        The folder to look in first, and to download to, as for `FashionMNIST`.
    train : bool
        Whether to read the 60,000 training images or the 10,000 test images.
    transform : callable, optional
        Called as ``transform(image, label)`` for each sample or slice that is read.

    Raises
    ------
    DataError
        If a folder that you named holds damaged files or another data set.
    DownloadError
        If the files are nowhere and no mirror has them.
    """

    name = "mnist"


class SyntheticFashion(ImageDataset):
    """Garments drawn by this package, for when Fashion-MNIST cannot be had.

    Parameters
    ----------
    train : bool
        Whether to draw a training set or a test set; no image is in both.
    transform : callable, optional
        Called as ``transform(image, label)`` for each sample or slice that is read.
    num_images : int, optional
        How many; 10,000 for training and 2,000 for testing if not given.
    seed : int
        The same seed gives the same images.

    Raises
    ------
    ArgumentError
        If `num_images` is below 1.

    Notes
    -----
    The ten classes and the picture format are those of Fashion-MNIST, the accuracies
    are not: never compare them with published ones.
    """

    def __init__(
        self,
        train: bool = True,
        transform: Callable | None = None,
        num_images: int | None = None,
        seed: int = 0,
    ):
        if num_images is None:
            num_images = 10_000 if train else 2_000
        # Even seeds for training, odd ones for testing: the two never meet.
        from .synthetic import draw_garments  # draws with Pillow, slow to import

        images, labels = draw_garments(num_images, 2 * seed + (not train))
        super().__init__(
            images,
            labels,
            transform,
            title="SyntheticFashion (drawn stand-in, not Fashion-MNIST)",
            classes=TEXT_LABELS,
        )


def get_fashion_mnist_labels(labels, language: str = "en") -> list[str]:
    """Turn numeric labels of Fashion-MNIST into text.

    Parameters
    ----------
    labels : iterable of numbers
        Labels from 0 to 9, of any numeric type; an NDArray does too.
    language : {'en', 'zh'}
        English or Chinese.

    Returns
    -------
    list of str

    Raises
    ------
    ArgumentError
        If a label is out of range, or there are no names in the language.

    Notes
    -----
    Section 3.5 of the book.

    Examples
    --------
    >>> get_fashion_mnist_labels([0, 9])
    ['t-shirt', 'ankle boot']
    >>> get_fashion_mnist_labels([0, 9], "zh")
    ['T恤', '短靴']
    """
    check_choice("language", language, NAMES)
    labels = labels.asnumpy() if isinstance(labels, nd.NDArray) else list(labels)
    for label in labels:
        if label not in range(NUM_CLASSES):
            raise ArgumentError(f"expected labels from 0 to 9, found {label}")
    return [NAMES[language][int(label)] for label in labels]


def _with_channels(images: np.ndarray | FileArray) -> np.ndarray | FileArray:
    """Add an axis of one channel."""
    if isinstance(images, FileArray):
        return images.with_channels()
    return images[..., np.newaxis]


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
