"""The loaders that are compared, each on the same images."""

from __future__ import annotations

import warnings

from mxnet import gluon
from mxnet.gluon.data.vision import transforms

from ...data.datasets import FashionMNIST, ImageDataset
from ...data.loader import load_data, load_data_fashion_mnist
from .arrays import read_arrays

__all__ = ["BATCH_SIZE", "load_as_d2lzh", "load_with_gluon", "load_ours"]

BATCH_SIZE = 256


def load_ours(data: str, batch_size: int = BATCH_SIZE, **options) -> tuple:
    """Load with this package, as the book calls it.

    Parameters
    ----------
    data : str
        Where the images are, as for `read_arrays`.
    batch_size : int
    **options
        `resize` and `num_workers` of `load_data_fashion_mnist`.

    Returns
    -------
    train_iter, test_iter : BatchLoader
    """
    with warnings.catch_warnings():
        # Workers that cannot be had must not be measured as if they were there.
        warnings.simplefilter("error", UserWarning)
        if data.endswith(".npz"):
            sets = _make_dataset(data, True), _make_dataset(data, False)
            return load_data(*sets, batch_size, **options)
        return load_data_fashion_mnist(batch_size, root=data or None, **options)


def load_as_d2lzh(data: str, resize: int | None = None) -> tuple:
    """Load with d2lzh, on this package's data set in place of the lost one.

    Parameters
    ----------
    data : str
        Where the images are, as for `read_arrays`.
    resize : int, optional
        Height and width to bring the images to.

    Returns
    -------
    train_iter, test_iter : mxnet.gluon.data.DataLoader
    """
    import d2lzh

    gluon.data.vision.FashionMNIST = lambda root, train: _make_dataset(data, train)
    return d2lzh.load_data_fashion_mnist(BATCH_SIZE, resize)


def load_with_gluon(data: str, num_workers: int) -> gluon.data.DataLoader:
    """Load the training set with Gluon's own loader.

    Parameters
    ----------
    data : str
        Where the images are, as for `read_arrays`.
    num_workers : int
        Worker processes.

    Returns
    -------
    mxnet.gluon.data.DataLoader
    """
    dataset = _make_dataset(data, True).transform_first(transforms.ToTensor())
    return gluon.data.DataLoader(
        dataset, BATCH_SIZE, shuffle=True, num_workers=num_workers
    )


def _make_dataset(data: str, train: bool) -> ImageDataset:
    """Read one split from the published files, or from a file of arrays."""
    if data.endswith(".npz"):
        return ImageDataset(*read_arrays(data, train))
    return FashionMNIST(data or None, train)
