"""Three parts of a data set, and the ranges of their pixels."""

from __future__ import annotations

import numpy as np
import pytest
from gluon_softmax import BatchLoader, ImageDataset
from gluon_softmax.data.splits import (
    load_splits,
    measure_moments,
    prepare_pixels,
    split_off,
)
from gluon_softmax.errors import ArgumentError
from PIL import Image


def test_the_end_is_split_off(small_set):
    """The last images are for validation, in their order, and none is lost."""
    train_set, valid_set = split_off(small_set, 5)
    assert [len(train_set), len(valid_set)] == [15, 5]
    images = np.concatenate([train_set.images, valid_set.images])
    np.testing.assert_array_equal(images, small_set.images)
    np.testing.assert_array_equal(valid_set.labels, small_set.labels[15:])
    assert valid_set.classes == small_set.classes


def test_nothing_is_split_off_unless_asked_for(small_set):
    """Without a number the training set stays whole."""
    assert split_off(small_set, 0) == (small_set, None)


@pytest.mark.parametrize("num_validation", [20, 21, -1, 2.5])
def test_bad_splits(small_set, num_validation):
    """A split that leaves nothing, or is no number, is refused."""
    with pytest.raises(ArgumentError, match="validation"):
        split_off(small_set, num_validation)


@pytest.mark.parametrize(
    ("pixels", "mean", "deviation"),
    [("scaled", 0, 1), ("centred", 0.1307, 1), ("normalised", 0.1307, 0.3081)],
)
def test_pixels(small_set, pixels, mean, deviation):
    """Pixels become what the name says."""
    data = prepare_pixels(small_set, "mnist", pixels)
    X, _ = next(iter(BatchLoader(data, 20)))
    expected = (small_set.images.transpose(0, 3, 1, 2) / 255 - mean) / deviation
    np.testing.assert_allclose(X.asnumpy(), expected, atol=1e-6)


@pytest.mark.parametrize(
    ("options", "choices"),
    [
        ({"name": "cifar"}, "fashion-mnist, mnist"),
        ({"name": "mnist", "pixels": "dark"}, "scaled, centred, normalised"),
    ],
)
def test_unknown_names(options, choices):
    """What there is to choose from is said."""
    with pytest.raises(ArgumentError, match=choices):
        load_splits(**options)


def test_real_moments(fashion):
    """The mean and deviation written down are those of the training set."""
    pixels = fashion[0].images / np.float32(255)
    assert pixels.mean() == pytest.approx(0.2860, abs=5e-5)
    assert pixels.std() == pytest.approx(0.3530, abs=5e-5)
    splits = load_splits("fashion-mnist", num_validation=10_000, num_images=500)
    assert [len(part) for part in splits] == [500, 10_000, 10_000]
    assert isinstance(splits.valid, ImageDataset)


@pytest.fixture
def folder(tmp_path):
    """Give a folder of 24 pictures of 12 classes."""
    for number in range(24):
        path = tmp_path / "own" / f"class {number % 12:02}" / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.random.randint(0, 256, (28, 28), dtype=np.uint8)
        Image.fromarray(pixels).save(path)
    return tmp_path / "own"


def test_moments_are_measured(small_set):
    """They are NumPy's mean and standard deviation."""
    pixels = small_set.images / 255
    expected = pixels.mean(), pixels.std()
    assert measure_moments(small_set) == pytest.approx(expected)
    flat = ImageDataset(np.full((2, 28, 28), 51, np.uint8), np.arange(2))
    assert measure_moments(flat) == pytest.approx((0.2, 1))


@pytest.mark.parametrize("kind", [str, lambda path: path])
def test_a_folder_of_pictures_is_a_data_set(folder, kind):
    """With more than ten classes; its pixels are normalised by its own moments."""
    splits = load_splits(kind(folder), "normalised")
    X, y = next(iter(BatchLoader(splits.train, 12)))
    assert X.asnumpy().mean() == pytest.approx(0, abs=1e-5)
    assert X.asnumpy().std() == pytest.approx(1, abs=1e-5)
    assert sorted(y.asnumpy()) == list(range(12))
    assert len(splits.test) == 12
    assert splits.train.source.classes[11] == "class 11"
