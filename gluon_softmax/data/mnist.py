"""Section 3.5: Fashion-MNIST and MNIST, as they were published."""

from __future__ import annotations

import os
from collections.abc import Callable

from . import sources
from .datasets import DIGITS, ImageDataset
from .idx import decode_idx
from .labels import TEXT_LABELS
from .published import get_publication

__all__ = ["MNIST", "FashionMNIST"]


class _Published(ImageDataset):
    """A published data set, read from this machine or downloaded."""

    name = ""
    classes = DIGITS
    preparation = ""

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
            title=get_publication(self.name).title,
            classes=self.classes,
            revision=files.revision,
            preparation=self.preparation,
            origin=str(files.folder),
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
    preparation = "garments"


class MNIST(_Published):
    """MNIST: 70,000 grey pictures of handwritten digits.

    Stands where `mxnet.gluon.data.vision.MNIST` stood, whose server is gone.

    Parameters
    ----------
    root, train, transform
        As for `FashionMNIST`.

    Raises
    ------
    DataError, DownloadError
        As `FashionMNIST` raises them.
    """

    name = "mnist"
    preparation = "digits"
