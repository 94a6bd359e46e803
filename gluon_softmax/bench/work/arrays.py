"""The images as plain arrays, for contenders that use no loader of this package."""

from __future__ import annotations

import numpy as np

from ...atomic import replacing
from ...data import sources
from ...data.idx import decode_idx

__all__ = ["read_arrays", "read_pixels", "write_arrays"]

FASHION_MNIST = "fashion-mnist"


def read_arrays(data: str, train: bool) -> tuple[np.ndarray, np.ndarray]:
    """Read images and labels.

    Parameters
    ----------
    data : str
        A folder with the published files, an .npz file that `write_arrays` wrote, or
        nothing for the usual places.
    train : bool
        Which split.

    Returns
    -------
    images : numpy.ndarray
        Shape (n, 28, 28), uint8.
    labels : numpy.ndarray
        Shape (n,), uint8.
    """
    if data.endswith(".npz"):
        split = "train" if train else "test"
        with np.load(data) as arrays:
            return arrays[f"{split}_images"], arrays[f"{split}_labels"]
    files = sources.read(FASHION_MNIST, train, data or None)
    return decode_idx(files.images), decode_idx(files.labels)


def write_arrays(data: str, path: str) -> None:
    """Write both splits to the file that peers read.

    Parameters
    ----------
    data : str
        As for `read_arrays`.
    path : str
        The .npz file.
    """
    arrays = {}
    for split, train in (("train", True), ("test", False)):
        arrays[f"{split}_images"], arrays[f"{split}_labels"] = read_arrays(data, train)
    with replacing(path) as temporary:
        np.savez(temporary, **arrays)


def read_pixels(data: str, train: bool) -> tuple[np.ndarray, np.ndarray]:
    """Read images as rows of numbers from 0 to 1.

    Parameters
    ----------
    data, train
        As for `read_arrays`.

    Returns
    -------
    X : numpy.ndarray
        Shape (n, 784), float32.
    y : numpy.ndarray
        Shape (n,), int64, as NumPy likes to index with.
    """
    images, labels = read_arrays(data, train)
    X = np.divide(images.reshape(len(images), -1), np.float32(255), dtype=np.float32)
    return X, labels.astype(np.int64)
