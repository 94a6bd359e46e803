"""The loaders that are compared, and reading the training set once with each."""

from __future__ import annotations

from unittest.mock import patch

import numpy as np
from mxnet import gluon
from mxnet.gluon.data.vision import transforms

from ...data.datasets import ImageDataset
from ...data.loader import load_data
from ..peers.serving import Work, read_arrays

BATCH_SIZE = 256
WORKERS = 4  # as many as d2lzh takes


def prepare_ours(images: str, num_workers: int, resize: int | None = None) -> Work:
    """Prepare reading with this package."""
    return _read(load_ours(images, num_workers=num_workers, resize=resize)[0])


def prepare_d2lzh(images: str, resize: int | None = None) -> Work:
    """Prepare reading with d2lzh."""
    return _read(load_d2lzh(images, resize)[0])


def prepare_gluon(images: str) -> Work:
    """Prepare reading with Gluon's `DataLoader` and `ToTensor`."""
    dataset = _make_dataset(images, True).transform_first(transforms.ToTensor())
    return _read(
        gluon.data.DataLoader(dataset, BATCH_SIZE, shuffle=True, num_workers=WORKERS)
    )


def load_ours(images: str, batch_size: int = BATCH_SIZE, **options) -> tuple:
    """Return this package's loaders of training and test set."""
    train_set, test_set = _make_dataset(images, True), _make_dataset(images, False)
    return load_data(train_set, test_set, batch_size, **options)


def load_d2lzh(images: str, resize: int | None = None) -> tuple:
    """Return d2lzh's loaders; the set that Gluon cannot download any more is ours."""
    import d2lzh

    def make(root: str, train: bool) -> ImageDataset:
        return _make_dataset(images, train)

    with patch.object(gluon.data.vision, "FashionMNIST", make):
        return d2lzh.load_data_fashion_mnist(BATCH_SIZE, resize)


def _make_dataset(images: str, train: bool) -> ImageDataset:
    """Make one split of Fashion-MNIST."""
    return ImageDataset(*read_arrays(images, train))


def _read(train_iter) -> Work:
    """Read once to know what is read; then make the work that is timed."""
    contents = _summarise(train_iter)

    def work() -> dict:
        samples = 0
        for X, y in train_iter:
            X.wait_to_read()
            y.wait_to_read()
            samples += len(y)
        return {"samples": samples, **contents}

    return work


def _summarise(train_iter) -> dict[str, float]:
    """Return the side of images, and averages: who reads the same finds the same."""
    totals, samples = np.zeros(2), 0
    for X, y in train_iter:
        means = X.mean().asscalar(), y.astype("float32").mean().asscalar()
        totals += np.multiply(means, len(y))
        samples += len(y)
    pixel_mean, label_mean = (totals / samples).tolist()
    return {"side": X.shape[-1], "pixel_mean": pixel_mean, "label_mean": label_mean}
