"""The images as plain arrays in one file, the same for every contender."""

from __future__ import annotations

import os

import numpy as np

from ...data import sources
from ...data.idx import decode_idx
from ...storage.atomic import replacing

__all__ = ["write_arrays"]


def write_arrays(root: str, path: str | os.PathLike[str]) -> None:
    """Write Fashion-MNIST, from the folder `root` or the usual places, as .npz."""
    arrays = {}
    for split, train in (("train", True), ("test", False)):
        files = sources.read("fashion-mnist", train, root or None)
        arrays[f"{split}_images"] = decode_idx(files.images)
        arrays[f"{split}_labels"] = decode_idx(files.labels)
    with replacing(path) as temporary:
        np.savez(temporary, **arrays)
