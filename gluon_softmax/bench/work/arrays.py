"""The images as plain arrays in one file, the same for every contender."""

from __future__ import annotations

import os

import numpy as np

from ...data import sources
from ...data.idx import decode_idx
from ...storage.atomic import replacing

__all__ = ["read_arrays", "read_pixels", "write_arrays"]


def write_arrays(root: str, path: str | os.PathLike[str]) -> None:
    """Write Fashion-MNIST, from the folder `root` or the usual places, as .npz."""
    arrays = {}
    for split, train in (("train", True), ("test", False)):
        files = sources.read("fashion-mnist", train, root or None)
        arrays[f"{split}_images"] = decode_idx(files.images)
        arrays[f"{split}_labels"] = decode_idx(files.labels)
    with replacing(path) as temporary:
        np.savez(temporary, **arrays)


def read_arrays(path: str, train: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return the images (n, 28, 28) and labels (n,) of one split, uint8."""
    split = "train" if train else "test"
    with np.load(path) as arrays:
        return arrays[f"{split}_images"], arrays[f"{split}_labels"]


def read_pixels(path: str, train: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return the images as rows (n, 784) of float32 from 0 to 1, and the labels."""
    images, labels = read_arrays(path, train)
    X = np.divide(images.reshape(len(images), -1), np.float32(255), dtype=np.float32)
    return X, labels
