"""Reading the training set once, by each loader."""

from __future__ import annotations

import numpy as np

from .loaders import load_as_d2lzh, load_ours, load_with_gluon
from .serving import Work

__all__ = ["prepare_d2lzh", "prepare_gluon", "prepare_ours"]


def prepare_ours(data: str, num_workers: int, resize: int | None = None) -> Work:
    """Prepare reading with this package.

    Parameters
    ----------
    data : str
        Where the images are, as for `read_arrays`.
    num_workers : int
        Worker processes.
    resize : int, optional
        Height and width to bring the images to.

    Returns
    -------
    callable
    """
    return _read(load_ours(data, num_workers=num_workers, resize=resize)[0])


def prepare_d2lzh(data: str, resize: int | None = None) -> Work:
    """Prepare reading with d2lzh.

    Parameters
    ----------
    data : str
        Where the images are, as for `read_arrays`.
    resize : int, optional
        Height and width to bring the images to.

    Returns
    -------
    callable
    """
    return _read(load_as_d2lzh(data, resize)[0])


def prepare_gluon(data: str, num_workers: int) -> Work:
    """Prepare reading with Gluon's `DataLoader` and `ToTensor`.

    Parameters
    ----------
    data : str
        Where the images are, as for `read_arrays`.
    num_workers : int
        Worker processes.

    Returns
    -------
    callable
    """
    return _read(load_with_gluon(data, num_workers))


def _read(train_iter) -> Work:
    """Read once to know what is read; then make the work that is timed."""
    means = _take_means(train_iter)

    def work() -> dict:
        samples = 0
        for X, y in train_iter:
            X.wait_to_read()
            y.wait_to_read()
            samples += len(y)
        return {"samples": samples, **means}

    return work


def _take_means(train_iter) -> dict[str, float]:
    """Average pixels and labels over an epoch; who reads the same gets the same."""
    totals, samples = np.zeros(2), 0
    for X, y in train_iter:
        means = X.mean().asscalar(), y.astype("float32").mean().asscalar()
        totals += np.multiply(means, len(y))
        samples += len(y)
    return dict(zip(("pixel_mean", "label_mean"), (totals / samples).tolist()))
