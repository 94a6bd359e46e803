"""Packed shards read back against the data set that was packed."""

from __future__ import annotations

import numpy as np
import pytest
from gluon_softmax import ImageDataset
from gluon_softmax.data.packing import pack
from gluon_softmax.data.records import read_packed
from gluon_softmax.data.splits import load_splits
from gluon_softmax.errors import DataError


@pytest.fixture
def packed(tmp_path):
    """Give a folder of three shards, read in two batches, and what was packed."""
    images = np.random.randint(0, 256, (1150, 28, 20), dtype=np.uint8)
    labels = np.arange(1150) % 3
    options = {"title": "own", "classes": ("a", "b", "c"), "revision": "first"}
    sets = [
        ImageDataset(images[part], labels[part], **options)
        for part in (slice(1103), slice(1103, None))
    ]
    pack(*sets, (0.5, 0.25), tmp_path / "数 据", 3)
    return tmp_path / "数 据", sets


def test_what_was_packed_is_read(packed):
    """Pixels, labels, order and names are the same."""
    folder, sets = packed
    for found, expected in zip(read_packed(folder), sets):
        np.testing.assert_array_equal(found.images, expected.images)
        np.testing.assert_array_equal(found.labels, expected.labels)
        for name in ("title", "classes", "revision"):
            assert getattr(found, name) == getattr(expected, name)


@pytest.mark.slow
def test_fashion_mnist_comes_back(fashion, tmp_path):
    """All 70,000 images, to the bit, with the moments of the original."""
    pack(*fashion, (0.2860, 0.3530), tmp_path / "out")
    for found, expected in zip(read_packed(tmp_path / "out"), fashion):
        assert (found.images == expected.images).all()
        assert (found.labels == expected.labels).all()
    new = load_splits(tmp_path / "out", "normalised").train.transforms[1]
    old = load_splits("fashion-mnist", "normalised").train.transforms[1]
    assert (new._mean, new._std) == (old._mean, old._std)


@pytest.mark.parametrize("name", ["train-00001-of-00003.rec", "test.idx"])
@pytest.mark.parametrize("damage", ["changed", "cut", "missing"])
def test_a_damaged_file_is_named(packed, name, damage):
    """MXNet would end the process; here it is one line."""
    path = packed[0] / name
    content = path.read_bytes()
    if damage == "missing":
        path.unlink()
    elif damage == "cut":
        path.write_bytes(content[:-1])
    else:
        path.write_bytes(bytes(8) + content[8:])
    with pytest.raises(DataError) as caught:
        read_packed(packed[0])
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


def test_counts_that_do_not_fit(packed):
    """The index is held against the shards."""
    index = packed[0] / "index.json"
    index.write_text(index.read_text().replace("367", "368", 1))
    with pytest.raises(DataError, match="expected 1,104 images for train, found 1,103"):
        read_packed(packed[0])
