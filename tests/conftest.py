"""What all tests share: one seed, and the data sets where they are on this machine."""

from __future__ import annotations

import random

import gluon_softmax
import mxnet as mx
import numpy as np
import pytest
from gluon_softmax.data import sources
from gluon_softmax.data.datasets import MNIST, FashionMNIST, ImageDataset

collect_ignore = ["fuzz"]  # programs, not tests; test_fuzz.py runs what they share


def pytest_report_header():
    """Say which copy of the package is tested, and on which data."""
    folder = gluon_softmax.__file__.rsplit("/", 1)[0]
    return f"gluon_softmax from {folder}, Fashion-MNIST: {_missing() or 'found'}"


@pytest.fixture(autouse=True)
def _seed():
    """Start every test from the same random state."""
    random.seed(0)
    np.random.seed(0)
    mx.random.seed(0)


@pytest.fixture(scope="session")
def fashion() -> tuple[FashionMNIST, FashionMNIST]:
    """Give the real training and test set, or skip with the reason."""
    if _missing():
        pytest.skip(_missing())
    return FashionMNIST(train=True), FashionMNIST(train=False)


@pytest.fixture(scope="session")
def digits() -> tuple[MNIST, MNIST]:
    """Give the real MNIST, training and test set, or skip with the reason."""
    for place in sources.places("mnist"):
        if (place.folder / "train-images-idx3-ubyte.gz").is_file():
            return MNIST(train=True), MNIST(train=False)
    return pytest.skip("needs MNIST: run gluon-softmax data fetch mnist")


@pytest.fixture
def small_set() -> ImageDataset:
    """Give 20 random images, two of each class."""
    images = np.random.randint(0, 256, (20, 28, 28), dtype=np.uint8)
    return ImageDataset(images, np.arange(20) % 10)


def _missing() -> str:
    """Say why the real data cannot be used; empty where it can."""
    folders = [place.folder for place in sources.places("fashion-mnist")]
    if any((f / "train-images-idx3-ubyte.gz").is_file() for f in folders):
        return ""
    return (
        "needs Fashion-MNIST: set GLUON_SOFTMAX_DATA to a folder that holds "
        "fashion-mnist/, or run gluon-softmax data fetch"
    )
